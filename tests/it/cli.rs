//! The command line from outside: what it prints and how it ends.

use crate::support::command::replyflow_in;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const FINE: &str = "flow: fine\nstart:\n  - keyword: hello\nbegin: said\nstates:\n  said: { say: Hello., end: done }\n";
const BROKEN: &str = "flow: broken\nstart:\n  - keyword: hi\nbegin: said\nstates:\n  said: { say: Hello., go: nowhere }\n";

fn project(flows: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    write("replyflow.toml", "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n");
    for (name, text) in flows {
        write(&format!("flows/{name}.yaml"), text);
    }
    folder
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let folder = project(&[("fine", FINE), ("broken", BROKEN)]);
    let (output, code) = replyflow_in(folder.path(), &["check"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("error[RF104]") && output.contains("--> flows/broken.yaml:6:28"), "{output}");
    assert!(output.contains("6 |   said: { say: Hello., go: nowhere }") && output.contains("^^^^^^^"), "{output}");
    assert!(output.contains("in 2 files"), "{output}");
    let (output, code) = replyflow_in(folder.path(), &["check", "flows/fine.yaml"]);
    assert_eq!((code, output.contains("1 file checked")), (0, true), "{output}");
    let (output, code) = replyflow_in(folder.path(), &["check", "--format", "json"]);
    let json: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!(code, 1);
    let found = json["diagnostics"].as_array().expect("a list").iter().find(|d| d["code"] == "RF104").expect("RF104");
    assert_eq!((&found["file"], &found["line"]), (&"flows/broken.yaml".into(), &6.into()));
}

#[test]
fn check_works_from_a_folder_inside_and_without_a_project() {
    let folder = project(&[("broken", BROKEN)]);
    let (output, _) = replyflow_in(&folder.path().join("flows"), &["check"]);
    assert!(output.contains("--> broken.yaml:6:28"), "{output}");
    let bare = tempfile::tempdir().expect("a folder");
    std::fs::write(bare.path().join("broken.yaml"), BROKEN).expect("written");
    let (output, code) = replyflow_in(bare.path(), &["check", "broken.yaml"]);
    assert_eq!((code, output.contains("--> broken.yaml:6:28")), (1, true), "{output}");
    let (output, code) = replyflow_in(bare.path(), &["check", "nothing.yaml"]);
    assert_eq!((code, output.lines().count()), (1, 1), "{output}");
}

#[test]
fn mistakes_of_the_configuration_come_all_at_once() {
    let folder = project(&[("fine", FINE)]);
    let config =
        "[server]\nlisten = \"here\"\n[channels.a]\nprovider = \"twilio\"\nkind = \"sms\"\nauth_token = \"inline-secret\"\n";
    std::fs::write(folder.path().join("replyflow.toml"), config).expect("written");
    let (output, code) = replyflow_in(folder.path(), &["serve"]);
    assert_eq!(code, 2, "{output}");
    for part in [":2: server.listen: ", ":6: channels.a.auth_token: ", "channels.a.number: is missing", "mistakes"] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    assert!(!output.contains("inline-secret"));
}

#[test]
fn commands_that_do_not_exist_are_explained() {
    let folder = project(&[]);
    let (output, code) = replyflow_in(folder.path(), &["chek"]);
    assert_eq!((code, output.contains("check")), (2, true), "{output}");
    let (output, code) = replyflow_in(folder.path(), &["--help"]);
    assert_eq!((code, output.contains("Examples:")), (0, true), "{output}");
    let (output, code) = replyflow_in(folder.path(), &["journal", "export"]);
    assert_eq!(code, 1, "there is none yet: {output}");
}

const TESTS: &str = "test: fine\ncases:\n  a greeting:\n    - user: hello\n    - bot: Hello.\n    - end: done\n";

#[test]
fn conversation_tests_pass_or_say_where_they_do_not() {
    let folder = project(&[("fine", FINE), ("fine.test", TESTS)]);
    let (output, code) = replyflow_in(folder.path(), &["test"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("ok a greeting") && output.contains("1 case passed") && output.contains("1 of 1 state"), "{output}");
    let wrong = TESTS.replace("bot: Hello.", "bot: Goodbye.");
    std::fs::write(folder.path().join("flows/fine.test.yaml"), wrong).expect("written");
    let (output, code) = replyflow_in(folder.path(), &["test", "flows/fine.test.yaml"]);
    assert_eq!(code, 1, "{output}");
    for part in ["FAILED a greeting", "--> flows/fine.test.yaml:5:", "5 |     - bot: Goodbye.", "1 case failed, 0 passed"] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    let without = project(&[("fine", FINE)]);
    let (output, code) = replyflow_in(without.path(), &["test"]);
    assert_eq!((code, output.contains("there are no tests here")), (1, true), "{output}");
    let broken = project(&[("fine", &FINE.replace("end: done", "go: nowhere")), ("fine.test", TESTS)]);
    let (output, code) = replyflow_in(broken.path(), &["test"]);
    assert_eq!((code, output.contains("has mistakes")), (1, true), "{output}");
}

#[test]
fn a_chat_from_a_pipe_is_a_conversation() {
    let folder = project(&[("fine", FINE)]);
    let (output, code) = chat(folder.path(), "hello\n/why\n", &["fine"]);
    assert_eq!(code, 0, "{output}");
    for part in ["fine on main-sms. It begins with `hello`.", "> hello\n  Hello.\n", "(fine is over: done)"] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    let (output, code) = chat(folder.path(), "/wait soon\n", &["fine"]);
    assert_eq!((code, output.contains("! write a duration")), (1, true), "{output}");
    for (arguments, part) in [(&["nobody"][..], "There are: fine"), (&["fine", "--channel", "x"][..], "There are: main-sms")] {
        let (output, code) = chat(folder.path(), "", arguments);
        assert_eq!((code, output.contains(part)), (1, true), "{output}");
    }
}

#[test]
fn a_chat_is_kept_as_a_test_and_lines_of_it_are_taken_back() {
    let folder = project(&[("fine", FINE), ("asks", ASKS)]);
    let begin = "/begin {\"thing\": \"a, b: c\"}\n";
    let lines = format!(
        "{begin}blue\n/undo\n/undo\n/undo\n/why\n{begin}/wait 10m\nwho\nred\n3\n/save: it\n/save it: works\n/save it: works\n"
    );
    let (output, code) = chat(folder.path(), &lines, &["asks"]);
    for part in [
        "taken back: blue",
        "taken back: /begin",
        "! there is nothing to take back",
        "nothing was received yet",
        "kept as \"it: works\" in ",
        "asks.test.yaml:4",
        "kept as \"it: works 2\" in ",
        "; there is another \"it: works\"",
    ] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    assert_eq!(code, 1, "a slip in a pipe is said: {output}");
    let kept = std::fs::read_to_string(folder.path().join("flows/asks.test.yaml")).expect("kept");
    assert!(kept.contains("- begin: { thing: \"a, b: c\" }") && kept.contains("- wait: 10m"), "{kept}");
    let (output, code) = crate::support::command::replyflow_in(folder.path(), &["test"]);
    assert_eq!((code, output.contains("2 cases passed")), (0, true), "{output}");
    let (output, _) = chat(folder.path(), &format!("{begin}lawm\n/why\n"), &["asks"]);
    assert!(output.contains("\"lawm\": ") && output.contains("green"), "{output}");
}

/// The examples of chats in `docs/trying.md` show what the command prints.
#[test]
fn the_page_shows_what_a_chat_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/trying.md")).expect("the page");
    let mut shown = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap_or(block);
        let Some((command, output)) = block.split_once('\n') else { continue };
        let Some((lines, flow)) = command.strip_prefix("$ printf '").and_then(|c| c.split_once("' | replyflow chat ")) else {
            continue;
        };
        let (printed, _) = chat(root, &lines.replace("\\n", "\n"), &[flow]);
        assert_eq!(printed.trim_end(), output.trim_end(), "{command}");
        shown += 1;
    }
    assert!(shown >= 1, "{shown} examples");
}

