//! Somebody names a tag: `{"repository": "web", "tag": "v1"}`.

use serde_json::Value;

use crate::record::{is_digest, is_tag};

/// A tag that is to be deployed now, on every service that runs its repository and that the rest admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// Name of the repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The registry, where several have a repository of that name.
    pub account: Option<String>,
    /// Its Region, likewise.
    pub region: Option<String>,
    /// The image that the tag must name; for a look before the leap.
    pub digest: Option<String>,
    /// Only services of clusters whose name fits this glob.
    pub cluster: Option<String>,
    /// Only services whose name fits this glob.
    pub service: Option<String>,
}

/// The members of the form.
const MEMBERS: &[&str] = &[
    "repository",
    "tag",
    "account",
    "region",
    "digest",
    "cluster",
    "service",
    "dry_run",
];

/// Whether an event that has no other shape means to name a tag.
pub(super) fn is_meant(event: &Value) -> bool {
    event.get("repository").is_some() || event.get("tag").is_some()
}

impl Direct {
    /// Reads the form.
    ///
    /// # Errors
    /// All that is wrong with it, in one sentence: to guess here would be to deploy something else than was meant.
    pub(super) fn read(event: &Value) -> Result<Self, String> {
        let mut faults = Vec::new();
        for name in event.as_object().into_iter().flat_map(|event| event.keys()) {
            if !MEMBERS.contains(&name.as_str()) {
                faults.push(format!("`{name}` is not known here"));
            }
        }
        let mut member = |name: &str, what: &str, good: &dyn Fn(&str) -> bool| {
            let value = event.get(name).filter(|value| !value.is_null())?;
            let text = value.as_str().filter(|text| good(text));
            if text.is_none() {
                faults.push(format!("`{name}` must be {what}; found {value}"));
            }
            text.map(str::to_owned)
        };
        let some = |text: &str| !text.trim().is_empty();
        let (repository, tag, account, region, digest, cluster, service) = (
            member(
                "repository",
                "the name of a repository, such as team/web",
                &is_repository,
            ),
            member("tag", "a tag, such as v1", &is_tag),
            member("account", "the registry's twelve digits", &is_account),
            member("region", "a Region, such as eu-west-1", &some),
            member("digest", "a digest, such as sha256:98c8…", &is_digest),
            member("cluster", "a name or glob", &some),
            member("service", "a name or glob", &some),
        );
        for name in ["repository", "tag"] {
            if event.get(name).is_none_or(Value::is_null) {
                faults.push(format!("`{name}` is missing"));
            }
        }
        match (repository, tag) {
            (Some(repository), Some(tag)) if faults.is_empty() => Ok(Self {
                repository,
                tag,
                account,
                region,
                digest,
                cluster,
                service,
            }),
            _ => Err(format!(
                "direct use takes {{\"repository\": \"web\", \"tag\": \"v1\"}}, and optionally `account`, `region`, \
                 `digest`, `cluster`, `service` and `dry_run`: {}",
                faults.join("; ")
            )),
        }
    }
}

/// Lower case words joined by `.`, `_`, `-` and `/`, 2 to 256 characters.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
fn is_repository(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (2..=256).contains(&name.len())
        && name.bytes().all(|b| letter(b) || b"._-/".contains(&b))
        && name.bytes().next().is_some_and(letter)
}

fn is_account(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::trigger::{Task, Trigger};

    fn refusal(event: &Value) -> String {
        let trigger = Trigger::read(event);
        assert_eq!(trigger.name, "direct", "{event}");
        match trigger.task {
            Task::Refuse(why) => why,
            other => panic!("{event}: {other:?}"),
        }
    }

    #[test]
    fn a_tag_is_named_with_as_much_as_it_needs() {
        let event = json!({"repository": "team/web", "tag": "v1", "account": "111122223333",
            "region": "eu-west-1", "digest": "sha256:aa", "cluster": "pro*", "service": "web",
            "dry_run": true});
        let trigger = Trigger::read(&event);
        assert!(trigger.dry_run);
        let Task::Deploy(direct) = trigger.task else {
            panic!("{trigger:?}")
        };
        assert_eq!(
            (direct.repository.as_str(), direct.tag.as_str()),
            ("team/web", "v1")
        );
        let least = Trigger::read(&json!({"repository": "web", "tag": "v1"}));
        assert!(matches!(least.task, Task::Deploy(_)));
    }

    #[test]
    fn rule_10_a_wrong_form_is_refused_and_never_guessed() {
        for (event, words) in [
            (
                json!({"repository": 5, "tag": "v1"}),
                vec!["`repository`", "5"],
            ),
            (json!({"repository": "web"}), vec!["`tag` is missing"]),
            (json!({"tag": "v1"}), vec!["`repository` is missing"]),
            (
                json!({"repository": "web", "tag": ""}),
                vec!["`tag` must be"],
            ),
            (
                json!({"repository": "web", "tag": "a b"}),
                vec!["`tag` must be", "a b"],
            ),
            (
                json!({"repository": "web", "tag": "t".repeat(129)}),
                vec!["`tag` must be"],
            ),
            (
                json!({"repository": "Web", "tag": "v1"}),
                vec!["`repository` must be"],
            ),
            (
                json!({"repository": "", "tag": null}),
                vec!["`repository` must be", "`tag` is missing"],
            ),
            (
                json!({"repository": "web", "tag": "v1", "account": "1"}),
                vec!["`account`"],
            ),
            (
                json!({"repository": "web", "tag": "v1", "digest": "aa"}),
                vec!["`digest`"],
            ),
            (
                json!({"repository": "web", "tag": "v1", "services": "x"}),
                vec!["`services` is not known"],
            ),
            (
                json!({"repository": "web", "tag": "v1", "look_back": "1h"}),
                vec!["`look_back` is not known"],
            ),
        ] {
            let why = refusal(&event);
            for word in words {
                assert!(why.contains(word), "{event}: {why}");
            }
        }
    }
}
