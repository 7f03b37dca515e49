//! The HTTP client through which all clients of AWS call.

use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// An HTTP client over TLS by rustls with ring, that trusts whom the system trusts.
///
/// It reads the system's certificates when the first call is made. The SDK's own client would read them when the first of
/// its users is made, and parse them all again for each further one, only to throw the result away.
#[must_use]
pub fn https() -> SharedHttpClient {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    SharedHttpClient::new(Late(Builder::new().tls_provider(tls).build_https()))
}

/// Does nothing before it is called: it leaves out `validate_base_client_config`, in which the SDK's own makes a connector
/// for each client that is made, and drops it.
#[derive(Debug)]
struct Late(SharedHttpClient);

impl HttpClient for Late {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_config::{BehaviorVersion, SdkConfig};
    use aws_smithy_runtime_api::box_error::BoxError;
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::runtime_components::{
        RuntimeComponents, RuntimeComponentsBuilder,
    };
    use aws_smithy_types::config_bag::ConfigBag;

    use super::{Late, https};

    /// Counts how often it is asked for anything.
    #[derive(Debug, Default, Clone)]
    struct Asked(Arc<AtomicU32>);

    impl HttpClient for Asked {
        fn http_connector(
            &self,
            settings: &HttpConnectorSettings,
            components: &RuntimeComponents,
        ) -> SharedHttpConnector {
            self.0.fetch_add(1, Ordering::Relaxed);
            https().http_connector(settings, components)
        }

        fn validate_base_client_config(
            &self,
            _: &RuntimeComponentsBuilder,
            _: &ConfigBag,
        ) -> Result<(), BoxError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    /// How often clients that are made of this ask for anything.
    fn asked_by_clients(wrap: impl Fn(SharedHttpClient) -> SharedHttpClient) -> u32 {
        let asked = Asked::default();
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(wrap(SharedHttpClient::new(asked.clone())))
            .build();
        let _ = aws_sdk_ecs::Client::new(&sdk);
        let _ = aws_sdk_cloudwatchlogs::Client::new(&sdk);
        asked.0.load(Ordering::Relaxed)
    }

    #[test]
    fn a_client_that_is_made_reads_no_certificates() {
        assert_eq!(
            asked_by_clients(|client| client),
            2,
            "what the SDK would do"
        );
        assert_eq!(
            asked_by_clients(|client| SharedHttpClient::new(Late(client))),
            0
        );
    }
}
