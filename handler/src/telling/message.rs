//! A notification: one per push, for a chat channel and for a mailbox.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::news::{News, pushes_of};
use crate::deployment::Ended;
use crate::report::{Decision, Outcome, PushLine, Report};
use crate::stacks;

/// The longest subject that SNS takes, in characters.
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 100;
/// The most services that a message names; chat takes 8,000 characters.
const MOST_LINES: usize = 40;

/// What is published about one push.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// The push's identity.
    pub(super) push: String,
    /// For mail: at most a hundred ASCII characters.
    pub(super) subject: String,
    /// For mail: plain text.
    pub(super) mail: String,
    /// For Amazon Q Developer in chat applications, in the schema of its custom notifications, and for programs.
    /// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
    pub(super) chat: Value,
}

/// One line of a message: a service and what became of it.
struct Line {
    service: String,
    word: String,
    why: String,
    /// What changed: a task definition, or the parameter of a stack.
    what: &'static str,
    from: String,
    to: String,
    good: bool,
}

/// The messages for what is new and concerns people: rolls, refusals, failures, what is held, and how rolls ended. That a
/// push was superseded or left out by policy, or runs already, is in the log alone.
pub(super) fn messages(report: &Report, news: &News<'_>) -> Vec<Message> {
    let pushes = pushes_of(news).into_iter();
    pushes
        .filter_map(|push| message(push, report, news))
        .collect()
}

fn message(push: &str, report: &Report, news: &News<'_>) -> Option<Message> {
    let ended: Vec<&Ended> = news
        .ended
        .iter()
        .copied()
        .filter(|ended| ended.push == push)
        .collect();
    // That a push is held because it was rolled back is no news beside the rollback itself.
    let said = |decision: &Decision| {
        let here =
            |ended: &&Ended| ended.cluster == decision.cluster && ended.service == decision.service;
        decision.outcome == Outcome::Held && ended.iter().any(here)
    };
    let decisions: Vec<&Decision> = news
        .decisions
        .iter()
        .copied()
        .filter(|decision| decision.push == push && concerns(decision.outcome))
        .filter(|decision| !said(decision))
        .collect();
    let (repository, tag) = match (decisions.first(), ended.first()) {
        (Some(decision), _) => (&decision.repository, &decision.tag),
        (None, Some(ended)) => (&ended.repository, &ended.tag),
        (None, None) => return None,
    };
    let image = format!("{repository}:{tag}");
    let lines: Vec<Line> = decisions
        .iter()
        .map(|decision| decided(decision))
        .chain(ended.iter().map(|ended| came(ended)))
        .collect();
    let summary = format!("{image} {}", counted(&lines));
    let told = report.pushes.iter().find(|line| line.event_id == push);
    let origin = told.map(origin).unwrap_or_default();
    let retried = decisions.iter().any(|decision| decision.retryable);
    Some(Message {
        push: push.to_owned(),
        subject: subject(&summary),
        mail: mail(&summary, &origin, &lines, retried),
        chat: chat(push, &image, &summary, &origin, &lines, retried),
    })
}

fn concerns(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Rolled | Outcome::Refused | Outcome::Failed | Outcome::Held
    )
}

fn short(arn: Option<&String>) -> String {
    arn.map_or("", |arn| arn.rsplit('/').next().unwrap_or(arn))
        .to_owned()
}

/// What a roll in this cluster changes.
fn what(cluster: &str) -> &'static str {
    match cluster {
        stacks::CLUSTER => "parameter",
        _ => "task definition",
    }
}

fn decided(decision: &Decision) -> Line {
    Line {
        service: format!("{}/{}", decision.cluster, decision.service),
        word: decision.outcome.to_string(),
        why: decision.reason.clone(),
        what: what(&decision.cluster),
        from: short(decision.from.as_ref()),
        to: short(decision.to.as_ref()),
        good: decision.outcome == Outcome::Rolled,
    }
}

fn came(ended: &Ended) -> Line {
    Line {
        service: format!("{}/{}", ended.cluster, ended.service),
        word: ended.state.to_string(),
        why: ended.reason.clone(),
        what: what(&ended.cluster),
        from: String::new(),
        to: short(Some(&ended.revision)),
        good: ended.state.is_good(),
    }
}

/// `rolled to 2 services`, `2 rolled, 1 refused`.
fn counted(lines: &[Line]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for line in lines {
        if !words.contains(&line.word.as_str()) {
            words.push(&line.word);
        }
    }
    if let ([word], [line]) = (words.as_slice(), lines) {
        return format!("{word}: {}", line.service);
    }
    let count = |word: &&str| lines.iter().filter(|line| line.word == **word).count();
    let counts = words.iter().map(|word| format!("{} {word}", count(word)));
    counts.collect::<Vec<_>>().join(", ")
}

fn origin(push: &PushLine) -> String {
    let at = push.pushed_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let PushLine {
        account, region, ..
    } = push;
    format!("pushed {at} to {account} in {region}, {}", push.digest)
}

/// ASCII without control characters, cut at a character.
fn subject(summary: &str) -> String {
    let legal = |c: char| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    };
    let text: String = summary.chars().map(legal).collect();
    if text.len() <= LONGEST_SUBJECT {
        return text;
    }
    let cut: String = text.chars().take(LONGEST_SUBJECT - 3).collect();
    format!("{cut}...")
}

fn mail(summary: &str, origin: &str, lines: &[Line], retried: bool) -> String {
    let mut text = vec![summary.to_owned()];
    if !origin.is_empty() {
        text.push(origin.to_owned());
    }
    text.push(String::new());
    for line in lines.iter().take(MOST_LINES) {
        text.push(format!("{}: {}", line.service, line.word));
        text.push(format!("  {}", line.why));
        match (line.from.as_str(), line.to.as_str()) {
            (_, "") => {}
            ("", to) => text.push(format!("  {} {to}", line.what)),
            (from, to) => text.push(format!("  {} {from} -> {to}", line.what)),
        }
    }
    text.extend(more(lines));
    if retried {
        text.push(String::new());
        text.push(AGAIN.to_owned());
    }
    text.join("\n")
}

