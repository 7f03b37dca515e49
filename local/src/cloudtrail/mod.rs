//! CloudTrail: trails, their selectors, and which records they log.

mod foreign;
mod selectors;
mod trail;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::input::{Input, not_implemented, present};
use crate::service::{Answer, Fault, Place, Scope};

pub use foreign::ForeignTrail;
use trail::Trail;
pub(crate) use trail::bucket_admits;

/// The trails of the account.
#[derive(Debug, Default)]
pub(crate) struct CloudTrail {
    trails: BTreeMap<String, Trail>,
}

impl CloudTrail {
    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let members = input;
        let input = Input::new(input, "InvalidParameterException");
        match operation {
            "CreateTrail" => self.create(input, scope.place),
            "UpdateTrail" => self.update(members, input, scope.place),
            "GetTrail" => Ok(json!({"Trail": self.find(input.need("Name")?)?.1.describe()})),
            "DescribeTrails" => {
                let wanted = input.texts("trailNameList");
                let shadows = input.flag("IncludeShadowTrails").unwrap_or(true);
                let named = |trail: &Trail| {
                    let any = wanted.is_empty() && (shadows || trail.shadow.is_none());
                    any || wanted.iter().any(|name| trail.is(name))
                };
                let trails = self.trails.values().filter(|trail| named(trail));
                Ok(json!({"trailList": trails.map(Trail::describe).collect::<Vec<_>>()}))
            }
            "ListTrails" => {
                let trails = self.trails.values().map(|trail| {
                    json!({"TrailARN": trail.arn(), "Name": trail.name(),
                           "HomeRegion": trail.text("HomeRegion")})
                });
                Ok(json!({"Trails": trails.collect::<Vec<_>>()}))
            }
            "DeleteTrail" => {
                let name = self.own(input.need("Name")?, scope.place)?.0;
                self.trails.remove(&name);
                Ok(json!({}))
            }
            "PutEventSelectors" => self.put_selectors(input, scope.place),
            "GetEventSelectors" => {
                let (_, trail) = self.find(input.need("TrailName")?)?;
                trail.selectors()
            }
            "StartLogging" => {
                let (_, trail) = self.own(input.need("Name")?, scope.place)?;
                trail.logging = true;
                trail.started = Some(scope.now);
                Ok(json!({}))
            }
            "StopLogging" => {
                let (_, trail) = self.own(input.need("Name")?, scope.place)?;
                trail.logging = false;
                trail.stopped = Some(scope.now);
                Ok(json!({}))
            }
            "GetTrailStatus" => self.find(input.need("Name")?)?.1.status(),
            "AddTags" => {
                let tags = tags(input, "TagsList");
                self.tagged(input.need("ResourceId")?)?.tags.extend(tags);
                Ok(json!({}))
            }
            "RemoveTags" => {
                let gone = tags(input, "TagsList");
                let trail = self.tagged(input.need("ResourceId")?)?;
                trail.tags.retain(|key, _| !gone.contains_key(key));
                Ok(json!({}))
            }
            "ListTags" => {
                let mut list = Vec::new();
                for arn in input.texts("ResourceIdList") {
                    let tags = crate::input::tag_list(&self.tagged(&arn)?.tags);
                    list.push(json!({"ResourceId": arn, "TagsList": tags}));
                }
                Ok(json!({"ResourceTagList": list}))
            }
            _ => Err(not_implemented("cloudtrail", operation)),
        }
    }

    /// The trails, by name.
    pub(crate) fn trails_mut(&mut self) -> impl Iterator<Item = (&String, &mut Trail)> {
        self.trails.iter_mut()
    }

    /// Whether there is a trail of that name or ARN.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.trails.values().any(|trail| trail.is(name))
    }

    /// The settings that a trail would have after a create or an update with this input.
    pub(crate) fn settings_after(&self, input: &Value) -> Value {
        let name = input
            .get("Name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let held = self.trails.values().find(|trail| trail.is(name));
        let mut settings = held.map_or_else(|| json!({}), |trail| trail.settings.clone());
        merge(&mut settings, input);
        settings
    }

    fn create(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let name = input.need("Name")?;
        check_name(name)?;
        if self.trails.values().any(|trail| trail.name() == name) {
            let message = format!(
                "Trail {name} already exists for customer: {}",
                place.account
            );
            return Err(Fault::client("TrailAlreadyExistsException", message));
        }
        if self.trails.len() >= 5 {
            let message = format!("User: {} already has 5 trails", place.account);
            return Err(Fault::client(
                "MaximumNumberOfTrailsExceededException",
                message,
            ));
        }
        let text = |member: &str| input.text(member).filter(|text| !text.is_empty());
        let settings = present(json!({
            "Name": name,
            "S3BucketName": input.need("S3BucketName")?,
            "S3KeyPrefix": text("S3KeyPrefix"),
            "SnsTopicName": text("SnsTopicName"),
            "IncludeGlobalServiceEvents": input.flag("IncludeGlobalServiceEvents").unwrap_or(true),
            "IsMultiRegionTrail": input.flag("IsMultiRegionTrail").unwrap_or(false),
            "IsOrganizationTrail": input.flag("IsOrganizationTrail").unwrap_or(false),
            "LogFileValidationEnabled": input.flag("EnableLogFileValidation").unwrap_or(false),
            "CloudWatchLogsLogGroupArn": text("CloudWatchLogsLogGroupArn"),
            "CloudWatchLogsRoleArn": text("CloudWatchLogsRoleArn"),
            "KmsKeyId": text("KmsKeyId"),
            "TrailARN": place.arn("cloudtrail", &format!("trail/{name}")),
            "HomeRegion": place.region,
        }));
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
            tags: tags(input, "TagsList"),
            shadow: None,
        };
        let answer = without_home(&trail.settings);
        self.trails.insert(name.to_owned(), trail);
        Ok(answer)
    }

    fn update(&mut self, members: &Value, input: Input<'_>, place: &Place) -> Answer {
        let (_, trail) = self.own(input.need("Name")?, place)?;
        merge(&mut trail.settings, members);
        Ok(without_home(&trail.settings))
    }

    fn put_selectors(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let basic = input.list("EventSelectors").to_vec();
        let advanced = input.list("AdvancedEventSelectors").to_vec();
        if basic.is_empty() == advanced.is_empty() {
            let message = "specify either event selectors or advanced event selectors";
            return Err(Fault::client("InvalidEventSelectorsException", message));
        }
        for selector in &basic {
            selectors::check_basic(selector)?;
        }
        let (_, trail) = self.own(input.need("TrailName")?, place)?;
        // Putting one kind erases the other.
        trail.basic = basic;
        trail.advanced = advanced;
        trail.custom_selectors = true;
        trail.selectors()
    }

    fn find(&mut self, name: &str) -> Result<(String, &mut Trail), Fault> {
        let mut trails = self.trails.iter_mut();
        let found = trails.find(|(_, trail)| trail.is(name));
        let (key, trail) = found.ok_or_else(|| {
            let message = format!("Unknown trail: {name}");
            Fault::client("TrailNotFoundException", message)
        })?;
        Ok((key.clone(), trail))
    }

    /// A trail that can be changed from here.
    fn own(&mut self, name: &str, place: &Place) -> Result<(String, &mut Trail), Fault> {
        let (key, trail) = self.find(name)?;
        foreign::refuse_change(trail, &place.account)?;
        Ok((key, trail))
    }

    fn tagged(&mut self, arn: &str) -> Result<&mut Trail, Fault> {
        if !arn.starts_with("arn:") {
            let message = format!("{arn} is not the ARN of a trail");
            return Err(Fault::client("CloudTrailARNInvalidException", message));
        }
        self.find(arn).map(|(_, trail)| trail).map_err(|_| {
            Fault::client(
                "ResourceNotFoundException",
                format!("Resource {arn} does not exist."),
            )
        })
    }
}

