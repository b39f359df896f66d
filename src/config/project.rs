//! What flows and the engine may know of the project: plain settings, no secrets.

use super::sources::SourceKind;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::hook::KindPattern;
use crate::domain::journal::AlertLevel;
use crate::domain::language::Language;
use crate::domain::limits::{WHATSAPP_BUTTONS, WHATSAPP_ROWS};
use crate::domain::message::MediaKind;
use crate::domain::name::{ChannelName, EventName, Name, Slug};
use crate::domain::shape::Shape;
use crate::domain::time::Span;
use crate::domain::value::{Type, Value};
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The project as flows see it.
#[derive(Debug, Clone)]
pub struct Project {
    /// For contacts and flows that have none.
    pub language: Language,
    /// For contacts that have none.
    pub timezone: TimeZone,
    /// ISO 3166-1 alpha-2; how phone numbers without `+` are read.
    pub country: Option<String>,
    /// The virtual numbers, in the order of the file.
    pub channels: IndexMap<ChannelName, ChannelInfo>,
    /// The entries of `[api.X]` with what flows may do there.
    pub apis: IndexMap<Slug, ApiInfo>,
    /// The entries of `[teams.X]`.
    pub teams: Vec<Slug>,
    /// The entries of `[hours.X]`.
    pub hours: IndexMap<Slug, Hours>,
    /// Attributes of contacts with their types.
    pub attributes: IndexMap<Name, Type>,
    /// Topics of marketing, each with its title for people.
    pub topics: IndexMap<Slug, String>,
    /// How much marketing one contact gets, over all flows.
    pub caps: Vec<Cap>,
    /// When marketing may be sent, where the contact lives.
    pub marketing_hours: MarketingHours,
    /// The events that other systems send, as far as the project declares them.
    pub events: Vec<EventName>,
    /// What the data of those is whose fields are declared.
    pub event_fields: IndexMap<EventName, Shape>,
    /// The analytics services that send events.
    pub sources: Vec<SourceKind>,
    /// Settings that flows can read as `env.NAME`; no secrets.
    pub env: IndexMap<String, Value>,
    /// What the service itself says.
    pub texts: SystemTexts,
    /// The systems that are told what happens.
    pub endpoints: Vec<EndpointInfo>,
    /// Who is told of alerts.
    pub alerts: AlertRules,
    /// The webhooks of flows whose calls are signed.
    pub signed: Vec<SignedInfo>,
    /// The desks at which teams work.
    pub desks: Vec<DeskInfo>,
}

impl Project {
    /// The same without desks: the persons of a conversation test are in the test, and no desk answers there.
    pub fn without_desks(mut project: Arc<Self>) -> Arc<Self> {
        if !project.desks.is_empty() {
            Arc::make_mut(&mut project).desks.clear();
        }
        project
    }

    /// The desk of a team: one that names it, else one that is for all.
    pub fn desk_of(&self, team: &Slug) -> Option<&DeskInfo> {
        let named = self.desks.iter().find(|desk| desk.teams.contains(team));
        named.or_else(|| self.desks.iter().find(|desk| desk.teams.is_empty()))
    }
}

/// When marketing may be sent: names of hours, by the country of the contact's phone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarketingHours {
    /// For countries that are not named.
    pub default: Option<Slug>,
    /// By country: `GB`.
    pub countries: BTreeMap<String, Slug>,
}

/// A cap of marketing: at most so much in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// How often, 1 to `limits::MARKETING_CAP`.
    pub most: u16,
    /// In how long; elapsed time, at most `limits::MARKETING_WINDOW`.
    pub per: Span,
}

/// A cap as people write it: `3 per 7 days`.
impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = Span::days(1).0;
        match (self.per.0 / day, self.per.0 % day) {
            (1, 0) => write!(f, "{} per day", self.most),
            (days, 0) => write!(f, "{} per {days} days", self.most),
            _ => write!(f, "{} per {}", self.most, self.per),
        }
    }
}

/// A desk as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskInfo {
    /// Its name.
    pub name: Slug,
    /// The teams that work there; empty: all.
    pub teams: Vec<Slug>,
    /// What of a contact it may know.
    pub share: Share,
}

/// What a desk may know of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// The name.
    pub name: bool,
    /// The phone number.
    pub phone: bool,
    /// The email address.
    pub email: bool,
}

/// Who is told of alerts, as the engine sees it.
#[derive(Debug, Clone, Default)]
pub struct AlertRules {
    /// Teams that get the alerts which name nobody, or a team that has no way to be told.
    pub receivers: Vec<Slug>,
    /// Every team.
    pub teams: IndexMap<Slug, TeamRules>,
    /// How long equal alerts are counted instead of told.
    pub window: Span,
    /// Where the API is reached: `server.public_url`.
    pub api: String,
}

/// How a team is told.
#[derive(Debug, Clone)]
pub struct TeamRules {
    /// Its name for people.
    pub title: Option<String>,
    /// Alerts below it are not for this team.
    pub min_level: AlertLevel,
    /// Each is told by itself.
    pub ways: Vec<Way>,
}

/// One way to tell a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A mail to this address.
    Email(Address),
    /// A text message to this number.
    Sms(Address),
    /// The team's webhook of this number, from 0.
    Slack(usize),
}

