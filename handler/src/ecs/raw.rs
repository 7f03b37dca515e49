//! Task definitions as raw JSON: the SDK's types know only the members of their release and would drop the rest.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ecs::error::BoxError;
use aws_sdk_ecs::types::TaskDefinitionField;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use super::{next, services_of};
use crate::error::AwsError;
use crate::inventory::Definition;
use crate::site::Access;

/// The largest page that ListServiceDeployments gives.
const PAGE: i32 = 100;
/// The most service revisions that DescribeServiceRevisions takes.
const REVISIONS: usize = 20;

/// Keeps the bytes of an answer before the SDK reads its own members out of them.
#[derive(Debug, Clone, Default)]
pub struct Keep(Arc<Mutex<Vec<u8>>>);

impl Keep {
    /// The bytes of the last answer, once.
    #[must_use]
    pub fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lets a request carry this body in place of what the SDK wrote: members that it does not know arrive all the same.
pub fn carry(request: &mut HttpRequest, body: String) {
    let length = body.len().to_string();
    *request.body_mut() = SdkBody::from(body);
    request.headers_mut().insert("content-length", length);
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Keep {
    fn name(&self) -> &'static str {
        "keep the raw answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        }
        Ok(())
    }
}

impl Keep {
    /// The last answer as JSON.
    pub(crate) fn json(&self, call: &'static str) -> Result<Value, AwsError> {
        let read = serde_json::from_slice(&self.taken());
        read.map_err(|_| AwsError::strange(call, "the answer is no JSON", true))
    }
}

/// The revision with this ARN, with its tags.
pub(crate) async fn describe_task_definition(
    at: Access<'_>,
    arn: &str,
) -> Result<Definition, AwsError> {
    let answer = raw_definition(at, arn).await?;
    Definition::read(&answer).ok_or_else(|| {
        let message = format!("the answer for {arn} holds no task definition");
        AwsError::strange("DescribeTaskDefinition", message, true)
    })
}

/// The whole answer about the revision with this ARN, with its tags.
pub(crate) async fn raw_definition(at: Access<'_>, arn: &str) -> Result<Value, AwsError> {
    const CALL: &str = "DescribeTaskDefinition";
    let keep = Keep::default();
    at.call(CALL, || {
        let request = at.ecs().describe_task_definition();
        let request = request
            .task_definition(arn)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(keep.clone());
        request.send()
    })
    .await?;
    keep.json(CALL)
}

/// The whole answer about at most ten services of one cluster, with their tags.
pub(crate) async fn raw_services(
    at: Access<'_>,
    cluster: &str,
    arns: &[String],
) -> Result<Value, AwsError> {
    const CALL: &str = "DescribeServices";
    let keep = Keep::default();
    let request = services_of(at, cluster, arns);
    at.call(CALL, || {
        let request = request.clone().customize().interceptor(keep.clone());
        request.send()
    })
    .await?;
    keep.json(CALL)
}

/// The service deployments of a service, every page of them.
pub(crate) async fn raw_deployments(
    at: Access<'_>,
    cluster: &str,
    service: &str,
) -> Result<Vec<Value>, AwsError> {
    const CALL: &str = "ListServiceDeployments";
    let request = at.ecs().list_service_deployments();
    let request = request.cluster(cluster).service(service).max_results(PAGE);
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let keep = Keep::default();
        let page = request.clone().set_next_token(token.clone());
        let read = at.call(CALL, || {
            let page = page.clone().customize().interceptor(keep.clone());
            page.send()
        });
        token = next(token.as_deref(), read.await?.next_token(), CALL)?;
        let mut answer = keep.json(CALL)?;
        all.extend(listed(&mut answer, "serviceDeployments"));
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// What ECS says of these service revisions.
pub(crate) async fn raw_revisions(at: Access<'_>, arns: &[String]) -> Result<Vec<Value>, AwsError> {
    const CALL: &str = "DescribeServiceRevisions";
    let mut all = Vec::new();
    for some in arns.chunks(REVISIONS) {
        let keep = Keep::default();
        let request = at.ecs().describe_service_revisions();
        let request = request.set_service_revision_arns(Some(some.to_vec()));
        at.call(CALL, || {
            let request = request.clone().customize().interceptor(keep.clone());
            request.send()
        })
        .await?;
        let mut answer = keep.json(CALL)?;
        all.extend(listed(&mut answer, "serviceRevisions"));
    }
    Ok(all)
}

fn listed(answer: &mut Value, member: &str) -> Vec<Value> {
    match answer.get_mut(member).map(Value::take) {
        Some(Value::Array(all)) => all,
        _ => Vec::new(),
    }
}

/// Registers a revision from the whole input as JSON and returns its ARN.
pub(crate) async fn register_task_definition(
    at: Access<'_>,
    input: &Value,
) -> Result<String, AwsError> {
    const CALL: &str = "RegisterTaskDefinition";
    let body = input.to_string();
    let answer = at.call(CALL, || {
        let body = body.clone();
        let request = at.ecs().register_task_definition();
        let request = request
            // What the builder asks for; the body that is sent replaces it.
            .family("replaced")
            .set_container_definitions(Some(Vec::new()))
            .customize()
            .mutate_request(move |request| carry(request, body.clone()));
        request.send()
    });
    let answer = answer.await?;
    let definition = answer.task_definition();
    let arn = definition.and_then(|definition| definition.task_definition_arn());
    let arn = arn.map(str::to_owned);
    arn.ok_or_else(|| AwsError::strange(CALL, "the answer names no revision", false))
}
