//! How messages are written for the SMS API: a form.

use super::line;
use crate::config::providers::vonage::VonageSmsSettings;
use crate::domain::address::Address;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{Outbound, OutboundContent};
use crate::domain::sms;
use crate::domain::value::Value;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use url::form_urlencoded::Serializer;

/// Fields that are ours alone.
const OURS: &[&str] =
    &["api_key", "api_secret", "from", "to", "text", "type", "client-ref", "callback", "status-report-req", "sig"];

/// The request that sends the message.
pub fn encode(settings: &VonageSmsSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let OutboundContent::Text { text } = &message.content else {
        return Err(EncodeError::Unsupported { provider: "Vonage's SMS API", what: "anything but texts", kind: context.kind });
    };
    let got = text.chars().count();
    match got {
        0 => return Err(EncodeError::Empty("the text")),
        1..=SMS_CHARS => {}
        _ => return Err(EncodeError::TooLong { what: "characters of text", got, max: SMS_CHARS }),
    }
    let to = match &message.to {
        Address::Phone(phone) => phone.digits(),
        Address::Verbatim(short) => short,
        Address::Bsuid(_) | Address::Email(_) | Address::External(_) => return Err(EncodeError::Address),
    };
    let mut form = Serializer::new(String::with_capacity(256));
    form.append_pair("api_key", settings.login.api_key.expose());
    form.append_pair("api_secret", settings.login.api_secret.expose());
    form.append_pair("from", line(&settings.number)).append_pair("to", to).append_pair("text", text);
    if sms::Segments::of(text).encoding != sms::Encoding::Gsm7 {
        form.append_pair("type", "unicode");
    }
    if let Some(send) = context.send {
        // Comes back in the receipts of this message.
        form.append_pair("client-ref", &send.to_string());
    }
    if let Some(url) = context.status_callback {
        form.append_pair("status-report-req", "1").append_pair("callback", url);
    }
    if let Some(Value::Map(fields)) = &message.provider {
        for (name, value) in fields.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
            match value.to_json() {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => {
                    form.append_pair(name, &text);
                }
                other => {
                    form.append_pair(name, &other.to_string());
                }
            }
        }
    }
    let url = format!("{}/sms/json", settings.base_url.trim_end_matches('/'));
    Ok(HttpRequest::form(url, Vec::new(), form.finish()))
}
