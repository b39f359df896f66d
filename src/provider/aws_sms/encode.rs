//! How texts are written for `SendTextMessage`, and how every request is signed.

use super::sign::{Key, sign};
use crate::config::providers::aws_sms::AwsSettings;
use crate::domain::message::Outbound;
use crate::domain::time::Millis;
use crate::provider::plain;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use serde_json::{Value, json};
use url::Url;

/// Where the name of the send stands in a message's context, which comes back in its events.
pub const SEND: &str = "ref";

/// What the service is called in signatures.
const SERVICE: &str = "sms-voice";
/// The type of its bodies.
const TYPE: &str = "application/x-amz-json-1.0";

/// The request that sends the message.
pub fn encode(settings: &AwsSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let mut body = json!({
        "DestinationPhoneNumber": plain::receiver(&message.to)?,
        "OriginationIdentity": settings.number,
        "MessageBody": plain::text("AWS", &message.content, context.kind)?,
        "MessageType": settings.message_type,
    });
    if let Some(set) = &settings.configuration_set {
        body["ConfigurationSetName"] = set.as_str().into();
    }
    if let Some(send) = context.send {
        body["Context"] = json!({ SEND: send.to_string() });
    }
    if let (Some(Value::Object(fields)), Some(body)) = (message.provider.as_ref().map(|p| p.to_json()), body.as_object_mut()) {
        for (name, value) in fields {
            // What is written already stays.
            body.entry(name).or_insert(value);
        }
    }
    Ok(request(settings, "SendTextMessage", body.to_string(), context.now))
}

/// A signed request for an action of the service.
pub fn request(settings: &AwsSettings, action: &str, body: String, now: Millis) -> HttpRequest {
    let url = format!("{}/", settings.base_url);
    let target = format!("PinpointSMSVoiceV2.{action}");
    let host = host(&url);
    let key = Key {
        id: &settings.access_key_id,
        secret: settings.secret_access_key.expose(),
        region: &settings.region,
        service: SERVICE,
    };
    // In the order of their names, in lower case.
    let signed = [("content-type", TYPE), ("host", host.as_str()), ("x-amz-target", target.as_str())];
    let signature = sign(&key, now, &signed, body.as_bytes());
    let headers = vec![
        ("Content-Type", TYPE.to_owned()),
        ("X-Amz-Target", target),
        ("X-Amz-Date", signature.date),
        ("Authorization", signature.authorization),
    ];
    HttpRequest::post(url, headers, body)
}

/// What stands in `Host`: the port only where it is not the usual one.
fn host(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return String::new() };
    let host = url.host_str().unwrap_or("");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
