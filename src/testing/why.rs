//! What a reply to a question would be taken for, and why. A run is put before the question and the engine takes the reply
//! as it takes every message, so that the answer is what would happen; nothing is sent and nothing is kept.

use super::outgoing::{Outgoing, text_of};
use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, DedupeHash, InputId, Token};
use crate::domain::input::{Accepted, Input};
use crate::domain::journal::{Decision, Event};
use crate::domain::language::Language;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::engine::effect::Effect;
use crate::engine::explain::{Taken, explain, put_before};
use crate::engine::record::{Heard, Record};
use crate::engine::{Context, TurnOutput, turn};
use crate::flow::catalog::Catalog;
use crate::flow::definition::{Flow, Kind, StateId};
use crate::reply::explain::Considered;

/// Where the contact stands and what they write.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The flow.
    pub flow: Slug,
    /// The state, which asks something.
    pub state: String,
    /// What is written.
    pub text: String,
    /// Who writes.
    pub contact: Address,
    /// Over which channel.
    pub channel: ChannelName,
    /// The contact's language; else the flow's first.
    pub language: Option<Language>,
    /// When.
    pub now: Millis,
    /// Variables that texts and labels read.
    pub given: Vec<(Name, Value)>,
}

/// Who can want a message, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Opt-out, opt-in and help words.
    Words,
    /// The open question, exactly.
    Exact,
    /// Keywords and commands of `anytime`.
    Anytime,
    /// The open question, leniently.
    Lenient,
    /// Start keywords of other flows.
    Start,
    /// Nobody.
    NoMatch,
}

impl Step {
    /// In their order.
    pub const ALL: [Step; 6] = [Step::Words, Step::Exact, Step::Anytime, Step::Lenient, Step::Start, Step::NoMatch];

    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Words => "opt-out, opt-in and help words",
            Step::Exact => "the question, exactly",
            Step::Anytime => "keywords and commands of anytime",
            Step::Lenient => "the question, leniently",
            Step::Start => "start keywords of other flows",
            Step::NoMatch => "nomatch",
        }
    }

    fn of(decision: &Decision, exact: bool) -> Option<Self> {
        Some(match decision {
            Decision::OptOut | Decision::OptIn | Decision::Help => Step::Words,
            Decision::Answer if exact => Step::Exact,
            Decision::Answer | Decision::Gathered => Step::Lenient,
            Decision::Anytime => Step::Anytime,
            Decision::Start | Decision::StartWaits | Decision::StartIgnored => Step::Start,
            Decision::NoMatch => Step::NoMatch,
            Decision::Inbox
            | Decision::Late
            | Decision::Ignored
            | Decision::Awaited
            | Decision::TooOld
            | Decision::Flooded
            | Decision::Person
            | Decision::Collected => return None,
        })
    }
}

/// What follows from the reply, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// A state is left by an outcome.
    Outcome(String),
    /// A state is entered.
    State(String),
    /// A message leaves.
    Says(String),
    /// A call is made.
    Calls(String),
    /// A run of another flow begins.
    Begins(String),
    /// An alert is raised.
    Alerts(String),
    /// The run is over.
    Ends(String),
}

/// What a reply would be taken for.
#[derive(Debug, Clone)]
pub struct Why {
    /// The question as it was asked: its messages.
    pub question: Vec<Outgoing>,
    /// The language in which it was asked.
    pub language: Language,
    /// The engine's decision.
    pub decision: Decision,
    /// Which rule matched, as the journal has it.
    pub reason: String,
    /// Who took the message; nothing where nobody was asked.
    pub step: Option<Step>,
    /// What the question itself makes of the message, also where something else came first.
    pub taken: Taken,
    /// What the question considered, the nearest first.
    pub considered: Vec<Considered>,
    /// What follows.
    pub then: Vec<Then>,
    /// What the flow needs and was not given: texts that read it were empty.
    pub missing: Vec<Name>,
}

impl Why {
    /// Whether anything wants the message.
    pub fn is_understood(&self) -> bool {
        self.step.is_some_and(|step| step != Step::NoMatch)
    }
}

/// The questions of a flow, by their states.
pub fn questions(flow: &Flow) -> Vec<&str> {
    let asks = flow.states.iter().filter(|(_, state)| matches!(state.kind, Kind::Ask(_)));
    asks.map(|(name, _)| name.as_str()).collect()
}

