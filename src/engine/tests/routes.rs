//! Notifications along their routes: what moves them on, what never sends a second one, and what becomes of them in the end.

use super::driver::{Driver, PHONE, flow, with_notification};
use crate::domain::id::EffectId;
use crate::domain::input::{Delivery, Input, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::message::{DeliveryStatus, FailureReason, OutboundContent};
use crate::domain::outbound::TemplateParams;
use crate::domain::way::Step;
use serde_json::json;

pub(super) const ROUTED: &str = "notification: note
needs: { n: number }
route: [whatsapp, sms, email]
until: delivered
within: 2m
text: 'Note {{ n }}'
whatsapp: { approved: { name: note_v1, languages: { en: en }, params: ['{{ n }}'] } }
";

/// A flow that sends a word over WhatsApp, SMS and mail, and is over.
pub(super) fn word(notification: &str) -> Driver {
    let said = flow(
        "flow: says
vars: { n: 7 }
start: [ { event: order, contact: '{{ event.phone }}' } ]
begin: a
states: { a: { notify: note, end: done } }
",
    );
    with_mail(Driver::of(vec![with_notification(said, notification)]))
}

pub(super) fn with_mail(mut d: Driver) -> Driver {
    let info = crate::config::project::ChannelInfo {
        kind: crate::domain::channel::ChannelKind::Email,
        shows: crate::config::project::Capabilities::default(),
        country: None,
        simulated: true,
        templates_by_id: false,
        smart_encoding: false,
        stop_hint: Vec::new(),
        stand_ins: Vec::new(),
    };
    d.project.channels.insert(super::driver::slug("main-mail"), info);
    d.change(|record| record.email = Some("ada@example.com".to_owned()));
    d
}

pub(super) fn order(d: &mut Driver) {
    d.event("order", json!({ "phone": PHONE }));
}

impl Driver {
    /// What is heard of a message.
    pub(super) fn report(&mut self, effect: EffectId, status: DeliveryStatus) {
        let reason = (status == DeliveryStatus::Failed).then_some(FailureReason::Unreachable);
        self.turn(Some(Input::Delivery(Delivery { effect, status, reason, code: None, unsure: false, back: None })));
    }

    /// Where the last turn sent something.
    pub(super) fn over(&self) -> Vec<String> {
        self.sends().iter().map(|(_, send)| send.channel.to_string()).collect()
    }

    /// What became of notifications in the last turn.
    pub(super) fn ways(&self) -> Vec<Step> {
        let step = |event: &Event| match event {
            Event::Way(way) => Some(way.step),
            _ => None,
        };
        self.last.events.iter().filter_map(step).collect()
    }

    /// Nothing is followed any more, and the store was told so.
    pub(super) fn nothing_left(&self) {
        let record = self.record();
        assert_eq!((record.errands.len(), record.tracked.len()), (0, 0));
    }
}

use DeliveryStatus::{Delivered, Failed, Read, Sent};

#[test]
fn a_failure_tries_the_next_at_once() {
    let mut d = word(ROUTED);
    order(&mut d);
    assert_eq!((d.over(), d.ends()), (vec!["main-whatsapp".to_owned()], vec!["done"]), "the run does not wait for it");
    assert!(d.sends()[0].1.tracked);
    let first = d.last_send();
    assert_eq!(d.last.await_add, [first, first.every_report()]);
    d.report(first, Failed);
    assert_eq!((d.over(), d.said(), d.ways()), (vec!["main-sms".to_owned()], vec!["Note 7".to_owned()], vec![Step::MovedOn]));
    let second = d.last_send();
    d.report(second, Failed);
    assert_eq!(d.over(), ["main-mail"]);
    assert!(!d.sends()[0].1.tracked, "nothing follows the last of the route");
    d.nothing_left();
    assert!(d.last.await_remove.contains(&second) && d.last.await_remove.contains(&first.every_report()));
}

#[test]
fn no_report_in_time_tries_the_next_and_one_in_time_does_not() {
    for (status, moves) in [(Some(Sent), true), (None, true), (Some(Delivered), false), (Some(Read), false)] {
        let mut d = word(ROUTED);
        order(&mut d);
        let first = d.last_send();
        d.wait("1m");
        if let Some(status) = status {
            d.report(first, status);
        }
        assert_eq!(d.wait("59s"), Vec::<String>::new(), "{status:?}: not before its time");
        assert_eq!(d.wait("1s") == ["Note 7"], moves, "{status:?}");
        if !moves {
            d.nothing_left();
        }
    }
}

#[test]
fn what_comes_late_never_sends_again() {
    // After the next went out the first one is reported: delivered, failed, read.
    for status in [Delivered, Read] {
        let mut d = word(ROUTED);
        order(&mut d);
        let first = d.last_send();
        d.wait("2m");
        let second = d.last_send();
        d.report(first, status);
        assert_eq!((d.over(), d.ways()), (vec![], vec![Step::Arrived]), "it is success, whoever brought it");
        d.nothing_left();
        d.report(second, Failed);
        assert_eq!(d.over(), Vec::<String>::new(), "the third is not tried: it did arrive");
        d.wait("1d");
        assert_eq!(d.over(), Vec::<String>::new());
    }
    let mut d = word(ROUTED);
    order(&mut d);
    let first = d.last_send();
    d.wait("2m");
    let second = d.last_send();
    d.report(first, Failed);
    assert_eq!((d.over(), d.ways()), (vec![], vec![]), "the next is under way already");
    d.report(second, Delivered);
    d.report(first, Delivered);
    assert_eq!((d.over(), d.ways()), (vec![], vec![]), "both delivered: nothing more");
    d.nothing_left();
}

#[test]
fn reports_come_twice_and_in_any_order() {
    let mut d = word(&ROUTED.replace("until: delivered", "until: read"));
    order(&mut d);
    let first = d.last_send();
    for status in [Delivered, Sent, Delivered, Failed] {
        d.report(first, status);
        assert_eq!(d.over(), Vec::<String>::new(), "{status:?}");
    }
    assert_eq!(d.record().tracked[0].status, Delivered);
    d.report(first, Read);
    d.nothing_left();
    let mut d = word(&ROUTED.replace("until: delivered", "until: read"));
    order(&mut d);
    let first = d.last_send();
    d.report(first, Read);
    d.report(first, Delivered);
    d.nothing_left();
}

#[test]
fn a_failure_after_it_was_sent_still_moves_it_on() {
    let mut d = word(&ROUTED.replace("until: delivered\nwithin: 2m\n", ""));
    order(&mut d);
    let first = d.last_send();
    d.report(first, Sent);
    d.wait("3h");
    assert_eq!(d.over(), Vec::<String>::new(), "without `within` only a failure leads on");
    d.report(first, Failed);
    assert_eq!(d.over(), ["main-sms"]);
    d.report(d.last_send(), Sent);
    d.wait("2d");
    d.nothing_left();
}

#[test]
fn places_that_cannot_carry_it_are_passed_over() {
    type Change = fn(&mut Driver);
    let cases: [(&str, Change, &[&str]); 4] = [
        ("opted out", |d| d.change(|r| r.stop = 2), &["main-sms"]),
        ("no address", |d| d.change(|r| r.phone = None), &["main-mail"]),
        ("no such channel", |d| drop(d.project.channels.shift_remove("main-whatsapp")), &["main-sms"]),
        ("all closed", |d| d.change(|r| r.stop = 7), &[]),
    ];
    for (what, change, over) in cases {
        let mut d = word(ROUTED);
        d.change(|record| record.phone = crate::domain::address::E164::parse(PHONE));
        change(&mut d);
        if what == "no address" {
            d.operator(OperatorAction::Begin { flow: super::driver::slug("says"), with: Vec::new(), sending: None });
        } else {
            order(&mut d);
        }
        assert_eq!(d.over(), over, "{what}");
        assert!(d.ways().contains(&Step::Skipped), "{what}: the journal says why");
        assert_eq!(d.ways().contains(&Step::UsedUp), over.is_empty(), "{what}");
    }
}

#[test]
fn an_approved_template_is_chosen_when_the_window_is_closed_or_there_is_no_text() {
    let mut d = word(ROUTED);
    order(&mut d);
    match &d.sends()[0].1.outbound.content {
        OutboundContent::Template { name, language, params: TemplateParams::Positional(params), .. } => {
            assert_eq!((name.as_str(), language.as_deref(), params.len()), ("note_v1", Some("en"), 1));
        }
        other => panic!("{other:?}"),
    }
    // The contact wrote there: a text of our own may leave.
    let mut d = word(ROUTED);
    d.kind = crate::domain::channel::ChannelKind::WhatsApp;
    d.user("hello");
    order(&mut d);
    assert_eq!(d.said(), ["Note 7"]);
    d.wait("1d");
    order(&mut d);
    assert!(matches!(d.sends()[0].1.outbound.content, OutboundContent::Template { .. }), "closed at exactly 24 hours");
    // Without an approved one the place is passed over.
    let bare = ROUTED.lines().filter(|line| !line.starts_with("whatsapp")).collect::<Vec<_>>().join("\n");
    let mut d = word(&bare);
    order(&mut d);
    assert_eq!((d.over(), d.ways()), (vec!["main-sms".to_owned()], vec![Step::Skipped]));
    // Without a text it is always the approved one.
    let only = "notification: note
whatsapp: { approved: { name: note_v1, languages: { hi: hi, en: en_GB }, params: ['a'], ids: { main-whatsapp: HX1 } } }
";
    let mut d = word(only);
    d.kind = crate::domain::channel::ChannelKind::WhatsApp;
    d.user("hello");
    order(&mut d);
    match &d.sends()[0].1.outbound.content {
        OutboundContent::Template { name, language, .. } => {
            assert_eq!((name.as_str(), language.as_deref()), ("HX1", Some("en_GB")))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_held_until_its_hours_and_its_time_counts_from_then() {
    let hours = format!("{ROUTED}hours: office\n");
    let mut d = word(&hours);
    let day = |from: i8, to: i8| vec![(jiff::civil::Time::constant(from, 0, 0, 0), jiff::civil::Time::constant(to, 0, 0, 0))];
    let office = crate::config::project::Hours { days: std::array::from_fn(|_| day(12, 17)) };
    d.project.hours.insert(super::driver::slug("office"), office);
    order(&mut d);
    assert!(matches!(d.ways()[..], [Step::Held { .. }]) && d.over().is_empty());
    assert_eq!(d.wait("1h59m"), Vec::<String>::new());
    d.wait("1m");
    assert_eq!(d.over(), ["main-whatsapp"]);
    d.wait("2m");
    assert_eq!(d.over(), ["main-sms"]);
    // The contact's own zone counts, and STOP comes before what is held.
    let mut d = word(&hours);
    let office = crate::config::project::Hours { days: std::array::from_fn(|_| day(12, 17)) };
    d.project.hours.insert(super::driver::slug("office"), office);
    d.change(|record| record.timezone = Some("Asia/Kolkata".to_owned()));
    order(&mut d);
    assert_eq!(d.over(), ["main-whatsapp"], "it is half past three there");
    let mut d = word(&hours);
    let office = crate::config::project::Hours { days: std::array::from_fn(|_| day(12, 17)) };
    d.project.hours.insert(super::driver::slug("office"), office);
    order(&mut d);
    d.user("STOP");
    assert_eq!(d.ways(), [Step::Dropped]);
    assert_eq!(d.wait("1d"), Vec::<String>::new());
    d.nothing_left();
}

#[test]
fn a_contact_who_opts_out_hears_no_more_of_it() {
    let mut d = word(ROUTED);
    order(&mut d);
    let first = d.last_send();
    d.user("STOP");
    assert_eq!(d.ways(), [Step::Dropped]);
    d.nothing_left();
    d.report(first, Failed);
    assert_eq!(d.over(), Vec::<String>::new());
    assert_eq!(d.wait("1d"), Vec::<String>::new());
}

#[test]
fn also_is_sent_besides_each_for_itself() {
    let mut d = word(
        "notification: note\nroute: [whatsapp, sms]\nalso: [email]\ntext: Note\nwithin: 1m\nwhatsapp: { approved: { name: n, languages: { en: en } } }\n",
    );
    order(&mut d);
    assert_eq!(d.over(), ["main-mail", "main-whatsapp"]);
    assert_eq!(d.sends().iter().map(|(_, send)| send.tracked).collect::<Vec<_>>(), [false, true]);
    d.wait("1m");
    assert_eq!(d.over(), ["main-sms"], "only the route goes on");
}

#[test]
fn marketing_needs_consent_and_a_code_is_masked() {
    let marketing = "notification: note\nkind: marketing\nroute: [whatsapp, sms]\ntext: Buy\nsms: Buy\n";
    let mut d = word(marketing);
    order(&mut d);
    assert_eq!((d.over(), d.ways()), (vec![], vec![Step::Skipped, Step::Skipped, Step::UsedUp]));
    d.change(|record| record.consent = 1);
    order(&mut d);
    assert_eq!(d.over(), ["main-sms"]);
    d.user("STOP");
    assert_eq!(d.record().consent, 0, "the word takes it back");
    let mut d = word("notification: note\nkind: code\nneeds: { n: number }\ntext: 'Your code: {{ n }}'\n");
    order(&mut d);
    assert_eq!(d.said(), ["Your code: 7"]);
    let journal = format!("{:?}", d.last.events);
    assert!(!journal.contains("Your code"), "{journal}");
    assert!(d.sends()[0].1.code);
}

#[test]
fn consent_is_set_by_flows() {
    for (value, bits) in [("true", 7), ("false", 0), ("[sms, email]", 5), ("whatsapp", 2)] {
        let source = format!(
            "flow: asks\nstart: [ {{ keyword: go }} ]\nbegin: a\nstates: {{ a: {{ set: {{ contact.marketing: {value} }}, end: done }} }}\n"
        );
        let mut d = Driver::new(&[&source]);
        d.change(|record| record.consent = 4);
        d.user("go");
        assert_eq!(d.record().consent, bits, "{value}");
    }
}

#[test]
fn several_are_on_their_way_at_once_and_are_bounded() {
    let mut d = word(ROUTED);
    for _ in 0..30 {
        order(&mut d);
    }
    let record = d.record();
    assert_eq!(record.errands.len(), crate::domain::limits::ERRANDS);
    assert_eq!(record.tracked.len(), crate::domain::limits::ERRANDS, "what goes no further is not followed");
    let said = d.wait("2m");
    assert_eq!(said.len(), crate::domain::limits::ERRANDS);
    d.wait("2m");
    d.nothing_left();
}

#[test]
fn a_record_of_before_has_none_of_it() {
    // A contact as a release wrote it that knew neither routes nor consent.
    let bytes = hex::decode("0184a170ad2b343437373030393030313233a16f00a16d920000a173 02".replace(' ', "")).expect("bytes");
    let record: crate::engine::record::Record = crate::domain::codec::decode(&bytes).expect("reads");
    assert_eq!((record.stop, record.tracked.len(), record.errands.len(), record.consent), (2, 0, 0, 0));
    assert_eq!(crate::domain::codec::encode(&record).len(), bytes.len(), "and costs nothing where there is none");
}

#[test]
fn who_answers_where_another_channel_stands_in_answers_what_was_asked() {
    let asks = "flow: asks
channels: [main-whatsapp, main-sms]
start: [ { message: any } ]
begin: a
states: { a: { ask: Well?, go: { ok: { say: Thank you., end: done } } } }
";
    for stands_in in [true, false] {
        let mut d = Driver::new(&[asks]);
        let backup = super::driver::slug("backup-sms");
        let info = d.project.channels["main-sms"].clone();
        d.project.channels["main-sms"].stand_ins = if stands_in { vec![backup.clone()] } else { Vec::new() };
        d.project.channels.insert(backup.clone(), info);
        assert_eq!(d.user("hi"), ["Well?"]);
        let reply = crate::domain::message::Inbound { channel: backup, ..d.inbound("fine") };
        d.turn(Some(Input::Message(Box::new(reply))));
        let said: Vec<_> = d.sends().into_iter().map(|(_, send)| send.channel.to_string()).collect();
        let expected: &[&str] = if stands_in { &["main-sms"] } else { &[] };
        assert_eq!(said, expected, "the answer comes where they know us from");
    }
}
