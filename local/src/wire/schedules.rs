//! REST with JSON: EventBridge Scheduler, which names the operation in method and path.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::{Decoded, json as json_format, query_of, segments, unknown, unreadable};

pub(super) fn decode(request: &Request<Bytes>) -> Decoded {
    let (parts, body) = request.clone().into_parts();
    let path = segments(parts.uri.path());
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (operation, name) = match (parts.method.as_str(), path.as_slice()) {
        ("GET", ["schedules"]) => ("ListSchedules", None),
        ("GET", ["schedules", name]) => ("GetSchedule", Some(*name)),
        ("POST", ["schedules", name]) => ("CreateSchedule", Some(*name)),
        ("PUT", ["schedules", name]) => ("UpdateSchedule", Some(*name)),
        ("DELETE", ["schedules", name]) => ("DeleteSchedule", Some(*name)),
        ("POST", ["schedule-groups", name]) => ("CreateScheduleGroup", Some(*name)),
        (method, _) => return Err(unknown(format!("scheduler {method} {}", parts.uri.path()))),
    };
    let Value::Object(mut input) = json_format::read(&body)? else {
        return Err(unreadable("the body is no JSON object"));
    };
    if let Some(name) = name {
        input.insert("Name".to_owned(), name.into());
    }
    for (name, value) in query_of(&parts) {
        // The model's name differs from those in the query strings.
        let member = match name.as_str() {
            "groupName" | "ScheduleGroup" => "GroupName",
            "clientToken" => "ClientToken",
            other => other,
        };
        input.insert(member.to_owned(), value.into());
    }
    Ok(("scheduler", operation.to_owned(), input.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn path_and_query_name_the_operation_and_its_members() {
        let read = |method: &str, path: &str, body: &'static str| {
            let uri = format!("https://scheduler.eu-west-1.amazonaws.com{path}");
            let request = Request::builder().method(method).uri(uri);
            decode(&request.body(Bytes::from(body)).unwrap())
        };
        let (_, operation, input) = read("GET", "/schedules/nightly?groupName=jobs", "").unwrap();
        assert_eq!(operation, "GetSchedule");
        assert_eq!(input, json!({"Name": "nightly", "GroupName": "jobs"}));
        let body = r#"{"GroupName": "jobs", "State": "DISABLED"}"#;
        let (_, operation, input) = read("PUT", "/schedules/nightly", body).unwrap();
        assert_eq!(operation, "UpdateSchedule");
        let put = json!({"Name": "nightly", "GroupName": "jobs", "State": "DISABLED"});
        assert_eq!(input, put);
        assert!(read("PATCH", "/schedules/nightly", "").is_err());
        assert!(read("PUT", "/schedules/nightly", "[]").is_err());
    }
}
