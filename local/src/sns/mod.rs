//! SNS: topics, subscriptions, and what their subscribers receive.

mod message;
mod subscription;
mod topic;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::input::{Input, not_implemented, page, present, tag_list};
use crate::policy::{self, Ask};
use crate::service::{Answer, Fault, Place, Scope};

pub(crate) use message::Message;
use message::Text;
pub(crate) use subscription::Subscription;
use topic::{default_policy, settable};

/// The topics of the account, and the messages that wait to be handed over.
#[derive(Debug)]
pub(crate) struct Sns {
    topics: BTreeMap<String, Topic>,
    subscriptions: BTreeMap<String, Subscription>,
    outbox: Vec<Delivery>,
    ids: Ids,
}

#[derive(Debug)]
struct Topic {
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

/// One message for one subscription.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) subscription: String,
    pub(crate) message: Arc<Message>,
}

/// A message from an AWS service: who sends it, and for which of its resources.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) principal: &'a str,
    pub(crate) source_arn: &'a str,
}

impl Sns {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            topics: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            outbox: Vec::new(),
            ids: Ids::new(seed, "sns"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "InvalidParameter");
        match operation {
            "CreateTopic" => self.create_topic(input, scope.place),
            "GetTopicAttributes" => self.topic_attributes(input.need("TopicArn")?, scope.place),
            "SetTopicAttributes" => {
                let topic = self.topic_mut(input.need("TopicArn")?)?;
                let value = input.text("AttributeValue").unwrap_or_default();
                let (name, value) = settable(input.need("AttributeName")?, value)?;
                topic.attributes.insert(name, value);
                Ok(json!({}))
            }
            "DeleteTopic" => {
                let arn = input.need("TopicArn")?;
                self.topics.remove(arn);
                self.subscriptions
                    .retain(|_, subscription| subscription.topic != arn);
                Ok(json!({}))
            }
            "ListTopics" => {
                let (topics, next) = page(self.topics.iter(), input.text("NextToken"), 100);
                let topics: Vec<_> = topics
                    .into_iter()
                    .map(|(arn, _)| json!({"TopicArn": arn}))
                    .collect();
                Ok(present(json!({"Topics": topics, "NextToken": next})))
            }
            "TagResource" => {
                let tags = input.tags("Tags");
                self.tagged(input)?.tags.extend(tags);
                Ok(json!({}))
            }
            "UntagResource" => {
                let keys = input.texts("TagKeys");
                self.tagged(input)?
                    .tags
                    .retain(|key, _| !keys.contains(key));
                Ok(json!({}))
            }
            "ListTagsForResource" => Ok(json!({"Tags": tag_list(&self.tagged(input)?.tags)})),
            "Subscribe" => self.subscribe(input),
            "ListSubscriptions" => Ok(self.list_subscriptions(input, None)),
            "ListSubscriptionsByTopic" => {
                let topic = input.need("TopicArn")?;
                self.topic_mut(topic)?;
                Ok(self.list_subscriptions(input, Some(topic)))
            }
            "GetSubscriptionAttributes" => {
                let subscription = self.subscription(input)?;
                Ok(json!({"Attributes": subscription.describe(scope.place)}))
            }
            "SetSubscriptionAttributes" => {
                let value = input.text("AttributeValue").unwrap_or_default();
                let name = input.need("AttributeName")?;
                subscription::check(name, value)?;
                let subscription = self.subscription(input)?;
                subscription
                    .attributes
                    .insert(name.to_owned(), value.to_owned());
                Ok(json!({}))
            }
            "Unsubscribe" => {
                self.subscriptions.remove(input.need("SubscriptionArn")?);
                Ok(json!({}))
            }
            "Publish" => {
                let topic = input.text("TopicArn").or_else(|| input.text("TargetArn"));
                let topic = topic.ok_or_else(|| input.fault("Invalid parameter: TopicArn"))?;
                self.topic_mut(topic)?;
                let text = input.need("Message")?;
                if text.is_empty() {
                    return Err(input.fault("Invalid parameter: Empty message"));
                }
                let text = match input.text("MessageStructure") {
                    Some("json") => Text::by_protocol(text).map_err(|why| {
                        input.fault(format!("Invalid parameter: Message Structure - {why}"))
                    })?,
                    _ => Text::One(text.to_owned()),
                };
                if !input.text("Subject").is_none_or(legal_subject) {
                    return Err(input.fault("Invalid parameter: Subject"));
                }
                let id = self.spread(topic, input.text("Subject"), text, scope.now);
                Ok(json!({"MessageId": id}))
            }
            _ => Err(not_implemented("sns", operation)),
        }
    }

    /// Publishes for an AWS service, if the topic exists and its policy admits the service.
    pub(crate) fn publish_for(
        &mut self,
        sender: Sender<'_>,
        topic: &str,
        subject: &str,
        text: String,
        scope: &Scope<'_>,
    ) -> Result<(), &'static str> {
        let held = self.topics.get(topic).ok_or("the topic does not exist")?;
        let account = scope.place.account.as_str();
        // The owner's default policy admits services that act for the owner's account.
        let context = [
            ("aws:SourceArn", sender.source_arn),
            ("aws:SourceAccount", account),
            ("aws:SourceOwner", account),
        ];
        let ask = Ask {
            principal: sender.principal,
            action: "SNS:Publish",
            resource: topic,
            context: &context,
        };
        if !policy_of(held).is_some_and(|document| policy::admits(&document, &ask)) {
            return Err("the topic's policy does not admit the service");
        }
        self.spread(topic, Some(subject), Text::One(text), scope.now);
        Ok(())
    }

    /// The topic's policy.
    pub(crate) fn policy(&self, topic: &str) -> Option<Value> {
        policy_of(self.topics.get(topic)?)
    }

    /// The messages published since the last look.
    pub(crate) fn take_deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.outbox)
    }

    /// The subscription, unless it was removed meanwhile.
    pub(crate) fn find(&self, subscription: &str) -> Option<&Subscription> {
        self.subscriptions.get(subscription)
    }

    fn spread(
        &mut self,
        topic: &str,
        subject: Option<&str>,
        text: Text,
        at: DateTime<Utc>,
    ) -> String {
        let id = self.ids.uuid();
        let message = Arc::new(Message {
            id: id.clone(),
            topic: topic.to_owned(),
            subject: subject.map(str::to_owned),
            text,
            at,
        });
        let subscribers = self
            .subscriptions
            .values()
            .filter(|held| held.topic == topic);
        self.outbox.extend(subscribers.map(|held| Delivery {
            subscription: held.arn.clone(),
            message: Arc::clone(&message),
        }));
        id
    }

    fn create_topic(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let name = input.need("Name")?;
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 256 || !name.chars().all(legal) {
            return Err(input.fault("Invalid parameter: Topic Name"));
        }
        let arn = place.arn("sns", name);
        let mut asked = BTreeMap::new();
        for (name, value) in input.map("Attributes") {
            let (name, value) = settable(&name, &value)?;
            asked.insert(name, value);
        }
        let tags = input.tags("Tags");
        if let Some(topic) = self.topics.get(&arn) {
            let differs = |what: &str| {
                input.fault(format!(
                    "Invalid parameter: {what} Reason: Topic already exists with different {}",
                    what.to_ascii_lowercase()
                ))
            };
            if !asked
                .iter()
                .all(|(key, value)| topic.attributes.get(key) == Some(value))
            {
                return Err(differs("Attributes"));
            }
            if !tags.is_empty() && tags != topic.tags {
                return Err(differs("Tags"));
            }
        } else {
            let attributes = BTreeMap::from([
                ("DisplayName".to_owned(), String::new()),
                ("Policy".to_owned(), default_policy(&arn, place).to_string()),
            ]);
            let attributes = attributes.into_iter().chain(asked).collect();
            self.topics.insert(arn.clone(), Topic { attributes, tags });
        }
        Ok(json!({"TopicArn": arn}))
    }

    fn topic_attributes(&mut self, arn: &str, place: &Place) -> Answer {
        let confirmed = self
            .subscriptions
            .values()
            .filter(|held| held.topic == arn)
            .count();
        let mut attributes = self.topic_mut(arn)?.attributes.clone();
        let mut add = |key: &str, value: &str| attributes.insert(key.to_owned(), value.to_owned());
        add("TopicArn", arn);
        add("Owner", &place.account);
        add("SubscriptionsConfirmed", &confirmed.to_string());
        add("SubscriptionsPending", "0");
        add("SubscriptionsDeleted", "0");
        Ok(json!({"Attributes": attributes}))
    }

    fn subscribe(&mut self, input: Input<'_>) -> Answer {
        let topic = input.need("TopicArn")?;
        self.topic_mut(topic)?;
        let protocol = input.need("Protocol")?;
        let endpoint = input.need("Endpoint")?;
        if !matches!(protocol, "lambda" | "sqs") {
            let message = format!("the pocket account does not simulate SNS over {protocol}");
            return Err(Fault::client("NotImplemented", message).with_status(501));
        }
        if !endpoint.starts_with("arn:") || !endpoint.contains(&format!(":{protocol}:")) {
            return Err(input.fault(format!("Invalid parameter: {protocol} endpoint ARN")));
        }
        let attributes = input.map("Attributes");
        for (name, value) in &attributes {
            subscription::check(name, value)?;
        }
        let held = self.subscriptions.values().find(|held| {
            held.topic == topic && held.protocol == protocol && held.endpoint == endpoint
        });
        if let Some(held) = held {
            if !attributes
                .iter()
                .all(|(key, value)| held.attributes.get(key) == Some(value))
            {
                return Err(input.fault(
                    "Invalid parameter: Attributes Reason: Subscription already exists with \
                     different attributes",
                ));
            }
            return Ok(json!({"SubscriptionArn": held.arn}));
        }
        let arn = format!("{topic}:{}", self.ids.uuid());
        let subscription = Subscription {
            arn: arn.clone(),
            topic: topic.to_owned(),
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
            attributes,
        };
        self.subscriptions.insert(arn.clone(), subscription);
        Ok(json!({"SubscriptionArn": arn}))
    }

    fn list_subscriptions(&self, input: Input<'_>, topic: Option<&str>) -> Value {
        let wanted = |held: &Subscription| topic.is_none_or(|topic| held.topic == topic);
        let held = self.subscriptions.iter().filter(|(_, held)| wanted(held));
        let (held, next) = page(held, input.text("NextToken"), 100);
        let owner = |arn: &str| arn.split(':').nth(4).unwrap_or_default().to_owned();
        let list: Vec<_> = held
            .into_iter()
            .map(|(arn, held)| {
                json!({
                    "SubscriptionArn": arn,
                    "TopicArn": held.topic,
                    "Protocol": held.protocol,
                    "Endpoint": held.endpoint,
                    "Owner": owner(&held.topic),
                })
            })
            .collect();
        present(json!({"Subscriptions": list, "NextToken": next}))
    }

    fn topic_mut(&mut self, arn: &str) -> Result<&mut Topic, Fault> {
        let missing = || Fault::client("NotFound", "Topic does not exist").with_status(404);
        self.topics.get_mut(arn).ok_or_else(missing)
    }

    fn tagged(&mut self, input: Input<'_>) -> Result<&mut Topic, Fault> {
        let missing = || Fault::client("ResourceNotFound", "Resource does not exist");
        let arn = input.need("ResourceArn")?;
        self.topics
            .get_mut(arn)
            .ok_or_else(|| missing().with_status(404))
    }

    fn subscription(&mut self, input: Input<'_>) -> Result<&mut Subscription, Fault> {
        let missing = || Fault::client("NotFound", "Subscription does not exist").with_status(404);
        self.subscriptions
            .get_mut(input.need("SubscriptionArn")?)
            .ok_or_else(missing)
    }
}

fn policy_of(topic: &Topic) -> Option<Value> {
    policy::parse(topic.attributes.get("Policy")?).ok()
}

/// A subject: up to a hundred ASCII characters without line breaks, beginning with a letter, number or punctuation mark.
///
/// Source: the Publish action in the SNS API reference.
fn legal_subject(subject: &str) -> bool {
    let first = subject.chars().next();
    first.is_some_and(|c| c.is_ascii_graphic())
        && subject.len() <= 100
        && subject.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}
