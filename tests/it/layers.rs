//! The structure of the code as a test: imports point downwards only, files stay small, every module says what it is,
//! the core reads no clock and does no I/O.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each place in `src/` may import. A place that is not listed here fails the test: decide where it belongs first.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("layout", &["domain", "config"]),
    ("flow", &["domain", "config", "reply", "layout"]),
    ("reply", &["domain"]),
    ("template", &["domain", "config", "flow", "reply", "layout"]),
    ("engine", &["domain", "config", "flow", "reply", "template"]),
    // How others sign what they send is read in one place, whoever they are.
    ("provider", &["domain", "config", "source"]),
    ("sink", &["domain", "config"]),
    ("source", &["domain", "config"]),
    ("store", &["domain", "config"]),
    ("history", &["domain", "config", "flow", "store"]),
    ("service", &["domain", "config", "flow", "reply", "engine", "provider", "sink", "store", "history"]),
    ("testing", &["domain", "config", "flow", "reply", "template", "engine"]),
    ("http", &["domain", "config", "flow", "engine", "provider", "source", "store", "service", "testing", "history"]),
    ("app", &["domain", "config", "flow", "engine", "provider", "store", "service", "http", "history"]),
    (
        "cli",
        &["domain", "config", "flow", "reply", "engine", "provider", "store", "history", "service", "http", "app", "testing"],
    ),
];

/// Where no I/O, no async runtime, no clock and no randomness may be.
const PURE: &[&str] = &["domain", "flow", "layout", "reply", "template", "engine", "provider", "sink", "source"];

/// What gives such a thing away. Reading one's own files is allowed at the edge of `flow`, in `flow/load.rs`.
const IMPURE: &[&str] = &[
    "tokio::",
    "actix_web",
    "reqwest::",
    "redis::",
    "rusqlite::",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::",
    "std::net",
    "std::env",
    "println!",
];

/// Lines of a source file without its tests.
const LINES: usize = 420;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).expect("readable folder").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root().join("src")).expect("below src").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a text file"))
    };
    files.into_iter().map(read).collect()
}

/// Whether a file holds nothing but unit tests: they may do what the code may not.
fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs")
}

/// The file without its unit tests.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn place_of(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

#[test]
fn imports_point_downwards_only() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        let place = place_of(&file);
        if matches!(place, "lib" | "main") {
            continue;
        }
        let Some(below) = allowed.get(place) else {
            wrong.push(format!("{file}: `{place}` has no layer"));
            continue;
        };
        for (number, line) in shipped(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for part in code.split("crate::").skip(1) {
                let target: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if target.is_empty() || target == place || target.starts_with(char::is_uppercase) {
                    continue;
                }
                if !below.contains(&target.as_str()) {
                    wrong.push(format!("{file}:{}: {place} imports {target}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        if !PURE.contains(&place_of(&file)) || file == "flow/load.rs" || is_test(&file) {
            continue;
        }
        for (number, line) in shipped(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for word in IMPURE {
                if code.contains(word) {
                    wrong.push(format!("{file}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        let lines = shipped(&text).lines().count();
        if lines > LINES {
            wrong.push(format!("{file}: {lines} lines, at most {LINES}"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{file}: no module documentation on its first line"));
        }
        let name = file.rsplit('/').next().unwrap_or(&file);
        if ["utils.rs", "util.rs", "common.rs", "helpers.rs", "misc.rs"].contains(&name) {
            wrong.push(format!("{file}: a name that says nothing"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_half_done() {
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        for (number, line) in text.lines().enumerate() {
            for word in ["todo!(", "unimplemented!(", "FIXME", "XXX", "dbg!("] {
                if line.contains(word) {
                    wrong.push(format!("{file}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
