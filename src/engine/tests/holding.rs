//! What holds a notification up, what does not hurry it, and where it is heard.

use super::delivering::{QUESTION, asks, delivers};
use super::driver::{Driver, MONDAY, flow, slug, with_notification};
use super::routes::{ROUTED, order, with_mail, word};
use crate::config::project::{ChannelInfo, EndpointInfo, Hours};
use crate::domain::channel::ChannelKind;
use crate::domain::hook::KindPattern;
use crate::domain::id::EffectId;
use crate::domain::input::{Delivery, Input};
use crate::domain::message::DeliveryStatus::{Delivered, Failed, Sent};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::time::{Millis, Span};
use crate::domain::way::Step;
use crate::engine::effect::Effect;
use crate::engine::record::Heard;
use serde_json::json;

impl Driver {
    /// Every day from 12 to 17 o'clock.
    fn open_at_noon(&mut self) {
        let day = vec![(jiff::civil::Time::constant(12, 0, 0, 0), jiff::civil::Time::constant(17, 0, 0, 0))];
        self.project.hours.insert(slug("office"), Hours { days: std::array::from_fn(|_| day.clone()) });
    }

    /// Nobody knows whether it was sent.
    pub(super) fn unsure(&mut self, effect: EffectId) {
        let (status, reason) = (DeliveryStatus::Failed, Some(FailureReason::Unknown));
        self.turn(Some(Input::Delivery(Delivery { effect, status, reason, code: None, unsure: true, back: None })));
    }
}

/// At 16:30, half an hour before the hours end.
const LATE: Millis = Millis(MONDAY.0 + Span::minutes(390).0);

#[test]
fn each_message_of_a_route_keeps_the_hours() {
    let notification = format!("{ROUTED}hours: office\n").replace("within: 2m", "within: 2h");
    for failed in [false, true] {
        let mut d = word(&notification);
        d.open_at_noon();
        d.now = LATE;
        order(&mut d);
        assert_eq!(d.over(), ["main-whatsapp"]);
        let first = d.last_send();
        d.wait("1h");
        if failed {
            d.report(first, Failed);
        } else {
            d.wait("1h");
        }
        assert!(d.over().is_empty() && matches!(d.ways()[..], [Step::Held { .. }]), "{failed}: {:?}", d.ways());
        d.report(first, Failed);
        assert!(d.over().is_empty(), "it is known by now that the next one follows");
        d.now = Millis(MONDAY.0 + Span::hours(26).0 - 1);
        d.turn(None);
        assert!(d.over().is_empty(), "not before its hours");
        d.now = d.now + Span(1);
        d.turn(None);
        assert_eq!(d.over(), ["main-sms"]);
    }
    // What comes in the night ends it.
    let mut d = word(&notification);
    d.open_at_noon();
    d.now = LATE;
    order(&mut d);
    let first = d.last_send();
    d.wait("2h");
    d.report(first, Delivered);
    d.nothing_left();
}

#[test]
fn what_nobody_sent_in_its_hours_waits_for_the_next() {
    let mut d = word(&format!("{ROUTED}hours: office\nalso: [email]\n"));
    d.open_at_noon();
    order(&mut d);
    assert!(matches!(d.ways()[..], [Step::Held { .. }]));
    // The service was down from before noon until ten in the evening.
    d.now = MONDAY + Span::hours(12);
    d.turn(None);
    assert!(d.over().is_empty() && matches!(d.ways()[..], [Step::Held { .. }]), "{:?}", d.over());
    d.wait("13h59m59s");
    assert!(d.over().is_empty());
    d.wait("1s");
    assert_eq!(d.over(), ["main-mail", "main-whatsapp"]);
    // Its second message waits for the next day: what is sent besides is not sent again.
    d.now = MONDAY + Span::hours(40);
    d.turn(None);
    assert!(d.over().is_empty());
    d.now = MONDAY + Span::hours(50);
    d.turn(None);
    assert_eq!(d.over(), ["main-sms"]);
}

