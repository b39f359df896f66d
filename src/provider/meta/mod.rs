//! Meta's WhatsApp Cloud API. One webhook serves a whole app: its bodies are signed with the app's secret and name the number.
//!
//! Verified by recorded vectors: signatures, the handshake, messages of every type beside those below, a change of a person's id, reports, all
//! that is sent, what answers mean. By Meta's documents only, and read tolerantly: messages that were changed or taken back (`edit`, `revoke`),
//! the words of `phone_number_quality_update`, `new_wa_id` of older payloads, and that a phone number is left out rather than empty.
//!
//! | quirk | what is done |
//! |---|---|
//! | one body may hold messages of several numbers of an app | each change goes to the channel of its `phone_number_id` |
//! | `contacts` may be missing, or name one person for all messages | the writer is found by `wa_id` or `user_id`; a single contact is the writer of a message that names nobody |
//! | people with a username may show no phone | they are known by `from_user_id`, and written to as `recipient` |
//! | a changed number is told twice, as a number and as an id | what is known already changes nothing (`engine::number`) |
//! | reports come in any order, and `sent` may be missing | the record keeps the highest (`DeliveryStatus`) |
//! | too fast is HTTP 400 with 130429 or 80007, or 131056 for one person | the code decides, not the status |

mod content;
mod decode;
mod encode;
mod errors;
mod interactive;
mod signature;
mod status;

#[cfg(test)]
mod tests;

// What others use who pass on what WhatsApp itself says and takes.
pub(super) use content::read as read_content;
pub(super) use decode::{decode, read};
pub(super) use encode::{body, bounded, part};
pub(super) use errors::{classify, find as known, verdict};
pub(super) use interactive::write as interactive;

use super::features::{Features, Proof, Reports};
use super::file::{self, FileRequest, FileSource, NoFile};
use super::send::{Checked, EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Reply, Routes, WebhookRequest};
use super::{Account, Provider};
use crate::config::channel::MetaSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use serde_json::Value;

/// Where Meta keeps files.
const HOSTS: [&str; 4] = ["fbsbx.com", "facebook.com", "fbcdn.net", "whatsapp.net"];

/// One phone number of a Meta app.
#[derive(Debug)]
pub struct Meta(pub MetaSettings);

impl Meta {
    fn authorized(&self) -> Vec<(&'static str, String)> {
        vec![("Authorization", encode::authorization(&self.0))]
    }

    fn number_url(&self) -> String {
        let base = self.0.base_url.trim_end_matches('/');
        format!("{base}/{}/{}", self.0.graph_version, self.0.phone_number_id)
    }
}

impl Provider for Meta {
    fn name(&self) -> &'static str {
        "meta"
    }

    fn features(&self) -> Features {
        Features {
            media_in: true,
            media_out: true,
            buttons: true,
            lists: true,
            templates: true,
            location: true,
            reports: Reports::AtProvider,
            proof: Proof::Signature("HMAC-SHA256 over the body"),
            ..Features::NONE
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        signature::verify(&self.0, request)
    }

    fn handshake(&self, request: &WebhookRequest<'_>) -> Option<Reply> {
        signature::handshake(&self.0, request)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode::decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        encode::encode(&self.0, message, context)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        errors::classify(status, headers, body)
    }

    /// For days, less and less often (Meta: "Webhooks", on repeats).
    fn brings_again(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<&Secret> {
        let own = [&self.0.app_secret, &self.0.verify_token, &self.0.access_token];
        own.into_iter().chain(&self.0.second_app_secret).collect()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn phone(&self) -> Option<String> {
        self.0.number.clone()
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.phone_number_id.clone())
    }

    /// One app: its bodies are signed with its secret, whichever number they are about.
    fn account(&self) -> Option<Account> {
        Some(Account::new("meta", &[self.0.app_secret.expose()]))
    }

    fn check(&self, _: Millis) -> Option<HttpRequest> {
        Some(HttpRequest::get(format!("{}?fields=display_phone_number", self.number_url()), self.authorized()))
    }

    fn checked(&self, status: u16, body: &[u8]) -> Checked {
        errors::checked(status, body)
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let base = self.0.base_url.trim_end_matches('/');
        let id = file::id(media)?;
        let url = format!("{base}/{}/{id}?phone_number_id={}", self.0.graph_version, self.0.phone_number_id);
        file::with_credentials(&url, &self.0.base_url, &[], self.authorized()).map(FileSource::Asked)
    }

    fn located(&self, body: &[u8]) -> Result<FileRequest, NoFile> {
        let answer: Value = serde_json::from_slice(body).map_err(|_| NoFile::Unreadable)?;
        let url = answer.get("url").and_then(Value::as_str).ok_or(NoFile::Unreadable)?;
        file::with_credentials(url, &self.0.base_url, &HOSTS, self.authorized())
    }
}
