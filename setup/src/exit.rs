//! How the program ends.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::error::Error;

/// The outcomes that a caller can tell apart by the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: what was asked for is done.
    Done,
    /// 1: the answer is no, for example a plan with changes under `--check`.
    No,
    /// 2: the request was wrong: flags, configuration, no credentials, nothing readable.
    Wrong,
    /// 3: AWS refused, or could not be reached.
    Refused,
    /// 130: interrupted, as shells count it.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Wrong => 2,
            Self::Refused => 3,
            Self::Interrupted => 130,
        }
    }

    /// The outcome that an error stands for: what AWS refused is 3, everything else is the request's fault.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(error) = cause.downcast_ref::<Error>() {
                return error.exit();
            }
            if cause.is::<ConfigError>() {
                return Self::Wrong;
            }
        }
        Self::Wrong
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;
    use crate::error::{Error, Refusal};

    #[test]
    fn an_error_keeps_its_exit_code_under_context() {
        let refusal = Refusal {
            call: "sns:CreateTopic",
            name: "ecroll".to_owned(),
            code: "AuthorizationError".to_owned(),
            message: "no".to_owned(),
        };
        let error = anyhow::Error::new(Error::Refused(refusal)).context("while planning");
        assert_eq!(Exit::of(&error).code(), 3);
        assert_eq!(Exit::of(&anyhow::Error::new(Error::NoRegion)).code(), 2);
        assert_eq!(Exit::of(&anyhow::anyhow!("no such file")).code(), 2);
    }
}
