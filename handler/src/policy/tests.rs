use proptest::prelude::*;

use super::{TagPolicy, version};

#[test]
fn each_policy_allows_what_it_says() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("any", &["anything", "1.0.0", "_"], &[]),
        ("exact:prod", &["prod"], &["prod-1", "Prod", "xprod"]),
        ("prefix:main-", &["main-1", "main-"], &["xmain-1", "main"]),
        ("glob:v*.*", &["v1.2", "v."], &["v1", "1.2"]),
        (
            "regex:v[0-9]+",
            &["v1", "v42"],
            &["v1x", "xv1", "v", "v1\n"],
        ),
        ("regex:a|ab", &["a", "ab"], &["b", "abb", "xa"]),
        ("regex:(?i)prod|live", &["PROD", "Live"], &["production"]),
        (
            "semver:^2",
            &["2.0.0", "v2.9.1"],
            &["1.9.9", "3.0.0", "2.1.0-rc.1", "latest"],
        ),
        ("semver:2", &["2.0.0", "v2.9.1"], &["1.9.9", "3.0.0"]),
        (
            "semver:2.x",
            &["2.0.0", "2.9.1"],
            &["3.0.0", "2", "2.1", "v2"],
        ),
        ("semver:1.4.x", &["1.4.0", "v1.4.9"], &["1.5.0", "1.3.9"]),
        ("semver:~1.4", &["1.4.0", "1.4.9"], &["1.5.0"]),
        (
            "semver:>=1.2, <2",
            &["1.2.0", "1.99.0"],
            &["1.1.9", "2.0.0"],
        ),
        ("semver:=1.4.2", &["1.4.2", "v1.4.2"], &["1.4.3"]),
        (
            "semver:>=2.0.0-rc.1",
            &["2.0.0-rc.1", "2.0.0-rc.2", "2.0.0"],
            &["2.1.0-rc.1"],
        ),
        ("semver:x", &["0.0.1", "9.9.9"], &["9.9.9-a", "seed"]),
        (
            "newest-semver",
            &["1.0.0", "v0.0.1"],
            &[
                "1.0.0-rc.1",
                "1.0",
                "V1.0.0",
                "vv1.0.0",
                "latest",
                "2026.01.05",
            ],
        ),
    ];
    for (policy, allowed, refused) in table {
        let policy: TagPolicy = policy.parse().unwrap();
        for tag in *allowed {
            assert!(policy.allows(tag), "{policy} on {tag}");
        }
        for tag in *refused {
            assert!(!policy.allows(tag), "{policy} on {tag}");
        }
    }
}

#[test]
fn a_tag_is_a_version_with_or_without_a_v() {
    assert!(version("v1.10.0") > version("1.9.9"));
    assert!(version("2.0.0-rc.1") < version("2.0.0"));
    assert_eq!(version("v2.0.0"), version("2.0.0"));
    for tag in ["", "v", "vlatest", "1.2.3.4", "01.2.3", "1.2.3+x y"] {
        assert_eq!(version(tag), None, "{tag}");
    }
}

#[test]
fn rule_10_a_wrong_policy_is_refused_with_the_right_ones() {
    for wrong in [
        "",
        "exact",
        "exact:",
        "prefix:",
        "regex:",
        "semver",
        "newest",
        "newest-semver:1",
        "Any",
    ] {
        let error = wrong.parse::<TagPolicy>().unwrap_err();
        assert!(error.contains("exact:TAG"), "{wrong}: {error}");
        assert!(error.contains("newest-semver"), "{wrong}: {error}");
    }
}

#[test]
fn rule_10_a_wrong_expression_or_requirement_says_what_is_wrong_with_it() {
    let long = format!("regex:{}", "a".repeat(513));
    let table = [
        ("regex:(", "`(`"),
        ("regex:a)|(b", "`a)|(b`"),
        ("regex:[z-a]", "`[z-a]`"),
        ("regex:(?x)a#", "regular expression"),
        ("regex:.{500}{500}{500}", "regular expression"),
        (long.as_str(), "513 bytes"),
        ("semver:two", "`two`"),
        ("semver:>=1.2 <2", ">=1.2, <2"),
        ("semver:^", "requirement"),
    ];
    for (wrong, word) in table {
        let error = wrong.parse::<TagPolicy>().unwrap_err();
        assert!(error.contains(word), "{wrong}: {error}");
    }
}

#[test]
fn these_policies_can_be_written_into_an_ecs_tag() {
    for policy in [
        "any",
        "exact:prod",
        "prefix:main-",
        "semver:2.x",
        "semver:1.4.x",
        "semver:=1.4.2",
        "newest-semver",
    ] {
        let taken = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
        assert!(policy.chars().all(taken), "{policy}");
        assert!(policy.parse::<TagPolicy>().is_ok(), "{policy}");
    }
}

fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("any".to_owned()),
        Just("newest-semver".to_owned()),
        "(exact|prefix|glob):[ -~]{1,20}",
        "regex:[a-z0-9.]{1,6}[*+?]?(\\|[a-z]{1,3})?",
        "semver:(\\^|~|=|>=|<)?[1-9]?[0-9](\\.[1-9]?[0-9]){0,2}",
        "semver:[0-9](\\.[0-9])?\\.x",
    ]
}

#[test]
fn two_expressions_are_one_policy_where_their_texts_are_the_same() {
    let read = |text: &str| text.parse::<TagPolicy>().unwrap();
    assert_eq!(read("regex:v[0-9]+"), read("regex:v[0-9]+"));
    assert_ne!(read("regex:v[0-9]+"), read("regex:v[0-9]*"));
}

proptest! {
    #[test]
    fn a_policy_reads_back_what_it_writes(text in written(), tag in "[a-z0-9._-]{0,12}") {
        let policy: TagPolicy = text.parse().unwrap();
        prop_assert_eq!(policy.to_string(), text);
        let again: TagPolicy = policy.to_string().parse().unwrap();
        prop_assert_eq!(&again, &policy);
        prop_assert_eq!(again.allows(&tag), policy.allows(&tag));
    }

    #[test]
    fn rule_10_no_text_is_too_strange_to_be_read(text in any::<String>(), kind in "(regex|semver|glob):", tag in any::<String>()) {
        for text in [text.clone(), kind + &text] {
            if let Ok(policy) = text.parse::<TagPolicy>() {
                let _ = policy.allows(&tag);
            }
        }
    }
}
