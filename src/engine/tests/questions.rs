//! Questions: asking, answering, asking again, silence, gathering.

use super::driver::{Driver, slug};
use crate::domain::channel::ChannelKind;
use crate::domain::journal::Decision;
use serde_json::json;

const MENU: &str = "\
flow: menu
channels: [main-sms, main-whatsapp]
start:
  - message: any
begin: ask
states:
  ask:
    ask: What would you like?
    answer: { choice: { pay: { label: Pay now, also: [money] }, cod: Cash on delivery, human: Talk to us } }
    save: choice
    go:
      pay: { say: 'You chose {{ choice.label }} ({{ choice }}).', end: paid }
      cod: { say: 'Cash, then.', end: cod }
      human: { say: 'Sure?', again: 1, end: human }
      nomatch: { say: 'Please choose one of these.', again: 2, go: lost }
      silence: { after: 4h, say: 'Still there?', again: 1, end: silent }
  lost: { say: 'We will call you.', end: lost }
";

const MENU_TEXT: &str = "\n1 Pay now\n2 Cash on delivery\n3 Talk to us";

#[test]
fn a_question_is_asked_and_answered() {
    let mut d = Driver::new(&[MENU]);
    assert_eq!(d.user("hi"), [format!("What would you like?{MENU_TEXT}")]);
    assert_eq!(d.decision(), (Decision::Start, "any message begins `menu`".to_owned()));
    assert_eq!(d.at("menu"), ["ask"]);
    assert_eq!(d.user("2"), ["Cash, then."]);
    assert_eq!(d.decision().0, Decision::Answer);
    assert_eq!(d.ends(), ["cod"]);
    assert_eq!(d.last.live.iter().map(|(_, n)| n).sum::<i64>(), -1);
    assert!(d.record().runs.is_empty());
}

#[test]
fn the_answer_is_kept_with_its_label() {
    let mut d = Driver::new(&[MENU]);
    d.user("hi");
    assert_eq!(d.user("MONEY!"), ["You chose Pay now (pay)."]);
    assert_eq!(d.last.ended[0].variables["choice"].to_json(), json!("pay"));
}

#[test]
fn whatsapp_shows_buttons_that_carry_their_question() {
    let mut d = Driver::new(&[MENU]);
    d.kind = ChannelKind::WhatsApp;
    d.user("hi");
    let buttons = d.buttons();
    assert_eq!(
        buttons.iter().map(|(_, title)| title.as_str()).collect::<Vec<_>>(),
        ["Pay now", "Cash on delivery", "Talk to us"]
    );
    assert!(buttons[1].0.starts_with("cod~"));
    let stale = buttons[1].0.clone();
    assert_eq!(d.press(&stale), ["Cash, then."]);
    // The same button of the question before says nothing about this one.
    d.user("hi");
    assert_ne!(d.buttons()[1].0, stale);
    assert_eq!(d.press(&stale), ["Please choose one of these."]);
    assert_eq!(d.decision(), (Decision::NoMatch, "a button of an earlier question".to_owned()));
    // A button of a system that knows only the choice counts.
    assert_eq!(d.press("cod"), ["Cash, then."]);
}

#[test]
fn wrong_answers_share_one_count_with_again_under_a_reply() {
    let mut d = Driver::new(&[MENU]);
    d.user("hi");
    assert_eq!(d.user("what"), [format!("Please choose one of these.{MENU_TEXT}")]);
    assert_eq!(d.user("3"), Vec::<String>::new(), "one wrong answer: again is used up");
    assert_eq!(d.ends(), ["human"]);
    d.user("hi");
    assert_eq!(d.user("3"), [format!("Sure?{MENU_TEXT}")]);
    assert_eq!(d.user("what"), [format!("Please choose one of these.{MENU_TEXT}")]);
    assert_eq!(d.user("what"), ["We will call you."], "used up: on without the step's text");
    assert_eq!(d.ends(), ["lost"]);
}

#[test]
fn silence_has_its_own_count_and_begins_anew_with_each_question() {
    let mut d = Driver::new(&[MENU]);
    d.user("hi");
    d.wait("3h59m");
    assert!(d.said().len() == 1, "nothing yet");
    d.user("what");
    assert_eq!(d.wait("3h59m59s"), Vec::<String>::new(), "it counts from the last question");
    assert_eq!(d.wait("1s"), [format!("Still there?{MENU_TEXT}")]);
    assert_eq!(d.wait("4h"), Vec::<String>::new());
    assert_eq!(d.ends(), ["silent"]);
    assert_eq!(d.record().alarm(), None);
}

#[test]
fn an_undelivered_question_leads_where_the_flow_says() {
    let flow = MENU.replace("      silence:", "      undelivered: { alert: 'not reached', end: unreached }\n      silence:");
    let mut d = Driver::new(&[&flow]);
    d.user("hi");
    let first = d.last_send();
    assert_eq!(d.last.await_add, [first]);
    assert!(d.sends()[0].1.awaited);
    d.user("what");
    let second = d.last_send();
    assert_eq!((&d.last.await_add[..], &d.last.await_remove[..]), (&[second][..], &[first][..]));
    d.undelivered(first);
    assert_eq!(d.at("menu"), ["ask"], "an earlier message says nothing about this one");
    d.undelivered(second);
    assert_eq!((d.ends(), d.alerts()), (vec!["unreached"], vec!["not reached".to_owned()]));
    assert_eq!(d.last.await_remove, [second]);
}

