//! Time of a simulated contact that is moved: the sample flows go as they go when it passes.

use crate::support::samples::SAMPLES;
use proptest::prelude::*;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::input::{ContactRef, OperatorAction};
use replyflow::domain::message::{DeliveryStatus, InboundContent};
use replyflow::domain::name::{ChannelName, EventName, Slug};
use replyflow::domain::time::{Millis, Span};
use replyflow::domain::value::Value;
use replyflow::engine::record::Record;
use replyflow::testing::{FakeAnswer, Outgoing, World};
use serde_json::json;

const PHONE: &str = "+447700900123";
/// 2026-03-02T10:00:00Z, a Monday.
const MONDAY: Millis = Millis(1_772_445_600_000);
/// Flows of the samples that call nothing.
const BEGIN: [&str; 3] = ["menu", "feedback", "nps"];

#[derive(Debug, Clone)]
enum Move {
    Says(&'static str, &'static str),
    Booked(&'static str),
    Begins(&'static str),
    Fails,
    Passes(Span),
}

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
        "order",
        "feedback",
        "42",
        "human",
        "language",
        "es",
        "9",
        "next tuesday",
        "at 10",
        "cancel appt",
        "move appt",
        "too slow",
        "stop",
        "start",
    ];
    let spans = [1, 30_000, 599_000, 600_000, 1_800_000, 7_200_000, 90_000_000, 400_000_000];
    let channels = prop::sample::select(vec!["main-sms", "main-whatsapp"]);
    prop_oneof![
        8 => (prop::sample::select(words), channels).prop_map(|(text, channel)| Move::Says(text, channel)),
        2 => prop::sample::select(vec!["BOOKED", "REMIND", "CANCELED"]).prop_map(Move::Booked),
        1 => prop::sample::select(BEGIN.to_vec()).prop_map(Move::Begins),
        1 => Just(Move::Fails),
        6 => prop::sample::select(spans.to_vec()).prop_map(|millis| Move::Passes(Span(millis))),
    ]
}

/// A message without its ids, which depend on how many turns there were.
fn shown(message: &Outgoing) -> String {
    let titles: Vec<&str> = message.options().into_iter().map(|(_, title)| title).collect();
    format!("{} {} {titles:?}", message.channel, message.text())
}

struct Side {
    world: World,
    who: Address,
    moved: bool,
}

impl Side {
    fn new(moved: bool) -> Self {
        let (catalog, project) = &*SAMPLES;
        let mut world = World::new(catalog.clone(), project.clone(), MONDAY);
        let phone = E164::parse(PHONE).expect("a number");
        world.fakes.fallback = Some(FakeAnswer::Refused);
        let who = Address::Phone(phone.clone());
        world.place(&who, &Record { phone: Some(phone), ..Record::default() });
        Side { world, who, moved }
    }

    fn play(&mut self, one: &Move) {
        match one {
            Move::Says(text, channel) => {
                let channel = ChannelName::parse(channel).expect("a channel");
                self.world.write(&self.who, &channel, (*text).to_owned(), InboundContent::Text).expect("written");
            }
            Move::Booked(kind) => {
                let data = json!({
                    "patient_phone": PHONE, "appointment_id": "A1", "event_type": kind, "patient_first_name": "Ada",
                    "provider_last_name": "Okoro", "appointment_datetime": "2026-03-09T14:30:00Z",
                    "provider_callback_phone": "+442079460000",
                });
                let name = EventName::parse("appointment.changed").expect("a name");
                self.world.event(name, Value::from_json(data), None::<ContactRef>).expect("posted");
            }
            Move::Begins(flow) => {
                let begin = OperatorAction::Begin { flow: Slug::parse(flow).expect("a name"), with: Vec::new(), sending: None };
                self.world.operator(&self.who, begin).expect("begun");
            }
            Move::Fails => drop(self.world.report(&self.who, DeliveryStatus::Failed).expect("reported")),
            Move::Passes(span) if self.moved => {
                self.world.operator(&self.who, OperatorAction::MoveTime { by: *span }).expect("moved");
                while self.record().clock.goal.is_some() {
                    self.world.wait(Span::millis(1)).expect("done");
                }
            }
            Move::Passes(span) => self.world.wait(*span).expect("waited"),
        }
    }

    fn record(&self) -> Record {
        self.world.record(&self.who).expect("a record")
    }

    /// What was seen since the last look, and how it stands.
    fn seen(&mut self) -> Vec<String> {
        let mut seen: Vec<String> = self.world.messages.drain(..).map(|m| shown(&m)).collect();
        seen.extend(self.world.ended.drain(..).map(|e| format!("{} {} {} {:?}", e.flow, e.end, e.reason, e.variables)));
        seen.extend(self.world.alerts.drain(..));
        seen.extend(self.world.called.drain(..).map(|c| format!("{} {} {:?}", c.method, c.path, c.json)));
        let record = self.record();
        seen.push(format!("{:?} {:?}", record.stop, record.positions(&SAMPLES.0, "menu")));
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_samples_go_the_same_whether_time_passes_or_is_moved(moves in prop::collection::vec(moves(), 1..30)) {
        let (mut real, mut moved) = (Side::new(false), Side::new(true));
        for one in &moves {
            real.play(one);
            moved.play(one);
            prop_assert_eq!(real.seen(), moved.seen(), "after {:?}", one);
        }
    }
}
