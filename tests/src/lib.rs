//! Tests only; see the test targets.
