//! The function: what setup set, and whether Lambda can start it.

use aws_sdk_lambda::types::{LastUpdateStatus, State};
use futures_util::join;

use super::ground::Ground;
use super::link::{Link, SETUP};
use super::look_ups;
use super::order::FUNCTION;
use super::resources::{Inspected, judge};
use crate::error::{Called, Result};

/// How Lambda says the function is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shape {
    /// `Active`, `Pending`, `Inactive`, `Failed`; and why, where it is not the first.
    state: Option<State>,
    why: String,
    /// How its last update ended, and why.
    update: Option<LastUpdateStatus>,
    why_update: String,
}

pub(super) async fn links(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    let (shape, look_ups) = join!(Box::pin(shape(ground)), Box::pin(look_ups::link(ground)));
    let base = judge(FUNCTION, found);
    let base = base.unwrap_or_else(|| Link::skip(FUNCTION, "not wanted"));
    vec![judged(base, &shape), look_ups]
}

async fn shape(ground: &Ground<'_>) -> Result<Option<Shape>> {
    let name = &ground.names.base;
    let call = ground.clients.lambda.get_function().function_name(name);
    let found = call.send().await;
    let found = found.found("lambda:GetFunction", name, &["ResourceNotFoundException"])?;
    let configuration = found.and_then(|found| found.configuration);
    let text = |text: Option<String>| text.unwrap_or_default();
    Ok(configuration.map(|found| Shape {
        state: found.state,
        why: text(found.state_reason),
        update: found.last_update_status,
        why_update: text(found.last_update_status_reason),
    }))
}

fn judged(base: Link, shape: &Result<Option<Shape>>) -> Link {
    if !base.is_ok() {
        return base;
    }
    let shape = match shape {
        Err(error) => return Link::refused(FUNCTION, error),
        Ok(None) => return base,
        Ok(Some(shape)) => shape,
    };
    match (&shape.state, &shape.update) {
        (Some(State::Failed), _) => Link::ng(
            FUNCTION,
            format!("Lambda cannot start it: {}", shape.why),
            format!("mend what Lambda names, then {SETUP}"),
        ),
        (_, Some(LastUpdateStatus::Failed)) => Link::ng(
            FUNCTION,
            format!("its last update failed: {}", shape.why_update),
            format!("mend what Lambda names, then {SETUP}"),
        ),
        (Some(State::Pending), _) => Link::skip(FUNCTION, "Lambda is still making it"),
        (_, Some(LastUpdateStatus::InProgress)) => {
            Link::skip(FUNCTION, "Lambda is still updating it")
        }
        // The next event wakes it.
        (Some(State::Inactive), _) => base.and("asleep, as nobody called it for long"),
        _ => base.and("active"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_state_is_told_with_its_reason() {
        let told = |state: State, update: LastUpdateStatus| {
            let shape = Shape {
                state: Some(state),
                why: "the role is gone".to_owned(),
                update: Some(update),
                why_update: "the image is gone".to_owned(),
            };
            judged(Link::ok(FUNCTION, "as setup made it"), &Ok(Some(shape)))
        };
        let sound = LastUpdateStatus::Successful;
        assert!(told(State::Active, sound.clone()).is_ok());
        assert!(told(State::Inactive, sound.clone()).is_ok());
        let failed = told(State::Failed, sound.clone());
        assert_eq!(failed.detail, "Lambda cannot start it: the role is gone");
        assert_eq!(told(State::Pending, sound).result, Verdict::Skip);
        let update = told(State::Active, LastUpdateStatus::Failed);
        assert_eq!(update.detail, "its last update failed: the image is gone");
        let under_way = told(State::Active, LastUpdateStatus::InProgress);
        assert_eq!(under_way.result, Verdict::Skip);
        let drifted = Link::ng(FUNCTION, "timeout is 3, should be 900", SETUP);
        assert_eq!(judged(drifted.clone(), &Ok(None)), drifted);
    }
}
