"""What is asked of the pocket account, in this order, and what it must answer.

An input's `$name` stands for what an earlier case kept under that name.
"""

import dataclasses
import json
import time


class Any:
    """Anything that is not empty."""

    def __repr__(self):
        return "anything"


ANY = Any()


@dataclasses.dataclass
class Case:
    service: str
    operation: str
    given: dict = dataclasses.field(default_factory=dict)
    # JMESPath into the answer, and what is there.
    expects: dict = dataclasses.field(default_factory=dict)
    error: str = ""
    # A name, and the JMESPath of what is kept under it.
    keeps: dict = dataclasses.field(default_factory=dict)
    # For so many seconds it is asked again: what takes its time in the account.
    patience: float = 0


@dataclasses.dataclass
class Waiter:
    service: str
    name: str
    given: dict

    def __iter__(self):
        return iter((self.service, self.name, self.given))


@dataclasses.dataclass
class Pages:
    service: str
    operation: str
    given: dict
    # How many items a page shall have; None where the API has no such member.
    size: int | None
    path: str
    # How many items there are at least.
    least: int

    def __iter__(self):
        return iter((self.service, self.operation, self.given, self.size, self.path, self.least))


def of(service):
    return lambda operation, given=None, expects=None, **more: Case(
        service, operation, given or {}, expects or {}, **more
    )


# What the search for answered operations gives besides the least input: names that do not exist would hide nothing,
# but a bus that does not exist would, and so would a subscription to anything but a function.
PROBES = {
    "events": {"EventBusName": "default"},
    "logs": {"destinationArn": "arn:aws:lambda:eu-west-1:000000000000:function:none"},
}

# Where the pocket account differs and stays so: what the driver says before its first colon, and why. A line that is no
# longer true is a problem as well.
DIFFERENCES = {}

# Errors that the models do not list for an operation and AWS answers all the same.
UNMODELLED = {
    # The codes of the query protocol, which SQS still gives in a header and boto3 prefers.
    ("sqs", "QueueAlreadyExists"),
    ("sqs", "AWS.SimpleQueueService.NonExistentQueue"),
    # The validation that stands before every operation: "Common errors" of the API references.
    ("cloudwatch", "ValidationError"),
    ("events", "ValidationException"),
    ("sts", "AccessDenied"),
    ("cloudformation", "ValidationError"),
}

ACCOUNT = "000000000000"
REGION = "eu-west-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = "sha256:" + "0" * 64
NOW = int(time.time())


def policy(principal, action, resource=None):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if resource:
        statement["Resource"] = resource
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def manifest(number):
    return json.dumps({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "size": number, "digest": DIGEST,
        },
        "layers": [],
    })


sts, iam, s3, sqs, sns = of("sts"), of("iam"), of("s3"), of("sqs"), of("sns")
stacks, schedules = of("cloudformation"), of("scheduler")
logs, trail, watch, rule = of("logs"), of("cloudtrail"), of("cloudwatch"), of("events")
function, ecr, ecs = of("lambda"), of("ecr"), of("ecs")

TRUST = policy({"Service": ["lambda.amazonaws.com", "cloudtrail.amazonaws.com"]}, "sts:AssumeRole")
WRITES = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"},
]})

