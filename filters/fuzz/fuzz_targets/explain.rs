#![no_main]
//! An explanation agrees with the evaluator, and a reading of the unknown points never breaks either.

use filters::{Compat, Pattern, Point};

libfuzzer_sys::fuzz_target!(|input: (u32, &str)| {
    let (switches, text) = input;
    let Some((pattern, event)) = text.split_once('\n') else {
        return;
    };
    let on = |point: &&Point| switches >> (point.number() % 32) & 1 == 1;
    let compat = Point::ALL
        .iter()
        .filter(on)
        .fold(Compat::default(), |compat, point| compat.with(*point));
    let Ok(pattern) = Pattern::parse_with(pattern, compat) else {
        return;
    };
    let plain = pattern.evaluate(event);
    assert_eq!(pattern.matches(event), plain);
    let explanation = pattern.explain(event);
    assert_eq!(explanation.matches, plain, "{explanation}");
});
