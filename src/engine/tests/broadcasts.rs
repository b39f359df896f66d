//! What a broadcast begins with one contact, what stands against it, and that it is never silent about that.

use super::driver::{Driver, MONDAY, flow, slug, with_notification};
use crate::domain::broadcast::{BroadcastId, Reentry, Refusal, Sending};
use crate::domain::channel::ChannelKind;
use crate::domain::input::OperatorAction;
use crate::domain::journal::Event;
use crate::domain::name::Name;
use crate::domain::suppression::{Barred, Over, Suppression, SuppressionReason, Suppressions, Withheld};
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::engine::effect::Effect;

const ASKS: &str = "flow: asks
start: [ { keyword: ask } ]
begin: a
states:
  a:
    ask: How are you?
    answer: text
    go: { ok: { say: Thanks., end: done } }
";

const OFFER: &str = "flow: offer
needs: { what: { type: text, default: shoes } }
channels: [main-whatsapp, main-sms]
start: []
begin: a
states: { a: { notify: note, end: done } }
";

const NOTE: &str = "notification: note
kind: marketing
text: New {{ what }}. STOP ends it.
needs: { what: text }
";

const ROUTED: &str = "notification: note
kind: marketing
route: [whatsapp, sms]
within: 10m
needs: { what: text }
text: New {{ what }}. STOP ends it.
";

pub(super) fn sending() -> Sending {
    Sending::by(BroadcastId::of(7))
}

/// A contact who can be reached and wants marketing.
fn driver(notification: &str) -> Driver {
    let mut d = Driver::of(vec![with_notification(flow(OFFER), notification), flow(ASKS)]);
    d.user("hello");
    d.change(|record| record.consent = ChannelKind::Sms.stop_bit() | ChannelKind::WhatsApp.stop_bit());
    d
}

fn broadcast_by(d: &mut Driver, name: &str, sending: Sending) -> Option<Refusal> {
    d.operator(OperatorAction::Begin { flow: slug(name), with: Vec::new(), sending: Some(Box::new(sending)) });
    skipped(d)
}

fn broadcast(d: &mut Driver, name: &str) -> Option<Refusal> {
    broadcast_by(d, name, sending())
}

fn skipped(d: &Driver) -> Option<Refusal> {
    d.last.events.iter().find_map(|event| match event {
        Event::Skipped(skipped) => Some(skipped.reason),
        _ => None,
    })
}

fn in_bulk(d: &Driver) -> Vec<bool> {
    let bulk = |effect: &Effect| match effect {
        Effect::Send(send) => Some(send.bulk),
        _ => None,
    };
    d.last.effects.iter().filter_map(|(_, effect)| bulk(effect)).collect()
}

#[test]
fn it_begins_a_run_that_gives_way_until_the_contact_is_heard() {
    let mut d = driver(NOTE);
    assert_eq!(broadcast(&mut d, "asks"), None);
    assert_eq!((d.said(), in_bulk(&d)), (vec!["How are you?".to_owned()], vec![true]));
    let began = d.last.events.iter().find_map(|event| match event {
        Event::RunStarted { sending, reason, .. } => Some((sending.clone(), reason.clone())),
        _ => None,
    });
    let (by, reason) = began.expect("began");
    assert_eq!(by.as_deref(), Some(&sending()));
    assert!(reason.contains("b_0000000000000007"), "{reason}");
    assert_eq!(d.record().runs[0].sending.as_deref(), Some(&sending()));
    assert_eq!(d.user("Fine"), ["Thanks."]);
    assert_eq!(in_bulk(&d), [false], "from now on it is a conversation");
}

/// What the suppression list says of the contact's phone.
fn barred(over: &str, what: Withheld) -> Barred {
    let over = Over::parse(over).expect("channels");
    let (reason, by) = (SuppressionReason::Manual, "ada".to_owned());
    let mut entries = Suppressions::default();
    entries.put(Suppression { over, what, reason, by, at: MONDAY, note: None, until: None });
    let mut barred = Barred::NOTHING;
    barred.add(3, entries);
    barred
}

#[test]
fn a_channel_that_is_not_on_the_list_carries_it() {
    for over in ["whatsapp", "channel:main-whatsapp"] {
        let mut d = driver(NOTE);
        d.kind = ChannelKind::WhatsApp;
        d.user("hello");
        d.barred = barred(over, Withheld::Everything);
        assert_eq!(broadcast(&mut d, "offer"), None, "{:?}", d.last.events);
        let over: Vec<_> = d.sends().into_iter().map(|(_, send)| (send.kind, send.marketing)).collect();
        assert_eq!(over, [(ChannelKind::Sms, true)], "{over:?}");
    }
    let mut d = driver(NOTE);
    d.barred = barred("all", Withheld::Marketing);
    assert_eq!(broadcast(&mut d, "asks"), None, "what is no marketing is said");
    assert_eq!(d.said(), ["How are you?"]);
}

