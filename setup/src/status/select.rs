//! Which services were asked for: by name, `cluster/service`, ARN, or a glob of one of these.

use std::sync::{Mutex, PoisonError};

use filters::glob;
use handler::config::edits;

use crate::error::{Error, Result};

/// How many names are offered in place of one that matches nothing.
const OFFERED: usize = 3;

/// What was asked for, and what there was to choose from.
#[derive(Debug)]
pub struct Selection {
    pattern: Option<String>,
    seen: Mutex<Vec<String>>,
    found: Mutex<bool>,
}

impl Selection {
    /// The services that fit; all of them where nothing is asked for.
    #[must_use]
    pub fn new(pattern: Option<&str>) -> Self {
        Self {
            pattern: pattern.map(ToOwned::to_owned),
            seen: Mutex::default(),
            found: Mutex::default(),
        }
    }

    /// Whether services were named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.pattern.is_some()
    }

    /// Whether a service, by the ARNs of its cluster and itself, was asked for. What was offered is remembered.
    pub fn wants(&self, cluster: &str, service: &str) -> bool {
        let (cluster, name) = (last(cluster), last(service));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(format!("{cluster}/{name}"));
        let fits = self
            .pattern
            .as_ref()
            .is_none_or(|pattern| fits(pattern, cluster, name, service));
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        *found |= fits;
        fits
    }

    /// Says what there is, if nothing fits. `gaps` are the parts of the account that could not be listed.
    ///
    /// # Errors
    /// A pattern that fits no service.
    pub fn check(&self, gaps: &[String]) -> Result<()> {
        let found = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pattern) = self.pattern.as_ref().filter(|_| !found) else {
            return Ok(());
        };
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let near = nearest(pattern, &seen);
        let known = match near.as_slice() {
            [] => "the followed clusters have no services".to_owned(),
            near => format!("nearest: {}", near.join(", ")),
        };
        let gaps = gaps.iter().map(|gap| format!("; not readable: {gap}"));
        Err(Error::Wrong(format!(
            "no service in the followed clusters is `{pattern}`; {known}{}",
            gaps.collect::<String>()
        )))
    }
}

pub(crate) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn fits(pattern: &str, cluster: &str, name: &str, arn: &str) -> bool {
    if pattern.starts_with("arn:") {
        return glob::matches(pattern, arn);
    }
    match pattern.split_once('/') {
        Some((of, service)) => glob::matches(of, cluster) && glob::matches(service, name),
        None => glob::matches(pattern, name),
    }
}

/// The names that were most likely meant, as `cluster/service`.
pub(crate) fn nearest<'a>(pattern: &str, names: &'a [String]) -> Vec<&'a str> {
    let plain = pattern.rsplit(':').next().unwrap_or(pattern);
    let plain = plain.strip_prefix("service/").unwrap_or(plain);
    let distance = |name: &&str| {
        if plain.contains('/') {
            edits(plain, name)
        } else {
            edits(plain, last(name))
        }
    };
    nearest_by(names, distance)
}

/// The names at the smallest distances.
pub(crate) fn nearest_by<D: Ord>(names: &[String], distance: impl Fn(&&str) -> D) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.sort_by_key(distance);
    names.truncate(OFFERED);
    names
}

#[cfg(test)]
mod tests {
    use super::{Selection, fits, nearest};

    const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333:service/prod/web";

    #[test]
    fn a_service_is_named_by_name_cluster_arn_or_glob() {
        for pattern in [
            "web",
            "w*",
            "prod/web",
            "prod/*",
            "*/web",
            ARN,
            "arn:*/web",
            "*",
        ] {
            assert!(fits(pattern, "prod", "web", ARN), "{pattern}");
        }
        for pattern in ["we", "prod", "stage/web", "arn:*/api", "web/prod", ""] {
            assert!(!fits(pattern, "prod", "web", ARN), "{pattern}");
        }
    }

    #[test]
    fn rule_10_a_name_that_fits_nothing_is_answered_with_the_nearest() {
        let names = ["prod/web", "prod/api", "stage/web", "stage/worker"].map(str::to_owned);
        assert_eq!(nearest("wed", &names)[..2], ["prod/web", "stage/web"]);
        assert_eq!(nearest("stage/workr", &names)[0], "stage/worker");
        assert_eq!(nearest(&format!("{ARN}s"), &names)[0], "prod/web");
        let selection = Selection::new(Some("wed"));
        assert!(!selection.wants("arn:aws:ecs:eu-west-1:111122223333:cluster/prod", ARN));
        let error = selection.check(&["stage: denied".to_owned()]).unwrap_err();
        insta::assert_snapshot!(error, @"no service in the followed clusters is `wed`; nearest: prod/web; not readable: stage: denied");
        let selection = Selection::new(Some("web"));
        assert!(selection.wants("cluster/prod", ARN) && selection.check(&[]).is_ok());
        let nothing = Selection::new(Some("web")).check(&[]).unwrap_err();
        assert!(
            nothing
                .to_string()
                .ends_with("the followed clusters have no services")
        );
    }
}
