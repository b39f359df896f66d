//! Conversations of the virtual world as a journal, against changed flows.

use crate::support::samples::SAMPLES;
use proptest::prelude::*;
use replyflow::config::project::Project;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::input::OperatorAction;
use replyflow::domain::journal::Entry;
use replyflow::domain::message::{DeliveryStatus, InboundContent};
use replyflow::domain::name::{ChannelName, EventName, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::domain::value::Value;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use replyflow::testing::replay::{Draft, Played, Replay, Report, Unplayable, What};
use replyflow::testing::{Answers, Fake, FakeAnswer, World};
use serde_json::json;
use std::fs;
use std::sync::{Arc, LazyLock};

/// 2026-03-02T10:00:00Z, a Monday.
const MONDAY: Millis = Millis(1_772_445_600_000);

const SHOP: &str = r#"
flow: shop
languages: [en, es]
channels: [main-sms]
start: [ { keyword: order } ]
defaults: { undelivered: { end: undelivered } }
begin: number
states:
  number:
    ask: Which order?
    answer: { number: { min: 1, max: 100, whole: true } }
    save: order
    go: { ok: look, nomatch: { say: "A number, please.", again: 1, end: lost }, silence: { after: 1h, end: silent } }
  look:
    call: { api: shop, get: "/orders/{{ order }}" }
    save: found
    go:
      ok: [ { if: found.paid, say: "It is paid.", go: more }, { else: pay } ]
      404: { say: "There is none.", end: none }
      failed: { alert: "The shop is down", end: down }
  pay:
    ask: How will you pay?
    answer: { choice: { card: By card, cash: In cash, later: Later } }
    go:
      card: { say: "Here is a link.", end: card }
      cash: { say: "Have it ready.", end: cash }
      later: { end: later }
      nomatch: { again: 1, end: lost }
      silence: { after: 2h, say: "Are you there?", again: 1, end: silent }
  more:
    ask: Anything else?
    answer: yes_no
    go: { yes: number, no: { say: "Bye.", end: done }, nomatch: { end: done }, silence: { after: 1h, end: done } }
"#;

static PROJECT: LazyLock<Arc<Project>> = LazyLock::new(|| {
    Arc::new(crate::support::project::of(
        "[project]\ncountry = \"GB\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n[api.shop]\nbase_url = \"https://shop.example\"\n[teams.crew]\ntitle = \"Crew\"\n",
    ))
});

/// The catalog of these flows.
fn catalog(flows: &[(&str, &str)]) -> Arc<Catalog> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("flows")).expect("made");
    for (name, text) in flows {
        fs::write(folder.path().join(format!("flows/{name}.yaml")), text).expect("written");
    }
    of(&Sources::read(folder.path()).expect("readable"), &PROJECT)
}

fn of(sources: &Sources, project: &Project) -> Arc<Catalog> {
    let checked = check_project(sources, project);
    let errors: Vec<_> = checked.diagnostics.iter().map(|d| format!("{}:{} {}", d.file, d.at.line, d.message)).collect();
    assert_eq!(checked.flows.len(), sources.flows.len(), "{errors:?}");
    let flows: Vec<_> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    Arc::new(Catalog::new(flows, &current))
}

fn draft(catalog: &Arc<Catalog>, project: &Arc<Project>, flow: &str) -> Draft {
    let flow = catalog.current(flow).expect("the flow").clone();
    Draft::new(catalog.clone(), project.clone(), flow)
}

