//! The probe: one harmless message through alarm, topic and function, until the look-up that it causes is seen.
//!
//! The alarm is set to another state; CloudWatch runs that state's actions and puts the alarm back by itself at its next
//! evaluation, within a minute. Any message means "look now", so to the handler this is a look-up like any other.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html>

use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;
use chrono::{DateTime, Utc};
use handler::config::Config;
use handler::logged::Line;

use super::alarm::{Told, state, told};
use super::ground::Ground;
use super::link::{Checkup, Link, SETUP, Verdict};
use super::look_ups::since;
use super::order::{
    ALARM, FUNCTION, FUNCTION_LOG, HANDLER_ROLE, PERMISSION, PROBE, SUBSCRIPTION, TOPIC,
};
use super::queues;
use crate::clients::Clients;
use crate::error::{Called, Result};
use crate::invocations::Run;

/// How long the look-up is waited for: a cold start, and what the log needs until it can be searched.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often it is looked for.
const PAUSE: Duration = Duration::from_secs(5);

/// What the alarm shows of the probe, for whoever looks at it.
const REASON: &str = "ecroll doctor --probe: a trial of the pipeline, nothing was pushed";

/// The links that the message passes.
const WAY: [&str; 7] = [
    ALARM,
    TOPIC,
    SUBSCRIPTION,
    PERMISSION,
    FUNCTION,
    HANDLER_ROLE,
    FUNCTION_LOG,
];

/// Sends the message and waits, two minutes at most. `before` is what [`examine`](super::examine) found: it tells where the
/// chain broke. `progress` hears what is waited for.
pub async fn probe(
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    before: &Checkup,
    progress: &mut dyn FnMut(String),
) -> Link {
    let ground = match Box::pin(Ground::read(clients, config, now)).await {
        Ok(ground) => ground,
        Err(link) => return Link::skip(PROBE, format!("waits for `{}`", link.link)),
    };
    match Box::pin(tried(&ground, before, progress)).await {
        Ok(link) => link,
        Err(error) => Link::refused(PROBE, &error),
    }
}

async fn tried(
    ground: &Ground<'_>,
    before: &Checkup,
    progress: &mut dyn FnMut(String),
) -> Result<Link> {
    let name = &ground.names.alarm;
    let Some(alarm) = state(ground).await? else {
        return Ok(Link::skip(PROBE, format!("waits for `{ALARM}`")));
    };
    // Only a change of state is told.
    let to = match alarm.value.as_str() {
        "ALARM" => StateValue::Ok,
        _ => StateValue::Alarm,
    };
    let call = ground.clients.cloudwatch.set_alarm_state();
    let call = call
        .alarm_name(name)
        .state_value(to.clone())
        .state_reason(REASON);
    let call = call.send().await;
    call.called("cloudwatch:SetAlarmState", name)?;
    progress(format!(
        "set the alarm `{name}` to {to}; waiting for the look-up"
    ));
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
        if let Some(link) = arrived(&since(ground, ground.now).await?, waited) {
            return Ok(link);
        }
        progress(format!(
            "waited {} s of {}",
            waited.as_secs(),
            PATIENCE.as_secs()
        ));
    }
    let told = told(ground).await?.filter(|told| told.at >= ground.now);
    let undelivered = queues::held(ground, &ground.names.undelivered).await;
    let undelivered = undelivered.ok().flatten();
    let undelivered = undelivered.map_or(0, |held| held.messages);
    Ok(broken(
        before,
        told.as_ref(),
        undelivered,
        &ground.names.function_log_group,
    ))
}

/// The look-up that an alarm caused, or the failure in its place.
fn arrived(runs: &[Run], waited: Duration) -> Option<Link> {
    let seconds = waited.as_secs();
    runs.iter().find_map(|run| match &run.line {
        Line::Report(report) if report.trigger == "alarm" => Some(Link::ok(
            PROBE,
            format!(
                "alarm, topic and function passed it on; the look-up was seen within {seconds} s"
            ),
        )),
        Line::Report(_) => None,
        Line::Failed { kind, message } => Some(Link::ng(
            PROBE,
            format!("the message reached the function, which failed: {kind}: {message}"),
            "mend what is named",
        )),
    })
}

/// Where the chain broke, as far as it can be told.
fn broken(before: &Checkup, told: Option<&Told>, undelivered: u64, log: &str) -> Link {
    let waited = format!("no look-up within {} s", PATIENCE.as_secs());
    let how_far = match told {
        None => "the alarm ran no action",
        Some(told) if told.has_failed() => "the alarm could not tell the topic",
        Some(_) => "the alarm told the topic",
    };
    let faults = WAY.iter().filter_map(|name| before.link(name));
    let mut faults = faults.filter(|link| link.result == Verdict::Ng);
    if let Some(fault) = faults.next() {
        let mend = fault.mend.clone().unwrap_or_else(|| SETUP.to_owned());
        let detail = format!(
            "{waited}: {how_far}; it broke at `{}`: {}",
            fault.link, fault.detail
        );
        return Link::ng(PROBE, detail, mend);
    }
    if undelivered > 0 {
        return Link::ng(
            PROBE,
            format!(
                "{waited}: {how_far}, and {undelivered} messages could not be delivered to the function"
            ),
            "read one from the queue of undelivered messages: its attributes say why",
        );
    }
    Link::ng(
        PROBE,
        format!("{waited}: {how_far}, and no link looks broken"),
        format!(
            "look for the invocation in the function's metrics, and for its end in the log group `{log}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::order::LINKS;

    fn told(summary: &str) -> Told {
        Told {
            at: DateTime::UNIX_EPOCH,
            summary: summary.to_owned(),
        }
    }

    #[test]
    fn the_break_is_named_by_the_first_broken_link_on_the_way() {
        let checkup = |broken: &[&str]| Checkup {
            links: LINKS
                .iter()
                .map(|name| {
                    if broken.contains(name) {
                        Link::ng(name, "gone", format!("mend {name}"))
                    } else {
                        Link::ok(name, "fine")
                    }
                })
                .collect(),
        };
        let done = told("Successfully executed action t");
        let link = broken(&checkup(&[FUNCTION, SUBSCRIPTION]), Some(&done), 0, "/l");
        assert_eq!(link.mend.unwrap(), "mend subscription");
        assert!(
            link.detail
                .contains("the alarm told the topic; it broke at `subscription`")
        );
        let link = broken(&checkup(&["delivery"]), Some(&done), 2, "/l");
        assert!(link.detail.contains("2 messages could not be delivered"));
        let link = broken(
            &checkup(&[]),
            Some(&told("Failed to execute action t")),
            0,
            "/l",
        );
        assert!(
            link.detail.contains("could not tell the topic"),
            "{}",
            link.detail
        );
        let link = broken(&checkup(&[]), None, 0, "/l");
        assert!(link.detail.contains("ran no action") && link.mend.unwrap().contains("`/l`"));
    }
}