/// What it is, how it comes about, what is told.
type Case<'c> = (&'c str, &'c dyn Fn(&mut Driver), Refusal);

#[test]
fn what_stands_against_it_is_told_and_nothing_of_it_happened() {
    let cases: [Case<'_>; 10] = [
        ("no consent", &|d| d.change(|record| record.consent = 0), Refusal::NoConsent),
        ("opted out of all", &|d| d.change(|record| record.stop = 3), Refusal::OptedOut),
        ("no address", &|d| d.change(|record| record.phone = None), Refusal::NoAddress),
        (
            "a run lives",
            &|d| {
                d.change(|record| record.waiting.clear());
                broadcast(d, "asks");
                d.change(|record| record.runs[0].flow = slug("offer"));
            },
            Refusal::Running,
        ),
        (
            "capped",
            &|d| {
                d.project.caps = vec![cap(1, Span::days(7))];
                d.change(|record| record.marketing = vec![MONDAY]);
            },
            Refusal::Capped,
        ),
        (
            "consent on a channel that is stopped",
            &|d| d.change(|record| (record.stop, record.consent) = (1, 1)),
            Refusal::NoConsent,
        ),
        (
            "a window that is closed",
            &|d| {
                d.project.channels.shift_remove("main-sms");
                d.change(|record| record.heard.clear());
            },
            Refusal::WindowClosed,
        ),
        ("too many runs", &|_| {}, Refusal::TooMany),
        ("an address on the suppression list", &|d| d.barred = barred("all", Withheld::Everything), Refusal::Suppressed),
        ("one that gets no marketing", &|d| d.barred = barred("all", Withheld::Marketing), Refusal::Suppressed),
    ];
    for notification in [NOTE, ROUTED] {
        for (what, change, refusal) in &cases {
            let mut d = driver(notification);
            change(&mut d);
            if *refusal == Refusal::TooMany {
                many_runs(&mut d);
            }
            let before = d.record();
            assert_eq!(broadcast(&mut d, "offer"), Some(*refusal), "{what}: {:?}", d.last.events);
            let mut after = d.record();
            after.last = before.last;
            after.told = before.told;
            assert_eq!(after, before, "{what}");
            assert_eq!((d.last.effects.len(), d.alerts().len(), d.last.live.len()), (0, 0, 0), "{what}");
            let told = d.last.events.iter().filter(|event| !matches!(event, Event::Profile(_))).count();
            assert_eq!(told, 2, "that it was asked for, and why nothing came of it: {what}: {:?}", d.last.events);
        }
    }
}

pub(super) fn cap(most: u16, per: Span) -> crate::config::project::Cap {
    crate::config::project::Cap { most, per }
}

/// As many runs as a contact may have, none of which asks.
fn many_runs(d: &mut Driver) {
    broadcast(d, "asks");
    d.change(|record| {
        let run = record.runs.remove(0);
        record.runs = (0..crate::domain::limits::RUNS_PER_CONTACT as u64)
            .map(|n| {
                let mut run = run.clone();
                run.id = crate::domain::id::RunId(n);
                run.waiting = crate::engine::record::Waiting::Time { until: MONDAY + Span::days(1) };
                run
            })
            .collect();
    });
}

#[test]
fn a_flow_that_is_not_there_and_values_that_do_not_fit_are_told_without_an_alert() {
    let mut d = driver(NOTE);
    assert_eq!(broadcast(&mut d, "nope"), Some(Refusal::Unknown));
    let with = vec![(Name::parse("size").expect("a name"), Value::text("7"))];
    d.operator(OperatorAction::Begin { flow: slug("offer"), with, sending: Some(Box::new(sending())) });
    assert_eq!(skipped(&d), Some(Refusal::Values));
    assert_eq!((d.alerts().len(), d.record().runs.len()), (0, 0));
}

