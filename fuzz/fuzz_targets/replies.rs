//! Replies as libFuzzer makes them up.

#![no_main]

#[path = "../replies.rs"]
mod replies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| replies::check(data));
