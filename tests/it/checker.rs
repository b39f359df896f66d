//! The checker of names and references: for each code a fault that is found on its line and a near miss that stays quiet.

use crate::support::fixtures::{AROUND, PROJECT};
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use std::fs;
use std::path::{Path, PathBuf};

/// What is said of a project in this folder: `file:line code`, in order, and the sentences for a failure's message.
fn check(folder: &Path, settings: &str) -> (Vec<String>, Vec<String>) {
    let sources = Sources::read(folder).expect("readable");
    let project = crate::support::project::of(settings);
    let mut found = check_project(&sources, &project).diagnostics;
    let flows: Vec<&str> = sources.flows.keys().map(String::as_str).collect();
    let notifications: Vec<&str> = sources.notifications.keys().map(AsRef::as_ref).collect();
    let around = replyflow::testing::Surroundings { flows: &flows, notifications: &notifications, project: &project };
    for source in sources.tests.values() {
        found.extend(replyflow::testing::check_script(&source.text, &source.file, around).1);
    }
    for d in &found {
        assert!(d.help.as_ref().is_some_and(|h| !h.is_empty()), "{} has no remedy", d.code);
    }
    let mut places: Vec<String> = found.iter().map(|d| format!("{}:{} {}", d.file, d.at.line, d.code)).collect();
    places.sort();
    (places, found.iter().map(|d| format!("{}:{}:{} {} {}", d.file, d.at.line, d.at.column, d.code, d.message)).collect())
}

/// What the comments of a file expect: `# expect RF201` at the end of the line where it is reported, several codes apart by a
/// blank; `# expect RF405 +2` where two lines below no comment can stand, as in a text of several lines.
fn expected(file: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let Some((_, wanted)) = line.split_once("# expect ") else { continue };
        let (below, codes): (Vec<&str>, Vec<&str>) = wanted.split_whitespace().partition(|word| word.starts_with('+'));
        let below: usize = below.iter().map(|word| word.parse::<usize>().expect("a number of lines")).sum();
        assert!(!codes.is_empty(), "{file}:{}: no code", i + 1);
        for code in codes {
            let number = code.strip_prefix("RF").filter(|n| n.len() == 3 && n.bytes().all(|b| b.is_ascii_digit()));
            assert!(number.is_some(), "{file}:{}: `{code}` is no code", i + 1);
            out.push(format!("{file}:{} {code}", i + 1 + below));
        }
    }
    out
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn fixtures() -> Vec<PathBuf> {
    entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check_project"))
}

fn projects() -> Vec<PathBuf> {
    entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check_projects"))
}

fn last(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// What is said of nearly every flow that is as short as a fixture: it counts only in those that are about it.
const EVERYWHERE: [&str; 2] = ["RF121", "RF210"];

/// A failure's message, if what was found is not exactly what was expected.
fn differs(name: &str, mut expected: Vec<String>, (mut found, said): (Vec<String>, Vec<String>)) -> Option<String> {
    expected.sort();
    for code in EVERYWHERE {
        if !name.starts_with(code) && !expected.iter().any(|e| e.ends_with(code)) {
            found.retain(|f| !f.ends_with(code));
        }
    }
    let missing: Vec<&String> = expected.iter().filter(|e| count(&found, e) < count(&expected, e)).collect();
    let more: Vec<&String> = found.iter().filter(|f| count(&expected, f) < count(&found, f)).collect();
    (found != expected).then(|| format!("{name}: missing {missing:?}, not expected {more:?}\n    {}", said.join("\n    ")))
}

fn count(all: &[String], one: &String) -> usize {
    all.iter().filter(|other| *other == one).count()
}

#[test]
fn each_fault_is_found_on_its_line_and_each_near_miss_is_quiet() {
    let mut wrong = Vec::new();
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("a text");
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in AROUND.iter().copied().chain([("flows/sample.yaml", text.as_str())]) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        let wanted = expected("flows/sample.yaml", &text);
        assert_eq!(wanted.is_empty(), last(&path).contains(".ok."), "{} expects what its name does not say", path.display());
        wrong.extend(differs(&last(&path), wanted, check(folder.path(), PROJECT)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A project is a folder with `flows/`, `templates/` and perhaps a `replyflow.toml`; all of its files say what is expected of
/// them. In a folder `NAME.ok` nothing is.
#[test]
fn each_fault_of_a_project_is_found_in_its_file_and_sound_projects_are_quiet() {
    let mut wrong = Vec::new();
    for project in projects() {
        let name = last(&project);
        let (mut wanted, mut settings) = (Vec::new(), PROJECT.to_owned());
        for entry in entries(&project) {
            match last(&entry).as_str() {
                "replyflow.toml" => {
                    settings = fs::read_to_string(&entry).expect("a text");
                    wanted.extend(expected("replyflow.toml", &settings));
                }
                part @ ("flows" | "templates") => {
                    for file in entries(&entry) {
                        assert!(
                            [".yaml", ".html"].iter().any(|end| last(&file).ends_with(end)),
                            "{} would not be read",
                            file.display()
                        );
                        let text = fs::read_to_string(&file).expect("a text");
                        wanted.extend(expected(&format!("{part}/{}", last(&file)), &text));
                    }
                }
                _ => panic!("{} is no part of a project", entry.display()),
            }
        }
        assert_eq!(wanted.is_empty(), name.ends_with(".ok"), "{name} expects what its name does not say");
        wrong.extend(differs(&name, wanted, check(&project, &settings)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
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
    assert_eq!(check_test(&good.replace("- bot: any", "- handoff: payments")), Vec::<String>::new());
    assert_eq!(check_test(&good.replace("- bot: any", "- person: { resolved: done }")), ["RF101 5", "RF103 5"]);
    assert_eq!(check_test(&good.replace("cases:", "casess:")), ["RF101 2", "RF103 1"]);
}
