//! Reading the two files: JSON whose members keep the very text that they have there, so that what this program has never
//! heard of arrives as it was written.

use std::collections::BTreeSet;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::members::{Structure, nearest};
use super::{Asked, Wanted};
use crate::error::{Error, Result};

/// The members of an object in their order, each with its own text.
#[derive(Debug, Clone, Default)]
pub struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// A member as a value; `null` is as good as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let raw = self.0.iter().find(|(key, _)| key == name);
        let value: Value = serde_json::from_str(raw?.1.get()).ok()?;
        (!value.is_null()).then_some(value)
    }

    /// A member that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// Sets a member.
    pub(crate) fn set(&mut self, name: &str, value: &Value) {
        if let Ok(raw) = serde_json::value::to_raw_value(value) {
            self.remove(name);
            self.0.push((name.to_owned(), raw));
        }
    }

    /// Takes a member away; whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(key, _)| key != name);
        self.0.len() < before
    }

    /// Only these, with their own text.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(key, _)| wanted(key));
        Self(kept.cloned().collect())
    }

    /// The names, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// All of them as one value, for comparing.
    #[must_use]
    pub fn value(&self) -> Value {
        let read = |raw: &RawValue| serde_json::from_str(raw.get()).unwrap_or_default();
        let members = self.0.iter().map(|(key, raw)| (key.clone(), read(raw)));
        Value::Object(members.collect())
    }

    /// The body of a call: every member as the file has it.
    #[must_use]
    pub fn body(&self) -> String {
        // Texts and raw JSON: there is nothing that could not be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, raw)| (key, raw)))
    }
}

/// An object whose values have not been looked into.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Reader<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Pairs<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(
                self,
                mut map: M,
            ) -> std::result::Result<Pairs<'a>, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<String, &'de RawValue>()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

/// One of the two files, while it is read.
struct File<'t> {
    name: String,
    text: &'t str,
    /// Whether members that no list names are let through.
    lenient: bool,
    faults: Vec<String>,
}

impl<'t> File<'t> {
    fn pairs(&self, raw: &'t RawValue, what: &str) -> Result<Vec<(String, &'t RawValue)>> {
        let pairs = serde_json::from_str::<Pairs<'t>>(raw.get());
        let Self { name, .. } = self;
        let line = self.line_of(raw.get());
        let wrong = |_| {
            Error::Wrong(format!(
                "{name}:{line}: {what} must be an object of JSON with the members of the call"
            ))
        };
        pairs.map(|pairs| pairs.0).map_err(wrong)
    }

    /// The line on which a part of the text begins, from 1.
    fn line_of(&self, part: &str) -> usize {
        let at = part
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        self.line_at(at)
    }

    fn line_at(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        before.split(|byte| *byte == b'\n').count()
    }

    /// The line of a member's name, which may stand above its value.
    fn line_of_key(&self, key: &str, raw: &RawValue) -> usize {
        let at = raw
            .get()
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        let before = self.text.get(..at).unwrap_or_default();
        let at = before.rfind(&format!("\"{key}\"")).unwrap_or(at);
        self.line_at(at)
    }

