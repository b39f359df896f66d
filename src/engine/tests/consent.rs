//! What other systems say of a contact's consent, and what the contact said themselves.

use super::driver::{Driver, MONDAY, PHONE};
use crate::domain::address::E164;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{Consent, ConsentTold};
use crate::domain::input::{ContactRef, Event as InputEvent, Input};
use crate::domain::journal::Event;
use crate::domain::name::EventName;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;

const FLOW: &str = "flow: quiet
start: [ { keyword: hello } ]
begin: a
states: { a: { say: Hi., end: done } }
";

/// An event says so; what the journal has of it.
fn told(d: &mut Driver, consent: Consent) -> Option<ConsentTold> {
    let who = ContactRef { phone: E164::parse(PHONE), consent: Some(Box::new(consent)), ..ContactRef::default() };
    let name = EventName::parse("customer.updated").expect("a name");
    let event = InputEvent { name, data: Value::Null, contact: Some(who.clone()), to: who, callback: None };
    d.turn(Some(Input::Event(Box::new(event))));
    let told = |event: &Event| if let Event::Consent(told) = event { Some(ConsentTold::clone(told)) } else { None };
    d.last.events.iter().find_map(told)
}

fn yes(at: Option<Millis>) -> Consent {
    Consent { yes: 7, no: 0, at, how: Some("checkout".to_owned()), ..Consent::default() }
}

#[test]
fn a_yes_and_a_no_count_and_the_journal_says_when_and_how() {
    let mut d = Driver::new(&[FLOW]);
    let first = told(&mut d, yes(Some(MONDAY))).expect("told");
    assert_eq!((first.given.len(), first.how.as_deref(), first.at), (3, Some("checkout"), Some(MONDAY)));
    assert_eq!((first.by.as_str(), d.record().consent), ("customer.updated", 7));
    assert_eq!(told(&mut d, yes(None)), None, "the same again is no news");
    let mail_only = Consent { yes: 4, no: 3, ..Consent::default() };
    let second = told(&mut d, mail_only).expect("told");
    assert_eq!(second.withdrawn, [ChannelKind::Sms, ChannelKind::WhatsApp]);
    assert_eq!(d.record().consent, 4);
}

#[test]
fn the_contacts_own_no_is_undone_only_by_a_yes_that_is_newer() {
    let mut d = Driver::new(&[FLOW]);
    told(&mut d, yes(None));
    d.now = d.now + Span::hours(1);
    d.user("STOP");
    assert_eq!(d.record().consent, 6);
    // While they are opted out no yes counts, however new.
    let at = d.now + Span::hours(1);
    let ignored = told(&mut d, yes(Some(at))).expect("told");
    assert_eq!((ignored.ignored.as_slice(), d.record().consent), ([ChannelKind::Sms].as_slice(), 6));
    d.now = d.now + Span::hours(1);
    d.user("START");
    for stale in [None, Some(MONDAY)] {
        let ignored = told(&mut d, yes(stale)).expect("told");
        assert_eq!((ignored.given.len(), d.record().consent), (0, 6), "{stale:?}");
    }
    let at = d.now;
    let newer = told(&mut d, yes(Some(at))).expect("told");
    assert_eq!((newer.given.as_slice(), d.record().consent), ([ChannelKind::Sms].as_slice(), 7));
}

#[test]
fn a_no_of_somebody_who_never_agreed_is_kept_and_no_undated_yes_undoes_it() {
    let no = Consent { yes: 0, no: 7, ..Consent::default() };
    let mut d = Driver::new(&[FLOW]);
    assert_eq!(told(&mut d, no.clone()).expect("told").withdrawn.len(), 3);
    assert_eq!(told(&mut d, no.clone()), None, "the same again is no news");
    let ignored = told(&mut d, yes(None)).expect("told");
    assert_eq!((ignored.given.len(), ignored.ignored.len(), d.record().consent), (0, 3, 0));
    // One that is told late is as old as it is: a yes that was said after it counts.
    let mut d = Driver::new(&[FLOW]);
    d.now = d.now + Span::hours(10);
    told(&mut d, Consent { at: Some(MONDAY), ..no }).expect("told");
    let later = told(&mut d, yes(Some(MONDAY + Span::hours(1)))).expect("told");
    assert_eq!((later.given.len(), d.record().consent), (3, 7));
}

#[test]
fn a_yes_from_the_future_undoes_no_no() {
    let mut d = Driver::new(&[FLOW]);
    let ahead = yes(Some(MONDAY + Span::days(300)));
    assert_eq!(told(&mut d, ahead.clone()).expect("told").given.len(), 3, "without a no it counts");
    d.now = d.now + Span::hours(1);
    told(&mut d, Consent { yes: 0, no: 7, ..Consent::default() }).expect("told");
    d.now = d.now + Span::hours(1);
    let ignored = told(&mut d, ahead).expect("told");
    assert_eq!((ignored.given.len(), d.record().consent), (0, 0));
}
