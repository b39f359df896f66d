//! Text messages on their way: a hint how to opt out, once, and characters that cost less.

use super::driver::{Driver, slug};
use crate::domain::channel::ChannelKind;

const TALKS: &str = "flow: talks
start: [ { message: any } ]
begin: a
states: { a: { say: It’s “you” – hello…, end: done } }
";

fn driver(hint: &[&str], smart: bool) -> Driver {
    let mut d = Driver::new(&[TALKS]);
    for name in ["main-sms", "main-whatsapp"] {
        let info = &mut d.project.channels[&slug(name)];
        info.stop_hint = hint.iter().map(|country| (*country).to_owned()).collect();
        info.smart_encoding = smart;
    }
    d
}

#[test]
fn somebody_new_is_told_once_how_to_opt_out_where_the_channel_says_so() {
    const SAID: &str = "It’s “you” – hello…";
    for (hint, told) in [(&["GB"][..], true), (&["*"], true), (&["US", "CA"], false), (&[], false)] {
        let mut d = driver(hint, false);
        let first = if told { format!("{SAID}\nSTOP ends it.") } else { SAID.to_owned() };
        assert_eq!(d.user("hi"), [first], "{hint:?}");
        assert_eq!(d.user("hi"), [SAID], "{hint:?}");
    }
    let mut d = driver(&["*"], false);
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(d.user("hi"), [SAID], "text messages only");
    let mut d = driver(&["*"], false);
    d.user("STOP");
    d.user("START");
    assert_eq!(d.user("hi"), [format!("{SAID}\nSTOP ends it.")], "what the service itself says is no first message");
}

#[test]
fn a_hint_that_does_not_fit_is_left_for_the_next_text() {
    let long = "x".repeat(1_590);
    let begins = |name: &str, text: &str| {
        format!("flow: {name}\nstart: [ {{ keyword: {name} }} ]\nbegin: a\nstates: {{ a: {{ say: {text}, end: done }} }}\n")
    };
    let mut d = Driver::new(&[&begins("long", &long), &begins("short", "Hello")]);
    d.project.channels[&slug("main-sms")].stop_hint = vec!["*".to_owned()];
    assert_eq!(d.user("long"), [long]);
    assert_eq!(d.user("short"), ["Hello\nSTOP ends it."]);
    assert_eq!(d.user("short"), ["Hello"]);
}

#[test]
fn typographic_characters_cost_nothing_more_where_the_channel_says_so() {
    let mut d = driver(&[], true);
    assert_eq!(d.user("hi"), ["It's \"you\" - hello..."]);
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(d.user("hi"), ["It’s “you” – hello…"]);
}
