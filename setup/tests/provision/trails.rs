//! Which trail is used: one that is there and fits is reused untouched, and each other is explained.

use handler::config::{Config, Trail};
use local::{ForeignTrail, Options};
use serde_json::{Value, json};
use setup::exit::Exit;
use setup::trails::Source;
use setup::{Plan, diff::Action};

use crate::faulty::Faulty;
use crate::pocket::Pocket;
use crate::whole::differences;

fn reuse(name: &str) -> Config {
    Config {
        trail: Trail::Reuse(name.to_owned()),
        ..Config::default()
    }
}

impl Pocket {
    /// A log group of somebody's, and a role with which CloudTrail writes to it.
    pub(crate) async fn their_group(&self, name: &str, class: &str) {
        let group =
            json!({"logGroupName": name, "logGroupClass": class, "tags": {"team": "audit"}});
        self.call("logs", "CreateLogGroup", group);
        if self
            .ask("iam", "GetRole", json!({"RoleName": "theirs"}))
            .is_err()
        {
            let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "cloudtrail.amazonaws.com"}}]});
            let role = json!({"RoleName": "theirs", "AssumeRolePolicyDocument": trust.to_string()});
            self.call("iam", "CreateRole", role);
            let policy = json!({"Statement": [{"Effect": "Allow", "Resource": "*",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}]});
            let input = json!({"RoleName": "theirs", "PolicyName": "logs", "PolicyDocument": policy.to_string()});
            self.call("iam", "PutRolePolicy", input);
            self.wait_a_minute().await;
        }
    }

    /// Somebody's trail, which logs; `more` goes before the usual.
    pub(crate) fn their_trail(&self, name: &str, group: Option<&str>, more: &Value) {
        let mut input = json!({"Name": name, "S3BucketName": "theirs", "IsMultiRegionTrail": true,
            "TagsList": [{"Key": "team", "Value": "audit"}]});
        if let Some(group) = group {
            let arn = format!("arn:aws:logs:eu-west-1:000000000000:log-group:{group}:*");
            input["CloudWatchLogsLogGroupArn"] = arn.into();
            input["CloudWatchLogsRoleArn"] = "arn:aws:iam::000000000000:role/theirs".into();
        }
        let members = more.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(members);
        self.call("cloudtrail", "CreateTrail", input);
        self.call("cloudtrail", "StartLogging", json!({"Name": name}));
    }

    fn selectors(&self, name: &str, selectors: Value) {
        let mut input = selectors;
        input["TrailName"] = name.into();
        self.call("cloudtrail", "PutEventSelectors", input);
    }
}

/// An account with one trail that fits: all Regions, a key for its files, selectors of its own.
async fn with_theirs() -> Pocket {
    with_theirs_in(Options::default()).await
}

pub(crate) async fn with_theirs_in(options: Options) -> Pocket {
    let pocket = Pocket::new(options);
    pocket.foreign_trails(0);
    pocket.their_group("theirs/trail", "STANDARD").await;
    let key = json!({"KmsKeyId": "arn:aws:kms:eu-west-1:000000000000:key/1"});
    pocket.their_trail("management", Some("theirs/trail"), &key);
    let wide = json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
        "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]});
    pocket.selectors("management", wide);
    pocket
}

