//! Patterns with stars and question marks.

/// Whether `text` matches `pattern`, where `*` stands for any text and `?` for any one character.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |a, b| a == b)
}

/// The same, blind to the case of ASCII letters: actions are.
pub(super) fn glob_any_case(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |a, b| a.eq_ignore_ascii_case(&b))
}

fn matches(pattern: &str, text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on after a mismatch: behind the last star, with one more character under it.
    let mut star: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut behind = pattern.clone();
        match behind.next() {
            Some('*') => {
                star = Some((behind.clone(), text.clone()));
                pattern = behind;
                continue;
            }
            Some(wanted) => {
                let mut rest = text.clone();
                if let Some(found) = rest.next()
                    && (wanted == '?' || same(wanted, found))
                {
                    (pattern, text) = (behind, rest);
                    continue;
                }
            }
            None if text.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after, covered)) = &mut star else {
            return false;
        };
        if covered.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), covered.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_cover_any_text() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a*b*c", "aXbYbZc"),
            ("?b", "ab"),
            ("**", "x"),
            ("", ""),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a*c", "abcd"),
            ("?", ""),
            ("a", "ab"),
            ("a", "A"),
            ("a*b", "ac"),
            ("", "x"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
        assert!(glob_any_case("ECS:update*", "ecs:UpdateService"));
        assert!(!glob_any_case("ecs:List*", "ecs:UpdateService"));
    }
}
