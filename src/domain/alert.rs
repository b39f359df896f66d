//! What operators are told: an alert on its way from the turn that raised it to a team.

use super::id::ContactKey;
use super::journal::AlertLevel;
use super::name::{Name, Slug};
use super::time::Millis;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// What an alert is about: what there is to do depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A run: its flow says it, or it failed.
    Run,
    /// A contact without a run: something did not begin.
    Contact,
    /// A person waits for the team.
    Handoff,
    /// An input was set aside, or a timer put off.
    SetAside,
    /// More than one turn may tell.
    More,
    /// Nothing: an operator tries whether alerts arrive.
    Test,
}

/// An alert. Names of one letter: many lie in one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// What it is about.
    #[serde(rename = "b")]
    pub about: About,
    /// How urgent.
    #[serde(rename = "l")]
    pub level: AlertLevel,
    /// The flow.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Slug>,
    /// Where its run was.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Name>,
    /// What is said.
    #[serde(rename = "t")]
    pub say: String,
    /// The contact, as the journal names them.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactKey>,
    /// The last two digits of their phone: enough to recognise somebody, not to call them.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    /// Whether nobody real is behind the contact.
    #[serde(rename = "y", default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// When, by the store's clock.
    #[serde(rename = "a")]
    pub at: Millis,
    /// How often at once.
    #[serde(rename = "n", default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

fn is_once(times: &u32) -> bool {
    *times == 1
}

impl Raised {
    /// Bytes of what is said that are kept; the journal has all of it.
    pub const SAY_BYTES: usize = 500;

    /// What makes two alerts equal: flow, state, level, and what is said without numbers. A hand-off is equal only to one of the
    /// same contact: every person who waits is told of.
    pub fn key(&self) -> u64 {
        let flow = self.flow.as_ref().map_or("", Slug::as_str);
        let state = self.state.as_ref().map_or("", Name::as_str);
        let contact = self.contact.filter(|_| self.about == About::Handoff).map(|contact| contact.to_string());
        let parts = [
            &format!("{:?} {:?}", self.about, self.level),
            flow,
            state,
            contact.as_deref().unwrap_or(""),
            &without_numbers(&self.say),
        ];
        xxh3_64(parts.join("\0").as_bytes())
    }

    /// At most so many bytes of what is said.
    pub fn cut(say: &str) -> String {
        if say.len() <= Self::SAY_BYTES {
            return say.to_owned();
        }
        let end = (0..=Self::SAY_BYTES - 3).rev().find(|i| say.is_char_boundary(*i)).unwrap_or(0);
        format!("{}…", &say[..end])
    }
}

/// A text whose words with a digit are all the same: amounts, order numbers, phones, ids.
fn without_numbers(say: &str) -> String {
    let word = |word: &str| if word.chars().any(char::is_numeric) { "#".to_owned() } else { word.to_lowercase() };
    say.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// Alerts for one team, as they lie in its mailbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alerts {
    /// The team.
    pub team: Slug,
    /// In the order in which they were raised.
    pub raised: Vec<Raised>,
}

/// By which way a team is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// A mail.
    Email,
    /// A text message.
    Sms,
    /// A webhook that takes what Slack's incoming webhooks take.
    Slack,
}

impl Medium {
    /// As settings and the journal name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Medium::Email => "email",
            Medium::Sms => "sms",
            Medium::Slack => "slack",
        }
    }
}

/// What the names of the sets begin with in which alerts wait; no endpoint may.
pub const ALERT_PREFIX: &str = "alert-";

/// The set in which alerts wait for their team.
pub fn raise_set() -> Slug {
    slug("raise")
}

/// The set in which alerts wait for one medium.
pub fn tell_set(medium: Medium) -> Slug {
    slug(medium.as_str())
}

fn slug(word: &str) -> Slug {
    Slug::parse(&format!("{ALERT_PREFIX}{word}")).expect("letters and a dash")
}

/// What the key of a team's record is derived from: like no address.
pub fn team_canonical(team: &Slug) -> String {
    format!("team:{team}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(say: &str) -> Raised {
        Raised {
            about: About::Run,
            level: AlertLevel::Warning,
            flow: Slug::parse("payment").ok(),
            state: Name::parse("support").ok(),
            say: say.to_owned(),
            contact: Some(ContactKey::derive(b"s", "a")),
            ending: None,
            simulated: false,
            at: Millis(0),
            times: 1,
        }
    }

    #[test]
    fn alerts_are_equal_without_numbers_and_contacts() {
        let key = |say: &str| raised(say).key();
        assert_eq!(key("Order A-17 of 49.90 failed"), key("order B-2 of 1 failed"));
        assert_ne!(key("Order A-17 failed"), key("Order A-17 was late"));
        let other = Raised { contact: Some(ContactKey::derive(b"s", "b")), ..raised("x") };
        assert_eq!(other.key(), key("x"), "the same of another contact");
        assert_ne!(Raised { state: Name::parse("other").ok(), ..raised("x") }.key(), key("x"));
        assert_ne!(Raised { level: AlertLevel::Urgent, ..raised("x") }.key(), key("x"));
        let waits =
            |contact: &str| Raised { about: About::Handoff, contact: Some(ContactKey::derive(b"s", contact)), ..raised("x") };
        assert_ne!(waits("a").key(), waits("b").key(), "each person who waits counts");
        assert_eq!(waits("a").key(), waits("a").key());
    }

    #[test]
    fn what_is_said_is_cut_between_characters() {
        assert_eq!(Raised::cut("short"), "short");
        let exact = "é".repeat(Raised::SAY_BYTES / 2);
        assert_eq!(Raised::cut(&exact), exact);
        let cut = Raised::cut(&format!("{exact}é"));
        assert!(cut.len() <= Raised::SAY_BYTES && cut.ends_with("é…"), "{}", cut.len());
    }
}
