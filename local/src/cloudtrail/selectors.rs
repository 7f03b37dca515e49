//! Event selectors: which management events a trail takes.

use serde_json::{Value, json};

use crate::input::Input;
use crate::record::Record;
use crate::service::Fault;

/// What a trail has before selectors are put: everything.
pub(super) fn default_selector() -> Value {
    json!({
        "ReadWriteType": "All",
        "IncludeManagementEvents": true,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    })
}

/// The exclusion list takes only these two sources.
pub(super) fn check_basic(selector: &Value) -> Result<(), Fault> {
    let input = Input::new(selector, "InvalidEventSelectorsException");
    if !matches!(
        input.text("ReadWriteType"),
        None | Some("All" | "ReadOnly" | "WriteOnly")
    ) {
        return Err(input.fault("ReadWriteType is none of All, ReadOnly, WriteOnly"));
    }
    let sources = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
    let excluded = input.texts("ExcludeManagementEventSources");
    match excluded
        .iter()
        .find(|source| !sources.contains(&source.as_str()))
    {
        Some(source) => Err(input.fault(format!("{source} cannot be excluded"))),
        None => Ok(()),
    }
}

/// Whether a basic selector takes the record.
pub(super) fn basic_selects(selector: &Value, record: &Record) -> bool {
    let input = Input::new(selector, "");
    let kind = match input.text("ReadWriteType") {
        Some("WriteOnly") => !record.read_only,
        Some("ReadOnly") => record.read_only,
        _ => true,
    };
    kind && input.flag("IncludeManagementEvents").unwrap_or(true)
        && !input
            .texts("ExcludeManagementEventSources")
            .contains(&record.source)
}

/// For management events a trail's advanced selectors may look at three fields only.
pub(super) fn advanced_selects(selector: &Value, record: &Record) -> bool {
    Input::new(selector, "")
        .list("FieldSelectors")
        .iter()
        .all(|field| {
            let field = Input::new(field, "");
            let value = match field.text("Field") {
                Some("eventCategory") => "Management",
                Some("readOnly") => {
                    if record.read_only {
                        "true"
                    } else {
                        "false"
                    }
                }
                Some("eventSource") => record.source.as_str(),
                _ => return false,
            };
            let any = |name: &str, matches: &dyn Fn(&str) -> bool| {
                let wanted = field.texts(name);
                (!wanted.is_empty()).then(|| wanted.iter().any(|wanted| matches(wanted)))
            };
            any("Equals", &|wanted| wanted == value).unwrap_or(true)
                && any("StartsWith", &|wanted| value.starts_with(wanted)).unwrap_or(true)
                && !any("NotEquals", &|wanted| wanted == value).unwrap_or(false)
                && !any("NotStartsWith", &|wanted| value.starts_with(wanted)).unwrap_or(false)
        })
}
