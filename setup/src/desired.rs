//! What the pipeline consists of: the configuration and the place in, the resources with every field out. Pure.

mod dashboard;
mod roads;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use handler::config::{Config, Families, TriggerKind};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::names::{METRIC, Names, Place};
use crate::policy_document::{self as policy, HandlerAccess, TargetRoles};
use crate::resource::{
    Alarm, Bucket, Dashboard, Function, LogGroup, MetricFilter, Permission, Queue, Resource, Role,
    Rule, Subscription, Topic, Trail, When, alarm, function, rule, trail,
};
use crate::trails::Selection;
pub(crate) use roads::not_taken;

/// What the resources depend on besides the configuration and the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// Where the pipeline is built.
    pub place: Place,
    /// Task and execution roles of the services that follow today.
    pub pass_roles: BTreeSet<String>,
    /// Roles of the stacks that follow today.
    pub stack_roles: BTreeSet<String>,
    /// Roles of the scheduled tasks that follow today.
    pub target_roles: TargetRoles,
    /// Which trail brings the records.
    pub trail: Selection,
    /// Pushes before this time are ignored: the time of setup's first run.
    pub since: DateTime<Utc>,
}

/// Days that both log groups are kept: as long as the longest `look_back`.
const RETENTION_DAYS: i32 = 30;

/// Days that the bucket keeps the trail's files. The pipeline never reads them; they are there to check the log by.
const FILE_DAYS: i32 = 90;

/// Fourteen days, the longest that SQS allows: time for somebody to look.
const QUEUE_RETENTION_SECONDS: u32 = 14 * 24 * 60 * 60;

/// Ends of deployments; their starts tell nothing new.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html>
const DEPLOYMENTS_END: &str = r#"{"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"],
    "detail": {"eventName": ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"]}}"#;

/// What Lambda allows for all names and values of the environment together (Lambda quotas).
const ENVIRONMENT_BYTES: usize = 4096;

/// Everything that setup makes, in the order in which AWS needs it made: what a resource names comes before it.
///
/// # Errors
/// When the configuration asks for what this version cannot do, or does not fit into the function's environment.
pub fn resources(config: &Config, code: &Code, around: &Circumstances) -> Result<Vec<Resource>> {
    let place = &around.place;
    let names = Names::new(&config.name, Some(&around.trail.log_group), place);
    let pipeline = Pipeline {
        config,
        place,
        names: &names,
        reused: around.trail.reused(),
        owner: config.name.clone(),
    };
    // A trail that is reused is left as it is, with all that it needs.
    let mut all = match pipeline.reused {
        Some(_) => Vec::new(),
        None => pipeline.records(),
    };
    all.extend(pipeline.messages());
    all.extend(pipeline.handler(code, around)?);
    all.extend(pipeline.wiring());
    Ok(all)
}

/// The parts of the pipeline, each from what all of them share.
struct Pipeline<'a> {
    config: &'a Config,
    place: &'a Place,
    names: &'a Names,
    /// The ARN of somebody else's trail that brings the records.
    reused: Option<&'a str>,
    owner: String,
}

