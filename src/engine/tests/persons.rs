//! Conversations with a person: who gets what, what waits, how it ends.

use super::driver::Driver;
use crate::domain::channel::ChannelKind;
use crate::domain::input::OperatorAction;
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::engine::record::{Talk, Waiting};
use serde_json::json;

const HELP: &str = "\
flow: support
languages: [en, es]
start: [ { keyword: problem } ]
anytime:
  - { event: solved, contact: '{{ event.phone }}', go: solved }
  - { keyword: where, say: Here., again: true }
begin: ask
states:
  ask: { ask: 'What is it?', answer: text, save: what, go: { ok: agent, silence: { after: 1h, end: silent } } }
  agent:
    handoff: { to: payments, note: { en: 'It is: {{ what }}', es: 'Es: {{ what }}' }, say: One moment. }
    save: resolution
    go:
      ok: { say: \"Done: {{ resolution ?? 'nothing noted' }}\", end: handled }
      silence: { after: 2h, do: [ { alert: Nobody took it }, { say: We call you. } ], end: unattended }
  solved: { say: Solved., end: solved }
";

const OTHER: &str = "\
flow: other
start: [ { keyword: other }, { event: remind, contact: '{{ event.phone }}' } ]
begin: q
states:
  q: { ask: Other?, answer: yes_no, go: { yes: { say: Yes., end: yes }, no: { end: no }, nomatch: { again: 1, end: lost }, silence: { after: 3h, say: Hello?, again: 1, end: silent } } }
";

fn handed_over() -> Driver {
    let mut d = Driver::new(&[HELP, OTHER]);
    d.user("problem");
    assert_eq!(d.user("The card was charged twice"), ["One moment."]);
    d
}

fn take(by: &str) -> OperatorAction {
    OperatorAction::Take { by: by.to_owned() }
}

fn write(by: &str, text: &str) -> OperatorAction {
    OperatorAction::Write { by: by.to_owned(), text: text.to_owned(), channel: None }
}

fn resolve(note: Option<&str>) -> OperatorAction {
    OperatorAction::Resolve { by: "ann".to_owned(), note: note.map(str::to_owned) }
}

fn closed(d: &Driver) -> Vec<String> {
    let how = |event: &Event| match event {
        Event::HandoffClosed(closed) => Some(closed.outcome.clone()),
        _ => None,
    };
    d.last.events.iter().filter_map(how).collect()
}

fn refused(d: &Driver) -> Option<String> {
    let why = |event: &Event| match event {
        Event::PersonWrote(wrote) => Some(wrote.refused.clone()),
        _ => None,
    };
    d.last.events.iter().find_map(why).expect("a person wrote")
}

#[test]
fn the_team_hears_why_and_messages_go_to_the_inbox_alone() {
    let mut d = handed_over();
    let opened = d.last.events.iter().find_map(|event| match event {
        Event::HandoffOpened(opened) => Some(opened.clone()),
        _ => None,
    });
    let opened = opened.expect("opened");
    assert_eq!((opened.to.as_str(), opened.note.as_deref()), ("payments", Some("It is: The card was charged twice")));
    for text in ["Hello?", "where", "problem", "other", "menu"] {
        assert!(d.user(text).is_empty(), "{text}");
        assert_eq!(d.decision(), (Decision::Person, "a person of `payments` is awaited".to_owned()), "{text}");
    }
    d.operator(take("ann"));
    assert!(d.user("Are you there?").is_empty());
    assert_eq!(d.decision(), (Decision::Person, "a person of `payments` has taken over".to_owned()));
    assert_eq!(d.at("support"), ["agent"]);
}

#[test]
fn nobody_there_means_the_deadline() {
    let mut d = handed_over();
    d.user("Hello?");
    assert!(d.wait("1h59m59s").is_empty());
    assert_eq!(d.wait("1s"), ["We call you."]);
    assert_eq!(
        (d.alerts(), d.ends(), closed(&d)),
        (vec!["Nobody took it".to_owned()], vec!["unattended"], vec!["silence".to_owned()])
    );
    // Who comes too late finds nothing.
    d.operator(take("ann"));
    assert_eq!(d.notes(), ["no conversation was handed over to a person; nobody took one over"]);
}

#[test]
fn who_takes_it_stops_the_deadline_and_resolves() {
    let mut d = handed_over();
    d.wait("1h");
    d.operator(take("ann"));
    assert!(d.wait("3d").is_empty(), "nothing happens by itself");
    assert_eq!(d.operator(resolve(Some("refunded"))), ["Done: refunded"]);
    assert_eq!((d.ends(), closed(&d)), (vec!["handled"], vec!["ok".to_owned()]));
    let mut d = handed_over();
    assert_eq!(d.operator(resolve(None)), ["Done: nothing noted"], "without having taken it");
}

#[test]
fn a_person_writes_over_the_channel_that_the_contact_used_last() {
    let mut d = handed_over();
    assert_eq!(d.operator(write("ann", "This is Ann.")), ["This is Ann."]);
    assert_eq!(d.sends()[0].1.channel.as_str(), "main-sms");
    assert_eq!(refused(&d), None);
    let taken = d.last.events.iter().any(|event| matches!(event, Event::HandoffTaken(taken) if taken.by == "ann"));
    assert!(taken, "whoever writes has taken it over");
    d.kind = ChannelKind::WhatsApp;
    d.user("I am here now");
    assert_eq!(d.operator(write("ann", "Me too.")), ["Me too."]);
    assert_eq!(d.sends()[0].1.channel.as_str(), "main-whatsapp");
    let Waiting::Person { taken, talk, .. } = &d.record().runs[0].waiting else { panic!("with a person") };
    assert_eq!(taken.as_deref(), Some("ann"));
    let said: Vec<_> = talk.said.iter().map(|said| (said.by.as_deref(), said.text.as_str())).collect();
    assert_eq!(said, [(Some("ann"), "This is Ann."), (None, "I am here now"), (Some("ann"), "Me too.")]);
}

#[test]
fn what_cannot_be_sent_is_refused_in_words() {
    let mut d = handed_over();
    let channel = |name: &str| crate::domain::name::ChannelName::parse(name).ok();
    let on = |name: &str| OperatorAction::Write { by: "ann".to_owned(), text: "Hi".to_owned(), channel: channel(name) };
    assert!(d.operator(on("main-whatsapp")).is_empty());
    assert_eq!(refused(&d).as_deref(), Some("the 24-hour window of `main-whatsapp` is closed: the contact must write first"));
    d.operator(on("other-sms"));
    assert_eq!(refused(&d).as_deref(), Some("there is no channel `other-sms`"));
    d.operator(write("ann", "  "));
    assert_eq!(refused(&d).as_deref(), Some("the text is empty"));
    d.operator(write("ann", &"a".repeat(limits::SMS_CHARS)));
    assert_eq!(refused(&d), None);
    d.operator(write("ann", &"a".repeat(limits::SMS_CHARS + 1)));
    assert_eq!(refused(&d).as_deref(), Some("the text has 1601 characters; `main-sms` takes 1600"));
    d.kind = ChannelKind::WhatsApp;
    d.user("On WhatsApp now");
    assert_eq!(d.operator(write("ann", "Hi")), ["Hi"]);
    d.wait("23h59m59s");
    assert_eq!(d.operator(write("ann", "Still there?")), ["Still there?"]);
    d.wait("1s");
    assert!(d.operator(write("ann", "And now?")).is_empty());
    assert_eq!(refused(&d).as_deref(), Some("the 24-hour window of `main-whatsapp` is closed: the contact must write first"));
    d.operator(resolve(None));
    d.operator(write("ann", "One more"));
    assert_eq!(refused(&d).as_deref(), Some("no conversation of this contact was handed over to a person"));
}

#[test]
fn stop_start_and_help_work_as_always() {
    let mut d = handed_over();
    assert_eq!(d.user("help"), ["Reply STOP to stop."]);
    assert_eq!(d.at("support"), ["agent"]);
    assert_eq!(d.user("stop"), ["You are out."]);
    assert_eq!((d.ends(), closed(&d)), (vec!["opted_out"], vec!["opted_out".to_owned()]));
    assert!(d.operator(write("ann", "Wait!")).is_empty());
    assert!(d.wait("3h").is_empty(), "the deadline is gone with the run");
    assert_eq!(d.user("start"), ["You are in."]);
}

#[test]
fn the_questions_of_others_hold_and_then_go_on() {
    let phone = json!({ "phone": super::driver::PHONE });
    let asked = OTHER.replace("{ event: remind", "{ event: ask, contact: '{{ event.phone }}' }, { event: remind");
    // A question is open when another run gives the conversation away because of an event that it awaited.
    let waits = "\
flow: waits
start: [ { event: watch, contact: '{{ event.phone }}' } ]
begin: w
states:
  w: { wait: { event: problem }, go: { ok: agent, silence: { after: 9d, end: x } } }
  agent: { handoff: { to: payments }, go: { ok: { say: Done., end: handled }, silence: { after: 20h, end: unattended } } }
";
    let mut d = Driver::new(&[waits, &asked]);
    d.event("watch", phone.clone());
    assert_eq!(d.user("other"), ["Other?"]);
    d.wait("1h");
    d.event("problem", phone.clone());
    assert_eq!(d.at("waits"), ["agent", "q"]);
    assert!(d.wait("10h").is_empty(), "the question holds");
    assert!(d.user("yes").is_empty(), "its answer is for the person");
    // What would begin waits as well.
    assert!(d.event("remind", phone.clone()).is_empty());
    assert_eq!(d.decision().0, Decision::StartIgnored, "a run of that flow is live");
    assert_eq!(d.operator(resolve(None)), ["Done."]);
    assert!(d.wait("1h59m59s").is_empty(), "two of its three hours are left");
    assert_eq!(d.wait("1s"), ["Hello?"]);
    assert_eq!(d.user("yes"), ["Yes."]);
}

#[test]
fn starts_wait_until_the_conversation_is_given_back() {
    let mut d = handed_over();
    let phone = json!({ "phone": super::driver::PHONE });
    assert!(d.event("remind", phone).is_empty());
    assert_eq!(d.decision().0, Decision::StartWaits);
    d.operator(take("ann"));
    assert!(d.wait("1d").is_empty());
    assert_eq!(d.operator(resolve(Some("x"))), ["Done: x", "Other?"]);
}

#[test]
fn an_event_that_the_run_takes_anytime_ends_it() {
    let mut d = handed_over();
    d.operator(take("ann"));
    assert_eq!(d.event("solved", json!({ "phone": super::driver::PHONE })), ["Solved."]);
    assert_eq!((d.ends(), closed(&d)), (vec!["solved"], vec!["anytime".to_owned()]));
    d.operator(write("ann", "Hi"));
    assert_eq!(refused(&d).as_deref(), Some("no conversation of this contact was handed over to a person"));
}

#[test]
fn a_run_that_would_be_over_first_still_reaches_its_deadline() {
    let flow = HELP.replace("begin: ask", "expires: 90m\nbegin: ask");
    let mut d = Driver::new(&[&flow]);
    d.user("problem");
    d.user("x");
    assert_eq!(d.wait("90m"), ["We call you."]);
}

#[test]
fn an_act_that_is_done_is_known() {
    let mut d = handed_over();
    for _ in 0..20 {
        d.operator(take("ann"));
    }
    assert_eq!(d.record().acts.len(), limits::PERSON_ACTS);
}

#[test]
fn nothing_private_is_kept() {
    let flow = HELP.replace("    save: resolution", "    private: true\n    save: resolution");
    let mut d = Driver::new(&[&flow]);
    d.user("problem");
    d.user("x");
    let mut seen = format!("{:?}", d.last.events);
    d.user("my card is 4711");
    seen += &format!("{:?}", d.last.events);
    let Waiting::Person { talk, .. } = d.record().runs[0].waiting.clone() else { panic!("with a person") };
    assert_eq!(Talk { older: 0, ..talk.clone() }.said[0].text, "");
    d.operator(resolve(Some("refunded 4711")));
    let own: Vec<_> = d.last.events.iter().filter(|event| !matches!(event, Event::Sent { .. })).collect();
    seen += &format!("{own:?}");
    assert!(!seen.contains("4711") && !seen.contains("It is"), "{seen}");
}
