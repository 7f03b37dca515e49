//! The roads that carry the push: two rules and a subscription filter; and what is left of roads that are not taken.

use handler::config::{Config, TriggerKind};
use serde_json::{Value, json};

use super::Pipeline;
use crate::names::{Names, Place};
use crate::resource::rule::Undelivered;
use crate::resource::{Permission, Resource, Rule, SubscriptionFilter, When};

/// The longest pattern of a rule, in characters.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const LONGEST_PATTERN: usize = 2048;

/// What a pattern takes besides the names of repositories, and something to spare.
const REST_OF_PATTERN: usize = 512;

/// An hour: by then the record has come by the log, so that an event which is older tells nothing new.
const UNDELIVERED_SECONDS: i32 = 3600;
/// EventBridge's own number, which fits into the hour and more.
const UNDELIVERED_ATTEMPTS: i32 = 185;

/// The statements of the function's policy that let the roads in.
const TOPIC: &str = "topic";
const ECR_EVENTS: &str = "ecr-events";
const CLOUDTRAIL_EVENTS: &str = "cloudtrail-events";
const LOG_SUBSCRIPTION: &str = "log-subscription";

impl Pipeline<'_> {
    /// The roads that carry the push, as far as they are asked for.
    pub(super) fn quick_roads(&self, function: &str) -> Vec<Resource> {
        let Self { config, names, .. } = self;
        let mut all = Vec::new();
        if config.takes(TriggerKind::EcrEvents) {
            let pattern = ecr_events(&config.repositories);
            all.extend(self.event_road(&names.ecr_events, ECR_EVENTS, &pattern, function));
        }
        if config.takes(TriggerKind::CloudtrailEvents) {
            let pattern = cloudtrail_events(&config.repositories);
            let name = &names.cloudtrail_events;
            all.extend(self.event_road(name, CLOUDTRAIL_EVENTS, &pattern, function));
        }
        if config.takes(TriggerKind::LogSubscription) {
            all.extend(self.log_road(function));
        }
        all
    }

    /// A rule on events, whose target keeps what it cannot deliver.
    fn event_road(&self, name: &str, sid: &str, pattern: &Value, function: &str) -> Vec<Resource> {
        let when = Some(When::pattern(&pattern.to_string()));
        let queue = self.place.arn("sqs", &self.names.undelivered);
        let mut both = self.rule(name, sid, when, function);
        for resource in &mut both {
            if let Resource::Rule(rule) = resource {
                rule.undelivered = Undelivered {
                    queue: Some(queue.clone()),
                    attempts: Some(UNDELIVERED_ATTEMPTS),
                    seconds: Some(UNDELIVERED_SECONDS),
                };
            }
        }
        both
    }

    /// The filter takes what the metric filter takes.
    fn log_road(&self, function: &str) -> [Resource; 2] {
        let Self {
            config,
            place,
            names,
            ..
        } = self;
        let base = &names.base;
        let group = place.arn("logs", &format!("log-group:{}:*", names.log_group));
        let principal = "logs.amazonaws.com";
        [
            Resource::Permission(Permission::new(base, LOG_SUBSCRIPTION, principal, &group)),
            Resource::SubscriptionFilter(SubscriptionFilter {
                name: base.clone(),
                log_group: names.log_group.clone(),
                pattern: filters::put_image::pattern(&config.repositories),
                function: function.to_owned(),
            }),
        ]
    }
}

/// Pushes that succeeded and have a tag: the children of a multi-platform image have none and would only wake the function.
/// Scans, deletions, archiving, replication and pulls through a cache have other types or actions.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
fn ecr_events(repositories: &[String]) -> Value {
    let mut detail = json!({
        "action-type": ["PUSH"],
        "result": ["SUCCESS"],
        "image-tag": [{"exists": true}],
    });
    narrow(&mut detail, "repository-name", repositories);
    json!({"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": detail})
}

/// The same of CloudTrail's records: what ECR refused carries an `errorCode`.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
fn cloudtrail_events(repositories: &[String]) -> Value {
    let mut parameters = json!({"imageTag": [{"exists": true}]});
    narrow(&mut parameters, "repositoryName", repositories);
    json!({"source": ["aws.ecr"], "detail-type": ["AWS API Call via CloudTrail"], "detail": {
        "eventSource": ["ecr.amazonaws.com"],
        "eventName": ["PutImage"],
        "errorCode": [{"exists": false}],
        "requestParameters": parameters,
    }})
}

