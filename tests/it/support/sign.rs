//! Webhooks as the providers sign them.

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};

/// A Twilio webhook body and its `X-Twilio-Signature` for this URL.
pub fn twilio(token: &str, url: &str, fields: &[(&str, &str)]) -> (String, String) {
    let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut sorted = fields.to_vec();
    sorted.sort();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).expect("any key");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    (body, base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
}

/// The `X-Hub-Signature-256` of a Meta webhook body.
pub fn meta(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The fields of a Twilio SMS webhook.
pub fn twilio_sms<'a>(id: &'a str, from: &'a str, to: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("MessageSid", id),
        ("SmsSid", id),
        ("SmsMessageSid", id),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", from),
        ("To", to),
        ("Body", text),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("ApiVersion", "2010-04-01"),
        ("FromCity", ""),
        ("FromCountry", "GB"),
    ]
}

/// A Meta webhook body with one text message.
pub fn meta_text(id: &str, from: &str, phone_number_id: &str, text: &str) -> String {
    serde_json::json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "447700900001", "phone_number_id": phone_number_id },
            "contacts": [{ "profile": { "name": "Ada" }, "wa_id": from }],
            "messages": [{ "from": from, "id": id, "timestamp": "1795229990", "type": "text", "text": { "body": text } }]
        }}]}]
    })
    .to_string()
}