#[test]
fn it_waits_for_an_open_question_and_is_no_news_after_a_day() {
    for (waits, refusal) in [("1h", None), ("25h", Some(Refusal::Busy))] {
        let mut d = driver(NOTE);
        d.user("ask");
        assert_eq!(broadcast(&mut d, "offer"), None);
        assert_eq!((d.said().len(), d.record().waiting.len()), (0, 1), "nobody is interrupted");
        // The question is kept open.
        d.change(|record| record.runs[0].question_mut().expect("a question").until = MONDAY + Span::days(9));
        d.wait(waits);
        assert_eq!(
            (skipped(&d), d.record().waiting.is_empty()),
            (refusal, refusal.is_some()),
            "{waits}: told although it is open still"
        );
        d.user("Fine");
        assert_eq!(skipped(&d), None, "{waits}");
        let said = d.said();
        assert_eq!(said.contains(&"New shoes. STOP ends it.".to_owned()), refusal.is_none(), "{said:?}");
        assert!(d.record().waiting.is_empty());
    }
}

#[test]
fn what_waits_to_begin_is_told_when_it_will_not() {
    let waiting = || {
        let mut d = driver(NOTE);
        d.user("ask");
        broadcast(&mut d, "offer");
        d
    };
    let mut d = waiting();
    assert_eq!(broadcast(&mut d, "offer"), Some(Refusal::Running), "it waits already");
    d.user("STOP");
    assert_eq!(skipped(&d), Some(Refusal::OptedOut));
    let mut d = waiting();
    d.operator(OperatorAction::EndRuns);
    assert_eq!(skipped(&d), Some(Refusal::Ended));
    // What stands against it is looked at again when it begins.
    let mut d = waiting();
    d.change(|record| record.consent = 0);
    d.user("Fine");
    assert_eq!(skipped(&d), Some(Refusal::NoConsent));
}

#[test]
fn who_may_be_in_its_flow_again_gets_another_run() {
    for (reentry, refusal) in [
        (Reentry::Never, Some(Refusal::Running)),
        (Reentry::After(Span::days(1)), Some(Refusal::Running)),
        (Reentry::Always, None),
    ] {
        let mut d = driver(NOTE);
        broadcast(&mut d, "asks");
        d.change(|record| record.runs[0].waiting = crate::engine::record::Waiting::Time { until: MONDAY + Span::days(1) });
        assert_eq!(broadcast_by(&mut d, "asks", Sending { reentry, ..sending() }), refusal, "{reentry:?}");
        assert_eq!(d.record().runs.len(), if refusal.is_some() { 1 } else { 2 });
    }
}

#[test]
fn a_route_goes_on_in_bulk_after_its_run_and_stops_to_when_the_contact_writes() {
    for heard in [false, true] {
        let mut d = driver(ROUTED);
        d.kind = ChannelKind::WhatsApp;
        d.user("hi");
        assert_eq!(broadcast(&mut d, "offer"), None);
        assert_eq!((in_bulk(&d), d.record().runs.len(), d.record().errands.len()), (vec![true], 0, 1));
        let effect = d.last_send();
        if heard {
            d.user("who are you?");
        }
        d.undelivered(effect);
        assert_eq!(in_bulk(&d), [!heard]);
    }
}

#[test]
fn a_notification_is_sent_by_itself() {
    let notice = with_notification(
        flow("flow: notify-note\nneeds: { what: text }\nbegin: send\nstart: []\nstates: { send: { notify: note, end: sent } }\n"),
        ROUTED,
    );
    let version = notice.version;
    let mut d = driver(NOTE);
    d.catalog = d.catalog.with_version(std::sync::Arc::new(notice));
    let notify = |what: &str| OperatorAction::Notify {
        notification: slug("note"),
        version,
        with: vec![(Name::parse(what).expect("a name"), Value::text("hats"))],
        sending: Some(Box::new(sending())),
    };
    d.operator(notify("what"));
    assert_eq!((skipped(&d), d.said()), (None, vec!["New hats. STOP ends it.".to_owned()]));
    let asked = d.last.events.iter().find_map(|event| match event {
        Event::Begun { flow, notification, with, .. } => Some((flow.clone(), notification.clone(), with.clone())),
        _ => None,
    });
    let (of, notification, with) = asked.expect("asked");
    assert_eq!((of.as_str(), notification, with.map_or(0, |with| with.len())), ("notify-note", Some(slug("note")), 1));
    d.operator(notify("which"));
    assert_eq!(skipped(&d), Some(Refusal::Values));
    d.change(|record| record.consent = 0);
    d.operator(notify("what"));
    assert_eq!(skipped(&d), Some(Refusal::NoConsent));
    let unknown = crate::domain::id::VersionId(1);
    let lost = OperatorAction::Notify { notification: slug("note"), version: unknown, with: Vec::new(), sending: None };
    let error = d.try_turn(Some(crate::domain::input::Input::Operator(lost))).expect_err("not there");
    assert_eq!(error, crate::engine::TurnError::UnknownVersion(unknown), "the service loads it and does the turn again");
}
