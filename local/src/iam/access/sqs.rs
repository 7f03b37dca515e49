//! SQS: `list_amazonsqs.html`.

use super::{Asked, Row, need, row_of, tagged};

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateQueue",
        &[
            need("sqs:CreateQueue", by_name),
            // API reference, CreateQueue: tags on creation need both.
            need("sqs:TagQueue", by_name).when(tagged),
        ],
    ),
    row_of("GetQueueUrl", &[need("sqs:GetQueueUrl", by_name)]),
    row_of("ListQueues", &[need("sqs:ListQueues", all_queues)]),
    row_of("DeleteQueue", &[need("sqs:DeleteQueue", queue)]),
    row_of(
        "GetQueueAttributes",
        &[need("sqs:GetQueueAttributes", queue)],
    ),
    row_of(
        "SetQueueAttributes",
        &[need("sqs:SetQueueAttributes", queue)],
    ),
    row_of("ListQueueTags", &[need("sqs:ListQueueTags", queue)]),
    row_of("TagQueue", &[need("sqs:TagQueue", queue)]),
    row_of("UntagQueue", &[need("sqs:UntagQueue", queue)]),
    row_of("SendMessage", &[need("sqs:SendMessage", queue)]),
    row_of("ReceiveMessage", &[need("sqs:ReceiveMessage", queue)]),
    row_of("DeleteMessage", &[need("sqs:DeleteMessage", queue)]),
    row_of("PurgeQueue", &[need("sqs:PurgeQueue", queue)]),
];

fn by_name(asked: &Asked<'_>) -> Vec<String> {
    asked.named("sqs", "", "QueueName")
}

/// `https://sqs.<Region>.amazonaws.com/<account>/<name>`.
fn queue(asked: &Asked<'_>) -> Vec<String> {
    let url = asked.text("QueueUrl").unwrap_or("*");
    let name = url.rsplit('/').next().unwrap_or(url);
    vec![asked.place.arn("sqs", name)]
}

fn all_queues(asked: &Asked<'_>) -> Vec<String> {
    vec![asked.place.arn("sqs", "*")]
}
