//! Where a running function finds its configuration: a variable of its environment, else a file beside the program.

use std::env::VarError;
use std::io::ErrorKind;
use std::path::Path;

use super::{Config, Fault};

impl Config {
    /// The configuration in the variable of this name; where that is not set, in the file; where there is none, the defaults.
    ///
    /// # Errors
    /// All faults of the content; and one when there is something that cannot be read: to run on the defaults then would
    /// be to roll what the user has excluded.
    pub fn found(
        name: &str,
        variable: Result<String, VarError>,
        file: &Path,
    ) -> Result<Self, Vec<Fault>> {
        match variable {
            Ok(text) => Self::from_json_text(&text),
            Err(VarError::NotUnicode(_)) => Err(vec![Fault::new(
                name,
                "is no UTF-8; `ecroll setup` writes it anew",
            )]),
            Err(VarError::NotPresent) => match std::fs::read_to_string(file) {
                Ok(text) => Self::from_json_text(&text),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
                Err(error) => {
                    let why = format!("cannot be read: {error}; `ecroll setup` writes it anew");
                    Err(vec![Fault::new(file.display().to_string(), why)])
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env::VarError;
    use std::path::Path;

    use crate::config::{Config, Fault};

    fn from_file(file: &Path) -> Result<Config, Vec<Fault>> {
        Config::found("NAME", Err(VarError::NotPresent), file)
    }

    #[test]
    fn rule_10_a_file_that_cannot_be_read_is_a_fault_and_not_the_defaults() {
        let folder = std::env::temp_dir().join(format!("ecroll-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(from_file(&folder.join("none.json")), Ok(Config::default()));
        // A folder in place of the file, and bytes that are no text.
        let binary = folder.join("binary.json");
        std::fs::write(&binary, [0xff, 0xfe]).unwrap();
        for file in [&folder, &binary] {
            let faults = from_file(file).unwrap_err();
            let text = faults[0].to_string();
            assert!(
                text.contains("cannot be read") && text.contains("ecroll setup"),
                "{text}"
            );
        }
        let newer = folder.join("newer.json");
        std::fs::write(&newer, r#"{"a_key_of_tomorrow": 1, "name": 5}"#).unwrap();
        assert_eq!(
            from_file(&newer).unwrap_err().len(),
            2,
            "all faults at once"
        );
        let none = folder.join("none.json");
        let strange = Config::found("NAME", Err(VarError::NotUnicode("x".into())), &none);
        assert!(strange.unwrap_err()[0].to_string().contains("NAME"));
        let named = Config::found("NAME", Ok(r#"{"name": "mine"}"#.to_owned()), &newer).unwrap();
        assert_eq!(named.name, "mine", "the variable wins");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