const PLACE: &str = "\
flow: place
languages: [en]
start: [{ keyword: hello }]
defaults: { nomatch: { again: 1, end: lost }, silence: { after: 1h, end: silent }, undelivered: { end: undelivered } }
begin: where
states:
  where: { ask: Where?, answer: location, save: place, go: what }
  what: { ask: A picture?, answer: { media: { types: [image] } }, save: files, go: said }
  said: { say: \"{{ place.lat }} {{ files[0].url }}\", end: done }
";

#[test]
fn a_chat_sends_places_and_files() {
    let folder = project(&[("place", PLACE)]);
    let lines = "hello\n/place 51.5, -0.12\n/file https://example.org/a.jpg\n";
    let (output, code) = chat(folder.path(), lines, &["place"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("51.5 https://example.org/a.jpg") && output.contains("(place is over: done)"), "{output}");
    for (line, part) in [("/place here", "write a place in degrees"), ("/file", "write the address of a file")] {
        let (output, code) = chat(folder.path(), &format!("hello\n{line}\n"), &["place"]);
        assert_eq!((code, output.contains(part)), (1, true), "{output}");
    }
}

const ASKS: &str = "\
flow: asks
languages: [en, es]
needs: { thing: text }
start:
  - event: asked
    contact: \"{{ event.phone }}\"
    with: { thing: \"{{ event.thing }}\" }
anytime:
  - { keyword: who, say: We are us., again: true }
begin: colour
states:
  colour:
    ask: { en: \"Which colour of {{ thing }}?\", es: \"¿Qué color?\" }
    answer: { choice: { red: { label: { en: Red, es: Rojo } }, green: { label: { en: Green, es: Verde }, also: [lawn] } } }
    go:
      red: { say: { en: Fire., es: Fuego. }, go: how_many }
      green: how_many
      nomatch: { again: 1, end: lost }
      silence: { after: 1h, end: lost }
  how_many:
    ask: { en: How many?, es: ¿Cuántos? }
    answer: number
    go: { ok: { end: done }, nomatch: { again: 1, end: lost }, silence: { after: 1h, end: lost } }
";

#[test]
fn why_says_what_a_reply_would_be_taken_for() {
    let folder = project(&[("fine", FINE), ("asks", ASKS)]);
    let ask = |arguments: &[&str]| replyflow_in(folder.path(), &[&["why"], arguments].concat());
    let (output, code) = ask(&["asks", "colour", "RED!", "--set", "thing=car"]);
    assert_eq!(code, 0, "{output}");
    for part in [
        "asks · colour on main-sms, in en\n  Which colour of car?\n  1 Red\n  2 Green\n",
        "\"RED!\" answers exactly: red, \"Red\"\n  the label of `red`\n",
        "  the outcome is red\n  says \"Fire.\"\n  → how_many\n  says \"How many?\"\n",
        "  2 the question, exactly            ← this one\n",
        "  4 the question, leniently          not asked\n",
    ] {
        assert!(output.contains(part), "{part}\n{output}");
    }
    // By file, in another language, politely; then by what comes before and after the question itself.
    let (output, code) = ask(&["flows/asks.yaml", "colour", "verde por favor", "--language", "es"]);
    assert_eq!((code, output.contains("answers leniently: green, \"Verde\"")), (0, true), "{output}");
    for (text, decision, code) in
        [("stop", "opt_out", 0), ("who", "anytime", 0), ("hello", "start", 0), ("blue", "nomatch", 1), ("-2", "nomatch", 1)]
    {
        let (output, ended) = ask(&["asks", "colour", text, "--format", "json", "--now", "2026-03-02T10:00:00Z"]);
        let json: Value = serde_json::from_str(&output).expect("JSON");
        assert_eq!((&json["decision"], ended), (&decision.into(), code), "{output}");
        assert_eq!(json["understood"], code == 0, "{output}");
    }
    let (output, _) = ask(&["asks", "how_many", "twelve", "--format", "json"]);
    let json: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((&json["answer"]["value"], &json["answer"]["exact"]), (&12.into(), &false.into()), "{output}");
    assert_eq!(json["then"], serde_json::json!([{ "outcome": "ok" }, { "ends": "done" }]));
}

#[test]
fn why_refuses_what_cannot_be_asked() {
    let folder = project(&[("fine", FINE), ("asks", ASKS), ("broken", BROKEN)]);
    for (arguments, part) in [
        (&["nobody", "x", "y"][..], "There are: asks, fine"),
        (&["broken", "said", "y"], "has mistakes"),
        (&["asks", "color", "y"], "It asks something in: colour, how_many"),
        (&["fine", "said", "y"], "asks nothing"),
        (&["asks", "colour", "y", "--channel", "x"], "There are: main-sms"),
        (&["asks", "colour", "y", "--set", "things=1"], "There are: thing"),
        (&["asks", "colour", "y", "--set", "thing"], "write --set thing=VALUE"),
        (&["asks", "colour", "y", "--now", "soon"], "is not a moment"),
        (&["asks", "colour", "y", "--language", "spanish"], "is not the code of a language"),
        (&["asks", "colour"], "<TEXT>"),
    ] {
        let (output, code) = replyflow_in(folder.path(), &[&["why"], arguments].concat());
        assert_eq!((code, output.contains(part)), (2, true), "{part}\n{output}");
    }
}

/// A chat whose lines come from a pipe.
fn chat(folder: &Path, lines: &str, arguments: &[&str]) -> (String, i32) {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .arg("chat")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A chat that ends before it has read everything closes the pipe.
    let _ = child.stdin.take().expect("its input").write_all(lines.as_bytes());
    let output = child.wait_with_output().expect("an end");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout) + text(&output.stderr).as_str(), output.status.code().unwrap_or(-1))
}

#[cfg(unix)]
#[test]
fn serve_says_how_to_talk_to_it_and_ends_when_it_is_told() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let folder = project(&[("fine", FINE)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .arg("serve")
        .current_dir(folder.path())
        .env("REPLYFLOW_SERVER__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("text"));
    let first = lines.next().expect("a line");
    assert!(first.starts_with("Replyflow listens on port "), "{first}");
    let invited: Vec<String> = lines.by_ref().filter(|line| line.trim_start().starts_with("curl ")).take(2).collect();
    assert!(invited[0].contains("/hooks/main-sms") && invited[1].contains("/simulator/messages?to="), "{invited:?}");
    let told = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().expect("kill");
    assert!(told.success());
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_one_line_and_a_hint() {
    let folder = project(&[("fine", FINE)]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("an address").to_string();
    let config = format!("[server]\nlisten = \"{listen}\"\n");
    std::fs::write(folder.path().join("replyflow.toml"), config).expect("written");
    let (output, code) = replyflow_in(folder.path(), &["serve"]);
    assert_eq!(code, 1);
    assert!(output.contains(&format!("replyflow: cannot listen on {listen}")) && output.contains("replyflow doctor"), "{output}");
}
