//! An HTTP client of the SDK that answers some calls by a script and hands all others to the pocket account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use http::Response;

/// What the script says to a call.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// This status and body.
    Answer(u16, String),
    /// The connection breaks before an answer came.
    Reset,
    /// The call is carried out, and no answer ever comes.
    Silence,
}

impl Reply {
    /// An error as ECS and CloudWatch Logs answer it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"__type": code, "message": message});
        Self::Answer(status, body.to_string())
    }
}

/// The script: replies still to be given, by operation, and the calls that came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    replies: Arc<Mutex<BTreeMap<String, Vec<Reply>>>>,
    calls: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Script {
    /// The next calls of an operation get this reply, so many times.
    pub(crate) fn say(&self, operation: &str, times: usize, reply: &Reply) {
        let mut replies = self.replies.lock().unwrap();
        let of = replies.entry(operation.to_owned()).or_default();
        of.extend(std::iter::repeat_n(reply.clone(), times));
    }

    /// How often an operation was called so far.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls
            .lock()
            .unwrap()
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    /// All operations with their numbers of calls since this was asked last.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The same way to AWS with the script in between.
    pub(crate) fn over(&self, sdk: &SdkConfig) -> SdkConfig {
        let inner = sdk.http_client().unwrap();
        let proxy = Proxy {
            inner,
            script: self.clone(),
        };
        sdk.to_builder().http_client(proxy).build()
    }

    fn reply(&self, request: &HttpRequest) -> Option<Reply> {
        let target = request.headers().get("x-amz-target");
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let operation = match target {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            // The query protocol of STS.
            None => body
                .split('&')
                .find_map(|part| part.strip_prefix("Action="))
                .unwrap_or_default()
                .to_owned(),
        };
        *self
            .calls
            .lock()
            .unwrap()
            .entry(operation.clone())
            .or_default() += 1;
        let mut replies = self.replies.lock().unwrap();
        let of = replies.get_mut(&operation).filter(|of| !of.is_empty())?;
        Some(of.remove(0))
    }
}

#[derive(Debug)]
struct Proxy {
    inner: SharedHttpClient,
    script: Script,
}

impl HttpClient for Proxy {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Scripted {
            inner: self.inner.http_connector(settings, components),
            script: self.script.clone(),
        })
    }
}

#[derive(Debug)]
struct Scripted {
    inner: SharedHttpConnector,
    script: Script,
}

impl HttpConnector for Scripted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(reply) = self.script.reply(&request) else {
            return self.inner.call(request);
        };
        let taken = matches!(reply, Reply::Silence).then(|| self.inner.call(request));
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            match reply {
                Reply::Silence => {
                    if let Some(taken) = taken {
                        let _ = taken.await;
                    }
                    std::future::pending().await
                }
                Reply::Reset => Err(ConnectorError::io("connection reset by peer".into())),
                Reply::Answer(status, body) => {
                    let mut response = Response::new(SdkBody::from(body));
                    *response.status_mut() = status.try_into().unwrap();
                    Ok(HttpResponse::try_from(response).unwrap())
                }
            }
        })
    }
}
