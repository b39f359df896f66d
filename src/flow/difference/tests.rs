//! Differences: what is said of planted changes, that the same flow in another form has none, and that no change goes unsaid.

use super::{Difference, Topic, difference};
use crate::domain::language::Language;
use crate::domain::name::Slug;
use crate::flow::definition::Flow;
use crate::flow::load::Sources;
use crate::flow::parse::ParseContext;
use crate::flow::version::{SourceFile, assemble};
use std::path::Path;

fn context() -> ParseContext {
    let channel = |name: &str| Slug::parse(name).expect("a name");
    ParseContext {
        languages: vec![Language::EN],
        channels: vec![channel("main-sms"), channel("main-whatsapp"), channel("main-email")],
    }
}

/// Every sample flow that can be read by itself, with the files that it is made of.
fn samples() -> Vec<(String, Sources)> {
    let sources = Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the sample project");
    let names: Vec<String> = sources.flows.keys().cloned().collect();
    assert!(names.len() >= 8, "{names:?}");
    names.into_iter().map(|name| (name, sources.clone())).collect()
}

fn build(sources: &Sources, name: &str, text: &str) -> Option<Flow> {
    let flow = SourceFile { file: format!("flows/{name}.yaml"), text: text.to_owned() };
    let made = assemble(&flow, &sources.notifications, &sources.pages, &context());
    made.flow.map(|flow| (*flow).clone())
}

fn flow(text: &str) -> Flow {
    let name = text.lines().find_map(|line| line.strip_prefix("flow: ")).expect("a name").trim().to_owned();
    build(&Sources::default(), &name, text).unwrap_or_else(|| panic!("{text}"))
}

const SHOP: &str = "\
flow: shop
channels: [main-sms]
start:
  - keyword: shop
begin: offer_link
vars:
  size: 5
defaults:
  silence: { after: 1h, end: silent }
  nomatch: { again: 2, end: lost }
  undelivered: { end: undelivered }
states:
  offer_link:
    ask: Shall we send you a link?
    answer:
      choice:
        yes: 'Yes, please'
        no: 'No, thank you'
    go:
      yes: pay
      else: bye
  pay:
    say: Here it is.
    go: later_on
  later_on:
    wait: 2h
    go: bye
  bye:
    say: { text: Good bye }
    end: done
";

fn said(before: &str, after: &str) -> Vec<String> {
    said_of(&difference(&flow(before), &flow(after)))
}

fn said_of(difference: &Difference) -> Vec<String> {
    difference.sentences.iter().map(|sentence| sentence.text.clone()).collect()
}

fn planted(from: &str, to: &str) -> Vec<String> {
    assert!(SHOP.contains(from), "{from}");
    said(SHOP, &SHOP.replacen(from, to, 1))
}

#[test]
fn the_same_flow_in_another_form_has_no_difference() {
    for other in [
        SHOP.to_owned(),
        SHOP.replace("say: { text: Good bye }", "say: Good bye"),
        SHOP.replace("wait: 2h", "wait: 120m"),
        SHOP.replace("    go: later_on\n", "    # on\n    go: later_on\n"),
        SHOP.replace("channels: [main-sms]\n", "").replace("begin: offer_link\n", "channels:\n  - main-sms\nbegin: offer_link\n"),
    ] {
        assert_eq!(said(SHOP, &other), Vec::<String>::new(), "{other}");
    }
    for (name, sources) in samples() {
        let text = &sources.flows[&name].text;
        let Some(flow) = build(&sources, &name, text) else { panic!("{name}") };
        let written = crate::flow::write::format(text, &format!("flows/{name}.yaml")).expect("formats");
        let again = build(&sources, &name, &written).expect("a flow");
        assert!(difference(&flow, &again).is_empty(), "{name}: {:?}", difference(&flow, &again));
    }
}