#[test]
fn a_question_keeps_its_hours_along_its_route() {
    let mut d = asks(&format!("{QUESTION}hours: office\n").replace("within: 2m", "within: 1h"));
    d.open_at_noon();
    d.now = LATE;
    d.user("go");
    assert_eq!(d.over(), ["main-whatsapp"]);
    d.wait("1h");
    assert!(d.over().is_empty() && matches!(d.ways()[..], [Step::Held { .. }]));
    d.wait("18h30m");
    assert_eq!((d.over(), d.at("asks")), (vec!["main-sms".to_owned()], vec!["a".to_owned()]), "it was not silence meanwhile");
    d.wait("1h");
    assert_eq!(d.ends(), ["lost"], "both were reported by nobody");
    // What was asked before can be answered until then.
    let mut d = asks(&format!("{QUESTION}hours: office\n").replace("within: 2m", "within: 1h"));
    d.open_at_noon();
    d.now = LATE;
    d.user("go");
    d.wait("5h");
    assert_eq!(d.user("yes"), ["Fine"]);
    d.nothing_left();
}

#[test]
fn a_deliver_keeps_its_hours_too() {
    let notification = format!("{ROUTED}hours: office\n").replace("until: delivered\nwithin: 2m", "within: 1h");
    let said = flow(
        "flow: delivers
vars: { n: 7 }
start: [ { keyword: go } ]
begin: a
states: { a: { deliver: { notify: note, until: delivered, within: 2h }, go: { ok: { end: ok }, undelivered: { end: lost } } } }
",
    );
    let mut d = with_mail(Driver::of(vec![with_notification(said, &notification)]));
    d.open_at_noon();
    d.now = LATE;
    d.user("go");
    let first = d.last_send();
    d.wait("1h");
    assert!(d.over().is_empty());
    assert!(d.wait("18h").is_empty() && d.at("delivers") == ["a"], "it waits");
    d.report(first, Delivered);
    assert_eq!(d.ends(), ["ok"]);
    d.nothing_left();
}

#[test]
fn nobody_knows_is_no_failure() {
    let mut d = delivers();
    d.user("go");
    let first = d.last_send();
    d.unsure(first);
    assert!(d.over().is_empty(), "it may have arrived");
    d.wait("1m59s");
    assert!(d.over().is_empty());
    d.wait("1s");
    assert_eq!(d.over(), ["main-sms"], "its time is over");
    d.report(first, Delivered);
    assert_eq!(d.ends(), ["done"]);
    // A report in time ends it, and one of a failure moves it on.
    let mut d = delivers();
    d.user("go");
    d.unsure(d.last_send());
    let first = d.record().tracked[0].effect;
    d.report(first, Failed);
    assert_eq!(d.over(), ["main-sms"]);
    // A question without a route stays open.
    let mut d = Driver::new(&[ASKED]);
    d.user("go");
    let asked = d.last_send();
    d.unsure(asked);
    assert_eq!((d.at("asked"), d.user("yes")), (vec!["q".to_owned()], vec!["Yes.".to_owned()]));
}

pub(super) const ASKED: &str = "flow: asked
start: [ { keyword: go } ]
begin: q
states: { q: { ask: Well?, answer: yes_no, go: { yes: { say: Yes., end: yes }, no: { end: no }, silence: { after: 1h, end: silent } } } }
";

#[test]
fn whoever_is_told_of_an_unsure_message_is_told_once() {
    let mut d = Driver::new(&[ASKED]);
    let events = vec![KindPattern::parse("message.*").expect("a pattern")];
    d.project.endpoints.push(EndpointInfo { name: slug("crm"), events });
    d.user("go");
    let asked = d.last_send();
    let told = |d: &Driver| -> Vec<String> {
        let kind = |(_, effect): &(EffectId, Effect)| match effect {
            Effect::Hook(hook) => Some(hook.kind.clone()),
            _ => None,
        };
        d.last.effects.iter().filter_map(kind).collect()
    };
    d.unsure(asked);
    assert_eq!(told(&d), ["message.failed"]);
    d.unsure(asked);
    assert!(told(&d).is_empty());
    d.report(asked, Delivered);
    assert_eq!(told(&d), ["message.delivered"], "it did arrive");
}

