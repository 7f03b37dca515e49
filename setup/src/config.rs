//! `ecroll.toml`: reading it, and saying on which line it is wrong.
//!
//! What the keys mean is known to [`handler::config`], which reads the same content in the function. Here is only what
//! belongs to the file: its syntax and its lines.

mod lines;

use std::path::{Path, PathBuf};

use handler::config::{Config, Fault};

use lines::Located;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "ecroll.toml";

/// Why a configuration cannot be used: every problem at once, one per line, each with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct ConfigError {
    /// Each with file, line and key.
    pub problems: Vec<String>,
}

/// Reads the configuration: the named file, else `ecroll.toml` in the working directory, else all defaults.
///
/// # Errors
/// A named file that is missing, one that cannot be read, and everything that [`parse`] finds.
pub fn load(named: Option<&Path>) -> Result<Config, ConfigError> {
    let path = named.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&path, &text),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            Ok(Config::default())
        }
        Err(error) => {
            let problem = format!(
                "cannot read the configuration `{}`: {error}; --config names another, and without any the defaults hold",
                path.display()
            );
            Err(ConfigError {
                problems: vec![problem],
            })
        }
    }
}

/// What the configuration is called that [`load`] reads.
#[must_use]
pub fn name(named: Option<&Path>) -> String {
    let found = Some(Path::new(DEFAULT_FILE)).filter(|path| path.exists());
    named.or(found).map_or_else(
        || "the defaults".to_owned(),
        |path| path.display().to_string(),
    )
}

/// Reads the text of a configuration file.
///
/// # Errors
/// A syntax error with line and column, or every key that is wrong, with its line.
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let file = path.display();
    let located = Located::parse(text).map_err(|error| {
        let (line, column) = (error.line, error.column);
        let problem = format!("{file}:{line}:{column}: is not TOML: {}", error.message);
        ConfigError {
            problems: vec![problem],
        }
    })?;
    Config::from_json(&located.value).map_err(|faults| {
        let mut placed: Vec<(Option<usize>, Fault)> = faults
            .into_iter()
            .map(|fault| (located.line(&fault.path), fault))
            .collect();
        placed.sort_by_key(|(line, _)| *line);
        let problem = |(line, fault): &(Option<usize>, Fault)| match line {
            Some(line) => format!("{file}:{line}: {fault}"),
            None => format!("{file}: {fault}"),
        };
        ConfigError {
            problems: placed.iter().map(problem).collect(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use handler::config::Config;

    use super::{load, parse};

    fn refused(text: &str) -> String {
        parse(Path::new("ecroll.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        assert_eq!(
            parse(Path::new("ecroll.toml"), "").unwrap(),
            Config::default()
        );
    }

    #[test]
    fn every_value_arrives() {
        let text = r#"
            name = "ship"
            sweep = "off"
            since = 2026-01-01T00:00:00Z
            [service]
            minimum_healthy_percent = 50
            [[services]]
            cluster = "prod"
            tags = "prefix:v"
        "#;
        let config = parse(Path::new("ecroll.toml"), text).unwrap();
        assert_eq!(config.name, "ship");
        assert_eq!(config.sweep, None);
        assert_eq!(
            config.since.unwrap().to_rfc3339(),
            "2026-01-01T00:00:00+00:00"
        );
        assert_eq!(config.service.minimum_healthy_percent, Some(50));
        assert_eq!(config.services[0].cluster.as_deref(), Some("prod"));
    }

    #[test]
    fn rule_10_every_fault_is_told_with_its_line() {
        let text = "\
nmae = \"x\"
look_back = 5
clusters = [\"a\",
  7]

[service]
minimum_healthy_percent = 700
in_use_tag = \"a tag\"

[[services]]
tags = \"any\"

[[services]]
cluster = \"prod\"
tags = \"semver\"
hold = 1.5
";
        insta::assert_snapshot!(refused(text));
    }

    #[test]
    fn rule_10_a_syntax_error_is_told_with_line_and_column() {
        insta::assert_snapshot!(refused("name = \"a\"\nsweep = 5m\n"));
        insta::assert_snapshot!(refused("name = \"a\"\nname = \"b\"\n"));
    }

    #[test]
    fn rule_10_a_named_file_must_exist() {
        let error = load(Some(Path::new("no/such.toml")))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cannot read the configuration `no/such.toml`"),
            "{error}"
        );
    }
}
