//! What a step expects against what came.

use super::mismatch::Mismatch;
use super::outgoing::Outgoing;
use super::script::{BotExpectation, TextExpectation};
use crate::domain::message::OutboundContent;
use crate::domain::value::Value;

/// `Ok`, or what besides its text differs, in one sentence.
pub(super) fn besides_text(expected: &BotExpectation, came: &Outgoing) -> Result<(), Mismatch> {
    if let Some(name) = &expected.notify
        && came.notification.as_ref() != Some(name)
    {
        let found = came.notification.as_ref().map_or("no notification".to_owned(), |n| format!("`{n}`"));
        return Err(format!("expected the notification `{name}`, it is {found}: {}", quote(came.text())).into());
    }
    if let Some(ids) = &expected.buttons {
        let found: Vec<String> = came.options().iter().map(|(id, _)| choice_id(id).to_owned()).collect();
        if found != *ids {
            return Err(format!("expected the buttons [{}], it has [{}]", ids.join(", "), found.join(", ")).into());
        }
    }
    if let Some(name) = &expected.approved {
        let found = match &came.content {
            OutboundContent::Template { name, .. } => Some(name),
            _ => None,
        };
        if found != Some(name) {
            let found = found.map_or_else(|| quote(came.text()), |found| format!("`{found}`"));
            return Err(format!("expected the approved template `{name}`, it is {found}").into());
        }
    }
    if let Some(url) = &expected.media {
        let found = match &came.content {
            OutboundContent::Media { media, .. } => media.url.as_deref(),
            _ => None,
        };
        if found != Some(url) {
            return Err(format!("expected the file {url}, it has {}", found.unwrap_or("none")).into());
        }
    }
    if let Some(channel) = &expected.channel
        && came.channel != *channel
    {
        return Err(format!("expected it on `{channel}`, it went over `{}`", came.channel).into());
    }
    match (&expected.system, &came.system) {
        (Some(wanted), found) if found.as_ref() != Some(wanted) => {
            Err(format!("expected the service's own message `{wanted}`, it is {}", quote(came.text())).into())
        }
        _ => Ok(()),
    }
}

/// Whether a message went to whom it was expected to go; without a word on it, to the contact. `any` is any message.
pub(super) fn receiver(expected: &BotExpectation, came: &Outgoing, own: bool) -> Result<(), Mismatch> {
    let found = came.to.reveal();
    match &expected.to {
        Some(to) if to != found => Err(format!("expected it to go to {to}, it went to {found}: {}", quote(came.text())).into()),
        None if !own && !expected.is_any() => {
            Err(format!("it went to {found} and not to the contact; add `to: \"{found}\"`: {}", quote(came.text())).into())
        }
        _ => Ok(()),
    }
}

/// `Ok`, or what differs.
pub(super) fn text(expected: &TextExpectation, came: &str) -> Result<(), Mismatch> {
    if let Some(exact) = &expected.exact
        && exact != came
    {
        let message = format!("expected {}\n     came {}", quote(exact), quote(came));
        return Err(Mismatch::of(message, exact, came, expected.at));
    }
    match expected.has.iter().find(|part| !came.contains(part.as_str())) {
        Some(part) => {
            let message = format!("expected {} in it\n     came {}", quote(part), quote(came));
            Err(Mismatch::of(message, part, came, None))
        }
        None => Ok(()),
    }
}

/// Whether a value is what was written: numbers by value, texts and choices by text, everything else as it is in JSON.
pub(super) fn value(expected: &Value, came: &Value) -> bool {
    match (expected, came) {
        (Value::Text(a), b) => b.as_text().map_or_else(|| b.to_json().as_str() == Some(a), |b| a == b),
        (a, b) => a.to_json() == b.to_json(),
    }
}

/// A text as it would be written in a test file.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// The choice in what comes back when a button is tapped.
pub(super) fn choice_id(payload: &str) -> &str {
    crate::engine::question::choice_of_payload(payload)
}
