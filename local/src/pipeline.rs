//! From service to service: records into log groups, alarms to topics, messages to subscribers,
//! rules to targets.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::cloudwatch::{self, Change};
use crate::events::Firing;
use crate::journal::What;
use crate::logs::group_of_arn;
use crate::options::LogTimestamp;
use crate::policy::Ask;
use crate::record::Record;
use crate::service::Scope;
use crate::sns::{Delivery, Sender, Subscription};
use crate::state::State;

const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";
const ALARM_ACTION: &str = "lambda.alarms.cloudwatch.amazonaws.com";
const SNS: &str = "sns.amazonaws.com";
const EVENTS: &str = "events.amazonaws.com";

impl State {
    /// A CloudTrail record reaches the log group of every trail that logs it.
    pub(crate) fn deliver(&mut self, record: &Record, now: DateTime<Utc>) {
        let withheld = |trail: Option<&str>, reason: &str| What::Withheld {
            trail: trail.map(str::to_owned),
            message_id: record.id.clone(),
            reason: reason.to_owned(),
        };
        if !record.fits() {
            self.journal
                .write(now, withheld(None, "it is above 256 KB"));
            return;
        }
        let mut targets = Vec::new();
        let mut refused = Vec::new();
        for (name, trail) in self.cloudtrail.trails_mut() {
            if let Err(why) = trail.logs(record) {
                refused.push(withheld(Some(name), why));
                continue;
            }
            let group = trail
                .text("CloudWatchLogsLogGroupArn")
                .and_then(group_of_arn);
            let role = trail.text("CloudWatchLogsRoleArn");
            match group.zip(role) {
                Some((group, role)) => {
                    targets.push((name.clone(), group.to_owned(), role.to_owned()));
                }
                None => refused.push(withheld(Some(name), "the trail has no log group")),
            }
        }
        if targets.is_empty() && refused.is_empty() {
            refused.push(withheld(None, "there is no trail"));
        }
        for what in refused {
            self.journal.write(now, what);
        }
        let own = self.place.account.clone();
        let account = record.account.as_deref().unwrap_or(&own);
        for (name, group, role) in targets {
            let problem = if !self.logs.has(&group) {
                Some("The specified log group does not exist.")
            } else if !self.may_deliver(&role, &group, &own, now) {
                Some("AccessDenied")
            } else {
                None
            };
            if let Some((_, trail)) = self
                .cloudtrail
                .trails_mut()
                .find(|(held, _)| **held == name)
            {
                trail.note_delivery(problem.map_or(Ok(()), Err), now);
            }
            if let Some(why) = problem {
                self.journal.write(now, withheld(Some(&name), why));
                continue;
            }
            let timestamp = match self.options.log_timestamp {
                LogTimestamp::Delivery => now,
                LogTimestamp::EventTime => record.time.unwrap_or(now),
            };
            let stream = self.trail_stream(account);
            let text = std::sync::Arc::clone(&record.text);
            let matched = self.logs.ingest(&group, &stream, timestamp, text, now);
            let message_id = record.id.clone();
            self.journal.write(
                now,
                What::Delivered {
                    log_group: group,
                    message_id,
                    matched,
                },
            );
        }
    }

    /// An alarm changed: its actions run.
    pub(crate) fn act_on(&mut self, change: &Change, now: DateTime<Utc>) {
        if !change.known {
            let what = What::Alarm {
                name: change.name.clone(),
                from: change.from.to_owned(),
                to: change.to.to_owned(),
                reason: change.reason.clone(),
            };
            self.journal.write(now, what);
        }
        let scope = Scope {
            now,
            place: &self.place,
        };
        let source = self
            .place
            .arn("cloudwatch", &format!("alarm:{}", change.name));
        let mut dropped = Vec::new();
        for action in &change.actions {
            let done = if action.contains(":sns:") {
                let sender = Sender {
                    principal: CLOUDWATCH,
                    source_arn: &source,
                };
                let subject = cloudwatch::sns_subject(change, &scope);
                let text = cloudwatch::sns_message(change, &scope);
                self.sns.publish_for(sender, action, &subject, text, &scope)
            } else if action.contains(":lambda:") {
                self.lambda
                    .admits(action, ALARM_ACTION, &source, &scope)
                    .map(|()| {
                        let event = cloudwatch::lambda_event(change, scope.place);
                        let copies = self.faults.event_copies(now);
                        self.lambda.accept(action, event, &copies, now);
                    })
            } else {
                Err("the pocket account does not simulate this kind of action")
            };
            if let Err(why) = done {
                dropped.push(What::Dropped {
                    meant_for: action.clone(),
                    message_id: change.name.clone(),
                    reason: why.to_owned(),
                    kept_in: None,
                });
            }
        }
        for what in dropped {
            self.journal.write(now, what);
        }
    }

