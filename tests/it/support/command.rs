//! The binary as people call it.

use std::path::Path;
use std::process::Command;

/// Runs it in a folder; gives what it printed and how it ended.
pub fn replyflow_in(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("REPLYFLOW_CONFIG")
        .env("EVENTS_KEY", "0123456789abcdef0123456789abcdef")
        .output()
        .expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    (if out.is_empty() { err } else { out }, output.status.code().unwrap_or(-1))
}
