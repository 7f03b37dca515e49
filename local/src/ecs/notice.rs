//! What the outside hears of deployments: the material of the event `ECS Deployment State Change`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::service::Place;

/// One change in the life of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The deployment, `ecs-svc/…`.
    pub deployment: String,
    /// The ARN of the task definition that the deployment is for.
    pub task_definition: String,
    /// What happened.
    pub state: DeploymentState,
    /// The sentence that AWS gives as `rolloutStateReason` and in the event's `reason`.
    pub reason: String,
}

/// What happened to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentState {
    /// A deployment that somebody asked for began (`SERVICE_DEPLOYMENT_IN_PROGRESS`).
    Started,
    /// It, or a rollback, reached the steady state (`SERVICE_DEPLOYMENT_COMPLETED`).
    Completed,
    /// The circuit breaker gave it up (`SERVICE_DEPLOYMENT_FAILED`).
    Failed,
    /// A deployment of the last good revision began (`SERVICE_DEPLOYMENT_IN_PROGRESS`, told from a
    /// start only by its reason). `deployment` is the new one; its end is a `Completed`.
    RolledBack,
    /// A newer deployment took its place. AWS sends no event for this.
    Superseded,
}

impl Notice {
    /// The event that EventBridge carries, without its identity; `None` where AWS sends none.
    ///
    /// Source: "Amazon ECS service deployment state change events" in the ECS developer guide.
    pub(crate) fn event(&self, place: &Place) -> Option<Value> {
        let (kind, name) = match self.state {
            DeploymentState::Started | DeploymentState::RolledBack => {
                ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS")
            }
            DeploymentState::Completed => ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
            DeploymentState::Failed => ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
            DeploymentState::Superseded => return None,
        };
        let at = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let service = format!("service/{}/{}", self.cluster, self.service);
        Some(json!({
            "version": "0",
            "detail-type": "ECS Deployment State Change",
            "source": "aws.ecs",
            "account": place.account,
            "time": at,
            "region": place.region,
            "resources": [place.arn("ecs", &service)],
            "detail": {
                "eventType": kind,
                "eventName": name,
                "deploymentId": self.deployment,
                "updatedAt": at,
                "reason": self.reason,
            },
        }))
    }
}
