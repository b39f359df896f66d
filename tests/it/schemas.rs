//! `replyflow schema`: what the reader takes, the schema takes; and what a schema can know to be wrong, it refuses.

use crate::formatting::corpus;
use crate::support::command::replyflow_in;
use jsonschema::Validator;
use replyflow::domain::language::Language;
use replyflow::flow::diagnostic::Severity;
use replyflow::flow::keys::{self, FLOW, NOTIFICATION, Place, TEST};
use replyflow::flow::parse::{Pages, ParseContext, read_flow, read_notification};
use replyflow::flow::{schema, yaml};
use replyflow::testing::read_script;
use serde_json::{Map, Value};

/// A file as editors read it: what is not in quotes has the type that YAML 1.2 gives it.
fn value(node: &yaml::Node) -> Value {
    match &node.tree {
        yaml::Tree::Scalar(scalar) if scalar.is_plain() => {
            let text = &*scalar.text;
            match text {
                "true" | "True" | "TRUE" => Value::Bool(true),
                "false" | "False" | "FALSE" => Value::Bool(false),
                "null" | "~" => Value::Null,
                _ => match (text.parse::<i64>(), text.parse::<f64>()) {
                    (Ok(n), _) => n.into(),
                    (_, Ok(n)) if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => n.into(),
                    _ => text.into(),
                },
            }
        }
        yaml::Tree::Scalar(scalar) => (*scalar.text).into(),
        yaml::Tree::List(items) => items.iter().map(value).collect(),
        yaml::Tree::Map(entries) => {
            entries.iter().map(|e| (e.key.text.to_string(), value(&e.value))).collect::<Map<_, _>>().into()
        }
        yaml::Tree::Broken => Value::Null,
    }
}

fn validator(place: &'static Place) -> Validator {
    jsonschema::draft7::new(&schema::of(place)).expect("a schema")
}

/// The errors of the readers in a file, by code.
fn errors(source: &str, file: &str, place: &'static Place) -> Vec<u16> {
    let context = ParseContext { languages: vec![Language::EN], channels: Vec::new() };
    let found = match place.name {
        "notification" => read_notification(source, file, &context, &Pages::new()).diagnostics,
        "test" => read_script(source, file, &["pizza"]).1,
        _ => read_flow(source, file, &context).diagnostics,
    };
    // Whether the flow of a test exists is nothing that its form shows.
    found.iter().filter(|d| d.code.severity() == Severity::Error && d.code.0 != 701).map(|d| d.code.0).collect()
}