    /// Every member below this one that its structure does not have, and every one that stands twice.
    fn check(&mut self, path: &str, raw: &'t RawValue, structure: Option<Structure>) {
        if let Ok(items) = serde_json::from_str::<Vec<&'t RawValue>>(raw.get()) {
            for (number, item) in items.into_iter().enumerate() {
                self.check(&format!("{path}[{number}]"), item, structure);
            }
        } else if let Ok(pairs) = serde_json::from_str::<Pairs<'t>>(raw.get()) {
            self.check_members(&format!("{path}."), &pairs.0, structure);
        }
    }

    /// The same for the members of an object; `prefix` is the way there.
    fn check_members(
        &mut self,
        prefix: &str,
        pairs: &[(String, &'t RawValue)],
        structure: Option<Structure>,
    ) {
        let mut seen = BTreeSet::new();
        for (key, raw) in pairs {
            let at = format!("{}:{}", self.name, self.line_of_key(key, raw));
            if !seen.insert(key) {
                let fault = format!("{at}: `{prefix}{key}` stands there twice: leave one");
                self.faults.push(fault);
            }
            let below = structure.and_then(|structure| structure.member(key));
            if let Some(structure) = structure.filter(|_| below.is_none() && !self.lenient) {
                let near = nearest(key, &structure.names());
                let near = near.map_or_else(String::new, |near| format!("; nearest: `{near}`"));
                self.faults.push(format!(
                    "{at}: `{prefix}{key}` is no member that ECS takes there, as far as this version of ecroll \
                     knows{near}; if it is a newer one, pass --allow-unknown"
                ));
            }
            self.check(&format!("{prefix}{key}"), raw, below.flatten());
        }
    }
}

/// Which call a file is meant for.
#[derive(Clone, Copy)]
struct Kind {
    what: &'static str,
    /// How answers wrap it.
    wrappers: &'static [&'static str],
    input: &'static str,
    answer: &'static str,
}

const DEFINITION: Kind = Kind {
    what: "the task definition",
    wrappers: &["taskDefinition"],
    input: "RegisterTaskDefinitionRequest",
    answer: "TaskDefinition",
};

const SERVICE: Kind = Kind {
    what: "the service",
    wrappers: &["service", "services"],
    input: "CreateServiceRequest",
    answer: "Service",
};

/// What a file holds, and what was left out of it.
struct Taken {
    members: Members,
    notes: Vec<String>,
    /// The cluster of an answer, which the input calls otherwise.
    cluster: Option<String>,
}

fn take(path: &Path, text: &str, kind: Kind, lenient: bool) -> Result<Taken> {
    let name = path.display().to_string();
    let mut file = File {
        name: name.clone(),
        text,
        lenient,
        faults: Vec::new(),
    };
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| {
        // It says the place itself, at the end.
        let said = error.to_string();
        let said = said
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        let (line, column) = (error.line(), error.column());
        Error::Wrong(format!("{name}:{line}:{column}: is no JSON: {said}"))
    })?;
    let mut top = file.pairs(whole, kind.what)?;
    let wrapper = top.iter().position(|(key, raw)| {
        // The input of CreateService has a text of the name `taskDefinition`.
        kind.wrappers.contains(&key.as_str()) && raw.get().starts_with(['{', '['])
    });
    if let Some(at) = wrapper {
        let (_, mut inner) = top.swap_remove(at);
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(inner.get()) {
            let [one] = items.as_slice() else {
                let found = items.len();
                return Err(Error::Wrong(format!(
                    "{name}: holds {found} services: leave the one that is meant"
                )));
            };
            inner = one;
        }
        // Tags stand beside a described definition, not in it.
        top.retain(|(key, _)| key == "tags");
        top.splice(0..0, file.pairs(inner, kind.what)?);
    }
    let input = Structure::named(kind.input);
    let answer = Structure::named(kind.answer);
    let only_answered = |key: &str| {
        answer.is_some_and(|answer| answer.member(key).is_some())
            && input.is_some_and(|input| input.member(key).is_none())
    };
    let cluster = top.iter().find(|(key, _)| key == "clusterArn");
    let cluster = cluster.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok());
    let dropped: Vec<String> = top
        .iter()
        .filter(|(key, _)| only_answered(key))
        .map(|(key, _)| key.clone())
        .collect();
    let mut notes = Vec::new();
    let short = path.file_name().unwrap_or(path.as_os_str()).display();
    let short = short.to_string();
    if !dropped.is_empty() {
        let dropped = dropped.join(", ");
        notes.push(format!(
            "{short}: left out, as only answers have them: {dropped}"
        ));
    }
    top.retain(|(key, _)| !only_answered(key));
    file.check_members("", &top, input);
    if !file.faults.is_empty() {
        return Err(Error::Wrong(file.faults.join("\n")));
    }
    let members = top.into_iter().filter(|(_, raw)| raw.get() != "null");
    let members = members.map(|(key, raw)| (key, raw.to_owned()));
    let mut members = Members(members.collect());
    clean_tags(&mut members, &short, &mut notes);
    Ok(Taken {
        members,
        notes,
        cluster,
    })
}