#[test]
fn a_question_is_heard_where_it_was_asked() {
    let mut asking = flow(super::delivering::ASKS);
    asking.channels = vec![slug("main-sms")];
    let only = "notification: note\nroute: [main-whatsapp, sms]\nwithin: 2m\ntext: Well?\nwhatsapp: { approved: { name: q, languages: { en: en }, buttons: [yes_please, later] } }\n";
    let mut d = Driver::of(vec![with_notification(asking, only)]);
    d.user("go");
    assert_eq!(d.over(), ["main-whatsapp"]);
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(d.user("yes"), ["Fine"]);
    // As long as it is open: where nothing was asked, the flow does not listen.
    assert!(d.user("yes").is_empty());
}

#[test]
fn a_notification_of_a_sub_flow_goes_over_the_channels_of_its_run() {
    let outer = flow(
        "flow: outer
channels: [main-sms]
start: [ { keyword: go } ]
begin: a
states: { a: { run: { flow: inner }, go: { done: { end: done }, failed: { end: failed } } } }
",
    );
    let inner = flow(
        "flow: inner
channels: [main-whatsapp]
begin: b
states: { b: { notify: note, wait: 1d, go: { ok: { end: done } } } }
",
    );
    let note = "notification: note\nwithin: 2m\ntext: Note\nwhatsapp: { approved: { name: n, languages: { en: en } } }\n";
    let mut d = Driver::of(vec![outer, with_notification(inner, note)]);
    d.user("go");
    assert_eq!(d.over(), ["main-sms"], "as its `say` would");
    assert!(d.wait("2m").is_empty(), "there is no other");
}

#[test]
fn a_kind_means_the_channel_of_that_kind_that_was_used_last() {
    let mut said = flow(
        "flow: says\nstart: [ { event: order, contact: '{{ event.phone }}' } ]\nvars: { n: 7 }\nbegin: a\nstates: { a: { notify: note, end: done } }\n",
    );
    said.channels.push(slug("second-sms"));
    let mut d = Driver::of(vec![with_notification(said, &ROUTED.replace("[whatsapp, sms, email]", "[sms]"))]);
    let info = ChannelInfo { kind: ChannelKind::Sms, ..d.project.channels["main-sms"].clone() };
    d.project.channels.insert(slug("second-sms"), info);
    order(&mut d);
    assert_eq!(d.over(), ["main-sms"], "the first of them");
    let heard = |channel: &str, ago: i64| Heard { channel: slug(channel), at: MONDAY - Span::hours(ago) };
    d.change(|record| record.heard = vec![heard("main-sms", 3), heard("second-sms", 2), heard("main-whatsapp", 1)]);
    order(&mut d);
    assert_eq!(d.over(), ["second-sms"], "whatever was used since of another kind");
}

#[test]
fn a_part_of_an_answer_stops_the_route() {
    let gathers = flow(
        "flow: asks
start: [ { keyword: go } ]
begin: a
states:
  a: { ask: { notify: note }, answer: { text: { gather: 10m } }, go: { ok: { say: Thanks, end: fine }, silence: { after: 1h, end: silent } } }
",
    );
    let note = "notification: note\nroute: [whatsapp, sms]\nuntil: delivered\nwithin: 2m\ntext: Well?\nwhatsapp: { approved: { name: q, languages: { en: en } } }\n";
    let mut d = Driver::of(vec![with_notification(gathers, note)]);
    d.user("go");
    let first = d.last_send();
    d.user("It is about");
    assert!(d.record().errands.is_empty());
    assert!(d.wait("5m").is_empty() && d.over().is_empty());
    d.report(first, Failed);
    assert_eq!(d.at("asks"), ["a"], "it did arrive");
    assert_eq!(d.wait("5m"), ["Thanks"]);
}

