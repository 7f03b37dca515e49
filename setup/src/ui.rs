//! The only place that prints. Results go to standard output, everything else to standard error; colour and progress
//! appear only on a terminal, and `NO_COLOR` is honoured.

mod fold;
mod live;
mod meter;

use std::fmt::{self, Display, Write as _};
use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::diff::{Action, Change};
use crate::doctor::{Checkup, Verdict};
use crate::explain::Explanation;
use crate::plan::Plan;
use crate::status::Status;

pub use live::Live;
pub use meter::Meter;

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON value, alone on standard output.
    Json,
}

/// Where the program talks to.
pub struct Ui {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    output: Output,
    /// Whether somebody watches standard error.
    watched: bool,
    /// Whether somebody can answer.
    answers: bool,
    /// The width of the terminal that shows standard output, if one does.
    width: Option<usize>,
}

/// What shows the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screen {
    /// How many columns it has; `None` for a file or a pipe, whose lines are never folded.
    pub width: Option<usize>,
    /// Whether it shows colours.
    pub colour: bool,
}

impl fmt::Debug for Ui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ui")
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

impl Ui {
    /// The process's own streams.
    #[must_use]
    pub fn terminal(output: Output) -> Self {
        let watched = io::stderr().is_terminal();
        Self {
            out: Box::new(anstream::AutoStream::auto(io::stdout())),
            err: Box::new(anstream::AutoStream::auto(io::stderr())),
            output,
            watched,
            answers: watched && io::stdin().is_terminal(),
            width: terminal_size::terminal_size_of(io::stdout())
                .map(|(terminal_size::Width(width), _)| usize::from(width)),
        }
    }

    /// Other streams, where nobody watches and nobody answers; colour is left out.
    #[must_use]
    pub fn plain(out: impl Write + 'static, err: impl Write + 'static, output: Output) -> Self {
        Self::on(Screen::default(), out, err, output)
    }

    /// Other streams that a screen shows, where nobody watches and nobody answers.
    #[must_use]
    pub fn on(
        screen: Screen,
        out: impl Write + 'static,
        err: impl Write + 'static,
        output: Output,
    ) -> Self {
        let stream = |inner: Box<dyn Write>| -> Box<dyn Write> {
            if screen.colour {
                inner
            } else {
                Box::new(anstream::StripStream::new(inner))
            }
        };
        Self {
            out: stream(Box::new(out)),
            err: stream(Box::new(err)),
            output,
            watched: false,
            answers: false,
            width: screen.width,
        }
    }

    /// How results are printed.
    #[must_use]
    pub fn output(&self) -> Output {
        self.output
    }

    /// Prints the result of a verb: its text, or the same value as JSON.
    ///
    /// # Errors
    /// When standard output cannot be written; a reader that has gone away is no error.
    pub fn result(&mut self, value: &(impl Display + Serialize)) -> io::Result<()> {
        match self.output {
            Output::Text => self.print(&format!("{value}\n")),
            Output::Json => self.json(value),
        }
    }