#[test]
fn planted_changes_are_said_in_words() {
    let more = planted("        no: 'No, thank you'\n", "        no: 'No, thank you'\n        later: Later\n")
        .into_iter()
        .chain(planted("      yes: pay\n", "      yes: bye\n"))
        .chain(planted("wait: 2h", "wait: 3h"))
        .chain(planted("after: 1h", "after: 30m"))
        .chain(planted("Here it is.", "There it is."))
        .chain(planted("  size: 5", "  size: 6"))
        .chain(planted("  size: 5", "  size: 5\n  colour: red"))
        .chain(planted("keyword: shop", "keyword: buy"))
        .chain(planted("[main-sms]", "[main-sms, main-whatsapp]"))
        .chain(planted("begin: offer_link", "begin: pay"))
        .chain(planted("    wait: 2h\n    go: bye\n", "    ask: Soon?\n    answer: yes_no\n    go: { yes: bye, no: bye }\n"));
    let more: Vec<String> = more.collect();
    assert_eq!(
        more,
        [
            "`offer_link` asks one more choice (`later`)",
            "`offer_link`: `yes` leads to `bye` instead of `pay`",
            "`later_on`: waits for 3h instead of 2h",
            "by default: silence after 30m instead of 1h",
            "1 text changed (pay › say › text (en))",
            "the variable `size`: first value is `6` instead of `5`",
            "the variable `colour` is new",
            "the start by the keyword `buy` is new",
            "the start by the keyword `shop` is gone",
            "the flow: channels is `main-sms, main-whatsapp` instead of `main-sms`",
            "a run begins at `pay` instead of `offer_link`",
            "`later_on` asks now, where it waited",
            "`later_on`: `yes` leads to `bye` now",
            "`later_on`: `no` leads to `bye` now",
            "`later_on`: `everything else` is no longer decided here (it led to `bye`)",
            "1 text changed (later_on › question › text (en))",
        ]
    );
}

#[test]
fn states_come_and_go_and_have_other_names_before_all_else() {
    let renamed = SHOP.replace("later_on", "pause").replace("  pause:\n", "  pause:\n    was: later_on\n");
    let difference = difference(&flow(SHOP), &flow(&renamed));
    assert_eq!(said_of(&difference)[0], "`later_on` is called `pause` now");
    assert_eq!(difference.sentences.len(), 2, "targets that follow the name are no change: {:?}", difference.sentences);
    assert_eq!(difference.stranded, Vec::<String>::new());
    let gone = SHOP.replace("    go: later_on\n", "    go: bye\n").replace("  later_on:\n    wait: 2h\n    go: bye\n", "");
    let difference = super::difference(&flow(SHOP), &flow(&gone));
    assert_eq!(
        said_of(&difference),
        ["the state `later_on` is gone", "`pay` leads to `bye` instead of `later_on`"],
        "what belonged to it is not said again"
    );
    assert_eq!(difference.stranded, ["later_on"]);
    let back = super::difference(&flow(&gone), &flow(SHOP));
    assert_eq!(said_of(&back)[0], "the state `later_on` is new");
    assert_eq!(back.stranded, Vec::<String>::new());
    let ends = super::difference(&flow(SHOP), &flow(&SHOP.replace("end: lost", "end: unclear")));
    assert_eq!(ends.lost_ends, ["lost"]);
}

#[test]
fn many_texts_are_counted_and_each_is_there_in_full() {
    let other = SHOP.replace("Here it is.", "There it is.").replace("Good bye", "Bye").replace("'Yes, please'", "Sure");
    let difference = difference(&flow(SHOP), &flow(&other));
    assert_eq!(said_of(&difference), ["3 texts changed"]);
    let bye = difference.texts.iter().find(|text| text.place.starts_with("bye")).expect("a text");
    assert_eq!((bye.before.as_deref(), bye.after.as_deref()), (Some("Good bye"), Some("Bye")));
    let two = SHOP.replace("        no: 'No, thank you'\n", "        no: No\n        later: Later\n");
    let line = super::difference(&flow(SHOP), &flow(&two)).headline(200);
    assert_eq!(line, "`offer_link` asks one more choice (`later`); 1 text changed (offer_link › choice `no` › label (en))");
    assert_eq!(
        super::difference(&flow(SHOP), &flow(&two)).headline(10),
        "`offer_link` asks one more choice (`later`); 1 more change"
    );
}

