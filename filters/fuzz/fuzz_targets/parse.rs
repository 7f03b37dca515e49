#![no_main]
//! A text is read or refused; nothing panics.

use filters::Pattern;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match Pattern::parse(text) {
        Ok(pattern) => {
            let _ = pattern.matches(text);
            let _ = pattern.extract(text);
        }
        Err(error) => {
            assert!(error.position() <= text.chars().count() + 1);
            assert_eq!(error.caret().lines().count(), 3);
            assert!(!error.to_string().contains('\n'));
            assert!(!error.aws().is_empty());
        }
    }
});