/// What a contact does: words, `/wait 2h`, `/shop STATUS {json}`, `/fail`, `/event NAME {json}`.
fn talk(catalog: &Arc<Catalog>, project: &Arc<Project>, phone: &str, lines: &[&str]) -> Vec<Entry> {
    let who = Address::Phone(E164::parse(phone).expect("a number"));
    let mut world = World::new(catalog.clone(), project.clone(), MONDAY);
    world.fakes.fallback = Some(FakeAnswer::Refused);
    let channel = ChannelName::parse("main-sms").expect("a name");
    for line in lines {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        match words[..] {
            ["/wait", span] => world.wait(Span::parse(span).expect("a span")).expect("waited"),
            ["/person", ..] => {
                let (by, text) = ("ann".to_owned(), line["/person ".len()..].to_owned());
                world.operator(&who, OperatorAction::Write { by, text, channel: None }).expect("written");
            }
            ["/resolve", note] => {
                let (by, note) = ("ann".to_owned(), Some(note.to_owned()));
                world.operator(&who, OperatorAction::Resolve { by, note }).expect("resolved");
            }
            ["/fail"] => drop(world.report(&who, DeliveryStatus::Failed).expect("reported")),
            ["/event", name, data] => {
                let data = Value::from_json(serde_json::from_str(data).expect("JSON"));
                world.event(EventName::parse(name).expect("a name"), data, None).expect("posted");
            }
            ["/shop", status, body] => {
                let body = Value::from_json(serde_json::from_str(body).expect("JSON"));
                let answer = FakeAnswer::Answer { status: status.parse().expect("a status"), body, delay: Span(0) };
                let api = Slug::parse("shop").expect("a name");
                let fake = Fake { method: "GET".into(), api, path: "/orders/*".into(), answers: Answers::Always(answer) };
                world.fakes.add(&[fake], false);
            }
            ["/marketing", word] => {
                let content = InboundContent::OptOut { word: word.to_owned(), scope: Some("marketing".to_owned()) };
                world.write(&who, &channel, String::new(), content).expect("written");
            }
            _ => world.write(&who, &channel, (*line).to_owned(), InboundContent::Text).expect("written"),
        }
    }
    world.journal
}

/// Through the JSON of an export and back.
fn exported(entries: Vec<Entry>) -> Vec<Entry> {
    let line = |entry: Entry| serde_json::to_string(&entry).expect("JSON");
    entries.into_iter().map(line).map(|line| serde_json::from_str(&line).expect("an entry")).collect()
}

fn replay(draft: Draft, entries: Vec<Entry>) -> (Report, Vec<Played>) {
    let mut replay = Replay::new(draft);
    let mut played: Vec<Played> = exported(entries).into_iter().filter_map(|entry| replay.entry(entry)).collect();
    played.extend(replay.finish());
    (replay.report, played)
}

const PAID: &str = "/shop 200 {\"paid\": true}";
const OPEN: &str = "/shop 200 {\"paid\": false}";

