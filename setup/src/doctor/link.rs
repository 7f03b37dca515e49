//! The result: one line per link.

use std::fmt;

use serde::Serialize;

use crate::error::{Error, Refusal};

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It does what it should.
    Ok,
    /// It is broken, or nobody may look.
    Ng,
    /// Nobody can tell: it waits for another link, nothing has happened yet, or the endpoint does not know it.
    Skip,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Which link.
    pub link: &'static str,
    /// How it is.
    pub result: Verdict,
    /// What was found.
    pub detail: String,
    /// What would mend it.
    pub mend: Option<String>,
    /// Whether the thing itself is not there.
    #[serde(skip)]
    pub(super) gone: bool,
}

/// All links, in the order of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkup {
    /// One entry per link.
    pub links: Vec<Link>,
}

/// What setup does about most faults.
pub(super) const SETUP: &str = "run `ecroll setup`";

impl Link {
    pub(super) fn ok(link: &'static str, detail: impl Into<String>) -> Self {
        Self::of(link, Verdict::Ok, detail.into(), None)
    }

    pub(super) fn skip(link: &'static str, detail: impl Into<String>) -> Self {
        Self::of(link, Verdict::Skip, detail.into(), None)
    }

    pub(super) fn ng(
        link: &'static str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::of(link, Verdict::Ng, detail.into(), Some(mend.into()))
    }

    /// Something that is not there.
    pub(super) fn missing(link: &'static str, detail: impl Into<String>) -> Self {
        Self {
            gone: true,
            ..Self::ng(link, detail, SETUP)
        }
    }

    fn of(link: &'static str, result: Verdict, detail: String, mend: Option<String>) -> Self {
        Self {
            link,
            result,
            detail,
            mend,
            gone: false,
        }
    }

    /// A link about which AWS gave no answer: what to allow where the call is denied, a skip where the endpoint does not
    /// know it.
    pub(super) fn refused(link: &'static str, error: &Error) -> Self {
        let detail = format!("cannot be checked: {error}");
        match error {
            Error::Refused(refusal) if refusal.is_unknown() => Self::skip(
                link,
                format!("this endpoint does not know {}", refusal.call),
            ),
            Error::Refused(refusal) if refusal.is_denied() => {
                Self::ng(link, detail, allow(refusal.call))
            }
            Error::Refused(Refusal { code, .. }) if code.is_empty() => Self::ng(
                link,
                detail,
                "check the network and the endpoint, then try again",
            ),
            Error::Refused(_) => Self::ng(link, detail, "try again; if it stays, do what AWS says"),
            // Such errors say themselves what would help.
            _ => Self::ng(link, error.to_string(), "do as it says"),
        }
    }

    /// The same link with more to say.
    pub(super) fn and(mut self, more: &str) -> Self {
        if !more.is_empty() {
            self.detail = format!("{}; {more}", self.detail);
        }
        self
    }

    /// The same link with a hint for whom it concerns.
    pub(super) fn hint(self, mend: String) -> Self {
        Self {
            mend: Some(mend),
            ..self
        }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.result == Verdict::Ok
    }
}

/// What whoever runs the program needs for a call.
pub(super) fn allow(action: &str) -> String {
    format!(
        "allow `{action}` to whoever runs this: `ecroll setup --print-policy` prints all that is needed"
    )
}

impl Checkup {
    /// Whether any link is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.count(Verdict::Ng) > 0
    }

    /// A link by its name.
    #[must_use]
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.link == name)
    }

    /// All links in numbers.
    #[must_use]
    pub fn summary(&self) -> String {
        let [ok, ng, skip] =
            [Verdict::Ok, Verdict::Ng, Verdict::Skip].map(|verdict| self.count(verdict));
        format!("{ok} ok, {ng} broken, {skip} skipped")
    }

    fn count(&self, verdict: Verdict) -> usize {
        let links = self.links.iter();
        links.filter(|link| link.result == verdict).count()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Ng => "NG",
            Self::Skip => "SKIP",
        })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            link,
            result,
            detail,
            mend,
            ..
        } = self;
        // A detail of several lines stands below the first.
        let detail = detail.replace('\n', "\n                          ");
        write!(f, "{:<5}{link:<18} {detail}", result.to_string())?;
        match mend {
            Some(mend) => write!(f, "\n       mend: {mend}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Checkup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for link in &self.links {
            writeln!(f, "{link}")?;
        }
        f.write_str(&self.summary())
    }
}

#[cfg(test)]
mod tests {
    use super::{Checkup, Link, Verdict};
    use crate::error::{Error, Refusal};

    fn refused(code: &str) -> Link {
        let error = Error::Refused(Refusal {
            call: "sns:GetTopicAttributes",
            name: "ecroll".to_owned(),
            code: code.to_owned(),
            message: "no".to_owned(),
        });
        Link::refused("topic", &error)
    }

    #[test]
    fn a_denied_call_names_the_permission_and_an_unknown_one_is_skipped() {
        for code in [
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
        ] {
            let denied = refused(code);
            assert_eq!(denied.result, Verdict::Ng);
            let mend = denied.mend.unwrap();
            assert!(mend.contains("allow `sns:GetTopicAttributes`"), "{mend}");
        }
        assert_eq!(refused("NotImplemented").result, Verdict::Skip);
        assert!(refused("").mend.unwrap().contains("network"));
        assert_eq!(refused("InternalFailure").result, Verdict::Ng);
    }

    #[test]
    fn text_and_json_say_the_same() {
        let checkup = Checkup {
            links: vec![
                Link::ok("trail", "is logging"),
                Link::skip("metric", "no datapoint yet"),
                Link::ng("topic", "one\ntwo", "run it"),
            ],
        };
        insta::assert_snapshot!(checkup);
        insta::assert_json_snapshot!(checkup);
        assert!(checkup.is_broken());
    }
}
