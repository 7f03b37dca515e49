//! Random histories of an account, with faults, checked against the rules by a model that shares no code with the handler.

#![expect(
    dead_code,
    reason = "the engine that makes these values and the model that reads them are not here yet"
)]

mod model;
mod trace;
