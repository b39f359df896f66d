//! `contact.consent` of an event: what the contact agreed to elsewhere.

use super::super::error::Failure;
use super::invalid;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::Consent;
use crate::domain::time::Millis;
use serde_json::Value as Json;

/// Bytes of `how`.
const HOW: usize = 256;

/// `{"marketing": true, "at": "2026-03-02T10:00:00Z", "how": "checkout"}`. `marketing` is one answer for all kinds of channel, the list
/// of those on which they agreed, or an answer for each.
pub(super) fn read(json: Json) -> Result<Consent, Failure> {
    const FORM: &str = "is not true, false, a list of sms, whatsapp, email, or an object of these with true or false";
    let wrong = || invalid("contact.consent.marketing", FORM);
    let Json::Object(mut map) = json else { return Err(invalid("contact.consent", "is not an object")) };
    let mut consent = Consent::default();
    let kind = |name: &str| ChannelKind::parse(name).ok_or_else(wrong);
    match map.remove("marketing") {
        Some(Json::Bool(yes)) => ChannelKind::ALL.into_iter().for_each(|kind| consent.say(kind, yes)),
        Some(Json::Array(agreed)) => {
            ChannelKind::ALL.into_iter().for_each(|kind| consent.say(kind, false));
            for name in agreed {
                consent.say(kind(name.as_str().ok_or_else(wrong)?)?, true);
            }
        }
        Some(Json::Object(each)) => {
            for (name, yes) in each {
                consent.say(kind(&name)?, yes.as_bool().ok_or_else(wrong)?);
            }
        }
        _ => return Err(wrong()),
    }
    consent.at = match map.remove("at") {
        None | Some(Json::Null) => None,
        Some(Json::String(at)) => match at.parse::<jiff::Timestamp>() {
            Ok(at) => Some(Millis(at.as_millisecond())),
            Err(_) => return Err(invalid("contact.consent.at", "is not a moment such as 2026-03-02T10:00:00Z")),
        },
        Some(_) => return Err(invalid("contact.consent.at", "is not a moment such as 2026-03-02T10:00:00Z")),
    };
    consent.how = match map.remove("how") {
        None | Some(Json::Null) => None,
        Some(Json::String(how)) if how.len() <= HOW => Some(how),
        Some(_) => return Err(invalid("contact.consent.how", "is not text of at most 256 bytes")),
    };
    match map.is_empty() {
        true => Ok(consent),
        false => Err(invalid("contact.consent", "has fields other than marketing, at, how")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> Result<(u8, u8), String> {
        let json = serde_json::from_str(text).expect("JSON");
        read(json).map(|consent| (consent.yes, consent.no)).map_err(|failure| failure.field().unwrap_or("").to_owned())
    }

    #[test]
    fn one_answer_a_list_or_one_for_each() {
        assert_eq!(bits(r#"{"marketing": true}"#), Ok((7, 0)));
        assert_eq!(bits(r#"{"marketing": false}"#), Ok((0, 7)));
        assert_eq!(bits(r#"{"marketing": ["email"]}"#), Ok((4, 3)));
        assert_eq!(bits(r#"{"marketing": {"sms": true, "email": false}}"#), Ok((1, 4)));
        let full = r#"{"marketing": true, "at": "2026-03-02T10:00:00Z", "how": "checkout"}"#;
        let consent = read(serde_json::from_str(full).expect("JSON")).expect("a consent");
        assert_eq!((consent.at, consent.how.as_deref()), (Some(Millis(1_772_445_600_000)), Some("checkout")));
    }

    #[test]
    fn what_is_none_names_its_field() {
        for (text, field) in [
            ("{}", "contact.consent.marketing"),
            ("true", "contact.consent"),
            (r#"{"marketing": "yes"}"#, "contact.consent.marketing"),
            (r#"{"marketing": ["fax"]}"#, "contact.consent.marketing"),
            (r#"{"marketing": {"sms": 1}}"#, "contact.consent.marketing"),
            (r#"{"marketing": true, "at": "yesterday"}"#, "contact.consent.at"),
            (r#"{"marketing": true, "how": 7}"#, "contact.consent.how"),
            (r#"{"marketing": true, "service": true}"#, "contact.consent"),
        ] {
            assert_eq!(bits(text), Err(field.to_owned()), "{text}");
        }
    }
}
