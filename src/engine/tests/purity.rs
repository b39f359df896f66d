//! Whatever comes, in whatever order: no panic, bounds hold, the record can be read back, the same again is the same.
//! The driver does every turn twice and compares.

use super::driver::{Driver, PHONE};
use crate::domain::broadcast::{BroadcastId, Reentry, Sending};
use crate::domain::channel::ChannelKind;
use crate::domain::id::EffectId;
use crate::domain::input::{CallOutcome, Input, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::time::Span;
use crate::engine::TurnError;
use crate::engine::effect::Effect;
use proptest::prelude::*;
use serde_json::json;

pub const FLOWS: [&str; 6] = [
    "\
flow: shop
needs: { order: { type: text, default: none } }
vars: { n: 0 }
start:
  - keyword: [buy, 'buy *']
    with: { order: '{{ reply.rest ?? 1 }}' }
  - event: failed
    contact: '{{ event.phone }}'
    key: '{{ event.order }}'
    repeat: restart
    with: { order: '{{ event.order }}' }
anytime:
  - { event: paid, contact: '{{ event.phone }}', key: '{{ event.order }}', go: thanks }
  - { keyword: where, set: { n: '{{ n + 1 }}' }, again: true }
  - { command: menu, go: ask }
begin: call
states:
  call: { call: { api: shop, get: '/o/{{ order }}' }, save: o, go: { ok: ask, 404: thanks, failed: ask } }
  ask:
    ask: 'Order {{ order }} {{ visits.ask }}'
    answer: { choice: { a: 'A{{ n }}', b: { label: B, if: 'n < 2' }, c: { label: C, also: [sea] } } }
    go:
      a: sub
      b: { say: hm, again: 2, go: wait }
      c: text
      nomatch: { say: 'No.', again: 3, end: lost }
      silence: { after: 2h, say: 'Hello?', again: 1, end: silent }
      undelivered: { alert: lost, go: wait }
  sub: { run: { flow: sub, with: { n: '{{ n }}' } }, go: { done: wait, else: ask, failed: wait } }
  text: { ask: Why?, answer: { text: { gather: 5s, min: 2 } }, save: o, go: { ok: wait, silence: { after: 1h, end: silent }, nomatch: { again: 1, end: lost } } }
  wait: { wait: { event: paid, key: '{{ order }}' }, go: { ok: thanks, silence: { after: 3h, go: ask } } }
  thanks: { do: [ { say: Thanks. }, { emit: paid }, { set: { contact.vip: true } } ], end: done }
",
    "\
flow: sub
needs: { n: number }
expires: 5h
begin: q
states:
  q: { ask: 'Sub {{ n }}?', answer: yes_no, go: { yes: { end: done }, no: { end: no }, silence: { after: 6h, end: silence } } }
",
    "\
flow: other
start: [ { keyword: other }, { event: failed, contact: '{{ event.phone }}', key: '{{ event.order }}', repeat: another } ]
begin: w
states: { w: { wait: 20m, go: { ok: q } }, q: { ask: Other?, answer: any, save: r, go: { ok: { end: done }, silence: { after: 1h, end: silent } } } }
",
    "\
flow: catch
start: [ { message: any, if: 'contact.vip' } ]
begin: s
states: { s: { say: 'Hello {{ contact.name ?? contact.phone }}', end: done } }
",
    "\
flow: batch
start: [ { event: paid, contact: '{{ event.phone }}', key: '{{ event.order }}' } ]
begin: c
states:
  c: { digest: { event: paid, for: 2h, max: 3, extend: 20m }, save: all, go: { ok: s } }
  s: { say: '{{ len(all) }} of {{ all[0].order }}', go: agent }
  agent: { handoff: { to: team, say: Wait. }, save: note, go: { ok: { say: 'So: {{ note }}', end: ok }, silence: { after: 3h, say: Nobody., go: c } } }
",
    "\
flow: agent
start: [ { keyword: agent } ]
expires: 20h
begin: a
states: { a: { handoff: { to: team, note: 'now {{ contact.phone }}' }, go: { ok: { end: ok }, silence: { after: 30h, say: Nobody., end: none } } } }
",
];

#[derive(Debug, Clone)]
enum Move {
    Says(String, bool),
    Taps(u8),
    Event(&'static str, u8),
    CallEnds(u8, u16),
    Fails(u8),
    Waits(i64),
    Operator(bool),
    Person(u8),
    Broadcast(&'static str, bool),
}

fn moves() -> impl Strategy<Value = Move> {
    let words = prop::sample::select(vec![
        "buy", "buy x1", "a", "b", "c", "1", "2", "3", "yes", "no", "where", "menu", "other", "stop", "start", "help", "sea",
        "why not", "", "agent",
    ]);
    prop_oneof![
        6 => (words.prop_map(str::to_owned), any::<bool>()).prop_map(|(text, sms)| Move::Says(text, sms)),
        1 => ("\\PC{0,20}", any::<bool>()).prop_map(|(text, sms)| Move::Says(text, sms)),
        2 => (0u8..4).prop_map(Move::Taps),
        3 => (prop::sample::select(vec!["failed", "paid", "unknown"]), 0u8..3).prop_map(|(name, order)| Move::Event(name, order)),
        3 => (0u8..3, prop::sample::select(vec![200u16, 404, 500, 0])).prop_map(|(which, status)| Move::CallEnds(which, status)),
        2 => (0u8..3).prop_map(Move::Fails),
        4 => prop::sample::select(vec![1i64, 5_000, 1_200_000, 7_200_000, 86_400_000]).prop_map(Move::Waits),
        1 => any::<bool>().prop_map(Move::Operator),
        2 => (0u8..4).prop_map(Move::Person),
        2 => (prop::sample::select(vec!["shop", "other", "sub", "batch", "catch", "gone"]), any::<bool>())
            .prop_map(|(flow, again)| Move::Broadcast(flow, again)),
    ]
}

/// Everything that must hold after any turn.
fn check(d: &Driver, (live, open): &mut (i64, i64)) {
    let record = d.record();
    // What a broadcast asks for begins, waits, or is refused with a word: nothing else.
    for event in &d.last.events {
        *open += match event {
            Event::Begun { sending: Some(_), .. } => 1,
            Event::RunStarted { sending: Some(_), .. } | Event::Skipped(_) => -1,
            _ => 0,
        };
    }
    let waits = record.waiting.iter().filter(|waiting| waiting.sending.is_some()).count();
    assert_eq!(*open, waits as i64, "a broadcast is never silent: {:?}", d.last.events);
    *live += d.last.live.iter().map(|(_, n)| *n).sum::<i64>();
    let frames: usize = record.runs.iter().map(|run| run.frames.len()).sum();
    assert_eq!(*live, (frames + record.waiting.len()) as i64, "live runs are counted");
    assert!(record.runs.iter().filter(|run| run.question().is_some()).count() <= 1, "one question at a time");
    assert!(record.runs.len() <= limits::RUNS_PER_CONTACT);
    assert!(record.acts.len() <= limits::PERSON_ACTS);
    assert!(d.last.effects.len() <= limits::EFFECTS_PER_TURN);
    assert!(d.bytes().len() <= limits::RECORD_BYTES);
    assert_eq!((d.last.hold, d.last.alarm, d.last.stop), (record.hold(), record.alarm(), record.stop));
    assert!(record.runs.is_empty() || d.last.alarm.is_some(), "a live run is never forgotten");
    // What was due before the STOP was decided before it: it is refused when it would leave.
    let sends = d.last.effects.iter().filter_map(|(_, effect)| if let Effect::Send(send) = effect { Some(send) } else { None });
    let sends: Vec<_> = sends.collect();
    let before = sends.iter().position(|send| send.is_stop_confirmation()).unwrap_or(0);
    for send in &sends[before..] {
        assert!(!record.is_stopped(send.kind) || send.is_stop_confirmation(), "never to somebody who opted out: {send:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_rules(moves in prop::collection::vec(moves(), 1..40)) {
        let mut d = Driver::new(&FLOWS);
        let mut live = (0, 0);
        let mut awaited: Vec<EffectId> = Vec::new();
        let mut calls: Vec<EffectId> = Vec::new();
        let mut taps: Vec<String> = Vec::new();
        for one in moves {
            match one {
                // Held contacts get only priority inputs, as from the store.
                Move::Says(_, _) | Move::Taps(_) | Move::Event(..) if d.record().hold() => continue,
                Move::Says(text, sms) => {
                    d.kind = if sms { ChannelKind::Sms } else { ChannelKind::WhatsApp };
                    d.user(&text);
                }
                Move::Taps(which) => {
                    let Some(payload) = taps.get(usize::from(which)).cloned() else { continue };
                    d.press(&payload);
                }
                Move::Event(name, order) => drop(d.event(name, json!({ "phone": PHONE, "order": format!("o{order}") }))),
                Move::CallEnds(which, status) => {
                    let Some(effect) = calls.iter().rev().nth(usize::from(which)).copied() else { continue };
                    match status {
                        0 => d.called(effect, CallOutcome::Failed { why: "timeout".into() }),
                        status => d.answers(effect, status, json!({ "x": [1, 2] })),
                    };
                }
                Move::Fails(which) => {
                    let Some(effect) = awaited.iter().rev().nth(usize::from(which)).copied() else { continue };
                    d.undelivered(effect);
                }
                Move::Waits(millis) => {
                    let until = d.now + Span(millis);
                    while let Some(at) = d.record().alarm().filter(|at| *at <= until) {
                        d.now = d.now.max(at);
                        d.turn(None);
                        check(&d, &mut live);
                    }
                    d.now = until;
                    d.last = Default::default();
                    continue;
                }
                Move::Person(what) => {
                    let by = "ann".to_owned();
                    drop(d.operator(match what {
                        0 => OperatorAction::Take { by },
                        1 => OperatorAction::Write { by, text: "I am Ann".to_owned(), channel: None },
                        _ => OperatorAction::Resolve { by, note: Some("fine".to_owned()) },
                    }));
                }
                Move::Operator(true) => drop(d.operator(OperatorAction::EndRuns)),
                Move::Operator(false) => {
                    let flow = super::driver::slug("other");
                    drop(d.operator(OperatorAction::Begin { flow, with: Vec::new(), sending: None }));
                }
                // The store holds it back as long as a call is pending.
                Move::Broadcast(..) if d.record().hold() => continue,
                Move::Broadcast(flow, again) => {
                    let reentry = if again { Reentry::Always } else { Reentry::Never };
                    let sending = Some(Box::new(Sending { reentry, ..Sending::by(BroadcastId::of(1)) }));
                    drop(d.operator(OperatorAction::Begin { flow: super::driver::slug(flow), with: Vec::new(), sending }));
                }
            }
            check(&d, &mut live);
            calls.extend(d.calls().iter().map(|(id, _)| *id));
            awaited.extend(&d.last.await_add);
            let buttons = d.buttons();
            if !buttons.is_empty() {
                taps = buttons.into_iter().map(|(payload, _)| payload).chain(taps).take(6).collect();
            }
        }
    }

    #[test]
    fn no_message_and_no_record_makes_a_turn_panic(
        text in "\\PC{0,60}", payload in "\\PC{0,20}", kind in 0usize..5, bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut d = Driver::new(&FLOWS);
        d.user("buy");
        let content = match kind {
            0 => InboundContent::ButtonReply { payload },
            1 => InboundContent::OptOut { word: payload, scope: None },
            2 => InboundContent::Unsupported { kind: payload },
            3 => InboundContent::RequestWelcome,
            _ => InboundContent::Text,
        };
        let message = Inbound { content, ..d.inbound(&text) };
        d.turn(Some(Input::Message(Box::new(message))));
        if let Ok(mut record) = crate::domain::codec::decode::<crate::engine::record::Record>(&bytes) {
            let context = crate::engine::Context { catalog: &d.catalog, project: &d.project, barred: &crate::domain::suppression::NOT_BARRED };
            let now = d.now;
            let result = crate::engine::turn(&context, &mut record, crate::domain::id::Token(1), Driver::key(), None, now);
            prop_assert!(!matches!(result, Err(TurnError::TooLarge(_))));
        }
    }
}
