//! That a flow means what its file says. What is refused is shown by the fixtures in `tests/data/check`.

use super::{Content, Giver, MentionKind, ParseContext, parse_notification, read_flow};
use crate::domain::channel::ChannelKind;
use crate::domain::journal::AlertLevel;
use crate::domain::language::Language;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::domain::value::{Type, Value};
use crate::flow::definition::*;
use crate::flow::diagnostic::At;
use crate::flow::expression::ValueTemplate;

fn context() -> ParseContext {
    let channels = ["main-sms", "main-whatsapp"].map(|name| Slug::parse(name).expect("a slug"));
    ParseContext { languages: vec![Language::EN], channels: channels.to_vec() }
}

fn flow(source: &str) -> Flow {
    let reading = read_flow(source, "flows/x.yaml", &context());
    assert!(!reading.has_errors(), "{:#?}", reading.diagnostics);
    std::sync::Arc::unwrap_or_clone(reading.partial.expect("a flow"))
}

/// A flow with these states after a first one, `a`, that leads to each of them.
fn states(states: &str) -> Flow {
    flow(&format!("flow: x\nlanguages: [en, es]\nvars: {{ n: 0 }}\nbegin: a\nstates:\n{states}"))
}

fn kind<'f>(flow: &'f Flow, state: &str) -> &'f Kind {
    &flow.states.get(state).expect("a state").kind
}

#[test]
fn what_a_file_does_not_say_is_the_projects_or_the_documented_default() {
    let flow = flow("flow: x\nbegin: a\nstart: [{ keyword: Hi }, { message: any }]\nstates: { a: { say: Hello, end: done } }\n");
    assert_eq!(flow.languages, [Language::EN]);
    assert_eq!(flow.channels.len(), 2);
    assert_eq!((flow.interruptible, flow.expires), (true, Span::days(30)));
    assert!(matches!(flow.late, Late::Inbox));
    let [keyword, message] = flow.starts.as_slice() else { panic!("two starts") };
    assert!(matches!(&keyword.trigger, Trigger::Keyword(words) if words == &["Hi"]));
    assert_eq!((keyword.busy, message.busy, keyword.repeat), (Busy::Pause, Busy::Wait, Repeat::Ignore));
    assert_eq!((keyword.channels.len(), keyword.go), (2, flow.begin));
    assert!(matches!(message.trigger, Trigger::AnyMessage));
}

