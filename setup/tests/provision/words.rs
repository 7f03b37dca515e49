//! Commands that are written down somewhere: every example of `--help` and every `ecroll …` of the documents is a command
//! line that the program takes.

use clap::{CommandFactory as _, Parser as _};
use setup::cli::Cli;

use crate::written::{self, commands};

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

#[test]
fn every_command_of_the_documents_is_one_that_the_program_takes() {
    let lines = written::lines();
    for line in &lines {
        for words in commands(&line.text) {
            // Prose names a flag or a verb without its value.
            let wrong = wrong(&words)
                .filter(|wrong| line.is_code || !LACKS.iter().any(|lack| wrong.contains(lack)));
            assert_eq!(wrong, None, "{line}: {words:?}");
        }
    }
    let count = lines.len();
    assert!(
        count > 40,
        "only {count} commands were found: are the documents read?"
    );
}
