//! How texts are written for Jasmin's `/send`.

use crate::config::providers::jasmin::{Alphabet, JasminSettings};
use crate::domain::gsm;
use crate::domain::message::Outbound;
use crate::provider::callback;
use crate::provider::plain;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::written::Written;

/// The request that sends the message. The password is in its URL, as Jasmin wants it: a URL is never logged.
pub fn encode(settings: &JasminSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let text = plain::text("Jasmin", &message.content, context.kind)?;
    let mut form = login(settings);
    form.add("from", plain::digits(&settings.number));
    form.add("to", plain::digits(plain::receiver(&message.to)?));
    let octets = match settings.alphabet {
        Alphabet::Gsm => gsm::encode(text),
        Alphabet::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
    };
    match octets {
        Some(octets) => {
            form.add("coding", "0");
            // What is the same in every alphabet needs no hexadecimal.
            match octets == text.as_bytes() {
                true => form.add("content", text),
                false => form.add("hex-content", &hex::encode(octets)),
            }
        }
        None => {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            form.add("coding", "8");
            form.add("hex-content", &hex::encode(utf16));
        }
    }
    if let Some(url) = callback::url(context) {
        form.add("dlr", "yes");
        // Of the terminal: whether it arrived. That the carrier took it is not worth a request of its own.
        form.add("dlr-level", "2");
        form.add("dlr-method", "POST");
        form.add("dlr-url", &url);
    }
    form.hand_on(message.provider.as_ref());
    Ok(HttpRequest::get(format!("{}/send?{}", settings.base_url, form.finish()), Vec::new()))
}

/// Asks for the balance: costs nothing and is answered only to who knows the password.
pub fn balance(settings: &JasminSettings) -> HttpRequest {
    HttpRequest::get(format!("{}/balance?{}", settings.base_url, login(settings).finish()), Vec::new())
}

fn login(settings: &JasminSettings) -> Written {
    let mut form = Written::default();
    form.add("username", &settings.username);
    form.add("password", settings.password.expose());
    form
}
