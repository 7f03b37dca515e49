//! What is asked about a service's past, and from when on.

use serde_json::json;

use super::builders::{Scene, at};
use crate::plan::doubt::SKEW;
use crate::plan::{Doubt, Plan};

fn doubt(minute: i64, for_waves: bool) -> Doubt {
    let service = super::builders::service("web", 1);
    Doubt {
        for_waves,
        ..Doubt::of(&service, at(minute))
    }
}

#[test]
fn a_service_is_asked_about_once_from_the_earliest_doubt_on() {
    let mut plan = Plan::default();
    plan.doubt_all(vec![doubt(5, true), doubt(3, true), doubt(9, true)]);
    assert_eq!(plan.doubts, [doubt(3, true)]);
    // It is not for the later waves alone, when anything else wants to know.
    plan.doubt(doubt(7, false));
    assert_eq!(plan.doubts, [doubt(3, false)]);
    plan.doubt(doubt(7, true));
    assert_eq!(plan.doubts, [doubt(3, false)]);
}

#[test]
fn what_became_of_older_pushes_is_asked_of_those_alone_that_others_wait_for() {
    let since = |wave: &str| {
        let scene = Scene::new(&["web:seed"])
            .configured(&json!({"waves": [{"services": [wave]}]}))
            .pushed("web:v1", "d1", 0)
            .pushed("web:v2", "d2", 9)
            .pushed("api:v1", "d3", -50);
        let mut plan = Plan::default();
        plan.doubt(doubt(5, false));
        plan.reach_back(&scene.pushes(), &scene.inventory, &scene.config);
        plan.doubts[0].since
    };
    assert_eq!(since("web"), at(0) - SKEW);
    assert_eq!(since("canary"), at(5));
}
