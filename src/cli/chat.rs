//! `replyflow chat FLOW`: the terminal's side of a conversation in the virtual world of the tests.

use super::arguments::Chat;
use super::check::{Place, Read};
use super::test::catalog;
use super::{Project, Stop, render, style};
use crate::config::{Secrets, Settings};
use crate::domain::address::{Address, E164};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use crate::flow::definition::{Flow, Trigger};
use crate::testing::World;
use crate::testing::chat::{Chat as Conversation, Line};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

/// Who writes: a number that was never given to anybody.
const PHONE: &str = "+447700900123";

pub(super) fn run(project: &Project, chat: &Chat) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let Read { sources, checked } = Place::of(&settings, &[])?.read(&settings)?;
    let name = Slug::parse(&chat.flow).map_err(Stop::failed)?;
    let Some((flow, _)) = checked.flows.get(&name) else {
        let file = sources.flows.get(&chat.flow);
        for diagnostic in checked.diagnostics.iter().filter(|d| file.is_some_and(|f| *d.file == *f.file)) {
            eprintln!("{}", render::text(diagnostic, file.map(|f| f.text.as_str()), style()));
        }
        let names: Vec<&str> = checked.flows.keys().map(Slug::as_str).collect();
        return Err(match file {
            Some(_) => Stop::failed(format!("the flow `{name}` has mistakes")),
            None => Stop::with_hint(format!("there is no flow `{name}`"), format!("There are: {}", names.join(", "))),
        });
    };
    let channel = channel(&settings, flow, chat.channel.as_deref())?;
    let now = Millis(jiff::Timestamp::now().as_millisecond());
    let world = World::new(Arc::new(catalog(&checked)), Arc::new(settings.project.clone()), now);
    let phone = E164::parse(PHONE).ok_or_else(|| Stop::failed("no phone"))?;
    let talk = Conversation::new(world, name.clone(), Address::Phone(phone), channel.clone());
    println!("{}", style().paint("2", &format!("{name} on {channel}. {} /help shows what else can be typed.", opening(flow))));
    converse(talk)
}

fn channel(settings: &Settings, flow: &Flow, wanted: Option<&str>) -> Result<ChannelName, Stop> {
    let known = &settings.project.channels;
    let names = || known.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match wanted {
        Some(name) => {
            let found = known.get_key_value(name).map(|(name, _)| name.clone());
            found.ok_or_else(|| Stop::with_hint(format!("there is no channel `{name}`"), format!("There are: {}", names())))
        }
        None => {
            let first = flow.channels.iter().find(|name| known.contains_key(*name)).or_else(|| known.keys().next());
            first
                .cloned()
                .ok_or_else(|| Stop::with_hint("the project has no channel", "Add a section [channels.NAME] to replyflow.toml."))
        }
    }
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

fn converse(mut talk: Conversation) -> Result<(), Stop> {
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
        let Some(answer) = talk.line(&line) else { break };
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
