//! What one message would look like on each channel, and whether it would be sent: the engine itself is asked, on copies that are thrown away, as for the
//! dry run of a broadcast. Each channel is asked for by itself: once with a contact whom nothing stands against, for the words, and once with the contact
//! as they are, for the verdict. Nothing is sent and nothing is written.

use super::core::{Core, Patience};
use super::notices::NoticeError;
use super::settings::Channel;
use crate::config::project::{MarketingHours, Project};
use crate::domain::address::{Address, E164};
use crate::domain::broadcast::{BroadcastId, Reentry, Refusal, Sending};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, InputId, Token, VersionId};
use crate::domain::input::{Accepted, Input, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::language::Language;
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::domain::outbound::{Outbound, OutboundContent};
use crate::domain::suppression::{Barred, NOT_BARRED};
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::domain::way::Step;
use crate::engine::effect::Effect;
use crate::engine::record::{Heard, Record};
use crate::engine::{Context, TurnError, TurnOutput};
use crate::flow::catalog::Catalog;
use crate::flow::check::parse_context;
use crate::flow::definition::Flow;
use crate::flow::notice::notice;
use crate::flow::parse::Pages;
use crate::flow::version::SourceFile;
use crate::provider::{MailFacts, SendContext};
use crate::store::{Answer, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A phone and a mail address of nobody, for whoever asks without a contact: of Ofcom's numbers for drama, and RFC 2606.
const NOBODYS_PHONE: &str = "+447700900000";
const NOBODYS_MAIL: &str = "nobody@example.com";
/// What a plain text is called among notifications while it is looked at.
const PLAIN: &str = "a-text";

/// What is to be said.
#[derive(Debug, Clone)]
pub enum Words {
    /// A notification with its values.
    Notification(Arc<Flow>, Slug, Vec<(Name, Value)>),
    /// A text as it stands there; and whether it is marketing.
    Text(String, bool),
}

/// Whom it is for.
#[derive(Debug, Clone)]
pub enum Reader {
    /// This contact.
    Contact(ContactKey, Box<Record>),
    /// Somebody who speaks this language.
    Speaking(Language),
}

/// Whether it would be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It would.
    Sent,
    /// When the channel is resumed: somebody paused it, and no stand-in sends for it.
    Held,
    /// When its hours begin.
    Later(Millis),
    /// When nothing else is open: a question, a person.
    Busy,
    /// It would not.
    Refused(Refusal, Option<String>),
    /// The notification does not go over this channel.
    Elsewhere,
    /// Nobody was named who could stand against it.
    Unasked,
}

/// A message on one channel.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The channel.
    pub channel: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// To whom; nothing where the reader has no address there.
    pub to: Option<Address>,
    /// What would leave, in order; nothing where the notification does not go there.
    pub contents: Vec<OutboundContent>,
    /// Why its provider would not take it, in the words of whoever writes the request.
    pub unwritable: Option<String>,
    /// Whether it would be sent.
    pub verdict: Verdict,
}

/// Why nothing can be said.
#[derive(Debug)]
pub enum NoPreview {
    /// There is no such notification.
    Unknown,
    /// The engine does not take the values.
    Values(String),
    /// The store does not answer.
    Store(StoreError),
}

impl From<StoreError> for NoPreview {
    fn from(error: StoreError) -> Self {
        NoPreview::Store(error)
    }
}

impl Core {
    /// The flow around a notification, whose values can be read by it.
    pub async fn notice_for_preview(&self, name: &Slug) -> Result<Arc<Flow>, NoPreview> {
        self.notice(name).await.map_err(|error| match error {
            NoticeError::Store(error) => NoPreview::Store(error),
            NoticeError::Unknown(_) | NoticeError::Broken(_) | NoticeError::Load(_) => NoPreview::Unknown,
        })
    }

