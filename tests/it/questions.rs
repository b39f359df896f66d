//! Whole questions with labels that nobody would think of, asked and answered by the engine on both kinds of channel: what is
//! shown can be chosen by its number, by its label and by a tap, and nothing ever chooses another one.

use crate::support::project;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use replyflow::config::project::Project;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::input::OperatorAction;
use replyflow::domain::language::Language;
use replyflow::domain::message::InboundContent;
use replyflow::domain::name::{ChannelName, Slug};
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use replyflow::flow::version::SourceFile;
use replyflow::reply::choice::{Candidate, Options};
use replyflow::reply::intent::Intent;
use replyflow::reply::normalize::Normalized;
use replyflow::reply::{Setting, number};
use replyflow::testing::World;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Questions that are made up for each kind.
const QUESTIONS: u32 = 100;
const CHANNELS: [&str; 2] = ["main-sms", "main-whatsapp"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Choice,
    Choices,
    Pick,
}

fn project_of() -> Project {
    project::of(
        "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n[channels.main-whatsapp]\nprovider = \"simulator\"\nkind = \"whatsapp\"\n",
    )
}

/// Words that mean something elsewhere, and characters of any script.
fn label() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "red",
        "Green",
        "blue sky",
        "pay",
        "cash",
        "Fish and chips",
        "this or that",
        "not now",
        "no sugar",
        "yes",
        "maybe",
        "menu",
        "the",
        "first",
        "second class",
        "one",
        "two",
        "2 tickets",
        "10:30",
        "$20",
        "50%",
        "A4",
        "#3",
        "May",
        "monday",
        "a",
        "B",
        "i",
        "né",
        "ñ",
        "ß",
        "हाँ",
        "नहीं",
        "أحمر",
        "红色",
        "Ёлка",
        "👍",
        "❌",
        "🍕 Pizza",
        "all",
        "both",
        "any",
        "none",
        "please",
        "thanks",
        "ok",
        "more info",
        "tea, black",
        "salt/pepper",
        "R&B",
        "C++",
        "e-mail",
        "it's",
        "(new)",
        "\"quoted\"",
        "over there?",
        "at 5",
        "last",
        "other",
    ]);
    let odd = any::<char>().prop_filter("nothing that a file cannot hold", |c| !c.is_control() && !"{}\u{feff}".contains(*c));
    let piece = prop_oneof![8 => words.prop_map(str::to_owned), 1 => odd.prop_map(String::from), 1 => (0..40u32).prop_map(|n| n.to_string())];
    prop::collection::vec(piece, 1..=2).prop_map(|pieces| pieces.join(" ").trim().chars().take(20).collect::<String>())
}

fn labels() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(label(), 1..=5)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}

fn flow(kind: Kind, labels: &[String]) -> String {
    let map = |indent: &str| {
        let one = |(at, label): (usize, &String)| format!("{indent}c{at}: {{ label: {} }}\n", quoted(label));
        labels.iter().enumerate().map(one).collect::<String>()
    };
    let items: Vec<String> = labels.iter().map(|label| quoted(label)).collect();
    let (vars, answer) = match kind {
        Kind::Choice => (String::new(), format!("      choice:\n{}", map("        "))),
        Kind::Choices => (String::new(), format!("      choices:\n        of:\n{}", map("          "))),
        Kind::Pick => (
            format!("vars: {{ all: [{}] }}\n", items.join(", ")),
            "      pick: { from: \"{{ all }}\", label: \"{{ item }}\" }\n".to_owned(),
        ),
    };
    let empty = if kind == Kind::Pick { "empty: { end: lost }, " } else { "" };
    let go = format!("{{ {empty}else: {{ end: done }}, nomatch: {{ end: lost }}, silence: {{ after: 1h, end: lost }} }}");
    let state = format!("  asked:\n    ask: Which?\n    answer:\n{answer}    save: got\n    go: {go}\n");
    format!("flow: asks\nchannels: [main-sms, main-whatsapp]\n{vars}begin: asked\nstates:\n{state}")
}

/// A flow that the checker lets pass; nothing where the labels are refused.
fn publish(project: &Project, kind: Kind, labels: &[String]) -> Option<Arc<Catalog>> {
    let mut sources = Sources::default();
    let text = flow(kind, labels);
    sources.flows.insert("asks".to_owned(), SourceFile { file: "flows/asks.yaml".to_owned(), text });
    let checked = check_project(&sources, project);
    let wrong = checked.diagnostics.iter().find(|d| d.code.severity() == replyflow::flow::diagnostic::Severity::Error);
    if let Some(wrong) = wrong {
        // Collisions, opt-out words, a label that is empty or too long: anything else is a mistake of this test.
        let known = [303, 304, 403, 6, 103, 405];
        let code = wrong.code.to_string();
        assert!(known.iter().any(|n| code == format!("RF{n:03}")), "{wrong:#?}\n{}", flow(kind, labels));
        return None;
    }
    let flows: Vec<_> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    Some(Arc::new(Catalog::new(flows, &current)))
}

struct Asked {
    world: World,
    contact: Address,
    channel: ChannelName,
    /// What was shown: the payload of each button or row.
    payloads: Vec<String>,
    text: String,
}

