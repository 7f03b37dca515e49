//! Everything that can be read from a pocket account, as one value: to compare before and after.

use serde_json::{Map, Value, json};

use crate::pocket::Pocket;

/// What is listed: service, operation, the list in the answer, the member that names an entry.
const LISTS: [(&str, &str, &str, &str); 11] = [
    ("cloudtrail", "DescribeTrails", "trailList", "TrailARN"),
    ("s3", "ListBuckets", "Buckets", "Name"),
    ("logs", "DescribeLogGroups", "logGroups", "logGroupName"),
    ("cloudwatch", "DescribeAlarms", "MetricAlarms", "AlarmArn"),
    (
        "cloudwatch",
        "ListDashboards",
        "DashboardEntries",
        "DashboardName",
    ),
    ("sns", "ListTopics", "Topics", "TopicArn"),
    (
        "sns",
        "ListSubscriptions",
        "Subscriptions",
        "SubscriptionArn",
    ),
    ("sqs", "ListQueues", "QueueUrls", ""),
    ("lambda", "ListFunctions", "Functions", "FunctionName"),
    ("events", "ListRules", "Rules", "Name"),
    ("iam", "ListRoles", "Roles", "RoleName"),
];

/// What is asked about each entry of a list: the list, the operation, the member that names the entry there.
const DETAILS: [(&str, &str, &str); 28] = [
    ("DescribeTrails", "GetEventSelectors", "TrailName"),
    ("DescribeTrails", "GetTrailStatus", "Name"),
    ("DescribeTrails", "ListTags", "ResourceIdList"),
    ("ListBuckets", "GetBucketPolicy", "Bucket"),
    ("ListBuckets", "GetBucketTagging", "Bucket"),
    ("ListBuckets", "GetPublicAccessBlock", "Bucket"),
    ("ListBuckets", "GetBucketEncryption", "Bucket"),
    ("ListBuckets", "GetBucketLifecycleConfiguration", "Bucket"),
    ("ListBuckets", "ListObjectVersions", "Bucket"),
    ("DescribeLogGroups", "DescribeMetricFilters", "logGroupName"),
    (
        "DescribeLogGroups",
        "DescribeSubscriptionFilters",
        "logGroupName",
    ),
    ("DescribeLogGroups", "DescribeLogStreams", "logGroupName"),
    ("DescribeLogGroups", "FilterLogEvents", "logGroupName"),
    ("DescribeAlarms", "ListTagsForResource", "ResourceARN"),
    ("ListDashboards", "GetDashboard", "DashboardName"),
    ("ListTopics", "GetTopicAttributes", "TopicArn"),
    ("ListTopics", "ListTagsForResource", "ResourceArn"),
    (
        "ListSubscriptions",
        "GetSubscriptionAttributes",
        "SubscriptionArn",
    ),
    ("ListQueues", "GetQueueAttributes", "QueueUrl"),
    ("ListQueues", "ListQueueTags", "QueueUrl"),
    ("ListFunctions", "GetFunction", "FunctionName"),
    ("ListFunctions", "GetPolicy", "FunctionName"),
    (
        "ListFunctions",
        "GetFunctionEventInvokeConfig",
        "FunctionName",
    ),
    ("ListRules", "DescribeRule", "Name"),
    ("ListRules", "ListTargetsByRule", "Rule"),
    ("ListRoles", "ListRolePolicies", "RoleName"),
    ("ListRoles", "GetRolePolicy", "RoleName"),
    ("ListRoles", "ListRoleTags", "RoleName"),
];

impl Pocket {
    /// Every resource with everything that can be asked about it, as AWS would answer it.
    pub(crate) fn whole(&self) -> Value {
        let mut all = Map::new();
        for (service, operation, list, name) in LISTS {
            let answer = self.answer(service, operation, json!({}));
            for entry in answer[list].as_array().cloned().unwrap_or_default() {
                let id = if name.is_empty() {
                    entry.as_str().unwrap().to_owned()
                } else {
                    entry[name].as_str().unwrap().to_owned()
                };
                let details = self.details(service, operation, &id);
                all.insert(
                    format!("{service} {id}"),
                    json!({"listed": entry, "details": details}),
                );
            }
        }
        all.into()
    }

    fn details(&self, service: &str, list: &str, id: &str) -> Value {
        let mut details = Map::new();
        for (_, operation, member) in DETAILS.iter().filter(|(of, ..)| *of == list) {
            let named = if *member == "ResourceIdList" {
                json!([id])
            } else {
                json!(id)
            };
            let input = json!({*member: named, "AttributeNames": ["All"], "PolicyName": "ecroll"});
            let mut answer = self.ask(service, operation, input.clone());
            // Pages of events may be empty and yet have a next one.
            while let Ok(Some(token)) = answer.as_ref().map(|a| a.get("nextToken").cloned()) {
                let mut next = input.clone();
                next["nextToken"] = token;
                let mut page = self.answer(service, operation, next);
                let before = answer.unwrap()["events"].take();
                let events = page["events"].as_array_mut().unwrap();
                events.splice(0..0, before.as_array().unwrap().iter().cloned());
                answer = Ok(page);
            }
            let answer = match answer {
                Ok(answer) => answer,
                Err(code) => json!({"refused": code}),
            };
            details.insert((*operation).to_owned(), answer);
        }
        details.into()
    }
}

/// The names of what `after` has and `before` has not, or has otherwise.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
    let names = before.keys().chain(after.keys());
    let mut names: Vec<String> = names
        .filter(|n| before.get(*n) != after.get(*n))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}
