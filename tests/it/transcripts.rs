//! Conversations written down as tests: what took place passes when it is played, whatever was said; and appending a case
//! leaves a file as it was.

use crate::support::samples::SAMPLES;
use proptest::prelude::*;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::input::OperatorAction;
use replyflow::domain::message::{DeliveryStatus, InboundContent, Location, Media};
use replyflow::domain::name::{ChannelName, EventName, Name, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::domain::value::Value;
use replyflow::engine::record::Record;
use replyflow::testing::coverage::Coverage;
use replyflow::testing::transcript::{About, Transcript, append, file_of};
use replyflow::testing::{Answers, Fake, FakeAnswer, Reports, Texts, World, play, read_script};
use serde_json::json;
use std::sync::Arc;

const PHONE: &str = "+447700900123";
/// 2026-03-02T10:00:00Z, a Monday.
const MONDAY: Millis = Millis(1_772_445_600_000);
const FLOWS: [&str; 6] = ["menu", "feedback", "nps", "order-status", "appointment", "payment"];

#[derive(Debug, Clone)]
enum Move {
    Says(String, &'static str),
    Presses(usize, &'static str),
    Shows(&'static str),
    Happens(&'static str, serde_json::Value),
    Begins,
    Fails,
    Answers(&'static str, &'static str, FakeAnswer),
    Passes(Span),
}

/// What people write that is easily mistaken for something else in a file.
const ODD: [&str; 14] =
    ["", " ", "any", "nothing", "true", "007", "1e5", "- a", "{ a: b }", "a: b # c", "\"", "l\u{2028}s\t", "😀 {{ x }}", "'"];

fn moves() -> impl Strategy<Value = Move> {
    let words = vec![
        "hi",
        "menu",
        "1",
        "2",
        "3",
        "yes",
        "no",
        "hours",
        "order status",
        "AB1234",
        "newsletter",
        "a@example.org",
        "feedback",
        "42",
        "9",
        "human",
        "language",
        "es",
        "pay",
        "cash",
        "next tuesday",
        "at 10",
        "cancel appt",
        "move appt",
        "too slow",
        "stop",
        "start",
        "help",
        "news, offers",
        "back",
    ];
    let channels = || prop::sample::select(vec!["main-sms", "main-sms", "main-whatsapp"]);
    let spans = [1, 30_000, 599_000, 600_000, 1_800_000, 7_200_000, 90_000_000, 400_000_000];
    let text = prop_oneof![
        6 => prop::sample::select(words).prop_map(str::to_owned),
        1 => prop::sample::select(ODD.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
    ];
    let events = vec![
        ("appointment.changed", "BOOKED"),
        ("appointment.changed", "REMIND"),
        ("appointment.changed", "CANCELED"),
        ("payment.failed", "7"),
        ("payment.succeeded", "7"),
        ("parcel.delivered", "AB1234"),
        ("order.delivered", "B2"),
        ("newsletter.confirmed", "a@example.org"),
    ];
    let answer = |status, body| FakeAnswer::Answer { status, body: Value::from_json(body), delay: Span(0) };
    let answers = vec![
        ("GET", "shop", "/customers/*", answer(200, json!({ "type": "power", "note": "a: b, {c}" }))),
        ("GET", "shop", "/customers/*", answer(200, json!({ "type": "plain" }))),
        ("PUT", "shop", "/orders/*", answer(200, json!(null))),
        ("GET", "shop", "/orders/*", answer(200, json!({ "status": "shipped", "due": "2026-03-05", "weight": 1.5 }))),
        ("GET", "shop", "/orders/*", answer(200, json!({ "status": "delivered" }))),
        ("GET", "shop", "/orders/*", answer(404, json!("no such order"))),
        ("GET", "shop", "/orders/*", FakeAnswer::Timeout),
        ("POST", "ehr", "/inbound", answer(202, json!(null))),
        ("POST", "ehr", "/inbound", FakeAnswer::Refused),
        ("POST", "ehr", "/inbound", FakeAnswer::Answer { status: 200, body: Value::Null, delay: Span::seconds(3) }),
    ];
    let answers = answers.into_iter().map(|(method, api, path, answer)| {
        assert!(["shop", "ehr"].contains(&api));
        (
            method,
            if api == "shop" && path == "/orders/*" {
                "shop/orders/*"
            } else if api == "shop" {
                "shop/customers/*"
            } else {
                "ehr/inbound"
            },
            answer,
        )
    });
    prop_oneof![
        9 => (text, channels()).prop_map(|(text, channel)| Move::Says(text, channel)),
        4 => (0usize..4, channels()).prop_map(|(n, channel)| Move::Presses(n, channel)),
        1 => channels().prop_map(Move::Shows),
        4 => prop::sample::select(events).prop_map(|(name, what)| Move::Happens(name, data(name, what))),
        1 => Just(Move::Begins),
        1 => Just(Move::Fails),
        3 => prop::sample::select(answers.collect::<Vec<_>>()).prop_map(|(m, t, a)| Move::Answers(m, t, a)),
        5 => prop::sample::select(spans.to_vec()).prop_map(|millis| Move::Passes(Span(millis))),
    ]
}

fn data(name: &str, what: &str) -> serde_json::Value {
    match name {
        "appointment.changed" => json!({
            "patient_phone": PHONE, "appointment_id": "A1", "event_type": what, "patient_first_name": "Ada: \"O\"",
            "provider_last_name": "Okoro", "appointment_datetime": "2026-03-09T14:30:00Z",
            "provider_callback_phone": "+442079460000",
        }),
        "payment.failed" | "payment.succeeded" => {
            json!({ "order_id": what, "amount": 499.5, "customer": { "phone": PHONE, "id": "007" } })
        }
        "parcel.delivered" => json!({ "phone": PHONE, "order": what }),
        "order.delivered" => json!({ "phone": PHONE, "order_id": what }),
        _ => json!({ "phone": PHONE, "email": what }),
    }
}

struct Talk {
    world: World,
    who: Address,
    flow: Slug,
}

impl Talk {
    fn new(flow: &str) -> Self {
        let (catalog, project) = &*SAMPLES;
        let mut world = World::new(catalog.clone(), project.clone(), MONDAY).remembering().reporting(Reports::Never);
        let phone = E164::parse(PHONE).expect("a number");
        world.fakes.fallback = Some(FakeAnswer::Refused);
        let who = Address::Phone(phone.clone());
        world.place(&who, &Record { phone: Some(phone), ..Record::default() });
        Talk { world, who, flow: Slug::parse(flow).expect("a name") }
    }

    fn writes(&mut self, channel: &str, text: &str, content: InboundContent) {
        let channel = ChannelName::parse(channel).expect("a channel");
        self.world.write(&self.who, &channel, text.to_owned(), content).expect("written");
    }

    fn play(&mut self, one: &Move) {
        match one {
            Move::Says(text, channel) => self.writes(channel, text, InboundContent::Text),
            Move::Presses(n, channel) => {
                let last = self.world.last.clone();
                let options = last.as_ref().map(|m| m.options()).unwrap_or_default();
                let Some((payload, title)) = options.get(*n) else { return };
                self.writes(channel, title, InboundContent::ButtonReply { payload: (*payload).to_owned() });
            }
            Move::Shows(channel) => {
                let place = Location { lat: 51.5, lon: -0.12, name: Some("a: b".into()), address: None };
                self.writes(channel, "", InboundContent::Location(place));
                let url = Some("https://example.org/a.jpg".to_owned());
                let media = vec![Media { url, content_type: Some("image/jpeg".into()), ..Media::default() }];
                self.writes(channel, "look, here", InboundContent::Media { kind: None, media });
            }
            Move::Happens(name, data) => {
                let name = EventName::parse(name).expect("a name");
                self.world.event(name, Value::from_json(data.clone()), None).expect("posted");
            }
            Move::Begins => {
                let name = |name: &str| Name::parse(name).expect("a name");
                let with = match self.flow.as_str() {
                    "feedback" => vec![(name("topic"), Value::text("the menu, of today"))],
                    _ => Vec::new(),
                };
                let begin = OperatorAction::Begin { flow: self.flow.clone(), with, sending: None };
                self.world.operator(&self.who, begin).expect("begun");
            }
            Move::Fails => drop(self.world.report(&self.who, DeliveryStatus::Failed).expect("reported")),
            Move::Answers(method, target, answer) => {
                let (api, path) = target.split_once('/').expect("a path");
                let (api, path) = (Slug::parse(api).expect("an api"), format!("/{path}"));
                let fake = Fake { method: (*method).to_owned(), api, path, answers: Answers::Always(answer.clone()) };
                self.world.fakes.add(&[fake], false);
            }
            Move::Passes(span) => self.world.wait(*span).expect("waited"),
        }
    }

    fn transcript(&self) -> Transcript {
        let about = About { inputs: self.world.inputs(), ..About::flow(self.flow.clone()) };
        let key = self.world.key(&self.who);
        Transcript::of(self.world.journal.iter().filter(|entry| entry.contact == key), &about)
    }
}

/// Plays a file and says what fails.
fn failures(source: &str) -> Vec<String> {
    let (catalog, project) = &*SAMPLES;
    let (script, found) = read_script(source, "it.test.yaml", &FLOWS);
    assert!(found.is_empty(), "{found:#?}\n{source}");
    let results = play(&script.expect("a script"), catalog, project, Texts::Compared, &mut Coverage::default());
    assert!(!results.is_empty(), "{source}");
    let failed = results.iter().filter_map(|case| case.failure.as_ref().map(|f| (case, f)));
    failed.map(|(case, f)| format!("{}: line {}: {}", case.title, f.at.line, f.message)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_global_rejects: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_took_place_passes_as_a_test(
        flow in prop::sample::select(FLOWS.to_vec()),
        moves in prop::collection::vec(moves(), 1..25),
    ) {
        let mut talk = Talk::new(flow);
        for one in &moves {
            talk.play(one);
        }
        let transcript = talk.transcript();
        prop_assume!(!transcript.is_empty() && transcript.lost.is_empty());
        let source = file_of(&transcript, "it: took place").source;
        let failed = failures(&source);
        prop_assert!(failed.is_empty(), "{:?}\n{}", failed, source);
        let twice = append(&source, &transcript, "it: took place").expect("appended");
        prop_assert_eq!(&twice.title, "it: took place 2");
        prop_assert!(twice.source.starts_with(source.trim_end()));
        prop_assert!(failures(&twice.source).is_empty());
    }
}

#[test]
fn a_chat_with_a_person_in_it_passes_as_a_case() {
    let source = "flow: agent\nlanguages: [en]\nchannels: [main-sms]\nstart: [ { keyword: person } ]\nbegin: agent\nstates:\n  agent:\n    handoff: { to: crew, say: One moment. }\n    save: note\n    go: { ok: { say: 'They said {{ note }}', end: handled }, silence: { after: 2h, end: nobody } }\n";
    let project = crate::support::project::of(
        "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n[teams.crew]\ntitle = \"Crew\"\n",
    );
    let mut sources = replyflow::flow::load::Sources::default();
    let file = replyflow::flow::version::SourceFile { file: "flows/agent.yaml".to_owned(), text: source.to_owned() };
    sources.flows.insert("agent".to_owned(), file);
    let checked = replyflow::flow::check::check_project(&sources, &project);
    let flows: Vec<_> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    let catalog = Arc::new(replyflow::flow::catalog::Catalog::new(flows, &current));
    let project = Arc::new(project);
    let address = Address::Phone(E164::parse(PHONE).expect("a number"));
    let channel = ChannelName::parse("main-sms").expect("a name");
    let world = World::new(catalog.clone(), project.clone(), MONDAY);
    let flow = Slug::parse("agent").expect("a name");
    let mut chat = replyflow::testing::chat::Chat::new(world, flow.clone(), address, channel);
    for line in [
        "/person too early",
        "person",
        "hello?",
        "/wait 1h",
        "/person I: \"Ann\" # 1",
        "thanks",
        "/resolve fine",
        "person",
        "/resolve",
    ] {
        chat.line(line);
    }
    let transcript = chat.transcript();
    assert!(transcript.lost.is_empty(), "{:?}", transcript.lost);
    let case = transcript.case("a person", 2);
    for step in
        ["- handoff: crew", "- person: \"I: \\\"Ann\\\" # 1\"", "- person: { resolve: \"fine\" }", "- person: { resolve: \"\" }"]
    {
        assert!(case.contains(step), "{step}\n{case}");
    }
    let file = format!("test: agent\ncases:\n{case}");
    let (script, diagnostics) = read_script(&file, "agent.test.yaml", &["agent"]);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{file}");
    for result in play(&script.expect("a script"), &catalog, &project, Texts::Compared, &mut Coverage::default()) {
        assert!(result.failure.is_none(), "{:?}\n{file}", result.failure);
    }
}