/// Says what a reply would be taken for. The error says what cannot be asked.
pub fn why(asking: &Asking, catalog: &Catalog, project: &Project) -> Result<Why, String> {
    let name = &asking.flow;
    let flow = catalog.current(name.as_str()).ok_or_else(|| format!("there is no flow `{name}`"))?;
    let place = flow.states.get_index_of(asking.state.as_str()).filter(|_| questions(flow).contains(&asking.state.as_str()));
    let state = place.map(|place| StateId(place as u16)).ok_or_else(|| format!("`{}` of `{name}` asks nothing", asking.state))?;
    let mut play = Play::new(asking, catalog, project)?;
    put_before(&play.context, &mut play.record, play.contact, (flow, state), &asking.given, asking.now)?;
    let asked = play.turn(None, asking.now)?;
    let language = play.record.runs.first().and_then(|run| run.question()).map(|question| question.language);
    let Some(language) = language else {
        let failed = asked.ended.first().map_or("it is left at once", |ended| ended.reason.as_str());
        return Err(format!("the question cannot be asked: {failed}"));
    };
    let message = play.message(asking)?;
    let explained = explain(&play.context, &play.record, play.contact, &message, asking.now).map_err(|e| e.to_string())?;
    let explained = explained.ok_or("no question is open")?;
    let mut out = play.reply(message, asking.now)?;
    let received = out.events.iter().find_map(|event| match event {
        Event::Received { decision, reason, .. } => Some((decision.clone(), reason.clone())),
        _ => None,
    });
    let (decision, reason) = received.ok_or("the message was not decided on")?;
    let mut then = follows(&out.events);
    // What is gathered becomes an answer when nothing more comes.
    if let (Decision::Gathered, Some(until)) = (&decision, out.alarm) {
        out = play.turn(None, until)?;
        then.extend(follows(&out.events));
    }
    let exact = matches!(&explained.taken, Taken::Answer { understood, .. } if understood.exact);
    Ok(Why {
        question: asked.effects.into_iter().filter_map(|(id, effect)| sent(id, effect, asking.now)).collect(),
        language,
        step: Step::of(&decision, exact),
        decision,
        reason,
        taken: explained.taken,
        considered: explained.considered,
        then,
        missing: missing(flow, &asking.given),
    })
}

/// A contact alone with the engine.
struct Play<'a> {
    context: Context<'a>,
    record: Record,
    contact: ContactKey,
    turns: u64,
}

impl<'a> Play<'a> {
    fn new(asking: &Asking, catalog: &'a Catalog, project: &'a Project) -> Result<Self, String> {
        let mut record = Record { language: asking.language, ..Record::default() };
        record.meet(&asking.contact);
        // The question is asked where the contact wrote last.
        record.heard.push(Heard { channel: asking.channel.clone(), at: asking.now });
        let contact = ContactKey::derive(b"why", &asking.contact.canonical());
        Ok(Play {
            context: Context { catalog, project, barred: &crate::domain::suppression::NOT_BARRED },
            record,
            contact,
            turns: 0,
        })
    }

    fn message(&self, asking: &Asking) -> Result<Inbound, String> {
        let channel = asking.channel.clone();
        let info = self.context.project.channels.get(&channel).ok_or_else(|| format!("there is no channel `{channel}`"))?;
        Ok(Inbound {
            channel,
            kind: info.kind,
            from: asking.contact.clone(),
            user_id: None,
            id: "why".to_owned(),
            at: Some(asking.now),
            text: asking.text.clone(),
            content: InboundContent::Text,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        })
    }

    fn reply(&mut self, message: Inbound, now: Millis) -> Result<TurnOutput, String> {
        let id = InputId::of(DedupeHash::of(&["why", &message.id]));
        self.turn(Some(&Accepted { id, at: now, mode: Mode::Live, input: Input::Message(Box::new(message)) }), now)
    }

    fn turn(&mut self, input: Option<&Accepted>, now: Millis) -> Result<TurnOutput, String> {
        self.turns += 1;
        let token = Token(self.turns);
        turn(&self.context, &mut self.record, token, self.contact, input, now).map_err(|error| error.to_string())
    }
}

fn sent(id: crate::domain::id::EffectId, effect: Effect, at: Millis) -> Option<Outgoing> {
    match effect {
        Effect::Send(send) => Some(Outgoing::of(id, at, *send)),
        _ => None,
    }
}

fn follows(events: &[Event]) -> Vec<Then> {
    let one = |event: &Event| {
        Some(match event {
            Event::Left { outcome, .. } => Then::Outcome(outcome.clone()),
            Event::Entered { state, .. } => Then::State(state.to_string()),
            Event::Sent { content, .. } => Then::Says(text_of(content).to_owned()),
            Event::Called { api, method, path, .. } => Then::Calls(format!("{method} {api}{path}")),
            Event::RunStarted { flow, .. } => Then::Begins(flow.to_string()),
            Event::Alert { say, .. } => Then::Alerts(say.clone()),
            Event::RunEnded { end, .. } => Then::Ends(end.clone()),
            _ => return None,
        })
    };
    events.iter().filter_map(one).collect()
}

fn missing(flow: &Flow, given: &[(Name, Value)]) -> Vec<Name> {
    use crate::flow::definition::Origin;
    let needed = flow.variables.iter().filter(|(_, variable)| matches!(variable.origin, Origin::Need { default: None }));
    needed.map(|(name, _)| name).filter(|name| !given.iter().any(|(known, _)| known == *name)).cloned().collect()
}
