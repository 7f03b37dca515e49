//! What ECS takes: the members of its inputs, as its API model lists them.

use handler::config::edits;

/// The table; its head names the source.
const TABLE: &str = include_str!("members.txt");

/// One structure of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Structure(&'static str);

impl Structure {
    /// The structure with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut blocks = TABLE.split("\n\n").skip(1);
        let found = blocks.find_map(|block| block.strip_prefix(name)?.strip_prefix(':'));
        found.map(Self)
    }

    /// Its member of this name: `None` where it has none, else the structure that it holds, if any.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Option<Self>> {
        let mut members = self.members();
        let (_, below) = members.find(|(member, _)| *member == name)?;
        Some(below.and_then(Self::named))
    }

    /// The names of its members.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.members().map(|(member, _)| member).collect()
    }

    fn members(self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        self.0
            .split_whitespace()
            .map(|word| match word.split_once('=') {
                Some((member, below)) => (member, Some(below)),
                None => (word, None),
            })
    }
}

/// The known name that is the fewest edits away; none where more than half would have to change.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |other: &str| edits(&name.to_lowercase(), &other.to_lowercase());
    let near = known.iter().copied().min_by_key(|other| distance(other));
    near.filter(|near| distance(near) * 2 <= name.chars().count())
}

#[cfg(test)]
mod tests {
    use super::{Structure, TABLE, nearest};

    #[test]
    fn the_table_is_whole() {
        let blocks = TABLE.split("\n\n").skip(1);
        let mut structures = 0;
        for block in blocks {
            let (name, _) = block.split_once(':').unwrap();
            let structure = Structure::named(name).unwrap();
            for (member, below) in structure.members() {
                let known = below.is_none_or(|below| Structure::named(below).is_some());
                assert!(known, "{name}.{member}: {below:?}");
            }
            structures += 1;
        }
        assert!(structures > 80, "{structures}");
        // What answers have besides is what the handler leaves out of a copy.
        let (answer, input) = (
            Structure::named("TaskDefinition").unwrap(),
            Structure::named("RegisterTaskDefinitionRequest").unwrap(),
        );
        let mut only: Vec<&str> = answer.names();
        only.retain(|name| input.member(name).is_none());
        let mut dropped = handler::revision::OUTPUT_ONLY.to_vec();
        dropped.sort_unstable();
        assert_eq!(only, dropped);
    }

    #[test]
    fn a_member_is_found_below_lists() {
        let definition = Structure::named("RegisterTaskDefinitionRequest").unwrap();
        let container = definition.member("containerDefinitions").unwrap().unwrap();
        let port = container.member("portMappings").unwrap().unwrap();
        assert_eq!(port.member("containerPort"), Some(None));
        assert_eq!(container.member("enviroment"), None);
        assert_eq!(container.member("dockerLabels"), Some(None));
        assert_eq!(
            nearest("enviroment", &container.names()),
            Some("environment")
        );
        assert_eq!(
            nearest("LaunchType", &["launchType", "cluster"]),
            Some("launchType")
        );
    }
}