    /// What would leave on each of these channels, and the one that would be chosen.
    pub async fn preview(
        &self,
        words: &Words,
        reader: &Reader,
        channels: &[ChannelName],
    ) -> Result<(Vec<Preview>, Option<ChannelName>), NoPreview> {
        let project = &self.world.project;
        let (flow, name, with) = match words {
            Words::Notification(flow, name, with) => (Arc::clone(flow), name.clone(), with.clone()),
            Words::Text(text, marketing) => {
                let (flow, name) = plain(project, *marketing).ok_or(NoPreview::Unknown)?;
                let param = Name::parse("text").map_err(|_| NoPreview::Unknown)?;
                (flow, name, vec![(param, Value::text(text.as_str()))])
            }
        };
        let (key, record) = match reader {
            Reader::Contact(key, record) => (*key, (**record).clone()),
            Reader::Speaking(language) => {
                (self.contact_key(Mode::Live, NOBODYS_PHONE), Record { language: Some(*language), ..Record::default() })
            }
        };
        let barred = match reader {
            Reader::Contact(..) => self.barred(&record).await,
            Reader::Speaking(_) => Barred::NOTHING,
        };
        let trial = Trial { core: self, flow: &flow, key, action: action(&name, flow.version, with) };
        let mut found = Vec::new();
        for channel in channels.iter().filter_map(|name| self.channel(name)) {
            let only = only(project, &channel.name);
            let (willing, to) = willing(&record, channel, self.store_now());
            let shown = trial.willing(&open(&only), &willing).await?;
            let verdict = match reader {
                Reader::Speaking(_) if shown.contents.is_empty() => Verdict::Elsewhere,
                Reader::Speaking(_) => Verdict::Unasked,
                Reader::Contact(..) => match trial.run(&only, &record, &barred, self.store_now()).await? {
                    // What leaves now, perhaps an approved template, is what is shown.
                    Fate { verdict: Verdict::Sent, contents } => {
                        let verdict = if self.waits_at(channel) { Verdict::Held } else { Verdict::Sent };
                        found.push(self.shown(channel, to, contents, verdict));
                        continue;
                    }
                    Fate { verdict, .. } if shown.contents.is_empty() && verdict != Verdict::Busy => Verdict::Elsewhere,
                    Fate { verdict, .. } => verdict,
                },
            };
            found.push(self.shown(channel, to, shown.contents, verdict));
        }
        let chosen = match reader {
            Reader::Contact(..) => trial.first(project, &record, &barred, self.store_now()).await?,
            Reader::Speaking(_) => None,
        };
        Ok((found, chosen))
    }

    /// Whether nothing leaves over the channel until somebody resumes it.
    fn waits_at(&self, channel: &Channel) -> bool {
        self.is_paused(&channel.name) && channel.policy.stand_ins.iter().all(|other| self.is_paused(other))
    }

    fn shown(&self, channel: &Channel, to: Option<Address>, contents: Vec<OutboundContent>, verdict: Verdict) -> Preview {
        let shown_to = to.clone().unwrap_or_else(|| nobody(channel.kind));
        let context = SendContext {
            channel: &channel.name,
            send: None,
            status_callback: None,
            kind: channel.kind,
            mail: Some(MailFacts { at: self.store_now(), thread: None, unsubscribe: None }),
            now: self.store_now(),
        };
        let fits = |content: &OutboundContent| {
            let outbound = Outbound { to: shown_to.clone(), content: content.clone(), in_reply_to: None, provider: None };
            channel.adapter.wire(&outbound, &context).err().map(|error| error.to_string())
        };
        let unwritable = contents.iter().find_map(fits);
        Preview { channel: channel.name.clone(), kind: channel.kind, to, contents, unwritable, verdict }
    }
}

/// A notification that says a text as it stands there: values are put in, and not read for expressions.
fn plain(project: &Project, marketing: bool) -> Option<(Arc<Flow>, Slug)> {
    let name = Slug::parse(PLAIN).ok()?;
    let kind = if marketing { "kind: marketing\n" } else { "" };
    let text = format!("notification: {PLAIN}\n{kind}needs: {{ text: text }}\ntext: '{{{{ text }}}}'\n");
    let files = BTreeMap::from([(name.clone(), SourceFile { file: format!("templates/{PLAIN}.yaml"), text })]);
    let made = notice(&name, &files, &Pages::default(), &parse_context(project))?;
    Some((made.flow?, name))
}

fn action(notification: &Slug, version: VersionId, with: Vec<(Name, Value)>) -> OperatorAction {
    let sending = Sending { broadcast: BroadcastId::of(0), arm: None, reentry: Reentry::Always };
    OperatorAction::Notify { notification: notification.clone(), version, with, sending: Some(Box::new(sending)) }
}

/// The project with this channel alone.
fn only(project: &Project, channel: &ChannelName) -> Project {
    let mut only = project.clone();
    only.channels.retain(|name, _| name == channel);
    only
}

/// The same where marketing may be said at any hour and as often as one likes.
fn open(project: &Project) -> Project {
    Project { caps: Vec::new(), marketing_hours: MarketingHours::default(), ..project.clone() }
}

/// A contact whom nothing stands against on this channel, and their own address there. Whoever has none is somebody there for as long as it takes.
fn willing(record: &Record, channel: &Channel, now: Millis) -> (Record, Option<Address>) {
    let mut willing = record.clone();
    willing.runs.clear();
    willing.waiting.clear();
    willing.errands.clear();
    willing.topics.clear();
    willing.marketing.clear();
    (willing.leaving, willing.dead, willing.stop, willing.consent) = (None, None, 0, u8::MAX);
    let heard = Heard { channel: channel.name.clone(), at: (now + willing.clock.ahead).max(willing.last) };
    willing.heard.retain(|heard| heard.channel != channel.name);
    willing.heard.push(heard);
    let own = willing.address(channel.kind);
    match &own.clone().unwrap_or_else(|| nobody(channel.kind)) {
        Address::Phone(phone) => willing.phone = Some(phone.clone()),
        Address::Email(email) => willing.email = Some(email.clone()),
        Address::Bsuid(_) | Address::External(_) | Address::Verbatim(_) => {}
    }
    (willing, own)
}

