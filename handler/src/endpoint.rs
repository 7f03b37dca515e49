//! Where a service is for which the function has no client of its own: the client of another one reaches it by another host
//! and another name in the signature.

use aws_config::SdkConfig;
use aws_smithy_types::Document;
use aws_smithy_types::endpoint::Endpoint;
use aws_types::service_config::ServiceConfigKey;

/// The URL that variables or the profile give a service: its own, such as `AWS_ENDPOINT_URL_EVENTBRIDGE`, or else the one
/// for all services. `id` is what they call it.
pub(crate) fn configured(sdk: &SdkConfig, id: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = sdk.service_config().and_then(|config| {
        let key = key.ok()?;
        config.load_config(key)
    });
    own.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

/// The endpoint of a client's own service as that of another one: the host's first word `from` becomes `to`, unless the URL
/// was `given`; requests are signed for `to`.
pub(crate) fn renamed(found: &Endpoint, given: bool, from: &str, to: &str) -> Endpoint {
    let url = if given {
        found.url().to_owned()
    } else {
        let (from, to) = (format!("://{from}"), format!("://{to}"));
        found.url().replacen(&from, &to, 1)
    };
    let scheme = [
        ("name".to_owned(), Document::from("sigv4")),
        ("signingName".to_owned(), Document::from(to)),
    ];
    let scheme = Document::Object(scheme.into_iter().collect());
    let endpoint = Endpoint::builder().url(url);
    endpoint.property("authSchemes", vec![scheme]).build()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::endpoint::Endpoint;

    use super::renamed;

    #[test]
    fn only_what_nobody_gave_gets_another_host() {
        let of = |url: &'static str, given| {
            let found = Endpoint::builder().url(url).build();
            renamed(&found, given, "ecs", "events").url().to_owned()
        };
        let regional = "https://ecs.eu-west-1.amazonaws.com";
        assert_eq!(
            of(regional, false),
            "https://events.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            of("https://ecs.cn-north-1.amazonaws.com.cn", false),
            "https://events.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(
            of("http://ecs.internal:4566", true),
            "http://ecs.internal:4566"
        );
    }
}
