//! The text: at most eighty columns, coloured by state where that is wanted.

mod stacks;

use std::fmt::{self, Display, Write as _};

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};

use super::stacks::StackStatus;
use super::{DeploymentStatus, ImageStatus, ServiceStatus, State, Status, text};

/// How wide the text is.
const WIDTH: usize = 80;
/// How many characters of a digest are shown after `sha256:`.
const DIGEST: usize = 12;
/// How many service events are shown.
const EVENTS: usize = 3;

impl Display for Status {
    /// Without colour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.painted(false))
    }
}

impl Status {
    /// The text, coloured or not, without the last newline.
    #[must_use]
    pub(crate) fn painted(&self, colour: bool) -> String {
        let names = self.services.iter().map(ServiceStatus::name);
        let names = names.chain(self.stacks.iter().map(StackStatus::name));
        let width = names.map(|name| name.chars().count()).max();
        let width = width.unwrap_or_default().min(WIDTH / 2);
        let mut out = String::new();
        for service in &self.services {
            service.write(&mut out, width, colour);
        }
        for stack in &self.stacks {
            stack.write(&mut out, width, colour);
        }
        for wave in &self.waves {
            wrap(&mut out, "", "  ", &wave.to_string());
        }
        for gap in &self.gaps {
            wrap(&mut out, "", "  ", &format!("not seen: {gap}"));
        }
        wrap(&mut out, "", "  ", &self.summary());
        out.pop();
        out
    }

    fn summary(&self) -> String {
        let services: Vec<State> = self.services.iter().map(|service| service.state).collect();
        let left_out = services
            .iter()
            .filter(|state| **state == State::NotFollowed)
            .count();
        let mut text = match services.len() - left_out {
            0 => "no service is followed".to_owned(),
            1 => format!("1 service: {}", counted(&services)),
            followed => format!("{followed} services: {}", counted(&services)),
        };
        if self.not_followed > 0 {
            let _ = write!(text, "; {} not followed", self.not_followed);
            if left_out == 0 {
                text.push_str(" (--all names them)");
            }
        }
        let stacks: Vec<State> = self.stacks.iter().map(|stack| stack.state).collect();
        match stacks.len() {
            0 => {}
            1 => {
                let _ = write!(text, "; 1 stack: {}", counted(&stacks));
            }
            many => {
                let _ = write!(text, "; {many} stacks: {}", counted(&stacks));
            }
        }
        text
    }
}

