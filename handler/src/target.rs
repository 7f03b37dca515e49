//! The ways to services in other accounts and Regions.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::config::Target;
use crate::context::impatient;
use crate::site::Place;

/// The name under which CloudTrail shows what was done there with an assumed role.
const SESSION: &str = "ecroll";

/// For each target its place and the SDK configuration that leads there: with the role's credentials where it names one,
/// else with the function's own. Nothing is called yet; a role is assumed when its first call is made.
pub async fn places(targets: &[Target], sdk: &SdkConfig) -> Vec<(Place, SdkConfig)> {
    // The call that assumes a role must not hang for longer than any other.
    let sdk = &impatient(sdk);
    let mut places = Vec::new();
    for target in targets {
        let place = Place {
            account: target.account.clone(),
            region: target.region.clone(),
        };
        let there = sdk.to_builder().region(Region::new(target.region.clone()));
        let there = match &target.role {
            None => there.build(),
            Some(role) => {
                let mut provider = AssumeRoleProvider::builder(role)
                    .session_name(SESSION)
                    .configure(sdk);
                if let Some(id) = &target.external_id {
                    provider = provider.external_id(id);
                }
                // Its making holds a configuration several times over, which is much for the stack of whoever asks.
                let provider = Box::pin(provider.build()).await;
                let provider = SharedCredentialsProvider::new(provider);
                there.credentials_provider(provider).build()
            }
        };
        places.push((place, there));
    }
    places
}
