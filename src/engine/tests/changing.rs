//! What operators and programs change of a contact, what is told of it, and topics of marketing.

use super::driver::{Driver, MONDAY, PHONE, flow, language, slug, with_notification};
use crate::domain::change::{ContactChange, Edit};
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{Consent, TopicConsent};
use crate::domain::input::OperatorAction;
use crate::domain::journal::Event;
use crate::domain::name::Name;
use crate::domain::profile::Profile;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;

const QUIET: &str = "flow: quiet\nstart: [ { keyword: hello } ]\nbegin: a\nstates: { a: { say: Hi., end: done } }\n";

fn change(d: &mut Driver, change: ContactChange) {
    d.operator(OperatorAction::Change(Box::new(ContactChange { by: "ann".to_owned(), ..change })));
}

/// What the journal has of the last turn: names with values, and by whom.
fn changed(d: &Driver) -> Vec<(String, serde_json::Value)> {
    let of = |event: &Event| match event {
        Event::ContactChanged { name, value, by } => {
            assert_eq!(by.as_deref(), Some("ann"));
            Some((name.clone(), value.to_json()))
        }
        _ => None,
    };
    d.last.events.iter().filter_map(of).collect()
}

fn profile(d: &Driver) -> Option<Profile> {
    let of = |event: &Event| if let Event::Profile(profile) = event { Some(Profile::clone(profile)) } else { None };
    d.last.events.iter().find_map(of)
}

fn vip() -> Name {
    Name::parse("vip").expect("a name")
}

#[test]
fn a_change_is_taken_over_told_once_and_by_whom() {
    let mut d = Driver::new(&[QUIET]);
    let whole = ContactChange {
        phone: crate::domain::address::E164::parse(PHONE),
        email: Edit::To("ann@shop.example".to_owned()),
        external: Some("cust-1".to_owned()),
        name: Edit::To("Ann".to_owned()),
        language: Edit::To(language("es")),
        timezone: Edit::To("Europe/Madrid".to_owned()),
        attributes: vec![(vip(), Value::Bool(true))],
        tag: vec![slug("vip"), slug("beta")],
        ..ContactChange::default()
    };
    change(&mut d, whole.clone());
    let names: Vec<String> = changed(&d).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["phone", "external", "email", "name", "language", "timezone", "vip", "tags"]);
    let told = profile(&d).expect("told");
    assert_eq!((told.name.as_deref(), told.tags.len(), told.attributes.len()), (Some("Ann"), 2, 1));
    assert_eq!(d.record().profile(), told);
    change(&mut d, whole);
    assert_eq!((changed(&d), profile(&d)), (vec![], None), "the same again is no news");
    let less = ContactChange {
        name: Edit::Clear,
        attributes: vec![(vip(), Value::Null)],
        untag: vec![slug("beta")],
        // Who they are is not exchanged.
        phone: crate::domain::address::E164::parse("+447700900999"),
        external: Some("cust-2".to_owned()),
        ..ContactChange::default()
    };
    change(&mut d, less);
    let expected = [("name", serde_json::Value::Null), ("vip", serde_json::Value::Null), ("tags", serde_json::json!(["vip"]))];
    assert_eq!(changed(&d), expected.map(|(name, value)| (name.to_owned(), value)));
    let record = d.record();
    assert_eq!((record.phone.as_ref().map(|p| p.as_str()), record.external.as_deref()), (Some(PHONE), Some("cust-1")));
}

#[test]
fn what_cannot_be_is_left_as_it_is() {
    let mut d = Driver::new(&[QUIET]);
    let size = Name::parse("size").expect("a name");
    let wrong = ContactChange {
        timezone: Edit::To("Mars/Olympus".to_owned()),
        attributes: vec![(size, Value::Number(1.0))],
        consent: Some(Box::new(topic("unknown", 7, 0, None))),
        ..ContactChange::default()
    };
    change(&mut d, wrong);
    assert_eq!((changed(&d), d.notes().len()), (vec![], 1));
    assert!(d.record().attributes.is_empty() && d.record().topics.is_empty());
    let tags = (0..=crate::domain::limits::TAGS).map(|n| slug(&format!("t{n}"))).collect();
    change(&mut d, ContactChange { tag: tags, ..ContactChange::default() });
    assert_eq!((d.record().tags.len(), d.notes().len()), (crate::domain::limits::TAGS, 1));
}

#[test]
fn what_was_said_in_private_is_shown_to_nobody() {
    let asks = "flow: asks
start: [ { keyword: go } ]
begin: a
states:
  a: { ask: Number?, answer: text, private: true, save: n, go: b }
  b: { set: { contact.vip: true, contact.secret: '{{ n }}', contact.name: '{{ n }}' }, end: done }
";
    let mut d = Driver::new(&[asks]);
    let secret = Name::parse("secret").expect("a name");
    d.project.attributes.insert(secret.clone(), crate::domain::value::Type::Text);
    d.user("go");
    d.user("12345");
    assert_eq!(d.record().name.as_deref(), Some("12345"), "flows read it");
    let told = profile(&d).expect("told");
    assert_eq!((told.name.as_deref(), told.attributes.len()), (None, 1));
    assert_eq!(told.private.iter().map(Name::as_str).collect::<Vec<_>>(), ["secret", "name"]);
    assert!(!format!("{:?}", d.last.events).contains("12345"));
    // Who says it openly shows it.
    let open = ContactChange {
        name: Edit::To("Ann".to_owned()),
        attributes: vec![(secret, Value::text("open"))],
        ..ContactChange::default()
    };
    change(&mut d, open);
    let told = profile(&d).expect("told");
    assert_eq!((told.name.as_deref(), told.attributes.len(), told.private.len()), (Some("Ann"), 2, 0));
}

