//! What `CreateTrail` asks for, and of whom.

use serde_json::{Value, json};

use super::{GROUP, World};
use crate::{ForeignTrail, Options};

fn refusal(world: &World, input: &Value) -> (String, String) {
    let fault = world
        .account
        .call("cloudtrail", "CreateTrail", input.clone())
        .unwrap_err();
    (fault.code, fault.message)
}

#[tokio::test(start_paused = true)]
async fn rule_1_5_5_a_fresh_role_is_denied_until_it_has_spread() {
    let world = World::new(Options::default());
    world.bucket().group();
    let role = world.role("trail", "cloudtrail.amazonaws.com");
    let (code, message) = refusal(&world, &World::trail_input(&role));
    assert_eq!(code, "InvalidCloudWatchLogsRoleArnException");
    assert!(message.contains("Access denied."), "{message}");
    world.until("00:00:08").await;
    world.call("cloudtrail", "CreateTrail", World::trail_input(&role));
    let (code, _) = refusal(&world, &World::trail_input(&role));
    assert_eq!(code, "TrailAlreadyExistsException");
}

#[tokio::test(start_paused = true)]
async fn rule_1_5_1_the_bucket_must_admit_this_trail() {
    let world = World::new(Options::default());
    world.group();
    let role = world.role("trail", "cloudtrail.amazonaws.com");
    world.until("00:00:08").await;
    let input = World::trail_input(&role);
    assert_eq!(refusal(&world, &input).0, "S3BucketDoesNotExistException");
    world.bucket();
    let mut other = input.clone();
    other["Name"] = "other".into();
    assert_eq!(
        refusal(&world, &other).0,
        "InsufficientS3BucketPolicyException"
    );
    let mut prefixed = input.clone();
    prefixed["S3KeyPrefix"] = "logs".into();
    assert_eq!(
        refusal(&world, &prefixed).0,
        "InsufficientS3BucketPolicyException"
    );
    world.call(
        "s3",
        "DeleteBucketPolicy",
        json!({"Bucket": "trail-bucket"}),
    );
    assert_eq!(
        refusal(&world, &input).0,
        "InsufficientS3BucketPolicyException"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_1_5_4_group_and_role_come_together_and_the_arn_ends_with_a_star() {
    let world = World::new(Options::default());
    world.bucket().group();
    let role = world.role("trail", "cloudtrail.amazonaws.com");
    world.until("00:00:08").await;
    let input = World::trail_input(&role);
    for member in ["CloudWatchLogsRoleArn", "CloudWatchLogsLogGroupArn"] {
        let mut half = input.clone();
        half.as_object_mut().unwrap().remove(member);
        assert!(
            refusal(&world, &half)
                .0
                .starts_with("InvalidCloudWatchLogs"),
            "{member}"
        );
    }
    for group in [GROUP, "/nowhere:*"] {
        let mut bare = input.clone();
        bare["CloudWatchLogsLogGroupArn"] =
            format!("arn:aws:logs:eu-west-1:000000000000:log-group:{group}").into();
        let (code, message) = refusal(&world, &bare);
        assert_eq!(code, "InvalidCloudWatchLogsLogGroupArnException");
        // Without these words the error is permanent.
        assert!(!message.contains("Access denied."), "{message}");
    }
    for name in ["a", "a..b", "-ab", "a b"] {
        let mut named = input.clone();
        named["Name"] = name.into();
        world.call(
            "s3",
            "PutBucketPolicy",
            json!({"Bucket": "trail-bucket", "Policy": json!({
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
        }).to_string()}),
        );
        assert_eq!(
            refusal(&world, &named).0,
            "InvalidTrailNameException",
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_trail_gets_a_group_by_an_update_with_both() {
    let world = World::new(Options::default());
    world.bucket().group();
    let role = world.role("trail", "cloudtrail.amazonaws.com");
    world.until("00:00:08").await;
    let plain = json!({"Name": "ecroll", "S3BucketName": "trail-bucket"});
    world.call("cloudtrail", "CreateTrail", plain);
    let mut update = World::trail_input(&role);
    update.as_object_mut().unwrap().remove("S3BucketName");
    let trail = world.call("cloudtrail", "UpdateTrail", update);
    assert_eq!(trail["CloudWatchLogsRoleArn"], role.as_str());
    assert_eq!(trail["S3BucketName"], "trail-bucket");
    let missing = json!({"Name": "other"});
    assert_eq!(
        world.refused("cloudtrail", "UpdateTrail", missing),
        "TrailNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_1_3_4_putting_one_kind_of_selector_erases_the_other() {
    let world = World::new(Options::default());
    world.trail().await;
    let advanced = json!({"TrailName": "ecroll", "AdvancedEventSelectors": [{
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
    }]});
    world.call("cloudtrail", "PutEventSelectors", advanced);
    let held = world.call(
        "cloudtrail",
        "GetEventSelectors",
        json!({"TrailName": "ecroll"}),
    );
    assert_eq!(held.get("EventSelectors"), None);
    let basic = |excluded: &str| {
        json!({"TrailName": "ecroll", "EventSelectors": [{
            "ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": [excluded],
        }]})
    };
    let code = world.refused(
        "cloudtrail",
        "PutEventSelectors",
        basic("ecr.amazonaws.com"),
    );
    assert_eq!(code, "InvalidEventSelectorsException");
    world.call(
        "cloudtrail",
        "PutEventSelectors",
        basic("kms.amazonaws.com"),
    );
    let held = world.call(
        "cloudtrail",
        "GetEventSelectors",
        json!({"TrailName": "ecroll"}),
    );
    assert_eq!(held.get("AdvancedEventSelectors"), None);
}

#[tokio::test(start_paused = true)]
async fn a_shadow_trail_is_seen_found_by_its_arn_and_left_alone() {
    let world = World::new(Options::default());
    let arn = "arn:aws:cloudtrail:us-east-1:000000000000:trail/audit";
    world.account.show_trail(ForeignTrail {
        trail: json!({"TrailARN": arn, "Name": "audit", "HomeRegion": "us-east-1",
                      "IsMultiRegionTrail": true, "HasCustomEventSelectors": true}),
        selectors: Some(json!({"EventSelectors": []})),
        status: None,
    });
    let list = |input| world.call("cloudtrail", "DescribeTrails", input)["trailList"].clone();
    assert_eq!(list(json!({}))[0]["HasCustomEventSelectors"], true);
    assert_eq!(list(json!({"IncludeShadowTrails": false})), json!([]));
    assert_eq!(list(json!({"trailNameList": ["audit"]})), json!([]));
    assert_eq!(list(json!({"trailNameList": [arn]}))[0]["Name"], "audit");
    let refused = |operation, name| {
        let input = json!({"Name": name, "TrailName": name});
        world.refused("cloudtrail", operation, input)
    };
    assert_eq!(refused("GetTrail", "audit"), "TrailNotFoundException");
    assert_eq!(refused("GetTrailStatus", arn), "AccessDeniedException");
    assert_eq!(refused("StopLogging", arn), "InvalidHomeRegionException");
    assert_eq!(refused("DeleteTrail", arn), "InvalidHomeRegionException");
    let held = world.call("cloudtrail", "GetEventSelectors", json!({"TrailName": arn}));
    assert_eq!(held["TrailARN"], arn);

    let arn = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/organization";
    world.account.show_trail(ForeignTrail {
        trail: json!({"TrailARN": arn, "Name": "organization", "HomeRegion": "eu-west-1",
                      "IsOrganizationTrail": true}),
        ..ForeignTrail::default()
    });
    assert_eq!(
        refused("UpdateTrail", arn),
        "NotOrganizationMasterAccountException"
    );
}
