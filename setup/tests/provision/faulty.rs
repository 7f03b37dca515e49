//! A network on which chosen calls fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// Whether a failing call takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// It does not.
    Before,
    /// It does, and only the answer is lost.
    After,
}

/// Which call fails.
#[derive(Debug, Clone, Copy)]
enum Which {
    /// The one with this number after arming, from 0.
    Number(usize),
    /// Those of this operation, in the JSON protocols.
    Operation(&'static str),
    /// Those of this operation of CloudWatch, as if the endpoint did not know it.
    Unknown(&'static str),
    /// Those that ask for the tags of a dashboard, as if the endpoint knew none on dashboards.
    Tags,
}

/// Fails calls once it is armed. Clones are the same network.
#[derive(Debug, Clone)]
pub(crate) struct Faulty {
    which: Which,
    when: When,
    armed: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Faulty {
    pub(crate) fn new(number: usize, when: When) -> Self {
        Self::which(Which::Number(number), when)
    }

    pub(crate) fn at(operation: &'static str) -> Self {
        Self::which(Which::Operation(operation), When::Before)
    }

    pub(crate) fn unknown(operation: &'static str) -> Self {
        Self::which(Which::Unknown(operation), When::Before)
    }

    pub(crate) fn untagged_dashboards() -> Self {
        Self::which(Which::Tags, When::Before)
    }

    fn which(which: Which, when: When) -> Self {
        let (armed, calls) = (Arc::default(), Arc::default());
        Self {
            which,
            when,
            armed,
            calls,
        }
    }

    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn disarm(&self) {
        self.armed.store(false, Ordering::Relaxed);
    }

    /// Puts itself before another network.
    pub(crate) fn before(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Network {
            faulty: self.clone(),
            inner,
        })
    }

    fn fails(&self, request: &HttpRequest) -> bool {
        if !self.armed.load(Ordering::Relaxed) {
            return false;
        }
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.which {
            Which::Number(failing) => number == failing,
            Which::Operation(operation) => {
                let target = request.headers().get("x-amz-target").unwrap_or_default();
                target.ends_with(&format!(".{operation}"))
            }
            Which::Unknown(operation) => {
                request.uri().ends_with(&format!("/operation/{operation}"))
            }
            Which::Tags => {
                let body = request.body().bytes().unwrap_or_default();
                let dashboard = body.windows(11).any(|part| part == b":dashboard/");
                dashboard && request.uri().ends_with("/operation/ListTagsForResource")
            }
        }
    }
}

#[derive(Debug)]
struct Network {
    faulty: Faulty,
    inner: SharedHttpClient,
}

impl HttpClient for Network {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Line {
            faulty: self.faulty.clone(),
            inner,
        })
    }
}

#[derive(Debug)]
struct Line {
    faulty: Faulty,
    inner: SharedHttpConnector,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if !self.faulty.fails(&request) {
            return self.inner.call(request);
        }
        match self.faulty.which {
            Which::Unknown(_) => return HttpConnectorFuture::ready(Ok(cbor("InvalidAction"))),
            Which::Tags => return HttpConnectorFuture::ready(Ok(cbor("ResourceNotFound"))),
            _ => {}
        }
        let inner = (self.faulty.when == When::After).then(|| self.inner.call(request));
        HttpConnectorFuture::new(async move {
            if let Some(inner) = inner {
                inner.await?;
            }
            // A refusal that the SDK does not try again.
            let status = StatusCode::try_from(418).unwrap();
            Ok(HttpResponse::new(status, SdkBody::empty()))
        })
    }
}

/// A refusal by CloudWatch with this code, as an emulator writes it.
fn cbor(code: &str) -> HttpResponse {
    let status = StatusCode::try_from(400).unwrap();
    let mut body = b"\xa1\x66__type".to_vec();
    body.push(0x60 + u8::try_from(code.len()).unwrap());
    body.extend(code.bytes());
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/cbor");
    headers.insert("smithy-protocol", "rpc-v2-cbor");
    response
}
