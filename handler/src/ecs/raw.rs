//! Task definitions as raw JSON: the SDK's types know only the members of their release and would drop the rest.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ecs::error::BoxError;
use aws_sdk_ecs::types::TaskDefinitionField;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use crate::error::AwsError;
use crate::inventory::Definition;
use crate::site::Access;

/// Keeps the bytes of an answer before the SDK reads its own members out of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keep(Arc<Mutex<Vec<u8>>>);

impl Keep {
    pub(crate) fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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

/// The revision with this ARN, with its tags.
pub(crate) async fn describe_task_definition(
    at: Access<'_>,
    arn: &str,
) -> Result<Definition, AwsError> {
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
    let definition = serde_json::from_slice::<Value>(&keep.taken()).ok();
    let definition = definition.as_ref().and_then(Definition::read);
    definition.ok_or_else(|| {
        let message = format!("the answer for {arn} holds no task definition");
        AwsError::strange(CALL, message, true)
    })
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
            .mutate_request(move |request| {
                let length = body.len().to_string();
                *request.body_mut() = SdkBody::from(body.clone());
                request.headers_mut().insert("content-length", length);
            });
        request.send()
    });
    let answer = answer.await?;
    let definition = answer.task_definition();
    let arn = definition.and_then(|definition| definition.task_definition_arn());
    let arn = arn.map(str::to_owned);
    arn.ok_or_else(|| AwsError::strange(CALL, "the answer names no revision", false))
}