const AGAIN: &str = "What failed is tried again by the next look-up.";

fn more(lines: &[Line]) -> Option<String> {
    let left = lines.len().saturating_sub(MOST_LINES);
    (left > 0).then(|| format!("and {left} more: the function's log has them all"))
}

fn chat(
    push: &str,
    image: &str,
    summary: &str,
    origin: &str,
    lines: &[Line],
    retried: bool,
) -> Value {
    let mut text: Vec<String> = Vec::new();
    for line in lines.iter().take(MOST_LINES) {
        let sign = if line.good { "" } else { ":warning: " };
        let to = match (line.from.as_str(), line.to.as_str()) {
            (_, "") => String::new(),
            ("", to) => format!(" (`{to}`)"),
            (from, to) => format!(" (`{from}` → `{to}`)"),
        };
        let Line {
            service, word, why, ..
        } = line;
        text.push(format!("{sign}*{service}* {word}{to}: {why}"));
    }
    text.extend(more(lines));
    if !origin.is_empty() {
        text.push(format!("_{origin}_"));
    }
    let mut content = Map::new();
    content.insert("textType".to_owned(), json!("client-markdown"));
    content.insert("title".to_owned(), json!(summary));
    content.insert("description".to_owned(), json!(text.join("\n")));
    content.insert("keywords".to_owned(), json!([image]));
    if retried {
        content.insert("nextSteps".to_owned(), json!([AGAIN]));
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {
            "threadId": push,
            "summary": summary,
            "eventType": "ecroll",
            "relatedResources": lines.iter().take(MOST_LINES).map(|line| &line.service).collect::<Vec<_>>(),
        },
    })
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::{DateTime, Utc};

    use super::{LONGEST_SUBJECT, messages};
    use crate::config::Config;
    use crate::deployment::{End, Ended};
    use crate::report::{Decision, Outcome, PushLine, Report};
    use crate::telling::news::Told;

    pub(in crate::telling) fn push(id: &str, at: DateTime<Utc>) -> PushLine {
        PushLine {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            repository: "shop".to_owned(),
            tag: "v2".to_owned(),
            digest: "sha256:00d2".to_owned(),
            pushed_at: at,
            event_id: id.to_owned(),
        }
    }

    pub(in crate::telling) fn decision(push: &str, service: &str, outcome: Outcome) -> Decision {
        let arn = |revision: u8| {
            format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{service}:{revision}")
        };
        Decision {
            cluster: "prod".to_owned(),
            service: service.to_owned(),
            repository: "shop".to_owned(),
            tag: "v2".to_owned(),
            digest: "sha256:00d2".to_owned(),
            outcome,
            reason: format!("because it is {outcome}"),
            from: Some(arn(7)),
            to: (outcome == Outcome::Rolled).then(|| arn(8)),
            push: push.to_owned(),
            retryable: outcome == Outcome::Failed,
        }
    }

    pub(in crate::telling) fn report(pushes: Vec<PushLine>, decisions: Vec<Decision>) -> Report {
        Report {
            trigger: "alarm".to_owned(),
            window: None,
            pushes,
            decisions,
            ended: Vec::new(),
        }
    }

    fn ended(push: &str, service: &str, state: End) -> Ended {
        Ended {
            cluster: "prod".to_owned(),
            service: service.to_owned(),
            repository: "shop".to_owned(),
            tag: "v2".to_owned(),
            push: push.to_owned(),
            state,
            revision: format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{service}:7"),
            reason: "ECS deployment circuit breaker: tasks failed to start.".to_owned(),
        }
    }

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    #[test]
    fn a_message_per_push_reads_well_as_mail_and_in_chat() {
        let mut report = report(
            vec![push("p1", at()), push("p2", at())],
            vec![
                decision("p1", "web", Outcome::Rolled),
                decision("p1", "api", Outcome::Refused),
                decision("p1", "old", Outcome::Skipped),
                decision("p2", "job", Outcome::Failed),
            ],
        );
        report.ended.push(ended("p0", "cron", End::RolledBack));
        let news = Told::default();
        let mut news = news;
        let news = news.of(&report, &Config::default(), at());
        let messages = messages(&report, &news);
        assert_eq!(messages.len(), 3);
        for message in &messages {
            assert!(message.subject.len() <= LONGEST_SUBJECT && message.subject.is_ascii());
        }
        insta::assert_debug_snapshot!(messages);
    }

    #[test]
    fn what_concerns_nobody_is_not_sent() {
        let quiet = [Outcome::Skipped, Outcome::Unchanged];
        let decisions = quiet.map(|outcome| decision("p1", "web", outcome)).into();
        let report = report(vec![push("p1", at())], decisions);
        let mut told = Told::default();
        let news = told.of(&report, &Config::default(), at());
        assert!(messages(&report, &news).is_empty());
    }

    #[test]
    fn a_thousand_services_fit_into_one_message() {
        let services =
            (0..1000).map(|n| decision("p1", &format!("service-{n:0>200}"), Outcome::Rolled));
        let report = report(vec![push("p1", at())], services.collect());
        let mut told = Told::default();
        let news = told.of(&report, &Config::default(), at());
        let messages = messages(&report, &news);
        let text = messages[0].chat.to_string();
        // SNS takes 256 KiB.
        assert!(
            text.len() < 100_000 && text.contains("960 more"),
            "{}",
            text.len()
        );
    }
}