fn nobody(kind: ChannelKind) -> Address {
    match (kind, E164::parse(NOBODYS_PHONE)) {
        (ChannelKind::Email, _) => Address::Email(NOBODYS_MAIL.to_owned()),
        (ChannelKind::Sms | ChannelKind::WhatsApp, Some(phone)) => Address::Phone(phone),
        (ChannelKind::Sms | ChannelKind::WhatsApp, None) => Address::Verbatim(NOBODYS_PHONE.to_owned()),
    }
}

/// What a turn would come to.
struct Fate {
    contents: Vec<OutboundContent>,
    verdict: Verdict,
}

/// A message that is tried on copies of a record.
struct Trial<'t> {
    core: &'t Core,
    flow: &'t Arc<Flow>,
    key: ContactKey,
    action: OperatorAction,
}

impl Trial<'_> {
    /// On somebody whom nothing stands against, within its hours.
    async fn willing(&self, project: &Project, record: &Record) -> Result<Fate, NoPreview> {
        let now = self.core.store_now();
        let fate = self.run(project, record, &NOT_BARRED, now).await?;
        match fate.verdict {
            Verdict::Later(until) => self.run(project, record, &NOT_BARRED, until).await,
            _ => Ok(fate),
        }
    }

    async fn run(&self, project: &Project, record: &Record, barred: &Barred, now: Millis) -> Result<Fate, NoPreview> {
        let out = self.turn(project, record, barred, now).await?;
        let contents = sends(&out).map(|send| send.outbound.content.clone()).collect();
        let verdict = verdict(&out)?;
        Ok(Fate { contents, verdict })
    }

    /// The channel over which it would leave.
    async fn first(
        &self,
        project: &Project,
        record: &Record,
        barred: &Barred,
        now: Millis,
    ) -> Result<Option<ChannelName>, NoPreview> {
        let out = self.turn(project, record, barred, now).await?;
        Ok(sends(&out).next().map(|send| send.channel.clone()))
    }

    async fn turn(&self, project: &Project, record: &Record, barred: &Barred, now: Millis) -> Result<TurnOutput, NoPreview> {
        let core = self.core;
        let id = InputId(0);
        let input = Accepted { id, at: now, mode: record.stored_mode(), input: Input::Operator(self.action.clone()) };
        let mut loaded = Vec::new();
        loop {
            let known = core.versions.catalog();
            let with_it;
            let catalog: &Catalog = match known.version(self.flow.version) {
                Some(_) => &known,
                None => {
                    with_it = known.with_version(Arc::clone(self.flow));
                    &with_it
                }
            };
            let mut trial = record.clone();
            let context = Context { catalog, project, barred };
            match (core.engine)(&context, &mut trial, Token(id.0), self.key, Some(&input), now) {
                Ok(out) => return Ok(out),
                Err(TurnError::UnknownVersion(version)) if !loaded.contains(&version) => {
                    let load = || async {
                        let load = core.versions.load(&*core.store, version, &core.world.project);
                        load.await.map_err(|error| StoreError::Unavailable(error.to_string()))
                    };
                    let answer: Answer<()> = core.patiently(Patience::Short, load).await;
                    answer?;
                    loaded.push(version);
                }
                Err(error) => return Err(NoPreview::Store(StoreError::Bug(error.to_string()))),
            }
        }
    }
}

fn sends(out: &TurnOutput) -> impl Iterator<Item = &crate::engine::effect::Send> {
    out.effects.iter().filter_map(|(_, effect)| match effect {
        Effect::Send(send) if send.system.is_none() && send.broadcast == Some(BroadcastId::of(0)) => Some(&**send),
        _ => None,
    })
}

fn verdict(out: &TurnOutput) -> Result<Verdict, NoPreview> {
    if sends(out).next().is_some() {
        return Ok(Verdict::Sent);
    }
    let since = out.events.iter().position(|event| matches!(event, Event::Begun { .. })).unwrap_or(0);
    let mut began = false;
    for event in &out.events[since..] {
        match event {
            Event::Skipped(skipped) if skipped.reason == Refusal::Values => {
                return Err(NoPreview::Values(skipped.detail.clone().unwrap_or_default()));
            }
            Event::Skipped(skipped) => return Ok(Verdict::Refused(skipped.reason, skipped.detail.clone())),
            Event::Way(way) => {
                if let Step::Held { until } = way.step {
                    return Ok(Verdict::Later(until));
                }
            }
            Event::RunStarted { .. } => began = true,
            _ => {}
        }
    }
    Ok(if began { Verdict::Elsewhere } else { Verdict::Busy })
}
