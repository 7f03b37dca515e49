//! SQS: queues that keep what failed, and can be read.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::ids::Ids;
use crate::input::{Input, not_implemented, page, present};
use crate::metric::{MetricKey, Sample};
use crate::policy::{self, Ask};
use crate::service::{Answer, Fault, Scope};

/// The queues of the account.
#[derive(Debug)]
pub(crate) struct Sqs {
    queues: BTreeMap<String, Queue>,
    /// When queues of these names were deleted.
    deleted: BTreeMap<String, DateTime<Utc>>,
    /// The depths of queues that changed since the last look.
    samples: Vec<Sample>,
    ids: Ids,
}

#[derive(Debug)]
struct Queue {
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    messages: VecDeque<Message>,
}

#[derive(Debug)]
struct Message {
    id: String,
    body: String,
    attributes: Value,
    sent: DateTime<Utc>,
    hidden_until: DateTime<Utc>,
    receipt: Option<String>,
    receives: u32,
}

/// The attributes that a queue has when nothing else was asked for.
const DEFAULTS: [(&str, &str); 6] = [
    ("VisibilityTimeout", "30"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("DelaySeconds", "0"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("SqsManagedSseEnabled", "true"),
];

/// How long a name rests after its queue was deleted.
/// Source: `CreateQueue` in the SQS API reference.
const REST: TimeDelta = TimeDelta::seconds(60);

/// Further attributes that may be set.
const SETTABLE: [&str; 5] = [
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
];

impl Sqs {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            queues: BTreeMap::new(),
            deleted: BTreeMap::new(),
            samples: Vec::new(),
            ids: Ids::new(seed, "sqs"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "InvalidParameterValue");
        match operation {
            "CreateQueue" => self.create(input, scope),
            "GetQueueUrl" => {
                let name = input.need("QueueName")?;
                self.queues.get(name).ok_or_else(no_such_queue)?;
                Ok(json!({"QueueUrl": url(name, scope)}))
            }
            "ListQueues" => Ok(self.list(input, scope)),
            "DeleteQueue" => {
                self.queue(input)?;
                let name = queue_name(input)?;
                self.queues.remove(name);
                self.deleted.insert(name.to_owned(), scope.now);
                Ok(json!({}))
            }
            "GetQueueAttributes" => self.attributes(input, scope),
            "SetQueueAttributes" => {
                let attributes = checked(input)?;
                let queue = self.queue(input)?;
                queue.attributes.extend(attributes);
                queue.changed = scope.now;
                Ok(json!({}))
            }
            "ListQueueTags" => Ok(json!({"Tags": self.queue(input)?.tags})),
            "TagQueue" => {
                let tags = input.map("Tags");
                self.queue(input)?.tags.extend(tags);
                Ok(json!({}))
            }
            "UntagQueue" => {
                let keys = input.texts("TagKeys");
                self.queue(input)?.tags.retain(|key, _| !keys.contains(key));
                Ok(json!({}))
            }
            "SendMessage" => self.send_message(input, scope),
            "ReceiveMessage" => self.receive(input, scope),
            "DeleteMessage" => {
                let receipt = input.need("ReceiptHandle")?;
                let messages = &mut self.queue(input)?.messages;
                messages.retain(|message| message.receipt.as_deref() != Some(receipt));
                self.sample(queue_name(input)?, scope.now);
                Ok(json!({}))
            }
            "PurgeQueue" => {
                self.queue(input)?.messages.clear();
                self.sample(queue_name(input)?, scope.now);
                Ok(json!({}))
            }
            _ => Err(not_implemented("sqs", operation)),
        }
    }

    /// Puts a message into the queue of that ARN on behalf of an AWS service; false if there is no
    /// such queue.
    pub(crate) fn put(
        &mut self,
        arn: &str,
        body: String,
        attributes: Value,
        now: DateTime<Utc>,
    ) -> bool {
        let id = self.ids.uuid();
        let Some(queue) = self.by_arn(arn) else {
            return false;
        };
        queue.messages.push_back(Message {
            id,
            body,
            attributes,
            sent: now,
            hidden_until: now,
            receipt: None,
            receives: 0,
        });
        if let Some((_, name)) = arn.rsplit_once(':') {
            self.sample(name, now);
        }
        true
    }

    /// What CloudWatch hears of the queue's depth: here when it changes, from SQS every minute while the queue is used.
    /// Source: "Available CloudWatch metrics for Amazon SQS" in the SQS guide.
    fn sample(&mut self, name: &str, at: DateTime<Utc>) {
        let Some(queue) = self.queues.get(name) else {
            return;
        };
        let visible = queue
            .messages
            .iter()
            .filter(|m| m.hidden_until <= at)
            .count();
        let dimensions = BTreeMap::from([("QueueName".to_owned(), name.to_owned())]);
        self.samples.push(Sample {
            key: MetricKey {
                namespace: "AWS/SQS".to_owned(),
                name: "ApproximateNumberOfMessagesVisible".to_owned(),
                dimensions,
            },
            at,
            value: f64::from(u32::try_from(visible).unwrap_or(u32::MAX)),
        });
    }

    /// The depths that changed since the last look.
    pub(crate) fn take_samples(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.samples)
    }

    /// Whether the policy of the queue admits the request.
    pub(crate) fn admits(&mut self, arn: &str, ask: &Ask<'_>) -> bool {
        let document = self
            .by_arn(arn)
            .and_then(|queue| queue.attributes.get("Policy"));
        document
            .and_then(|text| policy::parse(text).ok())
            .is_some_and(|document| policy::admits(&document, ask))
    }

    /// The queue's policy.
    pub(crate) fn policy(&self, arn: &str) -> Option<Value> {
        let queue = self.queues.get(arn.rsplit(':').next()?)?;
        policy::parse(queue.attributes.get("Policy")?).ok()
    }

    fn by_arn(&mut self, arn: &str) -> Option<&mut Queue> {
        let (head, name) = arn.rsplit_once(':')?;
        self.queues.get_mut(name).filter(|_| head.contains(":sqs:"))
    }

    fn queue(&mut self, input: Input<'_>) -> Result<&mut Queue, Fault> {
        self.queues
            .get_mut(queue_name(input)?)
            .ok_or_else(no_such_queue)
    }

    fn create(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("QueueName")?;
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 80 || !name.chars().all(legal) {
            return Err(input.fault(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in \
                 length",
            ));
        }
        let asked = checked(input)?;
        if self
            .deleted
            .get(name)
            .is_some_and(|at| scope.now - *at < REST)
        {
            let message = "You must wait 60 seconds after deleting a queue before you can create \
                           another with the same name.";
            return Err(Fault::client(
                "AWS.SimpleQueueService.QueueDeletedRecently",
                message,
            ));
        }
        if let Some(queue) = self.queues.get(name) {
            let same = |(key, value): (&String, &String)| queue.attributes.get(key) == Some(value);
            if !asked.iter().all(same) {
                let message = "A queue already exists with the same name and a different value for attributes";
                return Err(Fault::client("QueueAlreadyExists", message));
            }
        } else {
            let defaults = DEFAULTS.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let queue = Queue {
                created: scope.now,
                changed: scope.now,
                attributes: defaults.into_iter().chain(asked).collect(),
                tags: input.map("tags"),
                messages: VecDeque::new(),
            };
            self.queues.insert(name.to_owned(), queue);
        }
        Ok(json!({"QueueUrl": url(name, scope)}))
    }

    fn list(&self, input: Input<'_>, scope: &Scope<'_>) -> Value {
        let prefix = input.text("QueueNamePrefix").unwrap_or_default();
        let queues = self
            .queues
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        let limit = input
            .number("MaxResults")
            .and_then(|n| usize::try_from(n).ok());
        let (queues, next) = page(queues, input.text("NextToken"), limit.unwrap_or(1000));
        let urls: Vec<_> = queues
            .into_iter()
            .map(|(name, _)| url(name, scope))
            .collect();
        present(json!({"QueueUrls": urls, "NextToken": next}))
    }

    fn attributes(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let asked = input.texts("AttributeNames");
        let name = queue_name(input)?;
        let queue = self.queues.get(name).ok_or_else(no_such_queue)?;
        let hidden = queue
            .messages
            .iter()
            .filter(|m| m.hidden_until > scope.now)
            .count();
        let mut all = queue.attributes.clone();
        let mut add = |key: &str, value: String| all.insert(key.to_owned(), value);
        add("QueueArn", scope.place.arn("sqs", name));
        add("CreatedTimestamp", queue.created.timestamp().to_string());
        add(
            "LastModifiedTimestamp",
            queue.changed.timestamp().to_string(),
        );
        add(
            "ApproximateNumberOfMessages",
            (queue.messages.len() - hidden).to_string(),
        );
        add("ApproximateNumberOfMessagesNotVisible", hidden.to_string());
        add("ApproximateNumberOfMessagesDelayed", "0".to_owned());
        if !asked.iter().any(|name| name == "All") {
            all.retain(|key, _| asked.contains(key));
        }
        // Without any attribute the answer is empty, as from SQS.
        Ok(if all.is_empty() {
            json!({})
        } else {
            json!({"Attributes": all})
        })
    }

    fn send_message(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let body = input.need("MessageBody")?.to_owned();
        let name = queue_name(input)?;
        self.queues.get(name).ok_or_else(no_such_queue)?;
        let attributes = input
            .get("MessageAttributes")
            .cloned()
            .unwrap_or(Value::Null);
        self.put(&scope.place.arn("sqs", name), body, attributes, scope.now);
        let queue = self.queue(input)?;
        let id = queue.messages.back().map(|message| message.id.clone());
        Ok(json!({"MessageId": id}))
    }

    fn receive(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = queue_name(input)?;
        let queue = self.queues.get_mut(name).ok_or_else(no_such_queue)?;
        let limit = input
            .number("MaxNumberOfMessages")
            .unwrap_or(1)
            .clamp(1, 10);
        let setting = |key: &str| {
            queue
                .attributes
                .get(key)
                .and_then(|value| value.parse().ok())
        };
        let timeout = input
            .number("VisibilityTimeout")
            .or_else(|| setting("VisibilityTimeout"));
        let retention = TimeDelta::seconds(setting("MessageRetentionPeriod").unwrap_or(345_600));
        queue
            .messages
            .retain(|message| message.sent + retention > scope.now);
        let visible = queue
            .messages
            .iter_mut()
            .filter(|m| m.hidden_until <= scope.now);
        let taken = visible.take(usize::try_from(limit).unwrap_or(1));
        let mut messages = Vec::new();
        for message in taken {
            let receipt = self.ids.uuid();
            message.hidden_until = scope.now + TimeDelta::seconds(timeout.unwrap_or(30));
            message.receives += 1;
            messages.push(present(json!({
                "MessageId": message.id,
                "ReceiptHandle": receipt,
                "Body": message.body,
                "Attributes": {
                    "SentTimestamp": message.sent.timestamp_millis().to_string(),
                    "ApproximateReceiveCount": message.receives.to_string(),
                },
                "MessageAttributes": message.attributes,
            })));
            message.receipt = Some(receipt);
        }
        let mut answer = Map::new();
        if !messages.is_empty() {
            answer.insert("Messages".to_owned(), messages.into());
        }
        Ok(answer.into())
    }
}

