//! Conversations that the real service recorded: through its store, its history and `journal export`, to the command.

use crate::support::command::replyflow_in;
use crate::support::live::{SIMULATED, Service};
use std::fs;

const COLOURS: &str = r#"
flow: colours
languages: [en]
start: [ { keyword: paint } ]
defaults: { undelivered: { end: undelivered } }
begin: which
states:
  which:
    ask: Which colour?
    answer: { choice: { red: Red, green: Green } }
    go:
      red: { say: Like fire., end: red }
      green: { say: Like grass., end: green }
      nomatch: { say: Red or green?, again: 1, end: lost }
      silence: { after: 1h, end: silent }
"#;

#[tokio::test]
async fn what_the_service_recorded_is_replayed_from_its_export() {
    let service = Service::start(SIMULATED, &[("colours", COLOURS)]).await;
    for (i, words) in [["paint", "red"], ["paint", "green"], ["paint", "blue"]].iter().enumerate() {
        let phone = format!("+44770090011{i}");
        for (n, word) in words.iter().enumerate() {
            service.write("main-sms", &phone, &format!("m{i}-{n}"), word).await;
            service.shown(&phone, n + 1).await;
        }
    }
    let folder = service.stop().await;
    let folder = folder.path();
    let (export, code) = replyflow_in(folder, &["journal", "export"]);
    assert_eq!(code, 0, "{export}");
    fs::write(folder.join("journal.jsonl"), &export).expect("written");
    let replay = |more: &[&str]| {
        let arguments: Vec<&str> = ["replay", "journal.jsonl", "--flow"].into_iter().chain(more.iter().copied()).collect();
        replyflow_in(folder, &arguments)
    };

    let (output, code) = replay(&["flows/colours.yaml"]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("3 conversations of colours\n       3  the same\n       0  different"), "{output}");

    fs::create_dir(folder.join("draft")).expect("made");
    let draft = COLOURS
        .replace("Like grass.", "Call +447700900111.")
        .replace(", green: Green", ", green: { label: Green, also: [blue] }");
    fs::write(folder.join("draft/colours.yaml"), draft).expect("written");
    let (output, code) = replay(&["draft/colours.yaml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!((code, &json["same"], &json["different"]), (1, &1.into(), &2.into()), "{output}");
    let found: Vec<_> =
        json["differences"].as_array().expect("a list").iter().map(|d| (&d["what"], &d["where"], &d["conversations"])).collect();
    assert!(found.contains(&(&"text".into(), &"which".into(), &1.into())), "{output}");
    assert!(found.contains(&(&"understood".into(), &"which".into(), &1.into())), "{output}");
    assert!(!output.contains("+447700900111") && output.contains("+44…11"), "numbers are masked: {output}");

    let (output, code) = replay(&["draft/colours.yaml", "--show", "1"]);
    assert_eq!((code, output.contains("> paint")), (1, true), "{output}");
    let (output, _) = replay(&["flows/colours.yaml", "--save", "1", "as it was"]);
    assert!(output.contains("kept as \"as it was\" in flows/colours.test.yaml:4"), "{output}");
    let kept = fs::read_to_string(folder.join("flows/colours.test.yaml")).expect("kept");
    assert!(kept.contains("+447700900123") && !kept.contains("+44770090011"), "somebody else's number: {kept}");
    let (output, code) = replyflow_in(folder, &["test"]);
    assert_eq!(code, 0, "{output}");

    for (arguments, part) in [
        (&["replay", "nowhere.jsonl", "--flow", "flows/colours.yaml"][..], "journal export"),
        (&["replay", "replyflow.toml", "--flow", "flows/colours.yaml"], "line 2 is no entry of a journal"),
        (&["replay", "journal.jsonl", "--flow", "flows/nobody.yaml"], "nobody.yaml"),
        (&["replay", "journal.jsonl", "--flow", "flows/colours.yaml", "--show", "99"], "there is no conversation 99"),
    ] {
        let (output, code) = replyflow_in(folder, arguments);
        assert_eq!((code, output.contains(part)), (2, true), "{arguments:?} {output}");
    }
}
