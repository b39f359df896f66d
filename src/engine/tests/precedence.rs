//! Who gets a message: the order of the decisions, each with its reason.

use super::driver::{Driver, MONDAY, slug};
use crate::domain::channel::ChannelKind;
use crate::domain::input::Input;
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::time::Span;
use crate::engine::is_priority;

const ORDER: &str = "\
flow: order
channels: [main-sms, main-whatsapp]
vars: { count: 0 }
start: [ { keyword: order } ]
anytime:
  - keyword: where
    do: [ { set: { count: '{{ count + 1 }}' } }, { say: 'In the van.' } ]
    again: true
  - keyword: goodbye
    say: 'Bye.'
    end: left
  - command: menu
    go: other
begin: ask
states:
  ask:
    ask: Shall it come?
    answer: { choice: { yes: { label: Please do, also: [menu please] }, no: { label: Where, also: [never] } } }
    go:
      yes: { end: yes }
      no: { end: no }
      nomatch: { say: 'Yes or no?', again: 2, end: lost }
      silence: { after: 1d, end: silent }
  other:
    ask: Anything else?
    answer: text
    save: t
    go: { ok: { say: 'Noted: {{ t }}', end: noted }, silence: { after: 1d, end: silent } }
";

const OTHER: &str = "\
flow: other
start: [ { keyword: [pay, talk *] } ]
begin: ask
states:
  ask:
    ask: Pay?
    answer: yes_no
    go: { yes: { end: yes }, no: { end: no }, silence: { after: 1h, end: silent } }
";

#[test]
fn opt_out_words_win_over_everything_and_are_confirmed_once() {
    let mut d = Driver::new(&[ORDER]);
    d.user("order");
    assert_eq!(d.user("Stop!"), ["You are out."]);
    assert_eq!((d.decision().0, d.ends()), (Decision::OptOut, vec!["opted_out"]));
    assert!(d.sends()[0].1.is_stop_confirmation());
    assert_eq!(d.last.stop, ChannelKind::Sms.stop_bit());
    assert_eq!(d.last.await_remove.len(), 1);
    assert_eq!(d.user("stop"), Vec::<String>::new(), "one confirmation");
    assert_eq!(d.user("order"), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::Inbox);
    assert_eq!(d.user("start"), ["You are in."]);
    assert_eq!(d.decision().0, Decision::OptIn);
    assert_eq!(d.last.stop, 0);
    assert_eq!(d.user("order").len(), 1);
}

#[test]
fn a_contact_who_opted_out_of_one_kind_is_reached_by_the_other() {
    let mut d = Driver::new(&[
        ORDER,
        "\
flow: told
channels: [main-sms, main-whatsapp]
start: [ { event: told, contact: '{{ event.phone }}' } ]
begin: say
states: { say: { say: Hello, end: done } }
",
    ]);
    d.user("hi");
    d.user("stop");
    d.event("told", serde_json::json!({ "phone": super::driver::PHONE }));
    let sends = d.sends();
    assert_eq!(sends[0].1.kind, ChannelKind::WhatsApp);
    d.kind = ChannelKind::WhatsApp;
    d.user("stop");
    assert_eq!(d.event("told", serde_json::json!({ "phone": super::driver::PHONE })), Vec::<String>::new());
    assert_eq!(d.ends(), ["done"], "the run goes on without its words");
    assert!(d.notes().iter().any(|note| note.contains("opted out of every channel")), "{:?}", d.notes());
}

#[test]
fn the_providers_own_word_is_not_answered_again() {
    let mut d = Driver::new(&[ORDER]);
    d.user("order");
    let content = InboundContent::OptOut { word: "STOP".into(), scope: None };
    let message = Inbound { content, ..d.inbound("STOP") };
    assert!(is_priority(&message, &[]));
    d.turn(Some(Input::Message(Box::new(message))));
    assert_eq!((d.said(), d.ends()), (vec![], vec!["opted_out"]));
    assert!(d.last.events.iter().any(|e| matches!(e, Event::OptedOut { how, .. } if how == "provider")));
    let content = InboundContent::OptOut { word: "STOP".into(), scope: Some("marketing".into()) };
    let mut d = Driver::new(&[ORDER]);
    d.user("order");
    let message = Inbound { content, ..d.inbound("STOP") };
    d.turn(Some(Input::Message(Box::new(message))));
    assert_eq!((d.decision().0, d.at("order")), (Decision::Ignored, vec!["ask".to_owned()]));
}