#[test]
fn variables_have_their_slots_in_the_documented_order() {
    let source = "flow: x
needs: { when: moment, who: { type: text, default: you, private: true } }
vars: { n: 7, phone: +49 30, yes: yes, ok: true, none: null, zip: 007, f: -1.5, quoted: \"12\", list: [1, a], map: { k: \"{{ n }}\" } }
begin: a
states:
  a: { ask: Why?, answer: { number: { whole: true } }, save: score, go: { ok: b } }
  b: { call: { api: s, get: /x }, save: { kind: \"{{ body.kind }}\" }, private: true, go: { ok: { set: { n: 8 }, end: x } } }
";
    let flow = flow(source);
    let names: Vec<&str> = flow.variables.keys().map(|n| n.as_str()).collect();
    let expected = ["when", "who", "n", "phone", "yes", "ok", "none", "zip", "f", "quoted", "list", "map", "score", "kind"];
    assert_eq!(names, expected);
    let own = |name: &str| match &flow.variables.get(name).expect("declared").origin {
        Origin::Own(ValueTemplate::Constant(value)) => value.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(own("n"), Value::Number(7.0));
    assert_eq!(own("f"), Value::Number(-1.5));
    assert_eq!(own("ok"), Value::Bool(true));
    assert_eq!(own("none"), Value::Null);
    for (name, text) in [("phone", "+49 30"), ("yes", "yes"), ("zip", "007"), ("quoted", "12")] {
        assert_eq!(own(name), Value::text(text), "{name}");
    }
    assert_eq!(own("list"), Value::List(vec![Value::Number(1.0), Value::text("a")]));
    assert!(matches!(&flow.variables.get("map").expect("map").origin, Origin::Own(ValueTemplate::Map(m)) if m.len() == 1));
    let of = |name: &str| flow.variables.get(name).map(|v| (v.kind, v.private)).expect("declared");
    assert_eq!(of("when"), (Type::Moment, false));
    assert_eq!(of("who"), (Type::Text, true));
    assert_eq!(of("score"), (Type::Number, false));
    assert_eq!(of("kind"), (Type::Any, true));
    assert_eq!(flow.slot("kind"), Some(Slot(13)));
}

#[test]
fn texts_are_ordered_by_the_languages_of_the_flow() {
    let flow = states(
        "  a: { say: [{ es: Hola, en: Hello }, Bye, { text: T, sms: S, whatsapp: { text: { es: W }, footer: F } }], end: x }\n",
    );
    let Act::Say(messages) = &flow.states.get("a").expect("a").actions[0].act else { panic!("say") };
    let shown = |texts: &Texts| texts.by_language.iter().map(|(l, t)| format!("{l} {}", t.source())).collect::<Vec<_>>();
    assert_eq!(shown(messages[0].text.as_ref().expect("a text")), ["en Hello", "es Hola"]);
    assert_eq!(shown(messages[1].text.as_ref().expect("a text")), ["en Bye"]);
    let kinds: Vec<_> = messages[2].by_kind.iter().map(|(k, v)| (*k, v.text.as_ref().map(shown), v.footer.is_some())).collect();
    let expected =
        [(ChannelKind::Sms, Some(vec!["en S".to_owned()]), false), (ChannelKind::WhatsApp, Some(vec!["es W".to_owned()]), true)];
    assert_eq!(kinds, expected);
}

#[test]
fn targets_have_one_shape() {
    let flow = states(
        "  a:
    ask: Why?
    answer: { choice: { x: { label: { en: X, es: Equis }, also: [ex, 1] }, y: \"{{ n }}\" } }
    show: plain
    go:
      x: { go: b }
      else: [{ if: n > 1, say: One, go: b }, { else: { end: z } }]
      nomatch: { say: Again, again: 2, go: b }
      silence: { after: 4h, again: 1, end: silent }
      undelivered: b
  b: { say: Hello, end: done }
",
    );
    let Kind::Ask(ask) = kind(&flow, "a") else { panic!("ask") };
    assert_eq!(ask.show, Show::Plain);
    let b = StateId(1);
    // A step that only leads on is what it leads to.
    assert!(matches!(ask.outcomes.get("x"), Some(Target::State(id)) if *id == b));
    let Some(Target::Ways(ways)) = ask.outcomes.get("y") else { panic!("ways") };
    assert!(ways[0].condition.is_some() && ways[1].condition.is_none());
    assert!(
        matches!(&ways[0].target, Target::Step(step) if step.actions.len() == 1 && matches!(step.then, Then::Go(Target::State(id)) if id == b))
    );
    assert!(matches!(&ways[1].target, Target::Step(step) if matches!(&step.then, Then::End(end) if end.as_str() == "z")));
    let Some(Target::Step(nomatch)) = &ask.troubles.nomatch else { panic!("a step") };
    assert!(matches!(&nomatch.then, Then::Again { times: 2, or } if matches!(**or, AgainOr::Go(Target::State(id)) if id == b)));
    let silence = ask.troubles.silence.as_ref().expect("silence");
    assert_eq!(silence.after, Some(Span::hours(4)));
    assert!(
        matches!(&silence.target, Some(Target::Step(step)) if matches!(&step.then, Then::Again { times: 1, or } if matches!(&**or, AgainOr::End(_))))
    );
    assert!(matches!(ask.troubles.undelivered, Some(Target::State(id)) if id == b));
    let Answer::Choice(choices) = &ask.answer else { panic!("choices") };
    assert_eq!(choices.list["x"].also, ["ex", "1"]);
    // A label with a value in it is made ready when the question is asked.
    assert_eq!(choices.prepared.len(), 2);
    assert!(choices.prepared.iter().all(Option::is_none));
}

#[test]
fn choices_are_made_ready_in_each_language() {
    let flow = states("  a: { ask: Why?, answer: { choice: { x: { en: Ex, es: Equis }, y: Why } }, go: { else: { end: z } } }\n");
    let Kind::Ask(ask) = kind(&flow, "a") else { panic!("ask") };
    let Answer::Choice(choices) = &ask.answer else { panic!("choices") };
    let labels: Vec<_> = choices.prepared.iter().map(|p| p.as_ref().and_then(|o| o.label(0)).map(str::to_owned)).collect();
    assert_eq!(labels, [Some("Ex".to_owned()), Some("Equis".to_owned())]);
}

#[test]
fn silence_may_stand_in_parts() {
    let source = "flow: x\ndefaults: { silence: { after: 1d, go: b } }\nbegin: a\nstates:\n  a: { ask: Why?, go: { ok: b, silence: b } }\n  b: { ask: Why?, go: { ok: a, silence: { after: 5m } } }\n";
    let flow = flow(source);
    let silence = |state: &str| match kind(&flow, state) {
        Kind::Ask(ask) => ask.troubles.silence.clone().map(|s| (s.after, s.target.is_some())),
        _ => None,
    };
    assert_eq!(silence("a"), Some((None, true)));
    assert_eq!(silence("b"), Some((Some(Span::minutes(5)), false)));
    assert_eq!(flow.defaults.silence.as_ref().and_then(|s| s.after), Some(Span::days(1)));
    assert!(
        matches!(kind(&flow, "a"), Kind::Ask(ask) if matches!(ask.answer, Answer::Text { min: None, max: None, gather: Span(0) }))
    );
}

#[test]
fn kinds_are_read_with_their_options() {
    let flow = states(
        "  a: { call: { api: shop, put: \"/o/{{ n }}\", query: { q: \"1\" }, headers: { X-A: b }, json: { n: \"{{ n }}\", on: true }, timeout: 5s, retry: 3 }, go: { ok: b, 404: b, 5xx: b } }
  b: { wait: 90m, go: c }
  c: { wait: { days: 2, at: \"9:05\" }, go: d }
  d: { wait: { until: \"{{ n }}\" }, go: e }
  e: { wait: { event: paid, key: \"{{ n }}\", if: event.ok }, go: { ok: f, silence: { after: 1h, go: f } } }
  f: { run: { flow: other, with: { about: \"{{ n }}\", k: 1 } }, go: { told: g, nomatch: g, else: g } }
  g: { answer: any, go: { ok: h } }
  h: { do: [{ if: n, tag: [vip, new] }, { alert: { say: Help, to: team, level: urgent } }, { emit: { event: e.x, data: { a: 1 } } }], end: done }
",
    );
    let Kind::Call(call) = kind(&flow, "a") else { panic!("call") };
    assert_eq!((call.api.as_str(), call.method, call.path.source()), ("shop", "PUT", "/o/{{ n }}"));
    assert_eq!((call.timeout, call.retry, call.query.len(), call.headers.len()), (Span::seconds(5), 3, 1, 1));
    assert!(matches!(&call.body, CallBody::Json(ValueTemplate::Map(m)) if m[1].1.constant() == Some(&Value::Bool(true))));
    assert_eq!(call.outcomes.named.keys().collect::<Vec<_>>(), ["ok", "404", "5xx"]);
    let wait = |state: &str| match kind(&flow, state) {
        Kind::Wait(wait) => wait.until.clone(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(wait("b"), WaitFor::For(span) if span == Span::minutes(90)));
    assert!(matches!(wait("c"), WaitFor::Days { days: 2, at: Some(at) } if at == jiff::civil::time(9, 5, 0, 0)));
    assert!(matches!(wait("d"), WaitFor::Until(_)));
    assert!(matches!(wait("e"), WaitFor::Event { key: Some(_), condition: Some(_), .. }));
    let Kind::Run(run) = kind(&flow, "f") else { panic!("run") };
    assert_eq!((run.flow.as_str(), run.with.len(), run.troubles.nomatch.is_some()), ("other", 2, true));
    assert!(matches!(kind(&flow, "g"), Kind::Ask(ask) if ask.question.is_none() && matches!(ask.answer, Answer::Any)));
    let actions = &flow.states.get("h").expect("h").actions;
    assert!(actions[0].condition.is_some() && matches!(&actions[0].act, Act::Tag(tags) if tags.len() == 2));
    assert!(matches!(&actions[1].act, Act::Alert { to: Some(_), level: AlertLevel::Urgent, .. }));
    assert!(matches!(&actions[2].act, Act::Emit { data: Some(_), contact: None, .. }));
}

#[test]
fn anytime_answers_or_leads() {
    let source = "flow: x
vars: { n: 0 }
anytime:
  - { command: menu, go: a }
  - { keyword: [where, where is it], say: Here, again: true }
  - { event: paid, contact: \"{{ event.phone }}\", key: k, with: { n: \"{{ event.n }}\" }, if: event.ok, end: paid }
begin: a
states: { a: { say: Hello, end: done } }
";
    let flow = flow(source);
    let [menu, keyword, event] = flow.anytime.as_slice() else { panic!("three") };
    assert!(matches!(menu.trigger, AnytimeTrigger::Command(Command::Menu)));
    assert!(matches!(&menu.target, AnytimeTarget::Target(Target::State(StateId(0)))));
    assert!(matches!(&keyword.trigger, AnytimeTrigger::Keyword(words) if words.len() == 2));
    assert!(matches!(&keyword.target, AnytimeTarget::AskAgain(actions) if actions.len() == 1));
    assert!(matches!(&event.trigger, AnytimeTrigger::Event { contact: Some(_), key: Some(_), with, .. } if with.len() == 1));
    assert!(event.condition.is_some());
}

#[test]
fn the_checks_get_every_text_with_its_place_and_every_name() {
    let source = "flow: x
channels: [main-sms]
vars: { n: 0 }
start:
  - { event: e, contact: \"{{ event.phone }}\" }
begin: a
states:
  a:
    say: >-
      Hello
      {{ n }}
    call: { api: shop, get: /x }
    save: { n: \"{{ body.n }}\" }
    go: { ok: { do: [{ notify: bye }, { set: { contact.vip: true } }], go: a } }
";
    let reading = read_flow(source, "flows/x.yaml", &context());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let written: Vec<_> = reading
        .written
        .iter()
        .map(|w| {
            let template = match &w.content {
                Content::Text(t) | Content::Value(t) => t.names().map(|n| w.place(n.offset)).collect::<Vec<_>>(),
                Content::Condition(_) => Vec::new(),
            };
            (template, w.site.event, w.site.body, w.site.state)
        })
        .collect();
    let at = |line, column| vec![At { line, column }];
    let state = Some(StateId(0));
    assert_eq!(written, [(at(5, 30), true, false, None), (at(11, 10), false, false, state), (at(13, 20), false, true, state)]);
    let given: Vec<_> = reading.assignments.iter().map(|a| (a.by, a.at)).collect();
    assert_eq!(given, [(Giver::Set, at(14, 61)[0]), (Giver::Save, at(13, 16)[0])]);
    let mentions: Vec<_> = reading.mentions.iter().map(|m| (m.kind, &*m.name)).collect();
    let expected = [
        (MentionKind::Channel, "main-sms"),
        (MentionKind::Event, "e"),
        (MentionKind::Api, "shop"),
        (MentionKind::Notification, "bye"),
        (MentionKind::Attribute, "vip"),
    ];
    assert_eq!(mentions, expected);
}

#[test]
fn a_notification_is_read() {
    let source = "notification: x\ntitle: T\nneeds: { code: { type: text, default: A1 } }\ntext: { en: \"{{ code }}\", fr: F }\nmedia: https://example.com/a.png\nsms: Short\n";
    let (notification, diagnostics) = parse_notification(source, "templates/x.yaml", &context());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let notification = notification.expect("a notification");
    assert_eq!(notification.title.as_deref(), Some("T"));
    assert!(notification.languages.is_empty());
    assert_eq!(notification.needs["code"].default, Some(ValueTemplate::Constant(Value::text("A1"))));
    assert_eq!(notification.message.text.as_ref().map(|t| t.by_language.len()), Some(2));
    assert!(notification.message.media.is_some());
    assert_eq!(notification.message.by_kind.len(), 1);
}
