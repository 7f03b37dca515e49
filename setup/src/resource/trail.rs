//! A trail of our own.

mod selectors;

use aws_sdk_cloudtrail::types::{ResourceTag, Tag, Trail as Described};

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};
use crate::names::OWNER_TAG;
use crate::retry::{fresh_trail, patiently, trail as eventually};

pub use selectors::in_words as wanted_selectors;
pub(crate) use selectors::{takes_pushes, wanted};

/// What CloudTrail answers for a trail that is not there.
const ABSENT: [&str; 1] = ["TrailNotFoundException"];

/// A trail that brings the management events of all Regions to a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN, which the bucket's policy already names.
    pub arn: String,
    /// Its home Region, the only one that may change it.
    pub region: String,
    /// Value of the owner tag.
    pub owner: String,
    /// What `CreateTrail` sets.
    pub settings: Settings,
    /// Which events it takes, in words.
    pub selectors: String,
    /// Whether it is started: a trail made through the API is not.
    pub logging: bool,
}

/// What `CreateTrail` and `UpdateTrail` set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where its files go.
    pub bucket: String,
    /// Where its records go; the ARN with the `:*` that CloudTrail asks for.
    pub log_group: Option<String>,
    /// The role with which it writes there.
    pub role: Option<String>,
    /// Whether it covers all Regions.
    pub multi_region: bool,
    /// Whether it covers services without a Region.
    pub global_services: bool,
    /// Whether its files come with digests.
    pub validation: bool,
}

impl Settings {
    /// All Regions, because images may be pushed in any, and files that can be checked afterwards.
    #[must_use]
    pub fn new(bucket: &str, log_group: &str, role: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            log_group: Some(log_group.to_owned()),
            role: Some(role.to_owned()),
            multi_region: true,
            global_services: true,
            validation: true,
        }
    }

    fn of(trail: &Described) -> Self {
        Self {
            bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
            log_group: trail
                .cloud_watch_logs_log_group_arn()
                .map(ToOwned::to_owned),
            role: trail.cloud_watch_logs_role_arn().map(ToOwned::to_owned),
            multi_region: trail.is_multi_region_trail().unwrap_or(false),
            global_services: trail.include_global_service_events().unwrap_or(false),
            validation: trail.log_file_validation_enabled().unwrap_or(false),
        }
    }
}

impl Trail {
    async fn tagged(&self, clients: &Clients) -> Result<bool> {
        let call = patiently(fresh_trail, || {
            clients
                .cloudtrail
                .list_tags()
                .resource_id_list(&self.arn)
                .send()
        });
        let tags = call.await.called("cloudtrail:ListTags", &self.name)?;
        let tags = tags
            .resource_tag_list()
            .iter()
            .flat_map(ResourceTag::tags_list);
        Ok(owned(
            &self.owner,
            tags.map(|tag| (Some(tag.key()), tag.value())),
        ))
    }

    async fn put_selectors(&self, clients: &Clients) -> Result<()> {
        let selector = selectors::wanted();
        let call = patiently(fresh_trail, || {
            let call = clients
                .cloudtrail
                .put_event_selectors()
                .trail_name(&self.name);
            call.event_selectors(selector.clone()).send()
        });
        call.await
            .called("cloudtrail:PutEventSelectors", &self.name)?;
        Ok(())
    }

    async fn start(&self, clients: &Clients) -> Result<()> {
        let call = patiently(fresh_trail, || {
            clients.cloudtrail.start_logging().name(&self.name).send()
        });
        call.await.called("cloudtrail:StartLogging", &self.name)?;
        Ok(())
    }

    /// What comes after `CreateTrail`.
    async fn finish(&self, clients: &Clients, tag: Tag) -> Result<()> {
        // Endpoints that do not know tags at creation ignore them; the next run must recognise its own.
        if !self.tagged(clients).await? {
            let call = clients
                .cloudtrail
                .add_tags()
                .resource_id(&self.arn)
                .tags_list(tag);
            call.send().await.called("cloudtrail:AddTags", &self.name)?;
        }
        self.put_selectors(clients).await?;
        self.start(clients).await
    }

