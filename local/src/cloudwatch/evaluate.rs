//! The rule by which an alarm finds its state: a pure function over the datapoints of its range.
//!
//! Source: "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide.

/// The three states of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// `OK`: fewer than M datapoints breach.
    Ok,
    /// `ALARM`: M or more of them do.
    Alarm,
    /// `INSUFFICIENT_DATA`: a new alarm, or nobody can tell.
    InsufficientData,
}

impl State {
    /// As the API writes it, `OK` for example.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// `TreatMissingData`: what stands in for a missing datapoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `missing`, the default: nothing; without any datapoint there is not enough data.
    Unknown,
    /// `ignore`: the state stays as it is.
    Ignore,
    /// `breaching`.
    Breaching,
    /// `notBreaching`.
    NotBreaching,
}

impl Missing {
    /// As the API writes it, `notBreaching` for example.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }

    /// What [`Missing::name`] writes.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Unknown,
            Self::Ignore,
            Self::Breaching,
            Self::NotBreaching,
        ]
        .into_iter()
        .find(|missing| missing.name() == name)
    }
}

/// M of N, and what to do about gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `DatapointsToAlarm`, 1 to N.
    pub m: usize,
    /// `EvaluationPeriods`.
    pub n: usize,
    /// `TreatMissingData`.
    pub missing: Missing,
}

/// The state that follows from `range`: for each period, newest first, whether it breaches, or
/// nothing where there is no datapoint. The range is longer than N by a number that AWS keeps to
/// itself.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
#[must_use]
pub fn evaluate(rule: Rule, range: &[Option<bool>], current: State) -> State {
    let real: Vec<bool> = range.iter().copied().flatten().collect();
    let breaching = |datapoints: &[bool]| datapoints.iter().filter(|breaches| **breaches).count();

    // Enough datapoints: the most recent N decide, however the gaps lie between them.
    if let Some(recent) = real.get(..rule.n) {
        return if breaching(recent) >= rule.m {
            State::Alarm
        } else {
            State::Ok
        };
    }
    if real.is_empty() {
        return match rule.missing {
            Missing::Unknown => State::InsufficientData,
            Missing::Ignore => current,
            Missing::Breaching => State::Alarm,
            Missing::NotBreaching => State::Ok,
        };
    }

    // Too few: all of them count, and as few gaps as possible are filled.
    let filled = rule.n - real.len();
    let breaches = breaching(&real);
    if breaches >= rule.m {
        return State::Alarm;
    }
    match rule.missing {
        Missing::Breaching if breaches + filled >= rule.m => State::Alarm,
        Missing::Breaching | Missing::NotBreaching => State::Ok,
        _ if breaches < real.len() => State::Ok,
        // Nothing but breaching datapoints, and fewer than M of them.
        Missing::Ignore => current,
        Missing::Unknown if oldest_breach(range) >= rule.m => State::Alarm,
        Missing::Unknown => State::InsufficientData,
    }
}

/// How many periods ago the oldest breaching datapoint is; the newest period counts 1.
fn oldest_breach(range: &[Option<bool>]) -> usize {
    range
        .iter()
        .rposition(|datapoint| *datapoint == Some(true))
        .map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Missing; 4] = [
        Missing::Unknown,
        Missing::Ignore,
        Missing::Breaching,
        Missing::NotBreaching,
    ];

    /// A range as the user guide writes it: oldest first, `X` breaches, `0` does not, `-` is missing.
    fn range(text: &str) -> Vec<Option<bool>> {
        let datapoint = |sign| match sign {
            'X' => Some(true),
            '0' => Some(false),
            _ => None,
        };
        text.chars()
            .filter(|sign| *sign != ' ')
            .map(datapoint)
            .rev()
            .collect()
    }

    /// Expects the four states for `missing`, `ignore`, `breaching`, `notBreaching`; `=` retains.
    #[track_caller]
    fn check(m: usize, n: usize, text: &str, states: [&str; 4]) {
        for current in [State::Ok, State::Alarm, State::InsufficientData] {
            for (missing, expected) in ALL.into_iter().zip(states) {
                let found = evaluate(Rule { m, n, missing }, &range(text), current);
                let expected = if expected == "=" {
                    current.name()
                } else {
                    expected
                };
                assert_eq!(found.name(), expected, "{m} of {n}, {text}, {missing:?}");
            }
        }
    }

    const OK: &str = "OK";
    const ALARM: &str = "ALARM";
    const NONE: &str = "INSUFFICIENT_DATA";

    #[test]
    fn the_user_guides_table_for_three_of_three() {
        check(3, 3, "0 - X - X", [OK, OK, OK, OK]);
        check(3, 3, "0 - - - -", [OK, OK, OK, OK]);
        check(3, 3, "- - - - -", [NONE, "=", ALARM, OK]);
        check(3, 3, "0 X X - X", [ALARM, ALARM, ALARM, ALARM]);
        check(3, 3, "- - X - -", [ALARM, "=", ALARM, OK]);
    }

    #[test]
    fn the_user_guides_table_for_two_of_three() {
        check(2, 3, "0 - X - X", [ALARM, ALARM, ALARM, ALARM]);
        check(2, 3, "0 0 X 0 X", [ALARM, ALARM, ALARM, ALARM]);
        check(2, 3, "0 - X - -", [OK, OK, ALARM, OK]);
        check(2, 3, "- - - - 0", [OK, OK, ALARM, OK]);
        check(2, 3, "- - - X -", [ALARM, "=", ALARM, OK]);
    }

    #[test]
    fn rule_4_1_3_enough_datapoints_make_the_setting_irrelevant() {
        for text in ["X - - - -", "- X - - - - ", "- - X"] {
            check(1, 1, text, [ALARM, ALARM, ALARM, ALARM]);
        }
        check(1, 5, "- 0 0 0 0 0 -", [OK, OK, OK, OK]);
    }

    #[test]
    fn rule_4_1_4_one_lone_breach_holds_the_alarm_and_a_later_zero_hides_it() {
        check(1, 1, "X - -", [ALARM, ALARM, ALARM, ALARM]);
        check(1, 1, "X 0 -", [OK, OK, OK, OK]);
        check(1, 5, "X 0 - 0 0 - -", [ALARM, ALARM, ALARM, ALARM]);
    }

    #[test]
    fn rule_4_1_5_a_young_breach_alone_does_not_alarm_prematurely() {
        check(3, 3, "- - - - X", [NONE, "=", ALARM, OK]);
        check(3, 3, "- - - X -", [NONE, "=", ALARM, OK]);
    }
}