#[test]
fn help_is_answered_and_the_question_stays_open() {
    let mut d = Driver::new(&[ORDER]);
    d.user("order");
    assert_eq!(d.user("HELP"), ["Reply STOP to stop."]);
    assert_eq!((d.decision().0, d.at("order")), (Decision::Help, vec!["ask".to_owned()]));
    let own = OTHER.replace("[pay, talk *]", "[help, pay]");
    let mut d = Driver::new(&[&own]);
    assert_eq!(d.user("help"), ["Pay?"], "a flow that answers goes before");
}

#[test]
fn only_opt_out_and_help_pass_a_pending_call() {
    let d = Driver::new(&[ORDER]);
    let of = |text: &str| is_priority(&d.inbound(text), &[]);
    assert!(of("stop") && of("STOP please") && of("help"));
    assert!(!of("start") && !of("yes") && !of("2") && !of(""));
    let tapped = Inbound { content: InboundContent::ButtonReply { payload: "x".into() }, ..d.inbound("stop") };
    assert!(!is_priority(&tapped, &[]));
}

#[test]
fn the_exact_answer_goes_before_keywords_and_those_before_the_lenient_one() {
    let mut d = Driver::new(&[ORDER, OTHER]);
    d.user("order");
    assert_eq!(d.user("where"), Vec::<String>::new(), "a label of the open question");
    assert_eq!(d.ends(), ["no"]);
    d.user("order");
    assert_eq!(d.user("menu please"), Vec::<String>::new(), "`also` of the open question goes before the command");
    assert_eq!(d.ends(), ["yes"]);
    d.user("order");
    assert_eq!(d.user("menu"), ["Anything else?"]);
    assert_eq!(d.decision(), (Decision::Anytime, "a command of `order`".to_owned()));
    // A text question takes everything, but commands and keywords reach the flow.
    assert_eq!(d.user("where"), ["In the van.", "Anything else?"]);
    assert_eq!(d.var("order", "count"), serde_json::json!(1));
    assert_eq!(d.user("pay"), ["Noted: pay"], "a start keyword comes after the open question");
}

#[test]
fn another_flows_keyword_interrupts_where_it_may() {
    let mut d = Driver::new(&[ORDER, OTHER]);
    d.user("order");
    assert_eq!(d.user("pay"), ["Pay?"]);
    assert_eq!((d.decision().0, d.ends()), (Decision::Start, vec![]), "the open question is put aside");
    assert_eq!(d.at("other"), ["ask", "ask"]);
    let replaces = OTHER.replace("talk *] }", "talk *], busy: replace }");
    let mut d = Driver::new(&[ORDER, &replaces]);
    d.user("order");
    assert_eq!(d.user("pay"), ["Pay?"]);
    assert_eq!((d.decision().0, d.ends()), (Decision::Start, vec!["interrupted"]));
    let stubborn = ORDER.replace("begin: ask", "interruptible: false\nbegin: ask");
    let mut d = Driver::new(&[&stubborn, OTHER]);
    d.user("order");
    assert!(d.user("pay")[0].starts_with("Yes or no?"));
    assert_eq!(d.decision().0, Decision::NoMatch);
    assert!(d.user("order")[0].starts_with("Yes or no?"), "its own keyword begins nothing while a run is live");
}

#[test]
fn the_rest_behind_a_keyword_is_read() {
    let flow = OTHER.replace("ask: Pay?", "ask: 'Talk about {{ reply.rest }}?'");
    let mut d = Driver::new(&[&flow]);
    assert_eq!(d.user("Talk my Order"), ["Talk about my Order?"]);
    assert_eq!(d.user("talk"), ["Talk about ?"], "a reply has no rest");
}

