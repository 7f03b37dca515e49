#![no_main]
//! What is printed parses to the same.

use filters::Pattern;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(pattern) = Pattern::parse(text) {
        let printed = pattern.to_string();
        let again = Pattern::parse(&printed).expect("what is printed is a pattern");
        assert_eq!(again, pattern);
        assert_eq!(again.to_string(), printed);
    }
});
