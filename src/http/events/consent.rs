//! `consent` of a contact, in an event and in the API of contacts: what they agreed to elsewhere.

use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{Consent, TopicConsent};
use crate::domain::limits::CONSENT_WORDS_BYTES;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::http::error::Failure;
use crate::http::person::{excerpt, unfit};
use serde_json::{Map, Value as Json};

const FORM: &str = "is not true, false, a list of sms, whatsapp, email, or an object of these with true or false";

/// `{"marketing": true, "topics": {"news": ["email"]}, "at": "2026-03-02T10:00:00Z", "how": "checkout", "proof": "form 3"}`. What is said of
/// marketing and of each topic is one answer for all kinds of channel, the list of those on which they agreed, or an answer for each. `at`
/// is where it stands, for what is wrong with it.
pub fn read(json: Json, place: &str, project: &Project) -> Result<Consent, Failure> {
    let wrong = |field: &str, reason: &str| unfit(format!("{place}.{field}"), reason);
    let Json::Object(mut map) = json else { return Err(unfit(place.to_owned(), "is not an object")) };
    let (marketing, topics) = (map.remove("marketing"), map.remove("topics"));
    let mut consent = Consent::default();
    match (marketing, &topics) {
        (Some(said), _) => agreed(said, &mut |kind, yes| consent.say(kind, yes)).ok_or_else(|| wrong("marketing", FORM))?,
        (None, Some(_)) => {}
        (None, None) => return Err(wrong("marketing", FORM)),
    }
    match topics {
        None | Some(Json::Null) => {}
        Some(Json::Object(topics)) => {
            for (name, said) in topics {
                let at = || format!("{place}.topics.{}", excerpt(&name));
                let known = Slug::parse(&name).ok().filter(|topic| project.topics.contains_key(topic));
                let mut topic = TopicConsent::of(known.ok_or_else(|| unfit(at(), "is not a topic of this project"))?);
                agreed(said, &mut |kind, yes| topic.say(kind, yes)).ok_or_else(|| unfit(at(), FORM))?;
                consent.topics.push(topic);
            }
        }
        Some(_) => return Err(wrong("topics", "is not an object")),
    }
    consent.at = match map.remove("at") {
        None | Some(Json::Null) => None,
        Some(at) => Some(moment(&at).ok_or_else(|| wrong("at", "is not a moment such as 2026-03-02T10:00:00Z"))?),
    };
    let mut words = |field: &str| words(&mut map, field).map_err(|reason| wrong(field, reason));
    (consent.how, consent.proof) = (words("how")?, words("proof")?);
    match map.is_empty() {
        true => Ok(consent),
        false => Err(unfit(place.to_owned(), "has fields other than marketing, topics, at, how, proof")),
    }
}

/// One answer for all kinds of channel, the list of those on which they agreed, or an answer for each. Nothing if it is none of these.
fn agreed(said: Json, say: &mut dyn FnMut(ChannelKind, bool)) -> Option<()> {
    match said {
        Json::Bool(yes) => ChannelKind::ALL.into_iter().for_each(|kind| say(kind, yes)),
        Json::Array(agreed) => {
            ChannelKind::ALL.into_iter().for_each(|kind| say(kind, false));
            for name in agreed {
                say(ChannelKind::parse(name.as_str()?)?, true);
            }
        }
        Json::Object(each) => {
            for (name, yes) in each {
                say(ChannelKind::parse(&name)?, yes.as_bool()?);
            }
        }
        _ => return None,
    }
    Some(())
}

fn moment(at: &Json) -> Option<Millis> {
    at.as_str()?.parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()))
}

fn words(map: &mut Map<String, Json>, field: &str) -> Result<Option<String>, &'static str> {
    match map.remove(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.len() <= CONSENT_WORDS_BYTES => Ok(Some(text)),
        Some(_) => Err("is not text of at most 256 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Secrets, Settings};

    fn said(text: &str) -> Result<Consent, String> {
        let settings = Settings::load(None, &Environment::default(), Secrets::Tolerated).expect("the defaults");
        let mut project = settings.project;
        project.topics.insert(Slug::parse("news").expect("a slug"), "News".to_owned());
        let json = serde_json::from_str(text).expect("JSON");
        read(json, "contact.consent", &project).map_err(|failure| failure.field().unwrap_or("").to_owned())
    }

    fn bits(text: &str) -> Result<(u8, u8), String> {
        said(text).map(|consent| (consent.yes, consent.no))
    }

    #[test]
    fn one_answer_a_list_or_one_for_each() {
        assert_eq!(bits(r#"{"marketing": true}"#), Ok((7, 0)));
        assert_eq!(bits(r#"{"marketing": false}"#), Ok((0, 7)));
        assert_eq!(bits(r#"{"marketing": ["email"]}"#), Ok((4, 3)));
        assert_eq!(bits(r#"{"marketing": {"sms": true, "email": false}}"#), Ok((1, 4)));
        let full = r#"{"marketing": true, "at": "2026-03-02T10:00:00Z", "how": "checkout", "proof": "form 3"}"#;
        let consent = said(full).expect("a consent");
        assert_eq!((consent.at, consent.how.as_deref()), (Some(Millis(1_772_445_600_000)), Some("checkout")));
        assert_eq!(consent.proof.as_deref(), Some("form 3"));
        let topic = said(r#"{"topics": {"news": ["email"]}}"#).expect("a consent");
        assert_eq!((topic.yes, topic.no, topic.topics[0].yes, topic.topics[0].no), (0, 0, 4, 3));
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
            (r#"{"topics": true}"#, "contact.consent.topics"),
            (r#"{"topics": {"offers": true}}"#, "contact.consent.topics.offers"),
            (r#"{"topics": {"news": "yes"}}"#, "contact.consent.topics.news"),
        ] {
            assert_eq!(bits(text), Err(field.to_owned()), "{text}");
        }
    }
}