/// Every scalar of every sample flow and of its notifications is changed, one at a time: whatever is still a flow has a difference.
#[test]
fn no_change_goes_unsaid() {
    let (mut tried, mut silent) = (0, Vec::new());
    for (name, sources) in samples() {
        let text = sources.flows[&name].text.clone();
        let Some(before) = build(&sources, &name, &text) else { panic!("{name}") };
        for (line, changed) in mutations(&text) {
            let Some(after) = build(&sources, &name, &changed) else { continue };
            tried += 1;
            if difference(&before, &after).is_empty() && difference(&after, &before).is_empty() {
                silent.push(format!("{name}: {line}"));
            }
        }
        for notification in before.notifications.keys() {
            let mut other = sources.clone();
            let text = sources.notifications[notification].text.clone();
            for (line, changed) in mutations(&text) {
                other.notifications.get_mut(notification).expect("a notification").text = changed;
                let Some(after) = build(&other, &name, &sources.flows[&name].text) else { continue };
                tried += 1;
                if difference(&before, &after).is_empty() {
                    silent.push(format!("{name}, {notification}: {line}"));
                }
            }
        }
    }
    // Lines that say what holds without them.
    const EQUAL: [&str; 8] = [
        "sip_reminders: without repeat: ignore  # a failure during the reminders does not begin them again",
        "sip_reminders, sip_reminder: without languages: { en: en, hi: hi }",
        "sip_reminders, sip_thanks: without languages: { en: en, hi: hi }",
        "gateway: without languages: [en]",
        "menu: without late: inbox",
        "nps: without busy: wait",
        "order-status: without expires: 30d",
        "payment, payment_retry: without languages: { en: en, hi: hi }",
    ];
    silent.retain(|line| !EQUAL.contains(&line.as_str()));
    assert!(tried > 400, "{tried}");
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// The text with one line changed: a word more in a text, another number, another name.
fn mutations(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        // A comment and a note of the flow for its authors are no part of what runs.
        if trimmed.starts_with('#') || trimmed.is_empty() || line.starts_with("note:") || line.starts_with("flow:") {
            continue;
        }
        let code = line.split(" #").next().unwrap_or(line);
        let mut changed: Vec<String> = Vec::new();
        if let Some(at) = code.rfind(|c: char| c.is_ascii_digit()) {
            let digit = if code.as_bytes()[at] == b'7' { '8' } else { '7' };
            changed.push(format!("{}{digit}{}", &code[..at], &code[at + 1..]));
        }
        if let Some(at) = code.rfind(|c: char| c.is_alphabetic()) {
            let end = at + code[at..].chars().next().map_or(1, char::len_utf8);
            changed.push(format!("{}zz{}", &code[..end], &code[end..]));
        }
        for other in changed {
            let mut all: Vec<&str> = lines.clone();
            all[n] = &other;
            out.push((other.trim().to_owned(), all.join("\n") + "\n"));
        }
        // And the line alone taken away.
        let mut all = lines.clone();
        all.remove(n);
        out.push((format!("without {trimmed}"), all.join("\n") + "\n"));
    }
    out
}

#[test]
fn topics_come_in_the_order_of_what_matters_to_customers() {
    let other = SHOP
        .replace("[main-sms]", "[main-whatsapp]")
        .replace("Good bye", "Bye")
        .replace("        no: 'No, thank you'\n", "        no: 'No, thank you'\n        later: Later\n")
        .replace("wait: 2h", "wait: 3h")
        .replace("  size: 5", "  size: 6")
        .replace("  bye:\n", "  fresh:\n    end: done\n  bye:\n")
        .replace("      yes: pay\n", "      yes: fresh\n");
    let topics: Vec<Topic> = difference(&flow(SHOP), &flow(&other)).sentences.iter().map(|sentence| sentence.topic).collect();
    use Topic::{Channel, Choice, State, Text, Time, Variable, Way};
    assert_eq!(topics, [State, Choice, Way, Time, Text, Variable, Channel]);
}
