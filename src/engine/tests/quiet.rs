//! Marketing whose hours were over before it left, and reminders for which nobody asked.

use super::driver::{Driver, NEWS, PLAIN, ROUTED, flow, slug, with_notification};
use crate::config::project::Hours;
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::id::EffectId;
use crate::domain::input::{Delivery, Input};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::time::Span;

const QUIZ: &str = "flow: quiz
start: [ { keyword: quiz } ]
begin: a
states:
  a:
    ask: { notify: note }
    answer: { choice: { yes: Yes, no: No } }
    go: { yes: { end: yes }, else: { end: done }, nomatch: { again: 5, end: lost }, silence: { after: 5h, again: 2, end: lost }, undelivered: { end: undelivered } }
";

const SERVICE: &str = "notification: note\ntext: News.\n";

/// Marketing is sent from 9 to 14. It is Monday, 10:00, where the contact is.
fn driver(notification: &str) -> Driver {
    let mut d = Driver::of([NEWS, QUIZ].map(|source| with_notification(flow(source), notification)).to_vec());
    let at = |hour| jiff::civil::time(hour, 0, 0, 0);
    d.project.hours.insert(slug("day"), Hours { days: [(); 7].map(|()| vec![(at(9), at(14))]) });
    d.project.marketing_hours.default = Some(slug("day"));
    d.user("hello");
    d.change(|record| record.consent = 7);
    d
}

/// What was sent last, with what its contact is to hold.
fn sent(d: &Driver) -> (EffectId, Vec<u8>) {
    let (effect, send) = d.sends().pop().expect("was sent");
    (effect, codec::encode(&send.quiet.and_then(|quiet| quiet.back).expect("takes its hours along")))
}

/// It comes back, because its hours were over.
fn give_back(d: &mut Driver, (effect, back): (EffectId, Vec<u8>)) {
    let reason = Some(FailureReason::Superseded);
    let delivery = Delivery { effect, status: DeliveryStatus::Failed, reason, code: None, unsure: false, back: Some(back) };
    d.turn(Some(Input::Delivery(delivery)));
}

#[test]
fn marketing_takes_its_hours_along_and_nothing_else_does() {
    let mut d = driver(PLAIN);
    d.user("news");
    let quiet = d.sends()[0].1.quiet.clone().expect("its hours");
    assert_eq!(quiet.words(), "`day`");
    assert!(!quiet.is_over(&d.project, d.now) && quiet.is_over(&d.project, d.now + Span::hours(4)));
    d.project.hours.clear();
    assert!(!quiet.is_over(&d.project, d.now + Span::hours(4)), "hours that are no longer there forbid nothing");
    for (notification, hours) in [(SERVICE, true), (PLAIN, false)] {
        let mut d = driver(notification);
        if !hours {
            d.project.marketing_hours.default = None;
        }
        d.user("news");
        assert_eq!(d.sends()[0].1.quiet, None);
    }
}

#[test]
fn what_is_sent_besides_a_route_is_not_held() {
    let mut d = driver("notification: note\nkind: marketing\nroute: [sms]\nalso: [sms]\ntext: News. STOP ends it.\n");
    d.user("news");
    let back: Vec<bool> = d.sends().iter().map(|(_, send)| send.quiet.as_ref().expect("its hours").back.is_some()).collect();
    assert_eq!(back, [false, true]);
}

#[test]
fn a_word_that_comes_back_leaves_when_its_hours_begin_and_is_counted_once() {
    for notification in [PLAIN, ROUTED] {
        let mut d = driver(notification);
        d.project.caps = vec![super::broadcasts::cap(1, Span::days(7))];
        assert_eq!(d.user("news").len(), 1);
        let message = sent(&d);
        d.wait("4h");
        give_back(&mut d, message);
        assert!(d.said().is_empty(), "{notification}");
        assert_eq!(d.user("hello").len(), 0);
        assert_eq!(d.wait("18h").len(), 0);
        assert_eq!(d.wait("2h"), ["News. STOP ends it."], "{notification}: at nine, and no cap stands against it");
        assert_eq!(d.record().marketing.len(), 1);
    }
}

#[test]
fn what_has_moved_on_or_was_answered_does_not_come_back() {
    let mut d = driver(ROUTED);
    d.kind = ChannelKind::WhatsApp;
    d.user("hello");
    d.user("news");
    let first = sent(&d);
    assert_eq!(d.wait("1h").len(), 1, "the next of its route");
    give_back(&mut d, first);
    assert!(d.said().is_empty(), "it was given up, and has left over the next one");
    assert_eq!(d.wait("1d").len(), 0);
    let mut d = driver(PLAIN);
    d.user("quiz");
    let question = sent(&d);
    d.user("yes");
    assert_eq!(d.ends(), ["yes"]);
    give_back(&mut d, question);
    assert_eq!(d.wait("1d").len(), 0);
}

#[test]
fn a_question_that_comes_back_is_asked_when_its_hours_begin_and_its_time_counts_from_then() {
    for notification in [PLAIN.to_owned(), ROUTED.replace("within: 1h\n", "")] {
        let mut d = driver(&notification);
        assert_eq!(d.user("quiz").len(), 1);
        let question = sent(&d);
        d.wait("4h");
        give_back(&mut d, question);
        assert_eq!(d.wait("18h").len(), 0, "{notification}: nobody is reminded of what was not asked");
        assert_eq!(d.wait("2h").len(), 1, "{notification}");
        d.user("yes");
        assert_eq!(d.ends(), ["yes"], "{notification}");
    }
}

#[test]
fn a_reminder_waits_for_the_hours_and_an_answer_does_not() {
    let mut d = driver(PLAIN);
    assert_eq!(d.user("quiz").len(), 1);
    assert_eq!(d.wait("5h").len(), 0, "three in the afternoon: nobody asked for it");
    assert_eq!(d.user("perhaps").len(), 1, "whoever writes gets the question again");
    assert_eq!(d.sends()[0].1.quiet, None);
    let mut d = driver(PLAIN);
    d.user("quiz");
    d.wait("5h");
    assert_eq!(d.wait("17h").len(), 0);
    assert_eq!(d.wait("1h").len(), 1, "at nine");
}