/// Seven conversations of six contacts, their entries among each other as in a journal.
fn journal() -> Vec<Entry> {
    let catalog = catalog(&[("shop", SHOP)]);
    let talks: [&[&str]; 6] = [
        &[PAID, "order", "7", "no thanks", "/wait 1d", OPEN, "order", "8", "by card"],
        &[OPEN, "order", "9", "in cash"],
        &[OPEN, "order", "the blue one", "1", "later"],
        &[OPEN, "order", "77", "/wait 2h", "/wait 1h", "by card"],
        &["/shop 404 null", "order", "5"],
        &["order", "6"],
    ];
    let talk = |(i, lines): (usize, &&[&str])| talk(&catalog, &PROJECT, &format!("+44770090010{i}"), lines);
    let mut entries: Vec<Entry> = talks.iter().enumerate().flat_map(talk).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn against(change: impl Fn(&str) -> String) -> Report {
    let changed = change(SHOP);
    let catalog = catalog(&[("shop", &changed)]);
    replay(draft(&catalog, &PROJECT, "shop"), journal()).0
}

/// What, where, in how many conversations.
fn groups(report: &Report) -> Vec<(What, &str, usize)> {
    report.groups().into_iter().map(|group| (group.what, group.place.as_str(), group.conversations)).collect()
}

#[test]
fn the_same_flow_differs_nowhere() {
    let report = against(str::to_owned);
    assert_eq!((report.conversations, report.same, groups(&report)), (7, 7, vec![]));
}

#[test]
fn a_changed_text_is_found_in_every_conversation_that_has_it() {
    let report = against(|flow| flow.replace("How will you pay?", "Cash or card?"));
    assert_eq!(groups(&report), [(What::Text, "pay", 4)]);
    assert_eq!((report.same, report.different), (3, 4));
    let example = &report.groups()[0].example;
    assert!(example.recorded.starts_with("How will you pay?") && example.draft.starts_with("Cash or card?"), "{example:?}");
}

#[test]
fn a_choice_that_is_gone_is_understood_otherwise_once() {
    let report =
        against(|flow| flow.replace(", cash: In cash", "").replace("      cash: { say: \"Have it ready.\", end: cash }\n", ""));
    let found = groups(&report);
    assert!(found.contains(&(What::Understood, "pay", 1)), "{found:?}");
    assert!(found.contains(&(What::Text, "pay", 4)), "the menu is another: {found:?}");
    assert_eq!(found.len(), 2, "what follows from it is not said again: {found:?}");
    let understood = report.groups().into_iter().find(|group| group.what == What::Understood).expect("there").example.clone();
    assert_eq!((understood.recorded.as_str(), understood.draft.as_str()), ("\"in cash\" is cash", "\"in cash\" is nomatch"));
}

#[test]
fn another_branch_another_range_and_another_end_are_found() {
    let branch = against(|flow| flow.replace("if: found.paid", "if: not found.paid"));
    assert_eq!(groups(&branch), [(What::State, "look", 5)], "each of the five that were looked up");
    let range = against(|flow| flow.replace("max: 100", "max: 50"));
    assert_eq!(groups(&range), [(What::Understood, "number", 1)]);
    let end = against(|flow| flow.replace("end: later }", "end: put_off }"));
    assert_eq!(groups(&end), [(What::End, "pay", 1)]);
    let silence = against(|flow| flow.replace("after: 2h, say: \"Are you there?\"", "after: 4h, say: \"Are you there?\""));
    assert_eq!(groups(&silence), [(What::State, "pay", 1)], "nobody was silent for so long");
}

#[test]
fn calls_that_were_never_made_have_no_answer() {
    let report = against(|flow| flow.replace("/orders/{{ order }}", "/order/{{ order }}"));
    let found = groups(&report);
    assert!(found.contains(&(What::NeverAsked, "look", 7)), "{found:?}");
    let example = &report.groups()[0].example;
    assert!(example.draft.starts_with("GET shop/order/"), "{example:?}");
    let none =
        against(|flow| flow.replace("    ask: Anything else?", "    do: [ { alert: somebody paid } ]\n    ask: Anything else?"));
    assert_eq!(groups(&none), [(What::Told, "more", 1)]);
}

#[test]
fn a_run_that_fails_and_a_run_that_begins_are_found() {
    let fails = against(|flow| flow.replace("say: \"It is paid.\"", "say: \"It is {{ 1 / (order - 7) }}.\""));
    assert_eq!(groups(&fails), [(What::Fails, "look", 1)]);
    let begins = against(|flow| flow.replace("keyword: order", "keyword: [order, card]"));
    let found = groups(&begins);
    assert!(found.iter().all(|(what, _, _)| *what != What::Text), "{found:?}");
    let renamed = against(|flow| flow.replace("  pay:\n", "  payment:\n    was: pay\n").replace("else: pay", "else: payment"));
    assert_eq!(groups(&renamed), [], "a state may be called otherwise");
}

#[test]
fn what_cannot_be_played_is_said_and_not_guessed() {
    let catalog = catalog(&[("shop", SHOP)]);
    let whole = talk(&catalog, &PROJECT, "+447700900100", &[OPEN, "order", "8", "by card", "/wait 1d", "order", "9", "in cash"]);
    let report = |entries: Vec<Entry>| replay(draft(&catalog, &PROJECT, "shop"), entries).0;
    // The beginning is not in the journal; the second conversation is.
    let cut = report(whole[1..].to_vec());
    assert_eq!((cut.conversations, cut.same), (2, 1));
    assert_eq!(cut.unplayable.into_iter().collect::<Vec<_>>(), [(Unplayable::BeganBefore, 1)]);
    // An older release did not keep the answers to calls.
    let mut old: Vec<serde_json::Value> = whole.iter().map(|entry| serde_json::to_value(entry).expect("JSON")).collect();
    for event in old.iter_mut().flat_map(|entry| entry["events"].as_array_mut().expect("a list")) {
        if let Some(ended) = event.get_mut("call_ended").and_then(|ended| ended.as_object_mut()) {
            ended.remove("answer");
        }
    }
    let old = report(old.into_iter().map(|entry| serde_json::from_value(entry).expect("an entry")).collect());
    assert_eq!(old.unplayable.into_iter().collect::<Vec<_>>(), [(Unplayable::NotKept, 2)]);
    let nobody = report(Vec::new());
    assert_eq!(nobody.conversations, 0);
}

/// What the contact says to the provider about marketing is no operator's change: it is played like any message, and its effect is known in
/// the conversations that follow, whether they can be played or not.
#[test]
fn consent_that_a_contact_gives_and_takes_back_is_known_afterwards() {
    const NEWS: &str = "flow: news\nlanguages: [en]\nchannels: [main-sms]\nstart: [{ keyword: agree }, { keyword: news, go: news }]\n\
                        defaults: { nomatch: { end: lost }, silence: { after: 1h, end: silent }, undelivered: { end: undelivered } }\n\
                        begin: agree\nstates:\n  agree: { set: { contact.marketing: [sms] }, go: sure }\n  \
                        sure:\n    ask: Sure?\n    answer: yes_no\n    go: { yes: { end: agreed }, no: { end: agreed } }\n  \
                        news:\n    go:\n      - if: \"'sms' in contact.marketing\"\n        say: News!\n        end: told\n      - else: quiet\n  \
                        quiet: { say: \"You did not agree.\", end: quiet }\n";
    let catalog = catalog(&[("news", NEWS)]);
    let lines = ["agree", "/marketing STOP", "yes", "news", "/marketing START", "news"];
    let entries = talk(&catalog, &PROJECT, "+447700900100", &lines);
    let (report, _) = replay(draft(&catalog, &PROJECT, "news"), entries.clone());
    assert_eq!((report.conversations, report.same, groups(&report)), (3, 3, vec![]), "{:?}", report.unplayable);
    // The draft asks otherwise, so that only the journal says what became of the consent in the first conversation.
    let other = self::catalog(&[("news", &NEWS.replace("yes: { end: agreed }", "yes: { end: settled }"))]);
    let (report, _) = replay(draft(&other, &PROJECT, "news"), entries);
    assert_eq!((report.same, report.different), (2, 1), "{:?} {:?}", groups(&report), report.unplayable);
}

/// An event for a flow that has to wait says at once who the contact is, and the next run of another flow knows it.
#[test]
fn what_an_event_of_another_flow_says_of_the_contact_is_known_at_once() {
    let (catalog, project) = &*SAMPLES;
    let order = format!("/event order.delivered {}", json!({ "phone": "+447700900123", "order_id": "B2" }));
    let booked = format!("/event appointment.changed {}", appointment("BOOKED"));
    let entries = talk(catalog, project, "+447700900123", &[&order, &booked, "3", "3", "3", "2", &order]);
    let (report, played) = replay(draft(catalog, project, "nps"), entries);
    // The first ended in the appointment that had waited for it, and so is not played; the second is.
    assert_eq!((report.different, report.same, report.not_played()), (0, 1, 1), "{played:#?}");
}

fn appointment(kind: &str) -> serde_json::Value {
    json!({
        "patient_phone": "+447700900123", "appointment_id": "A1", "event_type": kind, "patient_first_name": "Ada",
        "provider_last_name": "Okoro", "appointment_datetime": "2026-03-09T14:30:00Z",
        "provider_callback_phone": "+442079460000",
    })
}

fn lines() -> impl Strategy<Value = String> {
    let words = [
        "hi",
        "menu",
        "1",
        "2",
        "3",
        "yes",
        "no",
        "order status",
        "AB1234",
        "newsletter",
        "a@example.org",
        "human",
        "42",
        "9",
        "next tuesday",
        "at 10",
        "cancel appt",
        "stop",
        "start",
        "/wait 30s",
        "/wait 30m",
        "/wait 1d",
        "/wait 8d",
        "/fail",
        "/shop 404 null",
    ];
    let mut all: Vec<String> = words.into_iter().map(str::to_owned).collect();
    all.push(format!("/event appointment.changed {}", appointment("BOOKED")));
    all.push(format!("/event appointment.changed {}", appointment("REMIND")));
    all.push(format!("/event order.delivered {}", json!({ "phone": "+447700900123", "order_id": "B2" })));
    all.push(format!("/event parcel.delivered {}", json!({ "phone": "+447700900123", "order": "AB1234" })));
    all.push(format!("/shop 200 {}", json!({ "status": "shipped", "due": "2026-03-05" })));
    all.push(format!("/shop 200 {}", json!({ "status": "delivered" })));
    prop::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_said_the_same_flow_differs_nowhere(
        flow in prop::sample::select(vec!["menu", "nps", "order-status", "appointment", "opt-in"]),
        lines in prop::collection::vec(lines(), 1..30),
    ) {
        let (catalog, project) = &*SAMPLES;
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let entries = talk(catalog, project, "+447700900123", &lines);
        let (report, played) = replay(draft(catalog, project, flow), entries);
        let different: Vec<_> = played.iter().filter_map(|one| one.outcome.as_ref().ok()).flat_map(|o| &o.differences).collect();
        prop_assert!(different.is_empty() && report.different == 0, "{:#?}", different);
    }
}

#[test]
fn what_persons_did_and_what_was_collected_is_played_too() {
    let agent = "flow: agent\nlanguages: [en]\nchannels: [main-sms]\nstart: [ { keyword: person } ]\nbegin: agent\nstates:\n  agent:\n    handoff: { to: crew, say: One moment. }\n    save: note\n    go: { ok: { say: 'They said {{ note }}', end: handled }, silence: { after: 2h, say: Nobody., end: nobody } }\n";
    let lines = ["person", "hello?", "/wait 1h", "/person I am Ann", "thanks", "/wait 5h", "/resolve fine"];
    let before = catalog(&[("agent", agent)]);
    let recorded = || {
        let mut entries = talk(&before, &PROJECT, "+447700900101", &lines);
        entries.extend(talk(&before, &PROJECT, "+447700900102", &["person", "/wait 3h"]));
        entries
    };
    let (report, played) = replay(draft(&before, &PROJECT, "agent"), recorded());
    assert_eq!((report.conversations, report.same, groups(&report)), (2, 2, vec![]), "{played:#?}");
    let after = catalog(&[("agent", &agent.replace("They said", "We heard"))]);
    let (report, _) = replay(draft(&after, &PROJECT, "agent"), recorded());
    assert_eq!(groups(&report), [(What::Text, "agent", 1)]);

    let batch = "flow: batch\nlanguages: [en]\nchannels: [main-sms]\nstart: [ { event: sold, contact: '{{ event.phone }}' } ]\nbegin: c\nstates:\n  c: { digest: { event: sold, for: 1h }, save: all, go: t }\n  t: { say: '{{ len(all) }} sold', end: told }\n";
    let before = catalog(&[("batch", batch)]);
    let sold = "/event sold {\"phone\": \"+447700900101\"}";
    let recorded = || talk(&before, &PROJECT, "+447700900101", &[sold, "/wait 30m", sold, "/wait 1h"]);
    let (report, played) = replay(draft(&before, &PROJECT, "batch"), recorded());
    assert_eq!((report.conversations, report.same), (1, 1), "{played:#?}");
    let after = catalog(&[("batch", &batch.replace("for: 1h", "for: 20m"))]);
    let (report, _) = replay(draft(&after, &PROJECT, "batch"), recorded());
    assert_eq!((report.same, report.different), (0, 1));
}
