//! The ordinary star glob, for names in a configuration.

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters, none included,
/// and every other character for itself.
///
/// This is the glob that people expect: `*ab` matches `abab`. The one inside filter patterns is
/// stricter (see the crate's page) and is not this function. It never fails; the time is at most
/// the product of the two lengths, and linear for patterns of one or two stars.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut segments = pattern.split('*');
    let Some(mut rest) = segments.next().and_then(|head| text.strip_prefix(head)) else {
        return false;
    };
    let Some(tail) = segments.next_back() else {
        return rest.is_empty(); // no star
    };
    // With the end fixed first, the earliest place for each middle segment is always a best one.
    let Some(middle) = rest.strip_suffix(tail) else {
        return false;
    };
    rest = middle;
    for segment in segments {
        match rest.split_once(segment) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}
