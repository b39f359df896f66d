//! Hand-offs at a desk: what it is told and in which order, what is done there, and that nobody is left without a word.

use super::driver::{Driver, PHONE, slug};
use crate::config::project::{DeskInfo, Share};
use crate::domain::codec;
use crate::domain::desk::{DeskDone, DeskJob, DeskOutcome, DeskPlace, DeskTask, TalkId};
use crate::domain::id::EffectId;
use crate::domain::input::{Input, OperatorAction};
use crate::domain::limits;
use crate::engine::effect::Effect;
use crate::engine::record::Record;

const FLOW: &str = "\
flow: refund
languages: [en]
start: [ { keyword: refund } ]
begin: why
states:
  why: { ask: What was wrong?, answer: text, save: why, go: { ok: agent, silence: { after: 1h, end: silent } } }
  agent:
    handoff: { to: payments, note: 'Wants a refund: {{ why }}', say: One moment. }
    save: note
    go: { ok: { say: \"Done: {{ note ?? '-' }}\", end: handled }, silence: { after: 2h, say: We call you., end: unattended } }
";

fn desk(name: &str, teams: &[&str]) -> DeskInfo {
    let teams = teams.iter().map(|team| slug(team)).collect();
    DeskInfo { name: slug(name), teams, share: Share { name: true, ..Share::default() } }
}

fn driver() -> Driver {
    let mut d = Driver::new(&[FLOW]);
    d.project.desks.push(desk("support", &[]));
    d
}

fn tasks(d: &Driver) -> Vec<(EffectId, DeskTask)> {
    let task = |(id, effect): &(EffectId, Effect)| match effect {
        Effect::Desk(desk) => Some((*id, desk.task.clone())),
        _ => None,
    };
    d.last.effects.iter().filter_map(task).collect()
}

/// The only task of the last turn.
fn task(d: &Driver) -> (EffectId, DeskTask) {
    let tasks = tasks(d);
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    tasks[0].clone()
}

fn text(task: &DeskTask) -> String {
    match &task.job {
        DeskJob::Open(opening) => opening.first.text.clone(),
        DeskJob::Say(line) if line.contact => format!("customer: {}", line.text),
        DeskJob::Say(line) => line.text.clone(),
        DeskJob::Close { line, resolve } => format!("{}: {}", if *resolve { "resolve" } else { "keep" }, line.text),
    }
}

fn ends(d: &mut Driver, of: &(EffectId, DeskTask), outcome: DeskOutcome) {
    let (effect, task) = of.clone();
    let opened = matches!(task.job, DeskJob::Open(_));
    let done = DeskDone { effect, desk: task.desk, talk: task.talk, run: task.run, opened, outcome };
    d.turn(Some(Input::Desk(Box::new(done))));
}

fn done(d: &mut Driver, of: &(EffectId, DeskTask)) {
    ends(d, of, DeskOutcome::Done { conversation: "9".to_owned(), party: Some("88".to_owned()) });
}

fn failed(d: &mut Driver, of: &(EffectId, DeskTask)) {
    ends(d, of, DeskOutcome::Failed { why: "it answered 422".to_owned() });
}

/// A hand-off whose conversation is known at the desk.
fn opened() -> (Driver, TalkId) {
    let mut d = driver();
    d.user("refund");
    d.user("It was broken");
    let open = task(&d);
    done(&mut d, &open);
    assert!(tasks(&d).is_empty());
    (d, open.1.talk)
}

fn there(talk: TalkId, act: OperatorAction) -> OperatorAction {
    let place = DeskPlace { desk: slug("support"), talk, conversation: "9".to_owned() };
    OperatorAction::AtDesk { place, act: Box::new(act) }
}

fn writes(d: &mut Driver, talk: TalkId, text: &str) -> Vec<String> {
    let (by, text) = ("Ann".to_owned(), text.to_owned());
    d.operator(there(talk, OperatorAction::Write { by, text, channel: None }))
}

fn resolves(d: &mut Driver, talk: TalkId) -> Vec<String> {
    d.operator(there(talk, OperatorAction::Resolve { by: "Ann".to_owned(), note: None }))
}

#[test]
fn a_conversation_begins_there_with_the_note_and_what_was_said() {
    let mut d = driver();
    d.user("refund");
    assert!(tasks(&d).is_empty());
    d.user("It was broken");
    let (_, task) = task(&d);
    let DeskJob::Open(opening) = &task.job else { panic!("{task:?}") };
    assert_eq!((opening.team.as_str(), opening.subject.as_str()), ("payments", "Wants a refund: It was broken"));
    assert_eq!(
        opening.first.text,
        "Handed over to payments by the flow refund.\n\nWants a refund: It was broken\n\nWhat was said last:\n\
         Customer: refund\nWe: What was wrong?\nCustomer: It was broken\nWe: One moment."
    );
    assert_eq!((opening.phone.as_deref(), opening.email.as_deref()), (None, None), "no more than may be known");
    assert!(!format!("{task:?}").contains(PHONE));
    assert!(!opening.first.contact);
}

#[test]
fn without_a_desk_nothing_is_kept_for_one() {
    let mut d = Driver::new(&[FLOW]);
    d.user("refund");
    d.user("It was broken");
    d.user("Hello?");
    assert!(tasks(&d).is_empty() && d.record().desks.is_empty() && d.record().recent.is_empty());
    let mut d = Driver::new(&[FLOW]);
    d.project.desks.push(desk("support", &["repairs"]));
    d.user("refund");
    d.user("It was broken");
    assert!(tasks(&d).is_empty(), "another team's desk");
}

#[test]
fn what_the_customer_writes_goes_there_in_order_and_one_at_a_time() {
    let mut d = driver();
    d.user("refund");
    d.user("It was broken");
    let open = task(&d);
    for words in ["one", "two", "three"] {
        d.user(words);
        assert!(tasks(&d).is_empty(), "the conversation is not known yet");
    }
    done(&mut d, &open);
    let mut said = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let next = task(&d);
        assert_eq!((next.1.conversation.as_deref(), next.1.party.as_deref()), (Some("9"), Some("88")));
        let DeskJob::Say(line) = &next.1.job else { panic!("{next:?}") };
        ids.push(line.id.clone());
        said.push(text(&next.1));
        done(&mut d, &next);
    }
    assert_eq!(said, ["customer: one", "customer: two", "customer: three"]);
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(tasks(&d).is_empty());
}

#[test]
fn an_agent_writes_and_resolves_there() {
    let (mut d, talk) = opened();
    assert_eq!(writes(&mut d, talk, "This is Ann."), ["This is Ann."]);
    assert!(tasks(&d).is_empty(), "the desk knows what was written there");
    d.user("Thank you");
    let said = task(&d);
    assert_eq!(text(&said.1), "customer: Thank you");
    done(&mut d, &said);
    assert!(d.wait("5h").is_empty(), "whoever writes has taken it over");
    assert_eq!(resolves(&mut d, talk), ["Done: -"]);
    assert!(tasks(&d).is_empty() && d.record().desks.is_empty(), "it was resolved there");
    assert!(resolves(&mut d, talk).is_empty(), "a repeat changes nothing");
    assert!(tasks(&d).is_empty());
}

#[test]
fn what_happens_here_is_told_there() {
    let (mut d, _) = opened();
    let act = |text: &str| OperatorAction::Write { by: "bob".to_owned(), text: text.to_owned(), channel: None };
    d.operator(act("Hello, Bob here"));
    let mut said = Vec::new();
    for _ in 0..2 {
        let next = task(&d);
        said.push(text(&next.1));
        done(&mut d, &next);
    }
    said.sort();
    assert_eq!(said, ["bob has taken the conversation over.", "bob wrote to the customer: Hello, Bob here"]);
    d.operator(OperatorAction::Resolve { by: "bob".to_owned(), note: Some("refunded".to_owned()) });
    let close = task(&d);
    assert_eq!(text(&close.1), "resolve: bob has resolved it: refunded");
    done(&mut d, &close);
    assert!(d.record().desks.is_empty());
}

#[test]
fn a_desk_that_is_down_leaves_the_deadline_to_decide() {
    let mut d = driver();
    d.user("refund");
    d.user("It was broken");
    let open = task(&d);
    d.user("Hello?");
    assert_eq!(d.wait("2h"), ["We call you."]);
    // When it is back it hears everything, and that it is too late.
    done(&mut d, &open);
    let said = task(&d);
    assert_eq!(text(&said.1), "customer: Hello?");
    done(&mut d, &said);
    let close = task(&d);
    assert!(text(&close.1).starts_with("keep: Nobody has taken this conversation over in time"), "{}", text(&close.1));
    done(&mut d, &close);
    assert!(d.record().desks.is_empty());
}

#[test]
fn a_desk_that_fails_after_somebody_took_over_is_no_silence_either() {
    let (mut d, talk) = opened();
    writes(&mut d, talk, "This is Ann.");
    d.wait("3h");
    d.user("Are you there?");
    let said = task(&d);
    assert!(d.wait("119m").is_empty());
    assert_eq!(d.wait("1m"), ["We call you."], "what was written did not reach the desk within the deadline");
    assert_eq!(d.record().desks[0].doing, Some(said.0), "the task is still tried");
    // Where it reaches the desk in time, the deadline is off again.
    let (mut d, talk) = opened();
    writes(&mut d, talk, "This is Ann.");
    d.user("one");
    let one = task(&d);
    d.user("two");
    done(&mut d, &one);
    let two = task(&d);
    done(&mut d, &two);
    assert!(d.wait("10h").is_empty());
    d.user("three");
    let three = task(&d);
    failed(&mut d, &three);
    assert!(d.alerts().iter().any(|say| say.contains("The desk `support` did not take a message")), "{:?}", d.alerts());
    assert_eq!(d.wait("2h"), ["We call you."]);
}

#[test]
fn a_conversation_that_is_refused_there_is_told_and_tried_no_more() {
    let mut d = driver();
    d.user("refund");
    d.user("It was broken");
    let open = task(&d);
    d.user("Hello?");
    failed(&mut d, &open);
    assert!(tasks(&d).is_empty());
    assert!(d.alerts()[0].contains("did not take a conversation: it answered 422"), "{:?}", d.alerts());
    d.user("Anybody?");
    assert!(tasks(&d).is_empty());
    assert_eq!(d.wait("2h"), ["We call you."]);
    assert!(d.record().desks.is_empty());
    // An operator has it done again: it begins, and is closed at once.
    done(&mut d, &open);
    let close = task(&d);
    assert!(text(&close.1).starts_with("resolve: This conversation was over before"), "{}", text(&close.1));
    assert_eq!(close.1.conversation.as_deref(), Some("9"));
    done(&mut d, &close);
    assert!(d.record().desks.is_empty());
}

#[test]
fn who_writes_there_when_it_is_over_learns_that_it_was_not_sent() {
    let (mut d, talk) = opened();
    assert_eq!(d.wait("2h"), ["We call you."]);
    let close = task(&d);
    done(&mut d, &close);
    assert!(writes(&mut d, talk, "Sorry, I am late").is_empty());
    let told = task(&d);
    assert_eq!(
        (text(&told.1).as_str(), told.1.conversation.as_deref()),
        ("Not sent to the customer: this conversation is over.", Some("9"))
    );
    done(&mut d, &told);
    assert!(d.record().desks.is_empty());
}

#[test]
fn what_cannot_be_sent_is_said_there() {
    let (mut d, talk) = opened();
    let long = "x".repeat(limits::SMS_CHARS + 1);
    assert!(writes(&mut d, talk, &long).is_empty());
    let told = task(&d);
    assert!(text(&told.1).starts_with("Not sent to the customer: the text has 1601 characters"), "{}", text(&told.1));
}

#[test]
fn acts_of_another_conversation_do_nothing_here() {
    let (mut d, talk) = opened();
    let place = DeskPlace { desk: slug("support"), talk, conversation: "10".to_owned() };
    let act = OperatorAction::Write { by: "Eve".to_owned(), text: "Hi".to_owned(), channel: None };
    assert!(d.operator(OperatorAction::AtDesk { place, act: Box::new(act.clone()) }).is_empty());
    let place = DeskPlace { desk: slug("other"), talk, conversation: "9".to_owned() };
    assert!(d.operator(OperatorAction::AtDesk { place, act: Box::new(act) }).is_empty());
    assert_eq!(writes(&mut d, talk, "Hi"), ["Hi"]);
}

#[test]
fn whoever_answers_before_we_know_the_conversation_is_heard() {
    let mut d = driver();
    d.user("refund");
    d.user("It was broken");
    let open = task(&d);
    assert_eq!(writes(&mut d, open.1.talk, "Already here"), ["Already here"]);
    assert_eq!(d.record().desks[0].conversation.as_deref(), Some("9"));
    assert!(tasks(&d).is_empty(), "one task at a time");
    done(&mut d, &open);
    d.user("Thanks");
    assert_eq!(text(&task(&d).1), "customer: Thanks");
}

#[test]
fn an_opt_out_ends_it_there_too() {
    let (mut d, _) = opened();
    d.user("STOP");
    let close = task(&d);
    assert!(text(&close.1).starts_with("resolve: This conversation is over (`"), "{}", text(&close.1));
}

#[test]
fn what_waits_for_a_desk_is_bounded_and_what_is_missing_is_said() {
    let mut d = driver();
    d.user("refund");
    d.user("It was broken");
    let open = task(&d);
    for n in 0..limits::DESK_LINES + 5 {
        d.now = d.now + crate::domain::time::Span::seconds(2);
        d.user(&format!("{n}"));
    }
    assert!(codec::encode(&d.record()).len() < limits::RECORD_BYTES);
    done(&mut d, &open);
    let first = task(&d);
    assert_eq!(text(&first.1), "5 messages are left out here: the desk did not take them in time.");
    done(&mut d, &first);
    assert_eq!(text(&task(&d).1), "customer: 5");
    let back: Record = codec::decode(&codec::encode(&d.record())).expect("readable");
    assert_eq!(back, d.record());
}
