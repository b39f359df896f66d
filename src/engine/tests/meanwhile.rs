//! What waits while a person has the conversation, and has its time back afterwards.

use super::delivering::{QUESTION, asks};
use super::driver::{Driver, flow, slug, with_notification};
use super::holding::ASKED;
use crate::config::project::EndpointInfo;
use crate::domain::hook::KindPattern;
use crate::domain::input::OperatorAction;
use crate::domain::message::DeliveryStatus::{Delivered, Failed};
use crate::domain::time::Span;
use crate::engine::effect::Effect;
use crate::engine::record::Waiting;
use serde_json::json;

/// A run that gives the conversation away when an event comes.
const AGENT: &str = "flow: agent
start: [ { event: watch, contact: '{{ event.phone }}' } ]
begin: w
states:
  w: { wait: { event: problem }, go: { ok: hand, silence: { after: 9d, end: x } } }
  hand: { handoff: { to: payments }, go: { ok: { say: Done., end: handled }, silence: { after: 20h, end: unattended } } }
";

fn resolve() -> OperatorAction {
    OperatorAction::Resolve { by: "ann".to_owned(), note: None }
}

fn watch(d: &mut Driver) {
    d.event("watch", json!({ "phone": super::driver::PHONE }));
}

fn hand_over(d: &mut Driver) {
    d.event("problem", json!({ "phone": super::driver::PHONE }));
    assert!(d.record().is_with_person());
}

#[test]
fn a_route_rests_while_a_person_has_the_conversation() {
    for failed in [false, true] {
        let mut d = asks(QUESTION);
        d.catalog = Driver::of(vec![with_notification(flow(super::delivering::ASKS), QUESTION), flow(AGENT)]).catalog;
        watch(&mut d);
        d.user("go");
        let first = d.last_send();
        hand_over(&mut d);
        if failed {
            d.report(first, Failed);
            assert!(d.over().is_empty(), "the person speaks now");
        }
        assert!(d.wait("10m").is_empty() && d.over().is_empty(), "the person speaks still");
        assert_eq!(d.operator(resolve()), ["Done."]);
        assert_eq!(d.wait("1s"), ["Well?\n1 Yes\n2 Not now"]);
        assert_eq!(d.over(), ["main-sms"]);
    }
    // A success is one at any time.
    let mut d = asks(QUESTION);
    d.catalog = Driver::of(vec![with_notification(flow(super::delivering::ASKS), QUESTION), flow(AGENT)]).catalog;
    watch(&mut d);
    d.user("go");
    let first = d.last_send();
    hand_over(&mut d);
    d.report(first, Failed);
    d.report(first, Delivered);
    d.operator(resolve());
    assert!(d.wait("10m").is_empty());
}

#[test]
fn a_question_that_did_not_arrive_says_so_when_the_person_is_done() {
    let asked = ASKED.replace("silence:", "undelivered: { say: Another way., end: lost }, silence:");
    let mut d = Driver::new(&[&asked, AGENT]);
    watch(&mut d);
    d.user("go");
    let first = d.last_send();
    hand_over(&mut d);
    assert!(d.undelivered(first).is_empty() && d.wait("2h").is_empty());
    assert_eq!(d.operator(resolve()), ["Done."]);
    assert_eq!(d.wait("1s"), ["Another way."]);
}

#[test]
fn other_runs_do_not_expire_for_the_time_of_a_person() {
    let asked = ASKED.replace("begin: q", "expires: 2h\nbegin: q");
    let mut d = Driver::new(&[&asked, AGENT]);
    watch(&mut d);
    d.user("go");
    d.wait("30m");
    hand_over(&mut d);
    d.wait("10h");
    d.operator(resolve());
    d.wait("29m59s");
    assert_eq!(d.at("asked"), ["q"], "as much time is left as before");
    d.wait("1s");
    assert_eq!(d.ends(), ["silent"]);
    // The run that gave it away has its own time back, too.
    let agent = AGENT.replace("{ say: Done., end: handled }", "{ go: more }").replace("begin: w", "expires: 2h\nbegin: w")
        + "  more: { wait: 1h, go: { ok: { say: Later., end: late } } }\n";
    let mut d = Driver::new(&[&agent]);
    watch(&mut d);
    hand_over(&mut d);
    d.operator(OperatorAction::Take { by: "ann".to_owned() });
    d.wait("5h");
    d.operator(resolve());
    assert_eq!(d.wait("1h"), ["Later."]);
}

#[test]
fn a_conversation_that_a_person_has_taken_is_not_cut_off() {
    let agent = AGENT.replace("begin: w", "expires: 2h\nbegin: w");
    let mut d = Driver::new(&[&agent]);
    watch(&mut d);
    hand_over(&mut d);
    d.operator(OperatorAction::Take { by: "ann".to_owned() });
    d.wait("23h");
    d.user("Still there?");
    d.wait("23h59m59s");
    assert_eq!(d.at("agent"), ["hand"], "somebody wrote");
    d.wait("1s");
    assert_eq!(d.ends(), ["expired"], "nobody wrote for a day");
}

#[test]
fn what_fell_due_before_a_run_expired_comes_first() {
    let asked = ASKED.replace("begin: q", "expires: 2h\nbegin: q").replace("{ after: 1h, end", "{ after: 1h, say: Nobody?, end");
    let mut d = Driver::new(&[&asked]);
    d.user("go");
    // The service was down for three hours.
    d.now = d.now + Span::hours(3);
    d.turn(None);
    assert_eq!((d.said(), d.ends()), (vec!["Nobody?".to_owned()], vec!["silent"]));
}

#[test]
fn what_a_person_writes_is_masked_where_the_state_is_private() {
    let agent = AGENT.replace("hand: { handoff", "hand: { private: true, handoff");
    let mut d = Driver::new(&[&agent]);
    let events = vec![KindPattern::parse("handoff.*").expect("a pattern")];
    d.project.endpoints.push(EndpointInfo { name: slug("desk"), events });
    d.user("hello");
    watch(&mut d);
    hand_over(&mut d);
    let text = "Your code is 4711".to_owned();
    assert_eq!(d.operator(OperatorAction::Write { by: "ann".to_owned(), text, channel: None }), ["Your code is 4711"]);
    let told: Vec<_> = d.last.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Hook(_))).collect();
    let seen = format!("{:?} {told:?}", d.last.events);
    assert!(!told.is_empty() && !seen.contains("4711"), "{seen}");
    let Waiting::Person { talk, .. } = &d.record().runs[0].waiting else { panic!("with a person") };
    assert_eq!(talk.said.last().map(|said| said.text.as_str()), Some(""));
}