fn merge(settings: &mut Value, input: &Value) {
    let (Some(held), Some(given)) = (settings.as_object_mut(), input.as_object()) else {
        return;
    };
    for (member, value) in given {
        let member = match member.as_str() {
            // The name is the key, possibly given as an ARN; tags live elsewhere.
            "Name" | "TagsList" => continue,
            "EnableLogFileValidation" => "LogFileValidationEnabled",
            other => other,
        };
        match value.as_str() {
            Some("") => held.remove(member),
            _ => held.insert(member.to_owned(), value.clone()),
        };
    }
}

/// What CreateTrail and UpdateTrail answer: everything that `GetTrail` does, but the home Region.
fn without_home(settings: &Value) -> Value {
    let members = settings.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| *name != "HomeRegion")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn tags(input: Input<'_>, member: &str) -> BTreeMap<String, String> {
    input.tags(member)
}

/// 3 to 128 letters, digits, `.`, `_`, `-`; no two of the signs side by side; a letter or digit at
/// both ends.
fn check_name(name: &str) -> Result<(), Fault> {
    let sign = |c: char| matches!(c, '.' | '_' | '-');
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || sign(c));
    let neighbours = name
        .chars()
        .zip(name.chars().skip(1))
        .any(|(a, b)| sign(a) && sign(b));
    if (3..=128).contains(&name.len())
        && legal
        && !neighbours
        && !name.starts_with(sign)
        && !name.ends_with(sign)
    {
        return Ok(());
    }
    let message = format!(
        "Trail name {name} must be 3 to 128 letters, digits, periods, underscores or dashes, with \
         no two signs side by side."
    );
    Err(Fault::client("InvalidTrailNameException", message))
}