impl Asked {
    fn new(catalog: &Arc<Catalog>, project: &Arc<Project>, channel: &str) -> Self {
        let contact = Address::Phone(E164::parse("+447700900123").expect("a phone"));
        let channel = ChannelName::parse(channel).expect("a channel");
        let mut world = World::new(catalog.clone(), project.clone(), Millis(1_772_445_600_000));
        // A first word opens the window, and says where the contact is.
        world.write(&contact, &channel, "hello there".to_owned(), InboundContent::Text).expect("a message");
        let begin = OperatorAction::Begin { flow: Slug::parse("asks").expect("a name"), with: Vec::new(), sending: None };
        world.operator(&contact, begin).expect("a run");
        let last = world.last.clone().expect("a question");
        let payloads = last.options().into_iter().map(|(payload, _)| payload.to_owned()).collect();
        Asked { text: last.text().to_owned(), world, contact, channel, payloads }
    }

    /// The ids or items that a reply chooses; nothing if it is not understood.
    fn answer(mut self, text: &str, content: InboundContent) -> Option<Vec<String>> {
        self.world.write(&self.contact, &self.channel, text.to_owned(), content).expect("a message");
        let ended = self.world.ended.pop_back()?;
        let of = |value: &Value| value.as_text().map(str::to_owned);
        (ended.end == "done").then(|| match &ended.variables["got"] {
            Value::List(values) => values.iter().filter_map(of).collect(),
            value => of(value).into_iter().collect(),
        })
    }
}

/// Whether it is an opt-out or help word, which the checker finds only where a label stands in the flow.
fn is_word_for_us(label: &str) -> bool {
    let kinds = [ChannelKind::Sms, ChannelKind::WhatsApp];
    kinds.into_iter().any(|kind| Intent::takes(&Normalized::of(label), kind, &[Language::EN]).is_some())
}

/// Whether a bare number can only mean a place: no label begins with one, in figures or in words.
fn has_no_numbers(labels: &[String]) -> bool {
    let any = number::Expected { min: None, max: None, whole: false };
    let setting = Setting { language: Language::EN, country: None, zone: &jiff::tz::TimeZone::UTC, now: Millis(0) };
    let is_number = |word: &str| number::understand(word, &Normalized::of(word), &any, &setting).is_ok();
    let begins = |label: &String| {
        let label = Normalized::of(label);
        let mut words = label.words().filter(|word| word.chars().any(char::is_alphanumeric));
        words.next().is_some_and(|word| word.chars().any(char::is_numeric) || is_number(word))
    };
    !labels.iter().any(begins)
}

fn holds(project: &Arc<Project>, kind: Kind, labels: &[String]) -> Result<(), TestCaseError> {
    let Some(catalog) = publish(project, kind, labels) else { return Err(TestCaseError::reject("refused by the checker")) };
    let candidate = |(at, label): (usize, &String)| Candidate { id: format!("c{at}"), label: label.clone(), also: vec![] };
    let options = Options::new(labels.iter().enumerate().map(candidate).collect(), Language::EN);
    // Of items nobody can know before they are there: what collides is chosen by nothing, but never wrongly.
    let unclear: BTreeSet<usize> = options.collisions().into_iter().flat_map(|c| [c.first, c.second]).collect();
    for channel in CHANNELS {
        for (at, label) in labels.iter().enumerate() {
            let asked = || Asked::new(&catalog, project, channel);
            let meant = vec![if kind == Kind::Pick { label.clone() } else { format!("c{at}") }];
            let shown = asked();
            let numbered = shown.text.contains(&format!("{} {label}", at + 1));
            prop_assert!(numbered || shown.payloads.len() == labels.len(), "{channel} shows {:?}", shown.text);

            let by_number = asked().answer(&(at + 1).to_string(), InboundContent::Text);
            let must = has_no_numbers(labels) && unclear.is_empty();
            let number_is_right = by_number.as_ref() == Some(&meant) || (!must && by_number.is_none());
            // Without numbers shown, "1" is also what a button "1" says.
            let by_label_of_another = labels.iter().any(|other| Normalized::of(other).as_str() == (at + 1).to_string());
            prop_assert!(number_is_right || by_label_of_another, "{channel}: {} of {labels:?} is {by_number:?}", at + 1);

            let by_label = asked().answer(label, InboundContent::Text);
            let may_be_nothing = unclear.contains(&at) || is_word_for_us(label);
            let label_is_right = by_label.as_ref() == Some(&meant) || (may_be_nothing && by_label.is_none());
            prop_assert!(label_is_right, "{channel}: {label:?} of {labels:?} is {by_label:?}");

            if let Some(payload) = shown.payloads.get(at) {
                let tap = InboundContent::ButtonReply { payload: payload.clone() };
                let by_tap = asked().answer(label, tap);
                prop_assert_eq!(by_tap.as_ref(), Some(&meant), "{}: a tap on {:?} of {:?}", channel, label, labels);
            }
        }
    }
    Ok(())
}

fn for_all(kind: Kind) {
    let project = Arc::new(project_of());
    let config = Config { cases: QUESTIONS, failure_persistence: None, max_global_rejects: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&labels(), |labels| holds(&project, kind, &labels)).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn what_is_shown_can_be_chosen() {
    for_all(Kind::Choice);
}

#[test]
fn each_of_several_can_be_chosen_alone() {
    for_all(Kind::Choices);
}

#[test]
fn each_item_that_is_shown_can_be_picked() {
    for_all(Kind::Pick);
}
