//! `replyflow chat FLOW`: the terminal's side of a conversation in the virtual world of the tests.

use super::arguments::Chat;
use super::check::{Place, Read};
use super::keep::{Failing, Where, keep};
use super::{Project, Stop, flows, style};
use crate::config::Secrets;
use crate::domain::time::Millis;
use crate::flow::definition::{Flow, Trigger};
use crate::testing::World;
use crate::testing::chat::{Chat as Conversation, Line, Said};
use crate::testing::transcript::Transcript;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

pub(super) fn run(project: &Project, chat: &Chat) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let place = Place::of(&settings, &[])?;
    let Read { sources, checked } = place.read(&settings)?;
    let flow = flows::find(&sources, &checked, &chat.flow)?;
    let name = &flow.name;
    let channel = flows::channel(&settings, flow, chat.channel.as_deref())?;
    // Whole seconds, so that a test that is kept has a moment that people can read.
    let now = Millis(jiff::Timestamp::now().as_second() * 1_000);
    let (catalog, around) = (Arc::new(flows::catalog(&checked)), Arc::new(settings.project.clone()));
    let world = World::new(catalog.clone(), around.clone(), now);
    let talk = Conversation::new(world, name.clone(), flows::somebody()?, channel.clone());
    println!("{}", style().paint("2", &format!("{name} on {channel}. {} /help shows what else can be typed.", opening(flow))));
    let file = sources.flows.get(name.as_str()).map(|source| place.path(&source.file)).unwrap_or_default();
    let tests = Where { file: file.with_file_name(format!("{name}.test.yaml")) };
    converse(talk, |transcript, title| keep(&tests, transcript, title, &catalog, &around, Failing::Refused))
}

/// How this flow begins.
fn opening(flow: &Flow) -> String {
    let of = |trigger: &Trigger| match trigger {
        Trigger::Keyword(words) => words.first().map(|word| format!("It begins with `{word}`.")),
        Trigger::AnyMessage => Some("Write anything.".to_owned()),
        Trigger::Event(name) => Some(format!("It begins with /event {name} {{…}}.")),
        Trigger::Webhook(name) => Some(format!("It begins with /webhook {name} {{…}}.")),
    };
    let rank = |trigger: &Trigger| match trigger {
        Trigger::AnyMessage => 0,
        Trigger::Keyword(_) => 1,
        Trigger::Event(_) | Trigger::Webhook(_) => 2,
    };
    let first = flow.starts.iter().min_by_key(|start| rank(&start.trigger));
    first.and_then(|start| of(&start.trigger)).unwrap_or_else(|| "It begins with /begin {…}.".to_owned())
}

fn converse(mut talk: Conversation, keep: impl Fn(&Transcript, &str) -> Result<String, Stop>) -> Result<(), Stop> {
    let (input, typed) = (std::io::stdin(), std::io::stdin().is_terminal());
    let mut out = std::io::stdout();
    let mut problems = false;
    let mut lines = input.lock().lines();
    loop {
        if typed {
            write!(out, "{} ", style().paint("1;34", ">"))?;
            out.flush()?;
        }
        let Some(line) = lines.next() else { break };
        let line = line?;
        if !typed && !line.trim().is_empty() {
            writeln!(out, "> {line}")?;
        }
        let answer = match talk.line(&line) {
            Said::Lines(lines) => lines,
            Said::Save(title) => match keep(&talk.transcript(), &title) {
                Ok(said) => said.lines().map(|line| Line::Answer(line.to_owned())).collect(),
                Err(Stop::Failed(what, _)) => vec![Line::Problem(what)],
                Err(other) => return Err(other),
            },
            Said::Quit => break,
        };
        for line in answer {
            let (text, code) = match &line {
                Line::Bot(text) => (text.replace('\n', "\n  "), "1"),
                Line::Button(text) => (format!("  {text}"), "36"),
                Line::Note(text) => (format!("({text})"), "2"),
                Line::Answer(text) => (text.clone(), "0"),
                Line::Problem(text) => {
                    problems = true;
                    (format!("! {text}"), "31")
                }
            };
            writeln!(out, "  {}", style().paint(code, &text))?;
        }
    }
    // In a pipe a slip must not look like a conversation that went well.
    if problems && !typed { Err(Stop::Found) } else { Ok(()) }
}