/// A webhook whose calls are signed, as `[webhooks.signed.FLOW.NAME]` names it.
#[derive(Debug, Clone)]
pub struct SignedInfo {
    /// The flow.
    pub flow: Slug,
    /// The webhook.
    pub name: Name,
    /// The line of the section in replyflow.toml; 1 if it is not from there.
    pub line: u32,
}

/// An endpoint as the engine sees it.
#[derive(Debug, Clone)]
pub struct EndpointInfo {
    /// Its name.
    pub name: Slug,
    /// What it wants to hear.
    pub events: Vec<KindPattern>,
}

impl EndpointInfo {
    /// Whether it wants to hear of this.
    pub fn wants(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(kind))
    }
}

/// A channel as flows and the engine see it.
#[derive(Debug, Clone)]
pub struct ChannelInfo {
    /// Its medium.
    pub kind: ChannelKind,
    /// What it can show.
    pub shows: Capabilities,
    /// How replies without a country are read; else the project's.
    pub country: Option<String>,
    /// Whether its provider is the built-in simulator: nobody real is behind it.
    pub simulated: bool,
    /// Whether its provider knows approved templates by ids of its own, which a notification must give.
    pub templates_by_id: bool,
    /// Whether characters for which a text message would need twice the room are replaced: typographic quotes, dashes, spaces.
    pub smart_encoding: bool,
    /// The countries whose people are told once how to opt out, beside the first message; `*` is all.
    pub stop_hint: Vec<String>,
    /// Channels over which its messages may go while its provider is down: who answers there answers what was asked here.
    pub stand_ins: Vec<ChannelName>,
}

/// What a channel can show beyond text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Reply buttons; 0 if none.
    pub buttons: usize,
    /// List rows; 0 if none.
    pub rows: usize,
    /// Files.
    pub media: bool,
    /// Whether only what is seen and heard is a file there, and only for numbers of the United States and Canada, as MMS: any other file is a link
    /// below the words.
    pub mms_alone: bool,
    /// Beside which of them words can stand.
    pub captions: Captions,
    /// A button that sends the person's place.
    pub location: bool,
}

impl Capabilities {
    /// Text alone. A file is a link in it: what is attached to a mail that nobody asked for is filtered.
    pub const NOTHING: Capabilities =
        Capabilities { buttons: 0, rows: 0, media: false, mms_alone: false, captions: Captions::All, location: false };
    /// Texts and files.
    pub const FILES: Capabilities = Capabilities { media: true, ..Capabilities::NOTHING };
    /// All that WhatsApp has.
    pub const WHATSAPP: Capabilities = Capabilities {
        buttons: WHATSAPP_BUTTONS,
        rows: WHATSAPP_ROWS,
        captions: Captions::Seen,
        location: true,
        ..Capabilities::FILES
    };

    /// What of it there is for somebody at this address.
    pub fn to(self, address: &Address) -> Capabilities {
        let north_american = address.phone().is_some_and(|phone| phone.digits().starts_with('1'));
        Capabilities { media: self.media && (north_american || !self.mms_alone), ..self }
    }

    /// Whether a file of this kind leaves as a file; else it is a link in the text.
    pub fn carries(self, kind: MediaKind) -> bool {
        self.media && !(self.mms_alone && matches!(kind, MediaKind::Document | MediaKind::Sticker))
    }
}

/// Beside which files words can stand, from all to few. Beside another one they are a message of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Captions {
    /// Beside any, as a message of several parts carries them.
    #[default]
    All,
    /// Beside what is looked at, pictures, films and documents, as on WhatsApp: neither beside a sound nor beside a sticker.
    Seen,
    /// Beside pictures alone.
    Pictures,
}

impl Captions {
    /// Whether words can stand beside a file of this kind.
    pub fn beside(self, kind: MediaKind) -> bool {
        match self {
            Captions::All => true,
            Captions::Seen => !matches!(kind, MediaKind::Audio | MediaKind::Sticker),
            Captions::Pictures => kind == MediaKind::Image,
        }
    }
}

/// An api as flows see it.
#[derive(Debug, Clone)]
pub struct ApiInfo {
    /// Methods that are allowed; empty means all.
    pub methods: Vec<String>,
    /// Path prefixes that are allowed; empty means all.
    pub paths: Vec<String>,
}

/// Opening hours in local time, by weekday.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    /// Monday to Sunday; each a list of from–to.
    pub days: [Vec<(jiff::civil::Time, jiff::civil::Time)>; 7],
}

/// What the service itself says, in one or more languages. The first is the fallback.
#[derive(Debug, Clone)]
pub struct SystemTexts {
    /// Once, when a contact opts out.
    pub opted_out: Vec<(Language, String)>,
    /// When a contact opts in again.
    pub opted_in: Vec<(Language, String)>,
    /// When a contact asks for help and no flow answers.
    pub help: Vec<(Language, String)>,
    /// The label that opens a WhatsApp list.
    pub list_button: Vec<(Language, String)>,
    /// Put below the first text message to somebody new, where a channel wants it.
    pub stop_hint: Vec<(Language, String)>,
}
