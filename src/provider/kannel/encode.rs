//! How texts are written for Kannel's `sendsms`, and what its answers mean.

use crate::config::providers::kannel::KannelSettings;
use crate::domain::message::FailureReason::{self, *};
use crate::domain::message::Outbound;
use crate::domain::sms::{Encoding, Segments};
use crate::provider::callback;
use crate::provider::plain;
use crate::provider::send::{Accepted, EncodeError, HttpRequest, SendContext, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, permanent, retry};
use crate::provider::webhook::{Headers, ProviderError};
use crate::provider::written::Written;

/// Which reports are wanted: delivered (1), not delivered (2), accepted by the carrier (8), refused by it (16).
const REPORTS: &str = "27";

/// The request that sends the message. The password is in its URL, as Kannel wants it: a URL is never logged.
pub fn encode(settings: &KannelSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let text = plain::text("Kannel", &message.content, context.kind)?;
    let mut form = Written::default();
    form.add("username", &settings.username);
    form.add("password", settings.password.expose());
    form.add("from", &settings.number);
    form.add("to", plain::receiver(&message.to)?);
    match Segments::of(text).encoding {
        Encoding::Gsm7 => form.add("text", text),
        Encoding::Ucs2 => {
            form.add("coding", "2");
            // The charset that Kannel takes for granted with this coding.
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            form.bytes("text", &utf16);
        }
    }
    if let Some(smsc) = &settings.smsc {
        form.add("smsc", smsc);
    }
    if let Some(url) = context.status_callback {
        form.add("dlr-mask", REPORTS);
        form.add("dlr-url", &report_url(url, context));
    }
    form.hand_on(message.provider.as_ref());
    Ok(HttpRequest::get(format!("{}{}?{}", settings.base_url, settings.sendsms_path, form.finish()), Vec::new()))
}

/// Where to report to. Kannel fills in what stands behind a `%`: ours are doubled, its `%d` becomes the value of the report.
fn report_url(url: &str, context: &SendContext<'_>) -> String {
    let named = match context.send {
        Some(send) => callback::with(url, "id", send),
        None => url.to_owned(),
    };
    callback::with(&named.replace('%', "%%"), "status", "%d")
}

/// Kannel's own refusals that their status does not tell apart, by their beginnings; the words are fixed in its source.
const REFUSALS: &[(&str, Verdict)] = &[
    ("Not routable", permanent(Unreachable)),
    ("Authorization failed", config(Configuration)),
    ("Temporal failure", retry(FailureReason::Unknown)),
];

/// What the answer means: `0: Accepted for delivery`, `3: Queued for later delivery`, or a refusal in words.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let text = text.trim();
    if (200..300).contains(&status) {
        // Whatever else answers so is no Kannel.
        let taken = text.starts_with("0:") || text.starts_with("3:");
        return if taken { SendOutcome::Accepted(Accepted::default()) } else { SendOutcome::Unknown };
    }
    let error = ProviderError { code: Some(status.to_string()), text: text.to_owned() };
    match REFUSALS.iter().find(|(words, _)| text.starts_with(words)) {
        Some((_, verdict)) => verdict.outcome(error, retry_after(headers)),
        None => by_status(status, error, retry_after(headers)),
    }
}