#[test]
fn what_the_readers_take_the_schemas_take_and_what_they_can_know_they_refuse() {
    let validators: Vec<(&'static Place, Validator)> =
        [&FLOW, &NOTIFICATION, &TEST].into_iter().map(|place| (place, validator(place))).collect();
    let (mut good, mut bad) = (0, 0);
    for (file, source) in corpus() {
        let (document, found) = yaml::read(&source, &file.as_str().into());
        let Some(document) = document.filter(|_| found.is_empty()) else { continue };
        let yaml::Tree::Map(entries) = &document.root.tree else { continue };
        let Some(place) = keys::file_with(entries.iter().map(|e| &*e.key.text)) else { continue };
        let (_, validator) = validators.iter().find(|(of, _)| std::ptr::eq(*of, place)).expect("a schema");
        let instance = value(&document.root);
        let errors = errors(&source, &file, place);
        let refused: Vec<String> = validator.iter_errors(&instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
        if errors.is_empty() {
            good += 1;
            assert!(refused.is_empty(), "{file}: {refused:#?}");
        }
        // What belongs together stands in the table. A slip in a key can still be a language, so RF101 is not among these.
        if errors.iter().any(|code| [8, 110, 112, 117].contains(code)) {
            bad += 1;
            assert!(!refused.is_empty(), "{file}: {errors:?}");
        }
    }
    assert!(good > 100 && bad >= 4, "{good} good, {bad} bad");
}

#[test]
fn a_schema_knows_names_durations_and_what_belongs_together() {
    let flow = validator(&FLOW);
    let with = |state: &str| {
        let source = format!("flow: x\nbegin: a\nstates:\n  a: {state}\n");
        let (document, _) = yaml::read(&source, &"x.yaml".into());
        flow.is_valid(&value(&document.expect("readable").root))
    };
    for good in [
        "{ say: Hello, end: done }",
        "{ wait: 1h30m, go: a }",
        "{ handoff: { to: team }, go: a }",
        "{ handoff: team, go: a }",
        "{ digest: { event: paid, for: 1h, extend: 10m, max: 20 }, save: batch, go: a }",
        "{ wait: { days: 1, at: 10:00 }, go: a }",
        "{ ask: 12, answer: { number: { min: 0, max: \"10\" } }, save: größe, go: { ok: a, 404: a } }",
        "{ set: { contact.vip: true, नाम: x }, go: [{ if: true, go: a }, { else: a }] }",
        "{ handoff: { to: team, say: { en: Wait } }, go: { ok: a, silence: { after: 1h, end: x } } }",
        "{ digest: { event: a.b, for: 1h, max: 3 }, save: all, go: a }",
        "{ deliver: { notify: { name: x, with: { a: 1 } }, until: read, within: 1h }, go: { ok: a, undelivered: a } }",
        "{ ask: { notify: hi }, answer: yes_no, go: { yes: a, no: { say: { en: Hi, pt-BR: Oi }, end: x } } }",
    ] {
        assert!(with(good), "{good}");
    }
    for bad in [
        "{ say: Hello }",
        "{ say: Hello, tag: vip, end: done }",
        "{ say: Hello, end: \"not done\" }",
        "{ wait: soon, go: a }",
        "{ wait: { at: 10:00 }, go: a }",
        "{ call: { api: shop }, go: a }",
        "{ ask: Q, answer: { numbr: {} }, go: a }",
        "{ ask: Q, wait: 1h, go: a }",
        "{ ask: Q, end: done }",
        "{ handoff: [team], go: a }",
        "{ digest: { event: a.b }, go: a }",
        "{ deliver: { notify: x, until: failed }, go: a }",
        "{ show: plain, go: a }",
        "{ ask: Q, answer: { choice: { a: { lable: A } } }, go: a }",
    ] {
        assert!(!with(bad), "{bad}");
    }
}

#[test]
fn a_schema_of_tests_knows_channels_consent_and_what_is_taken_away() {
    let test = validator(&TEST);
    let with = |given: &str| {
        let source = format!("test: x\ngiven: {given}\ncases:\n  a: [{{ user: hi }}, {{ bot: {{ sms: any }} }}]\n");
        let (document, _) = yaml::read(&source, &"x.test.yaml".into());
        test.is_valid(&value(&document.expect("readable").root))
    };
    for good in [
        "{ channel: main-sms }",
        "{ channel: [main-sms, main-whatsapp] }",
        "{ contact: { marketing: true } }",
        "{ contact: { marketing: sms } }",
        "{ contact: { marketing: [sms, email], language: \"\", name: \"\", vip: null } }",
    ] {
        assert!(with(good), "{good}");
    }
    for bad in ["{ channel: [Main SMS] }", "{ contact: { marketing: [post] } }", "{ contact: { language: klingon-language } }"] {
        assert!(!with(bad), "{bad}");
    }
}

#[test]
fn every_key_has_its_place_in_a_schema() {
    for root in [&FLOW, &NOTIFICATION, &TEST] {
        let schema = schema::of(root);
        for place in keys::places(&[root]) {
            let properties = &schema["definitions"][place.name]["properties"];
            for key in place.keys {
                assert!(
                    properties[key.name]["description"].as_str().is_some_and(|d| d.starts_with(key.doc)),
                    "{}.{}",
                    place.name,
                    key.name
                );
            }
        }
    }
}

#[test]
fn the_configuration_has_a_schema() {
    let schema = replyflow::config::schema();
    let validator = jsonschema::draft7::new(&schema).expect("a schema");
    let valid = |text: &str| {
        let table: toml::Table = text.parse().expect("TOML");
        let instance = serde_json::to_value(table).expect("JSON");
        let refused: Vec<String> = validator.iter_errors(&instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
        refused
    };
    let file =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("replyflow.toml")).expect("the file");
    for good in [file.as_str(), replyflow::config::DEFAULTS, "[events]\nkeys = [{ env = \"A\" }]\n[hours.office]\nmon = []\n"] {
        assert_eq!(valid(good), Vec::<String>::new());
    }
    for bad in [
        "[server]\nlisten = 8080\n",
        "[sever]\n",
        "[channels.a]\nkind = \"sms\"\n",
        "[events]\nkeys = [\"secret\"]\n",
        "[store]\ntimeout = \"soon\"\n",
        "[attributes]\nvip = \"bool\"\n",
    ] {
        assert!(!valid(bad).is_empty(), "{bad}");
    }
    assert_eq!(schema["properties"]["server"]["properties"]["workers"]["default"], 2);
}

#[test]
fn schemas_are_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in ["flow", "notification", "test", "config"] {
        let (output, code) = replyflow_in(folder.path(), &["schema", kind]);
        assert_eq!(code, 0, "{output}");
        let schema: Value = serde_json::from_str(&output).expect("JSON");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }
    assert_eq!(replyflow_in(folder.path(), &["schema", "flows"]).1, 2);
}
