//! What the revisions beside a family's newest ACTIVE one tell, right before another is registered: what somebody registered
//! or deregistered is a choice, and stays until the next push.

use super::is_gone;
use crate::ecs;
use crate::error::AwsError;
use crate::inventory::Definition;
use crate::plan::{Roll, registered};
use crate::scheduled::family;
use crate::site::Access;

/// So many revisions are looked at in each direction.
const FAR: u64 = 10;

/// Why the family is not to get a revision after all, and whether the next look-up is to decide again.
pub(super) async fn obstacle(
    at: Access<'_>,
    base: &Definition,
    roll: &Roll,
) -> Result<Option<(String, bool)>, AwsError> {
    let (arn, Some(number)) = family(&base.arn) else {
        return Ok(None);
    };
    for number in number + 1..=number + FAR {
        let Some(above) = read(at, arn, number).await? else {
            break;
        };
        if above.raw.get("status").and_then(|s| s.as_str()) == Some("ACTIVE") {
            let reason = "another revision was registered meanwhile; the next look-up decides";
            return Ok(Some((reason.to_owned(), true)));
        }
        // Its number is not used again.
        if is_of_or_after(&above, roll) {
            let reason = format!(
                "revision {number} was made for this push or after it, and somebody deregistered it: left so until the \
                 next push"
            );
            return Ok(Some((reason, false)));
        }
    }
    if !is_stamped(base) {
        return Ok(None);
    }
    // Somebody may have registered an older revision again, ecroll's tags included; or one of his own, before ecroll's for
    // another repository.
    for number in lower(number) {
        let Some(below) = read(at, arn, number).await? else {
            break;
        };
        if is_for(&below, roll) {
            let reason = format!(
                "revision {number} was made for this push, and somebody registered an older one again: left so until the \
                 next push"
            );
            return Ok(Some((reason, false)));
        }
        if !is_stamped(&below) {
            let chosen = is_after(&below, roll).then(|| {
                format!(
                    "somebody registered revision {number} after this push: whoever did so chose its image"
                )
            });
            return Ok(chosen.map(|reason| (reason, false)));
        }
        if !is_copy(base, &below, roll) {
            break;
        }
    }
    Ok(None)
}

/// The numbers below one that are looked at, the highest first. ECS counts from 1.
fn lower(number: u64) -> impl Iterator<Item = u64> {
    (number.saturating_sub(FAR).max(1)..number).rev()
}

async fn read(at: Access<'_>, family: &str, number: u64) -> Result<Option<Definition>, AwsError> {
    match ecs::describe_task_definition(at, &format!("{family}:{number}")).await {
        Ok(definition) => Ok(Some(definition)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether ecroll made it, or somebody copied it with its tags.
fn is_stamped(definition: &Definition) -> bool {
    let mut repositories = definition.repositories().into_iter();
    repositories.any(|repository| definition.stamp(repository).is_some())
}

/// Whether it bears the stamp of one of the pushes.
fn is_for(definition: &Definition, roll: &Roll) -> bool {
    roll.cargo.iter().any(|cargo| {
        let stamp = definition.stamp(&cargo.repository);
        stamp.is_some_and(|stamp| stamp.digest == cargo.digest && stamp.time >= cargo.pushed.0)
    })
}

/// Whether it was registered after all of the pushes.
fn is_after(definition: &Definition, roll: &Roll) -> bool {
    let after = |at| roll.cargo.iter().all(|cargo| cargo.pushed.0 <= at);
    registered(definition).is_some_and(after)
}

fn is_of_or_after(definition: &Definition, roll: &Roll) -> bool {
    is_for(definition, roll) || is_after(definition, roll)
}

/// Whether the two say the same, or nothing, of what is to be rolled: what lies below may then tell more.
fn is_copy(base: &Definition, below: &Definition, roll: &Roll) -> bool {
    let stamp = |of: &Definition, cargo: &crate::plan::Cargo| {
        of.stamp(&cargo.repository).map(|stamp| stamp.digest)
    };
    let mut cargo = roll.cargo.iter();
    cargo.all(|cargo| stamp(base, cargo) == stamp(below, cargo))
}

#[cfg(test)]
mod tests {
    use super::{FAR, lower};

    #[test]
    fn rule_10_the_walk_down_ends_at_the_first_revision() {
        let down = |from: u64| lower(from).collect::<Vec<_>>();
        assert!(down(1).is_empty());
        assert_eq!(down(3), [2, 1]);
        assert_eq!(down(FAR + 5), (5..FAR + 5).rev().collect::<Vec<_>>());
    }
}
