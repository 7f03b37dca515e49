//! What the handler may do: its role as setup wrote it, what IAM says to its calls, and the roles that it may pass.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType,
};
use futures_util::future::join_all;
use serde_json::Value;

use super::ground::Ground;
use super::link::{Link, SETUP, allow};
use super::order::{HANDLER_ROLE, PASS_ROLE, SIMULATION};
use super::resources::{Inspected, judge, passed, role_trouble};
use super::simulation::{Simulated, simulated};
use crate::error::{Called, Error, Result};
use crate::policy_document::Document;
use crate::resource::Resource;

pub(super) async fn links(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    let role = judge(HANDLER_ROLE, found);
    let role = role.unwrap_or_else(|| Link::skip(HANDLER_ROLE, "not wanted"));
    let refused = denied(ground).await;
    let pass = match role_trouble(found) {
        Some(link) => link,
        None => pass(&ground.pass_roles, passed(found)),
    };
    vec![role, simulation(&refused), pass]
}

/// What the live role is denied of everything that the code needs, as action and resource.
///
/// The role's own policy is compared besides, so that what is left to find is a denial: in another policy of the role, in
/// its boundary, in one of the organization. Mere silence counts only where the statement has no conditions, because not
/// every endpoint evaluates these.
async fn denied(ground: &Ground<'_>) -> Result<Vec<(String, String)>> {
    let name = &ground.names.handler_role;
    let policy = ground.resources.iter().find_map(|resource| match resource {
        Resource::Role(role) if role.name == *name => role.policy.clone(),
        _ => None,
    });
    let calls = policy.as_ref().map(simulated).unwrap_or_default();
    let arn = ground.place.role_arn(name);
    let calls = calls
        .iter()
        .map(|call| Box::pin(simulate(ground, &arn, call)));
    let mut denied = Vec::new();
    for refused in join_all(calls).await {
        denied.extend(refused?);
    }
    Ok(denied)
}

async fn simulate(
    ground: &Ground<'_>,
    role: &str,
    call: &Simulated,
) -> Result<Vec<(String, String)>> {
    let request = ground.clients.iam.simulate_principal_policy();
    let context = call.context.iter().map(|(key, values)| {
        let entry = ContextEntry::builder().context_key_name(key);
        let entry = entry.context_key_type(ContextKeyTypeEnum::String);
        entry.set_context_key_values(Some(values.clone())).build()
    });
    let context: Vec<ContextEntry> = context.collect();
    let resources = (!call.resources.is_empty()).then(|| call.resources.clone());
    let request = request
        .policy_source_arn(role)
        .set_action_names(Some(call.actions.clone()))
        .set_resource_arns(resources)
        .set_context_entries((!context.is_empty()).then_some(context));
    let mut results = request.into_paginator().items().send();
    let mut denied = Vec::new();
    while let Some(result) = results.next().await {
        let result = result.called("iam:SimulatePrincipalPolicy", role)?;
        if is_denied(&result, !call.context.is_empty()) {
            let resource = result.eval_resource_name().unwrap_or("*");
            denied.push((result.eval_action_name().to_owned(), resource.to_owned()));
        }
    }
    Ok(denied)
}

fn is_denied(result: &EvaluationResult, conditional: bool) -> bool {
    let organization = result.organizations_decision_detail();
    let boundary = result.permissions_boundary_decision_detail();
    let above = organization.is_some_and(|detail| !detail.allowed_by_organizations())
        || boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary());
    match result.eval_decision() {
        PolicyEvaluationDecisionType::Allowed => false,
        PolicyEvaluationDecisionType::ImplicitDeny => above || !conditional,
        _ => true,
    }
}

fn simulation(denied: &Result<Vec<(String, String)>>) -> Link {
    let denied = match denied {
        // Not everybody may ask, and the role itself is compared besides.
        Err(Error::Refused(refusal)) if refusal.is_denied() => {
            let link = Link::skip(SIMULATION, format!("cannot be asked: {refusal}"));
            return link.hint(allow(refusal.call));
        }
        Err(error) => return Link::refused(SIMULATION, error),
        Ok(denied) => denied,
    };
    let [(action, resource), rest @ ..] = denied.as_slice() else {
        return Link::ok(SIMULATION, "IAM allows everything that the handler does");
    };
    let others: BTreeSet<&str> = rest.iter().map(|(action, _)| action.as_str()).collect();
    let others: Vec<&str> = others.into_iter().filter(|other| other != action).collect();
    let more = match others.as_slice() {
        [] => String::new(),
        others => format!(", nor {}", others.join(", ")),
    };
    Link::ng(
        SIMULATION,
        format!("the handler may not {action} on {resource}{more}"),
        "the role's policy is as setup wrote it: look for a permissions boundary on the role, or a policy of the \
         organization, that denies it",
    )
}

