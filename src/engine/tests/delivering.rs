//! What waits for a notification on its way: `deliver`, and questions.

use super::driver::{Driver, flow, with_notification};
use crate::domain::input::OperatorAction;
use crate::domain::message::DeliveryStatus::{Delivered, Failed};
use crate::domain::message::OutboundContent;
use crate::domain::outbound::TemplateButton;

const DELIVERS: &str = "flow: delivers
start: [ { keyword: go } ]
begin: a
states:
  a:
    deliver: { notify: note, until: delivered, within: 10m }
    save: by
    go: { ok: b, undelivered: { say: Not there, end: lost } }
  b: { say: 'By {{ by }}', end: done }
";

pub(super) fn delivers() -> Driver {
    let notification = "notification: note\nroute: [whatsapp, sms]\nwithin: 2m\nuntil: delivered\ntext: Note\nwhatsapp: { approved: { name: n, languages: { en: en } } }\n";
    Driver::of(vec![with_notification(flow(DELIVERS), notification)])
}

#[test]
fn deliver_goes_on_with_the_channel_that_succeeded() {
    let mut d = delivers();
    d.user("go");
    assert_eq!(d.over(), ["main-whatsapp"]);
    let first = d.last_send();
    d.wait("2m");
    assert_eq!(d.over(), ["main-sms"]);
    d.report(first, Delivered);
    assert_eq!((d.said(), d.ends()), (vec!["By main-whatsapp".to_owned()], vec!["done"]), "a late success is one");
    d.nothing_left();
}

#[test]
fn deliver_is_undelivered_when_its_route_is_used_up() {
    let mut d = delivers();
    d.user("go");
    d.report(d.last_send(), Failed);
    assert_eq!(d.over(), ["main-sms"]);
    d.wait("9m");
    assert_eq!(d.at("delivers"), ["a"], "the last has the time that `deliver` gives");
    assert_eq!(d.wait("1m"), ["Not there"]);
    assert_eq!(d.ends(), ["lost"]);
    d.nothing_left();
    let mut d = delivers();
    d.change(|record| record.stop = 0);
    d.project.channels.clear();
    d.user("go");
    assert_eq!(d.ends(), ["lost"], "nothing can carry it");
}

#[test]
fn a_run_that_ends_takes_what_it_waits_for_with_it() {
    let mut d = delivers();
    d.user("go");
    let first = d.last_send();
    d.operator(OperatorAction::EndRuns);
    d.nothing_left();
    d.report(first, Failed);
    assert_eq!((d.over(), d.wait("1d")), (vec![], vec![]));
}

pub(super) const ASKS: &str = "flow: asks
start: [ { keyword: go } ]
begin: a
states:
  a:
    ask: { notify: note }
    answer: { choice: { yes_please: Yes, later: Not now } }
    go:
      yes_please: { say: Fine, end: fine }
      later: { end: later }
      silence: { after: 1h, end: silent }
      undelivered: { end: lost }
";

pub(super) fn asks(notification: &str) -> Driver {
    Driver::of(vec![with_notification(flow(ASKS), notification)])
}

pub(super) const QUESTION: &str = "notification: note
route: [whatsapp, sms]
until: delivered
within: 2m
text: Well?
whatsapp: { approved: { name: q, languages: { en: en }, buttons: [yes_please, later] } }
";

#[test]
fn a_question_moves_on_along_its_route_and_a_tap_on_the_template_is_an_answer() {
    let mut d = asks(QUESTION);
    d.user("go");
    let OutboundContent::Template { buttons, .. } = d.sends()[0].1.outbound.content.clone() else { panic!("no template") };
    let TemplateButton::Reply { payload } = &buttons[0].1 else { panic!("no reply") };
    d.wait("2m");
    assert_eq!((d.over(), d.said()), (vec!["main-sms".to_owned()], vec!["Well?\n1 Yes\n2 Not now".to_owned()]));
    d.kind = crate::domain::channel::ChannelKind::WhatsApp;
    assert_eq!((d.press(payload), d.ends()), (vec!["Fine".to_owned()], vec!["fine"]), "either message can be answered");
    d.nothing_left();
    // What Twilio gives back is what the template was approved with: the choice alone.
    let mut d = asks(QUESTION);
    d.user("go");
    d.kind = crate::domain::channel::ChannelKind::WhatsApp;
    assert_eq!(d.press("yes_please"), ["Fine"]);
}

#[test]
fn a_question_is_undelivered_only_when_its_route_is_used_up() {
    let mut d = asks(QUESTION);
    d.user("go");
    let first = d.last_send();
    d.report(first, Failed);
    assert_eq!((d.over(), d.ends()), (vec!["main-sms".to_owned()], vec![]));
    d.report(d.last_send(), Failed);
    assert_eq!(d.ends(), ["lost"]);
    d.nothing_left();
    // A late success of the first keeps the question, whatever becomes of the second.
    let mut d = asks(QUESTION);
    d.user("go");
    let first = d.last_send();
    d.wait("2m");
    let second = d.last_send();
    d.report(first, Delivered);
    d.report(second, Failed);
    assert_eq!((d.ends(), d.at("asks")), (vec![], vec!["a".to_owned()]));
    d.wait("58m");
    assert_eq!(d.at("asks"), ["a"], "silence counts from its last message");
    d.wait("2m");
    assert_eq!(d.ends(), ["silent"]);
}

#[test]
fn an_answer_stops_the_route() {
    let mut d = asks(QUESTION);
    d.user("go");
    let first = d.last_send();
    d.user("yes");
    assert_eq!(d.ends(), ["fine"]);
    d.nothing_left();
    d.report(first, Failed);
    assert_eq!((d.over(), d.wait("1d")), (vec![], vec![]));
}

#[test]
fn a_question_waits_for_its_hours_before_it_is_open() {
    let mut d = asks(&format!("{QUESTION}hours: office\n"));
    let day = vec![(jiff::civil::Time::constant(12, 0, 0, 0), jiff::civil::Time::constant(17, 0, 0, 0))];
    d.project
        .hours
        .insert(super::driver::slug("office"), crate::config::project::Hours { days: std::array::from_fn(|_| day.clone()) });
    d.user("go");
    assert!(d.over().is_empty() && !d.record().runs.iter().any(|run| run.question().is_some()));
    d.wait("2h");
    assert_eq!(d.over(), ["main-whatsapp"]);
    d.report(d.last_send(), Delivered);
    d.wait("59m");
    assert_eq!(d.at("asks"), ["a"], "its silence counts from when it left");
    d.wait("1m");
    assert_eq!(d.ends(), ["silent"]);
}
