//! Answers of one message that are read into a value: days, times, phones, patterns, places.

use super::driver::{Driver, MONDAY};
use crate::domain::channel::ChannelKind;
use crate::domain::journal::Decision;
use crate::domain::message::{Inbound, InboundContent, Location, OutboundContent};
use crate::domain::time::Span;
use serde_json::json;

/// A flow that asks for this answer and keeps it; a wrong one leaves the question open.
fn asking(answer: &str) -> Driver {
    asking_with("{ }", answer)
}

fn asking_with(vars: &str, answer: &str) -> Driver {
    let flow = format!(
        "flow: x\nlanguages: [en]\nvars: {vars}\nstart: [{{ message: any }}]\nbegin: ask\nstates:\n  ask:\n    ask: Well?\n    \
         answer: {answer}\n    save: got\n    go:\n      ok: {{ say: 'Thank you.', end: done }}\n      \
         nomatch: {{ say: 'No.', again: 9, end: lost }}\n      silence: {{ after: 1d, end: silent }}\n"
    );
    let mut d = Driver::new(&[&flow]);
    d.user("hi");
    d
}

/// What the flow keeps of a reply; nothing if it asks again.
fn got(d: &mut Driver, reply: &str) -> Option<serde_json::Value> {
    match d.user(reply).as_slice() {
        [thanks] if thanks == "Thank you." => Some(d.last.ended[0].variables["got"].to_json()),
        [no] if no == "No." => None,
        other => panic!("{reply}: {other:?}"),
    }
}

fn reads(answer: &str, reply: &str) -> Option<serde_json::Value> {
    got(&mut asking(answer), reply)
}

#[test]
fn a_day_is_kept_within_its_ends() {
    assert_eq!(reads("date", "2026-03-05"), Some(json!("2026-03-05")));
    let answer = "{ date: { min: 2026-03-05, max: 2026-03-07 } }";
    assert_eq!(reads(answer, "2026-03-04"), None);
    assert_eq!(reads(answer, "2026-03-05"), Some(json!("2026-03-05")));
    assert_eq!(reads(answer, "2026-03-07"), Some(json!("2026-03-07")));
    assert_eq!(reads(answer, "2026-03-08"), None);
    assert_eq!(reads(answer, "no idea"), None);
}

#[test]
fn the_ends_are_computed_when_the_reply_is_read() {
    let mut d = asking("{ date: { min: '{{ today }}' } }");
    // It is Monday, the second; the reply comes on Tuesday.
    d.now = MONDAY + Span::hours(20);
    assert_eq!(got(&mut d, "2026-03-02"), None);
    assert_eq!(got(&mut d, "2026-03-03"), Some(json!("2026-03-03")));
    let mut d = asking("{ moment: { min: '{{ now + 1h }}' } }");
    d.now = d.now + Span::hours(5);
    assert_eq!(got(&mut d, "2026-03-02 15:59"), None);
    assert_eq!(got(&mut d, "2026-03-02 16:00"), Some(json!("2026-03-02T16:00:00Z")));
}

#[test]
fn a_day_as_the_end_of_a_moment_is_meant_whole_and_in_the_contacts_zone() {
    let mut d = asking("{ moment: { min: 2026-03-03, max: 2026-03-04 } }");
    d.change(|record| record.timezone = Some("America/New_York".to_owned()));
    assert_eq!(got(&mut d, "2026-03-02 23:59"), None);
    assert_eq!(got(&mut d, "2026-03-05 00:00"), None);
    assert_eq!(got(&mut d, "2026-03-04 23:59"), Some(json!("2026-03-05T04:59:00Z")));
}

#[test]
fn an_end_that_another_system_gave_is_read() {
    let vars = "{ first: '2026-03-05T08:00:00Z', last: null }";
    let mut d = asking_with(vars, "{ date: { min: '{{ first }}', max: '{{ last }}' } }");
    assert_eq!(got(&mut d, "2026-03-04"), None);
    assert_eq!(got(&mut d, "2027-03-05"), Some(json!("2027-03-05")));
    let mut d = asking_with("{ first: soon }", "{ date: { min: '{{ first }}' } }");
    assert_eq!(got(&mut d, "2026-03-04"), None, "what cannot be kept cannot be promised");
    assert_eq!(d.decision().1, "`min` of the answer is no date");
}

#[test]
fn a_time_is_kept_within_its_ends() {
    let answer = "{ time: { min: 10:00, max: 18:00 } }";
    assert_eq!(reads(answer, "09:59"), None);
    assert_eq!(reads(answer, "10:00"), Some(json!("10:00:00")));
    assert_eq!(reads(answer, "18:00"), Some(json!("18:00:00")));
    assert_eq!(reads(answer, "18:01"), None);
}

#[test]
fn a_phone_number_has_the_country_of_the_question_of_the_channel_or_of_the_project() {
    assert_eq!(reads("phone", "07700 900123"), Some(json!("+447700900123")), "the project is in GB");
    assert_eq!(reads("{ phone: { country: ES } }", "612 345 678"), Some(json!("+34612345678")));
    assert_eq!(reads("phone", "+34 612 345 678"), Some(json!("+34612345678")));
    assert_eq!(reads("phone", "12"), None);
    let mut d = asking("phone");
    d.project.channels.get_mut("main-sms").expect("a channel").country = Some("ES".to_owned());
    assert_eq!(got(&mut d, "612 345 678"), Some(json!("+34612345678")));
}

#[test]
fn an_email_address_is_kept() {
    assert_eq!(reads("email", "ada@example.org"), Some(json!("ada@example.org")));
    assert_eq!(reads("email", "ada at example"), None);
}

#[test]
fn a_pattern_describes_the_whole_message_and_gives_its_groups() {
    let flow = "flow: x\nlanguages: [en]\nstart: [{ message: any }]\nbegin: ask\nstates:\n  ask:\n    ask: Well?\n    \
                answer: { pattern: '([A-Z]{2})-?([0-9]{3})' }\n    save: got\n    go:\n      ok: said\n      \
                nomatch: { say: 'No.', again: 9, end: lost }\n  \
                said: { say: '{{ got }}: {{ reply.groups[0] }} and {{ reply.groups[1] }}', end: done }\n";
    let mut d = Driver::new(&[flow]);
    d.user("hi");
    assert_eq!(d.user("order AB-123"), ["No."]);
    assert_eq!(d.user(" AB123 "), ["AB123: AB and 123"]);
}

#[test]
fn a_place_is_asked_for_with_a_button_where_there_is_one() {
    let mut d = asking("location");
    assert!(matches!(&d.sends()[0].1.outbound.content, OutboundContent::Text { text } if text == "Well?"));
    assert_eq!(got(&mut d, "51.5, -0.12"), None, "a place is no text");
    d.kind = ChannelKind::WhatsApp;
    d.user("here");
    assert!(matches!(&d.sends()[0].1.outbound.content, OutboundContent::LocationRequest { text } if text == "No."));
    let place = Location { lat: 51.5, lon: -0.12, name: Some("Home".into()), address: None };
    let message = Inbound { content: InboundContent::Location(place), ..d.inbound("") };
    d.turn(Some(crate::domain::input::Input::Message(Box::new(message))));
    assert_eq!(d.said(), ["Thank you."]);
    let got = d.last.ended[0].variables["got"].to_json();
    assert_eq!(got, json!({ "lat": 51.5, "lon": -0.12, "name": "Home", "address": null }));
    assert_eq!(d.decision(), (Decision::Answer, "a place".to_owned()));
}