#[tokio::test(start_paused = true)]
async fn rule_09_a_trail_that_fits_is_reused_and_nothing_of_theirs_changes() {
    let pocket = with_theirs().await;
    let before = pocket.whole();
    let plan = pocket.plan(&Config::default()).await.unwrap();
    insta::assert_snapshot!(plan);
    insta::assert_json_snapshot!("reused", plan.trail);
    pocket.apply(&plan, |_| ()).await.unwrap();
    let config = pocket.function_config();
    assert_eq!(config["log_group"], "theirs/trail");
    let arn = "arn:aws:cloudtrail:eu-west-1:000000000000:trail/management";
    assert_eq!(config["trail"], format!("reuse:{arn}"));

    // Every resource of theirs is as it was, but for our filter on the log group.
    let after = pocket.whole();
    for (name, mut held) in before.as_object().unwrap().clone() {
        let mut now = after[&name].clone();
        if name == "logs theirs/trail" {
            let filters = &mut now["details"]["DescribeMetricFilters"]["metricFilters"];
            assert_eq!(filters.as_array().unwrap().len(), 1, "{filters}");
            *filters = json!([]);
            for counted in [&mut held, &mut now] {
                counted["listed"]["metricFilterCount"] = Value::Null;
            }
        }
        assert_eq!(now, held, "{name}");
    }
    let writes = pocket.writes();
    let others: Vec<_> = writes
        .iter()
        .filter(|w| w.starts_with("cloudtrail:") || w.starts_with("s3:"))
        .collect();
    assert_eq!(others, Vec::<&String>::new());
    pocket.forget();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
    assert_eq!(pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn rule_09_destroy_takes_only_our_filter_from_their_log_group() {
    let pocket = with_theirs().await;
    let before = pocket.whole();
    pocket.set_up(&Config::default()).await.unwrap();
    let plan = pocket.removal(&Config::default(), false).await.unwrap();
    insta::assert_snapshot!(plan);
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(differences(&before, &pocket.whole()), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn pushes_arrive_by_a_trail_that_is_reused() {
    let pocket = with_theirs().await;
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.wait_a_minute().await;
    pocket.push_is_recorded().await;
    let alarm = json!({"AlarmNames": ["ecroll-pushes"]});
    let alarm = pocket.answer("cloudwatch", "DescribeAlarms", alarm);
    assert_eq!(alarm["MetricAlarms"][0]["StateValue"], "ALARM");
}

#[tokio::test(start_paused = true)]
async fn a_better_trail_that_turns_up_moves_nothing() {
    let pocket = with_theirs().await;
    let one_region = json!({"IsMultiRegionTrail": false});
    pocket.call(
        "cloudtrail",
        "UpdateTrail",
        json!({"Name": "management", "IsMultiRegionTrail": false}),
    );
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.their_group("better", "STANDARD").await;
    pocket.their_trail("aaa-better", Some("better"), &json!({}));
    pocket.their_trail("single", Some("better"), &one_region);
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
    insta::assert_snapshot!(plan.trail.unwrap());

    // Also where the function, which remembers it, is gone.
    pocket.call(
        "lambda",
        "DeleteFunction",
        json!({"FunctionName": "ecroll"}),
    );
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert_eq!(plan.trail.unwrap().name, "management");

    // And a trail of our own is kept whatever fits.
    let pocket = Pocket::new(Options::default());
    pocket.foreign_trails(0);
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.their_group("better", "STANDARD").await;
    pocket.their_trail("aaa-better", Some("better"), &json!({}));
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
    insta::assert_snapshot!("kept_own", plan.trail.unwrap());
}

#[tokio::test(start_paused = true)]
#[expect(
    clippy::too_many_lines,
    reason = "a list of trails, each with its own fault"
)]
async fn each_trail_that_does_not_fit_is_explained() {
    let pocket = Pocket::new(Options::default());
    pocket.foreign_trails(0);
    pocket.their_group("full", "STANDARD").await;
    pocket.their_group("cheap", "INFREQUENT_ACCESS").await;
    pocket.their_group("taken", "STANDARD").await;
    pocket.their_group("plain", "STANDARD").await;
    let filter = |group: &str, name: &str| {
        let to = json!([{"metricName": "m", "metricNamespace": "theirs", "metricValue": "1"}]);
        let input = json!({"logGroupName": group, "filterName": name, "filterPattern": "",
            "metricTransformations": to});
        pocket.call("logs", "PutMetricFilter", input);
    };
    for number in 0..100 {
        filter("full", &format!("f{number}"));
    }
    filter("taken", "ecroll");
    // One account has five trails at most, so these are shown as if they came from elsewhere.
    pocket.their_trail("model", Some("plain"), &json!({}));
    let named = json!({"Name": "model", "TrailName": "model", "trailNameList": ["model"]});
    let ask = |operation: &str| pocket.answer("cloudtrail", operation, named.clone());
    let described = ask("DescribeTrails")["trailList"][0].clone();
    let (selectors, status) = (ask("GetEventSelectors"), ask("GetTrailStatus"));
    ask("DeleteTrail");
    let trail = |name: &str, group: Option<&str>| {
        let mut trail = described.clone();
        trail["Name"] = name.into();
        trail["TrailARN"] =
            format!("arn:aws:cloudtrail:eu-west-1:888888888888:trail/{name}").into();
        trail["HasCustomEventSelectors"] = true.into();
        trail["CloudWatchLogsLogGroupArn"] = match group {
            Some(group) => {
                format!("arn:aws:logs:eu-west-1:000000000000:log-group:{group}:*").into()
            }
            None => Value::Null,
        };
        (trail, selectors.clone(), status.clone())
    };
    let show = |(trail, selectors, status): (Value, Value, Value)| {
        let (selectors, status) = (Some(selectors), Some(status));
        pocket.show(ForeignTrail {
            trail,
            selectors,
            status,
        });
    };
    for (name, group) in [
        ("a-bare", None),
        ("b-full", Some("full")),
        ("c-cheap", Some("cheap")),
        ("d-taken", Some("taken")),
    ] {
        show(trail(name, group));
    }
    let mut gone = trail("e-gone", Some("plain"));
    gone.0["CloudWatchLogsLogGroupArn"] =
        "arn:aws:logs:eu-west-1:000000000000:log-group:gone:*".into();
    show(gone);
    let mut stopped = trail("f-stopped", Some("plain"));
    stopped.2["IsLogging"] = false.into();
    show(stopped);
    let mut broken = trail("g-broken", Some("plain"));
    broken.2["LatestCloudWatchLogsDeliveryError"] = "Access denied".into();
    show(broken);
    let mut reads = trail("h-reads", Some("plain"));
    reads.1 =
        json!({"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true}]});
    show(reads);
    let mut data = trail("i-data", Some("plain"));
    data.1 = json!({"AdvancedEventSelectors": [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]});
    show(data);
    let mut shadow = trail("j-shadow", Some("plain"));
    shadow.0["HomeRegion"] = "us-east-1".into();
    shadow.0["TrailARN"] = "arn:aws:cloudtrail:us-east-1:000000000000:trail/j-shadow".into();
    shadow.0["CloudWatchLogsLogGroupArn"] =
        "arn:aws:logs:us-east-1:000000000000:log-group:plain:*".into();
    show(shadow);
    let mut member = trail("k-organization", Some("plain"));
    member.0["IsOrganizationTrail"] = true.into();
    member.0["TrailARN"] = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/k-organization".into();
    member.0["CloudWatchLogsLogGroupArn"] =
        "arn:aws:logs:eu-west-1:999999999999:log-group:org:*".into();
    show(member);
    let (silent, selectors, _) = trail("l-silent", Some("plain"));
    let (trail, selectors) = (silent, Some(selectors));
    pocket.show(ForeignTrail {
        trail,
        selectors,
        status: None,
    });

    let plan = pocket.plan(&Config::default()).await.unwrap();
    let selection = plan.trail.unwrap();
    assert_eq!(selection.source, Source::Own);
    insta::assert_snapshot!(selection);

    // Asked for by name, each is refused with the same reason, before any write.
    pocket.forget();
    for other in &selection.others {
        let error = pocket.set_up(&reuse(&other.name)).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Wrong);
        assert!(error.to_string().ends_with(&other.reason), "{error}");
    }
    let error = pocket
        .set_up(&reuse("nobody"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("has no such trail: there are `a-bare`"),
        "{error}"
    );
    assert_eq!(pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_organization_trail_is_recognised_where_its_log_group_is() {
    let pocket = Pocket::new(Options::default());
    pocket.foreign_trails(0);
    pocket.their_group("org", "STANDARD").await;
    pocket.call(
        "logs",
        "PutRetentionPolicy",
        json!({"logGroupName": "org", "retentionInDays": 1}),
    );
    let organization = json!({"IsOrganizationTrail": true, "IsMultiRegionTrail": false});
    pocket.their_trail("organization", Some("org"), &organization);
    let config = Config {
        look_back: std::time::Duration::from_hours(48),
        ..Config::default()
    };
    let plan = pocket.plan(&config).await.unwrap();
    insta::assert_snapshot!(plan.trail.unwrap());

    // A delegated administrator's is the management account's by its ARN; only the log group is here.
    let described = pocket.answer("cloudtrail", "DescribeTrails", json!({}));
    let mut trail = described["trailList"][0].clone();
    let selectors = pocket.answer(
        "cloudtrail",
        "GetEventSelectors",
        json!({"TrailName": "organization"}),
    );
    let status = pocket.answer(
        "cloudtrail",
        "GetTrailStatus",
        json!({"Name": "organization"}),
    );
    pocket.call("cloudtrail", "DeleteTrail", json!({"Name": "organization"}));
    trail["TrailARN"] = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/organization".into();
    let (selectors, status) = (Some(selectors), Some(status));
    pocket.show(ForeignTrail {
        trail,
        selectors,
        status,
    });
    let plan = pocket.plan(&Config::default()).await.unwrap();
    insta::assert_snapshot!("delegated", plan.trail.unwrap());
    pocket.set_up(&Config::default()).await.unwrap();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn a_trail_in_use_that_cannot_be_checked_for_once_is_no_reason_to_build_one() {
    let faulty = Faulty::at("GetTrailStatus");
    let pocket = Pocket::faulty(&faulty, Options::default());
    pocket.foreign_trails(0);
    pocket.their_group("theirs/trail", "STANDARD").await;
    pocket.their_trail("management", Some("theirs/trail"), &json!({}));
    pocket.set_up(&Config::default()).await.unwrap();
    faulty.arm();
    let error = pocket.plan(&Config::default()).await.unwrap_err();
    insta::assert_snapshot!(error);
    faulty.disarm();
    pocket.call("cloudtrail", "StopLogging", json!({"Name": "management"}));
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let trail = plan.trail.as_ref().unwrap();
    assert_eq!(trail.source, Source::Own);
    assert!(
        trail
            .reason
            .contains("`management`, used until now, serves no longer (it is not logging"),
        "{trail}"
    );
    let text = plan.to_string();
    assert!(
        text.contains("- remove metric filter ecroll\n      note: on the log group `theirs/trail`"),
        "{text}"
    );
    pocket.apply(&plan, |_| ()).await.unwrap();
    let filters = pocket.answer(
        "logs",
        "DescribeMetricFilters",
        json!({"logGroupName": "theirs/trail"}),
    );
    assert_eq!(filters["metricFilters"], json!([]));
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn a_trail_of_our_own_without_a_log_group_gets_one() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let bare =
        json!({"Name": "ecroll", "CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""});
    pocket.call("cloudtrail", "UpdateTrail", bare);
    pocket.set_up(&Config::default()).await.unwrap();
    let trail = pocket.answer("cloudtrail", "GetTrail", json!({"Name": "ecroll"}));
    let group = trail["Trail"]["CloudWatchLogsLogGroupArn"]
        .as_str()
        .unwrap();
    assert!(group.ends_with(":/ecroll/trail:*"), "{group}");
}

#[tokio::test(start_paused = true)]
async fn reuse_after_a_trail_of_our_own_says_what_is_left() {
    let pocket = with_theirs().await;
    let own = Config {
        trail: Trail::Create,
        ..Config::default()
    };
    pocket.set_up(&own).await.unwrap();
    let plan = pocket.plan(&reuse("management")).await.unwrap();
    insta::assert_snapshot!(plan);
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(pocket.function_config()["log_group"], "theirs/trail");
    let kept = |plan: &Plan| {
        let mut changes = plan.changes.iter();
        let trail = changes.find(|change| change.resource == "trail" && change.name == "ecroll");
        trail.map(|trail| (trail.action, trail.note.clone()))
    };
    // Said at every run, and never done: it goes on logging until somebody deletes it.
    let again = pocket.plan(&reuse("management")).await.unwrap();
    assert!(!again.is_work());
    let (action, note) = kept(&again).unwrap();
    assert_eq!(action, Action::Keep);
    let mend = "`aws cloudtrail delete-trail --name ecroll`";
    assert!(note.unwrap().contains(mend));
    let status = pocket.answer("cloudtrail", "GetTrailStatus", json!({"Name": "ecroll"}));
    assert_eq!(status["IsLogging"], true);
    pocket.call("cloudtrail", "DeleteTrail", json!({"Name": "ecroll"}));
    assert_eq!(
        kept(&pocket.plan(&reuse("management")).await.unwrap()),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn a_trail_of_our_name_with_another_home_is_refused_with_the_way_out() {
    let pocket = Pocket::new(Options::default());
    pocket.show(ForeignTrail {
        trail: json!({"Name": "ecroll", "HomeRegion": "us-east-1", "IsMultiRegionTrail": true,
            "TrailARN": "arn:aws:cloudtrail:us-east-1:000000000000:trail/ecroll",
            "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:/ecroll/trail:*"}),
        ..ForeignTrail::default()
    });
    let error = pocket.plan(&Config::default()).await.unwrap_err();
    insta::assert_snapshot!(error);
    // Destroying here leaves what is at home there.
    let plan = pocket.removal(&Config::default(), true).await.unwrap();
    assert!(plan.changes.is_empty(), "{plan}");
}
