//! SNS: `list_amazonsns.html`.

use super::{Asked, Key, Row, all, need, row_of, tagged};

const SUBSCRIBING: &[Key] = &[
    ("sns:Protocol", |asked| asked.whole("Protocol")),
    ("sns:Endpoint", |asked| asked.whole("Endpoint")),
];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateTopic",
        &[
            need("sns:CreateTopic", new_topic),
            // SNS developer guide, tagging: adding tags upon creation needs both.
            need("sns:TagResource", new_topic).when(tagged),
        ],
    ),
    row_of(
        "GetTopicAttributes",
        &[need("sns:GetTopicAttributes", topic)],
    ),
    row_of(
        "SetTopicAttributes",
        &[need("sns:SetTopicAttributes", topic)],
    ),
    row_of("DeleteTopic", &[need("sns:DeleteTopic", topic)]),
    row_of("ListTopics", &[need("sns:ListTopics", all)]),
    row_of("TagResource", &[need("sns:TagResource", resource)]),
    row_of("UntagResource", &[need("sns:UntagResource", resource)]),
    row_of(
        "ListTagsForResource",
        &[need("sns:ListTagsForResource", resource)],
    ),
    row_of(
        "Subscribe",
        &[need("sns:Subscribe", topic).with(SUBSCRIBING)],
    ),
    row_of("ListSubscriptions", &[need("sns:ListSubscriptions", all)]),
    row_of(
        "ListSubscriptionsByTopic",
        &[need("sns:ListSubscriptionsByTopic", topic)],
    ),
    row_of(
        "GetSubscriptionAttributes",
        &[need("sns:GetSubscriptionAttributes", all)],
    ),
    row_of(
        "SetSubscriptionAttributes",
        &[need("sns:SetSubscriptionAttributes", all)],
    ),
    row_of("Unsubscribe", &[need("sns:Unsubscribe", all)]),
    row_of("Publish", &[need("sns:Publish", topic)]),
];

fn new_topic(asked: &Asked<'_>) -> Vec<String> {
    asked.named("sns", "", "Name")
}

fn topic(asked: &Asked<'_>) -> Vec<String> {
    let topic = asked.text("TopicArn").or_else(|| asked.text("TargetArn"));
    vec![topic.unwrap_or("*").to_owned()]
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("ResourceArn")
}