    async fn update(&self, clients: &Clients) -> Result<()> {
        let settings = &self.settings;
        let call = patiently(eventually, || {
            let call = clients.cloudtrail.update_trail().name(&self.name);
            call.s3_bucket_name(&settings.bucket)
                .include_global_service_events(settings.global_services)
                .is_multi_region_trail(settings.multi_region)
                .enable_log_file_validation(settings.validation)
                .set_cloud_watch_logs_log_group_arn(settings.log_group.clone())
                .set_cloud_watch_logs_role_arn(settings.role.clone())
                .send()
        });
        call.await.called("cloudtrail:UpdateTrail", &self.name)?;
        Ok(())
    }
}

impl Kind for Trail {
    const KIND: &'static str = "trail";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        let settings = &self.settings;
        Fields::new()
            .with("bucket", &settings.bucket)
            .with_some("log group", settings.log_group.as_ref())
            .with_some("role", settings.role.as_ref())
            .with("all Regions", settings.multi_region)
            .with("global services", settings.global_services)
            .with("log file validation", settings.validation)
            .with("events", &self.selectors)
            .with("logging", self.logging)
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let (client, name) = (&clients.cloudtrail, &self.name);
        let trail = client.get_trail().name(name).send().await;
        let trail = trail.found("cloudtrail:GetTrail", name, &ABSENT)?;
        let Some(trail) = trail.and_then(|found| found.trail) else {
            return Ok(None);
        };
        if let Some(home) = trail.home_region().filter(|home| *home != self.region) {
            return Err(Error::Wrong(format!(
                "trail `{name}` has its home in {home}, and only there can it be changed: \
                 run with --region {home}, or choose another `name` in ecroll.toml"
            )));
        }
        if !self.tagged(clients).await? {
            return Ok(Some(Live {
                state: self.clone(),
                owned: false,
            }));
        }
        let found = client.get_event_selectors().trail_name(name).send().await;
        let found = found.called("cloudtrail:GetEventSelectors", name)?;
        let status = client.get_trail_status().name(name).send().await;
        let status = status.called("cloudtrail:GetTrailStatus", name)?;
        let state = Self {
            settings: Settings::of(&trail),
            selectors: selectors::described(&found),
            logging: status.is_logging().unwrap_or(false),
            ..self.clone()
        };
        Ok(Some(Live { state, owned: true }))
    }

    /// Creates, confines and starts the trail. A trail that cannot be finished is deleted again: AWS charges for one
    /// that keeps failing to deliver (CloudTrail user guide, bucket policies).
    async fn create(&self, clients: &Clients) -> Result<Note> {
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let tag = tag.map_err(|error| Error::Wrong(error.to_string()))?;
        let settings = &self.settings;
        let call = patiently(eventually, || {
            let call = clients.cloudtrail.create_trail().name(&self.name);
            call.s3_bucket_name(&settings.bucket)
                .include_global_service_events(settings.global_services)
                .is_multi_region_trail(settings.multi_region)
                .enable_log_file_validation(settings.validation)
                .set_cloud_watch_logs_log_group_arn(settings.log_group.clone())
                .set_cloud_watch_logs_role_arn(settings.role.clone())
                .tags_list(tag.clone())
                .send()
        });
        call.await.called("cloudtrail:CreateTrail", &self.name)?;
        let Err(error) = self.finish(clients, tag).await else {
            return Ok(None);
        };
        let undone = clients
            .cloudtrail
            .delete_trail()
            .name(&self.name)
            .send()
            .await;
        match undone.found("cloudtrail:DeleteTrail", &self.name, &ABSENT) {
            Ok(_) => Err(error),
            Err(second) => {
                let unfinished = format!("the unfinished trail `{}`", self.name);
                Err(error.and(&format!("{second}: delete {unfinished}, it is charged for")))
            }
        }
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        let settings = [
            "bucket",
            "log group",
            "role",
            "all Regions",
            "global services",
            "log file validation",
        ];
        if change.touches(&settings) {
            self.update(clients).await?;
        }
        if change.touches(&["events"]) {
            self.put_selectors(clients).await?;
        }
        if change.touches(&["logging"]) {
            self.start(clients).await?;
        }
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = clients.cloudtrail.delete_trail().name(&self.name);
        let call = call.send().await;
        call.found("cloudtrail:DeleteTrail", &self.name, &ABSENT)?;
        Ok(None)
    }
}
