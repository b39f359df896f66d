//! `replyflow test` from outside: what it prints, what it writes, how it ends.

use crate::support::command::replyflow_in;
use crate::support::patience::LONG;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use tempfile::TempDir;

const CONFIG: &str = "\
[channels.main-sms]
provider = \"simulator\"
kind = \"sms\"
[channels.main-whatsapp]
provider = \"simulator\"
kind = \"whatsapp\"
";

const MENU: &str = "\
flow: menu
languages: [en, es]
start:
  - keyword: menu
begin: welcome
states:
  welcome:
    ask: { text: { en: \"How can we help?\", es: \"¿En qué ayudamos?\" } }
    answer: { choice: { hours: { en: Opening hours, es: Horario }, person: { en: A person, es: Una persona } } }
    go:
      hours: { say: { en: \"From nine to five.\", es: \"De nueve a cinco.\" }, end: done }
      person: { alert: Somebody asks for a person, end: asked }
      nomatch: { again: 1, end: lost }
      silence: { after: 1h, end: silent }
";

const TESTS: &str = "\
test: menu   # of the menu
given: { contact: { language: en } }
cases:
  the hours:
    - user: menu
    - bot: \"How can we help?\\n1 Opening hours\\n2 A person\"
    - user: \"1\"
    - bot: From nine to five.   # as on the door
    - end: done
  a person:
    - user: menu
    - bot: any
    - user: a person
    - alert: Somebody asks for a person
    - end: asked
";

fn project(flow: &str, tests: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    std::fs::create_dir(folder.path().join("flows")).expect("a folder");
    write("replyflow.toml", CONFIG);
    write("flows/menu.yaml", flow);
    write("flows/menu.test.yaml", tests);
    folder
}

fn test(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let mut all = vec!["test"];
    all.extend(arguments);
    replyflow_in(folder, &all)
}

/// The output with the time it took replaced.
fn steady(output: &str) -> String {
    let time = regex::Regex::new(r" in \d+ ms").expect("a pattern");
    time.replace_all(output, " in … ms").into_owned()
}

#[test]
fn what_passed_and_what_no_case_went_through_is_said_by_name() {
    let folder = project(MENU, TESTS);
    let (output, code) = test(folder.path(), &[]);
    assert_eq!(code, 0, "{output}");
    insta::assert_snapshot!(steady(&output), @r"
    flows/menu.test.yaml
      ok the hours
      ok a person

    menu: 57 %: 1 of 1 state, 0 of 2 outcomes, 2 of 2 choices, 1 of 2 languages
      no test goes through the outcome welcome: nomatch
      no test goes through the outcome welcome: silence
      no test goes through the language es
    2 cases passed: 10 steps in … ms
    ");
}

#[test]
fn a_flow_may_be_named_instead_of_its_file() {
    let folder = project(MENU, TESTS);
    let (by_name, code) = test(folder.path(), &["menu"]);
    assert_eq!((steady(&by_name), code), (steady(&test(folder.path(), &["flows/menu.test.yaml"]).0), 0));
    assert_eq!(replyflow_in(folder.path(), &["check", "menu"]).1, 0);
    let (said, code) = test(folder.path(), &["meno"]);
    assert!(code == 1 && said.contains("there is no file, folder or flow meno"), "{code} {said}");
}

#[test]
fn a_text_that_differs_is_shown_beside_what_came() {
    let folder = project(&MENU.replace("Opening hours", "When we are open"), TESTS);
    let (output, code) = test(folder.path(), &["--case", "hours"]);
    assert_eq!(code, 1, "{output}");
    insta::assert_snapshot!(steady(&output), @r#"
    flows/menu.test.yaml
      FAILED the hours
     --> flows/menu.test.yaml:6:7
      |
    6 |     - bot: "How can we help?\n1 Opening hours\n2 A person"
      |       ^

        expected                 │ came
        How can we help?         │ How can we help?
        1 Opening hours          ~ 1 When we are open
        2 A person               │ 2 A person


    1 case failed, 0 passed: 1 step in … ms
    "#);
}

#[test]
fn too_little_coverage_fails_when_it_is_asked_for() {
    let folder = project(MENU, TESTS);
    let (output, code) = test(folder.path(), &["--coverage", "71"]);
    assert_eq!((code, output.contains("less than 71 %: menu")), (1, true), "{output}");
    let (output, code) = test(folder.path(), &["--coverage", "50"]);
    assert_eq!((code, output.contains("less than")), (0, false), "{output}");
    let second = MENU.replace("flow: menu", "flow: second").replace("keyword: menu", "keyword: second");
    std::fs::write(folder.path().join("flows/second.yaml"), second).expect("written");
    let (output, code) = test(folder.path(), &["--coverage", "1"]);
    assert_eq!((code, output.contains("second: no test goes through it")), (1, true), "{output}");
    let (_, code) = test(folder.path(), &["flows/menu.test.yaml", "--coverage", "1"]);
    assert_eq!(code, 0, "only what is tested here counts");
    assert_eq!(test(folder.path(), &["--coverage", "101"]).1, 2);
    assert_eq!(test(folder.path(), &["--case", "nothing like it"]).1, 1);
}

#[test]
fn programs_get_cases_and_coverage() {
    let folder = project(MENU, &TESTS.replace("From nine", "From ten"));
    let (output, code) = test(folder.path(), &["--format", "json"]);
    assert_eq!(code, 1, "{output}");
    let json: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &1.into()));
    let cases = &json["files"][0]["cases"];
    assert_eq!((&cases[0]["result"], &cases[0]["failure"]["line"]), (&"failed".into(), &8.into()));
    assert_eq!(cases[0]["failure"]["expected"], "From ten to five.");
    assert_eq!(cases[0]["failure"]["came"], "From nine to five.");
    assert_eq!(json["coverage"]["menu"]["languages"]["missed"], serde_json::json!(["es"]));
    assert_eq!(json["coverage"]["menu"]["choices"]["taken"], 2);
}

#[test]
fn pipelines_get_junit() {
    let folder = project(MENU, &TESTS.replace("From nine", "From <ten>"));
    let (output, code) = test(folder.path(), &["--format", "junit"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.starts_with("<?xml"), "{output}");
    for part in [
        "<testsuites name=\"replyflow test\" tests=\"2\" skipped=\"0\" failures=\"1\" errors=\"0\"",
        "<testsuite name=\"flows/menu.test.yaml\"",
        "<testcase name=\"a person\" classname=\"menu\"",
        "expected &quot;From &lt;ten&gt; to five.&quot;",
        "flows/menu.test.yaml:8:7",
    ] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    let folder = project(&MENU.replace("end: lost", "go: nowhere"), TESTS);
    let (output, code) = test(folder.path(), &["--format", "junit"]);
    assert_eq!((code, output.contains("errors=\"1\"")), (1, true), "{output}");
}

#[test]
fn texts_that_were_meant_to_change_are_written_into_the_tests() {
    let changed = MENU.replace("From nine to five.", "Always: day and night.").replace("Somebody asks", "Someone asks");
    let folder = project(&changed, TESTS);
    let (output, code) = test(folder.path(), &["--update"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("updated flows/menu.test.yaml:8") && output.contains("updated flows/menu.test.yaml:14"), "{output}");
    let written = std::fs::read_to_string(folder.path().join("flows/menu.test.yaml")).expect("a text");
    let expected = TESTS
        .replace("bot: From nine to five.   #", "bot: \"Always: day and night.\"   #")
        .replace("alert: Somebody asks", "alert: Someone asks");
    assert_eq!(written, expected);
    assert_eq!(test(folder.path(), &[]).1, 0, "and now they pass");
}

#[test]
fn an_update_leaves_alone_what_fails_otherwise_and_what_channels_say_differently() {
    let wrong = TESTS.replace("end: done", "end: asked");
    let folder = project(&MENU.replace("From nine", "From ten"), &wrong);
    let (output, code) = test(folder.path(), &["--update"]);
    assert_eq!((code, output.contains("updated")), (1, false), "{output}");
    assert_eq!(std::fs::read_to_string(folder.path().join("flows/menu.test.yaml")).expect("a text"), wrong);

    let both = "test: menu\ncases:\n  both:\n    channels: [main-sms, main-whatsapp]\n    steps:\n      - user: menu\n      - bot: Hello\n";
    let folder = project(MENU, both);
    let (output, code) = test(folder.path(), &["--update"]);
    assert_eq!(
        (code, output.contains("not updated flows/menu.test.yaml:7: channels say different texts")),
        (1, true),
        "{output}"
    );
    assert_eq!(std::fs::read_to_string(folder.path().join("flows/menu.test.yaml")).expect("a text"), both);
}

#[test]
fn watching_plays_again_when_a_file_changes_and_ends_well() {
    let folder = project(MENU, TESTS);
    let mut child = Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(["test", "--watch"])
        .current_dir(folder.path())
        .env_remove("REPLYFLOW_CONFIG")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let wait_for = |what: &str| {
        let mut seen = Vec::new();
        while let Ok(line) = lines.recv_timeout(LONG) {
            if line.contains(what) {
                return;
            }
            seen.push(line);
        }
        panic!("no `{what}` in\n{}", seen.join("\n"));
    };
    wait_for("2 cases passed");
    std::fs::write(folder.path().join("flows/menu.yaml"), MENU.replace("From nine", "From ten")).expect("written");
    wait_for("flows/menu.yaml changed");
    wait_for("1 case failed, 1 passed");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal");
    assert!(interrupted.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    reader.join().expect("read to the end");
}

const CAPPED: &str = "\
test: news
given: { channel: main-sms, contact: { marketing: [sms] } }
cases:
  two in a week are enough:
    - user: news
    - bot: News. STOP ends it.
    - user: news
    - bot: News. STOP ends it.
    - user: news
    - bot: nothing
    - wait: 7d
    - user: news
    - bot: News. STOP ends it.
";

#[test]
fn caps_of_marketing_hold_in_tests_as_they_do_in_the_service() {
    let news = "flow: news\nstart: [ { keyword: news } ]\nbegin: a\nstates: { a: { notify: note, end: done } }\n";
    let folder = project(&news.replace("flow: news", "flow: menu"), &CAPPED.replace("test: news", "test: menu"));
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    std::fs::create_dir_all(folder.path().join("templates")).expect("a folder");
    write("templates/note.yaml", "notification: note\nkind: marketing\ntext: News. STOP ends it.\n");
    write("replyflow.toml", &format!("{CONFIG}[marketing]\ncap = [\"2 per week\", \"9 per 30 days\"]\n"));
    let (out, code) = replyflow_in(folder.path(), &["test"]);
    assert_eq!(code, 0, "{out}");
    write("replyflow.toml", &format!("{CONFIG}[marketing]\ncap = \"1 per week\"\n"));
    let (out, code) = replyflow_in(folder.path(), &["test"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("capped"), "it says why nothing came: {out}");
    write("replyflow.toml", &format!("{CONFIG}[marketing]\ncap = \"often\"\n"));
    let (out, code) = replyflow_in(folder.path(), &["check"]);
    assert!(code != 0 && out.contains("3 per 7 days"), "{out}");
}
