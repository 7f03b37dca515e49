//! The pipeline as a CloudFormation template, for people who make resources by stacks.
//!
//! Nothing is described here a second time: the [`desired`] resources are taken as setup would make them, with marks for
//! what a stack knows first (`symbols`), and each kind is said in CloudFormation's words (`properties`). What a
//! resource names comes before it, so references always point backwards. What stays where a check of others complains has
//! its reason in `argued`. Text is YAML with comments, JSON the same value without them.
//!
//! What setup does and a stack cannot: look at the account's trails, list the roles of services and of `[[stacks]]` (they are parameters), go without reserved
//! concurrency where an account has none to give, and wait for roles that are still spreading.

mod argued;
mod properties;
mod symbols;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use handler::config::{Config, Trail};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::code::Code;
use crate::desired::{self, Circumstances};
use crate::error::Result;
use crate::names::Names;
use crate::policy_document::TargetRoles;
use crate::trails::{Selection, Source};

use properties::Writer;
use symbols::{Known, mark};

/// The parameter that names the bucket with the function's zip.
const CODE_BUCKET: &str = "CodeBucket";
/// The parameter that lists the roles which the handler may pass on, and whether there are any.
const PASS_ROLES: &str = "PassRoles";
const PASSES_ROLES: &str = "PassesRoles";
/// The same for the roles of the stacks that follow.
const STACK_ROLES: &str = "StackRoles";
const PASSES_STACK_ROLES: &str = "PassesStackRoles";
/// The same for the roles of scheduled tasks that move along.
const RULE_ROLES: &str = "RuleRoles";
const PASSES_RULE_ROLES: &str = "PassesRuleRoles";
const SCHEDULE_ROLES: &str = "ScheduleRoles";
const PASSES_SCHEDULE_ROLES: &str = "PassesScheduleRoles";
/// The parameter that says how many handlers may run at once, and whether it says so at all.
const CONCURRENCY: &str = "ReservedConcurrency";
const RESERVES: &str = "ReservesConcurrency";
/// The parameter with the time before which pushes are ignored.
const SINCE: &str = "Since";
/// The parameter with the log group of a trail that is reused.
const TRAIL_LOG_GROUP: &str = "TrailLogGroup";

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What stands above it, line by line.
    pub about: String,
    /// What it is.
    pub description: String,
    /// Where the function's zip has to lie in the bucket that is asked for. It follows from the zip, so that a new build is
    /// a change of the template.
    pub key: String,
    /// Its sections, `Parameters` and so on, with their entries in order.
    pub sections: Vec<(&'static str, Vec<Entry>)>,
}

/// One parameter, condition, resource or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What a reader of the text should know.
    pub comment: Option<String>,
    /// Its logical name.
    pub name: String,
    /// Its members in order.
    pub members: Vec<(&'static str, Value)>,
}

