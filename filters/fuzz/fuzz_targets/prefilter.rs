#![no_main]
//! The prefilter skips work, never an event.

use filters::Pattern;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let Some((pattern, event)) = input.split_once('\n') else {
        return;
    };
    let Ok(pattern) = Pattern::parse(pattern) else {
        return;
    };
    let plain = pattern.evaluate(event);
    assert_eq!(pattern.matches(event), plain);
    assert_eq!(pattern.extract(event).is_some(), plain);
    let lines = event.strip_suffix('\n').unwrap_or(event).split('\n');
    let wanted = lines.filter(|line| pattern.evaluate(line)).count();
    if !event.is_empty() {
        assert_eq!(pattern.lines(event.as_bytes()).count(), wanted);
    }
});