    /// A message reaches its subscriber, its dead-letter queue, or nobody.
    pub(crate) fn notify(&mut self, delivery: &Delivery, now: DateTime<Utc>) {
        let Some(subscription) = self.sns.find(&delivery.subscription).cloned() else {
            return;
        };
        let Subscription {
            topic, endpoint, ..
        } = &subscription;
        let message_id = delivery.message.id.clone();
        let done = if subscription.protocol == "lambda" {
            let admitted = self.lambda.admits(endpoint, SNS, topic, &self.scope(now));
            admitted.map(|()| {
                let event = delivery.message.lambda_event(&subscription);
                let copies = self.faults.event_copies(now);
                self.lambda.accept(endpoint, event, &copies, now);
            })
        } else {
            self.send(
                SNS,
                topic,
                endpoint,
                delivery.message.queue_body(&subscription),
                now,
            )
        };
        let what = match done {
            Ok(()) => What::Notified {
                topic: topic.clone(),
                endpoint: endpoint.clone(),
                message_id,
            },
            Err(why) => {
                let body = delivery.message.queue_body(&subscription);
                let queue = subscription.dead_letter_queue();
                let kept = queue.filter(|queue| self.send(SNS, topic, queue, body, now).is_ok());
                What::Dropped {
                    meant_for: endpoint.clone(),
                    message_id,
                    reason: why.to_owned(),
                    kept_in: kept,
                }
            }
        };
        self.journal.write(now, what);
    }

    /// The rules that are due hand their events to their targets.
    pub(crate) fn fire_rules(&mut self, now: DateTime<Utc>) {
        let firings = self.events.advance(&Scope {
            now,
            place: &self.place,
        });
        for firing in &firings {
            let rule = firing.rule.clone();
            self.journal.write(now, What::Scheduled { rule });
        }
        self.hand_over(firings, now);
    }

    /// An event of some service reaches the targets of the rules that take it.
    pub(crate) fn route(&mut self, event: Value, now: DateTime<Utc>) {
        let firings = self.events.route(
            event,
            &Scope {
                now,
                place: &self.place,
            },
        );
        self.hand_over(firings, now);
    }

    fn hand_over(&mut self, firings: Vec<Firing>, now: DateTime<Utc>) {
        for firing in firings {
            for target in firing.targets {
                // Tasks without a service are not simulated.
                if target.arn.contains(":ecs:") {
                    continue;
                }
                let body = target.event.to_string();
                let done = if target.arn.contains(":lambda:") {
                    let scope = Scope {
                        now,
                        place: &self.place,
                    };
                    let admitted =
                        self.lambda
                            .admits(&target.arn, EVENTS, &firing.rule_arn, &scope);
                    admitted.map(|()| {
                        let copies = self.faults.event_copies(now);
                        self.lambda.accept(&target.arn, target.event, &copies, now);
                    })
                } else {
                    self.send(EVENTS, &firing.rule_arn, &target.arn, body.clone(), now)
                };
                if let Err(why) = done {
                    let why_there = undelivered(&firing.rule_arn, &target.arn, why);
                    let kept = target.dead_letter_queue.filter(|queue| {
                        self.send_with(EVENTS, &firing.rule_arn, queue, body, why_there, now)
                            .is_ok()
                    });
                    let what = What::Dropped {
                        meant_for: target.arn,
                        message_id: firing.rule.clone(),
                        reason: why.to_owned(),
                        kept_in: kept,
                    };
                    self.journal.write(now, what);
                }
            }
        }
    }

    /// Sends to a queue on behalf of a service, if the queue's policy admits it.
    fn send(
        &mut self,
        principal: &str,
        source_arn: &str,
        queue: &str,
        body: String,
        now: DateTime<Utc>,
    ) -> Result<(), &'static str> {
        self.send_with(principal, source_arn, queue, body, Value::Null, now)
    }

    /// The same with attributes of the message.
    fn send_with(
        &mut self,
        principal: &str,
        source_arn: &str,
        queue: &str,
        body: String,
        attributes: Value,
        now: DateTime<Utc>,
    ) -> Result<(), &'static str> {
        let context = [
            ("aws:SourceArn", source_arn),
            ("aws:SourceAccount", self.place.account.as_str()),
        ];
        let ask = Ask {
            principal,
            action: "sqs:SendMessage",
            resource: queue,
            context: &context,
        };
        if !self.sqs.admits(queue, &ask) {
            return Err("the queue does not exist or its policy does not admit the service");
        }
        self.sqs.put(queue, body, attributes, now);
        Ok(())
    }
}

/// What EventBridge says beside an event in a dead-letter queue. Such events were not tried again: no retry would help.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
fn undelivered(rule: &str, target: &str, why: &str) -> Value {
    let code = match why {
        "the function does not exist" => "RESOURCE_NOT_FOUND",
        _ => "NO_PERMISSIONS",
    };
    let attribute = |text: &str| json!({"DataType": "String", "StringValue": text});
    json!({
        "RULE_ARN": attribute(rule),
        "TARGET_ARN": attribute(target),
        "ERROR_CODE": attribute(code),
        "ERROR_MESSAGE": attribute(why),
        "RETRY_ATTEMPTS": attribute("0"),
    })
}
