//! `--print-policy`: what whoever runs plan, setup and destroy must be allowed; or service, with its files.

use std::fmt;

use aws_config::Region;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use handler::config::Config;
use serde::Serialize;

use crate::exit::Exit;
use crate::names::{Names, Place};
use crate::policy_document::{Document, deployer, operator};
use crate::service::Wanted;
use crate::ui::Ui;

/// What stands for an account or a Region that nobody has named.
const ANY: &str = "*";

/// A policy as people read it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Printed(Document);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// Prints the operator's policy for this configuration. Calls nothing and needs no credentials: `*` stands for the number
/// of the account, and for the Region where none is known.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(config: &Config, region: Option<&str>, ui: &mut Ui) -> anyhow::Result<Exit> {
    let place = place(region);
    let names = Names::new(&config.name, config.log_group.as_deref(), &place);
    print(operator(config, &names, &place), region, ui)
}

/// Prints the policy of whoever runs `ecroll service` with these files, which name everything but the account.
///
/// # Errors
/// Standard output that cannot be written.
pub fn service(wanted: &Wanted, region: Option<&str>, ui: &mut Ui) -> anyhow::Result<Exit> {
    print(deployer(wanted, &place(region)), region, ui)
}

fn place(region: Option<&str>) -> Place {
    Place {
        partition: partition(region.unwrap_or_default()).to_owned(),
        region: region.unwrap_or(ANY).to_owned(),
        account: ANY.to_owned(),
    }
}

fn print(policy: Document, region: Option<&str>, ui: &mut Ui) -> anyhow::Result<Exit> {
    ui.result(&Printed(policy))?;
    ui.warn("`*` stands for the number of the account: a policy counts in its own account only");
    if region.is_none() {
        ui.warn("no Region is known, so `*` stands for it: pass --region to confine the policy");
    }
    Ok(Exit::Done)
}

/// The Region of the flag, the environment or the profile; `None` where none of them names one.
pub async fn region(flag: Option<String>, profile: Option<&str>) -> Option<String> {
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        file = file.profile_name(profile);
    }
    RegionProviderChain::first_try(flag.map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(file.build())
        .region()
        .await
        .map(|region| region.to_string())
}

/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}
