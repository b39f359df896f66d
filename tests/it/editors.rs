//! What `docs/editors.md` says is what the program prints.

use crate::support::command::replyflow_in;
use regex::Regex;
use serde_json::Value;
use std::path::Path;

/// The block of the page that is marked with this word.
fn block(mark: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors.md")).expect("the page");
    let start = page.split_once(&format!("```json {mark}\n")).unwrap_or_else(|| panic!("no block `{mark}`")).1;
    start.split_once("\n```").expect("an end").0.to_owned()
}

/// A project with one error and one warning.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("flows")).expect("made");
    let settings = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    std::fs::write(folder.path().join("replyflow.toml"), settings).expect("written");
    let menu =
        "flow: menu\nlanguages: [en]\nstart: [{ keyword: hi }]\nbegin: said\nstates:\n  said: { say: Hello., go: nowhere }\n";
    std::fs::write(folder.path().join("flows/menu.yaml"), menu).expect("written");
    folder
}

fn regex(of: &Value) -> Regex {
    Regex::new(of.as_str().expect("a pattern")).expect("a regular expression")
}

#[test]
fn the_problem_matcher_matches_what_is_printed() {
    let tasks: Value = serde_json::from_str(&block("tasks")).expect("JSON");
    let matcher = &tasks["tasks"][0]["problemMatcher"];
    let [head, place] = [0, 1].map(|n| &matcher["pattern"][n]);
    let folder = project();
    let (output, code) = replyflow_in(folder.path(), &["check"]);
    assert_eq!(code, 1, "{output}");
    let (first, second) =
        output.split_once('\n').map(|(first, rest)| (first, rest.lines().next().expect("a place"))).expect("lines");
    for line in [first.to_owned(), format!("+ {first}")] {
        let found = regex(&head["regexp"]).captures(&line).unwrap_or_else(|| panic!("{line}"));
        let part = |key: &str| &found[head[key].as_u64().expect("a group") as usize];
        assert_eq!((part("severity"), part("code"), part("message")), ("error", "RF104", "There is no state `nowhere`"));
    }
    let found = regex(&place["regexp"]).captures(second).unwrap_or_else(|| panic!("{second}"));
    let part = |key: &str| &found[place[key].as_u64().expect("a group") as usize];
    assert_eq!((part("file"), part("line"), part("column")), ("flows/menu.yaml", "6", "28"));
    let (begins, ends) = (regex(&matcher["background"]["beginsPattern"]), regex(&matcher["background"]["endsPattern"]));
    assert!(ends.is_match(output.lines().last().expect("a summary")), "{output}");
    assert!(ends.is_match("3 files checked, nothing to complain about") && ends.is_match("1 error, 2 warnings in 12 files"));
    for head in ["10:03:59 flows/menu.yaml changed", "\u{1b}[2J\u{1b}[H10:03:59 watching; Ctrl-C ends it"] {
        assert!(begins.is_match(head), "{head}");
    }
    assert!(!output.lines().any(|line| begins.is_match(line)), "{output}");
}

#[test]
fn the_json_on_the_page_is_what_is_printed() {
    let folder = project();
    let (output, code) = replyflow_in(folder.path(), &["check", "--format", "json"]);
    assert_eq!((output.trim_end(), code), (block("check").as_str(), 1));
    let settings: Value = serde_json::from_str(&block("settings")).expect("JSON");
    assert!(settings["yaml.schemas"].is_object());
}

#[test]
fn the_formats_are_for_programs_and_strict_counts_warnings() {
    let folder = project();
    let (output, code) = replyflow_in(folder.path(), &["check", "--format", "github"]);
    let line = "::error file=flows/menu.yaml,line=6,col=28,title=RF104::There is no state `nowhere`%0Athere are `said`\n";
    assert_eq!((output.as_str(), code), (line, 1));
    let (output, code) = replyflow_in(folder.path(), &["check", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&output).expect("JSON");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], code), (&"RF104".into(), 1));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"], &region["endColumn"]), (&6.into(), &28.into(), &35.into()));
    // A former name that is in use is a warning.
    let menu = "flow: menu\nlanguages: [en]\nchannels: [main-sms]\nstart: [{ keyword: hi }]\nbegin: said\nstates:\n  said: { say: Hello, was: said, end: done }\n";
    std::fs::write(folder.path().join("flows/menu.yaml"), menu).expect("written");
    let (output, code) = replyflow_in(folder.path(), &["check"]);
    assert!(code == 0 && output.contains("warning[RF124]"), "{code} {output}");
    assert_eq!(replyflow_in(folder.path(), &["check", "--strict"]).1, 1);
}

#[test]
fn a_code_is_explained_and_an_unknown_one_has_neighbours() {
    let folder = tempfile::tempdir().expect("a folder");
    let (output, code) = replyflow_in(folder.path(), &["check", "--explain", "rf119"]);
    assert!(code == 0 && output.starts_with("error[RF119]: ") && output.contains("\nWhat to do: "), "{output}");
    let (output, code) = replyflow_in(folder.path(), &["check", "--explain", "RF129"]);
    assert!(code == 2 && output.contains("`RF129`") && output.contains("RF124"), "{output}");
}
