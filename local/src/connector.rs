//! The pocket account as the HTTP client of the AWS SDK: no socket in between.

use std::fmt;
use std::sync::{Arc, Weak};

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::account::{Account, Shared};
use crate::faults;
use crate::iam::Keys;

/// The connector; it is its own client, since nothing about it depends on a client's settings.
#[derive(Clone)]
struct Connector {
    account: Weak<Shared>,
    /// Keeps the account alive as long as a client is there, unless the account itself keeps the client.
    _kept: Option<Account>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector(pocket account)")
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let shared = self.account.upgrade();
        HttpConnectorFuture::new(async move {
            let gone = || ConnectorError::other("the pocket account is gone".into(), None);
            let account = shared.map(|shared| Account { shared }).ok_or_else(gone)?;
            answer(&account, request).await
        })
    }
}

async fn answer(account: &Account, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let other =
        |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
    let request = request
        .try_into_http1x()
        .map_err(|error| other(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(other)?.to_bytes();
    account.wait_for_answer().await;
    let response = faults::respond(account, http::Request::from_parts(parts, body)).await?;
    HttpResponse::try_from(response.map(body_of)).map_err(|error| other(error.into()))
}

fn body_of(bytes: Bytes) -> SdkBody {
    SdkBody::from(bytes)
}

/// A configuration with which every SDK client talks to the account.
///
/// Retries wait by the virtual clock and without chance, so that one seed gives one history. Whoever has it keeps the account
/// alive, unless it is for a program that the account `hosts`.
pub(crate) fn sdk_config(account: &Account, hosts: bool) -> SdkConfig {
    let clock = account.clock().clone();
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(Connector {
            account: Arc::downgrade(&account.shared),
            _kept: (!hosts).then(|| account.clone()),
        })
        .region(Region::new(account.place().region))
        .time_source(SharedTimeSource::new(clock.clone()))
        .sleep_impl(SharedAsyncSleep::new(clock))
        .retry_config(RetryConfig::standard().with_use_static_exponential_base(true))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    Keys::operator().on(&sdk)
}
