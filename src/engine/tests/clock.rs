//! The clock of a simulated contact: a conversation whose time is moved goes as one whose time passes.

use super::driver::{Driver, MONDAY, PHONE, text_of};
use super::purity::FLOWS;
use crate::domain::channel::ChannelKind;
use crate::domain::id::EffectId;
use crate::domain::input::{CallOutcome, ContactRef, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::outbound::OutboundContent;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::engine::effect::Effect;
use crate::engine::is_simulated;
use proptest::prelude::*;
use serde_json::json;

const QUESTION: &str = "\
flow: question
start: [ { message: any } ]
begin: ask
states:
  ask:
    ask: Are you there?
    answer: yes_no
    go: { yes: pause, no: { end: no }, nomatch: { again: 1, end: lost }, silence: { after: 1h, say: 'Hello?', again: 1, end: silent } }
  pause: { wait: 30m, go: { ok: call } }
  call: { call: { api: shop, get: /x }, go: { ok: { say: Done., end: done }, failed: { end: failed } } }
";

impl Driver {
    /// Moves the clock and does all turns that follow until it stands or a call is pending.
    fn move_time(&mut self, span: Span) -> Vec<String> {
        let mut said = self.operator(OperatorAction::MoveTime { by: span });
        said.extend(self.settle_clock());
        said
    }

    fn settle_clock(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        while self.record().clock.goal.is_some() && !self.record().hold() {
            let alarm = self.last.alarm.expect("it goes on at once");
            assert!(alarm <= self.now + Span::millis(1), "at once, by the store's clock");
            self.now = alarm.max(self.now);
            self.turn(None);
            said.extend(self.said());
        }
        said
    }
}

fn notes(d: &Driver) -> String {
    d.notes().join(" ")
}

#[test]
fn timers_fire_at_their_moments_and_what_leaves_is_by_the_stores_clock() {
    let mut d = Driver::new(&[QUESTION]);
    assert_eq!(d.user("hi"), ["Are you there?"]);
    assert_eq!(d.last.alarm, Some(MONDAY + Span::hours(1)));
    d.operator(OperatorAction::MoveTime { by: Span::hours(4) });
    assert_eq!(d.record().clock.ahead, Span(0), "the turns that follow move it");
    d.now = d.last.alarm.expect("at once");
    d.turn(None);
    assert_eq!(d.said(), ["Hello?"]);
    let sent = d.sends();
    assert!(sent.iter().all(|(_, send)| send.at == d.now), "the outbox knows only the store's clock");
    assert_eq!(d.last.events.first(), Some(&Event::TimeMoved { by: Span::hours(1) - 1 }));
    assert!(d.settle_clock().is_empty());
    assert_eq!(d.record().last, MONDAY + Span::hours(4));
    assert!(d.record().runs.is_empty(), "the second silence ended it");
}

impl std::ops::Sub<i64> for Span {
    type Output = Span;
    fn sub(self, millis: i64) -> Span {
        Span(self.0 - millis)
    }
}

#[test]
fn alarms_of_a_moved_contact_are_set_by_the_stores_clock() {
    let mut d = Driver::new(&[QUESTION]);
    d.user("hi");
    d.move_time(Span::minutes(30));
    let now = d.now;
    assert_eq!(d.last.alarm, Some(now + Span::minutes(30)));
    // The question was answered when half an hour of its hour was over; half an hour of the pause goes by for real.
    d.user("yes");
    assert_eq!(d.last.alarm, Some(now + Span::minutes(30)));
    assert!(d.wait("31m").is_empty());
    assert!(d.record().hold());
}

#[test]
fn a_message_that_comes_while_the_clock_moves_comes_after_it() {
    let mut d = Driver::new(&[QUESTION]);
    d.user("hi");
    d.operator(OperatorAction::MoveTime { by: Span::minutes(90) });
    assert_eq!(d.user("no"), ["Hello?"]);
    assert_eq!(d.ends(), ["no"]);
    assert_eq!(d.record().clock.goal, None);
    assert_eq!(d.record().last, MONDAY + Span::minutes(90));
}

#[test]
fn the_clock_stands_while_a_call_is_pending_and_then_goes_on() {
    let mut d = Driver::new(&[QUESTION]);
    d.user("hi");
    d.user("yes");
    assert!(d.move_time(Span::hours(3)).is_empty());
    let (effect, call) = d.calls().pop().expect("a call");
    assert!(d.record().hold() && d.record().clock.goal.is_some());
    assert_eq!(call.at, d.now);
    assert!(d.last.alarm.expect("an alarm") > d.now + Span::minutes(1), "only the call's own timer");
    assert_eq!(d.answers(effect, 200, json!({})), ["Done."]);
    d.settle_clock();
    assert_eq!(d.record().last, MONDAY + Span::hours(3));
}

#[test]
fn only_contacts_of_a_simulator_have_a_clock_that_can_be_moved() {
    let mut d = Driver::new(&[QUESTION]);
    let real = |d: &mut Driver, name: &str| d.project.channels[name].simulated = false;
    real(&mut d, "main-whatsapp");
    d.operator(OperatorAction::MoveTime { by: Span::hours(1) });
    assert!(
        notes(&d).contains("only a test contact, and one that is known over simulated channels alone"),
        "nobody knows who that will be"
    );
    d.user("hi");
    assert!(is_simulated(&d.record(), &d.project));
    d.move_time(Span::minutes(10));
    assert!(d.record().clock.ahead > Span::minutes(9));
    // One word over the real channel, and it is a real person.
    d.kind = ChannelKind::WhatsApp;
    d.user("hm");
    assert!(!is_simulated(&d.record(), &d.project));
    d.operator(OperatorAction::MoveTime { by: Span::hours(1) });
    assert!(notes(&d).contains("The clock was not moved"));
    d.kind = ChannelKind::Sms;
    d.user("yes");
    assert!(!is_simulated(&d.record(), &d.project), "for good");
}

#[test]
fn a_contact_of_another_system_does_not_become_simulated_by_a_message_from_the_simulator() {
    let mut d = Driver::new(&[FLOWS[2]]);
    d.project.channels["main-whatsapp"].simulated = false;
    d.event("failed", json!({ "phone": PHONE, "order": "7" }));
    d.user("hi");
    assert!(!is_simulated(&d.record(), &d.project));
}

#[test]
fn a_word_over_a_real_channel_makes_a_contact_real() {
    let mut d = Driver::new(&[QUESTION]);
    d.project.channels["main-whatsapp"].simulated = false;
    d.user("hi");
    assert!(d.record().simulated);
    d.change(|record| record.runs.clear());
    d.kind = ChannelKind::WhatsApp;
    d.user("hi");
    assert!(!d.record().simulated);
}

#[test]
fn moves_are_bounded() {
    let minutely = "flow: m\nstart: [ { message: any } ]\nexpires: 300d\nbegin: w\nstates: { w: { wait: 1m, go: { ok: w } } }\n";
    let mut d = Driver::new(&[minutely]);
    d.user("hi");
    for (by, why) in [(Span(0), "only goes on"), (Span(-5), "only goes on"), (limits::MOVE_TIME - -1, "is more than")] {
        d.operator(OperatorAction::MoveTime { by });
        assert!(notes(&d).contains(why), "{by}: {}", notes(&d));
        assert_eq!(d.record().clock.goal, None);
    }
    d.move_time(limits::MOVE_TIME);
    let timers = i64::from(limits::TIMERS_PER_MOVE);
    assert!(notes(&d).contains("it met 1000 timers"));
    let ahead = d.record().last - MONDAY;
    assert_eq!(ahead, Span::minutes(timers));
    let mut d = Driver::new(&[QUESTION]);
    d.user("hi");
    for _ in 0..10 {
        d.move_time(limits::MOVE_TIME);
    }
    d.operator(OperatorAction::MoveTime { by: limits::MOVE_TIME });
    assert!(notes(&d).contains("ahead"), "{}", notes(&d));
}

#[test]
fn an_operator_says_who_somebody_is_and_which_language_is_spoken() {
    let mut d = Driver::new(&[QUESTION]);
    let channel = super::driver::slug("main-sms");
    let phone = crate::domain::address::E164::parse(PHONE);
    let meet = |language| ContactRef { phone: phone.clone(), language: Language::parse(language), ..ContactRef::default() };
    for language in ["es", "en"] {
        d.operator(OperatorAction::Meet { channel: channel.clone(), who: meet(language) });
        let changed = Event::ContactChanged { name: "language".to_owned(), value: Value::text(language), by: None };
        assert_eq!(d.last.events[0], changed);
        assert!(matches!(&d.last.events[1..], [Event::Profile(_)]), "{:?}", d.last.events);
    }
    assert_eq!((d.record().phone.clone(), d.record().language), (phone.clone(), Some(Language::EN)));
    assert!(d.record().simulated);
    let flow = super::driver::slug("question");
    d.operator(OperatorAction::Begin { flow, with: Vec::new(), sending: None });
    assert_eq!(d.said(), ["Are you there?"]);
}

#[derive(Debug, Clone)]
enum Move {
    Says(&'static str, bool),
    Taps(usize),
    Event(&'static str, u8),
    Fails(usize),
    Passes(i64),
}

fn moves() -> impl Strategy<Value = Move> {
    let words =
        prop::sample::select(vec!["buy", "buy x1", "a", "b", "c", "1", "2", "yes", "no", "where", "menu", "other", "why not"]);
    prop_oneof![
        6 => (words, any::<bool>()).prop_map(|(text, sms)| Move::Says(text, sms)),
        2 => (0usize..4).prop_map(Move::Taps),
        3 => (prop::sample::select(vec!["failed", "paid"]), 0u8..3).prop_map(|(name, order)| Move::Event(name, order)),
        1 => (0usize..3).prop_map(Move::Fails),
        6 => prop::sample::select(vec![1i64, 700, 5_000, 61_000, 1_200_000, 7_200_000, 30_000_000, 86_400_000]).prop_map(Move::Passes),
    ]
}

/// One of the two conversations that are compared.
struct Side {
    d: Driver,
    moved: bool,
    taps: Vec<String>,
    awaited: Vec<EffectId>,
    seen: Vec<String>,
}

impl Side {
    fn new(moved: bool) -> Self {
        Side { d: Driver::new(&FLOWS), moved, taps: Vec::new(), awaited: Vec::new(), seen: Vec::new() }
    }

    /// Writes down the turn that was just done, and answers its calls at once.
    fn note(&mut self) {
        loop {
            let at = self.d.record().last;
            for (_, send) in self.d.sends() {
                let buttons = match &send.outbound.content {
                    OutboundContent::Buttons { buttons, .. } => buttons.iter().map(|b| b.title.clone()).collect(),
                    _ => Vec::new(),
                };
                self.seen.push(format!("{} {}: {} {buttons:?}", at.0, send.channel, text_of(&send.outbound.content)));
            }
            self.seen.extend(self.d.ends().iter().map(|end| format!("{} end {end}", at.0)));
            self.seen.extend(self.d.alerts().iter().map(|say| format!("{} alert {say}", at.0)));
            self.awaited.extend(self.d.last.await_add.iter().copied());
            let buttons = self.d.buttons();
            if !buttons.is_empty() {
                self.taps = buttons.into_iter().map(|(payload, _)| payload).chain(self.taps.drain(..)).take(6).collect();
            }
            let calls = self.d.last.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Call(_)));
            let Some(id) = calls.map(|(id, _)| *id).next_back() else { return };
            let status = if self.seen.len().is_multiple_of(3) { 404 } else { 200 };
            self.d.called(id, CallOutcome::Answered { status, body: Value::from_json(json!({ "x": 1 })) });
        }
    }

    fn play(&mut self, one: &Move) {
        match one {
            Move::Says(text, sms) => {
                self.d.kind = if *sms { ChannelKind::Sms } else { ChannelKind::WhatsApp };
                self.d.user(text);
            }
            Move::Taps(which) => {
                let Some(payload) = self.taps.get(*which).cloned() else { return };
                self.d.press(&payload);
            }
            Move::Event(name, order) => drop(self.d.event(name, json!({ "phone": PHONE, "order": format!("o{order}") }))),
            Move::Fails(which) => {
                let Some(effect) = self.awaited.iter().rev().nth(*which).copied() else { return };
                self.d.undelivered(effect);
            }
            Move::Passes(millis) if self.moved => {
                self.d.operator(OperatorAction::MoveTime { by: Span(*millis) });
                while self.d.record().clock.goal.is_some() {
                    self.d.now = self.d.last.alarm.expect("at once");
                    self.d.turn(None);
                    self.note();
                }
                return;
            }
            Move::Passes(millis) => {
                let until = self.d.now + Span(*millis);
                while let Some(at) = self.d.record().alarm().filter(|at| *at <= until) {
                    self.d.now = self.d.now.max(at);
                    self.d.turn(None);
                    self.note();
                }
                self.d.now = until;
                return;
            }
        }
        self.note();
    }

    fn stands(&self) -> Vec<String> {
        let positions = self.d.record().positions(&self.d.catalog, "shop");
        positions.into_iter().map(|(state, variables)| format!("{state} {variables:?}")).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn time_that_is_moved_is_as_time_that_passes(moves in prop::collection::vec(moves(), 1..40)) {
        let (mut real, mut moved) = (Side::new(false), Side::new(true));
        for one in &moves {
            real.play(one);
            moved.play(one);
            prop_assert_eq!(&real.seen, &moved.seen, "after {:?}", one);
            prop_assert_eq!(real.stands(), moved.stands(), "after {:?}", one);
        }
        prop_assert!(moved.d.now <= real.d.now);
    }
}
