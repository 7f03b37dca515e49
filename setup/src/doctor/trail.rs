//! From CloudTrail to the log group: the trail, its role, its deliveries and its files.

use chrono::{DateTime, TimeDelta, Utc};

use super::ground::Ground;
use super::link::{Link, SETUP};
use super::order::{DELIVERY, FILES, TRAIL, TRAIL_ROLE};
use super::resources::{Inspected, judge};
use super::time::{ago, ours, span};
use crate::error::{Called, Result};

/// What a trail says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Status {
    /// When it last delivered to the log group.
    delivered: Option<DateTime<Utc>>,
    /// Why the last delivery to the log group failed, if it did.
    error: Option<String>,
    /// Why its files, or their digests, were not written the last time.
    files_error: Option<String>,
}

pub(super) async fn links(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    let Ground {
        trail, config, now, ..
    } = ground;
    let status = read(ground).await;
    let look_back = TimeDelta::from_std(config.look_back).unwrap_or(TimeDelta::MAX);
    let by_name = format!("`{}`", trail.name);
    let itself = match (&ground.no_trail, judge(TRAIL, found)) {
        (Some(link), _) => link.clone(),
        (None, Some(link)) if !link.is_ok() => link,
        (None, Some(_)) => Link::ok(TRAIL, format!("{by_name}, of ecroll's own, is logging")),
        (None, None) => Link::ok(
            TRAIL,
            format!("{by_name}, reused, is logging and takes pushes"),
        ),
    };
    let own_files = judge(FILES, found);
    let mut links = vec![itself, delivery(&status, look_back, *now)];
    links.extend(judge(TRAIL_ROLE, found));
    links.extend(own_files.map(|files| files_of(files, &status)));
    links
}

async fn read(ground: &Ground<'_>) -> Result<Option<Status>> {
    let trail = &ground.trail;
    // By ARN: a name would not find a trail of the organization.
    let call = ground
        .clients
        .cloudtrail
        .get_trail_status()
        .name(&trail.arn);
    let call = call.send().await;
    let absent = ["TrailNotFoundException"];
    let found = call.found("cloudtrail:GetTrailStatus", &trail.name, &absent)?;
    let text = |error: Option<&str>| {
        let error = error.filter(|error| !error.is_empty());
        error.map(ToOwned::to_owned)
    };
    Ok(found.map(|found| Status {
        delivered: found.latest_cloud_watch_logs_delivery_time().map(ours),
        error: text(found.latest_cloud_watch_logs_delivery_error()),
        files_error: text(found.latest_delivery_error())
            .or_else(|| text(found.latest_digest_delivery_error())),
    }))
}

fn delivery(status: &Result<Option<Status>>, look_back: TimeDelta, now: DateTime<Utc>) -> Link {
    let status = match status {
        Err(error) => return Link::refused(DELIVERY, error),
        Ok(None) => return Link::skip(DELIVERY, "there is no trail to deliver"),
        Ok(Some(status)) => status,
    };
    if let Some(error) = &status.error {
        let detail = format!("the last delivery to the log group failed: {error}");
        let mend = "mend what CloudTrail names, its role or the log group (`ecroll setup` mends its own); the next \
                    record is tried again";
        return Link::ng(DELIVERY, detail, mend);
    }
    let Some(delivered) = status.delivered else {
        let detail =
            "nothing was delivered to the log group so far: a record takes up to 15 minutes";
        return Link::skip(DELIVERY, detail);
    };
    let link = Link::ok(DELIVERY, format!("the last was {}", ago(delivered, now)));
    if now - delivered <= look_back {
        return link;
    }
    // An account in which nobody writes anything for so long is as likely.
    let silence = span(now - delivered);
    link.and(&format!("longer than `look_back`, {}", span(look_back)))
        .hint(format!(
            "if anything was changed in the account for {silence}, look at the trail; pushes from before the last \
             {} are found with {} only",
            span(look_back),
            look_further(now - delivered),
        ))
}

/// How to look further back than look-ups do by themselves.
pub(super) fn look_further(silence: TimeDelta) -> String {
    format!(
        "`aws lambda invoke` and the payload {{\"look_back\": \"{}h\"}}",
        silence.num_hours() + 1
    )
}

/// The pipeline needs no files, but a trail that cannot write them is charged for.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
fn files_of(bucket: Link, status: &Result<Option<Status>>) -> Link {
    let error = status.as_ref().ok().and_then(Option::as_ref);
    let error = error.and_then(|status| status.files_error.clone());
    match error {
        Some(error) if bucket.is_ok() => Link::ng(
            FILES,
            format!("the trail could not write its files the last time: {error}"),
            format!(
                "{SETUP}; if the bucket is as it should be, look for a denial above the account"
            ),
        ),
        _ => bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    fn told(status: Status) -> Link {
        delivery(&Ok(Some(status)), TimeDelta::hours(24), at("12:00:00"))
    }

    #[test]
    fn a_delivery_error_is_a_fault_and_no_delivery_yet_is_none() {
        let failed = told(Status {
            error: Some("AccessDenied".to_owned()),
            delivered: Some(at("11:00:00")),
            ..Status::default()
        });
        assert_eq!(failed.result, Verdict::Ng);
        assert!(failed.detail.ends_with(": AccessDenied"));
        assert_eq!(told(Status::default()).result, Verdict::Skip);
        assert_eq!(
            delivery(&Ok(None), TimeDelta::hours(1), at("12:00:00")).result,
            Verdict::Skip
        );
    }

    #[test]
    fn rule_01_an_outage_beyond_look_back_is_told_with_the_way_to_look_further() {
        let recent = told(Status {
            delivered: Some(at("11:00:00")),
            ..Status::default()
        });
        assert_eq!((recent.result, recent.mend), (Verdict::Ok, None));
        let long_ago = told(Status {
            delivered: Some(at("11:00:00") - TimeDelta::days(3)),
            ..Status::default()
        });
        assert_eq!(long_ago.result, Verdict::Ok);
        let mend = long_ago.mend.unwrap();
        assert!(mend.contains(r#"{"look_back": "74h"}"#), "{mend}");
    }

    #[test]
    fn files_that_could_not_be_written_are_a_fault_of_a_bucket_that_is_sound() {
        let status = Ok(Some(Status {
            files_error: Some("NoSuchBucket".to_owned()),
            ..Status::default()
        }));
        let link = files_of(Link::ok(FILES, "as setup made it"), &status);
        assert_eq!(link.result, Verdict::Ng);
        let gone = files_of(Link::missing(FILES, "bucket gone"), &status);
        assert_eq!(gone.detail, "bucket gone");
        assert!(files_of(Link::ok(FILES, "fine"), &Ok(Some(Status::default()))).is_ok());
    }
}
