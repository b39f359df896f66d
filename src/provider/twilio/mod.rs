//! Twilio: SMS, MMS and WhatsApp. Webhooks are forms, signed over the URL and the form; sends are forms too.

mod decode;
mod encode;
mod errors;
mod signature;

pub use decode::decode;
pub use encode::{authorization, encode};
pub use errors::classify;
pub use signature::verify;

use crate::config::channel::TwilioSettings;
use crate::domain::channel::ChannelKind;

/// What an acknowledged webhook is answered: TwiML that says nothing. Plain text would be sent to the person as an SMS.
pub const EMPTY_TWIML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

const WHATSAPP: &str = "whatsapp:";

/// The query parameter of our status callback that carries the name of the send.
const SEND_PARAM: &str = "send";

/// Our sender as Twilio writes it in `To` of what people send us, or in `MessagingServiceSid`.
pub fn number(settings: &TwilioSettings, kind: ChannelKind) -> String {
    format!("{}{}", prefix(kind), settings.from)
}

/// Whether a webhook for one channel may carry messages of the other.
pub fn same_account(a: &TwilioSettings, b: &TwilioSettings) -> bool {
    a.account_sid == b.account_sid && a.auth_token == b.auth_token
}

fn prefix(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::WhatsApp => WHATSAPP,
        ChannelKind::Sms | ChannelKind::Email => "",
    }
}

#[cfg(test)]
mod tests;