/// The attributes of the input, if all of them may be set.
fn checked(input: Input<'_>) -> Result<BTreeMap<String, String>, Fault> {
    let attributes = input.map("Attributes");
    let known = |name: &str| {
        SETTABLE.contains(&name) || DEFAULTS.iter().any(|(default, _)| *default == name)
    };
    if let Some(name) = attributes.keys().find(|name| !known(name)) {
        return Err(Fault::client(
            "InvalidAttributeName",
            format!("Unknown Attribute {name}."),
        ));
    }
    if let Some(document) = attributes.get("Policy").filter(|text| !text.is_empty())
        && let Err(why) = policy::parse(document)
    {
        let message = format!("Invalid value for the parameter Policy: {why}");
        return Err(Fault::client("InvalidAttributeValue", message));
    }
    Ok(attributes)
}

fn url(name: &str, scope: &Scope<'_>) -> String {
    let place = scope.place;
    format!(
        "https://sqs.{}.amazonaws.com/{}/{name}",
        place.region, place.account
    )
}

fn queue_name(input: Input<'_>) -> Result<&str, Fault> {
    let url = input.need("QueueUrl")?;
    Ok(url.rsplit_once('/').map_or(url, |(_, name)| name))
}

fn no_such_queue() -> Fault {
    let message = "The specified queue does not exist.";
    Fault::client("AWS.SimpleQueueService.NonExistentQueue", message)
}
