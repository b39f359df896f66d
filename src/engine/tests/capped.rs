//! Caps of marketing: what counts, and what does not.

use super::broadcasts::cap;
use super::driver::{Driver, MONDAY, NEWS, PLAIN, ROUTED, flow, with_notification};
use crate::domain::channel::ChannelKind;
use crate::domain::journal::Event;
use crate::domain::message::DeliveryStatus;
use crate::domain::time::Span;
use crate::domain::way::Step;

const QUIZ: &str = "flow: quiz
start: [ { keyword: quiz } ]
begin: a
states:
  a:
    ask: { notify: note }
    answer: { choice: { yes: Yes, no: No } }
    go: { else: { end: done }, nomatch: { again: 5, end: lost }, undelivered: { end: undelivered } }
";

const CODE: &str = "notification: note\nkind: code\ntext: Your code\n";

fn driver(notification: &str, caps: &[(u16, Span)]) -> Driver {
    let mut d = Driver::of([NEWS, QUIZ].map(|source| with_notification(flow(source), notification)).to_vec());
    d.project.caps = caps.iter().map(|(most, per)| cap(*most, *per)).collect();
    d.user("hello");
    d.change(|record| record.consent = 7);
    d
}

fn says(d: &mut Driver, word: &str) -> usize {
    d.user(word).len()
}

fn capped(d: &Driver) -> bool {
    d.last.events.iter().any(|event| match event {
        Event::Way(way) => way.step == Step::Skipped && way.reason.contains("capped: "),
        _ => false,
    })
}

#[test]
fn one_too_many_is_passed_over_and_the_journal_says_why() {
    for notification in [PLAIN, ROUTED] {
        let mut d = driver(notification, &[(3, Span::days(7)), (2, Span::days(1))]);
        assert_eq!((says(&mut d, "news"), says(&mut d, "news")), (1, 1));
        assert_eq!((says(&mut d, "news"), capped(&d)), (0, true), "two in a day");
        d.wait("1d");
        assert_eq!((says(&mut d, "news"), capped(&d)), (1, false), "the next day");
        d.wait("1d");
        assert_eq!((says(&mut d, "news"), capped(&d)), (0, true), "three in a week");
        d.wait("5d");
        assert_eq!(says(&mut d, "news"), 1, "the first two are a week old");
        assert!(d.record().marketing.len() <= 3, "as many are kept as count");
        assert!(d.record().marketing[0] > MONDAY);
    }
}

#[test]
fn what_is_no_marketing_is_never_capped_and_not_kept() {
    for (notification, caps) in [(CODE, &[(1, Span::days(7))][..]), (PLAIN, &[])] {
        let mut d = driver(notification, caps);
        for _ in 0..4 {
            assert_eq!(says(&mut d, "news"), 1);
        }
        assert!(d.record().marketing.is_empty());
    }
}

#[test]
fn a_route_counts_once_and_an_open_question_is_asked_again() {
    let mut d = driver(ROUTED, &[(1, Span::days(7))]);
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(says(&mut d, "news"), 1);
    let first = d.last_send();
    d.report(first, DeliveryStatus::Failed);
    assert_eq!((d.over(), d.record().marketing.len()), (vec!["main-sms".to_owned()], 1), "the next of its route");
    for notification in [PLAIN, ROUTED] {
        let mut d = driver(notification, &[(1, Span::days(7))]);
        assert_eq!(says(&mut d, "quiz"), 1);
        assert_eq!((says(&mut d, "perhaps"), says(&mut d, "well")), (1, 1), "the question again, as often as the flow says");
        assert_eq!(d.record().marketing.len(), 1);
        d.user("yes");
        assert_eq!((says(&mut d, "quiz"), capped(&d)), (0, true));
        assert_eq!(d.ends(), ["undelivered"], "a question that may not be asked");
    }
}

#[test]
fn what_waits_for_its_hours_counts_when_it_leaves() {
    let mut d = driver(&format!("{ROUTED}hours: day\n"), &[(1, Span::days(7))]);
    let at = |hour| jiff::civil::time(hour, 0, 0, 0);
    let days = [(); 7].map(|()| vec![(at(14), at(18))]);
    d.project.hours.insert(super::driver::slug("day"), crate::config::project::Hours { days });
    assert_eq!((says(&mut d, "news"), says(&mut d, "news")), (0, 0));
    assert_eq!(d.record().marketing.len(), 0);
    assert_eq!(d.wait("5h").len(), 1, "the second of them is one too many");
    assert_eq!(d.record().marketing.len(), 1);
}

#[test]
fn marketing_waits_for_the_hours_of_the_contacts_country() {
    let at = |hour| jiff::civil::time(hour, 0, 0, 0);
    let set = |from: i8, to: i8| crate::config::project::Hours { days: [(); 7].map(|()| vec![(at(from), at(to))]) };
    let slug = super::driver::slug;
    // It is Monday, 10:00, where the contact is.
    for (country, own, says_now, later) in
        [("GB", "", 0, "5h"), ("US", "", 1, ""), ("GB", "hours: early\n", 0, "23h"), ("US", "hours: early\n", 1, "")]
    {
        let mut d = driver(&format!("{PLAIN}{own}"), &[]);
        for (name, from, to) in [("all", 0, 23), ("afternoon", 14, 18), ("early", 8, 15)] {
            d.project.hours.insert(slug(name), set(from, to));
        }
        d.project.marketing_hours.default = Some(slug("all"));
        d.project.marketing_hours.countries.insert(country.to_owned(), slug("afternoon"));
        let held = says(&mut d, "news");
        assert_eq!(held, says_now, "{country} {own}: the contact's number is British");
        if says_now == 0 {
            assert_eq!(d.wait(later).len(), 1, "{country} {own}");
        }
    }
    let mut code = driver(CODE, &[]);
    code.project.hours.insert(slug("afternoon"), set(14, 18));
    code.project.marketing_hours.default = Some(slug("afternoon"));
    assert_eq!(says(&mut code, "news"), 1, "what is no marketing goes at once");
}