#[test]
fn conditions_on_choices_decide_what_is_shown_and_matched() {
    let flow = "\
flow: cond
vars: { n: 1 }
start: [ { keyword: go } ]
begin: ask
states:
  ask:
    ask: Which?
    answer:
      choice:
        a: A
        b: { label: B, if: 'n > 5' }
        c: { label: 'C{{ n }}', also: [see] }
    go:
      a: { end: a }
      b: { end: b }
      c: { end: c }
      nomatch: { set: { n: 9 }, again: 3, end: lost }
      silence: { after: 1h, end: silent }
";
    let mut d = Driver::new(&[flow]);
    assert_eq!(d.user("go"), ["Which?\n1 A\n2 C1"]);
    assert_eq!(d.user("B"), ["Which?\n1 A\n2 B\n3 C9"], "asked again, the conditions are read again");
    assert_eq!(d.user("3"), Vec::<String>::new());
    assert_eq!(d.ends(), ["c"]);
    d.user("go");
    d.user("see");
    assert_eq!(d.ends(), ["c"]);
}

#[test]
fn several_messages_are_one_answer() {
    let flow = "\
flow: gather
start: [ { keyword: go } ]
anytime: [ { keyword: where, say: Here., again: true } ]
begin: why
states:
  why:
    ask: Why?
    answer: { text: { gather: 5s, min: 3 } }
    save: comment
    go:
      ok: { say: 'Thanks: {{ comment }}', end: done }
      nomatch: { say: 'More, please.', again: 1, end: short }
      silence: { after: 1d, end: silent }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    assert_eq!(d.user("La entrega"), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::Gathered);
    d.wait("2s");
    assert_eq!(d.user("fue rápida"), Vec::<String>::new());
    assert_eq!(d.wait("4s"), Vec::<String>::new());
    assert_eq!(d.wait("1s"), ["Thanks: La entrega\nfue rápida"]);
    assert_eq!(d.ends(), ["done"]);
    d.user("go");
    d.user("x");
    assert_eq!(d.wait("5s"), ["More, please."]);
    d.user("better now");
    assert_eq!(d.user("where"), ["Here.", "Why?"]);
    assert_eq!(d.wait("5s"), ["Thanks: better now"], "what came before is kept");
}

#[test]
fn numbers_and_yes_or_no() {
    let flow = "\
flow: types
start: [ { keyword: go } ]
begin: n
states:
  n:
    ask: How many?
    answer: { number: { min: 1, max: 9, whole: true } }
    save: n
    go: { ok: sure, nomatch: { say: '1 to 9.', again: 1, end: lost }, silence: { after: 1h, end: silent } }
  sure:
    ask: Sure?
    answer: yes_no
    go: { yes: { say: '{{ n + 1 }}', end: yes }, no: { end: no }, silence: { after: 1h, end: silent } }
";
    let mut d = Driver::new(&[flow]);
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(d.user("go"), ["How many?"]);
    assert_eq!(d.user("11"), ["1 to 9."]);
    assert_eq!(d.user("3"), ["Sure?"]);
    assert_eq!(d.buttons().len(), 2);
    assert_eq!(d.user("yes"), ["4"]);
    assert_eq!(d.ends(), ["yes"]);
    d.kind = ChannelKind::Sms;
    d.user("go");
    assert_eq!(d.user("9"), ["Sure?"], "no menu for yes or no");
    d.user("maybe");
    d.user("maybe");
    assert_eq!(d.said(), ["Sure?"], "built in: twice again");
    d.user("maybe");
    assert_eq!(d.ends(), ["not_understood"]);
}

#[test]
fn any_gives_the_message_and_a_plain_question_shows_no_choices() {
    let flow = "\
flow: plain
start: [ { keyword: go } ]
begin: ask
states:
  ask:
    ask: Reply A or B.
    answer: { choice: { a: A, b: B } }
    show: plain
    go: { a: more, b: { end: b }, silence: { after: 1h, end: silent } }
  more:
    answer: any
    save: { said: '{{ body.text }}', where: '{{ reply.channel }}' }
    go: { ok: { say: '{{ said }} on {{ where }}', end: done }, silence: { after: 1h, end: silent } }
";
    let mut d = Driver::new(&[flow]);
    assert_eq!(d.user("go"), ["Reply A or B."]);
    assert_eq!(d.user("a"), Vec::<String>::new(), "no question: it waits silently");
    assert_eq!(d.user("Well, well"), ["Well, well on main-sms"]);
    assert_eq!(d.ends(), ["done"]);
}

#[test]
fn the_contacts_language_decides() {
    let flow = "\
flow: lang
languages: [en, es]
start: [ { keyword: go } ]
begin: which
states:
  which:
    ask: English or Español?
    answer: { choice: { en: English, es: Español } }
    save: l
    go: { else: { set: { contact.language: '{{ l }}' }, go: ask }, silence: { after: 1h, end: silent } }
  ask:
    ask: { en: 'Sure?', es: '¿Seguro?' }
    answer: { choice: { y: { label: { en: Yes, es: Sí } }, n: { label: { en: No thanks, es: No gracias } } } }
    go: { else: { say: { en: Bye, es: Adiós }, end: done }, silence: { after: 1h, end: silent } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    assert_eq!(d.user("espanol"), ["¿Seguro?\n1 Sí\n2 No gracias"]);
    assert_eq!(d.user("no gracias"), ["Adiós"]);
    assert_eq!(d.record().language, Some(super::driver::language("es")));
    assert_eq!(d.record().last_channel(), Some(&slug("main-sms")));
}

#[test]
fn of_two_channels_in_one_millisecond_the_later_one_was_used_last() {
    let mut record = crate::engine::record::Record::default();
    for channel in ["main-sms", "main-whatsapp", "main-sms"] {
        record.hear(&slug(channel), crate::domain::time::Millis(5));
    }
    assert_eq!(record.last_channel(), Some(&slug("main-sms")));
}
