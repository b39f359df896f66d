//! Questions that are put aside: asked again in their order, bounded, answered by their own buttons meanwhile.

use super::driver::Driver;
use crate::domain::channel::ChannelKind;
use crate::domain::journal::Decision;
use serde_json::json;

fn flow(name: &str, extra: &str) -> String {
    format!(
        "\
flow: {name}
start:
  - keyword: {name}{extra}
  - event: {name}
    contact: '{{{{ event.phone }}}}'
    busy: pause
begin: ask
states:
  ask:
    say: Hello from {name}.
    go: choose
  choose:
    ask: {{ text: 'Choose for {name}', whatsapp: {{ text: 'Choose for {name}', media: 'https://example.org/a.jpg', footer: Small }} }}
    answer: {{ choice: {{ red: Red, blue: Blue }} }}
    go:
      red: more
      blue: {{ say: 'Blue for {name}', end: blue }}
      nomatch: {{ again: 1, end: lost }}
      silence: {{ after: 2h, end: silent }}
  more:
    ask: More for {name}?
    answer: yes_no
    go: {{ yes: {{ end: more }}, no: {{ end: enough }}, silence: {{ after: 2h, end: silent }} }}
"
    )
}

fn driver() -> Driver {
    let flows: Vec<String> = ["a", "b", "c", "d"].into_iter().map(|name| flow(name, "")).collect();
    Driver::new(&flows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn ask(name: &str) -> String {
    format!("Choose for {name}\n1 Red\n2 Blue")
}

#[test]
fn a_keyword_puts_the_open_question_aside_and_it_is_asked_again_shortened() {
    let mut d = driver();
    d.user("a");
    assert_eq!(d.user("b"), ["Hello from b.".to_owned(), ask("b")]);
    assert_eq!((d.ends(), d.record().runs.len()), (vec![], 2));
    assert_eq!(d.user("blue"), ["Blue for b".to_owned(), ask("a")], "the question, not what was said before it");
    assert_eq!(d.user("2"), ["Blue for a"]);
    assert!(d.record().runs.is_empty());
}

#[test]
fn files_and_footers_are_not_sent_again() {
    let mut d = driver();
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(d.user("a").len(), 3, "a word, a file, the question");
    d.user("b");
    assert_eq!(d.user("blue").len(), 2);
    let (_, send) = d.sends().pop().expect("the question of a");
    let shown = format!("{:?}", send.outbound.content);
    assert!(shown.contains("Choose for a") && shown.contains("footer: None") && shown.contains("Red"), "{shown}");
}

#[test]
fn silence_stands_while_a_question_is_aside_and_begins_anew() {
    let mut d = driver();
    d.user("a");
    d.wait("90m");
    d.user("b");
    assert_eq!(d.wait("2h"), [ask("a")], "b is silent, a is asked again");
    assert_eq!(d.ends(), ["silent"]);
    assert_eq!(d.wait("119m"), Vec::<String>::new());
    d.wait("1m");
    assert!(d.record().runs.is_empty(), "a is silent two hours after it was asked again");
}

#[test]
fn three_questions_are_open_at_most_and_a_fourth_start_waits() {
    let mut d = driver();
    d.user("a");
    d.user("b");
    d.user("c");
    assert_eq!(d.record().runs.iter().filter(|run| run.asked().is_some()).count(), 3);
    assert_eq!(d.user("d"), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::StartWaits);
    assert_eq!(d.user("blue"), ["Blue for c".to_owned(), ask("b")], "what was put aside last comes first");
    assert_eq!(d.user("blue"), ["Blue for b".to_owned(), ask("a")]);
    assert_eq!(d.user("blue"), ["Blue for a".to_owned(), "Hello from d.".to_owned(), ask("d")]);
}

#[test]
fn the_count_of_wrong_answers_goes_on() {
    let mut d = driver();
    d.user("a");
    d.user("what");
    d.user("b");
    d.user("blue");
    assert_eq!(d.user("what"), Vec::<String>::new());
    assert_eq!(d.ends(), ["lost"]);
}

#[test]
fn a_button_of_a_question_that_was_put_aside_answers_it() {
    let mut d = driver();
    d.kind = ChannelKind::WhatsApp;
    d.user("a");
    let of_a = d.buttons();
    d.user("b");
    assert_eq!(d.press(&of_a[0].0), ["More for a?"], "the contact is with a now");
    assert_eq!(d.decision().0, Decision::Answer);
    assert_eq!(d.user("yes"), ["Choose for b"], "and then with b again");
    assert_eq!(d.ends(), ["more"]);
    assert_eq!(d.user("blue"), ["Blue for b"]);
}

#[test]
fn the_other_question_comes_back_when_the_newer_run_waits_for_something_else() {
    let waits = "flow: w\nstart: [ { keyword: w } ]\nbegin: a\nstates:\n  a: { say: Wait., go: b }\n  b: { wait: 1d, go: c }\n  c: { say: Now., end: done }\n";
    let a = flow("a", "");
    let mut d = Driver::new(&[&a, waits]);
    d.user("a");
    assert_eq!(d.user("w"), ["Wait.".to_owned(), ask("a")]);
    assert_eq!(d.user("blue"), ["Blue for a"]);
    assert_eq!(d.wait("1d"), ["Now."]);
}

#[test]
fn opting_out_and_expiring_end_what_was_put_aside() {
    let mut d = driver();
    d.user("a");
    d.user("b");
    d.user("STOP");
    assert_eq!((d.ends(), d.record().runs.len()), (vec!["opted_out", "opted_out"], 0));
    let short = flow("a", "").replace("begin: ask", "expires: 1h\nbegin: ask");
    let b = flow("b", "");
    let mut d = Driver::new(&[&short, &b]);
    d.user("a");
    d.user("b");
    assert_eq!(d.wait("1h"), Vec::<String>::new());
    assert_eq!(d.ends(), ["expired"]);
    assert_eq!(d.at("b"), ["choose"]);
}

#[test]
fn an_event_may_put_a_question_aside_but_not_between_the_parts_of_an_answer() {
    let long = "flow: g\nstart: [ { keyword: g } ]\nbegin: a\nstates:\n  a:\n    ask: Tell us\n    answer: { text: { gather: 10s } }\n    go: { ok: { say: Thanks, end: done }, silence: { after: 1h, end: silent } }\n";
    let b = flow("b", "");
    let mut d = Driver::new(&[long, &b]);
    let data = || json!({ "phone": super::driver::PHONE });
    d.user("g");
    assert_eq!(d.event("b", data()), ["Hello from b.".to_owned(), ask("b")]);
    assert_eq!(d.user("blue"), ["Blue for b", "Tell us"]);
    d.user("one");
    assert_eq!(d.event("b", data()), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::StartWaits);
    assert_eq!(d.wait("10s"), ["Thanks".to_owned(), "Hello from b.".to_owned(), ask("b")]);
}
