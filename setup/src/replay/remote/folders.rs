//! Which folders of a trail's bucket can hold records of a window: CloudTrail files them by the day of their delivery,
//! `AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};

use super::Window;

/// A record may be delivered so long after its event: what is later says so in the record, and is rare.
const LATE: TimeDelta = TimeDelta::hours(24);
/// Folders beside the records: digests, and what Insights found.
const OTHERS: &str = "CloudTrail-";

/// Whether a folder, its key with the `/` at the end, can hold records of a window. One whose name says nothing can.
pub(super) fn may_hold(folder: &str, window: Window) -> bool {
    let parts: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
    if parts.last().is_some_and(|last| last.starts_with(OTHERS)) {
        return false;
    }
    // Beside CloudTrail's folder of an account are those of other services.
    if let [.., account, service] = parts.as_slice()
        && parts.contains(&"AWSLogs")
        && is_account(account)
        && *service != "CloudTrail"
    {
        return false;
    }
    let Some(place) = parts.iter().rposition(|part| *part == "CloudTrail") else {
        return true;
    };
    // Behind it come the Region and the date.
    let date = parts.get(place + 2..).unwrap_or_default();
    let Some((first, past)) = days(date) else {
        return true;
    };
    let starts = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
    let late: DateTime<Utc> = window.until + LATE;
    starts(first) < late && starts(past) > window.from
}

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first day that a year, a month or a day means, and the first one behind it.
fn days(date: &[&str]) -> Option<(NaiveDate, NaiveDate)> {
    if date.first()?.len() != 4 {
        return None;
    }
    let number = |index: usize| date.get(index).map(|part| part.parse::<u32>().ok());
    let year = i32::try_from(number(0)??).ok()?;
    match (number(1), number(2)) {
        (None, _) => Some((
            NaiveDate::from_ymd_opt(year, 1, 1)?,
            NaiveDate::from_ymd_opt(year + 1, 1, 1)?,
        )),
        (Some(month), None) => {
            let first = NaiveDate::from_ymd_opt(year, month?, 1)?;
            Some((first, first.checked_add_months(Months::new(1))?))
        }
        (Some(month), Some(day)) => {
            let first = NaiveDate::from_ymd_opt(year, month?, day?)?;
            Some((first, first.checked_add_days(Days::new(1))?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::may_hold;
    use crate::replay::remote::Window;

    #[test]
    fn only_folders_of_the_days_in_question_are_looked_into() {
        let window = Window {
            from: "2026-02-27T12:00:00Z".parse().unwrap(),
            until: "2026-03-01T06:00:00Z".parse().unwrap(),
        };
        let of = |date: &str| may_hold(&format!("AWSLogs/1/CloudTrail/eu-west-1/{date}"), window);
        for may in [
            "",
            "2026/",
            "2026/02/",
            "2026/03/",
            "2026/02/27/",
            "2026/03/01/",
            "2026/03/02/",
            "notes/",
            "2026/03/x/",
        ] {
            assert!(of(may), "{may}");
        }
        for may_not in [
            "2025/",
            "2027/",
            "2026/01/",
            "2026/04/",
            "2026/02/26/",
            "2026/03/03/",
            "2026/03/31/",
        ] {
            assert!(!of(may_not), "{may_not}");
        }
        assert!(may_hold("AWSLogs/", window) && may_hold("AWSLogs/o-1/1/CloudTrail/", window));
        let own = "AWSLogs/o-1/111122223333";
        assert!(may_hold(&format!("{own}/CloudTrail/"), window));
        for other in [
            "CloudTrail-Digest",
            "CloudTrail-NetworkActivity",
            "Config",
            "vpcflowlogs",
        ] {
            assert!(!may_hold(&format!("{own}/{other}/"), window), "{other}");
        }
        assert!(
            may_hold("CloudTrail/eu-west-1/000000000000/", window),
            "no year"
        );
    }
}
