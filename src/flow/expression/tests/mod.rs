//! Tests of the language as a whole.

mod bounds;
mod examples;
mod properties;
mod templates;
mod types;
mod world;