/// Takes away the tags that only AWS writes, and those in which ecroll keeps its ledger; and an empty list, which
/// RegisterTaskDefinition refuses.
fn clean_tags(members: &mut Members, name: &str, notes: &mut Vec<String>) {
    let Some(Value::Array(tags)) = members.get("tags") else {
        return;
    };
    let key = |tag: &Value| tag["key"].as_str().unwrap_or_default().to_owned();
    let foreign = |tag: &&Value| {
        let key = key(tag);
        key.to_ascii_lowercase().starts_with("aws:") || handler::ledger::is_key(&key)
    };
    let dropped: Vec<String> = tags.iter().filter(foreign).map(key).collect();
    if !dropped.is_empty() {
        let dropped = dropped.join(", ");
        notes.push(format!(
            "{name}: tags left out, as AWS or ecroll's ledger own them: {dropped}"
        ));
        let kept: Vec<Value> = tags.iter().filter(|tag| !foreign(tag)).cloned().collect();
        members.set("tags", &Value::Array(kept));
    }
    if members.get("tags") == Some(Value::Array(Vec::new())) {
        members.remove("tags");
    }
}

/// Reads the two files. `cluster` goes before the one of the file; `lenient` lets members through that no list names.
///
/// # Errors
/// A file that cannot be read or is no JSON; every unknown or doubled member of it with its line; no family, no containers,
/// no name; a service that names a definition of another family.
pub fn read(
    definition: &Path,
    service: &Path,
    cluster: Option<&str>,
    asked: Asked,
    lenient: bool,
) -> Result<Wanted> {
    let text = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            Error::Wrong(format!("cannot read `{path}`: {error}"))
        })
    };
    let (first, second) = (text(definition)?, text(service)?);
    let (first, second) = (
        take(definition, &first, DEFINITION, lenient),
        take(service, &second, SERVICE, lenient),
    );
    let (first, second) = match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(one), Err(other)) => return Err(Error::Wrong(format!("{one}\n{other}"))),
        (Err(one), _) | (_, Err(one)) => return Err(one),
    };
    let lacks = |path: &Path, member: &str| {
        let path = path.display();
        Error::Wrong(format!("{path}: `{member}` is missing: ECS wants it"))
    };
    let family = first.members.text("family");
    let family = family.ok_or_else(|| lacks(definition, "family"))?;
    if first.members.get("containerDefinitions").is_none() {
        return Err(lacks(definition, "containerDefinitions"));
    }
    let name = second.members.text("serviceName");
    let name = name.ok_or_else(|| lacks(service, "serviceName"))?;
    if let Some(named) = second.members.text("taskDefinition") {
        let other = named.rsplit('/').next().unwrap_or(&named);
        let other = other.split(':').next().unwrap_or(other);
        if other != family {
            let (service, definition) = (service.display(), definition.display());
            return Err(Error::Wrong(format!(
                "{service}: `taskDefinition` names the family `{other}`, and {definition} is of `{family}`: make them \
                 agree, or leave `taskDefinition` out, as the service gets the revision of {definition}"
            )));
        }
    }
    let of_file = second.members.text("cluster").or(second.cluster);
    let cluster = cluster.map(str::to_owned).or(of_file);
    let mut notes = first.notes;
    notes.extend(second.notes);
    Ok(Wanted {
        cluster: cluster.unwrap_or_else(|| "default".to_owned()),
        name,
        family,
        definition: first.members,
        service: second.members,
        asked,
        notes,
    })
}
