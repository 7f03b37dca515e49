//! The text: at most eighty columns, coloured by outcome where that is wanted.

use std::fmt::{self, Display, Write as _};

use anstyle::{AnsiColor, Style};
use handler::report::Outcome;

use super::{Case, Explanation, Told};
use crate::replay::line::short;
use crate::status::show::wrap;

impl Display for Explanation {
    /// Without colour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.painted(false))
    }
}

impl Explanation {
    /// The text, coloured or not, without the last newline.
    #[must_use]
    pub(crate) fn painted(&self, colour: bool) -> String {
        let mut out = String::new();
        wrap(
            &mut out,
            "",
            "  ",
            &format!("{}, as {} tells it", self.asked, self.source),
        );
        for told in &self.pushes {
            out.push('\n');
            told.write(&mut out, colour);
        }
        let mut last = Vec::new();
        match self.earlier {
            0 => {}
            1 => last.push("1 earlier push; --all tells of it".to_owned()),
            many => last.push(format!("{many} earlier pushes; --all tells of them")),
        }
        last.extend(self.gaps.iter().map(|gap| format!("not seen: {gap}")));
        if !last.is_empty() {
            out.push('\n');
        }
        for line in last {
            wrap(&mut out, "", "  ", &line);
        }
        out.pop();
        out
    }
}

impl Told {
    fn write(&self, out: &mut String, colour: bool) {
        let push = &self.push;
        let tags = push.tags.join(" ");
        let (repository, digest) = (&push.repository, short(&push.digest));
        wrap(out, "", "  ", &format!("{repository}:{tags}, {digest}"));
        for sentence in &self.sentences {
            wrap(out, "  ", "  ", sentence);
        }
        for case in &self.services {
            case.write(out, colour);
        }
    }
}

impl Case {
    fn write(&self, out: &mut String, colour: bool) {
        let Self {
            cluster, service, ..
        } = self;
        let _ = write!(out, "  {cluster}/{service}  ");
        for (at, step) in self.steps.iter().enumerate() {
            let style = if colour {
                style(step.outcome)
            } else {
                Style::new()
            };
            let then = if at == 0 { "" } else { ", then " };
            let _ = write!(out, "{then}{style}{}{style:#}", step.outcome);
        }
        out.push('\n');
        for sentence in &self.sentences {
            wrap(out, "    ", "    ", sentence);
        }
    }
}

fn style(outcome: Outcome) -> Style {
    let colour = match outcome {
        Outcome::Rolled => AnsiColor::Green,
        Outcome::Held => AnsiColor::Yellow,
        Outcome::Refused | Outcome::Failed => AnsiColor::Red,
        Outcome::Unchanged | Outcome::Skipped => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(colour.into()))
}
