//! Versions and requirements, as <https://semver.org> and the requirements of Cargo define them, written out by hand.

/// A version: three numbers, and what follows the `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) numbers: [u64; 3],
    /// No pre-release is higher than any: `false` sorts before `true`.
    pub(super) released: bool,
    /// Identifiers: numbers below words, numbers by value.
    pre: Vec<(bool, u64, String)>,
}

impl Version {
    /// `1.2.3`, `v1.2.3`, `1.2.3-rc.1`, `1.2.3+build`; the build counts for nothing.
    pub(super) fn read(tag: &str) -> Option<Self> {
        let text = tag.strip_prefix('v').unwrap_or(tag);
        let (text, _) = text.split_once('+').unwrap_or((text, ""));
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        let numbers: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
        let identifiers = pre.map(|pre| pre.split('.').map(identifier).collect::<Option<Vec<_>>>());
        let pre = match identifiers {
            None => Vec::new(),
            Some(identifiers) => identifiers?,
        };
        Some(Self {
            numbers: numbers.try_into().ok()?,
            released: pre.is_empty(),
            pre,
        })
    }
}

/// A number without leading zeros.
fn number(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (plain && digits).then(|| text.parse().ok())?
}

fn identifier(text: &str) -> Option<(bool, u64, String)> {
    if text.is_empty() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        Some((false, number(text)?, String::new()))
    } else {
        Some((true, 0, text.to_owned()))
    }
}

/// Whether a version satisfies a requirement: comparators joined by commas. `None`: the requirement is beyond this reader.
pub(super) fn satisfies(version: &Version, requirement: &str) -> Option<bool> {
    let mut all = true;
    let mut names_pre = false;
    for comparator in requirement.split(',') {
        let (holds, pre) = comparator_holds(version, comparator.trim())?;
        all &= holds;
        names_pre |= pre;
    }
    // A pre-release only where a comparator names one of the same three numbers.
    Some(all && (version.released || names_pre))
}

fn comparator_holds(version: &Version, text: &str) -> Option<(bool, bool)> {
    let operators = [">=", "<=", ">", "<", "=", "^", "~"];
    let operator = operators.into_iter().find(|o| text.starts_with(o));
    let rest = text.strip_prefix(operator.unwrap_or(""))?.trim();
    if rest == "*" {
        return Some((true, false));
    }
    if let Some(full) = Version::read(rest) {
        let same = !full.released && full.numbers == version.numbers;
        return Some((compare(version, operator.unwrap_or("^"), &full), same));
    }
    // `2`, `2.x`, `1.4.x`: the parts that are given must be equal, or bound.
    let given: Vec<u64> = rest
        .split('.')
        .filter(|part| !matches!(*part, "x" | "X" | "*"))
        .map(number)
        .collect::<Option<_>>()?;
    let wild = rest.split('.').count() > given.len();
    let had: Vec<u64> = version.numbers.iter().copied().take(given.len()).collect();
    let holds = match operator {
        Some(">=") => had >= given,
        Some("<") => had < given,
        Some(">") => had > given,
        Some("<=") => had <= given,
        // `^1` and `1` mean all of 1; `^1.4` means 1.4 and above within 1; `^0.4` means all of 0.4.
        Some("^") | None if !wild => match (given.first(), given.get(1)) {
            (Some(0), Some(_)) | (_, None) => had == given,
            (major, minor) => had.first() == major && had.get(1) >= minor,
        },
        _ => had == given,
    };
    Some((holds, false))
}

fn compare(version: &Version, operator: &str, full: &Version) -> bool {
    let [major, minor, patch] = full.numbers;
    match operator {
        ">=" => version >= full,
        ">" => version > full,
        "<=" => version <= full,
        "<" => version < full,
        "=" => version == full,
        "~" => version >= full && version.numbers < [major, minor + 1, 0],
        _ => {
            let next = match (major, minor) {
                (0, 0) => [0, 0, patch + 1],
                (0, _) => [0, minor + 1, 0],
                _ => [major + 1, 0, 0],
            };
            version >= full && version.numbers < next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, satisfies};

    #[test]
    fn versions_are_ordered() {
        let rising = ["1.0.0-rc.1", "1.0.0-rc.2", "v1.0.0", "1.0.1", "1.10.0"];
        let read: Vec<Version> = rising.iter().map(|t| Version::read(t).unwrap()).collect();
        assert!(read.is_sorted());
        for not in ["latest", "1.2", "1.2.3.4", "01.2.3", "1.2.x"] {
            assert_eq!(Version::read(not), None, "{not}");
        }
    }

    #[test]
    fn requirements_are_those_of_cargo() {
        let table = [
            ("1.4.2", "^1.2", true),
            ("1.1.9", "^1.2", false),
            ("2.0.0", "^1.2", false),
            ("2.5.0", "^2", true),
            ("2.5.0", "2.x", true),
            ("2.5.0", "2", true),
            ("1.4.9", "~1.4", true),
            ("1.5.0", "~1.4", false),
            ("1.5.0", "1.4.x", false),
            ("1.9.0", ">=1.2, <2", true),
            ("2.0.0", ">=1.2, <2", false),
            ("1.3.0-rc.1", "^1.2", false),
            ("1.3.0-rc.2", ">=1.3.0-rc.1", true),
            ("0.4.1", "^0.4", true),
            ("0.5.0", "^0.4", false),
            ("1.4.2", "=1.4.2", true),
        ];
        for (version, requirement, holds) in table {
            let version = Version::read(version).unwrap();
            assert_eq!(
                satisfies(&version, requirement),
                Some(holds),
                "{version:?} {requirement}"
            );
        }
    }
}
