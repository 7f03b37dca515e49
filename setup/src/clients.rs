//! One client per service, and how the real ones are made.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_types::SdkConfig;

use crate::error::{Called, Error, Result, innermost};
use crate::names::Place;

/// The services that setup calls.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    sdk: SdkConfig,
}

/// Whether a text can be the name of a Region, which is part of a host's name; which there are, only AWS knows.
pub(crate) fn is_region(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = text.starts_with('-') || text.ends_with('-');
    (1..=63).contains(&text.len()) && text.chars().all(letters) && !ends
}

impl Clients {
    /// Clients for whatever account the SDK configuration leads to: AWS, an emulator, or the pocket account.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        // Emulators and the pocket account have no host name per bucket, and AWS takes either style.
        let s3 = aws_sdk_s3::config::Builder::from(sdk)
            .force_path_style(true)
            .build();
        Self {
            cloudtrail: aws_sdk_cloudtrail::Client::new(sdk),
            cloudwatch: aws_sdk_cloudwatch::Client::new(sdk),
            ecs: aws_sdk_ecs::Client::new(sdk),
            events: aws_sdk_eventbridge::Client::new(sdk),
            iam: aws_sdk_iam::Client::new(sdk),
            lambda: aws_sdk_lambda::Client::new(sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sns: aws_sdk_sns::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
            sts: aws_sdk_sts::Client::new(sdk),
            sdk: sdk.clone(),
        }
    }

    /// What the clients were made from, for the handler's own code.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Clients as the environment has them: credentials, Region and endpoint by the SDK's own rules; a Region or
    /// profile given here goes before. Endpoints are never a setting of ours.
    ///
    /// # Errors
    /// No credentials, or no Region.
    pub async fn connect(region: Option<String>, profile: Option<&str>) -> Result<Self> {
        let http = handler::https();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let sdk = loader.load().await;
        match sdk.region() {
            None => return Err(Error::NoRegion),
            Some(region) if !is_region(region.as_ref()) => {
                return Err(Error::Wrong(format!(
                    "`{region}` is no Region, such as eu-west-1: set AWS_REGION, or pass --region"
                )));
            }
            Some(_) => {}
        }
        let Some(provider) = sdk.credentials_provider() else {
            return Err(Error::NoCredentials("no provider is set".to_owned()));
        };
        // Asked once here, so that their absence is one clear line and not the failure of some call.
        if let Err(error) = provider.provide_credentials().await {
            let why = match error {
                CredentialsError::CredentialsNotLoaded(_) => match profile {
                    Some(profile) => format!("none were found, nor a profile `{profile}` with any"),
                    None => "none were found".to_owned(),
                },
                other => innermost(&other),
            };
            return Err(Error::NoCredentials(why));
        }
        Ok(Self::new(&sdk))
    }

    /// The partition, account and Region that these clients lead to.
    ///
    /// # Errors
    /// No Region, or a refusal of `GetCallerIdentity`.
    pub async fn place(&self) -> Result<Place> {
        let region = self.sdk.region().ok_or(Error::NoRegion)?.to_string();
        let caller = self.sts.get_caller_identity().send().await;
        let caller = caller.called("sts:GetCallerIdentity", "the caller");
        let caller = caller.map_err(|error| match error {
            // Nobody there: a Region that does not exist has no endpoints.
            Error::Refused(refusal) if refusal.code.is_empty() => {
                let hint = format!("is `{region}` the right Region, and the network up?");
                Error::Refused(refusal).and(&hint)
            }
            error => error,
        })?;
        // `arn:<partition>:sts::<account>:…`
        let partition = caller
            .arn()
            .and_then(|arn| arn.split(':').nth(1))
            .unwrap_or("aws");
        let account = caller.account().unwrap_or_default();
        Ok(Place {
            partition: partition.to_owned(),
            region,
            account: account.to_owned(),
        })
    }
}
