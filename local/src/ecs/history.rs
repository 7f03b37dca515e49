//! The history of a service: service deployments and the calls that read and stop them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::service::{Answer, Fault, Place, Scope};

use super::Ecs;
use super::arn;
use super::configuration::Configuration;
use super::page::page;
use super::request::{Input, epoch, from_epoch, invalid};
use super::service::{Service, Status};
use super::settings::Settings;

/// Where a service deployment stands (API model, `ServiceDeploymentStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordStatus {
    InProgress,
    Successful,
    Stopped,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl RecordStatus {
    const ALL: [Self; 6] = [
        Self::InProgress,
        Self::Successful,
        Self::Stopped,
        Self::RollbackInProgress,
        Self::RollbackSuccessful,
        Self::RollbackFailed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }
}

/// The rollback that a service deployment ended in.
#[derive(Debug, Clone)]
pub(super) struct Rollback {
    pub(super) reason: String,
    pub(super) at: DateTime<Utc>,
    pub(super) revision: u64,
}

/// One service deployment. A rollback belongs to the one that it undoes.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) target: u64,
    sources: Vec<u64>,
    pub(super) status: RecordStatus,
    pub(super) reason: String,
    pub(super) rollback: Option<Rollback>,
    pub(super) breaker_tripped: bool,
    pub(super) failures: usize,
    configuration: Map<String, Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl Record {
    pub(super) fn new(
        id: u64,
        target: u64,
        sources: Vec<u64>,
        configuration: &Configuration,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            target,
            sources,
            status: RecordStatus::InProgress,
            reason: String::new(),
            rollback: None,
            breaker_tripped: false,
            failures: 0,
            configuration: configuration.0.clone(),
            created_at: now,
            updated_at: now,
            ended_at: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    pub(super) fn end(&mut self, status: RecordStatus, reason: &str, now: DateTime<Utc>) {
        self.status = status;
        if !reason.is_empty() {
            reason.clone_into(&mut self.reason);
        }
        self.updated_at = now;
        self.ended_at = Some(now);
    }

    /// Takes over how a deployment elsewhere ended, by the API's word; one under way stays open.
    pub(super) fn restore(&mut self, status: &str, reason: &str, ended: DateTime<Utc>) {
        let known = RecordStatus::ALL.into_iter();
        let status = known.into_iter().find(|known| known.name() == status);
        let open = [
            Some(RecordStatus::InProgress),
            Some(RecordStatus::RollbackInProgress),
        ];
        match status {
            Some(status) if !open.contains(&Some(status)) => self.end(status, reason, ended),
            // `PENDING` and what is newer than this program.
            _ => reason.clone_into(&mut self.reason),
        }
    }

    fn brief(&self, service: &Service) -> Map<String, Value> {
        let mut output = Map::new();
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put("serviceDeploymentArn", json!(service.record_arn(self.id)));
        put("serviceArn", json!(service.arn));
        put("clusterArn", json!(service.cluster_arn));
        put("createdAt", epoch(self.created_at));
        put("startedAt", epoch(self.created_at));
        put("status", json!(self.status.name()));
        if !self.reason.is_empty() {
            put("statusReason", json!(self.reason));
        }
        if let Some(at) = self.ended_at {
            put("finishedAt", epoch(at));
        }
        output
    }

    fn describe(&self, service: &Service, settings: &Settings) -> Value {
        let mut output = self.brief(service);
        let wanted = service.wanted(settings);
        let is_current = service
            .primary()
            .is_some_and(|primary| primary.revision == self.target);
        let summary = |id: &u64| service.revision_summary(*id, false, wanted);
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put("updatedAt", epoch(self.updated_at));
        put(
            "sourceServiceRevisions",
            self.sources.iter().map(summary).collect(),
        );
        let target = service.revision_summary(self.target, is_current, wanted);
        put("targetServiceRevision", target);
        put(
            "deploymentConfiguration",
            Value::Object(self.configuration.clone()),
        );
        let configuration = Configuration(self.configuration.clone());
        let breaker = match (
            configuration.breaker(),
            self.breaker_tripped,
            self.is_open(),
        ) {
            (None, ..) => "DISABLED",
            (_, true, _) => "TRIGGERED",
            (_, _, true) => "MONITORING",
            _ => "MONITORING_COMPLETE",
        };
        put(
            "deploymentCircuitBreaker",
            json!({
                "status": breaker,
                "failureCount": self.failures,
                "threshold": configuration.threshold(wanted),
            }),
        );
        if !configuration.is_rolling() {
            let baking =
                self.is_open() && service.primary().is_some_and(|p| p.bake_until.is_some());
            let stage = match (self.is_open(), baking) {
                (true, true) => "BAKE_TIME",
                (true, false) => "SCALE_UP",
                (false, _) => "CLEAN_UP",
            };
            put("lifecycleStage", json!(stage));
        }
        if let (RecordStatus::Stopped, Some(at)) = (self.status, self.ended_at) {
            put("stoppedAt", epoch(at));
        }
        if let Some(rollback) = &self.rollback {
            put(
                "rollback",
                json!({
                    "reason": rollback.reason,
                    "startedAt": epoch(rollback.at),
                    "serviceRevisionArn": service.revision_arn(rollback.revision),
                }),
            );
        }
        Value::Object(output)
    }
}

impl Service {
    /// Drops history that is older than AWS keeps it, and revisions that nothing refers to.
    pub(super) fn forget(&mut self, now: DateTime<Utc>, settings: &Settings) {
        let oldest = now - TimeDelta::seconds(settings.history);
        self.records
            .retain(|record| record.ended_at.is_none_or(|at| at >= oldest));
        let mut used: Vec<u64> = self.deployments.iter().map(|d| d.revision).collect();
        used.extend(self.all_tasks().map(|task| task.revision));
        used.extend(self.last_completed.map(|goal| goal.revision));
        for record in &self.records {
            used.push(record.target);
            used.extend(&record.sources);
            used.extend(record.rollback.as_ref().map(|rollback| rollback.revision));
        }
        used.sort_unstable();
        self.revisions
            .retain(|id, _| used.binary_search(id).is_ok());
    }
}

impl Ecs {
    /// `ListServiceDeployments`: newest first, by status and time of creation.
    pub(super) fn list_service_deployments(&self, input: Input<'_>, place: &Place) -> Answer {
        let service = self.living_service(input, place)?;
        let states = input.texts("status")?;
        let bounds = input.structure("createdAt")?;
        let bound = |end: &str| {
            bounds
                .and_then(|bounds| bounds.get(end))
                .and_then(from_epoch)
        };
        let (after, before) = (bound("after"), bound("before"));
        let shown = |record: &&Record| {
            (states.is_empty() || states.contains(&record.status.name()))
                && after.is_none_or(|after| record.created_at >= after)
                && before.is_none_or(|before| record.created_at <= before)
        };
        let records: Vec<&Record> = service.records.iter().rev().filter(shown).collect();
        let arns: Vec<String> = records.iter().map(|r| service.record_arn(r.id)).collect();
        let items = arns.iter().map(String::as_str);
        let (usual, most) = (self.settings.deployment_page, self.settings.page);
        let mut output = page(items, input, "serviceDeployments", usual, most)?;
        // The page was cut by ARN; the answer carries a summary of each.
        let list = output
            .get_mut("serviceDeployments")
            .and_then(Value::as_array_mut);
        for entry in list.into_iter().flatten() {
            let found = arns.iter().zip(&records).find(|(arn, _)| *entry == **arn);
            let Some((_, record)) = found else { continue };
            let mut brief = record.brief(service);
            let target = service.revision_arn(record.target);
            brief.insert("targetServiceRevisionArn".to_owned(), json!(target));
            *entry = Value::Object(brief);
        }
        Ok(output)
    }

    /// `DescribeServiceDeployments`: up to 20, misses in `failures`.
    pub(super) fn describe_service_deployments(&self, input: Input<'_>, place: &Place) -> Answer {
        let find = |arn: &str| {
            let (service, id) = self.by_arn(arn, "service-deployment/", place)?;
            let record = service.records.iter().find(|record| record.id == id)?;
            Some(record.describe(service, &self.settings))
        };
        self.describe_each(input, "serviceDeploymentArns", "serviceDeployments", find)
    }

    /// `DescribeServiceRevisions`: up to 20, misses in `failures`.
    pub(super) fn describe_service_revisions(&self, input: Input<'_>, place: &Place) -> Answer {
        let find = |arn: &str| {
            let (service, id) = self.by_arn(arn, "service-revision/", place)?;
            Some(service.revisions.get(&id)?.describe(service))
        };
        self.describe_each(input, "serviceRevisionArns", "serviceRevisions", find)
    }

    fn describe_each(
        &self,
        input: Input<'_>,
        member: &str,
        answers: &str,
        find: impl Fn(&str) -> Option<Value>,
    ) -> Answer {
        let arns = input.texts(member)?;
        let most = self.settings.described_deployments;
        if arns.is_empty() {
            return Err(invalid(format!("{member} can not be empty.")));
        }
        if arns.len() > most {
            return Err(invalid(format!("{member} can have at most {most} items.")));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in arns {
            match find(arn) {
                Some(value) => found.push(value),
                None => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
            }
        }
        Ok(json!({ answers: found, "failures": failures }))
    }

    /// `StopServiceDeployment`: rolls back to the last completed deployment, with or without a
    /// circuit breaker (developer guide, stopping service deployments).
    pub(super) fn stop_service_deployment(
        &mut self,
        input: Input<'_>,
        scope: &Scope<'_>,
    ) -> Answer {
        let arn = input.required("serviceDeploymentArn")?;
        let kind = input
            .choice("stopType", &["ABORT", "ROLLBACK"])?
            .unwrap_or("ROLLBACK");
        if kind == "ABORT" {
            return Err(invalid(
                "The stop type ABORT is not supported. Use ROLLBACK.",
            ));
        }
        let missing = || {
            Fault::client(
                "ServiceDeploymentNotFoundException",
                "Service deployment not found.",
            )
        };
        let (service, id) = self
            .by_arn(arn, "service-deployment/", scope.place)
            .ok_or_else(missing)?;
        let record = service
            .records
            .iter()
            .find(|r| r.id == id)
            .ok_or_else(missing)?;
        let conflict = |message: &str| Fault::client("ConflictException", message);
        if !record.is_open() {
            return Err(conflict("The service deployment has already finished."));
        }
        let is_rolling_back = record.status == RecordStatus::RollbackInProgress;
        if !is_rolling_back && !service.can_roll_back() {
            return Err(conflict(
                "There is no completed deployment to roll back to.",
            ));
        }
        if !is_rolling_back {
            let service = service.id;
            self.change(service, scope.now, |service, world| {
                service.roll_back("Service deployment stopped on request", scope.now, world);
                service.schedule(scope.now, world);
            });
        }
        Ok(json!({ "serviceDeploymentArn": arn }))
    }

    /// The service and the number in an ARN of its history.
    fn by_arn(&self, arn: &str, kind: &str, place: &Place) -> Option<(&Service, u64)> {
        if !arn::is_here(arn, place) {
            return None;
        }
        let mut parts = arn::resource(arn)?.strip_prefix(kind)?.split('/');
        let (cluster, name, id) = (parts.next()?, parts.next()?, parts.next()?);
        let service = self.clusters.get(cluster)?.services.get(name)?;
        let service = self.services.get(service)?;
        (service.status != Status::Inactive).then_some((service, id.parse().ok()?))
    }
}
