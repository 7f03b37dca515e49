use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Pushed;
use crate::{Account, Clock, Options};

const REGISTRY: &str = "111122223333";

fn start() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn account() -> Account {
    Account::new(Clock::new(start()), Options::default())
}

fn put(account: &Account, tag: Option<&str>, digest: &str, seconds: i64) {
    let image = Pushed {
        registry: REGISTRY.to_owned(),
        region: "eu-west-1".to_owned(),
        repository: "web".to_owned(),
        tag: tag.map(str::to_owned),
        digest: digest.to_owned(),
        manifest: json!({"mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json"}})
        .to_string(),
    };
    account.with_ecr(|ecr, _| ecr.put(image, start() + TimeDelta::seconds(seconds)));
}

fn describe(account: &Account, more: &Value) -> crate::Answer {
    let mut input = json!({"registryId": REGISTRY, "repositoryName": "web"});
    for (key, value) in more.as_object().unwrap() {
        input[key] = value.clone();
    }
    account.call("ecr", "DescribeImages", input)
}

#[tokio::test(start_paused = true)]
async fn a_tag_moves_and_the_first_push_dates_an_image() {
    let account = account();
    put(&account, Some("v1"), "sha256:aa", 10);
    put(&account, Some("latest"), "sha256:aa", 20);
    put(&account, Some("latest"), "sha256:bb", 30);
    put(&account, Some("latest"), "sha256:aa", 15); // told late
    let by_tag = describe(&account, &json!({"imageIds": [{"imageTag": "latest"}]})).unwrap();
    assert_eq!(by_tag["imageDetails"][0]["imageDigest"], "sha256:bb");
    let by_digest = describe(
        &account,
        &json!({"imageIds": [{"imageDigest": "sha256:aa"}]}),
    )
    .unwrap();
    let image = &by_digest["imageDetails"][0];
    assert_eq!(image["imageTags"], json!(["v1"]));
    let first = start() + TimeDelta::seconds(10);
    assert_eq!(
        image["imagePushedAt"].as_f64(),
        json!(first.timestamp()).as_f64()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_refused_or_told_among_the_failures() {
    let account = account();
    let fault = describe(&account, &json!({})).unwrap_err();
    assert_eq!(fault.code, "RepositoryNotFoundException");
    put(&account, Some("v1"), "sha256:aa", 0);
    let ids = json!([{"imageTag": "v1"}, {"imageTag": "v2"}]);
    let fault = describe(&account, &json!({"imageIds": ids})).unwrap_err();
    assert_eq!(fault.code, "ImageNotFoundException");
    let get = json!({"registryId": REGISTRY, "repositoryName": "web", "imageIds": ids});
    let got = account.call("ecr", "BatchGetImage", get.clone()).unwrap();
    assert_eq!(got["images"].as_array().unwrap().len(), 1);
    assert_eq!(got["failures"][0]["imageId"]["imageTag"], "v2");
    let mut picky = get;
    picky["acceptedMediaTypes"] = json!(["application/vnd.oci.image.index.v1+json"]);
    let got = account.call("ecr", "BatchGetImage", picky).unwrap();
    assert_eq!(got["failures"].as_array().unwrap().len(), 2);
    let many: Vec<Value> = (0..101)
        .map(|n| json!({"imageTag": format!("t{n}")}))
        .collect();
    let fault = describe(&account, &json!({"imageIds": many})).unwrap_err();
    assert_eq!(fault.code, "InvalidParameterException");
    account.with_ecr(|ecr, _| ecr.deny(REGISTRY));
    let fault = describe(&account, &json!({})).unwrap_err();
    assert_eq!(fault.code, "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn everything_comes_in_pages() {
    let account = account();
    for number in 0..7 {
        put(&account, None, &format!("sha256:{number:02}"), number);
    }
    let mut seen = 0;
    let mut token = Value::Null;
    loop {
        let page = describe(&account, &json!({"maxResults": 3, "nextToken": token})).unwrap();
        seen += page["imageDetails"].as_array().unwrap().len();
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, 7);
    assert!(account.with_ecr(|ecr, _| ecr.remove(REGISTRY, "web", "sha256:03")));
    assert!(!account.with_ecr(|ecr, _| ecr.remove(REGISTRY, "web", "sha256:03")));
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_push_puts_its_image_when_the_push_happened() {
    let account = account();
    let at = start() + TimeDelta::minutes(3);
    let record = json!({
        "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "recipientAccountId": REGISTRY,
        "eventTime": at.to_rfc3339(),
        "requestParameters": {"repositoryName": "web", "imageTag": "v1", "imageManifest": "{}"},
        "responseElements": {"image": {"registryId": REGISTRY,
            "imageId": {"imageDigest": "sha256:aa"}}},
    });
    account.deliver(record, at + TimeDelta::minutes(5));
    let v1 = json!({"imageIds": [{"imageTag": "v1"}]});
    assert!(describe(&account, &v1).is_err(), "not yet pushed");
    account.run_until(at + TimeDelta::seconds(1)).await;
    let image = describe(&account, &v1).unwrap();
    assert_eq!(
        image["imageDetails"][0]["imagePushedAt"].as_f64(),
        json!(at.timestamp()).as_f64()
    );
}

#[tokio::test(start_paused = true)]
async fn a_person_pushes_once() {
    let account = account();
    let push = json!({"repositoryName": "web", "imageTag": "v1", "imageManifest": "{}"});
    let fault = account.call("ecr", "PutImage", push.clone()).unwrap_err();
    assert_eq!(fault.code, "RepositoryNotFoundException");
    let create = json!({"repositoryName": "web"});
    account.call("ecr", "CreateRepository", create).unwrap();
    let answer = account.call("ecr", "PutImage", push.clone()).unwrap();
    assert_eq!(answer["image"]["registryId"], "000000000000");
    let fault = account.call("ecr", "PutImage", push).unwrap_err();
    assert_eq!(fault.code, "ImageAlreadyExistsException");
}
