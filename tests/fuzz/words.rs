//! Small languages: image references, tag policies and their expressions, the ledger.

use filters::glob;
use handler::image::ImageRef;
use handler::ledger::{Entry, RevisionName, Stamp, word};
use handler::policy::{Expression, Requirement, TagPolicy, version};

use super::{fuzz, mutate, seeds, unless};

/// One of the seeds, with or without a change.
fn nearly(of: &[&str], random: &mut fastrand::Rng) -> String {
    let seed = of
        .get(random.usize(..of.len()))
        .copied()
        .unwrap_or_default();
    if random.u8(0..8) == 0 {
        seed.to_owned()
    } else {
        mutate::text(seed, random)
    }
}

#[test]
fn rule_10_image_references() {
    fuzz("image_references", |random| {
        let text = nearly(seeds::IMAGES, random);
        let Some(image) = ImageRef::parse(&text) else {
            return Ok(());
        };
        let location = &image.location;
        let written = match (&image.tag, &image.digest) {
            (Some(tag), Some(digest)) => format!("{location}:{tag}@{digest}"),
            (Some(tag), None) => format!("{location}:{tag}"),
            (None, Some(digest)) => format!("{location}@{digest}"),
            (None, None) => return unless(false, "neither tag nor digest", &text),
        };
        let same = written == text || written == format!("{text}:latest");
        unless(same, &format!("written as {written}"), &text)?;
        unless(
            ImageRef::parse(&written).as_ref() == Some(&image),
            "does not come back",
            &text,
        )?;
        // Wherever it moves, it names the same repository, and no more than one of tag and digest.
        let moved = image.moved_to("new", "sha256:ff", random.bool());
        let read = ImageRef::parse(&moved);
        let read = read.ok_or_else(|| format!("{text} moved to {moved}, which is none"))?;
        unless(
            read.repository == image.repository,
            &format!("moved to {moved}"),
            &text,
        )?;
        unless(
            read.tag.is_some() != read.digest.is_some(),
            &format!("moved to {moved}"),
            &text,
        )
    });
}

#[test]
fn rule_10_tag_policies() {
    fuzz("tag_policies", |random| {
        let text = nearly(seeds::POLICIES, random);
        let tag = nearly(seeds::TAGS, random);
        match text.parse::<TagPolicy>() {
            Ok(policy) => {
                let written = policy.to_string();
                let again = written.parse::<TagPolicy>();
                unless(
                    again.as_ref() == Ok(&policy),
                    &format!("written as {written}, read as {again:?}"),
                    &text,
                )?;
                let same = again.map(|again| again.allows(&tag)) == Ok(policy.allows(&tag));
                unless(same, &format!("decides differently on {tag}"), &text)
            }
            Err(why) => unless(!why.is_empty(), "refused without a reason", &text),
        }
    });
}

/// Time in proportion, whatever the expression and however long the tag.
#[test]
fn rule_10_no_expression_takes_longer_than_its_text() {
    fuzz("no_expression_takes_longer", |random| {
        let parts = [
            "(a*)*", "(a|a)*", "(a|aa)+", "a{1,9}", ".*", "[ab]*", "a?", "(?:a+)+", "b", "$",
            "\\d*",
        ];
        let mut text = String::new();
        for _ in 0..random.usize(1..60) {
            text.push_str(
                parts
                    .get(random.usize(..parts.len()))
                    .copied()
                    .unwrap_or_default(),
            );
        }
        let tag = "a".repeat(random.usize(0..4000)) + "!";
        if let Ok(expression) = Expression::new(&text) {
            let _ = expression.matches(&tag);
        }
        let stars: String = parts
            .iter()
            .cycle()
            .take(random.usize(1..200))
            .map(|_| "*a")
            .collect();
        unless(
            !glob::matches(&stars, &tag),
            "a glob that fits what it cannot",
            &stars,
        )?;
        unless(
            glob::matches(&(stars.replace('a', "") + "*"), &tag),
            "stars alone fit everything",
            &stars,
        )
    });
}

#[test]
fn rule_10_versions() {
    fuzz("versions", |random| {
        let tag = nearly(seeds::TAGS, random);
        if let Some(read) = version(&tag) {
            let bare = tag.strip_prefix('v').unwrap_or(&tag);
            unless(read.to_string() == bare, &format!("read as {read}"), &tag)?;
            let exact = Requirement::new(&format!("={read}"));
            let takes = exact.is_ok_and(|exact| exact.takes(&tag));
            unless(takes, "a version that is not itself", &tag)?;
        }
        let text = nearly(
            &["^2", "2.x", ">=1.2, <2", "~1.4", "=1.4.2-rc.1", "*"],
            random,
        );
        match Requirement::new(&text) {
            Ok(requirement) => unless(requirement.text() == text, "another text", &text),
            Err(why) => unless(
                why.contains("requirement"),
                "refused without a reason",
                &text,
            ),
        }
    });
}

#[test]
fn rule_10_the_ledgers_values() {
    fuzz("the_ledgers_values", |random| {
        let text = nearly(seeds::LEDGER, random);
        if let Some(entry) = Entry::read(&text) {
            let again = Entry::read(&entry.value());
            // Families that are too long come back as hashes.
            let short = text.len() <= 256;
            unless(
                !short || again.as_ref() == Some(&entry),
                &format!("{entry:?}\n{again:?}"),
                &text,
            )?;
            unless(again.is_some(), "what was written cannot be read", &text)?;
        }
        if let Some(stamp) = Stamp::read(&text) {
            unless(
                Stamp::read(&stamp.value()) == Some(stamp),
                "the stamp does not come back",
                &text,
            )?;
        }
        let id = word(&text);
        let letters = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c);
        unless(
            (1..=48).contains(&id.len()) && id.chars().all(letters),
            &id,
            &text,
        )?;
        let arn = format!(
            "arn:aws:ecs:eu-west-1:000000000000:task-definition/{}",
            text.replace('/', "")
        );
        let name = RevisionName::of(&arn);
        unless(name.names(&arn), "a revision that is not itself", &arn)?;
        unless(
            name.beside(&arn).is_none_or(|beside| beside == arn),
            "another revision",
            &arn,
        )
    });
}