    /// Prints the result of a verb that is told line by line, folded for the terminal that shows it; or as JSON.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn told(&mut self, value: &(impl Display + Serialize)) -> io::Result<()> {
        match self.output {
            Output::Text => self.text(&format!("{value}\n")),
            Output::Json => self.json(value),
        }
    }

    /// Prints a value as JSON, whatever the output: where the text was printed part by part.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.print(&format!("{json}\n"))
    }

    /// Prints a value as JSON on one line, whatever the output: for a program that reads on while this one runs.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_string(value).map_err(io::Error::other)?;
        self.print(&format!("{json}\n"))
    }

    /// Prints a plan, coloured by what would happen.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn plan(&mut self, plan: &Plan) -> io::Result<()> {
        if self.output == Output::Json {
            return self.result(plan);
        }
        let mut text = String::new();
        if let Some(trail) = &plan.trail {
            let _ = writeln!(text, "{trail}");
        }
        if let Some(outlook) = &plan.outlook {
            let _ = writeln!(text, "{outlook}");
        }
        for change in &plan.changes {
            let style = style(change);
            let _ = writeln!(text, "{style}{change}{style:#}");
        }
        let _ = writeln!(text, "{}", plan.summary());
        self.text(&text)
    }

    /// Prints how the services stand, coloured by their state.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn status(&mut self, status: &Status) -> io::Result<()> {
        match self.output {
            Output::Text => self.text(&format!("{}\n", status.painted(true))),
            Output::Json => self.result(status),
        }
    }

    /// Prints why something was decided, coloured by the outcomes.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn explanation(&mut self, explanation: &Explanation) -> io::Result<()> {
        match self.output {
            Output::Text => self.text(&format!("{}\n", explanation.painted(true))),
            Output::Json => self.result(explanation),
        }
    }

    /// Bars for what takes its time, one for each key and name, if somebody watches; none in JSON.
    pub fn live(&self, names: impl Iterator<Item = (String, String)>) -> Live {
        Live::new(self.watched && self.output == Output::Text, names)
    }

    /// A bar for so many bytes that are read, if somebody watches; none in JSON.
    #[must_use]
    pub fn meter(&self, bytes: u64) -> Meter {
        Meter::new(self.watched && self.output == Output::Text, bytes)
    }

    /// Prints what was examined, coloured by how it is.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn checkup(&mut self, checkup: &Checkup) -> io::Result<()> {
        if self.output == Output::Json {
            return self.result(checkup);
        }
        let mut text = String::new();
        for link in &checkup.links {
            let style = match link.result {
                Verdict::Ok => Style::new().fg_color(Some(AnsiColor::Green.into())),
                Verdict::Ng => Style::new().fg_color(Some(AnsiColor::Red.into())),
                Verdict::Skip => Style::new().dimmed(),
            };
            let _ = writeln!(text, "{style}{link}{style:#}");
        }
        let _ = writeln!(text, "{}", checkup.summary());
        self.text(&text)
    }

    /// Prints a line that only people want: nothing in JSON.
    ///
    /// # Errors
    /// As [`Ui::result`].
    pub fn say(&mut self, text: impl Display) -> io::Result<()> {
        match self.output {
            Output::Text => self.print(&format!("{text}\n")),
            Output::Json => Ok(()),
        }
    }

    /// Says on standard error what is under way, if somebody watches.
    pub fn progress(&mut self, text: impl Display) {
        if self.watched {
            self.tell(&format!("{text}\n"));
        }
    }

    /// Says a line on standard error, whoever reads it.
    pub fn note(&mut self, text: impl Display) {
        self.tell(&format!("{text}\n"));
    }

    /// Says on standard error what the operator should know.
    pub fn warn(&mut self, text: impl Display) {
        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
        self.tell(&format!("{style}warning:{style:#} {text}\n"));
    }

    /// Says on standard error why the program ends.
    pub fn error(&mut self, error: &anyhow::Error) {
        let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        self.tell(&format!("{style}error:{style:#} {}\n", reasons(error)));
    }

    /// Asks a question that only `yes` affirms. `None` where nobody can answer.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub fn confirm(&mut self, question: &str) -> io::Result<Option<bool>> {
        if !self.answers {
            return Ok(None);
        }
        self.tell(&format!("{question} [yes/no] "));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(Some(
            ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()),
        ))
    }

    /// Standard output itself, for what is a file and no text.
    pub(crate) fn stream(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Prints lines for people.
    fn text(&mut self, text: &str) -> io::Result<()> {
        match self.width {
            Some(width) => self.print(&fold::fold(text, width)),
            None => self.print(text),
        }
    }

    fn print(&mut self, text: &str) -> io::Result<()> {
        let written = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Standard error is a courtesy: where it cannot be written, there is nobody to tell.
    fn tell(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
        let _ = self.err.flush();
    }
}

/// The whole chain in one line. Errors that already quote their cause are not repeated.
fn reasons(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn style(change: &Change) -> Style {
    match change.action {
        Action::Create => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Action::Change => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Action::Keep => Style::new().dimmed(),
        Action::Remove => Style::new().fg_color(Some(AnsiColor::Red.into())),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::reasons;

    #[test]
    fn a_chain_is_one_line_without_repetition() {
        let error = Err::<(), _>(std::io::Error::other("disk full")).context("cannot write");
        assert_eq!(reasons(&error.unwrap_err()), "cannot write: disk full");
        let error = anyhow::anyhow!("disk full").context("cannot write: disk full");
        assert_eq!(reasons(&error), "cannot write: disk full");
    }
}
