//! Rule 8, no more permission than needed: the handler makes the calls that the contract names and no other, and none of
//! them is denied.

use serde_json::Value;

use super::track::Call;
use super::{Model, Moment};

/// What the handler may call (DESIGN 3.2, 5.1 and 5.2; facts/aws.md 8.1), reads first.
const CALLS: [(&str, &str); 17] = [
    ("logs", "FilterLogEvents"),
    ("ecs", "ListClusters"),
    ("ecs", "ListServices"),
    ("ecs", "DescribeServices"),
    ("ecs", "DescribeTaskDefinition"),
    ("ecs", "ListServiceDeployments"),
    ("ecs", "DescribeServiceDeployments"),
    ("ecs", "DescribeServiceRevisions"),
    ("ecs", "ListTagsForResource"),
    ("ecr", "DescribeImages"),
    ("ecr", "BatchGetImage"),
    ("sts", "AssumeRole"),
    ("ecs", "RegisterTaskDefinition"),
    ("ecs", "TagResource"),
    ("ecs", "UntagResource"),
    ("ecs", "UpdateService"),
    ("sns", "Publish"),
];

impl Model {
    /// Excuses: while something goes wrong on purpose a call may be denied; and a registry of another account may deny the
    /// reading of its images by its own policy, which no permission of ours mends.
    pub(super) fn check_permission(&mut self, call: &Call<'_>, moment: Moment<'_>) {
        let Call {
            service, operation, ..
        } = *call;
        // Whether a repository is a cache of another registry.
        let caches = self.settings.reconcile
            && (service, operation) == ("ecr", "DescribePullThroughCacheRules");
        if !caches && !CALLS.contains(&(service, operation)) {
            let what =
                format!("{service}:{operation} was called, which the handler has no need of");
            self.say(8, moment.at, what);
        }
        let error = call.error.unwrap_or_default();
        let denied = [
            "AccessDenied",
            "NotAuthorized",
            "AuthorizationError",
            "Unauthorized",
        ];
        let is_denied = denied.iter().any(|code| error.starts_with(code));
        let registry = call.input.get("registryId").and_then(Value::as_str);
        let others = service == "ecr" && registry.is_some_and(|of| of != self.place.account);
        if is_denied && moment.calm_from(moment.at) && !others {
            let what = format!(
                "{service}:{operation} was denied with {error}: {}",
                call.input
            );
            self.say(8, moment.at, what);
        }
    }
}
