//! Ways to services of AWS for which the function has no client of their own: EventBridge and EventBridge Scheduler.
//!
//! What they answer is kept as raw JSON and sent back as such: a typed client drops the members that it does not know yet,
//! and both replace what they are sent as a whole. The client of ECS speaks the first one's protocol, and the other's
//! differs in method and path only: it sends the request, retries and signs it, with another body, another host and
//! another name in the signature. Of the answer it reads nothing itself: `UntagResource` has no output.

use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::endpoint::{DefaultResolver, EndpointFuture, Params, ResolveEndpoint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use crate::ecs::{Keep, carry};
use crate::endpoint::{configured, renamed};
use crate::error::AwsError;

/// A service that is reached this way.
#[derive(Debug)]
struct Service {
    /// Its host's first word, and its name in signatures.
    host: &'static str,
    /// What variables and profiles call it, such as `AWS_ENDPOINT_URL_EVENTBRIDGE`.
    id: &'static str,
    /// What stands before an operation in `X-Amz-Target`.
    target: &'static str,
}

const EVENTS: Service = Service {
    host: "events",
    id: "EventBridge",
    target: "AWSEvents",
};
const SCHEDULER: Service = Service {
    host: "scheduler",
    id: "Scheduler",
    target: "",
};

/// A way to one of them.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    client: Client,
    service: &'static Service,
}

/// Where ECS is, by another name; or where the configuration says.
#[derive(Debug)]
struct Elsewhere(DefaultResolver, &'static Service);

impl ResolveEndpoint for Elsewhere {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        let given = params.endpoint().is_some();
        let found = ResolveEndpoint::resolve_endpoint(&self.0, params);
        let host = self.1.host;
        EndpointFuture::new(async move { Ok(renamed(&found.await?, given, "ecs", host)) })
    }
}

impl Way {
    /// The way to EventBridge that an SDK configuration describes.
    pub(crate) fn to_events(sdk: &SdkConfig) -> Self {
        Self::new(sdk, &EVENTS)
    }

    /// Likewise to EventBridge Scheduler.
    pub(crate) fn to_scheduler(sdk: &SdkConfig) -> Self {
        Self::new(sdk, &SCHEDULER)
    }

    fn new(sdk: &SdkConfig, service: &'static Service) -> Self {
        let mut config = aws_sdk_ecs::config::Builder::from(sdk);
        config.set_endpoint_url(configured(sdk, service.id));
        let config = config.endpoint_resolver(Elsewhere(DefaultResolver::new(), service));
        Self {
            client: Client::from_conf(config.build()),
            service,
        }
    }

    /// An operation that the request's headers name: EventBridge.
    pub(crate) async fn call(
        &self,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, AwsError> {
        let target = format!("{}.{operation}", self.service.target);
        let body = input.to_string();
        self.send(operation, move |request| {
            request.headers_mut().insert("x-amz-target", target.clone());
            carry(request, body.clone());
        })
        .await
    }

    /// An operation that method and path name: EventBridge Scheduler. `path` begins with a slash and holds the query.
    pub(crate) async fn at(
        &self,
        operation: &'static str,
        method: &'static str,
        path: &str,
        input: Option<&Value>,
    ) -> Result<Value, AwsError> {
        let path = path.to_owned();
        let body = input.map(Value::to_string).unwrap_or_default();
        self.send(operation, move |request| {
            request.headers_mut().remove("x-amz-target");
            request
                .headers_mut()
                .insert("content-type", "application/json");
            let host = request.uri().trim_end_matches('/').to_owned();
            // Neither can fail: the method is a word of ours, and the path is made of names and encoded text. If they did,
            // the other service would refuse the operation that nobody asked it for.
            let method = request.set_method(method).is_ok();
            let path = request.set_uri(format!("{host}{path}")).is_ok();
            debug_assert!(method && path, "a request to another service");
            carry(request, body.clone());
        })
        .await
    }

    async fn send(
        &self,
        operation: &'static str,
        edit: impl Fn(&mut HttpRequest) + Send + Sync + 'static,
    ) -> Result<Value, AwsError> {
        let keep = Keep::default();
        let request = self.client.untag_resource();
        let request = request
            // What the builder asks for; the body that is sent replaces it.
            .resource_arn("replaced")
            .tag_keys("replaced")
            .customize()
            .interceptor(keep.clone())
            .mutate_request(move |request| edit(request));
        let answer = request.send().await;
        answer.map_err(|error| AwsError::new(operation, &error))?;
        let bytes = keep.taken();
        if bytes.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| AwsError::strange(operation, format!("no JSON: {error}"), true))
    }
}
