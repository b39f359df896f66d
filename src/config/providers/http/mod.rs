//! `provider = "http"`: any gateway that speaks HTTP, described wholly here: how a message is written to it, what its answer means,
//! and where in what it posts the message and the report are.

mod read;
pub mod template;

use super::guard::Guard;
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{
    Duration, Headers, Paths, Secrets as SecretsSetting, SecretsByName, Text, TextOrTexts, Word,
};
use crate::config::secret::Secret;
use crate::config::signed::Signed;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{DeliveryStatus, FailureReason};
use template::Template;

/// A gateway as its operator describes it.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Our number there; empty if it has none.
    pub number: String,
    /// How a message is written.
    pub send: SendRules,
    /// What the answer means.
    pub answer: AnswerRules,
    /// Where a message of a person is in what the gateway posts.
    pub inbound: InboundPlaces,
    /// Where a report is.
    pub report: ReportPlaces,
    /// What whoever calls must have; nothing only where the calls are signed.
    pub guard: Option<Guard>,
    /// How the calls are signed, if they are.
    pub signed: Option<Signed>,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON: pieces of the message are written with their quotes.
    Json,
    /// A form: they are percent-encoded.
    Form,
    /// XML: they are escaped.
    Xml,
    /// Text: they stand as they are.
    Text,
}

/// How a message is written.
#[derive(Debug, Clone)]
pub struct SendRules {
    /// Where it goes; pieces of the message in it are percent-encoded.
    pub url: Template,
    /// Whether it is a `GET` without a body.
    pub get: bool,
    /// The form of the body.
    pub format: Format,
    /// `Content-Type`, if it is not the usual one of the form.
    pub content_type: Option<String>,
    /// The body.
    pub body: Template,
    /// Headers beside the type.
    pub headers: Vec<(String, Secret)>,
    /// Secrets that stand in the URL or the body, by name.
    pub secrets: Vec<(String, Secret)>,
}

/// What the answer to a message means.
#[derive(Debug, Clone, Default)]
pub struct AnswerRules {
    /// What the body of a good answer holds; without it a 2xx is a refusal.
    pub contains: Option<String>,
    /// Where the gateway's id of the message is.
    pub id: Vec<String>,
    /// Where the code of an error is.
    pub code: Vec<String>,
    /// Where its text is.
    pub text: Vec<String>,
    /// What the codes mean.
    pub failures: Vec<(String, Meaning)>,
}

/// What a code of the gateway means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It will never pass, for this reason; `opted_out`, `limit`, `balance` and `configuration` have their usual consequences.
    Reason(FailureReason),
    /// The same may pass later.
    Retry,
}

/// Where the parts of a message are. Each may be at one of several places; the first that is there counts.
#[derive(Debug, Clone, Default)]
pub struct InboundPlaces {
    /// The list of messages, if a body holds several.
    pub list: Option<String>,
    /// Who wrote.
    pub from: Vec<String>,
    /// Our number.
    pub to: Vec<String>,
    /// What they wrote.
    pub text: Vec<String>,
    /// The gateway's id.
    pub id: Vec<String>,
    /// When.
    pub at: Vec<String>,
    /// URLs of files.
    pub media: Vec<String>,
    /// The type of the file.
    pub media_type: Vec<String>,
    /// The name of the person.
    pub name: Vec<String>,
    /// What the gateway is answered.
    pub answer: String,
    /// The type of that.
    pub answer_type: &'static str,
}

