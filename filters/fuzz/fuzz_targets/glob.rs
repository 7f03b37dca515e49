#![no_main]
//! The linear glob is the one of the definition.

use filters::glob;

fn by_definition(pattern: &[char], text: &[char]) -> bool {
    // One row per character of the text: which prefixes of the pattern match what was read.
    let mut row = vec![true];
    for &c in pattern {
        row.push(row[row.len() - 1] && c == '*');
    }
    for &c in text {
        let mut next = vec![false];
        for (place, &wanted) in pattern.iter().enumerate() {
            next.push(match wanted {
                '*' => next[place] || row[place + 1],
                wanted => row[place] && wanted == c,
            });
        }
        row = next;
    }
    row[pattern.len()]
}

libfuzzer_sys::fuzz_target!(|input: &str| {
    let Some((pattern, text)) = input.split_once('\n') else {
        return;
    };
    if pattern.len() < 200 && text.len() < 1000 {
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        assert_eq!(glob::matches(pattern, text), by_definition(&p, &t));
    }
});
