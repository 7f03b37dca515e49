//! Commands that are written down somewhere: every example of `--help` and every `ecroll …` of the documents is a command
//! line that the program takes.

use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser as _};
use setup::cli::Cli;

/// The command lines of `ecroll` in a line of a shell, split as a shell does; two blanks begin a remark.
fn commands(line: &str) -> Vec<Vec<String>> {
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

/// What clap says of a value that is left out.
const LACKS: [&str; 2] = ["a value is required", "arguments were not provided"];

/// What clap says against a command line.
fn wrong(words: &[String]) -> Option<String> {
    match Cli::try_parse_from(words) {
        Err(error) if error.use_stderr() => Some(error.to_string()),
        _ => None,
    }
}

#[test]
fn lines_are_split_as_a_shell_does() {
    let told = |line: &str| -> Vec<String> {
        commands(line)
            .into_iter()
            .map(|words| words.join("|"))
            .collect()
    };
    assert_eq!(
        told("ecroll filter '{ $.a = \"b\" }' x.gz   a remark"),
        ["ecroll|filter|{ $.a = \"b\" }|x.gz"]
    );
    assert_eq!(
        told("ecroll replay --output json | ecroll explain web"),
        ["ecroll|replay|--output|json", "ecroll|explain|web"]
    );
    assert_eq!(told("ecroll template > ecroll.yaml"), ["ecroll|template"]);
    assert_eq!(
        told("AWS_REGION=x cargo run --bin ecroll -- replay # why"),
        ["ecroll|replay"]
    );
    assert_eq!(told("aws logs tail x | grep ecroll"), Vec::<String>::new());
}

#[test]
fn every_verb_has_examples_and_each_is_a_command_line() {
    let mut command = Cli::command();
    let mut whole = command.clone();
    for verb in std::iter::once(&mut whole).chain(command.get_subcommands_mut()) {
        let name = verb.get_name().to_owned();
        let help = verb.render_long_help().to_string();
        let examples = help
            .rsplit_once("Example")
            .map_or("", |(_, examples)| examples);
        let of_verb = |words: &Vec<String>| words.contains(&name);
        let examples: Vec<Vec<String>> = examples.lines().flat_map(commands).collect();
        assert!(
            examples.iter().any(of_verb),
            "{name} has no example:\n{help}"
        );
        for words in examples {
            assert_eq!(wrong(&words), None, "{words:?}");
        }
    }
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
    found
}

/// The `ecroll …` between backticks in a line of prose. An ellipsis stands for what is left out.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter(|span| span.starts_with("ecroll ") && !span.contains(['…', '[']))
}

#[test]
fn every_command_of_the_documents_is_one_that_the_program_takes() {
    let mut count = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut fenced = false;
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            let is_code = fenced || line.starts_with("    ");
            let found: Vec<Vec<String>> =
                if is_code && line.contains("ecroll ") && !line.contains('─') {
                    commands(line)
                } else {
                    quoted(line).flat_map(commands).collect()
                };
            for words in found {
                count += 1;
                // Prose names a flag or a verb without its value.
                let wrong = wrong(&words)
                    .filter(|wrong| is_code || !LACKS.iter().any(|lack| wrong.contains(lack)));
                assert_eq!(wrong, None, "{}:{}: {words:?}", path.display(), number + 1);
            }
        }
    }
    assert!(
        count > 40,
        "only {count} commands were found: are the documents read?"
    );
}