/// Where the parts of a report are.
#[derive(Debug, Clone, Default)]
pub struct ReportPlaces {
    /// The list of reports, if a body holds several.
    pub list: Option<String>,
    /// The gateway's id of the message.
    pub id: Vec<String>,
    /// Our name of it.
    pub send: Vec<String>,
    /// The word for how far it came.
    pub status: Vec<String>,
    /// What the words mean; in small letters.
    pub statuses: Vec<(String, DeliveryStatus)>,
    /// Where the code of an error is.
    pub code: Vec<String>,
    /// Where its text is.
    pub text: Vec<String>,
    /// What the codes mean.
    pub failures: Vec<(String, Meaning)>,
    /// When.
    pub at: Vec<String>,
}

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "http",
    title: "Any gateway with HTTP",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    // A file that the template has no place for becomes a link in the text.
    shows: |_| Capabilities::FILES,
    settings: &[
        ("send.url", Text, "where messages are posted; {{to}}, {{text}} … in it are percent-encoded"),
        ("send.method", Word(&["post", "get"]), "post, or get: everything is in the URL then"),
        ("send.format", Word(&["json", "form", "xml", "text"]), "how {{…}} is written in the body"),
        ("send.content_type", Text, "Content-Type, if it is not the usual one of the format"),
        (
            "send.body",
            Text,
            "the body, with {{to}}, {{to_digits}}, {{from}}, {{from_digits}}, {{text}}, {{id}}, {{channel}}, {{callback}}, {{media}}, {{media_list}}",
        ),
        ("send.headers", Headers, "headers of every message"),
        ("send.secrets", SecretsByName, "secrets for the URL and the body, which name them as {{secret.NAME}}"),
        ("answer.contains", Text, "what the body of a good answer holds"),
        ("answer.id", TextOrTexts, "where the gateway's id of the message is: a path in JSON, a name in a form, //a/b in XML"),
        ("answer.code", TextOrTexts, "where the code of an error is"),
        ("answer.text", TextOrTexts, "where the text of an error is"),
        (
            "answer.failures",
            Paths,
            "what the codes mean: invalid, blocked, opted_out, filtered, content, limit, balance, configuration, unreachable, retry …",
        ),
        ("inbound.list", Text, "the list of messages in JSON, if a body holds several"),
        ("inbound.from", TextOrTexts, "where the sender is"),
        ("inbound.to", TextOrTexts, "where our number is"),
        ("inbound.text", TextOrTexts, "where the text is"),
        ("inbound.id", TextOrTexts, "where the gateway's id of the message is: repeats are recognised by it"),
        ("inbound.at", TextOrTexts, "where its time is: seconds, milliseconds or 2026-11-21T03:00:00Z"),
        ("inbound.media", TextOrTexts, "where URLs of files are"),
        ("inbound.media_type", TextOrTexts, "where the type of the file is"),
        ("inbound.name", TextOrTexts, "where the name of the person is"),
        ("inbound.answer", Text, "what the gateway is answered"),
        ("inbound.answer_type", Word(&["text", "json", "xml"]), "the type of that answer"),
        ("report.list", Text, "the list of reports in JSON, if a body holds several"),
        ("report.id", TextOrTexts, "where the gateway's id of the message is"),
        ("report.send", TextOrTexts, "where {{id}} comes back"),
        ("report.status", TextOrTexts, "where the word for how far it came is"),
        ("report.statuses", Paths, "what the words mean: queued, sent, delivered, read, failed"),
        ("report.code", TextOrTexts, "where the code of an error is"),
        ("report.text", TextOrTexts, "where the text of an error is"),
        ("report.failures", Paths, "what the codes mean, as in answer.failures"),
        ("report.at", TextOrTexts, "where the time of the report is"),
        (
            "signature.scheme",
            Word(&["stripe", "shopify", "razorpay", "github", "standard"]),
            "how the gateway signs, if it does so as one of these",
        ),
        ("signature.secrets", SecretsSetting, "the keys of the HMAC; each may have signed"),
        ("signature.header", Text, "the header with the signature"),
        ("signature.algorithm", Word(&["sha256", "sha1", "sha512"]), "its hash"),
        ("signature.encoding", Word(&["hex", "base64"]), "how it is written"),
        ("signature.separator", Text, "what stands between the elements of the header"),
        ("signature.prefix", Text, "what the signature begins with"),
        ("signature.timestamp_header", Text, "the header with the time of signing"),
        ("signature.timestamp_prefix", Text, "what the time begins with among the elements"),
        ("signature.tolerance", Duration, "how far that time may be from now"),
        ("signature.id_header", Text, "the header with the name of the delivery"),
        ("signature.signed", Text, "what is signed: {body}, {timestamp}, {id}, {url}"),
        ("signature.secret_form", Word(&["text", "base64"]), "how the keys are written"),
        ("signature.id_field", Text, "not used for channels"),
    ],
    guards: true,
    example: r#"
[channels.gateway]
provider = "http"
kind = "sms"
number = "+447700900001"
webhook_secret = { env = "GATEWAY_WEBHOOK_SECRET" }

[channels.gateway.send]
url = "https://gw.example.org/send"
format = "json"
body = '{"to":{{to}},"text":{{text}},"id":{{id}}}'
headers = { Authorization = { env = "GATEWAY_TOKEN" } }

[channels.gateway.inbound]
from = ["from", "sender"]
text = "text"
id = "id"

[channels.gateway.report]
id = "id"
status = "status"
statuses = { DELIVRD = "delivered", UNDELIV = "failed" }
"#,
    read: |section, _, secrets| ProviderSettings::Http(Box::new(read::http(section, secrets))),
};

impl HttpSettings {
    /// Where reports go, if the gateway is told with each message.
    pub fn tells_callback(&self) -> bool {
        [&self.send.url, &self.send.body].iter().any(|template| template.has(&[template::Variable::Callback]))
    }
}
