//! Understanding a reply, for each kind of answer, beside a bare normalisation of the same replies: nanoseconds and
//! allocations a reply. The replies are the labelled ones of `tests/data/replies`, in all their languages, those that are
//! answers and those that are none. Only ratios of one run mean anything.
//!
//! `UNDERSTANDING_BENCH_MILLIS` is the time for each figure (default 300).

#[path = "../turn/measure.rs"]
mod measure;

use jiff::tz::TimeZone;
use measure::{allocations, beside, median};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::language::Language;
use replyflow::domain::time::Millis;
use replyflow::reply::choice::{Candidate, Options, Shown};
use replyflow::reply::choices::Bounds;
use replyflow::reply::command::Command;
use replyflow::reply::intent::Intent;
use replyflow::reply::normalize::Normalized;
use replyflow::reply::pattern::Pattern;
use replyflow::reply::{self, Setting};
use replyflow::testing::understanding::Corpus;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// A message of somebody.
struct Reply {
    text: String,
    language: Language,
}

/// What kinds of answers need besides the reply.
struct Ground {
    zone: TimeZone,
    options: BTreeMap<&'static str, Options>,
    pattern: Pattern,
    languages: Vec<Language>,
}

/// What is understood; the answer itself is of no interest here.
type Understand = fn(&Ground, &Reply, &Normalized) -> bool;

/// Each kind with the replies that it is tried on.
const KINDS: [(&str, &str, Understand); 13] = [
    ("text", "choice", |_, reply, _| reply::text::understand(&reply.text, Some(2), Some(200)).is_ok()),
    ("choice", "choice", |ground, reply, words| ground.options(reply).understand(words, None, SHOWN).is_ok()),
    ("choices", "choices", |ground, reply, words| {
        let bounds = Bounds { min: 1, max: None };
        ground.options(reply).understand_many(words, &reply.text, None, SHOWN, bounds).is_ok()
    }),
    ("pick", "choice", |_, reply, words| options(reply.language).understand(words, None, SHOWN).is_ok()),
    ("yes_no", "yes_no", |_, reply, words| reply::yes_no::understand(words, None, &[reply.language], true).is_ok()),
    ("number", "number", |ground, reply, words| {
        let expected = reply::number::Expected { min: None, max: None, whole: false };
        reply::number::understand(&reply.text, words, &expected, &ground.setting(reply)).is_ok()
    }),
    ("date", "date", |ground, reply, words| {
        let expected = reply::date::Expected { min: None, max: None };
        reply::date::understand(&reply.text, words, &expected, &ground.setting(reply)).is_ok()
    }),
    ("time", "time", |ground, reply, words| {
        let expected = reply::time::Expected { min: None, max: None };
        reply::time::understand(&reply.text, words, &expected, &ground.setting(reply)).is_ok()
    }),
    ("moment", "moment", |ground, reply, words| {
        let expected = reply::moment::Expected { min: None, max: None };
        reply::moment::understand(&reply.text, words, &expected, &ground.setting(reply)).is_ok()
    }),
    ("phone", "phone", |_, reply, words| reply::phone::understand(&reply.text, words, Some("GB"), reply.language).is_ok()),
    ("email", "email", |_, reply, words| reply::email::understand(&reply.text, words, reply.language).is_ok()),
    ("pattern", "phone", |ground, reply, _| ground.pattern.understand(&reply.text).is_ok()),
    ("a word for us", "optout", |ground, reply, words| {
        let intent = Intent::of(words, ChannelKind::Sms, &ground.languages, false);
        intent.is_some() || Command::of(words, &[reply.language]).is_some()
    }),
];

const SHOWN: Shown<'_> = Shown { visible: &[0, 1, 2, 3], numbered: true };

fn options(language: Language) -> Options {
    let labels = [("link", "Pay now"), ("cod", "Cash on delivery"), ("human", "Talk to us"), ("none", "Nothing of this")];
    let candidate = |(id, label): (&str, &str)| Candidate { id: id.into(), label: label.into(), also: vec![format!("my {id}")] };
    Options::new(labels.into_iter().map(candidate).collect(), language)
}

impl Ground {
    fn new(replies: &BTreeMap<String, Vec<Reply>>) -> Self {
        let mut languages: Vec<Language> = replies.values().flatten().map(|reply| reply.language).collect();
        languages.sort_by_key(|language| language.as_str().to_owned());
        languages.dedup();
        let of = |language: &Language| (&*language.as_str().to_owned().leak(), options(*language));
        Ground {
            zone: TimeZone::get("Europe/London").expect("a zone"),
            options: languages.iter().map(of).collect(),
            pattern: Pattern::compile(r"\+?(\d[\d ()/.-]{5,20})").expect("a pattern"),
            languages,
        }
    }

    fn options(&self, reply: &Reply) -> &Options {
        &self.options[reply.language.as_str()]
    }

    fn setting(&self, reply: &Reply) -> Setting<'_> {
        Setting { language: reply.language, country: Some("GB"), zone: &self.zone, now: Millis(1_772_445_600_000) }
    }
}

fn replies() -> BTreeMap<String, Vec<Reply>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replies");
    let corpus = Corpus::read(&folder).unwrap_or_else(|e| panic!("{e}"));
    let language = |code: &str| Language::parse(code).unwrap_or_else(|| panic!("{code} is no language"));
    let of = |(kind, rows): (String, Vec<replyflow::testing::understanding::Row>)| {
        (kind, rows.into_iter().map(|row| Reply { text: row.reply, language: language(&row.lang) }).collect())
    };
    corpus.kinds.into_iter().map(of).collect()
}

fn main() {
    let time = std::env::var("UNDERSTANDING_BENCH_MILLIS").map_or(300, |ms| ms.parse().expect("milliseconds"));
    let time = Duration::from_millis(time);
    let replies = replies();
    let ground = Ground::new(&replies);
    println!("A reply of each kind: normalised and understood; beside it the same replies normalised and nothing else.");
    println!("kind           replies  chars  understood  ns a reply  normalised ns  ratio  allocs  normalised allocs");
    let mut ratios = Vec::new();
    for (kind, tried_on, understand) in KINDS {
        let Some(replies) = replies.get(tried_on).filter(|replies| !replies.is_empty()) else { continue };
        let one = |reply: &Reply| understand(&ground, reply, &Normalized::of(black_box(&reply.text)));
        let understood = || {
            replies.iter().for_each(|reply| {
                black_box(one(reply));
            })
        };
        let normalised = || replies.iter().for_each(|reply| drop(black_box(Normalized::of(black_box(&reply.text)))));
        let (whole, bare, ratio) = beside(time, 1, &understood, &normalised);
        let n = replies.len() as f64;
        let chars = replies.iter().map(|reply| reply.text.chars().count()).sum::<usize>() as f64 / n;
        let answers = replies.iter().filter(|reply| one(reply)).count();
        print!("{kind:13}  {:7}  {chars:5.1}  {answers:10}  {:10.0}  {:13.0}  {ratio:5.2}", replies.len(), whole / n, bare / n);
        let each = |work: &dyn Fn()| allocations(work).count_total as f64 / n;
        println!("  {:6.1}  {:17.1}", each(&understood), each(&normalised));
        ratios.push(ratio);
    }
    println!("\nThe median of the ratios: {:.2}", median(ratios));
}
