//! Twilio: SMS, MMS and WhatsApp. Webhooks are forms, signed over the URL and the form; sends are forms too.
//!
//! Verified by recorded vectors: signatures with the token and with a shared key, SMS, MMS and WhatsApp that come in, opt-outs, reports, sends
//! and the codes of their answers that the vectors have. By Twilio's documents only: the other codes of `errors`.
//!
//! | quirk | what is done |
//! |---|---|
//! | the signed URL has the port or not, whatever was called | both forms are tried (`signature`) |
//! | what is answered to a webhook is sent to the person | TwiML that says nothing ([`EMPTY_TWIML`]) |
//! | a webhook that fails is not repeated, unless its URL says so (`#rc=5&rp=all`) | the page says to enter it so; the part behind `#` is not signed |
//! | there is no key for a repeat | an answer that was lost is the channel's policy (`unsure`) |
//! | STOP to a number in the US or Canada is answered by Twilio (`OptOutType`) | it is taken over, and so is error 21610 |
//! | over WhatsApp only pictures are delivered with words | the words of other files follow as a message of their own (`caption`) |

mod decode;
mod encode;
mod errors;
mod signature;

use super::features::{Features, Proof, Reports};
use super::file::{self, FileSource, NoFile};
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome};
use super::webhook::{Decoded, Headers, Malformed, Refused, Reply, Routes, WebhookRequest};
use super::{Account, Provider};
use crate::config::channel::TwilioSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::Millis;
use std::borrow::Cow;

/// What an acknowledged webhook is answered: TwiML that says nothing. Plain text would be sent to the person as an SMS.
pub const EMPTY_TWIML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

const WHATSAPP: &str = "whatsapp:";

/// One sender of a Twilio account.
#[derive(Debug)]
pub struct Twilio(pub TwilioSettings);

impl Provider for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn features(&self) -> Features {
        Features {
            media_in: true,
            media_out: true,
            templates: true,
            location: true,
            reports: Reports::WithEach,
            proof: Proof::Signature("HMAC-SHA1 or HMAC-SHA256 over the URL and the form"),
            ..Features::NONE
        }
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        signature::verify(&self.0, request)
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

    fn secrets(&self) -> Vec<&Secret> {
        let keys = self.0.signing_keys.iter().map(|key| &key.secret);
        let api_key = self.0.api_key.iter().map(|key| &key.secret);
        std::iter::once(&self.0.auth_token).chain(&self.0.second_auth_token).chain(api_key).chain(keys).collect()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn acknowledge(&self) -> Reply {
        Reply { status: 200, content_type: "text/xml", body: Cow::Borrowed(EMPTY_TWIML) }
    }

    /// As Twilio writes it in `To` of what people send us, or in `MessagingServiceSid`.
    fn number(&self, kind: ChannelKind) -> Option<String> {
        Some(format!("{}{}", prefix(kind), self.0.from))
    }

    fn account(&self) -> Option<Account> {
        Some(Account::new("twilio", &[&self.0.account_sid, self.0.auth_token.expose()]))
    }

    /// The list of messages, which any key may read that may send. The account itself is for main keys only (Twilio, "API keys").
    fn check(&self, _: Millis) -> Option<HttpRequest> {
        let base = self.0.base_url.trim_end_matches('/');
        let url = format!("{base}/2010-04-01/Accounts/{}/Messages.json?PageSize=1", self.0.account_sid);
        Some(HttpRequest::get(url, vec![("Authorization", encode::authorization(&self.0))]))
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        let url = media.url.as_deref().ok_or(NoFile::Nowhere)?;
        let headers = vec![("Authorization", encode::authorization(&self.0))];
        file::with_credentials(url, &self.0.base_url, &["twilio.com"], headers).map(FileSource::There)
    }
}

fn prefix(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::WhatsApp => WHATSAPP,
        ChannelKind::Sms | ChannelKind::Email => "",
    }
}

#[cfg(test)]
mod tests;