/// `change` is what the role may pass, and what it should, where the two differ.
fn pass(
    wanted: &Result<BTreeSet<String>>,
    change: Option<(Option<String>, Option<String>)>,
) -> Link {
    let wanted = match wanted {
        Err(error) => return Link::refused(PASS_ROLE, error),
        Ok(wanted) => wanted,
    };
    let Some((from, to)) = change else {
        return match wanted.len() {
            0 => Link::ok(PASS_ROLE, "no service that follows has a role to pass"),
            1 => Link::ok(PASS_ROLE, "the one role of the services that follow"),
            roles => Link::ok(
                PASS_ROLE,
                format!("all {roles} roles of the services that follow"),
            ),
        };
    };
    let (now, should) = (roles(from.as_deref()), roles(to.as_deref()));
    let missing: Vec<&str> = should.difference(&now).map(String::as_str).collect();
    match missing.as_slice() {
        // Fewer are needed than may be passed, or the statement is otherwise changed.
        [] if now.is_superset(&should) && to.is_some() && now != should => {
            Link::ok(PASS_ROLE, "more roles than the services that follow have")
        }
        [] if to.is_none() => Link::ok(PASS_ROLE, "roles that no service has any more"),
        [] => Link::ng(PASS_ROLE, "the statement is not as setup wrote it", SETUP),
        missing => Link::ng(
            PASS_ROLE,
            format!(
                "services that follow have roles that the handler may not pass, so their rolls fail: {}",
                missing.join(", ")
            ),
            format!("{SETUP}: it adds the roles of the services of that day"),
        ),
    }
}

/// The resources of a statement.
fn roles(statement: Option<&str>) -> BTreeSet<String> {
    let statement = statement.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(statement) = statement else {
        return BTreeSet::new();
    };
    let document = Document::new(&[statement]);
    let calls = simulated(&document).into_iter();
    calls.flat_map(|call| call.resources).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::PermissionsBoundaryDecisionDetail;
    use serde_json::json;

    use super::*;
    use crate::doctor::Verdict;
    use crate::error::Refusal;

    fn statement(roles: &[&str]) -> String {
        let statement = json!({"Sid": "PassTaskRoles", "Effect": "Allow", "Action": "iam:PassRole",
            "Resource": roles});
        statement.to_string()
    }

    #[test]
    fn a_role_that_may_not_be_passed_is_named() {
        let wanted = || Ok(BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        let told = pass(
            &wanted(),
            Some((Some(statement(&["a"])), Some(statement(&["a", "b"])))),
        );
        assert_eq!(told.result, Verdict::Ng);
        assert!(
            told.detail.ends_with("so their rolls fail: b"),
            "{}",
            told.detail
        );
        let more = pass(
            &wanted(),
            Some((
                Some(statement(&["a", "b", "c"])),
                Some(statement(&["a", "b"])),
            )),
        );
        assert_eq!(more.result, Verdict::Ok);
        let none = pass(&wanted(), Some((None, Some(statement(&["a"])))));
        assert_eq!(none.result, Verdict::Ng);
        let gone = pass(&wanted(), Some((Some(statement(&["a"])), None)));
        assert_eq!(gone.result, Verdict::Ok);
        assert_eq!(
            pass(&wanted(), None).detail,
            "all 2 roles of the services that follow"
        );
    }

    #[test]
    fn silence_on_conditions_is_no_denial_and_a_boundary_is_one() {
        use PolicyEvaluationDecisionType::{Allowed, ExplicitDeny, ImplicitDeny};
        let decided = |decision: PolicyEvaluationDecisionType, boundary: bool| {
            let detail = PermissionsBoundaryDecisionDetail::builder();
            let detail = detail.allowed_by_permissions_boundary(boundary).build();
            let result = EvaluationResult::builder().eval_action_name("ecs:ListServices");
            let result = result.eval_decision(decision);
            let result = result.permissions_boundary_decision_detail(detail);
            let result = result.build().unwrap();
            [is_denied(&result, true), is_denied(&result, false)]
        };
        assert_eq!(decided(Allowed, true), [false, false]);
        assert_eq!(decided(ImplicitDeny, true), [false, true]);
        assert_eq!(decided(ImplicitDeny, false), [true, true]);
        assert_eq!(decided(ExplicitDeny, true), [true, true]);
    }

    #[test]
    fn a_simulation_that_may_not_be_asked_for_is_skipped_with_the_permission() {
        let denied = Err(Error::Refused(Refusal {
            call: "iam:SimulatePrincipalPolicy",
            name: "r".to_owned(),
            code: "AccessDenied".to_owned(),
            message: "no".to_owned(),
        }));
        let link = simulation(&denied);
        assert_eq!(link.result, Verdict::Skip);
        assert!(link.mend.unwrap().contains("iam:SimulatePrincipalPolicy"));
        let pair = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
        let refused = simulation(&Ok(vec![
            pair("a:B", "r"),
            pair("a:B", "s"),
            pair("c:D", "r"),
        ]));
        assert_eq!(refused.detail, "the handler may not a:B on r, nor c:D");
        assert!(simulation(&Ok(Vec::new())).is_ok());
    }
}
