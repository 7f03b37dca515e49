//! Text for a terminal that is narrower than its lines. Pure.

/// Narrower than this nothing is readable either way.
const LEAST: usize = 40;

/// Breaks lines at blanks that are wider than `width`; what follows stands below the line's last column. Colours take no
/// room, and a word that is too long stays whole.
pub(super) fn fold(text: &str, width: usize) -> String {
    if width < LEAST {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if visible(line.trim_end()) <= width {
            out.push_str(line);
        } else {
            fold_line(line, width, &mut out);
        }
    }
    out
}

fn fold_line(line: &str, width: usize, out: &mut String) {
    let hang = column(line).min(width / 2);
    let mut at = 0;
    let mut begun = false;
    let mut blanks = 0;
    let (line, end) = match line.strip_suffix('\n') {
        Some(line) => (line, "\n"),
        None => (line, ""),
    };
    for word in line.split(' ') {
        let length = visible(word);
        if length == 0 {
            // A run of blanks, or a colour alone.
            out.push_str(word);
            blanks += 1;
            continue;
        }
        if begun && at + blanks + length > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hang));
            at = hang;
        } else {
            out.extend(std::iter::repeat_n(' ', blanks));
            at += blanks;
        }
        out.push_str(word);
        at += length;
        begun = true;
        blanks = 1;
    }
    out.push_str(end);
}

/// Where the text of a line begins: behind its last gap of two blanks or more, else two further than its first letter.
fn column(line: &str) -> usize {
    let mut letters = Letters::of(line);
    let mut last = None;
    let (mut at, mut blanks, mut first) = (0, 0, None);
    while let Some(letter) = letters.next_visible() {
        if letter == ' ' {
            blanks += 1;
        } else {
            if first.is_none() {
                first = Some(at);
            } else if blanks > 1 {
                last = Some(at);
            }
            blanks = 0;
        }
        at += 1;
    }
    last.unwrap_or_else(|| first.unwrap_or_default() + 2)
}

/// How many columns a text takes.
fn visible(text: &str) -> usize {
    let mut letters = Letters::of(text);
    let mut count = 0;
    while letters.next_visible().is_some() {
        count += 1;
    }
    count
}

/// The letters of a text without its colours: `ESC [ … m`.
struct Letters<'a>(std::str::Chars<'a>);

impl<'a> Letters<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.chars())
    }

    fn next_visible(&mut self) -> Option<char> {
        loop {
            match self.0.next()? {
                '\u{1b}' => {
                    let _ = self.0.by_ref().find(char::is_ascii_alphabetic);
                }
                letter => return Some(letter),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fold, visible};

    #[test]
    fn lines_are_folded_below_their_last_column() {
        let text = "2026-03-02 09:09:20  rolled    default/shop shop:1.0.0 shop:1 to shop:2: 1.0.0 is the newest push\n\
                    short\n      a note that is one line and goes on for long enough to be wider than sixty\n";
        insta::assert_snapshot!(fold(text, 60), @r"
        2026-03-02 09:09:20  rolled    default/shop shop:1.0.0
                                      shop:1 to shop:2: 1.0.0 is the
                                      newest push
        short
              a note that is one line and goes on for long enough to
                be wider than sixty
        ");
        assert_eq!(fold(text, 200), text);
        assert_eq!(fold(text, 20), text, "too narrow for anything");
    }

    #[test]
    fn colours_take_no_room_and_long_words_stay_whole() {
        let word = "x".repeat(70);
        let text = format!("\u{1b}[32m+ create bucket  {word} and more\u{1b}[0m\n");
        let folded = fold(&text, 60);
        let plain = anstream::adapter::strip_str(&folded).to_string();
        assert!(plain.contains(&word), "{plain}");
        assert_eq!(plain.lines().count(), 3, "{plain}");
        assert_eq!(visible("\u{1b}[1;31mred\u{1b}[0m"), 3);
        let stripped = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            fold(&stripped, 60),
            plain,
            "the same with colour and without"
        );
    }
}
