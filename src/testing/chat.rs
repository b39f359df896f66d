//! A conversation with a flow at a terminal or from a pipe: the same engine in the same virtual world as the tests.

use super::expect::choice_id;
use super::fake_http::{Answers, Fake, FakeAnswer};
use super::outgoing::Outgoing;
use super::script::PersonDoes;
use super::stage;
use super::transcript::{About, Transcript};
use super::world::World;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::input::OperatorAction;
use crate::domain::journal::Event;
use crate::domain::message::{Inbound, InboundContent, Location, Media, OutboundContent};
use crate::domain::name::{ChannelName, EventName, Slug};
use crate::domain::time::Span;
use crate::domain::value::{Value, rfc3339};
use crate::engine::Context;
use crate::engine::explain::explain;
use crate::engine::record::Record;
use crate::reply::explain::Considered;
use std::collections::VecDeque;

/// One line that the chat shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The bot writes.
    Bot(String),
    /// A button or row under the last message.
    Button(String),
    /// What happened besides: an alert, the end of a run, a call.
    Note(String),
    /// The answer to a command.
    Answer(String),
    /// What was typed cannot be done.
    Problem(String),
}

/// The commands, as `/help` shows them.
pub const HELP: &str = "\
Write as the contact would. Commands:
  /press ID             tap a button or list row of the last message
  /file URL             send a file; the ending of its name says what it is: /file photo.jpg
  /place LAT LON        send a place: /place 51.5 -0.12
  /wait 4h              let time pass
  /event NAME JSON      something happens elsewhere: /event payment.failed {\"order_id\": \"A1\"}
  /webhook NAME JSON    another system calls the flow's webhook
  /begin JSON           begin the flow with these values: /begin {\"order_id\": \"A1\"}
  /person TEXT          a member of your team writes, once the conversation was handed over
  /resolve NOTE         they give it back to the flow
  /http GET shop/x 200 JSON    from now on other systems answer so
  /channel NAME         go on over another channel
  /state                where the run is, and its variables
  /why                  which rule decided the last message, and how near the other answers were
  /undo                 take back the last message and all that followed, also the time that passed since
  /save TITLE           keep the conversation as a case of the flow's test file
  /quit";

/// What can be taken back.
const UNDOS: usize = 100;

/// Commands after which something is different.
const ACTS: [&str; 11] = ["press", "file", "place", "wait", "event", "webhook", "begin", "http", "channel", "person", "resolve"];

/// What a line comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// This is to be shown.
    Lines(Vec<Line>),
    /// The conversation is to be kept under this title.
    Save(String),
    /// It is over.
    Quit,
}

/// A chat with the flows of a project.
pub struct Chat {
    world: World,
    flow: Slug,
    address: Address,
    channel: ChannelName,
    seen: usize,
    /// How it was before each of the last lines, and the line.
    before: VecDeque<(String, World, ChannelName)>,
}

impl Chat {
    /// A chat as this contact on this channel. Calls that nobody fakes are refused, which the flow sees as `failed`.
    pub fn new(world: World, flow: Slug, address: Address, channel: ChannelName) -> Self {
        let mut world = world.remembering();
        world.fakes.fallback = Some(FakeAnswer::Refused);
        if world.record(&address).is_none() {
            let mut record = Record::default();
            record.meet(&address);
            world.place(&address, &record);
        }
        Chat { world, flow, address, channel, seen: 0, before: VecDeque::new() }
    }

    /// The conversation so far as a test would have it.
    pub fn transcript(&self) -> Transcript {
        let about = About { inputs: self.world.inputs(), ..About::flow(self.flow.clone()) };
        let key = self.world.key(&self.address);
        Transcript::of(self.world.journal.iter().filter(|entry| entry.contact == key), &about)
    }

    /// Takes a line and says what it comes to.
    pub fn line(&mut self, line: &str) -> Said {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            return Said::Lines(Vec::new());
        }
        let word = line.strip_prefix('/').map(|command| command.split(' ').next().unwrap_or(command));
        if word.is_none_or(|word| ACTS.contains(&word)) {
            self.before.push_back((line.to_owned(), self.world.clone(), self.channel.clone()));
            if self.before.len() > UNDOS {
                self.before.pop_front();
            }
        }
        let done = match line.strip_prefix('/') {
            None => self.say(line.to_owned(), InboundContent::Text),
            Some(command) => {
                let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
                match word {
                    "quit" | "exit" => return Said::Quit,
                    "help" => return Said::Lines(vec![Line::Answer(HELP.to_owned())]),
                    "state" => return Said::Lines(self.state()),
                    "why" => return Said::Lines(self.why()),
                    "undo" => return Said::Lines(vec![self.undo()]),
                    "save" => {
                        return match rest.trim() {
                            "" => Said::Lines(vec![Line::Problem("write a title: /save a customer pays in cash".to_owned())]),
                            title => Said::Save(title.to_owned()),
                        };
                    }
                    _ => self.command(word, rest.trim()),
                }
            }
        };
        let mut lines = self.news();
        if let Err(problem) = done {
            lines.push(Line::Problem(problem));
            // What could not be done needs not be taken back.
            if lines.len() == 1 && word.is_some() {
                self.before.pop_back();
            }
        }
        Said::Lines(lines)
    }

    /// Takes the last line back, with all that followed.
    fn undo(&mut self) -> Line {
        let Some((line, world, channel)) = self.before.pop_back() else {
            return Line::Problem("there is nothing to take back".to_owned());
        };
        (self.world, self.channel) = (world, channel);
        self.seen = self.world.journal.len();
        Line::Answer(format!("taken back: {line}"))
    }

    fn command(&mut self, word: &str, rest: &str) -> Result<(), String> {
        match word {
            "press" => {
                let shown = self.world.last.as_ref().map(Outgoing::options).unwrap_or_default();
                let option = shown.iter().find(|(payload, _)| *payload == rest || choice_id(payload) == rest);
                let (payload, title) = option.map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).ok_or_else(|| {
                    let ids: Vec<&str> = shown.iter().map(|(payload, _)| choice_id(payload)).collect();
                    match ids.is_empty() {
                        true => "the last message has no buttons; write a text".to_owned(),
                        false => format!("there is no button `{rest}`; there are {}", ids.join(", ")),
                    }
                })?;
                self.say(title, InboundContent::ButtonReply { payload })
            }
            "file" => {
                let url = Some(rest.to_owned()).filter(|url| !url.is_empty() && !url.contains(' '));
                let url = url.ok_or("write the address of a file: /file https://example.org/photo.jpg")?;
                let file = Media { url: Some(url), ..Media::default() };
                self.say(String::new(), InboundContent::Media { kind: None, media: vec![file] })
            }
            "place" => {
                let mut degrees = rest.split([' ', ',']).filter(|t| !t.is_empty()).map(str::parse::<f64>);
                let (Some(Ok(lat)), Some(Ok(lon)), None) = (degrees.next(), degrees.next(), degrees.next()) else {
                    return Err("write a place in degrees: /place 51.5 -0.12".to_owned());
                };
                self.say(String::new(), InboundContent::Location(Location { lat, lon, name: None, address: None }))
            }
            "wait" => {
                let span = Span::parse(rest).ok_or("write a duration such as /wait 4h or /wait 1d12h")?;
                self.world.wait(span).map_err(|e| e.to_string())
            }
            "event" => {
                let (name, data) = rest.split_once(' ').unwrap_or((rest, "{}"));
                let name = EventName::parse(name).map_err(|e| e.to_string())?;
                self.world.event(name, json(data)?, None).map_err(|e| e.to_string())
            }
            "webhook" => {
                let (name, data) = rest.split_once(' ').unwrap_or((rest, "{}"));
                let name = crate::domain::name::Name::parse(name).map_err(|e| e.to_string())?;
                self.world.webhook(&self.flow, &name, json(data)?).map_err(|e| e.to_string())
            }
            "begin" => {
                let Value::Map(map) = json(if rest.is_empty() { "{}" } else { rest })? else {
                    return Err("write the values as JSON: /begin {\"order_id\": \"A1\"}".to_owned());
                };
                let named = map.into_iter().map(|(k, v)| crate::domain::name::Name::parse(&k).map(|k| (k, v)));
                let with = named.collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
                let begin = OperatorAction::Begin { flow: self.flow.clone(), with, sending: None };
                self.world.operator(&self.address, begin).map_err(|e| e.to_string())
            }
            "person" => stage::person(&mut self.world, &self.address, &PersonDoes::Writes(rest.to_owned())),
            "resolve" => {
                let note = Some(rest.to_owned()).filter(|note| !note.is_empty());
                stage::person(&mut self.world, &self.address, &PersonDoes::Resolves(note))
            }
            "http" => self.fake(rest),
            "channel" => {
                let known = self.world.project().channels.get_key_value(rest);
                let names = || self.world.project().channels.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let (name, _) = known.ok_or_else(|| format!("there is no channel `{rest}`; there are {}", names()))?;
                self.channel = name.clone();
                Ok(())
            }
            other => Err(format!("there is no command /{other}; /help shows them")),
        }
    }

    fn fake(&mut self, rest: &str) -> Result<(), String> {
        const USE: &str = "write for example /http GET shop/customers/* 200 {\"type\": \"power\"}";
        let mut words = rest.splitn(4, ' ');
        let (method, target, status) = (words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some(status)) = (method, target, status) else { return Err(USE.to_owned()) };
        let (api, path) = target.split_once('/').ok_or(USE)?;
        let answer = match status {
            "timeout" => FakeAnswer::Timeout,
            "refused" => FakeAnswer::Refused,
            code => {
                let body = words.next().map_or(Ok(Value::Null), json)?;
                FakeAnswer::Answer { status: code.parse().map_err(|_| USE)?, body, delay: Span(0) }
            }
        };
        let api = Slug::parse(api).map_err(|e| e.to_string())?;
        let fake = Fake { method: method.to_uppercase(), api, path: format!("/{path}"), answers: Answers::Always(answer) };
        self.world.fakes.add(&[fake], false);
        Ok(())
    }

    fn say(&mut self, text: String, content: InboundContent) -> Result<(), String> {
        self.world.write(&self.address, &self.channel, text, content).map_err(|e| e.to_string())
    }

    /// What happened since the last line.
    pub fn news(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        for message in std::mem::take(&mut self.world.messages) {
            if message.to != self.address && !self.is_own(&message.to) {
                lines.push(Line::Note(format!("to {}, over {}:", message.to.reveal(), message.channel)));
            }
            if let OutboundContent::Email { subject, html, .. } = &message.content {
                let page = if html.is_some() { ", with a page" } else { "" };
                lines.push(Line::Note(format!("mail: {subject}{page}")));
            }
            lines.push(Line::Bot(message.text().to_owned()));
            for (payload, title) in message.options() {
                lines.push(Line::Button(format!("[{title}]  /press {}", choice_id(payload))));
            }
            if matches!(message.content, OutboundContent::LocationRequest { .. }) {
                lines.push(Line::Button("[Send location]  /place LAT LON".to_owned()));
            }
        }
        for event in self.world.journal[self.seen..].iter().flat_map(|entry| &entry.events) {
            match event {
                Event::Alert { say, .. } => lines.push(Line::Note(format!("alert: {say}"))),
                Event::HandoffOpened(opened) => {
                    let note = opened.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
                    lines.push(Line::Note(format!("handed over to {}{note}; /person and /resolve play its members", opened.to)));
                }
                Event::Emitted { event, .. } => lines.push(Line::Note(format!("event: {event}"))),
                Event::Called { api, method, path, .. } => lines.push(Line::Note(format!("call: {method} {api}{path}"))),
                Event::CallEnded { outcome, .. } => lines.push(Line::Note(format!("the call ended: {outcome}"))),
                Event::RunEnded { flow, end, .. } => lines.push(Line::Note(format!("{flow} is over: {end}"))),
                Event::Note { text, .. } => lines.push(Line::Note(format!("note: {text}"))),
                _ => {}
            }
        }
        self.seen = self.world.journal.len();
        (self.world.alerts, self.world.handoffs, self.world.emitted, self.world.called) = Default::default();
        lines
    }

    /// Whether the contact is reached at this address.
    fn is_own(&self, to: &Address) -> bool {
        let record = self.world.record(&self.address).unwrap_or_default();
        ChannelKind::ALL.iter().any(|kind| record.address(*kind).as_ref() == Some(to))
    }

    fn state(&self) -> Vec<Line> {
        let record = self.world.record(&self.address).unwrap_or_default();
        let positions = record.positions(self.world.catalog(), self.flow.as_str());
        let mut lines = vec![Line::Answer(format!("{} on {}", rfc3339(self.world.now()), self.channel))];
        if positions.is_empty() {
            lines.push(Line::Answer("no run is live".to_owned()));
        }
        for (state, variables) in positions {
            lines.push(Line::Answer(format!("at {state}")));
            for (name, value) in variables {
                lines.push(Line::Answer(format!("  {name} = {}", value.to_json())));
            }
        }
        lines
    }

    fn why(&self) -> Vec<Line> {
        let last = self.world.events().rev().find_map(|event| match event {
            Event::Received { text, reason, .. } => Some(format!("\"{text}\": {reason}")),
            Event::EventReceived { event, reason, .. } => Some(format!("{event}: {reason}")),
            Event::WebhookReceived { name, reason, .. } => Some(format!("{name}: {reason}")),
            _ => None,
        });
        let mut lines = vec![Line::Answer(last.unwrap_or_else(|| "nothing was received yet".to_owned()))];
        lines.extend(self.considered().into_iter().map(|c| Line::Answer(format!("  {}: {}", c.what, c.how))));
        lines
    }

    /// What the question that was open when the contact wrote last could have taken the message for.
    fn considered(&self) -> Vec<Considered> {
        let Some((line, before, channel)) = self.before.iter().rev().find(|(line, ..)| !line.starts_with('/')) else {
            return Vec::new();
        };
        let Some(kind) = before.project().channels.get(channel).map(|info| info.kind) else { return Vec::new() };
        let message = Inbound {
            channel: channel.clone(),
            kind,
            from: self.address.clone(),
            user_id: None,
            id: "why".to_owned(),
            at: Some(before.now()),
            text: line.clone(),
            content: InboundContent::Text,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        let context =
            Context { catalog: before.catalog(), project: before.project(), barred: &crate::domain::suppression::NOT_BARRED };
        let record = before.record(&self.address).unwrap_or_default();
        let explained = explain(&context, &record, before.key(&self.address), &message, before.now());
        explained.ok().flatten().map(|explained| explained.considered).unwrap_or_default()
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map(Value::from_json).map_err(|e| format!("this is not JSON: {e}"))
}
