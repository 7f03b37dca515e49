//! Rule 6, never stuck: a roll that cannot proceed is refused with the smallest change that would let it; no other is.

use super::reports::Decision;
use super::roll::Roll;
use super::services::Service;
use super::{Model, Moment};

impl Model {
    /// A deployment that ecroll begins can move.
    ///
    /// Excuse: a person changed count or percentages after the handler had read the service for the last time.
    pub(super) fn check_movable(&mut self, roll: &Roll, moment: Moment<'_>) {
        let service = &roll.service;
        if service.can_move(service.minimum, service.maximum) || is_unseen(service) {
            return;
        }
        let what = format!(
            "{} was rolled although with {} tasks, {} % minimum and {} % maximum none may start or stop",
            roll.name(),
            service.desired,
            service.minimum,
            service.maximum
        );
        self.say(6, moment.at, what);
    }

    /// A refusal for the percentages is right and names the smallest changes; a service that cannot move is not told
    /// anything else about a push that would roll.
    ///
    /// Excuses: as above; a forced deployment of what names a digest, which would bring nothing whatever could move; stale answers while something goes wrong on purpose (`calm`); a DAEMON service, of which the rule
    /// does not speak; a service that follows by its name, which may be refused for want of an image to change; percentages
    /// that ECS would not take (100/100).
    pub(super) fn check_refusal(&mut self, decision: &Decision, calm: bool, moment: Moment<'_>) {
        let Some(service) = self.services.get(&decision.key) else {
            return;
        };
        let nothing_new = service.asked.force && decision.reason.contains("names a digest");
        let other = service.daemon || service.asked.name_prefix || nothing_new;
        if decision.outcome != "refused" || other || !calm || is_unseen(service) {
            return;
        }
        let reason = &decision.reason;
        let name = format!("{}/{}", decision.key.0, decision.key.1);
        let minimum = service.asked.minimum.unwrap_or(service.minimum);
        let maximum = service.asked.maximum.unwrap_or(service.maximum);
        if service.is_feasible() {
            let about_percentages = reason.contains("percent") || reason.contains('%');
            let not_sent = (minimum, maximum) == (100, 100);
            if about_percentages && !not_sent {
                let what = format!(
                    "{name} was refused ({reason}), but with {} tasks, {minimum} % and {maximum} % one may start or stop",
                    service.desired
                );
                self.say(6, moment.at, what);
            }
            return;
        }
        let (least, most) = repair(service.desired);
        let numbers: Vec<&str> = reason
            .split(|c: char| !c.is_ascii_digit())
            .filter(|number| !number.is_empty())
            .collect();
        let named = |number: u32| numbers.contains(&&*number.to_string());
        if !named(least) || !named(most) {
            let what = format!(
                "{name} was refused without the smallest change, maximum {least} or minimum {most}: {reason}"
            );
            self.say(6, moment.at, what);
        }
    }
}

/// The smallest maximum that lets one task more start, and the largest minimum that lets one stop.
///
/// floor(desired × maximum / 100) ≥ desired + 1, and ceil(desired × minimum / 100) ≤ desired - 1.
fn repair(desired: u32) -> (u32, u32) {
    let desired = desired.max(1);
    (
        (desired + 1).saturating_mul(100).div_ceil(desired),
        (desired - 1) * 100 / desired,
    )
}

fn is_unseen(service: &Service) -> bool {
    let changed = service.changed_at;
    changed.is_some_and(|at| service.read_at.is_none_or(|read| at > read))
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn the_smallest_repair_lets_one_task_move_and_anything_smaller_does_not() {
        for desired in 1..300 {
            let (maximum, minimum) = repair(desired);
            assert!(desired * maximum / 100 > desired, "{desired}");
            assert!(desired * (maximum - 1) / 100 <= desired, "{desired}");
            assert!((desired * minimum).div_ceil(100) < desired, "{desired}");
            assert!(
                (desired * (minimum + 1)).div_ceil(100) >= desired,
                "{desired}"
            );
        }
    }
}