/// Confines a part of a pattern to the repositories that follow, where a rule can say so: names, and globs that are the
/// beginning of names. The handler looks again in any case.
fn narrow(part: &mut Value, member: &str, repositories: &[String]) {
    let said: Option<Vec<Value>> = repositories.iter().map(|glob| said(glob)).collect();
    let Some(said) = said.filter(|said| !said.is_empty()) else {
        return;
    };
    let names = Value::from(said);
    if names.to_string().chars().count() > LONGEST_PATTERN - REST_OF_PATTERN {
        return;
    }
    if let Some(members) = part.as_object_mut() {
        members.insert(member.to_owned(), names);
    }
}

/// A name, or the beginning of names; `None` for what a rule cannot say, and for all.
fn said(glob: &str) -> Option<Value> {
    match glob.split_once('*') {
        None => Some(json!(glob)),
        Some((prefix, "")) if !prefix.is_empty() => Some(json!({"prefix": prefix})),
        Some(_) => None,
    }
}

/// What setup makes for roads that the configuration does not take, only named: where an earlier one took them, it has to
/// go. What hangs on another goes first. `groups` are the log groups that the pipeline may have looked at; metric filters are
/// found by themselves.
pub(crate) fn not_taken(
    config: &Config,
    names: &Names,
    place: &Place,
    groups: &[String],
) -> Vec<Resource> {
    let base = &names.base;
    let function = place.arn("lambda", &format!("function:{base}"));
    let gone = |statement: &str| Resource::Permission(Permission::named(base, statement));
    let rule = |name: &str| {
        Resource::Rule(Rule {
            name: name.to_owned(),
            arn: place.arn("events", &format!("rule/{name}")),
            owner: base.clone(),
            when: None,
            target: None,
            undelivered: Undelivered::default(),
            input: None,
        })
    };
    let filter = |group: &String| {
        Resource::SubscriptionFilter(SubscriptionFilter {
            name: base.clone(),
            log_group: group.clone(),
            pattern: String::new(),
            function: function.clone(),
        })
    };
    let mut all = Vec::new();
    if !config.takes(TriggerKind::EcrEvents) {
        all.extend([rule(&names.ecr_events), gone(ECR_EVENTS)]);
    }
    if !config.takes(TriggerKind::CloudtrailEvents) {
        all.extend([rule(&names.cloudtrail_events), gone(CLOUDTRAIL_EVENTS)]);
    }
    let subscribed = config.takes(TriggerKind::LogSubscription);
    let left = |group: &&String| !subscribed || **group != names.log_group;
    all.extend(groups.iter().filter(left).map(filter));
    if !subscribed {
        all.push(gone(LOG_SUBSCRIPTION));
    }
    if !config.takes(TriggerKind::Alarm) {
        let whole = Config {
            name: config.name.clone(),
            ..Config::default()
        };
        let pipeline = Pipeline {
            config: &whole,
            place,
            names,
            reused: None,
            owner: base.clone(),
        };
        let mut road = pipeline.alarm_road(&function);
        road.retain(|resource| {
            !matches!(
                resource,
                Resource::Permission(_) | Resource::MetricFilter(_)
            )
        });
        road.reverse();
        all.extend(road);
        let topic = pipeline.messages().into_iter();
        all.extend(topic.filter(|resource| matches!(resource, Resource::Topic(_))));
        all.push(gone(TOPIC));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn rule_04_patterns_name_the_repositories_as_far_as_a_rule_can() {
        let all = ecr_events(&texts(&["*"]));
        let detail = json!({"action-type": ["PUSH"], "result": ["SUCCESS"], "image-tag": [{"exists": true}]});
        assert_eq!(
            all,
            json!({"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": detail})
        );
        let some = ecr_events(&texts(&["web", "team/*"]));
        assert_eq!(
            some["detail"]["repository-name"],
            json!(["web", {"prefix": "team/"}])
        );
        let calls = cloudtrail_events(&texts(&["web"]));
        assert_eq!(
            calls["detail"]["requestParameters"],
            json!({"imageTag": [{"exists": true}], "repositoryName": ["web"]})
        );
        assert_eq!(calls["detail"]["errorCode"], json!([{"exists": false}]));
        // One that a rule cannot say takes the whole list with it: what it means must not be missed.
        for wide in [&["web", "*-api"][..], &["web", "*"], &["a*b", "web"]] {
            assert_eq!(ecr_events(&texts(wide)), all);
        }
    }

    #[test]
    fn a_pattern_that_would_be_too_long_is_not_narrowed() {
        let many: Vec<String> = (0..200).map(|n| format!("team/service-{n}")).collect();
        assert_eq!(ecr_events(&many), ecr_events(&texts(&["*"])));
        let (most, _) = many.split_at(75);
        for pattern in [ecr_events(most), cloudtrail_events(most)] {
            let length = pattern.to_string().chars().count();
            assert!((1500..=LONGEST_PATTERN).contains(&length), "{length}");
        }
    }
}