/// How many there are of each state, the most urgent first.
fn counted(states: &[State]) -> String {
    let order = [
        State::Rolling,
        State::Failed,
        State::Refused,
        State::Held,
        State::Waiting,
        State::Current,
        State::NoPush,
    ];
    let counts = order.into_iter().filter_map(|state| {
        let count = states.iter().filter(|one| **one == state).count();
        (count > 0).then(|| format!("{count} {}", state.word()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// The first line of what is said of one thing: its name, its state, and since when.
fn head(
    out: &mut String,
    (name, width): (&str, usize),
    state: State,
    since: Option<DateTime<Utc>>,
    colour: bool,
) {
    let word = state.word();
    let style = if colour { style(state) } else { Style::new() };
    let _ = write!(out, "{name:width$}  {style}{word}{style:#}");
    if let Some(since) = since {
        let pad = State::NotFollowed.word().len().saturating_sub(word.len());
        let _ = write!(out, "{:pad$}  since {}", "", text(since));
    }
    out.push('\n');
}

fn style(state: State) -> Style {
    let colour = match state {
        State::Rolling => AnsiColor::Cyan,
        State::Failed | State::Refused => AnsiColor::Red,
        State::Held | State::Waiting => AnsiColor::Yellow,
        State::Current => AnsiColor::Green,
        State::NoPush | State::NotFollowed => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(colour.into()))
}

impl ServiceStatus {
    /// `cluster/service`, with the place where that is not clear.
    pub(crate) fn name(&self) -> String {
        let name = format!("{}/{}", self.cluster, self.service);
        if self.placed {
            format!("{name} ({} in {})", self.account, self.region)
        } else {
            name
        }
    }

    fn write(&self, out: &mut String, width: usize, colour: bool) {
        head(out, (&self.name(), width), self.state, self.since, colour);
        if let Some(ended) = self.ended {
            wrap(out, "  ", "    ", &format!("its roll: {}", ended.word()));
        }
        let of_images = self.images.iter().any(|image| image.reason == self.reason);
        if let Some(reason) = self.reason.as_ref().filter(|_| !of_images) {
            wrap(out, "  ", "    ", reason);
        }
        for image in &self.images {
            image.write(out, self);
        }
        if matches!(self.state, State::Rolling | State::Failed) {
            for deployment in &self.deployments {
                wrap(out, "  ", "    ", &deployment.to_string());
            }
        }
        // During a roll, what was before it is of no interest.
        let since = self.since.filter(|_| self.state == State::Rolling);
        let events = self.events.iter();
        let events = events.filter(|event| since.is_none_or(|since| event.at >= since));
        for event in events.take(EVENTS) {
            let line = format!("{}: {}", text(event.at), event.message);
            wrap(out, "  ", "    ", &line);
        }
    }
}

impl ImageStatus {
    fn write(&self, out: &mut String, service: &ServiceStatus) {
        let Self {
            account,
            region,
            repository,
            ..
        } = self;
        let here = *account == service.account && *region == service.region;
        let repository = if here {
            repository.clone()
        } else {
            format!("{account}/{region}/{repository}")
        };
        let mut line = repository;
        if let Some(tag) = &self.runs.tag {
            let _ = write!(line, ":{tag}");
        }
        if let Some(at) = self.runs.pushed_at {
            let _ = write!(line, ", pushed {}", text(at));
        }
        if let Some(digest) = &self.runs.digest {
            let short: String = digest.chars().take("sha256:".len() + DIGEST).collect();
            let _ = write!(line, ", {short}");
        }
        if self.state == State::NoPush {
            line.push_str(", of no push that is known");
        }
        if self.tags != "any" && self.state != State::NotFollowed {
            let _ = write!(line, ", follows {}", self.tags);
        }
        wrap(out, "  ", "    ", &line);
        if let Some(reason) = &self.reason {
            let line = match self.state {
                // The reason says all.
                State::Current | State::NoPush => reason.clone(),
                state => format!("{}: {reason}", state.word()),
            };
            wrap(out, "    ", "      ", &line);
        }
    }
}

impl Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            task_definition,
            desired,
            running,
            pending,
            failed,
            rollout_state,
            ..
        } = self;
        let revision = task_definition.rsplit('/').next().unwrap_or_default();
        write!(
            f,
            "{} {revision}: {running} of {desired} running, {pending} pending, {failed} failed",
            status.to_lowercase()
        )?;
        // An older one completed long ago, which is of no interest by now.
        let state = rollout_state.as_ref();
        if let Some(state) = state.filter(|state| status == "PRIMARY" || *state != "COMPLETED") {
            write!(f, "; {}", state.to_lowercase().replace('_', " "))?;
        }
        match &self.rollout_state_reason {
            Some(reason) if says_more(reason) => write!(f, ": {reason}"),
            _ => Ok(()),
        }
    }
}

impl DeploymentStatus {
    /// The counts alone, for a line that tells a change.
    pub(crate) fn counts(&self) -> String {
        let revision = self.task_definition.rsplit('/').next().unwrap_or_default();
        let mut text = if self.status == "PRIMARY" {
            format!("{revision} {} of {} running", self.running, self.desired)
        } else {
            format!("{revision} {} left", self.running)
        };
        for (count, what) in [(self.pending, "pending"), (self.failed, "failed")] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        text
    }
}

/// Of what goes well ECS only says that it does.
fn says_more(reason: &str) -> bool {
    !reason.is_empty() && !reason.ends_with("in progress.") && !reason.ends_with("completed.")
}

/// Adds a line, broken at blanks where it is too long; its first part begins with `first`, the others with `rest`. A word
/// that is too long stays whole.
pub(crate) fn wrap(out: &mut String, first: &str, rest: &str, line: &str) {
    let mut column = first.chars().count();
    out.push_str(first);
    let mut begun = false;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if begun && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(rest);
            column = rest.chars().count();
            begun = false;
        }
        if begun {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        begun = true;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::wrap;
    use crate::status::{ServiceStatus, State, Status};

    fn service(name: &str, state: State) -> ServiceStatus {
        ServiceStatus {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            cluster: "prod".to_owned(),
            service: name.to_owned(),
            arn: String::new(),
            wave: None,
            state,
            reason: Some("because".to_owned()),
            since: Some(chrono::DateTime::UNIX_EPOCH),
            task_definition: None,
            images: Vec::new(),
            deployments: Vec::new(),
            events: Vec::new(),
            ended: None,
            placed: false,
        }
    }

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let services = [
            State::Rolling,
            State::Failed,
            State::Held,
            State::Current,
            State::NoPush,
        ];
        let services = services.map(|state| service(state.word(), state));
        let status = Status {
            at: chrono::DateTime::UNIX_EPOCH,
            services: services.into(),
            stacks: Vec::new(),
            waves: Vec::new(),
            not_followed: 0,
            gaps: vec!["stage: denied".to_owned()],
        };
        let coloured = status.painted(true);
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, status.to_string());
        insta::assert_snapshot!(coloured.replace('\u{1b}', "^"));
    }

    #[test]
    fn a_long_line_is_broken_at_blanks_and_a_long_word_is_not() {
        let mut out = String::new();
        wrap(&mut out, "", "  ", &format!("{} b", "a".repeat(90)));
        assert_eq!(out, format!("{}\n  b\n", "a".repeat(90)));
        let mut out = String::new();
        wrap(&mut out, "  ", "    ", &"word ".repeat(40));
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        assert_eq!(out.split_whitespace().count(), 40);
    }
}
