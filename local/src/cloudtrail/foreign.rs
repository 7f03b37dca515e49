//! Trails that live elsewhere and are seen here: replications of another Region's trail, and of an organization's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::trail::Trail;
use super::{CloudTrail, selectors};
use crate::service::Fault;

/// A shadow trail: the replication in this Region of a trail of another Region, or in this account of an organization's
/// trail. It is seen and never changed from here, and it delivers nothing here.
///
/// `DescribeTrails` shows it unless `IncludeShadowTrails` is false; the other calls find it by its ARN only.
///
/// Source: `IncludeShadowTrails` and `trailNameList` of `DescribeTrails`, `Name` of `GetTrailStatus` in the CloudTrail API
/// reference.
#[derive(Debug, Clone, Default)]
pub struct ForeignTrail {
    /// The members of the API's `Trail`; `TrailARN`, `Name` and `HomeRegion` are needed.
    pub trail: Value,
    /// What `GetEventSelectors` answers besides the ARN; `None` is "access denied".
    pub selectors: Option<Value>,
    /// What `GetTrailStatus` answers; `None` is "access denied".
    pub status: Option<Value>,
}

/// What a shadow answers instead of what a trail would know of itself.
#[derive(Debug)]
pub(super) struct Shadow {
    selectors: Option<Value>,
    status: Option<Value>,
}

impl CloudTrail {
    /// Lets a trail of elsewhere be seen here.
    pub(crate) fn show(&mut self, foreign: ForeignTrail) {
        let ForeignTrail {
            trail: settings,
            selectors,
            status,
        } = foreign;
        let arn = settings.get("TrailARN").and_then(Value::as_str);
        let key = arn.unwrap_or_default().to_owned();
        let trail = Trail {
            settings,
            basic: vec![selectors::default_selector()],
            advanced: Vec::new(),
            custom_selectors: false,
            logging: false,
            started: None,
            stopped: None,
            delivered: None,
            delivery_error: None,
            tags: BTreeMap::new(),
            shadow: Some(Shadow { selectors, status }),
        };
        self.trails.insert(key, trail);
    }
}

impl Shadow {
    pub(super) fn selectors(&self, arn: &str) -> Result<Value, Fault> {
        let mut answer = known(self.selectors.as_ref(), "GetEventSelectors", arn)?;
        if let Some(members) = answer.as_object_mut() {
            members.insert("TrailARN".to_owned(), arn.into());
        }
        Ok(answer)
    }

    pub(super) fn status(&self, arn: &str) -> Result<Value, Fault> {
        known(self.status.as_ref(), "GetTrailStatus", arn)
    }
}

fn known(answer: Option<&Value>, operation: &str, arn: &str) -> Result<Value, Fault> {
    answer.cloned().ok_or_else(|| {
        let message =
            format!("User is not authorized to perform: cloudtrail:{operation} on resource: {arn}");
        Fault::client("AccessDeniedException", message)
    })
}

/// A trail is changed at its home, and an organization's by its management account.
pub(super) fn refuse_change(trail: &Trail, account: &str) -> Result<(), Fault> {
    if trail.shadow.is_none() {
        return Ok(());
    }
    let name = trail.name();
    if trail.arn().split(':').nth(4) == Some(account) {
        let home = trail.text("HomeRegion").unwrap_or_default();
        let message = format!("The home region of trail {name} is {home}.");
        return Err(Fault::client("InvalidHomeRegionException", message));
    }
    let message = format!("Trail {name} belongs to the organization's management account.");
    Err(Fault::client(
        "NotOrganizationMasterAccountException",
        message,
    ))
}
