//! A history as people read it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use local::{Entry, What};
use serde_json::Value;

use crate::history::History;
use crate::seeds::number;
use crate::trace::{Act, Policy, Service};

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.world.start;
        let settings = &self.world.settings;
        writeln!(f, "seed {}, from {start}", self.seed)?;
        writeln!(
            f,
            "  sweep {}, look_back {}, repositories {:?}, {}",
            settings.sweep.map_or("off".to_owned(), span),
            span(settings.look_back),
            settings.repositories,
            policy(&settings.service),
        )?;
        writeln!(
            f,
            "  reconcile {}, roads {:?}, waves {:?}",
            settings.reconcile, settings.roads, settings.waves
        )?;
        writeln!(f, "  {:?}", self.temper)?;
        for service in &self.world.services {
            writeln!(f, "  {}", told(service))?;
        }
        for (at, act) in &self.acts {
            writeln!(f, "  {:>10}  {}", span(*at - start), done(act, start))?;
        }
        for planned in &self.faults {
            writeln!(
                f,
                "  {:>10}  fault {} until {}{}: skips {}, hits {}, amount {}",
                span(planned.from - start),
                planned.kind,
                span(planned.until - start),
                planned
                    .operation
                    .as_ref()
                    .map_or(String::new(), |o| format!(" on {o}")),
                planned.skip,
                planned.times,
                span(planned.amount),
            )?;
        }
        write!(f, "  {:>10}  calm", span(self.calm - start))
    }
}

fn span(span: TimeDelta) -> String {
    let millis = span.num_milliseconds();
    let (sign, millis) = if millis < 0 {
        ("-", -millis)
    } else {
        ("", millis)
    };
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let seconds = millis / 1000 % 60;
    let rest = millis % 1000;
    let rest = if rest == 0 {
        String::new()
    } else {
        format!(".{rest:03}")
    };
    format!("{sign}{hours}:{minutes:02}:{seconds:02}{rest}")
}

fn policy(policy: &Policy) -> String {
    let words = [
        policy.tags.as_ref().map(|tags| format!("tags {tags}")),
        policy.force.map(|force| format!("force {force}")),
        policy
            .name_prefix
            .map(|by_name| format!("name-prefix {by_name}")),
        policy.pin_digest.map(|pin| format!("pin digest {pin}")),
        policy.hold.map(|hold| format!("hold {hold}")),
        policy.minimum.map(|minimum| format!("minimum {minimum}")),
        policy.maximum.map(|maximum| format!("maximum {maximum}")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    words.join(", ")
}

fn told(service: &Service) -> String {
    let images: Vec<String> = service
        .containers
        .iter()
        .map(|(name, image)| format!("{name} {image}"))
        .collect();
    format!(
        "service {}/{}: {}; {}desired {}, {}/{}{}; {}",
        service.cluster,
        service.name,
        images.join(", "),
        if service.daemon { "daemon, " } else { "" },
        service.desired,
        service.minimum,
        service.maximum,
        match (service.breaker, service.rollback) {
            (true, true) => ", breaker",
            (true, false) => ", breaker without rollback",
            (false, _) => "",
        },
        policy(&service.own),
    )
}

fn done(act: &Act, start: DateTime<Utc>) -> String {
    match act {
        Act::Push(push) => {
            let times: Vec<String> = push.delivered.iter().map(|at| span(*at - start)).collect();
            format!(
                "push {} {}/{}/{} {} …{} {:?}{}, arrives {}",
                push.id,
                push.account,
                push.region,
                push.repository,
                push.tag.as_deref().unwrap_or("(no tag)"),
                push.digest
                    .get(push.digest.len().saturating_sub(12)..)
                    .unwrap_or_default(),
                push.kind,
                if push.healthy { "" } else { " that crashes" },
                if times.is_empty() {
                    "never".to_owned()
                } else {
                    times.join(", ")
                },
            )
        }
        Act::Create(service) => format!("create {}", told(service)),
        Act::Deploy {
            cluster,
            service,
            container,
            image,
        } => format!("deploy {image} in {container} of {cluster}/{service}"),
        Act::RollBack {
            cluster,
            service,
            task_definition,
        } => format!("roll {cluster}/{service} back to {task_definition}"),
        Act::Stop { cluster, service } => format!("stop what is deployed to {cluster}/{service}"),
        Act::Scale {
            cluster,
            service,
            desired,
        } => format!("scale {cluster}/{service} to {desired}"),
        Act::Percentages {
            cluster,
            service,
            minimum,
            maximum,
        } => format!("set {cluster}/{service} to {minimum}/{maximum} percent"),
        Act::Delete { cluster, service } => format!("delete {cluster}/{service}"),
        Act::Fault(name) => (*name).to_owned(),
    }
}

/// What happened, as far as it helps to see why a rule did not hold.
pub(crate) fn timeline(entries: &[Entry], start: DateTime<Utc>) -> Vec<String> {
    let lines = entries.iter().filter(|entry| entry.at >= start);
    let lines = lines.filter_map(|entry| {
        let at = span(entry.at - start);
        Some(format!("  {at:>14}  {}", line(&entry.what)?))
    });
    lines.collect()
}

fn line(what: &What) -> Option<String> {
    Some(match what {
        What::Call {
            operation,
            input,
            error,
            by,
            ..
        } => {
            let reads = ["Describe", "List", "Filter", "Get", "BatchGet"];
            let reads = reads.iter().any(|verb| operation.starts_with(verb));
            if error.is_none() && reads && number("ECROLL_READS").is_none() {
                return None;
            }
            let error = error.as_ref().map_or(String::new(), |e| format!(" {e}"));
            format!("{by:?} {operation}{error} {}", short(&input.to_string()))
        }
        What::Delivered { message_id, .. } => {
            format!("delivered {}", message_id.as_deref().unwrap_or("?"))
        }
        What::Withheld {
            message_id, reason, ..
        } => {
            format!(
                "withheld {}: {reason}",
                message_id.as_deref().unwrap_or("?")
            )
        }
        What::Alarm { from, to, .. } => format!("alarm {from} to {to}"),
        What::Invoked { event, attempt, .. } => {
            format!("invoked, attempt {attempt}: {}", short(&event.to_string()))
        }
        What::Answered { result, .. } => match result {
            Ok(answer) => {
                let decisions = answer.get("decisions").and_then(Value::as_array);
                let lines = decisions.into_iter().flatten().map(|of| {
                    let text = |member: &str| of.get(member).and_then(Value::as_str).unwrap_or("-");
                    format!(
                        "\n{:18}{} {} {}:{} …{}: {}",
                        "",
                        text("outcome"),
                        text("service"),
                        text("repository"),
                        text("tag"),
                        tail(text("digest")),
                        text("reason"),
                    )
                });
                format!("answered{}", lines.collect::<String>())
            }
            Err(error) => format!("failed: {error}"),
        },
        What::Dropped {
            meant_for, reason, ..
        } => format!("dropped for {meant_for}: {reason}"),
        What::Fault { kind, on } => format!("FAULT {kind} on {on}"),
        What::Deployment(notice) => format!(
            "deployment {}/{} {:?} {}",
            notice.cluster,
            notice.service,
            notice.state,
            tail(&notice.task_definition),
        ),
        _ => return None,
    })
}

fn tail(text: &str) -> &str {
    text.get(text.len().saturating_sub(16)..).unwrap_or(text)
}

fn short(text: &str) -> String {
    text.chars().take(240).collect()
}
