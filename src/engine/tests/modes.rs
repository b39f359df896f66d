//! What makes a test contact, and that it stays one.

use super::driver::{Driver, PHONE, slug};
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::input::{Input, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::mode::Mode;
use crate::domain::time::Span;
use crate::engine::record::Record;

const ASKS: &str = r#"
flow: sample
start: [ { message: any } ]
begin: s
states:
  s:
    ask: Well?
    answer: yes_no
    go: { yes: { end: yes }, no: { end: no }, nomatch: { again: 1, end: odd }, silence: { after: 1h, say: Still there?, end: silent } }
"#;

fn driver(mode: Mode) -> Driver {
    let mut d = Driver::new(&[ASKS]);
    d.mode = mode;
    // A project with a channel that is none of the simulator's.
    d.project.channels.values_mut().for_each(|channel| channel.simulated = false);
    d
}

#[test]
fn what_comes_first_decides_and_the_journal_tells_it() {
    let mut d = driver(Mode::Test);
    assert_eq!(d.user("hello"), ["Well?"], "a test contact is talked with as any other, over any channel");
    assert!(d.record().test && !d.record().simulated && d.record().mode() == Mode::Test);
    assert_eq!(codec::mode_of(d.bytes()), Mode::Test);
    assert!(codec::decode::<Record>(d.bytes()).is_err(), "nobody reads it who does not ask for the mode");
    let told = |event: &Event| matches!(event, Event::Profile(profile) if profile.test && profile.mode() == Mode::Test);
    assert!(d.last.events.iter().any(told));
    // What was meant, and comes by an address, does not cross over.
    d.mode = Mode::Live;
    assert_eq!(d.user("yes"), Vec::<String>::new());
    let noted = |event: &Event| matches!(event, Event::Note { text, .. } if text.contains("test contact"));
    assert!(d.last.events.iter().any(noted), "{:?}", d.last.events);
    assert!(d.record().test);
    d.mode = Mode::Test;
    d.user("yes");
    assert!(d.record().runs.is_empty(), "its own answer is taken");
}

#[test]
fn nothing_of_test_happens_to_somebody_who_is_meant() {
    let mut d = driver(Mode::Live);
    d.user("hello");
    let before = d.record();
    assert!(!before.test);
    d.mode = Mode::Test;
    assert_eq!(d.user("yes"), Vec::<String>::new());
    assert_eq!((d.record().test, d.record().runs.len()), (false, 1), "{PHONE}");
    assert_eq!(codec::mode_of(d.bytes()), Mode::Live);
}

#[test]
fn the_clock_of_a_test_contact_can_be_moved_and_of_nobody_else_here() {
    for (mode, moved) in [(Mode::Test, true), (Mode::Live, false)] {
        let mut d = driver(mode);
        d.user("hello");
        d.turn(Some(Input::Operator(OperatorAction::MoveTime { by: Span::hours(2) })));
        let said = d.wait("5s");
        assert_eq!(said.contains(&"Still there?".to_owned()), moved, "{mode}: {said:?}");
        assert_eq!(d.record().clock.ahead >= Span::hours(1), moved);
    }
}

const REAL: &str = r#"
flow: real
channels: [main-whatsapp]
start: [ { event: order.paid, contact: "{{ event.phone }}" } ]
begin: s
states: { s: { say: Thank you, end: told } }
"#;

#[test]
fn whoever_a_simulator_plays_is_never_reached_over_a_real_channel() {
    for (real, said) in [(false, vec!["Thank you"]), (true, vec![])] {
        let mut d = Driver::new(&[ASKS, REAL]);
        d.project.channels["main-whatsapp"].simulated = !real;
        d.user("hello");
        d.user("yes");
        assert!(d.record().simulated && !d.record().test);
        assert_eq!(d.event("order.paid", serde_json::json!({ "phone": PHONE })), said);
        assert!(d.record().simulated, "and stays whoever it was");
    }
}

#[test]
fn what_was_said_in_the_place_of_somebody_is_not_theirs_when_they_are_met() {
    let mut d = Driver::new(&[ASKS]);
    d.project.channels["main-whatsapp"].simulated = false;
    d.user("hello");
    d.change(|record| {
        record.name = Some("Try".to_owned());
        record.tags.push(slug("vip"));
        record.consent = ChannelKind::Sms.stop_bit();
        record.stop = ChannelKind::Email.stop_bit();
    });
    assert_eq!(d.record().runs.len(), 1);
    d.kind = ChannelKind::WhatsApp;
    // The question was asked in the trial; for the person this is the first word.
    assert_eq!(d.user("good morning"), ["Well?"]);
    assert_eq!(d.ends(), ["interrupted"]);
    let record = d.record();
    assert!(!record.simulated && record.mode() == Mode::Live);
    assert_eq!((record.name, record.tags, record.consent), (None, vec![], 0));
    assert_eq!(record.stop, ChannelKind::Email.stop_bit(), "who wants no mail gets none");
}
