//! Metric values, defaults and dimensions, on the documented samples and at the limits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so")]

use filters::Pattern;
use filters::metric::{Error, Request, Transformation};

const BASE: Request<'static> = Request {
    name: "Count",
    namespace: "app",
    value: "1",
    default_value: None,
    dimensions: &[],
};

fn transformation(pattern: &str, request: &Request<'_>) -> Result<Transformation, Error> {
    Transformation::new(&Pattern::parse(pattern).unwrap(), request)
}

#[test]
fn the_vectors_publish_what_they_say() {
    let mut judged = 0;
    for line in include_str!("vectors/filter-patterns.jsonl").lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(value) = vector["metricValue"].as_str() else {
            continue;
        };
        let empty = serde_json::Map::new();
        let wanted = vector["dimensions"].as_object().unwrap_or(&empty);
        let sources: Vec<(String, String)> = wanted
            .keys()
            .map(|key| (key.clone(), format!("${}", key.to_lowercase())))
            .collect();
        let dimensions: Vec<(&str, &str)> = sources
            .iter()
            .map(|(key, from)| (key.as_str(), from.as_str()))
            .collect();
        let request = Request {
            value,
            dimensions: &dimensions,
            ..BASE
        };
        let pattern = vector["pattern"].as_str().unwrap();
        let datum = transformation(pattern, &request)
            .unwrap()
            .datum(vector["message"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            Some(datum.value),
            vector["metricPublished"].as_f64(),
            "{}",
            vector["id"]
        );
        for (name, found) in datum.dimensions {
            assert_eq!(wanted[&name], found, "{}", vector["id"]);
        }
        judged += 1;
    }
    assert_eq!(judged, 4);
}

#[test]
fn a_constant_counts_matches() {
    let count = transformation("ERROR", &BASE).unwrap();
    assert!((count.datum("an ERROR").unwrap().value - 1.0).abs() < f64::EPSILON);
    assert_eq!(count.datum("fine"), None);
    let zero = Request {
        default_value: Some(0.0),
        ..BASE
    };
    assert_eq!(
        transformation("ERROR", &zero).unwrap().default_value(),
        Some(0.0)
    );
}

#[test]
fn the_value_need_not_be_in_the_pattern() {
    let value = Request {
        value: "$.value",
        ..BASE
    };
    let other = transformation("{ $.val = * }", &value).unwrap();
    assert!((other.datum(r#"{"val":1,"value":2.5}"#).unwrap().value - 2.5).abs() < f64::EPSILON);
    assert_eq!(other.datum(r#"{"val":1}"#), None, "no value");
    assert_eq!(other.datum(r#"{"val":1,"value":"x"}"#), None, "no number");
    assert_eq!(other.datum(r#"{"value":1}"#), None, "no match");
    let third = Request {
        value: "$3",
        ..BASE
    };
    let third = transformation("[a, ...]", &third).unwrap();
    assert!((third.datum("x y 7").unwrap().value - 7.0).abs() < f64::EPSILON);
}

#[test]
fn a_missing_dimension_publishes_nothing() {
    let request = Request {
        dimensions: &[("Tag", "$.tag")],
        ..BASE
    };
    let tagged = transformation("{ $.a = 1 }", &request).unwrap();
    assert_eq!(
        tagged.datum(r#"{"a":1,"tag":"v1"}"#).unwrap().dimensions[0].1,
        "v1"
    );
    assert_eq!(tagged.datum(r#"{"a":1}"#), None);
}

fn refusal(pattern: &str, request: &Request<'_>) -> Error {
    let error = transformation(pattern, request).unwrap_err();
    let text = error.to_string();
    assert!(!text.contains('\n') && text.contains(": "), "{text}");
    error
}

#[test]
fn names_are_limited() {
    let long = "x".repeat(256);
    for name in ["", "a:b", "a*", "a$", &long] {
        assert!(
            matches!(refusal("a", &Request { name, ..BASE }), Error::Name(_)),
            "{name}"
        );
    }
    assert!(
        transformation(
            "a",
            &Request {
                namespace: "a:b",
                ..BASE
            }
        )
        .is_ok()
    );
    assert_eq!(
        refusal(
            "a",
            &Request {
                namespace: "AWS/ECS",
                ..BASE
            }
        ),
        Error::Reserved
    );
}

#[test]
fn values_fit_the_pattern() {
    let long = format!("$.{}", "x".repeat(99));
    for (pattern, value) in [
        ("{ $.a = 1 }", long.as_str()),
        ("a", "one"),
        ("a", "$"),
        ("a", ""),
    ] {
        let error = refusal(pattern, &Request { value, ..BASE });
        assert!(matches!(error, Error::Value(_)), "{value}");
    }
    for (pattern, value) in [
        ("a", "$x"),
        ("[a]", "$.x"),
        ("{ $.a = 1 }", "$x"),
        ("", "$.x"),
    ] {
        let error = refusal(pattern, &Request { value, ..BASE });
        assert!(matches!(error, Error::Kind(_)), "{value}");
    }
}

#[test]
fn a_value_is_a_number_or_named_as_in_the_pattern() {
    for value in ["a", "$a b", ""] {
        let error = refusal("[a]", &Request { value, ..BASE });
        assert_eq!(error, Error::Value(value.to_owned()));
    }
}

#[test]
fn a_default_is_what_was_asked_for() {
    for default_value in [None, Some(2.5)] {
        let request = Request {
            default_value,
            ..BASE
        };
        let made = transformation("a", &request).unwrap();
        assert_eq!(made.default_value(), default_value);
    }
}

#[test]
fn dimensions_are_limited() {
    let one = Request {
        dimensions: &[("D", "$.d")],
        ..BASE
    };
    let aws = refusal("a", &one).aws();
    assert_eq!(
        aws,
        Some("The specified filter pattern does not support dimensions")
    );
    let both = Request {
        default_value: Some(0.0),
        ..one
    };
    let error = refusal("{ $.a = 1 }", &both);
    assert_eq!(error, Error::DefaultValue);
    assert!(
        error
            .aws()
            .unwrap()
            .ends_with("are mutually exclusive properties")
    );
    let four = [("A", "$.a"), ("B", "$.b"), ("C", "$.c"), ("D", "$.d")];
    let four = Request {
        dimensions: &four,
        ..BASE
    };
    assert_eq!(refusal("{ $.a = 1 }", &four), Error::Dimension("D".into()));
    let constant = Request {
        dimensions: &[("D", "5")],
        ..BASE
    };
    assert_eq!(
        refusal("{ $.a = 1 }", &constant),
        Error::Dimension("D".into())
    );
}
