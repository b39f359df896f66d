//! Every code that can be said: in the table, shown by a fixture, kept quiet by a near miss, on the page.

use crate::support::{diagnostics_page, fixtures};
use regex::Regex;
use replyflow::flow::diagnostic::Code;
use replyflow::flow::explain::explain;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_code_has_an_entry_a_fault_and_a_near_miss() {
    let fixtures = fixtures::checked();
    let (mut said, mut missed) = (BTreeSet::new(), BTreeSet::new());
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        let codes: BTreeSet<_> = fixture.found.iter().map(|diagnostic| diagnostic.code).collect();
        for code in codes.iter().filter(|code| explain(**code).is_none()) {
            wrong.push(format!("{}: {code} has no entry in src/flow/explain", fixture.name));
        }
        let near_miss = fixture.name.ends_with(".ok");
        match (fixture.code(), near_miss) {
            (Some(code), true) => drop(missed.insert(code.to_owned())),
            (Some(code), false) if !codes.iter().any(|found| found.to_string() == code) => {
                wrong.push(format!("{} does not say {code}", fixture.name));
            }
            (Some(code), false) => drop(said.insert(code.to_owned())),
            (None, _) => {}
        }
        if near_miss && codes.iter().any(|found| Some(found.to_string().as_str()) == fixture.code()) {
            wrong.push(format!("{} is a near miss, and is hit", fixture.name));
        }
    }
    let named = named();
    assert!(named.len() > 40, "{named:?}");
    for code in &named {
        let (number, code) = (*code, code.to_string());
        if explain(number).is_none() {
            wrong.push(format!("{code} has no entry in src/flow/explain"));
        }
        if !said.contains(&code) {
            wrong.push(format!("{code} has no fixture that says it"));
        }
        if !missed.contains(&code) {
            wrong.push(format!("{code} has no near miss ({code}.ok)"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every code that the source names where something is said: `report.add(118, …`, `self.say(118, …`, `Code(118)`.
fn named() -> BTreeSet<Code> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let call =
        Regex::new(r"(?:\b(?:add|say|say_key|say_node|report|Code)\(\s*|Kind::\w+ => )(\d{1,3})(?:,|\))").expect("a pattern");
    let mut folders = vec![source.join("flow"), source.join("testing")];
    let mut codes = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if !entry.ends_with("tests.rs") && !entry.components().any(|part| part.as_os_str() == "explain") {
                let text = std::fs::read_to_string(&entry).expect("a text");
                let shipped = text.split("#[cfg(test)]").next().unwrap_or(&text);
                codes.extend(
                    call.captures_iter(shipped).filter_map(|found| found[1].parse().ok()).filter(|code| *code > 0).map(Code),
                );
            }
        }
    }
    codes
}

#[test]
fn the_page_is_what_the_table_and_the_fixtures_make() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md")).expect("the page");
    let made = diagnostics_page::page(&fixtures::checked());
    let different = page.lines().zip(made.lines()).position(|(a, b)| a != b);
    let line = different.map_or(page.lines().count().min(made.lines().count()), |line| line) + 1;
    assert!(
        page == made,
        "docs/diagnostics.md is out of date from line {line} on: write it again with `cargo run --example diagnostics`"
    );
}
