//! One push has one name, by whichever road the handler heard of it: an event of ECR has an identity of its own, and the
//! record of the same push comes minutes later.

use chrono::TimeDelta;
use handler::ledger;
use handler::push::Push;
use handler::report::PushLine;

use super::host::Answer;

/// By two roads the times of a push may differ so much: what the handler's ledger allows.
const APART: TimeDelta = TimeDelta::minutes(15);

/// The answers with every decision under the identity of the record that tells of its push.
pub(super) fn by_record(answers: &[Answer], pushes: &[Push]) -> Vec<Answer> {
    let mut answers = answers.to_vec();
    for answer in &mut answers {
        let report = &mut answer.report;
        for decision in &mut report.decisions {
            let word = ledger::word(&decision.push);
            if pushes.iter().any(|push| push.has_id(&word)) {
                continue;
            }
            let told = report
                .pushes
                .iter()
                .find(|told| told.event_id == decision.push);
            if let Some(push) = told.and_then(|told| recorded(told, pushes)) {
                push.id().clone_into(&mut decision.push);
            }
        }
    }
    answers
}

/// The recorded push that this one is: the nearest in time of the same image.
fn recorded<'a>(told: &PushLine, pushes: &'a [Push]) -> Option<&'a Push> {
    let away = |push: &&Push| (push.time() - told.pushed_at).abs();
    let same = |push: &&Push| {
        let at = &push.repository;
        (&at.account, &at.region, &at.name) == (&told.account, &told.region, &told.repository)
            && push.digest == told.digest
            && away(push) <= APART
    };
    pushes.iter().filter(same).min_by_key(away)
}
