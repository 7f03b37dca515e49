//! How many calls a second the services take, ECS excepted, which has buckets of its own: see [`crate::ecs`].
//!
//! Sources: "CloudWatch Logs quotas" in the Logs user guide (`FilterLogEvents` is not adjustable, `PutMetricFilter` is five a
//! second). How much may come at once is not documented: what a second allows.

use chrono::{DateTime, Utc};

use crate::options::Options;

/// Tokens are counted in thousandths, so that a millisecond refills a whole number of them.
const TOKEN: i64 = 1_000;

/// The limits of one account and Region, and what is left of each.
#[derive(Debug)]
pub(crate) struct Rates(Vec<Limit>);

#[derive(Debug)]
struct Limit {
    service: String,
    /// `None`: all operations of the service share it.
    operation: Option<String>,
    per_second: i64,
    level: i64,
    at: DateTime<Utc>,
}

impl Rates {
    /// AWS's figures for the Region, with those of the options in their place or beside them.
    pub(crate) fn new(options: &Options) -> Self {
        let mut named = vec![
            ("logs:FilterLogEvents", filter_log_events(&options.region)),
            ("logs:PutMetricFilter", 5),
        ];
        named.retain(|(name, _)| !options.rates.iter().any(|(other, _)| other == name));
        named.extend(options.rates.iter().map(|(name, rate)| (*name, *rate)));
        let limit = |(name, rate): (&str, u32)| {
            let (service, operation) = name.split_once(':')?;
            let operation = (operation != "*").then(|| operation.to_owned());
            let per_second = i64::from(rate);
            (rate > 0).then(|| Limit {
                service: service.to_owned(),
                operation,
                per_second,
                level: per_second * TOKEN,
                at: DateTime::UNIX_EPOCH,
            })
        };
        Self(named.into_iter().filter_map(limit).collect())
    }

    /// Takes a call, if every limit that it falls under has something left.
    pub(crate) fn take(&mut self, service: &str, operation: &str, now: DateTime<Utc>) -> bool {
        let falls_under = |limit: &&mut Limit| {
            let named = limit.operation.as_deref();
            limit.service == service && named.is_none_or(|named| named == operation)
        };
        let mut limits: Vec<&mut Limit> = self.0.iter_mut().filter(falls_under).collect();
        for limit in &mut limits {
            let millis = (now - limit.at).num_milliseconds().max(0);
            let more = millis.saturating_mul(limit.per_second);
            let full = limit.per_second * TOKEN;
            limit.level = limit.level.saturating_add(more).min(full);
            limit.at = limit.at.max(now);
        }
        let left = limits.iter().all(|limit| limit.level >= TOKEN);
        for limit in limits.iter_mut().filter(|_| left) {
            limit.level -= TOKEN;
        }
        left
    }
}

/// Five in several Regions, of which the facts name one; ten elsewhere.
fn filter_log_events(region: &str) -> u32 {
    match region {
        "us-east-1" => 25,
        "eu-central-1" => 5,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rates: &mut Rates, operation: &str, times: usize, at: DateTime<Utc>) -> usize {
        let one = |_: &usize| rates.take("logs", operation, at);
        (0..times).filter(one).count()
    }

    #[test]
    fn rule_3_8_a_second_allows_what_the_region_allows() {
        for (region, allowed) in [("eu-west-1", 10), ("us-east-1", 25), ("eu-central-1", 5)] {
            let options = Options {
                region: region.to_owned(),
                ..Options::default()
            };
            let mut rates = Rates::new(&options);
            let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
            assert_eq!(taken(&mut rates, "FilterLogEvents", 40, start), allowed);
            let half = start + chrono::TimeDelta::milliseconds(500);
            assert_eq!(taken(&mut rates, "FilterLogEvents", 40, half), allowed / 2);
            assert_eq!(taken(&mut rates, "DescribeLogGroups", 40, half), 40);
        }
    }

    #[test]
    fn options_replace_a_rate_or_limit_a_whole_service() {
        let options = Options {
            rates: vec![("logs:FilterLogEvents", 0), ("logs:*", 2)],
            ..Options::default()
        };
        let mut rates = Rates::new(&options);
        let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(taken(&mut rates, "FilterLogEvents", 1, start), 1);
        assert_eq!(taken(&mut rates, "PutMetricFilter", 9, start), 1);
    }
}
