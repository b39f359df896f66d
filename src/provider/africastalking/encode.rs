//! How texts are written for Africa's Talking: one form with the name of the application in it.

use crate::config::providers::africastalking::AfricasTalkingSettings;
use crate::domain::message::Outbound;
use crate::provider::plain;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::written::Written;
use url::form_urlencoded;

/// The request that sends the message. `bulkSMSMode` charges us and not the receiver.
pub fn encode(
    settings: &AfricasTalkingSettings,
    message: &Outbound,
    context: &SendContext<'_>,
) -> Result<HttpRequest, EncodeError> {
    let mut form = Written::default();
    form.add("username", &settings.username);
    form.add("to", plain::receiver(&message.to)?);
    form.add("message", plain::text("Africa's Talking", &message.content, context.kind)?);
    form.add("bulkSMSMode", "1");
    if let Some(number) = &settings.number {
        form.add("from", number);
    }
    form.hand_on(message.provider.as_ref());
    Ok(HttpRequest::form(format!("{}/version1/messaging", settings.base_url), vec![key(settings)], form.finish()))
}

/// Asks for the balance: costs nothing and is answered only to who knows the key.
pub fn balance(settings: &AfricasTalkingSettings) -> HttpRequest {
    let username: String = form_urlencoded::byte_serialize(settings.username.as_bytes()).collect();
    let headers = vec![key(settings), ("Accept", "application/json".to_owned())];
    HttpRequest::get(format!("{}/version1/user?username={username}", settings.base_url), headers)
}

fn key(settings: &AfricasTalkingSettings) -> (&'static str, String) {
    ("apikey", settings.api_key.expose().to_owned())
}