STS = [sts("GetCallerIdentity", {}, {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/operator"})]

IAM = [
    iam("CreateRole", {"RoleName": "worker", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "a", "Value": "1"}]},
        {"Role.RoleName": "worker", "Role.CreateDate": ANY}, keeps={"role": "Role.Arn"}),
    iam("CreateRole", {"RoleName": "worker", "AssumeRolePolicyDocument": TRUST}, error="EntityAlreadyExists"),
    iam("CreateRole", {"RoleName": "bad", "AssumeRolePolicyDocument": "{"}, error="MalformedPolicyDocument"),
    iam("CreateRole", {"RoleName": "other", "AssumeRolePolicyDocument": TRUST, "Description": "d"}),
    iam("GetRole", {"RoleName": "worker"}, {"Role.Arn": "$role", "Role.AssumeRolePolicyDocument.Version": "2012-10-17"}),
    iam("GetRole", {"RoleName": "nobody"}, error="NoSuchEntity"),
    # A new role takes its time until somebody can take it on.
    sts("AssumeRole", {"RoleArn": "$role", "RoleSessionName": "me"}, error="AccessDenied"),
    iam("CreateRole", {"RoleName": "lent", "AssumeRolePolicyDocument": policy(
        {"AWS": f"arn:aws:iam::{ACCOUNT}:user/operator"}, "sts:AssumeRole")}, keeps={"lent": "Role.Arn"}),
    sts("AssumeRole", {"RoleArn": "$lent", "RoleSessionName": "me"}, {
        "Credentials.SessionToken": ANY, "Credentials.Expiration": ANY,
        "AssumedRoleUser.Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/lent/me"}, patience=20),
    Waiter("iam", "role_exists", {"RoleName": "worker"}),
    Pages("iam", "ListRoles", {}, 1, "Roles[].RoleName", 2),
    iam("TagRole", {"RoleName": "worker", "Tags": [{"Key": "b", "Value": "2"}]}),
    iam("UntagRole", {"RoleName": "worker", "TagKeys": ["a"]}),
    iam("ListRoleTags", {"RoleName": "worker"}, {"Tags": [{"Key": "b", "Value": "2"}]}),
    iam("UpdateAssumeRolePolicy", {"RoleName": "worker", "PolicyDocument": TRUST}),
    iam("PutRolePolicy", {"RoleName": "worker", "PolicyName": "logs", "PolicyDocument": WRITES}),
    iam("GetRolePolicy", {"RoleName": "worker", "PolicyName": "logs"},
        {"PolicyDocument.Statement[0].Effect": "Allow"}),
    iam("GetRolePolicy", {"RoleName": "worker", "PolicyName": "none"}, error="NoSuchEntity"),
    iam("SimulatePrincipalPolicy", {"PolicySourceArn": "$role", "ActionNames": ["logs:PutLogEvents", "s3:GetObject"]},
        {"EvaluationResults[].EvalDecision": ["allowed", "implicitDeny"], "IsTruncated": False}, patience=20),
    iam("ListRolePolicies", {"RoleName": "worker"}, {"PolicyNames": ["logs"], "IsTruncated": False}),
    iam("ListAttachedRolePolicies", {"RoleName": "worker"}, {"AttachedPolicies": []}),
    iam("ListInstanceProfilesForRole", {"RoleName": "worker"}, {"InstanceProfiles": []}),
    iam("PutRolePolicy", {"RoleName": "other", "PolicyName": "p", "PolicyDocument": WRITES}),
    iam("DeleteRole", {"RoleName": "other"}, error="DeleteConflict"),
    iam("DeleteRolePolicy", {"RoleName": "other", "PolicyName": "p"}),
    iam("DeleteRole", {"RoleName": "other"}),
]

BUCKET = {"Bucket": "mine"}
S3 = [
    s3("CreateBucket", {**BUCKET, "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    s3("CreateBucket", {**BUCKET, "CreateBucketConfiguration": {"LocationConstraint": REGION}},
       error="BucketAlreadyOwnedByYou"),
    s3("HeadBucket", BUCKET, {"BucketRegion": REGION}),
    s3("HeadBucket", {"Bucket": "nobodys"}, error="404"),
    Waiter("s3", "bucket_exists", BUCKET),
    Waiter("s3", "bucket_not_exists", {"Bucket": "nobodys"}),
    s3("GetBucketLocation", BUCKET, {"LocationConstraint": REGION}),
    s3("ListBuckets", {}, {"Buckets[].Name": ["mine"], "Buckets[0].CreationDate": ANY}),
    s3("GetBucketPolicy", BUCKET, error="NoSuchBucketPolicy"),
    s3("PutBucketPolicy", {**BUCKET, "Policy": policy(
        {"Service": "cloudtrail.amazonaws.com"}, ["s3:GetBucketAcl", "s3:PutObject"],
        ["arn:aws:s3:::mine", "arn:aws:s3:::mine/*"])}),
    s3("GetBucketPolicy", BUCKET, {"Policy": ANY}),
    s3("PutPublicAccessBlock", {**BUCKET, "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
    s3("GetPublicAccessBlock", BUCKET, {"PublicAccessBlockConfiguration.BlockPublicAcls": True}),
    s3("DeletePublicAccessBlock", BUCKET),
    s3("GetPublicAccessBlock", BUCKET, error="NoSuchPublicAccessBlockConfiguration"),
    s3("GetBucketEncryption", BUCKET, {
        "ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm": "AES256"}),
    s3("PutBucketEncryption", {**BUCKET, "ServerSideEncryptionConfiguration": {"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]}}),
    s3("GetBucketEncryption", BUCKET, {"ServerSideEncryptionConfiguration.Rules[0].BucketKeyEnabled": True}),
    s3("DeleteBucketEncryption", BUCKET),
    s3("GetBucketLifecycleConfiguration", BUCKET, error="NoSuchLifecycleConfiguration"),
    s3("PutBucketLifecycleConfiguration", {**BUCKET, "LifecycleConfiguration": {"Rules": [
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}},
        {"ID": "older", "Status": "Disabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 91}}]}}),
    s3("GetBucketLifecycleConfiguration", BUCKET, {
        "Rules[].ID": ["old", "older"], "Rules[0].Expiration.Days": 90, "Rules[0].Filter.Prefix": ""}),
    s3("DeleteBucketLifecycle", BUCKET),
    s3("GetBucketTagging", BUCKET, error="NoSuchTagSet"),
    s3("PutBucketTagging", {**BUCKET, "Tagging": {"TagSet": [{"Key": "a", "Value": "1 & 2"}]}}),
    s3("GetBucketTagging", BUCKET, {"TagSet": [{"Key": "a", "Value": "1 & 2"}]}),
    s3("DeleteBucketTagging", BUCKET),
    s3("GetBucketVersioning", BUCKET, {"Status": None}),
    s3("PutBucketVersioning", {**BUCKET, "VersioningConfiguration": {"Status": "Enabled"}}),
    s3("GetBucketVersioning", BUCKET, {"Status": "Enabled"}),
    s3("ListObjectsV2", BUCKET, {"KeyCount": 0, "IsTruncated": False}),
    s3("ListObjectsV2", {"Bucket": "nobodys"}, error="NoSuchBucket"),
    s3("ListObjectVersions", BUCKET, {"Versions": None, "IsTruncated": False}),
    s3("DeleteObjects", {**BUCKET, "Delete": {"Objects": [{"Key": "a & b"}, {"Key": "c"}], "Quiet": True}}, {"Errors": None}),
    s3("CreateBucket", {"Bucket": "spare", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    s3("PutBucketPolicy", {"Bucket": "spare", "Policy": policy("*", "s3:GetObject", "arn:aws:s3:::spare/*")}),
    s3("DeleteBucketPolicy", {"Bucket": "spare"}),
    s3("DeleteBucket", {"Bucket": "spare"}),
]

SQS = [
    sqs("CreateQueue", {"QueueName": "failed", "Attributes": {"VisibilityTimeout": "60"}, "tags": {"a": "1"}},
        {"QueueUrl": ANY}, keeps={"queue": "QueueUrl"}),
    sqs("CreateQueue", {"QueueName": "failed", "Attributes": {"VisibilityTimeout": "61"}}, error="QueueAlreadyExists"),
    sqs("CreateQueue", {"QueueName": "spare"}),
    sqs("GetQueueUrl", {"QueueName": "failed"}, {"QueueUrl": "$queue"}),
    sqs("GetQueueUrl", {"QueueName": "none"}, error="AWS.SimpleQueueService.NonExistentQueue"),
    Pages("sqs", "ListQueues", {}, 1, "QueueUrls", 2),
    sqs("SetQueueAttributes", {"QueueUrl": "$queue", "Attributes": {"MessageRetentionPeriod": "1209600"}}),
    sqs("SetQueueAttributes", {"QueueUrl": "$queue", "Attributes": {"Colour": "red"}}, error="InvalidAttributeName"),
    sqs("GetQueueAttributes", {"QueueUrl": "$queue", "AttributeNames": ["All"]}, {
        "Attributes.QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed",
        "Attributes.MessageRetentionPeriod": "1209600", "Attributes.VisibilityTimeout": "60",
    }, keeps={"queue_arn": "Attributes.QueueArn"}),
    sqs("TagQueue", {"QueueUrl": "$queue", "Tags": {"b": "2"}}),
    sqs("UntagQueue", {"QueueUrl": "$queue", "TagKeys": ["a"]}),
    sqs("ListQueueTags", {"QueueUrl": "$queue"}, {"Tags": {"b": "2"}}),
    sqs("SendMessage", {"QueueUrl": "$queue", "MessageBody": "hello"}, {"MessageId": ANY, "MD5OfMessageBody": ANY}),
    sqs("ReceiveMessage", {"QueueUrl": "$queue", "AttributeNames": ["All"]}, {
        "Messages[0].Body": "hello", "Messages[0].MD5OfBody": ANY}, keeps={"receipt": "Messages[0].ReceiptHandle"}),
    sqs("ReceiveMessage", {"QueueUrl": "$queue"}, {"Messages": None}),
    sqs("DeleteMessage", {"QueueUrl": "$queue", "ReceiptHandle": "$receipt"}),
    sqs("PurgeQueue", {"QueueUrl": "$queue"}),
    sqs("DeleteQueue", {"QueueUrl": f"http://localhost/{ACCOUNT}/spare"}),
]

SNS = [
    sns("CreateTopic", {"Name": "pushes", "Attributes": {"DisplayName": "Pushes"}, "Tags": [{"Key": "a", "Value": "1"}]},
        {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:pushes"}, keeps={"topic": "TopicArn"}),
    sns("CreateTopic", {"Name": "spare"}, keeps={"spare": "TopicArn"}),
    sns("CreateTopic", {"Name": "no good!"}, error="InvalidParameter"),
    sns("ListTopics", {}, {"Topics[].TopicArn": ["$topic", "$spare"]}),
    sns("GetTopicAttributes", {"TopicArn": "$topic"}, {"Attributes.DisplayName": "Pushes", "Attributes.Policy": ANY}),
    sns("GetTopicAttributes", {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:none"}, error="NotFound"),
    sns("SetTopicAttributes", {"TopicArn": "$topic", "AttributeName": "DisplayName", "AttributeValue": "Images"}),
    sns("TagResource", {"ResourceArn": "$topic", "Tags": [{"Key": "b", "Value": "2"}]}),
    sns("UntagResource", {"ResourceArn": "$topic", "TagKeys": ["a"]}),
    sns("ListTagsForResource", {"ResourceArn": "$topic"}, {"Tags": [{"Key": "b", "Value": "2"}]}),
    sns("Subscribe", {"TopicArn": "$topic", "Protocol": "sqs", "Endpoint": "$queue_arn", "ReturnSubscriptionArn": True},
        {"SubscriptionArn": ANY}, keeps={"subscription": "SubscriptionArn"}),
    sns("Subscribe", {"TopicArn": "$topic", "Protocol": "lambda",
                      "Endpoint": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:later"},
        keeps={"other_subscription": "SubscriptionArn"}),
    sns("GetSubscriptionAttributes", {"SubscriptionArn": "$subscription"}, {"Attributes.Protocol": "sqs"}),
    sns("SetSubscriptionAttributes", {"SubscriptionArn": "$subscription", "AttributeName": "RawMessageDelivery",
                                      "AttributeValue": "true"}),
    Pages("sns", "ListSubscriptions", {}, None, "Subscriptions[].SubscriptionArn", 2),
    Pages("sns", "ListSubscriptionsByTopic", {"TopicArn": "$topic"}, None, "Subscriptions[].SubscriptionArn", 2),
    sns("Publish", {"TopicArn": "$topic", "Message": "hello", "Subject": "greeting"}, {"MessageId": ANY}),
    sns("Publish", {"TopicArn": "$topic", "Message": ""}, error="InvalidParameter"),
    sns("Unsubscribe", {"SubscriptionArn": "$other_subscription"}),
    sns("DeleteTopic", {"TopicArn": "$spare"}),
]

GROUP = {"logGroupName": "/trail"}
GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/trail"
FILTER = {**GROUP, "filterName": "pushes", "filterPattern": '{ $.eventName = "PutImage" }', "metricTransformations": [
    {"metricName": "Pushes", "metricNamespace": "mine", "metricValue": "1", "defaultValue": 0.0}]}
LOGS = [
    logs("CreateLogGroup", {**GROUP, "tags": {"a": "1"}}),
    logs("CreateLogGroup", GROUP, error="ResourceAlreadyExistsException"),
    logs("CreateLogGroup", {"logGroupName": "/spare"}),
    Pages("logs", "DescribeLogGroups", {}, 1, "logGroups[].logGroupName", 2),
    logs("DeleteLogGroup", {"logGroupName": "/spare"}),
    logs("DeleteLogGroup", {"logGroupName": "/spare"}, error="ResourceNotFoundException"),
    logs("PutRetentionPolicy", {**GROUP, "retentionInDays": 30}),
    logs("PutRetentionPolicy", {**GROUP, "retentionInDays": 31}, error="InvalidParameterException"),
    logs("DescribeLogGroups", {"logGroupNamePrefix": "/trail"}, {"logGroups[0].retentionInDays": 30}),
    logs("DeleteRetentionPolicy", GROUP),
    logs("TagResource", {"resourceArn": GROUP_ARN, "tags": {"b": "2"}}),
    logs("UntagResource", {"resourceArn": GROUP_ARN, "tagKeys": ["a"]}),
    logs("ListTagsForResource", {"resourceArn": GROUP_ARN}, {"tags": {"b": "2"}}),
    logs("PutMetricFilter", FILTER),
    logs("PutMetricFilter", {**FILTER, "filterName": "second"}),
    logs("PutMetricFilter", {**FILTER, "filterPattern": "{ $.a = "}, error="InvalidParameterException"),
    Pages("logs", "DescribeMetricFilters", GROUP, 1, "metricFilters[].filterName", 2),
    logs("DeleteMetricFilter", {**GROUP, "filterName": "second"}),
    logs("TestMetricFilter", {"filterPattern": '{ $.a = 1 }', "logEventMessages": ['{"a": 1}', '{"a": 2}']},
         {"matches[].eventNumber": [1], "matches[0].extractedValues": {"$.a": "1"}}),
    logs("CreateLogStream", {**GROUP, "logStreamName": "one"}),
    logs("CreateLogStream", {**GROUP, "logStreamName": "one"}, error="ResourceAlreadyExistsException"),
    logs("CreateLogStream", {**GROUP, "logStreamName": "two"}),
    logs("PutLogEvents", {**GROUP, "logStreamName": "one", "logEvents": [
        {"timestamp": NOW * 1000 + number, "message": f"event {number}"} for number in range(7)]},
        {"rejectedLogEventsInfo": None}),
    logs("PutLogEvents", {**GROUP, "logStreamName": "none", "logEvents": [
        {"timestamp": NOW * 1000, "message": "lost"}]}, error="ResourceNotFoundException"),
    Pages("logs", "DescribeLogStreams", GROUP, 1, "logStreams[].logStreamName", 2),
    Pages("logs", "FilterLogEvents", GROUP, 2, "events[].message", 7),
    Pages("logs", "FilterLogEvents", {**GROUP, "filterPattern": "3"}, None, "events[].message", 1),
    logs("FilterLogEvents", {"logGroupName": "/none"}, error="ResourceNotFoundException"),
]

TRAIL = [
    trail("CreateTrail", {"Name": "all", "S3BucketName": "nobodys"}, error="S3BucketDoesNotExistException"),
    trail("CreateTrail", {"Name": "all", "S3BucketName": "mine", "IsMultiRegionTrail": True,
                          "TagsList": [{"Key": "a", "Value": "1"}]},
          {"Name": "all", "IsMultiRegionTrail": True}, keeps={"trail": "TrailARN"}),
    trail("CreateTrail", {"Name": "all", "S3BucketName": "mine"}, error="TrailAlreadyExistsException"),
    # The role is too young at first.
    trail("UpdateTrail", {"Name": "all", "CloudWatchLogsLogGroupArn": f"{GROUP_ARN}:*", "CloudWatchLogsRoleArn": "$role"},
          {"CloudWatchLogsRoleArn": "$role"}, patience=20),
    trail("GetTrail", {"Name": "all"}, {"Trail.TrailARN": "$trail", "Trail.HomeRegion": REGION}),
    trail("GetTrail", {"Name": "none"}, error="TrailNotFoundException"),
    trail("DescribeTrails", {}, {"trailList[].Name": ["all"]}),
    Pages("cloudtrail", "ListTrails", {}, None, "Trails[].Name", 1),
    trail("PutEventSelectors", {"TrailName": "all", "EventSelectors": [
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}, {"EventSelectors[0].ReadWriteType": "WriteOnly"}),
    trail("GetEventSelectors", {"TrailName": "all"}, {"EventSelectors[0].ReadWriteType": "WriteOnly"}),
    trail("PutEventSelectors", {"TrailName": "all", "AdvancedEventSelectors": [
        {"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]}),
    trail("GetEventSelectors", {"TrailName": "all"}, {"AdvancedEventSelectors[0].Name": "m"}),
    trail("StartLogging", {"Name": "all"}),
    trail("GetTrailStatus", {"Name": "all"}, {"IsLogging": True}),
    trail("StopLogging", {"Name": "all"}),
    trail("GetTrailStatus", {"Name": "all"}, {"IsLogging": False, "StopLoggingTime": ANY}),
    trail("AddTags", {"ResourceId": "$trail", "TagsList": [{"Key": "b", "Value": "2"}]}),
    trail("RemoveTags", {"ResourceId": "$trail", "TagsList": [{"Key": "a"}]}),
    trail("ListTags", {"ResourceIdList": ["$trail"]}, {"ResourceTagList[0].TagsList": [{"Key": "b", "Value": "2"}]}),
    trail("DeleteTrail", {"Name": "all"}),
    trail("DeleteTrail", {"Name": "all"}, error="TrailNotFoundException"),
]

ALARM = {
    "AlarmName": "pushes", "Namespace": "mine", "MetricName": "Pushes", "Statistic": "Sum", "Period": 60,
    "EvaluationPeriods": 5, "DatapointsToAlarm": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching",
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:pushes"
WATCH = [
    watch("PutMetricAlarm", {**ALARM, "AlarmActions": ["$topic"], "Tags": [{"Key": "a", "Value": "1"}]}),
    watch("PutMetricAlarm", {**ALARM, "AlarmName": "second"}),
    watch("PutMetricAlarm", {**ALARM, "Period": 7}, error="ValidationError"),
    Pages("cloudwatch", "DescribeAlarms", {}, 1, "MetricAlarms[].AlarmName", 2),
    watch("DescribeAlarms", {"AlarmNames": ["pushes"]}, {
        "MetricAlarms[0].AlarmArn": ALARM_ARN, "MetricAlarms[0].Threshold": 1.0, "MetricAlarms[0].Period": 60,
        "MetricAlarms[0].StateUpdatedTimestamp": ANY, "MetricAlarms[0].AlarmActions": ["$topic"]}),
    watch("SetAlarmState", {"AlarmName": "pushes", "StateValue": "ALARM", "StateReason": "by hand"}),
    watch("SetAlarmState", {"AlarmName": "none", "StateValue": "OK", "StateReason": "by hand"}, error="ResourceNotFound"),
    Waiter("cloudwatch", "alarm_exists", {"AlarmNames": ["pushes"]}),
    watch("DisableAlarmActions", {"AlarmNames": ["pushes"]}),
    watch("ListAlarmMuteRules", {"AlarmName": "pushes"}, {"AlarmMuteRuleSummaries": []}),
    watch("DescribeAlarms", {"AlarmNames": ["pushes"]}, {"MetricAlarms[0].ActionsEnabled": False}),
    watch("EnableAlarmActions", {"AlarmNames": ["pushes"]}),
    Pages("cloudwatch", "DescribeAlarmHistory", {"AlarmName": "pushes"}, 1, "AlarmHistoryItems[].HistorySummary", 1),
    watch("TagResource", {"ResourceARN": ALARM_ARN, "Tags": [{"Key": "b", "Value": "2"}]}),
    watch("UntagResource", {"ResourceARN": ALARM_ARN, "TagKeys": ["a"]}),
    watch("ListTagsForResource", {"ResourceARN": ALARM_ARN}, {"Tags": [{"Key": "b", "Value": "2"}]}),
    # More than ten kilobytes: the client sends it in gzip.
    watch("PutMetricData", {"Namespace": "mine", "MetricData": [
        {"MetricName": "Many", "Timestamp": NOW, "Value": 1.5, "Unit": "Count",
         "Dimensions": [{"Name": "number", "Value": "x" * 200 + str(number)}]} for number in range(100)]}),
    watch("PutMetricData", {"Namespace": "mine", "MetricData": [{"MetricName": "One", "Timestamp": NOW, "Value": 2.5}]}),
    watch("GetMetricStatistics", {"Namespace": "mine", "MetricName": "One", "StartTime": NOW - 600, "EndTime": NOW + 600,
                                  "Period": 60, "Statistics": ["Sum", "Average"]},
          {"Datapoints[0].Sum": 2.5, "Label": "One"}),
    watch("DeleteAlarms", {"AlarmNames": ["second"]}),
]

DASHBOARD = {"DashboardName": "pushes"}
BOARD = json.dumps({"widgets": []})
WATCH += [
    watch("PutDashboard", {**DASHBOARD, "DashboardBody": BOARD}, {"DashboardValidationMessages": []}),
    watch("PutDashboard", {**DASHBOARD, "DashboardBody": "{}"}, error="InvalidParameterInput"),
    watch("GetDashboard", DASHBOARD, {"DashboardBody": BOARD}),
    watch("GetDashboard", {"DashboardName": "none"}, error="ResourceNotFound"),
    watch("ListDashboards", {}, {"DashboardEntries[].DashboardName": ["pushes"], "DashboardEntries[0].LastModified": ANY}),
    watch("DeleteDashboards", {"DashboardNames": ["pushes"]}),
]

SCHEDULE = {
    "Name": "nightly", "GroupName": "jobs", "ScheduleExpression": "rate(1 day)", "Description": "every night",
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}, "EndDate": NOW + 86400,
    "Target": {"Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "RoleArn": "$role", "EcsParameters": {
        "TaskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1", "TaskCount": 1,
        "CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    }},
}
NIGHTLY = {"Name": "nightly", "GroupName": "jobs"}
SCHEDULES = [
    schedules("CreateSchedule", SCHEDULE, error="ResourceNotFoundException"),
    schedules("CreateScheduleGroup", {"Name": "jobs"},
              {"ScheduleGroupArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/jobs"}),
    schedules("CreateScheduleGroup", {"Name": "jobs"}, error="ConflictException"),
    schedules("CreateSchedule", SCHEDULE, {"ScheduleArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/jobs/nightly"}),
    schedules("CreateSchedule", SCHEDULE, error="ConflictException"),
    schedules("CreateSchedule", {**SCHEDULE, "Name": "other", "GroupName": "default"}),
    schedules("CreateSchedule", {**SCHEDULE, "Name": "late", "StartDate": NOW - 3600}, error="ValidationException"),
    schedules("GetSchedule", NIGHTLY, {
        "State": "ENABLED", "Description": "every night", "CreationDate": ANY, "EndDate": ANY,
        "Target.EcsParameters.CapacityProviderStrategy[0].capacityProvider": "FARGATE_SPOT"}),
    schedules("UpdateSchedule", {key: value for key, value in SCHEDULE.items() if key != "Description"}),
    schedules("GetSchedule", NIGHTLY, {"Description": None, "LastModificationDate": ANY}),
    schedules("GetSchedule", {"Name": "nightly"}, error="ResourceNotFoundException"),
    schedules("ListSchedules", {}, {"Schedules[].Name": ["other", "nightly"], "Schedules[0].Target.Arn": ANY}),
    schedules("ListSchedules", {"GroupName": "jobs"}, {"Schedules[].Name": ["nightly"]}),
    Pages("scheduler", "ListSchedules", {}, 1, "Schedules[].Arn", 2),
    schedules("DeleteSchedule", NIGHTLY),
    schedules("DeleteSchedule", NIGHTLY, error="ResourceNotFoundException"),
]

RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/sweep"
RULE = [
    rule("PutRule", {"Name": "sweep", "ScheduleExpression": "rate(5 minutes)", "Tags": [{"Key": "a", "Value": "1"}]},
         {"RuleArn": RULE_ARN}),
    rule("PutRule", {"Name": "bad", "ScheduleExpression": "now"}, error="ValidationException"),
    rule("PutRule", {"Name": "ecs", "EventPattern": json.dumps({"source": ["aws.ecs"]})}),
    rule("DescribeRule", {"Name": "sweep"}, {"State": "ENABLED", "ScheduleExpression": "rate(5 minutes)"}),
    rule("DescribeRule", {"Name": "none"}, error="ResourceNotFoundException"),
    rule("ListRules", {}, {"Rules[].Name": ["ecs", "sweep"]}),
    rule("PutTargets", {"Rule": "sweep", "Targets": [
        {"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:later", "Input": "{}"}]}, {"FailedEntryCount": 0}),
    rule("ListTargetsByRule", {"Rule": "sweep"}, {"Targets[].Id": ["1"]}),
    rule("PutTargets", {"Rule": "ecs", "Targets": [
        {"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:later",
         "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
         "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"}}]}, {"FailedEntryCount": 0}),
    rule("ListTargetsByRule", {"Rule": "ecs"}, {
        "Targets[0].RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
        "Targets[0].DeadLetterConfig.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"}),
    rule("PutTargets", {"Rule": "ecs", "Targets": [
        {"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:later",
         "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 3},
         "DeadLetterConfig": {"Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:letters"}}]}, error="ValidationException"),
    rule("RemoveTargets", {"Rule": "ecs", "Ids": ["1"]}, {"FailedEntryCount": 0}),
    rule("PutRule", {"Name": "ecr", "EventPattern": json.dumps({
        "source": ["aws.ecr"], "detail": {"image-tag": [{"exists": True}], "repository-name": ["web", {"prefix": "team/"}]}})}),
    rule("PutRule", {"Name": "odd", "EventPattern": json.dumps({"source": [{"wildcard": "aws.*"}]})},
         error="InvalidEventPatternException"),
    rule("DeleteRule", {"Name": "ecr"}),
    rule("ListRuleNamesByTarget", {"TargetArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:later"}, {"RuleNames": ["sweep"]}),
    rule("DeleteRule", {"Name": "sweep"}, error="ValidationException"),
    rule("DisableRule", {"Name": "sweep"}),
    rule("DescribeRule", {"Name": "sweep"}, {"State": "DISABLED"}),
    rule("EnableRule", {"Name": "sweep"}),
    rule("TagResource", {"ResourceARN": RULE_ARN, "Tags": [{"Key": "b", "Value": "2"}]}),
    rule("UntagResource", {"ResourceARN": RULE_ARN, "TagKeys": ["a"]}),
    rule("ListTagsForResource", {"ResourceARN": RULE_ARN}, {"Tags": [{"Key": "b", "Value": "2"}]}),
    rule("CreateEventBus", {"Name": "orders"}, {"EventBusArn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders"}),
    rule("CreateEventBus", {"Name": "orders"}, error="ResourceAlreadyExistsException"),
    rule("ListEventBuses", {}, {"EventBuses[].Name": ["default", "orders"]}),
    rule("ListRules", {"EventBusName": "none"}, error="ResourceNotFoundException"),
    rule("PutRule", {"Name": "sweep", "EventBusName": "orders", "EventPattern": json.dumps({"source": ["shop"]})},
         {"RuleArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/orders/sweep"}),
    rule("PutRule", {"Name": "timed", "EventBusName": "orders", "ScheduleExpression": "rate(5 minutes)"},
         error="ValidationException"),
    rule("DescribeRule", {"Name": "sweep", "EventBusName": "orders"}, {"EventBusName": "orders"}),
    rule("PutTargets", {"Rule": "sweep", "EventBusName": "orders", "Targets": [{
        "Id": "1", "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "RoleArn": "$role",
        "EcsParameters": {"TaskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1", "TaskCount": 2},
    }]}, {"FailedEntryCount": 0}),
    rule("ListTargetsByRule", {"Rule": "sweep", "EventBusName": "orders", "Limit": 1},
         {"Targets[0].EcsParameters.TaskCount": 2, "NextToken": None}),
    rule("ListRuleNamesByTarget", {"TargetArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "EventBusName": "orders"},
         {"RuleNames": ["sweep"]}),
    rule("RemoveTargets", {"Rule": "sweep", "Ids": ["1"]}, {"FailedEntryCount": 0}),
    rule("DeleteRule", {"Name": "sweep"}),
]

NAMED = {"FunctionName": "worker"}
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker"
SUBSCRIBED = {**GROUP, "filterName": "first", "filterPattern": '{ $.eventName = "PutImage" }', "destinationArn": FUNCTION_ARN}
FUNCTION = [
    function("CreateFunction", {**NAMED, "Role": "$role", "Runtime": "provided.al2023", "Handler": "bootstrap",
                                "Code": {"ZipFile": b"PK"}, "Timeout": 30, "MemorySize": 256, "Tags": {"a": "1"},
                                "Environment": {"Variables": {"X": "y"}}, "Architectures": ["arm64"]},
             {"State": "Pending", "FunctionArn": FUNCTION_ARN}, patience=20),
    function("CreateFunction", {**NAMED, "Role": "$role", "Runtime": "provided.al2023", "Handler": "bootstrap",
                                "Code": {"ZipFile": b"PK"}}, error="ResourceConflictException"),
    Waiter("lambda", "function_exists", NAMED),
    Waiter("lambda", "function_active_v2", NAMED),
    Waiter("lambda", "function_active", NAMED),
    function("GetFunction", NAMED, {"Configuration.State": "Active", "Tags": {"a": "1"}}),
    function("GetFunction", {"FunctionName": "none"}, error="ResourceNotFoundException"),
    function("GetFunctionConfiguration", NAMED, {"Timeout": 30, "Environment.Variables": {"X": "y"}}),
    Pages("lambda", "ListFunctions", {}, None, "Functions[].FunctionName", 1),
    function("UpdateFunctionCode", {**NAMED, "ZipFile": b"PK2"}, {"LastUpdateStatus": "InProgress"}),
    function("UpdateFunctionCode", {**NAMED, "ZipFile": b"PK3"}, error="ResourceConflictException"),
    Waiter("lambda", "function_updated_v2", NAMED),
    function("UpdateFunctionConfiguration", {**NAMED, "Timeout": 60}, {"Timeout": 60}),
    Waiter("lambda", "function_updated", NAMED),
    function("TagResource", {"Resource": FUNCTION_ARN, "Tags": {"b": "2"}}),
    function("UntagResource", {"Resource": FUNCTION_ARN, "TagKeys": ["a"]}),
    function("ListTags", {"Resource": FUNCTION_ARN}, {"Tags": {"b": "2"}}),
    function("GetPolicy", NAMED, error="ResourceNotFoundException"),
    function("AddPermission", {**NAMED, "StatementId": "sns", "Action": "lambda:InvokeFunction",
                               "Principal": "sns.amazonaws.com", "SourceArn": "$topic"}, {"Statement": ANY}),
    function("AddPermission", {**NAMED, "StatementId": "sns", "Action": "lambda:InvokeFunction",
                               "Principal": "sns.amazonaws.com"}, error="ResourceConflictException"),
    function("GetPolicy", NAMED, {"Policy": ANY}),
    function("RemovePermission", {**NAMED, "StatementId": "sns"}),
    logs("PutSubscriptionFilter", SUBSCRIBED, error="InvalidParameterException"),
    function("AddPermission", {**NAMED, "StatementId": "logs", "Action": "lambda:InvokeFunction",
                               "Principal": "logs.amazonaws.com", "SourceArn": f"{GROUP_ARN}:*"}, {"Statement": ANY}),
    logs("PutSubscriptionFilter", SUBSCRIBED),
    logs("PutSubscriptionFilter", {**SUBSCRIBED, "filterName": "second"}),
    logs("PutSubscriptionFilter", {**SUBSCRIBED, "filterName": "third"}, error="LimitExceededException"),
    logs("DescribeSubscriptionFilters", {**GROUP, "filterNamePrefix": "f"}, {
        "subscriptionFilters[].filterName": ["first"], "subscriptionFilters[0].destinationArn": FUNCTION_ARN,
        "subscriptionFilters[0].distribution": "ByLogStream", "subscriptionFilters[0].creationTime": ANY}),
    Pages("logs", "DescribeSubscriptionFilters", GROUP, 1, "subscriptionFilters[].filterName", 2),
    logs("DeleteSubscriptionFilter", {**GROUP, "filterName": "second"}),
    logs("DeleteSubscriptionFilter", {**GROUP, "filterName": "second"}, error="ResourceNotFoundException"),
    function("PutFunctionConcurrency", {**NAMED, "ReservedConcurrentExecutions": 1}, {"ReservedConcurrentExecutions": 1}),
    function("GetFunctionConcurrency", NAMED, {"ReservedConcurrentExecutions": 1}),
    function("DeleteFunctionConcurrency", NAMED),
    function("GetAccountSettings", {}, {"AccountLimit.ConcurrentExecutions": 1000}),
    function("PutFunctionEventInvokeConfig", {**NAMED, "MaximumRetryAttempts": 1}, {"MaximumRetryAttempts": 1}),
    function("UpdateFunctionEventInvokeConfig", {**NAMED, "MaximumEventAgeInSeconds": 60},
             {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}),
    function("GetFunctionEventInvokeConfig", NAMED, {"FunctionArn": ANY}),
    function("DeleteFunctionEventInvokeConfig", NAMED),
    function("GetFunctionEventInvokeConfig", NAMED, error="ResourceNotFoundException"),
    # The handler is behind every function; without its configuration it says so.
    function("Invoke", {**NAMED, "Payload": b"{}"}, {"StatusCode": 200, "FunctionError": "Unhandled"}),
    function("Invoke", {**NAMED, "InvocationType": "Event", "Payload": b"{}"}, {"StatusCode": 202}),
    function("Invoke", {**NAMED, "InvocationType": "DryRun"}, {"StatusCode": 204}),
    function("Invoke", {**NAMED, "Payload": b"no JSON"}, error="InvalidRequestContentException"),
]

REPOSITORY = {"repositoryName": "team/web"}
ECR = [
    ecr("CreateRepository", REPOSITORY, {
        "repository.repositoryUri": f"{REGISTRY}/team/web", "repository.imageTagMutability": "MUTABLE"}),
    ecr("CreateRepository", REPOSITORY, error="RepositoryAlreadyExistsException"),
    ecr("CreateRepository", {"repositoryName": "Team"}, error="InvalidParameterException"),
    ecr("CreateRepository", {"repositoryName": "spare"}),
    Pages("ecr", "DescribeRepositories", {}, 1, "repositories[].repositoryName", 2),
    ecr("DescribeRepositories", {"repositoryNames": ["none"]}, error="RepositoryNotFoundException"),
    ecr("PutImage", {"repositoryName": "none", "imageManifest": manifest(1)}, error="RepositoryNotFoundException"),
    ecr("PutImage", {**REPOSITORY, "imageTag": "v1", "imageManifest": manifest(1)},
        {"image.imageId.imageTag": "v1"}, keeps={"digest": "image.imageId.imageDigest"}),
    ecr("PutImage", {**REPOSITORY, "imageTag": "v1", "imageManifest": manifest(1)}, error="ImageAlreadyExistsException"),
    ecr("PutImage", {**REPOSITORY, "imageTag": "v2", "imageManifest": manifest(2)}),
    Pages("ecr", "DescribeImages", REPOSITORY, 1, "imageDetails[].imageDigest", 2),
    ecr("DescribeImages", {**REPOSITORY, "imageIds": [{"imageTag": "v1"}]}, {
        "imageDetails[0].imageDigest": "$digest", "imageDetails[0].imagePushedAt": ANY}),
    ecr("DescribeImages", {**REPOSITORY, "imageIds": [{"imageTag": "v9"}]}, error="ImageNotFoundException"),
    ecr("DescribePullThroughCacheRules", {}, {"pullThroughCacheRules": []}),
    Pages("ecr", "ListImages", REPOSITORY, 1, "imageIds[].imageTag", 2),
    ecr("BatchGetImage", {**REPOSITORY, "imageIds": [{"imageTag": "v1"}, {"imageTag": "v9"}]}, {
        "images[0].imageId.imageDigest": "$digest", "failures[0].failureCode": "ImageNotFound"}),
    ecr("DeleteRepository", REPOSITORY, error="RepositoryNotEmptyException"),
    ecr("DeleteRepository", {"repositoryName": "spare"}, {"repository.repositoryName": "spare"}),
]

DEFINITION = {
    "family": "web", "containerDefinitions": [
        {"name": "app", "image": f"{REGISTRY}/team/web:v1", "memory": 128, "essential": True,
         "portMappings": [{"containerPort": 80}], "environment": [{"name": "A", "value": "b"}]}],
    "tags": [{"key": "a", "value": "1"}],
}
WEB = {"cluster": "default", "service": "web"}
ECS = [
    ecs("CreateCluster", {"clusterName": "default", "tags": [{"key": "a", "value": "1"}]}, {"cluster.status": "ACTIVE"}),
    ecs("CreateCluster", {"clusterName": "second"}),
    Pages("ecs", "ListClusters", {}, 1, "clusterArns", 2),
    ecs("DescribeClusters", {"clusters": ["default", "none"], "include": ["TAGS"]}, {
        "clusters[0].clusterName": "default", "failures[0].reason": "MISSING"}),
    ecs("RegisterTaskDefinition", DEFINITION, {"taskDefinition.revision": 1, "tags": [{"key": "a", "value": "1"}]},
        keeps={"definition": "taskDefinition.taskDefinitionArn"}),
    ecs("RegisterTaskDefinition", DEFINITION, {"taskDefinition.revision": 2},
        keeps={"second": "taskDefinition.taskDefinitionArn"}),
    ecs("RegisterTaskDefinition", {**DEFINITION, "family": "worker"}),
    ecs("RegisterTaskDefinition", {"family": "web", "containerDefinitions": []}, error="ClientException"),
    ecs("DescribeTaskDefinition", {"taskDefinition": "web", "include": ["TAGS"]}, {
        "taskDefinition.taskDefinitionArn": "$second", "taskDefinition.containerDefinitions[0].name": "app"}),
    ecs("DescribeTaskDefinition", {"taskDefinition": "none"}, error="ClientException"),
    Pages("ecs", "ListTaskDefinitions", {}, 1, "taskDefinitionArns", 3),
    Pages("ecs", "ListTaskDefinitionFamilies", {}, 1, "families", 2),
    ecs("CreateService", {"cluster": "default", "serviceName": "web", "taskDefinition": "$definition", "desiredCount": 2,
                          "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 200},
                          "tags": [{"key": "a", "value": "1"}]},
        {"service.status": "ACTIVE", "service.desiredCount": 2}, keeps={"service": "service.serviceArn"}),
    ecs("CreateService", {"cluster": "none", "serviceName": "web", "taskDefinition": "web"}, error="ClusterNotFoundException"),
    ecs("CreateService", {"cluster": "default", "serviceName": "spare", "taskDefinition": "worker", "desiredCount": 1}),
    Waiter("ecs", "services_stable", {"cluster": "default", "services": ["web", "spare"]}),
    Pages("ecs", "ListServices", {"cluster": "default"}, 1, "serviceArns", 2),
    ecs("DescribeServices", {"cluster": "default", "services": ["web", "none"], "include": ["TAGS"]}, {
        "services[0].runningCount": 2, "services[0].deployments[0].rolloutState": "COMPLETED",
        "services[0].events[0].message": ANY, "failures[0].reason": "MISSING"}, patience=20),
    Pages("ecs", "ListTasks", {"cluster": "default"}, 1, "taskArns", 3),
    ecs("ListTasks", {"cluster": "default", "serviceName": "web"}, keeps={"task": "taskArns[0]"}),
    ecs("DescribeTasks", {"cluster": "default", "tasks": ["$task"]}, {
        "tasks[0].lastStatus": "RUNNING", "tasks[0].containers[0].imageDigest": "$digest"}),
    Waiter("ecs", "tasks_running", {"cluster": "default", "tasks": ["$task"]}),
    ecs("UpdateService", {**WEB, "taskDefinition": "$second"}, {"service.taskDefinition": "$second"}),
    Waiter("ecs", "services_stable", {"cluster": "default", "services": ["web"]}),
    ecs("UpdateService", {"cluster": "default", "service": "none", "desiredCount": 1}, error="ServiceNotFoundException"),
    ecs("ListServiceDeployments", WEB, {"serviceDeployments[0].status": "SUCCESSFUL"},
        keeps={"deployment": "serviceDeployments[0].serviceDeploymentArn",
               "revision": "serviceDeployments[0].targetServiceRevisionArn"}, patience=20),
    ecs("DescribeServiceDeployments", {"serviceDeploymentArns": ["$deployment"]}, {
        "serviceDeployments[0].targetServiceRevision.arn": "$revision"}),
    Waiter("ecs", "services_stable", {"cluster": "default", "services": ["web"]}),
    ecs("DescribeServiceRevisions", {"serviceRevisionArns": ["$revision"]}, {"serviceRevisions[0].taskDefinition": "$second"}),
    ecs("StopServiceDeployment", {"serviceDeploymentArn": "$deployment"}, error="ConflictException"),
    ecs("UpdateService", {**WEB, "taskDefinition": "$definition"}),
    ecs("ListServiceDeployments", WEB, {"serviceDeployments[0].status": ANY},
        keeps={"deployment": "serviceDeployments[0].serviceDeploymentArn"}),
    ecs("StopServiceDeployment", {"serviceDeploymentArn": "$deployment", "stopType": "ROLLBACK"},
        {"serviceDeploymentArn": "$deployment"}),
    ecs("TagResource", {"resourceArn": "$service", "tags": [{"key": "b", "value": "2"}]}),
    ecs("UntagResource", {"resourceArn": "$service", "tagKeys": ["a"]}),
    ecs("ListTagsForResource", {"resourceArn": "$service"}, {"tags": [{"key": "b", "value": "2"}]}),
    ecs("DeregisterTaskDefinition", {"taskDefinition": "$definition"}, {"taskDefinition.status": "INACTIVE"}),
    ecs("DeleteService", {"cluster": "default", "service": "spare"}, error="InvalidParameterException"),
    ecs("DeleteService", {"cluster": "default", "service": "spare", "force": True}, {"service.status": "DRAINING"}),
    Waiter("ecs", "services_inactive", {"cluster": "default", "services": ["spare"]}),
    ecs("DeleteCluster", {"cluster": "default"}, error="ClusterContainsServicesException"),
    ecs("DeleteCluster", {"cluster": "second"}, {"cluster.status": "INACTIVE"}),
]

LAST = [function("DeleteFunction", NAMED), function("DeleteFunction", NAMED, error="ResourceNotFoundException")]

TEMPLATE = json.dumps({"Parameters": {"ImageTag": {"Type": "String"}}, "Resources": {"Service": {"Type": "AWS::ECS::Service"}}})
SHOP = {"StackName": "shop"}


def tagged(tag):
    return {"Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": tag}]}


STACKS = [
    stacks("CreateStack", SHOP | tagged("v1") | {"TemplateBody": TEMPLATE, "Tags": [{"Key": "team", "Value": "shop"}]},
           {"StackId": ANY}, keeps={"stack": "StackId"}),
    stacks("CreateStack", SHOP | tagged("v1") | {"TemplateBody": TEMPLATE}, error="AlreadyExistsException"),
    stacks("DescribeStacks", SHOP, {"Stacks[0].StackStatus": "CREATE_COMPLETE", "Stacks[0].CreationTime": ANY}, patience=60),
    stacks("DescribeStacks", {"StackName": "other"}, error="ValidationError"),
    stacks("UpdateStack", SHOP | tagged("v1") | {"UsePreviousTemplate": True}, error="ValidationError"),
    stacks("UpdateStack", SHOP | tagged("v2") | {"UsePreviousTemplate": True, "ClientRequestToken": "mine"},
           {"StackId": "$stack"}),
    stacks("UpdateStack", SHOP | tagged("v3") | {"UsePreviousTemplate": True}, error="ValidationError"),
    stacks("DescribeStackEvents", {"StackName": "$stack"}, {"StackEvents[0].ResourceStatus": "UPDATE_IN_PROGRESS",
           "StackEvents[0].ClientRequestToken": "mine", "StackEvents[0].Timestamp": ANY}),
    stacks("DescribeStackEvents", {"StackName": "other"}, error="ValidationError"),
]

STEPS = STS + IAM + S3 + SQS + SNS + LOGS + TRAIL + WATCH + RULE + SCHEDULES + FUNCTION + ECR + ECS + STACKS + LAST
