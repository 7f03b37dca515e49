//! The commands that are written down in the documents.

use std::fmt;
use std::path::{Path, PathBuf};

/// A line with a command of ours.
#[derive(Debug)]
pub(crate) struct Line {
    /// The document.
    pub(crate) path: PathBuf,
    /// Its number, from 1.
    pub(crate) number: usize,
    /// Whether it is set apart as code, to be typed as it stands; else it stands in a sentence.
    pub(crate) is_code: bool,
    /// What a shell takes.
    pub(crate) text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.number, self.text)
    }
}

/// Every line of the documents with a command of ours, in their order.
pub(crate) fn lines() -> Vec<Line> {
    let mut all = Vec::new();
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            let is_code = (fenced || line.starts_with("    "))
                && line.contains("ecroll ")
                && !line.contains('─');
            let found: Vec<&str> = if is_code {
                vec![line]
            } else {
                quoted(line).collect()
            };
            let found = found.into_iter().map(without_remark);
            let ours = found.filter(|text| !commands(text).is_empty());
            all.extend(ours.map(|text| Line {
                path: path.clone(),
                number: index + 1,
                is_code,
                text: text.to_owned(),
            }));
        }
    }
    all
}

/// The documents for people, wherever they are.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root.clone(), root.join("examples"), root.join("docs")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && folder != root {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The `ecroll …` between backticks in a line of prose. An ellipsis stands for what is left out.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter(|span| span.starts_with("ecroll ") && !span.contains(['…', '[']))
}

/// What a shell takes of a line: two blanks begin a remark here.
fn without_remark(line: &str) -> &str {
    let line = line.trim();
    let mut quote = None;
    for (at, letter) in line.char_indices() {
        match quote {
            Some(mark) if letter == mark => quote = None,
            None if matches!(letter, '\'' | '"') => quote = Some(letter),
            None if line.get(at..at + 2) == Some("  ") => return line.get(..at).unwrap_or(line),
            _ => {}
        }
    }
    line
}

/// The command lines of `ecroll` in a line of a shell, split as a shell does; two blanks begin a remark.
pub(crate) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
    let mut letters = line.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (letter, Some(mark)) if letter == mark => quote = None,
            ('\\', Some('"') | None) => word.get_or_insert_default().extend(letters.next()),
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) => {
                all.last_mut().unwrap().extend(word.take());
                if letters.peek() == Some(&' ') {
                    break;
                }
            }
            ('#', None) if word.is_none() => break,
            ('|' | ';' | '&' | '>', None) => {
                all.last_mut().unwrap().extend(word.take());
                // What is written to is no word of the command.
                all.push(if letter == '>' {
                    vec![">".to_owned()]
                } else {
                    Vec::new()
                });
            }
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    all.last_mut().unwrap().extend(word.take());
    assert_eq!(quote, None, "{line}");
    let ours = all.into_iter().filter_map(|words| {
        let words: Vec<String> = words
            .into_iter()
            .skip_while(|word| word.contains('=') || word == "$")
            .collect();
        let rest = match words
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["ecroll" | "target/debug/ecroll", ..] => 1,
            ["cargo", "run", "--bin", "ecroll", "--", ..] => 5,
            _ => return None,
        };
        Some(
            std::iter::once("ecroll".to_owned())
                .chain(words.into_iter().skip(rest))
                .collect(),
        )
    });
    ours.collect()
}