impl Entry {
    fn new(name: &str, members: Vec<(&'static str, Value)>) -> Self {
        Self {
            comment: None,
            name: name.to_owned(),
            members,
        }
    }

    fn commented(self, comment: &str) -> Self {
        Self {
            comment: Some(comment.to_owned()),
            ..self
        }
    }
}

/// The template for a configuration and a build. Calls nothing.
///
/// `now` becomes the time before which pushes are ignored, unless the configuration names one or whoever makes the stack
/// does.
///
/// # Errors
/// When the configuration asks for what this version cannot do, or does not fit into the function's environment.
pub fn template(config: &Config, code: &Code, now: DateTime<Utc>) -> Result<Template> {
    let place = symbols::place();
    let names = Names::new(&config.name, config.log_group.as_deref(), &place);
    let trail = select(config, &names);
    let around = Circumstances {
        pass_roles: BTreeSet::from([mark(PASS_ROLES)]),
        stack_roles: match config.stacks.as_slice() {
            [] => BTreeSet::new(),
            _ => BTreeSet::from([mark(STACK_ROLES)]),
        },
        target_roles: if config.moves_targets() {
            TargetRoles {
                events: BTreeSet::from([mark(RULE_ROLES)]),
                scheduler: BTreeSet::from([mark(SCHEDULE_ROLES)]),
            }
        } else {
            TargetRoles::default()
        },
        since: config.since.unwrap_or(now),
        trail,
        place,
    };
    let names = Names::new(&config.name, Some(&around.trail.log_group), &around.place);
    let key = format!("{}/{}.zip", config.name, code.sha256_hex());
    let resources = desired::resources(config, code, &around)?;
    let known = Known::with_lists(&[
        (PASS_ROLES, PASSES_ROLES),
        (STACK_ROLES, PASSES_STACK_ROLES),
        (RULE_ROLES, PASSES_RULE_ROLES),
        (SCHEDULE_ROLES, PASSES_SCHEDULE_ROLES),
    ]);
    let mut writer = Writer::new(&names, &around.place, &key, config.since.is_none(), known);
    for resource in &resources {
        writer.write(resource);
    }
    let (resources, function, topic) = writer.end();
    let topic = topic.map(|arn| {
        let about = "The ARN of the topic that the alarm tells.";
        output("Topic", about, arn)
    });
    let mut outputs = vec![output("Function", "The handler's ARN.", function)];
    outputs.extend(topic);
    outputs.push(output(
        "LogGroup",
        "The log group with the trail's records.",
        symbols::intrinsic(&names.log_group),
    ));
    Ok(Template {
        about: about(config, &key, &around.trail),
        description: format!(
            "ecroll: Amazon ECS services follow the images pushed to Amazon ECR. Pipeline `{}`.",
            config.name
        ),
        key,
        sections: vec![
            ("Parameters", parameters(config, now)),
            ("Conditions", conditions(config)),
            ("Resources", resources),
            ("Outputs", outputs),
        ],
    })
}

/// Which trail: nobody can look, so the configuration alone decides.
fn select(config: &Config, names: &Names) -> Selection {
    let place = symbols::place();
    let Trail::Reuse(asked) = &config.trail else {
        return Selection::own(names, &place, "nothing else is looked at");
    };
    let arn = if asked.starts_with("arn:") {
        asked.clone()
    } else {
        place.arn("cloudtrail", &format!("trail/{asked}"))
    };
    let log_group = config.log_group.clone();
    Selection {
        source: Source::Reuse,
        name: asked.clone(),
        arn,
        log_group: log_group.unwrap_or_else(|| mark(TRAIL_LOG_GROUP)),
        ..Selection::own(names, &place, "`trail` asks for it")
    }
}

/// What stands above the template.
fn about(config: &Config, key: &str, trail: &Selection) -> String {
    let name = &config.name;
    let more = match (&trail.source, &config.log_group) {
        (Source::Reuse, None) => format!("{TRAIL_LOG_GROUP}=<its log group> "),
        _ => String::new(),
    };
    let stacks = match config.stacks.as_slice() {
        [] => String::new(),
        _ => format!(" \\\n      {STACK_ROLES}=<role ARN>,<role ARN>"),
    };
    let records = match &config.trail {
        Trail::Reuse(asked) => format!(
            "The records come by the trail `{asked}`, which is left as it is: it must log write management events, have a\n\
             log group in this account, and have its home in the stack's Region.\n"
        ),
        Trail::Create => "The records come by a trail of the stack's own.\n".to_owned(),
        Trail::Auto => "The records come by a trail of the stack's own, because a template cannot look at those that \
             are there.\nAWS charges for every copy of management events beyond the first: `ecroll plan` says which trail \
             fits, and\n`trail = \"reuse:<name>\"` takes it.\n"
            .to_owned(),
    };
    let left = match trail.source {
        Source::Reuse => "",
        Source::Own => {
            "A stack that is deleted leaves the bucket and the log group of the trail; `ecroll destroy --delete-logs` then\n\
             removes them, and a new stack of this name needs that.\n"
        }
    };
    format!(
        "Made by `ecroll template`. It makes what `ecroll setup` makes, under the same names.\n\
         \n\
         1. Pack the function, and put it where the stack finds it:\n\
         \n\
         \x20   ecroll template --zip handler.zip > {name}.yaml\n\
         \x20   aws s3 cp handler.zip s3://<bucket>/{key}\n\
         \n\
         2. Make the stack, or bring it up to date:\n\
         \n\
         \x20   aws cloudformation deploy --stack-name {name} --template-file {name}.yaml \\\n\
         \x20     --capabilities CAPABILITY_NAMED_IAM --parameter-overrides {CODE_BUCKET}=<bucket> \\\n\
         \x20     {more}{PASS_ROLES}=<role ARN>,<role ARN>{stacks}\n\
         \n\
         The key follows from the zip: a new build is a new template.\n\
         {records}{left}\
         `ecroll plan` compares what stands with the configuration; changes belong into the stack, not into `ecroll setup`."
    )
}

fn parameters(config: &Config, now: DateTime<Utc>) -> Vec<Entry> {
    let text = |description: &str, pattern: &str, default: Option<Value>| {
        let mut members = vec![
            ("Type", json!("String")),
            ("Description", json!(description)),
            ("AllowedPattern", json!(pattern)),
        ];
        members.extend(default.map(|default| ("Default", default)));
        members
    };
    let mut all = vec![Entry::new(
        CODE_BUCKET,
        text(
            "The bucket that holds the function's zip, in the Region of the stack.",
            "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
            None,
        ),
    )];
    if matches!(config.trail, Trail::Reuse(_)) && config.log_group.is_none() {
        let description = "The name of the log group that the reused trail writes to.";
        let members = text(description, r"^[A-Za-z0-9._/#-]{1,512}$", None);
        all.push(Entry::new(TRAIL_LOG_GROUP, members));
    }
    all.push(
        roles(
            PASS_ROLES,
            "ARNs of the task and execution roles of the services that follow, separated by commas.",
        )
        .commented(
            "The handler registers task definitions with these roles and with no others. `ecroll plan` lists those of the\n\
             services that follow today, in the policy of the handler's role.",
        ),
    );
    if !config.stacks.is_empty() {
        all.push(
            roles(
                STACK_ROLES,
                "ARNs of the roles of the stacks that take an image tag, separated by commas.",
            )
            .commented(
                "The handler updates the stacks of `[[stacks]]` with the role that each of them has, which it may pass on to\n\
                 CloudFormation only if it is among these. `ecroll plan` lists those of today likewise.",
            ),
        );
    }
    if config.moves_targets() {
        let lists = [
            (RULE_ROLES, "EventBridge"),
            (SCHEDULE_ROLES, "EventBridge Scheduler"),
        ];
        for (name, who) in lists {
            let description = format!(
                "ARNs of the roles by which {who} starts the tasks that move along, separated by commas."
            );
            all.push(roles(name, &description).commented(
                "Whoever puts a target or a schedule hands its role over again: those with other roles stay as they are.",
            ));
        }
    }
    all.push(
        Entry::new(
            CONCURRENCY,
            vec![
                ("Type", json!("String")),
                (
                    "Description",
                    json!("How many handlers may run at once; `none` for as many as the account allows."),
                ),
                ("AllowedValues", json!(["1", "none"])),
                ("Default", json!("1")),
            ],
        )
        .commented(
            "One at a time spares calls; two at once are harmless. An account whose limit is 10 has nothing to reserve:\n\
             take `none` there.",
        ),
    );
    if config.since.is_none() {
        let time = now.trunc_subsecs(0);
        let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let members = text(
            "Pushes before this time are ignored.",
            r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$",
            Some(json!(time)),
        );
        all.push(Entry::new(SINCE, members).commented(
            "The default is the time at which this was written; an update of the stack keeps the first. A later time would\n\
             leave out pushes that nobody has handled yet.",
        ));
    }
    all
}

/// A parameter that lists roles.
fn roles(name: &str, description: &str) -> Entry {
    let members = vec![
        ("Type", json!("CommaDelimitedList")),
        ("Description", json!(description)),
        ("Default", json!("")),
    ];
    Entry::new(name, members)
}

fn conditions(config: &Config) -> Vec<Entry> {
    // A list that is left empty has one member, which is empty.
    let any = |condition: &str, list: &str| {
        let first = json!({"Fn::Select": [0, {"Ref": list}]});
        let members = vec![("Fn::Not", json!([{"Fn::Equals": [first, ""]}]))];
        Entry::new(condition, members)
    };
    let mut all = vec![any(PASSES_ROLES, PASS_ROLES)];
    if !config.stacks.is_empty() {
        all.push(any(PASSES_STACK_ROLES, STACK_ROLES));
    }
    if config.moves_targets() {
        all.push(any(PASSES_RULE_ROLES, RULE_ROLES));
        all.push(any(PASSES_SCHEDULE_ROLES, SCHEDULE_ROLES));
    }
    let reserves = json!([{"Ref": CONCURRENCY}, "1"]);
    all.push(Entry::new(RESERVES, vec![("Fn::Equals", reserves)]));
    all
}

fn output(name: &str, description: &str, value: Value) -> Entry {
    let members = vec![("Description", json!(description)), ("Value", value)];
    Entry::new(name, members)
}

/// A map whose members keep their order.
struct Ordered<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.members.iter().map(|(key, value)| (key, value)))
    }
}

/// The only version that there is.
const VERSION: (&str, &str) = ("AWSTemplateFormatVersion", "2010-09-09");

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(VERSION.0, VERSION.1)?;
        map.serialize_entry("Description", &self.description)?;
        for (section, entries) in &self.sections {
            let entries = entries.iter().map(|entry| (entry.name.clone(), entry));
            map.serialize_entry(section, &Ordered(entries.collect()))?;
        }
        map.end()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        yaml::comment(&mut out, 0, &self.about);
        yaml::entry(&mut out, 0, VERSION.0, &json!(VERSION.1));
        yaml::entry(&mut out, 0, "Description", &json!(self.description));
        for (section, entries) in &self.sections {
            let _ = write!(out, "\n{section}:\n");
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 && *section == "Resources" {
                    out.push('\n');
                }
                if let Some(comment) = &entry.comment {
                    yaml::comment(&mut out, 2, comment);
                }
                let _ = writeln!(out, "  {}:", entry.name);
                for (key, value) in &entry.members {
                    yaml::entry(&mut out, 4, key, value);
                }
            }
        }
        f.write_str(out.trim_end())
    }
}
