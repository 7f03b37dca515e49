//! Rule 7, healthy throughout: settings sent to ECS never allow fewer healthy tasks than asked for.

use serde_json::{Value, json};

use super::definitions::ask;
use super::services::{Key, fewest};
use super::{Model, Moment};

impl Model {
    /// What an accepted UpdateService of the handler sends.
    ///
    /// Only the revision, the force, and the two percentages where they are asked for (DESIGN 5: "never desiredCount, never
    /// nested blocks"). The minimum that holds then is no lower than the one asked for; where none is asked for, than the
    /// service's own.
    pub(super) fn check_settings_sent(&mut self, key: &Key, input: &Value, moment: Moment<'_>) {
        let Some(service) = self.services.get(key) else {
            return;
        };
        let mut wrong = Vec::new();
        let allowed = [
            "cluster",
            "service",
            "taskDefinition",
            "deploymentConfiguration",
            "forceNewDeployment",
        ];
        let members = input.as_object().into_iter().flatten();
        for (member, value) in members {
            if !allowed.contains(&member.as_str()) && !value.is_null() {
                wrong.push(format!("{member} was sent"));
            }
        }
        let sent = input.get("deploymentConfiguration");
        let sent_members = sent.and_then(Value::as_object).into_iter().flatten();
        for (member, value) in sent_members {
            let percent = ["minimumHealthyPercent", "maximumPercent"].contains(&member.as_str());
            if !percent && !value.is_null() {
                wrong.push(format!("deploymentConfiguration.{member} was sent"));
            }
        }
        let minimum = sent.and_then(|sent| sent.get("minimumHealthyPercent"));
        let asked = service.asked.minimum.unwrap_or(service.minimum);
        if let Some(minimum) = minimum.and_then(Value::as_u64)
            && minimum < u64::from(asked)
        {
            wrong.push(format!(
                "minimumHealthyPercent {minimum} was sent where {asked} is asked for"
            ));
        }
        if minimum.is_none() && service.minimum < asked {
            wrong.push(format!(
                "minimumHealthyPercent stays {} where {asked} is asked for",
                service.minimum
            ));
        }
        for what in wrong {
            self.say(7, moment.at, format!("{}/{}: {what}", key.0, key.1));
        }
    }

    /// Whether what a service runs had become steady and was left alone since.
    pub(super) fn is_healthy(&self, key: &Key) -> bool {
        let Some(service) = self.services.get(key) else {
            return false;
        };
        let (Some(runs), Some(completed)) = (&service.runs, &service.completed) else {
            return false;
        };
        let scaled = service.changed_at.is_some_and(|at| at >= runs.at);
        !service.daemon && runs.id == completed.id && !scaled
    }

    /// While a deployment of ecroll goes on, and what ran before it was steady, enough tasks run.
    ///
    /// Seen at the end of each step. Excuses: a service that was scaled or given other percentages since, DAEMON services,
    /// a deployment that others have replaced.
    pub(super) fn watch_tasks(&mut self, moment: Moment<'_>) {
        let watched = self.rolling.iter().filter_map(|key| {
            let service = self.services.get(key)?;
            let watched = service.runs.as_ref().is_some_and(|runs| runs.watched);
            watched.then(|| (key.clone(), fewest(service.desired, service.minimum)))
        });
        let watched: Vec<(Key, u32)> = watched.collect();
        for ((cluster, name), fewest) in watched {
            let input = json!({"cluster": cluster, "services": [name]});
            let found = ask(moment.account, "DescribeServices", &input);
            let running = found
                .as_ref()
                .and_then(|found| found.pointer("/services/0/runningCount")?.as_u64());
            if running.is_some_and(|running| running < u64::from(fewest)) {
                let what = format!(
                    "{cluster}/{name}: {} tasks run during a roll where {fewest} are asked for",
                    running.unwrap_or_default()
                );
                self.say(7, moment.at, what);
            }
        }
    }
}
