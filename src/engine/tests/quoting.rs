//! Messages that quote one of our questions.

use super::driver::Driver;
use crate::domain::id::EffectId;
use crate::domain::input::Input;
use crate::domain::journal::Decision;
use crate::domain::message::Inbound;

fn flow(name: &str, extra: &str) -> String {
    format!(
        "flow: {name}\n{extra}start: [ {{ keyword: {name} }} ]\nbegin: a\nstates:\n  a: {{ ask: '{name}?', answer: yes_no, go: {{ yes: {{ say: '{name} yes', end: yes }}, no: {{ end: no }}, nomatch: {{ say: '{name} again', again: 3, end: lost }}, silence: {{ after: 1h, end: silent }} }} }}\n"
    )
}

fn quote(d: &mut Driver, question: EffectId, text: &str) -> Vec<String> {
    let message = Inbound { answers: Some(question), ..d.inbound(text) };
    d.turn(Some(Input::Message(Box::new(message))));
    d.said()
}

#[test]
fn a_quoted_question_that_was_put_aside_is_the_one_that_is_answered() {
    let (a, b) = (flow("a", ""), flow("b", ""));
    let mut d = Driver::new(&[&a, &b]);
    d.user("a");
    let of_a = d.last_send();
    d.user("b");
    let of_b = d.last_send();
    assert_eq!(quote(&mut d, of_a, "yes"), ["a yes", "b?"]);
    assert_eq!((d.decision().0, d.ends()), (Decision::Answer, vec!["yes"]));
    assert_eq!(quote(&mut d, of_b, "yes"), ["b yes"], "the copy of before, of the same question");
    d.user("a");
    let of_a = d.last_send();
    d.user("b");
    assert_eq!(quote(&mut d, of_a, "what"), ["a again"], "what is no answer to it is none to the other");
    assert_eq!(d.user("yes"), ["a yes", "b?"]);
}

#[test]
fn a_quoted_question_that_is_no_longer_open_is_late_whatever_is_open_now() {
    let (a, b) = (flow("a", "late: ignore\n"), flow("b", ""));
    let mut d = Driver::new(&[&a, &b]);
    d.user("a");
    let of_a = d.last_send();
    d.wait("1h");
    d.user("b");
    assert_eq!(quote(&mut d, of_a, "yes"), Vec::<String>::new());
    assert_eq!(d.decision(), (Decision::Ignored, "a late reply to a question of `a`, which ignores it".to_owned()));
    assert_eq!(d.user("yes"), ["b yes"], "b is still open");
    let back = flow("a", "late: { go: a }\n");
    let mut d = Driver::new(&[&back, &b]);
    d.user("a");
    let of_a = d.last_send();
    d.wait("1h");
    d.user("b");
    quote(&mut d, of_a, "yes");
    assert_eq!(d.decision().0, Decision::Late);
    assert_eq!(d.user("yes"), ["b yes", "a?"], "it asks when b is answered");
}

#[test]
fn a_question_that_was_asked_again_is_open_under_every_copy() {
    let again = flow("a", "").replace("silence: { after: 1h, end: silent }", "silence: { after: 1h, again: 2, end: silent }");
    let mut d = Driver::new(&[&again]);
    d.user("a");
    let first = d.last_send();
    assert_eq!(d.wait("1h"), ["a?"]);
    assert_eq!(quote(&mut d, first, "yes"), ["a yes"]);
    assert_eq!(quote(&mut d, crate::domain::id::Token(77).effect(0), "yes"), Vec::<String>::new(), "one that we do not know");
    assert_eq!(d.decision().0, Decision::Inbox);
}
