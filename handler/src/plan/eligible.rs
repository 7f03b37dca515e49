//! Whether a push may roll a service at all, whatever else was pushed.

use serde_json::Value;

use super::chosen::Whose;
use super::missing::is_found;
use super::verdict::{Candidate, time};
use super::{Deciding, FAMILIES, Plan, platform};
use crate::config::{Action, Match};
use crate::image::Repository;
use crate::manifest::Kind;
use crate::policy::{TagPolicy, version};
use crate::push::{Push, Tagged};
use crate::report::Outcome;
use crate::stacks;

/// Why a push may not roll a service.
type Not = (Outcome, String);

impl Deciding<'_> {
    /// Why a push concerns no service at all.
    pub(super) fn passed_over(&self, push: &Push) -> Option<String> {
        if !self.config.follows_repository(&push.repository.name) {
            return Some("the configuration's `repositories` leave this one out".to_owned());
        }
        match &push.kind {
            Kind::Other(what) => Some(format!("no image: {what}")),
            Kind::Image | Kind::Index(_) => None,
        }
    }

    /// The pushes that may roll the service; decisions on all others go into the plan.
    pub(super) fn candidates<'p>(
        &self,
        pushed: &[&'p Push],
        plan: &mut Plan,
    ) -> Vec<Candidate<'p>> {
        let mut candidates = Vec::new();
        for push in pushed.iter().copied() {
            match self.eligible(push) {
                Ok(candidate) => match self.found(&candidate) {
                    Whose::Nobodys => candidates.push(candidate),
                    Whose::Asked(since) => self.doubt(since, plan),
                    Whose::Somebodys => {
                        let reason = "the log never told of it, and the service was deployed since: whoever did so chose what runs";
                        let (tag, reason) = (&candidate.tag, reason.to_owned());
                        let decision = self.decision(push, tag, Outcome::Skipped, reason);
                        plan.decisions.push(decision);
                    }
                    Whose::Unknown(why) => {
                        let reason = format!(
                            "the log never told of it, and whether somebody chose what runs cannot be known: {why}"
                        );
                        let decision = self.decision(push, &candidate.tag, Outcome::Held, reason);
                        plan.decisions.push(decision);
                    }
                },
                Err((outcome, reason)) => {
                    let decision = self.decision(push, push.tag(), outcome, reason);
                    plan.decisions.push(decision);
                }
            }
        }
        candidates
    }

    /// Whose choice it is that a push does not run of which nothing but the registry told, as far as the policy takes it. Once
    /// the ledger names it, it is a push as any other.
    fn found(&self, candidate: &Candidate<'_>) -> Whose {
        let push = candidate.push;
        let policy = self.settings(&push.repository).tags;
        let mut tagged = push.tagged.iter();
        let told = tagged.any(|tagged| policy.allows(&tagged.tag) && !is_found(tagged));
        let entry = self.service.entry(&push.repository);
        // Whose choice a family's newest revision is, is looked at with what lies below it.
        let family = self.service.cluster() == FAMILIES;
        if told || family || entry.is_some_and(|entry| entry.names(push)) {
            return Whose::Nobodys;
        }
        self.chosen_since(push.time())
    }

    /// The tag and the record by which a push may roll this service, or why it may not.
    pub(super) fn eligible<'p>(&self, push: &'p Push) -> Result<Candidate<'p>, Not> {
        let skipped = |reason: String| Err((Outcome::Skipped, reason));
        if let Some(reason) = self.passed_over(push) {
            return skipped(reason);
        }
        if let Some(stack) = stacks::taker(self.config, self.service, &push.repository) {
            let (name, parameter) = (stack.name(), &stack.parameter);
            return skipped(format!(
                "the service belongs to the stack {name}, which takes the push by its parameter {parameter}"
            ));
        }
        let settings = self.settings(&push.repository);
        if settings.matching == Match::NamePrefix {
            self.is_matched(&push.repository, settings.action)?;
        }
        let policy = &settings.tags;
        let mut allowed: Vec<&Tagged> = push
            .tagged
            .iter()
            .filter(|tagged| policy.allows(&tagged.tag))
            .collect();
        if allowed.is_empty() {
            let tag = push.tag();
            return skipped(format!("policy {policy} does not take the tag {tag}"));
        }
        if settings.action == Action::Force {
            allowed.retain(|tagged| self.starts_tag(&push.repository, &tagged.tag));
        }
        let Some(record) = allowed.last().copied() else {
            return Err(self.nothing_to_force(push));
        };
        if let Some(since) = self.config.since.filter(|since| record.time < *since) {
            return skipped(format!(
                "pushed before {}, when ecroll began here",
                time(since)
            ));
        }
        if let Some(reason) = platform::mismatch(&push.kind, self.service, self.definition) {
            return Err((Outcome::Refused, reason));
        }
        // The service keeps its own tag if the push set it, and no other image took it since; else it takes the last one, or the
        // highest version.
        let mut tags = allowed.iter().rev();
        let own = tags.find(|tagged| {
            self.names_tag(&push.repository, &tagged.tag) && !self.was_taken(push, tagged)
        });
        let own = own.map(|tagged| &tagged.tag);
        let highest = allowed.iter().max_by_key(|tagged| version(&tagged.tag));
        let tag = match policy {
            TagPolicy::NewestSemver => highest.map_or(&record.tag, |tagged| &tagged.tag),
            _ => own.unwrap_or(&record.tag),
        };
        let tag = tag.clone();
        Ok(Candidate { push, tag, record })
    }

    fn is_matched(&self, repository: &Repository, action: Action) -> Result<(), Not> {
        let name = &repository.name;
        if !self.is_named_after(repository) {
            let reason =
                format!("`match` is name-prefix, and the service is not named after {name}");
            return Err((Outcome::Skipped, reason));
        }
        if action == Action::Revision && !self.definition.repositories().contains(repository) {
            let reason = format!(
                "the service is named after {name}, but no container runs that repository, so there is no image to \
                 change: set `action = \"force\"` to deploy it anew"
            );
            return Err((Outcome::Refused, reason));
        }
        Ok(())
    }

    /// `force` starts what the revision names, so a push counts only under a tag that it names.
    fn nothing_to_force(&self, push: &Push) -> Not {
        let mut images = self.definition.images.values();
        let pinned =
            images.any(|(_, image)| image.repository == push.repository && image.digest.is_some());
        if pinned {
            let reason = "`force` deploys the same revision again, and that names a digest: set `action = \
                          \"revision\"`, or name a tag";
            return (Outcome::Refused, reason.to_owned());
        }
        let tag = push.tag();
        let reason =
            format!("`force` deploys the same revision again, which does not name the tag {tag}");
        (Outcome::Skipped, reason)
    }

    /// Whether the ledger knows of another image that took a tag since, although its record is not in sight.
    fn was_taken(&self, push: &Push, tagged: &Tagged) -> bool {
        let entry = self.service.entry(&push.repository);
        entry.is_some_and(|entry| {
            let other = !entry.names(push) && !entry.is_of(&push.digest);
            other && entry.tag == tagged.tag && entry.time > tagged.time
        })
    }

    pub(super) fn names_tag(&self, repository: &Repository, tag: &str) -> bool {
        let mut images = self.definition.images.values();
        images.any(|(_, i)| i.repository == *repository && i.tag.as_deref() == Some(tag))
    }

    /// Whether a new deployment starts what a tag of a repository names by then. Where no container runs the repository,
    /// whatever registry the tag is of.
    pub(super) fn starts_tag(&self, repository: &Repository, tag: &str) -> bool {
        if self.definition.repositories().contains(repository) {
            let images = self.definition.images_of(repository).into_iter();
            return images.filter_map(tag_of).any(|named| named == tag);
        }
        let containers = self.definition.raw.get("containerDefinitions");
        let containers = containers.and_then(Value::as_array).into_iter().flatten();
        let mut images = containers.filter_map(|container| container.get("image")?.as_str());
        images.any(|image| tag_of(image) == Some(tag))
    }
}

/// The tag of an image of any registry; `None` beside a digest.
fn tag_of(image: &str) -> Option<&str> {
    if image.contains('@') {
        return None;
    }
    // A colon before the last slash belongs to the registry's port.
    let name = image.rsplit('/').next().unwrap_or(image);
    Some(name.split_once(':').map_or("latest", |(_, tag)| tag))
}
