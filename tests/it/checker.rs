//! The checker of names and references: for each code a fault that is found on its line and a near miss that stays quiet.

use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use std::fs;
use std::path::{Path, PathBuf};

const PROJECT: &str = r#"
[project]
country = "GB"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[channels.main-whatsapp]
provider = "simulator"
kind = "whatsapp"
[api.shop]
base_url = "https://shop.example"
methods = ["get"]
[attributes]
vip = "boolean"
"#;

/// What the fixtures may name.
const AROUND: [(&str, &str); 3] = [
    ("flows/other.yaml", "flow: other\nlanguages: [en]\nbegin: a\nstates:\n  a: { say: Hello, end: done }\n"),
    ("templates/welcome.yaml", "notification: welcome\nlanguages: [en]\ntext: Welcome!\n"),
    ("templates/only_sms.yaml", "notification: only_sms\nlanguages: [en]\nsms: Welcome!\n"),
];

/// `code line` of everything that is said about a fixture, and the sentences for a failure's message.
fn check(fixture: &str) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in AROUND.iter().copied().chain([("flows/sample.yaml", fixture)]) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    let sources = Sources::read(folder.path()).expect("readable");
    let checked = check_project(&sources, &crate::support::project::of(PROJECT));
    for d in &checked.diagnostics {
        assert!(d.help.as_ref().is_some_and(|h| !h.is_empty()), "{} has no remedy", d.code);
    }
    let found = checked.diagnostics.iter().map(|d| format!("{} {}", d.code, d.at.line)).collect();
    (found, checked.diagnostics.iter().map(|d| format!("{}:{} {}", d.at.line, d.at.column, d.message)).collect())
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check_project");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("fixtures").map(|e| e.expect("entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn each_fault_is_found_on_its_line_and_each_near_miss_is_quiet() {
    let mut wrong = Vec::new();
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("a text");
        let expected: Vec<String> = text
            .lines()
            .enumerate()
            .filter_map(|(i, line)| line.split_once("# expect ").map(|(_, code)| format!("{} {}", code.trim(), i + 1)))
            .collect();
        let (found, said) = check(&text);
        if found != expected {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}: {said:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_code_of_names_and_references_has_a_fixture_and_a_near_miss() {
    let names: Vec<String> = fixtures().iter().map(|p| p.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    for code in [103, 201, 202, 203, 206, 207, 208, 209, 211, 301, 302, 303, 304, 310, 401, 411, 413, 414, 501, 505, 601, 602] {
        for ending in ["yaml", "ok.yaml"] {
            assert!(names.contains(&format!("RF{code}.{ending}")), "RF{code}.{ending}");
        }
    }
}

/// `code line` of what is said about a test file, when only the flow `pizza` exists.
fn check_test(source: &str) -> Vec<String> {
    let (script, found) = replyflow::testing::read_script(source, "flows/pizza.test.yaml", &["pizza"]);
    assert_eq!(script.is_some(), found.is_empty(), "{found:?}");
    assert!(found.iter().all(|d| d.help.as_ref().is_some_and(|h| !h.is_empty())), "{found:?}");
    found.iter().map(|d| format!("{} {}", d.code, d.at.line)).collect()
}

#[test]
fn a_test_names_a_flow_that_exists_and_steps_that_there_are() {
    let good = "test: pizza\ncases:\n  one:\n    - user: hi\n    - bot: any\n";
    assert_eq!(check_test(good), Vec::<String>::new());
    assert_eq!(check_test(&good.replace("test: pizza", "test: piza")), ["RF701 1"]);
    assert_eq!(check_test(&good.replace("- bot:", "- bott:")), ["RF702 5"]);
    assert_eq!(check_test(&good.replace("- bot: any", "- { bot: any, user: hi }")), ["RF702 5"]);
    assert_eq!(check_test(&good.replace("- bot: any", "- handoff: payments")), ["RF008 5"]);
    assert_eq!(check_test(&good.replace("cases:", "casess:")), ["RF101 2", "RF103 1"]);
}