impl Pipeline<'_> {
    /// From CloudTrail to the log group.
    fn records(&self) -> Vec<Resource> {
        let Self { place, names, .. } = self;
        let log_group = self.log_group(&names.log_group);
        vec![
            Resource::Bucket(Bucket {
                name: names.bucket.clone(),
                region: place.region.clone(),
                account: place.account.clone(),
                owner: self.owner.clone(),
                policy: Some(policy::trail_bucket(names, place)),
                private: true,
                encrypted: true,
                expiry: Some(FILE_DAYS),
            }),
            Resource::LogGroup(log_group.clone()),
            Resource::Role(Role {
                name: names.trail_role.clone(),
                owner: self.owner.clone(),
                trust: policy::assumed_by("cloudtrail.amazonaws.com"),
                policy: Some(policy::trail_role(names, place)),
            }),
            Resource::Trail(Trail {
                name: names.base.clone(),
                arn: names.trail_arn(place),
                region: place.region.clone(),
                owner: self.owner.clone(),
                settings: trail::Settings::new(
                    &names.bucket,
                    &format!("{}:*", log_group.arn),
                    &place.role_arn(&names.trail_role),
                ),
                selectors: trail::wanted_selectors(),
                logging: true,
            }),
        ]
    }

    /// The topic, and the queues for what fails on the way.
    fn messages(&self) -> Vec<Resource> {
        let Self { place, names, .. } = self;
        let undelivered = policy::undelivered_queue(self.config, names, place);
        let topic = self.config.takes(TriggerKind::Alarm).then(|| {
            Resource::Topic(Topic {
                name: names.base.clone(),
                arn: place.arn("sns", &names.base),
                owner: self.owner.clone(),
                policy: Some(policy::alarm_topic(names, place)),
                key: None,
            })
        });
        let queues = [
            Resource::Queue(self.queue(&names.failures, None)),
            Resource::Queue(self.queue(&names.undelivered, undelivered)),
        ];
        topic.into_iter().chain(queues).collect()
    }

    /// The function with its role and its log.
    fn handler(&self, code: &Code, around: &Circumstances) -> Result<Vec<Resource>> {
        let Self {
            config,
            place,
            names,
            ..
        } = self;
        let targets = config.targets.iter();
        let own = config.targets.iter().filter(|target| target.role.is_none());
        let access = HandlerAccess {
            clusters: config.clusters.clone(),
            pass_roles: around.pass_roles.clone(),
            notify: config.notify.clone(),
            assumed: targets.filter_map(|target| target.role.clone()).collect(),
            regions: own.map(|target| target.region.clone()).collect(),
            reconciles: config.reconcile && config.sweep.is_some(),
            marks_images: config.marks_images(),
            stacks: config.stacks.clone(),
            stack_roles: around.stack_roles.clone(),
            lists_families: config.families == Families::All,
            target_roles: config.moves_targets().then(|| around.target_roles.clone()),
        };
        let role = place.role_arn(&names.handler_role);
        Ok(vec![
            Resource::Role(Role {
                name: names.handler_role.clone(),
                owner: self.owner.clone(),
                trust: policy::assumed_by("lambda.amazonaws.com"),
                policy: Some(policy::handler_role(names, place, &access)),
            }),
            Resource::LogGroup(self.log_group(&names.function_log_group)),
            Resource::Function(Function {
                name: names.base.clone(),
                owner: self.owner.clone(),
                settings: function::Settings::new(code, &role, &self.environment(around.since)?),
                zip: code.zip.clone(),
                concurrency: Some(1),
                events: function::Events::to(&place.arn("sqs", &names.failures)),
            }),
        ])
    }

    /// What joins the parts: once these stand, pushes arrive.
    fn wiring(&self) -> Vec<Resource> {
        let Self {
            config,
            place,
            names,
            ..
        } = self;
        let base = &names.base;
        let function = place.arn("lambda", &format!("function:{base}"));
        let mut all = if config.takes(TriggerKind::Alarm) {
            self.alarm_road(&function)
        } else {
            Vec::new()
        };
        all.push(Resource::Alarm(self.failures_alarm()));
        all.extend(self.quick_roads(&function));
        let sweep = config.sweep.map(|every| When::Schedule(rule::rate(every)));
        all.extend(self.rule(&names.rule, "sweep", sweep, &function));
        // Whoever wants to hear of results wants to hear how they ended; the in-use tag and the next wave wait for that.
        // So do scheduled tasks.
        let heard = config.notify.is_some()
            || config.marks_images()
            || !config.waves.is_empty()
            || config.moves_targets();
        let ends = heard.then(|| When::pattern(DEPLOYMENTS_END));
        all.extend(self.rule(&names.deployments, "deployments", ends, &function));
        all.push(Resource::Dashboard(Dashboard {
            name: base.clone(),
            arn: place.dashboard_arn(base),
            owner: self.owner.clone(),
            body: dashboard::body(names, place, config.takes(TriggerKind::Alarm)),
        }));
        all
    }

    /// From the log group by metric, alarm and topic to the function.
    fn alarm_road(&self, function: &str) -> Vec<Resource> {
        let Self {
            config,
            place,
            names,
            ..
        } = self;
        let base = &names.base;
        let topic = place.arn("sns", base);
        let undelivered = place.arn("sqs", &names.undelivered);
        vec![
            Resource::Permission(Permission::new(base, "topic", "sns.amazonaws.com", &topic)),
            Resource::Subscription(Subscription::new(base, &topic, function, &undelivered)),
            Resource::MetricFilter(MetricFilter {
                name: base.clone(),
                log_group: names.log_group.clone(),
                pattern: filters::put_image::pattern(&config.repositories),
                metric: METRIC.to_owned(),
                namespace: base.clone(),
                value: "1".to_owned(),
                default: Some(0.0),
                dimensions: Vec::new(),
                guest: self.reused.is_some(),
            }),
            Resource::Alarm(Alarm {
                description: "An image was pushed: look now. Managed by `ecroll setup`.",
                name: names.alarm.clone(),
                arn: place.arn("cloudwatch", &format!("alarm:{}", names.alarm)),
                owner: self.owner.clone(),
                settings: alarm::Settings::pushes(base, METRIC),
                enabled: true,
                alarm_actions: vec![topic.clone()],
                ok_actions: vec![topic.clone()],
                insufficient_data_actions: vec![topic],
            }),
        ]
    }

    /// Tells whoever is notified that an event was given up. The handler's own topic would only make it look again.
    fn failures_alarm(&self) -> Alarm {
        let Self { place, names, .. } = self;
        let told: Vec<String> = self.config.notify.iter().cloned().collect();
        Alarm {
            description: "The handler gave an event up: see the queue. Managed by `ecroll setup`.",
            name: names.failures_alarm.clone(),
            arn: place.arn("cloudwatch", &format!("alarm:{}", names.failures_alarm)),
            owner: self.owner.clone(),
            settings: alarm::Settings::depth(&names.failures),
            enabled: true,
            alarm_actions: told.clone(),
            ok_actions: told,
            insufficient_data_actions: Vec::new(),
        }
    }

    /// A rule and, where it is on, the leave to invoke the function.
    fn rule(&self, name: &str, sid: &str, when: Option<When>, function: &str) -> Vec<Resource> {
        let arn = self.place.arn("events", &format!("rule/{name}"));
        let base = &self.names.base;
        let mut both = Vec::new();
        if when.is_some() {
            let permission = Permission::new(base, sid, "events.amazonaws.com", &arn);
            both.push(Resource::Permission(permission));
        }
        both.push(Resource::Rule(Rule {
            name: name.to_owned(),
            arn,
            owner: self.owner.clone(),
            when,
            target: Some(function.to_owned()),
            undelivered: rule::Undelivered::default(),
            input: None,
        }));
        both
    }

    fn log_group(&self, name: &str) -> LogGroup {
        LogGroup {
            name: name.to_owned(),
            arn: self.place.arn("logs", &format!("log-group:{name}")),
            owner: self.owner.clone(),
            retention: Some(RETENTION_DAYS),
        }
    }

    fn queue(&self, name: &str, policy: Option<policy::Document>) -> Queue {
        Queue {
            name: name.to_owned(),
            owner: self.owner.clone(),
            retention: QUEUE_RETENTION_SECONDS.to_string(),
            encrypted: true,
            policy,
        }
    }

    /// The configuration as the function gets it: with the log group and the first day filled in.
    fn environment(&self, since: DateTime<Utc>) -> Result<String> {
        let config = Config {
            log_group: Some(self.names.log_group.clone()),
            // So that the next run stays with the choice.
            trail: match self.reused {
                Some(arn) => handler::config::Trail::Reuse(arn.to_owned()),
                None => self.config.trail.clone(),
            },
            since: Some(since),
            ..self.config.clone()
        };
        let text = config.to_json().to_string();
        let bytes = text.len() + function::CONFIG_VARIABLE.len();
        if bytes > ENVIRONMENT_BYTES {
            return Err(Error::Wrong(format!(
                "the configuration takes {bytes} bytes as `{}`, and a function's environment holds \
                 {ENVIRONMENT_BYTES}: use globs to shorten `[[services]]`, `clusters` or `repositories`",
                function::CONFIG_VARIABLE
            )));
        }
        Ok(text)
    }
}