#[test]
fn keywords_of_anytime_reach_a_run_that_waits() {
    let flow = "\
flow: waits
start: [ { keyword: go } ]
anytime: [ { keyword: where, say: Here., again: true }, { keyword: out, end: left } ]
begin: w
states:
  w: { wait: 1d, go: { ok: { end: done } } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    assert_eq!(d.user("where"), ["Here."], "there is no question to ask again");
    assert_eq!(d.at("waits"), ["w"]);
    d.user("out");
    assert_eq!(d.ends(), ["left"]);
}

#[test]
fn late_replies_follow_the_rule_of_their_flow() {
    let any = "flow: any\nstart: [ { message: any } ]\nbegin: a\nstates: { a: { say: Welcome., end: done } }\n";
    for (late, decision) in [("inbox", Decision::Inbox), ("ignore", Decision::Ignored)] {
        let flow = OTHER.replace("begin: ask", &format!("late: {late}\nbegin: ask"));
        let mut d = Driver::new(&[&flow, any]);
        d.user("pay");
        d.wait("1h");
        assert_eq!(d.ends(), ["silent"]);
        assert_eq!(d.user("yes"), Vec::<String>::new());
        assert_eq!(d.decision().0, decision);
        assert!(d.decision().1.contains("late reply to a question of `other`"));
        // A start keyword goes before, and after a day it is no reply any more.
        d.wait("1d");
        assert_eq!(d.user("yes"), ["Welcome."]);
        // A question that was answered has no late replies.
        d.user("pay");
        d.user("yes");
        assert_eq!(d.user("thanks"), ["Welcome."]);
    }
}

#[test]
fn nothing_open_and_nothing_begins_is_for_the_inbox() {
    let mut d = Driver::new(&[OTHER]);
    assert_eq!(d.user("hello"), Vec::<String>::new());
    assert_eq!(d.decision(), (Decision::Inbox, "nothing is open and no flow begins with it".to_owned()));
    let reaction = InboundContent::Reaction { message: "m".into(), emoji: Some("👍".into()) };
    d.user("pay");
    let message = Inbound { content: reaction, ..d.inbound("") };
    d.turn(Some(Input::Message(Box::new(message))));
    assert_eq!((d.decision().0, d.at("other")), (Decision::Ignored, vec!["ask".to_owned()]));
}

#[test]
fn a_flow_hears_only_its_channels() {
    let mut d = Driver::new(&[&OTHER.replace("start:", "channels: [main-sms]\nstart:")]);
    d.kind = ChannelKind::WhatsApp;
    d.user("pay");
    assert_eq!(d.decision().0, Decision::Inbox);
    d.kind = ChannelKind::Sms;
    d.user("pay");
    d.kind = ChannelKind::WhatsApp;
    d.user("yes");
    assert_eq!((d.decision().0, d.at("other")), (Decision::Inbox, vec!["ask".to_owned()]));
}

#[test]
fn a_flood_is_dropped_at_the_limit_and_stop_still_works() {
    let mut d = Driver::new(&[OTHER]);
    for _ in 0..limits::CONTACT_MESSAGES_PER_MINUTE {
        d.user("hello");
        assert_eq!(d.decision().0, Decision::Inbox);
    }
    assert_eq!(d.user("pay"), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::Flooded);
    assert_eq!(d.user("stop"), ["You are out."]);
    d.user("start");
    d.now = MONDAY + Span::minutes(1);
    assert_eq!(d.user("pay"), ["Pay?"]);
}

#[test]
fn messages_older_than_duplicates_can_be_told_are_not_worked_on() {
    let mut d = Driver::new(&[OTHER]);
    for (age, decision) in [(limits::MESSAGE_AGE, Decision::Start), (Span(limits::MESSAGE_AGE.0 + 1), Decision::TooOld)] {
        let message = Inbound { at: Some(d.now - age), ..d.inbound("pay") };
        d.turn(Some(Input::Message(Box::new(message))));
        assert_eq!(d.decision().0, decision);
        d.change(|record| record.runs.clear());
    }
}

#[test]
fn private_replies_are_masked_in_the_journal() {
    let flow = OTHER.replace("    ask: Pay?\n", "    ask: Secret?\n    private: true\n    save: s\n");
    let mut d = Driver::new(&[&flow]);
    d.user("pay");
    d.user("yes");
    let journal = format!("{:?}", d.last.events);
    assert!(!journal.contains("text: \"yes\""), "{journal}");
    let set = d.last.events.iter().find_map(|e| match e {
        Event::Set { value, .. } => Some(value.clone()),
        _ => None,
    });
    assert_eq!(set, Some(crate::domain::value::Value::Null));
}

#[test]
fn the_window_of_whatsapp_decides_which_channel_speaks() {
    let flow = "\
flow: remind
channels: [main-whatsapp, main-sms]
start: [ { keyword: go } ]
begin: w
states:
  w: { wait: 23h59m59s, go: { ok: { say: one, go: again } } }
  again: { wait: 1s, go: { ok: { say: two, end: done } } }
";
    let mut d = Driver::new(&[flow]);
    d.kind = ChannelKind::WhatsApp;
    d.user("go");
    d.wait("23h59m59s");
    assert_eq!(d.sends()[0].1.channel, slug("main-whatsapp"));
    d.wait("1s");
    assert_eq!(d.sends()[0].1.channel, slug("main-sms"), "closed at exactly 24 hours");
    assert!(d.notes()[0].contains("24-hour window of `main-whatsapp` is closed"));
    let alone = flow.replace("[main-whatsapp, main-sms]", "[main-whatsapp]");
    let mut d = Driver::new(&[&alone]);
    d.kind = ChannelKind::WhatsApp;
    d.user("go");
    d.wait("24h");
    assert_eq!(d.sends()[0].1.channel, slug("main-whatsapp"), "the provider decides where nothing else can carry it");
}