fn topic(name: &str, yes: u8, no: u8, at: Option<Millis>) -> Consent {
    Consent { topics: vec![TopicConsent { topic: slug(name), yes, no }], at, ..Consent::default() }
}

fn consents(d: &mut Driver, consent: Consent) -> Vec<(Option<String>, usize, usize, usize)> {
    change(d, ContactChange { consent: Some(Box::new(consent)), ..ContactChange::default() });
    let of = |event: &Event| match event {
        Event::Consent(told) => {
            let topic = told.topic.as_ref().map(ToString::to_string);
            Some((topic, told.given.len(), told.withdrawn.len(), told.ignored.len()))
        }
        _ => None,
    };
    d.last.events.iter().filter_map(of).collect()
}

const SENDS: &str = "flow: sends
start: [ { keyword: go } ]
begin: a
states: { a: { notify: news, end: done } }
";
const NEWS: &str = "notification: news\nkind: marketing\ntopic: news\ntext: News\n";

fn news() -> Driver {
    let mut d = Driver::of(vec![with_notification(flow(SENDS), NEWS)]);
    d.project.topics.insert(slug("news"), "News".to_owned());
    d
}

#[test]
fn a_topic_asks_for_its_own_consent() {
    let mut d = news();
    assert!(d.user("go").is_empty());
    assert!(d.notes().iter().any(|note| note.contains("did not agree to marketing about `news`")), "{:?}", d.notes());
    let named = |given, withdrawn, ignored| vec![(Some("news".to_owned()), given, withdrawn, ignored)];
    assert_eq!(consents(&mut d, topic("news", 1, 0, None)), named(1, 0, 0));
    assert_eq!(d.user("go"), ["News"], "a yes to the topic is enough");
    assert_eq!(consents(&mut d, topic("news", 1, 0, None)), [], "the same again is no news");
    // Who wants all marketing and not this does not get this.
    d.now = d.now + Span::hours(1);
    consents(&mut d, Consent { yes: 1, ..Consent::default() });
    assert_eq!(consents(&mut d, topic("news", 0, 1, None)), named(0, 1, 0));
    assert!(d.user("go").is_empty());
    assert_eq!(consents(&mut d, topic("news", 1, 0, Some(MONDAY))), named(0, 0, 1), "an older yes");
    d.now = d.now + Span::hours(1);
    let at = d.now;
    assert_eq!(consents(&mut d, topic("news", 1, 0, Some(at))), named(1, 0, 0));
    assert_eq!(d.user("go"), ["News"]);
}

#[test]
fn who_said_nothing_of_a_topic_gets_it_with_all_marketing_and_a_no_to_all_ends_every_topic() {
    let mut d = news();
    consents(&mut d, Consent { yes: 1, ..Consent::default() });
    assert_eq!(d.user("go"), ["News"]);
    consents(&mut d, topic("news", 1, 0, None));
    d.user("STOP");
    assert!(!d.record().wants(ChannelKind::Sms, Some(&slug("news"))));
    d.now = d.now + Span::hours(1);
    d.user("START");
    assert!(d.user("go").is_empty(), "messages are wanted again, marketing is not");
    assert_eq!(consents(&mut d, topic("news", 1, 0, None)), [(Some("news".to_owned()), 0, 0, 1)]);
    let at = d.now;
    consents(&mut d, topic("news", 1, 0, Some(at)));
    assert_eq!(d.user("go"), ["News"]);
}

#[test]
fn a_no_to_all_marketing_ends_topics_of_somebody_who_never_wanted_all() {
    for by_flow in [false, true] {
        let quiet = "flow: quiet\nstart: [ { keyword: no } ]\nbegin: a\nstates: { a: { set: { contact.marketing: false }, end: done } }\n";
        let mut d = Driver::of(vec![flow(quiet)]);
        d.project.topics.insert(slug("news"), "News".to_owned());
        consents(&mut d, topic("news", 7, 0, None));
        match by_flow {
            true => drop(d.user("no")),
            false => assert_eq!(consents(&mut d, Consent { no: 7, ..Consent::default() }), [(None, 0, 3, 0)]),
        }
        assert!(!d.record().wants(ChannelKind::Email, Some(&slug("news"))), "{by_flow}");
        assert_eq!(consents(&mut d, topic("news", 4, 0, None)), [(Some("news".to_owned()), 0, 0, 1)], "{by_flow}");
    }
}

#[test]
fn flows_read_and_set_topics() {
    let asks = "flow: asks
start: [ { keyword: no }, { keyword: 'yes', go: b } ]
begin: a
states:
  a: { set: { contact.topics: { news: false } }, end: done }
  b: { do: [ { set: { contact.topics: { news: [sms] } } }, { say: '{{ contact.topics.news }}' } ], end: done }
";
    let mut d = Driver::of(vec![flow(asks)]);
    d.project.topics.insert(slug("news"), "News".to_owned());
    d.user("no");
    assert!(!d.record().wants(ChannelKind::Sms, Some(&slug("news"))));
    assert_eq!(d.user("yes"), ["sms"]);
    assert!(d.record().wants(ChannelKind::Sms, Some(&slug("news"))));
    assert!(!d.record().wants(ChannelKind::Email, Some(&slug("news"))));
    d.project.topics.clear();
    d.user("no");
    assert_eq!(d.notes().len(), 1, "a topic that is no longer there");
}