#[test]
fn an_earlier_one_that_comes_as_far_as_it_must_ends_the_route() {
    let mut d = word(&ROUTED.replace("until: delivered", "until: sent"));
    order(&mut d);
    let first = d.last_send();
    d.wait("2m");
    let second = d.last_send();
    d.report(first, Sent);
    assert_eq!(d.ways(), [Step::Arrived]);
    d.nothing_left();
    d.report(second, Failed);
    assert!(d.over().is_empty() && d.wait("1d").is_empty(), "the third is not tried");
}

#[test]
fn what_is_sent_besides_is_sent_once() {
    let mut d = with_mail(asks(&format!("{QUESTION}also: [email]\n")));
    d.catalog = Driver::of(vec![with_notification(
        flow(&super::delivering::ASKS.replace("silence:", "nomatch: { again: 2, end: no }\n      silence:")),
        &format!("{QUESTION}also: [email]\n"),
    )])
    .catalog;
    d.user("go");
    assert_eq!(d.over(), ["main-mail", "main-whatsapp"]);
    d.user("what?");
    assert_eq!(d.over().iter().filter(|over| *over == "main-mail").count(), 0, "{:?}", d.over());
    assert!(!d.over().is_empty(), "it is asked again");
}

#[test]
fn stop_is_confirmed_however_much_is_due() {
    let says = vec!["x"; 50].join(", ");
    let talk = |name: &str| {
        format!(
            "flow: {name}\nstart: [ {{ event: order, contact: '{{{{ event.phone }}}}' }} ]\nbegin: w\n\
             states: {{ w: {{ wait: 1h, go: {{ ok: s }} }}, s: {{ say: [{says}], end: done }} }}\n"
        )
    };
    let mut d = Driver::new(&[&talk("one"), &talk("two")]);
    order(&mut d);
    d.now = d.now + Span::hours(2);
    let said = d.user("stop");
    assert_eq!(said.last().map(String::as_str), Some("You are out."), "{}", said.len());
    assert_eq!(d.ends(), ["done", "opted_out"], "no run failed for want of room");
}

#[test]
fn a_window_counts_from_when_its_event_was_accepted() {
    let funds = "flow: funds\nstart: [ { event: traded, contact: '{{ event.phone }}' } ]\nbegin: collect\nstates:\n\
                 \x20 collect: { digest: { event: traded, for: 10m, extend: 2m }, save: batch, go: { ok: tell } }\n\
                 \x20 tell: { say: '{{ len(batch) }}', end: done }\n";
    let mut d = Driver::new(&[funds]);
    let traded = |d: &mut Driver, at: Millis| {
        let (now, name) = (d.now, crate::domain::name::EventName::parse("traded").expect("a name"));
        let who = crate::domain::input::ContactRef {
            phone: crate::domain::address::E164::parse(super::driver::PHONE),
            ..Default::default()
        };
        let data = crate::domain::value::Value::from_json(json!({ "phone": super::driver::PHONE }));
        let event = crate::domain::input::Event { name, data, contact: Some(who.clone()), to: who, callback: None };
        d.turn_at(at, Some(Input::Event(Box::new(event))));
        assert_eq!(d.now, now);
    };
    // Each waited for its turn for a minute.
    d.now = MONDAY + Span::minutes(1);
    traded(&mut d, MONDAY);
    assert_eq!(d.record().alarm(), Some(MONDAY + Span::minutes(2)));
    d.now = MONDAY + Span::millis(119_999);
    traded(&mut d, MONDAY + Span::minutes(1));
    assert_eq!(d.record().alarm(), Some(MONDAY + Span::minutes(3)));
    assert_eq!(d.wait("61s"), ["2"]);
}
