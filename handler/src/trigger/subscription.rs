//! A batch of a CloudWatch Logs subscription: gzip in base64.
//!
//! Shape: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>, example with Lambda.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::carried::{Carried, from_record};
use crate::record::NoPush;

/// The most that a batch may unpack to, in bytes. Lambda takes 6 MB of event; records shrink to a tenth at best.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The pushes in a batch. One record that cannot be read is told in the log and hides no other.
pub(super) fn read(event: &Value) -> Result<Vec<Carried>, String> {
    let data = event.pointer("/awslogs/data").and_then(Value::as_str);
    let data = data.ok_or("the subscription's `awslogs.data` is no text")?;
    let packed = STANDARD
        .decode(data)
        .map_err(|error| format!("the subscription's `awslogs.data` is no base64: {error}"))?;
    let mut text = Vec::new();
    GzDecoder::new(packed.as_slice())
        .take(LARGEST + 1)
        .read_to_end(&mut text)
        .map_err(|error| format!("the subscription's `awslogs.data` is no gzip: {error}"))?;
    if text.len() as u64 > LARGEST {
        return Err(format!(
            "the subscription's `awslogs.data` unpacks to more than {LARGEST} bytes"
        ));
    }
    let batch: Value = serde_json::from_slice(&text)
        .map_err(|error| format!("the subscription's batch is no JSON: {error}"))?;
    // A control message only tests whether the function can be reached.
    if batch.get("messageType").and_then(Value::as_str) == Some("CONTROL_MESSAGE") {
        return Ok(Vec::new());
    }
    let events = batch.get("logEvents").and_then(Value::as_array);
    let events = events.ok_or("the subscription's batch has no `logEvents`")?;
    let mut pushes = Vec::new();
    for event in events {
        let Some(message) = event.get("message").and_then(Value::as_str) else {
            tracing::warn!("log event without a message passed over");
            continue;
        };
        match serde_json::from_str::<Value>(message).map(|record| from_record(&record)) {
            Ok(Ok(mut push)) => {
                let timestamp = event.get("timestamp").and_then(Value::as_i64);
                push.found.timestamp = timestamp.unwrap_or(push.found.timestamp);
                push.found.ingestion = push.found.timestamp;
                pushes.push(push);
            }
            Ok(Err(NoPush::NotOurs)) => {}
            Ok(Err(NoPush::Unreadable(why))) => tracing::warn!(why, "push passed over"),
            Err(error) => tracing::warn!(%error, "log event passed over"),
        }
    }
    Ok(pushes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::{Value, json};

    use crate::trigger::{Task, Trigger};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn event(bytes: &[u8]) -> Value {
        json!({"awslogs": {"data": STANDARD.encode(bytes)}})
    }

    fn record(id: &str) -> String {
        json!({
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "eventID": id,
            "eventTime": "2026-03-01T10:00:00Z", "awsRegion": "eu-west-1",
            "requestParameters": {"repositoryName": "web", "imageTag": "v1", "imageManifest": "{}"},
            "responseElements": {"image": {"registryId": "111122223333",
                "imageId": {"imageDigest": "sha256:aa"}}}
        })
        .to_string()
    }

    #[test]
    fn a_batch_gives_its_pushes_and_one_bad_record_hides_none() {
        let batch = json!({"messageType": "DATA_MESSAGE", "logGroup": "/ecroll/trail", "logEvents": [
            {"id": "1", "timestamp": 1_772_359_205_000_i64, "message": record("a")},
            {"id": "2", "timestamp": 1, "message": "{"},
            {"id": "3"}, 17,
            {"id": "4", "timestamp": 1_772_359_206_000_i64, "message": record("b")},
        ]});
        let trigger = Trigger::read(&event(&packed(batch.to_string().as_bytes())));
        let Task::Pushes(pushes) = trigger.task else {
            panic!("{trigger:?}")
        };
        let ids: Vec<&str> = pushes.iter().map(|p| p.found.record.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(pushes[0].found.timestamp, 1_772_359_205_000);
        assert!(!pushes[0].bare);
    }

    #[test]
    fn a_control_message_needs_nothing() {
        let control = json!({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "x"}]});
        let trigger = Trigger::read(&event(&packed(control.to_string().as_bytes())));
        assert_eq!(
            (trigger.task, trigger.warning),
            (Task::Pushes(vec![]), None)
        );
    }

    #[test]
    fn rule_10_what_cannot_be_unpacked_is_looked_up_and_said() {
        let good = packed(b"{\"logEvents\": []}");
        let (cut, _) = good.split_at(good.len() / 2);
        let bomb = packed(&vec![b' '; 65 * 1024 * 1024]);
        assert!(bomb.len() < 6_000_000, "small enough for an event");
        for (event, word) in [
            (event(cut), "gzip"),
            (event(b"plain"), "gzip"),
            (event(&bomb), "more than"),
            (event(&packed(b"[")), "JSON"),
            (event(&packed(b"{}")), "logEvents"),
            (json!({"awslogs": {"data": "%"}}), "base64"),
            (json!({"awslogs": {"data": 5}}), "no text"),
        ] {
            let trigger = Trigger::read(&event);
            assert_eq!(trigger.name, "log-subscription");
            assert_eq!(trigger.task, Task::LookUp);
            assert!(trigger.warning.unwrap().contains(word), "{word}");
        }
    }
}
