//! Whatever comes in from outside: any text, any JSON. Nothing panics, and what was written reads back.

mod any;
mod configs;
