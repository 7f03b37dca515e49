//! What has not been told before.
//!
//! There is no store: a warm function remembers what it told. A function that starts anew assumes that what is older than
//! CloudTrail's delay and two sweeps was told by the one before it. So a message may in rare cases come twice or not at
//! all; the decisions themselves, in the log of every look-up, are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Config;
use crate::deployment::Ended;
use crate::report::{Decision, Outcome, PushLine, Report};

/// How long a push is on its way at worst before a look-up can see it. Source: "CloudTrail typically delivers logs within
/// an average of about 5 minutes", <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(15);

/// Push, place and what became of it.
type Key = (String, String, String);

/// What was told so far, with the time until which it may be seen again.
#[derive(Debug, Default)]
pub(crate) struct Told {
    known: BTreeMap<Key, DateTime<Utc>>,
    warm: bool,
}

/// What a report holds that was not told before.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct News<'r> {
    /// Pushes that were not seen before.
    pub(crate) pushes: Vec<&'r PushLine>,
    /// Decisions, each (push, service, outcome) once.
    pub(crate) decisions: Vec<&'r Decision>,
    /// Deployments that came to their end.
    pub(crate) ended: Vec<&'r Ended>,
}

impl Told {
    /// Picks what is new in a report and remembers it.
    pub(crate) fn of<'r>(
        &mut self,
        report: &'r Report,
        config: &Config,
        now: DateTime<Utc>,
    ) -> News<'r> {
        let reach = TimeDelta::from_std(config.look_back).unwrap_or(TimeDelta::days(30));
        let horizon = now - reach.max(TimeDelta::days(1)) * 2;
        self.known.retain(|_, seen| *seen > horizon);
        let settled = (!self.warm).then(|| now - settling(config));
        self.warm = true;

        let pushed: BTreeMap<&str, DateTime<Utc>> = report
            .pushes
            .iter()
            .map(|push| (push.event_id.as_str(), push.pushed_at))
            .collect();
        let old = |push: &str| match (settled, pushed.get(push)) {
            (Some(settled), Some(at)) => *at < settled,
            _ => false,
        };
        let mut news = News::default();
        for push in &report.pushes {
            let key = (push.event_id.clone(), String::new(), String::new());
            if self.add(key, now) && !old(&push.event_id) {
                news.pushes.push(push);
            }
        }
        for decision in &report.decisions {
            let place = format!("{}/{}", decision.cluster, decision.service);
            let key = (decision.push.clone(), place, decision.outcome.to_string());
            // A roll is new by itself: nothing is rolled twice.
            let new = self.add(key, now) && !old(&decision.push);
            if new || decision.outcome == Outcome::Rolled {
                news.decisions.push(decision);
            }
        }
        for ended in &report.ended {
            let place = format!("{}/{}", ended.cluster, ended.service);
            let key = (ended.push.clone(), place, ended.state.to_string());
            if self.add(key, now) {
                news.ended.push(ended);
            }
        }
        news
    }

    /// Lets everything about a push be news again.
    pub(crate) fn forget(&mut self, push: &str) {
        self.known.retain(|(of, ..), _| of != push);
    }

    /// Whether it was not known before.
    fn add(&mut self, key: Key, now: DateTime<Utc>) -> bool {
        self.known.insert(key, now).is_none()
    }
}

/// The age at which a push has surely been seen by a look-up.
fn settling(config: &Config) -> TimeDelta {
    let sweep = config.sweep.unwrap_or(Duration::from_mins(5));
    ON_ITS_WAY + TimeDelta::from_std(sweep * 2).unwrap_or(TimeDelta::hours(1))
}

/// The pushes that the decisions speak of, in the order of the report.
pub(super) fn pushes_of<'r>(news: &News<'r>) -> Vec<&'r str> {
    let mut seen = BTreeSet::new();
    let decisions = news.decisions.iter().map(|decision| decision.push.as_str());
    let ended = news.ended.iter().map(|ended| ended.push.as_str());
    decisions
        .chain(ended)
        .filter(|push| seen.insert(*push))
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{News, Told};
    use crate::config::Config;
    use crate::report::{Outcome, Report};
    use crate::telling::message::tests::{decision, push, report};

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn outcomes(news: &News<'_>) -> Vec<(String, Outcome)> {
        let line = |d: &&crate::report::Decision| (d.service.clone(), d.outcome);
        news.decisions.iter().map(line).collect()
    }

    #[test]
    fn each_push_service_and_outcome_is_news_once() {
        let (mut told, config) = (Told::default(), Config::default());
        let mut one: Report = report(
            vec![push("p1", at(0))],
            vec![
                decision("p1", "web", Outcome::Failed),
                decision("p1", "api", Outcome::Rolled),
            ],
        );
        let news = told.of(&one, &config, at(6));
        assert_eq!((news.pushes.len(), news.decisions.len()), (1, 2));
        one.decisions.truncate(1);
        assert_eq!(told.of(&one, &config, at(11)), News::default());
        one.decisions[0].outcome = Outcome::Rolled;
        let news = told.of(&one, &config, at(16));
        assert_eq!(outcomes(&news), [("web".to_owned(), Outcome::Rolled)]);
        assert!(news.pushes.is_empty());
    }

    #[test]
    fn a_cold_start_does_not_repeat_what_is_old_except_rolls() {
        let config = Config::default();
        let both = report(
            vec![push("old", at(0)), push("new", at(90))],
            vec![
                decision("old", "web", Outcome::Refused),
                decision("old", "api", Outcome::Rolled),
                decision("new", "web", Outcome::Refused),
            ],
        );
        let mut told = Told::default();
        let news = told.of(&both, &config, at(100));
        let expected = [
            ("api".to_owned(), Outcome::Rolled),
            ("web".to_owned(), Outcome::Refused),
        ];
        assert_eq!(outcomes(&news), expected);
        assert_eq!(news.decisions[1].push, "new");
        // Warm now: what changes is told however old the push is.
        let mut later = both.clone();
        later.decisions[0].outcome = Outcome::Held;
        let news = told.of(&later, &config, at(105));
        assert!(outcomes(&news).contains(&("web".to_owned(), Outcome::Held)));
    }

    #[test]
    fn what_could_not_be_told_is_news_again_and_memory_does_not_grow_for_ever() {
        let (mut told, config) = (Told::default(), Config::default());
        let one = report(
            vec![push("p1", at(0))],
            vec![decision("p1", "web", Outcome::Held)],
        );
        let _ = told.of(&one, &config, at(6));
        told.forget("p1");
        assert_eq!(told.of(&one, &config, at(11)).decisions.len(), 1);
        let _ = told.of(&report(vec![], vec![]), &config, at(60 * 24 * 3));
        assert!(told.known.is_empty());
    }
}
