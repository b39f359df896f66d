//! The suppression list: addresses that nothing is written to, whatever the contact's consent says and whether or not there is a contact.
//! An address is kept as its keyed hash only (`ContactKey`), so that an entry says nothing of whose it is, and stays when its contact is deleted.

use super::channel::ChannelKind;
use super::limits;
use super::name::ChannelName;
use super::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an address is on the list. Closed; the same words in the store, the API and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionReason {
    /// A person put it there.
    Manual,
    /// It came with a file, from another system.
    Imported,
    /// The person asked for it.
    Requested,
    /// A law, an authority or a lawyer asks for it.
    Legal,
    /// The person was deleted and is not to be written to again.
    Erased,
    /// A mail server said for good that there is no such mailbox.
    HardBounce,
    /// The person reported a mail as spam.
    Complaint,
    /// A provider said that there is no such number, or that it takes no messages of this kind.
    InvalidNumber,
}

impl SuppressionReason {
    /// All of them.
    pub const ALL: [SuppressionReason; 8] = [
        SuppressionReason::Manual,
        SuppressionReason::Imported,
        SuppressionReason::Requested,
        SuppressionReason::Legal,
        SuppressionReason::Erased,
        SuppressionReason::HardBounce,
        SuppressionReason::Complaint,
        SuppressionReason::InvalidNumber,
    ];

    /// Its name in answers and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            SuppressionReason::Manual => "manual",
            SuppressionReason::Imported => "imported",
            SuppressionReason::Requested => "requested",
            SuppressionReason::Legal => "legal",
            SuppressionReason::Erased => "erased",
            SuppressionReason::HardBounce => "hard_bounce",
            SuppressionReason::Complaint => "complaint",
            SuppressionReason::InvalidNumber => "invalid_number",
        }
    }

    /// What has this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// In plain words, behind "the address is on the suppression list: ".
    pub const fn words(self) -> &'static str {
        match self {
            SuppressionReason::Manual => "a person put it there",
            SuppressionReason::Imported => "it was imported",
            SuppressionReason::Requested => "the person asked for it",
            SuppressionReason::Legal => "for legal reasons",
            SuppressionReason::Erased => "the person was deleted and is not to be written to again",
            SuppressionReason::HardBounce => "there is no such mailbox",
            SuppressionReason::Complaint => "the person reported a mail as spam",
            SuppressionReason::InvalidNumber => "the number is not valid",
        }
    }

    /// Whether it only says that nothing arrives there: whoever writes from the address proves that wrong.
    pub const fn is_disproved_by_a_message(self) -> bool {
        matches!(self, SuppressionReason::HardBounce | SuppressionReason::InvalidNumber)
    }
}

impl fmt::Display for SuppressionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Over which channels nothing is sent to an address. Written `all`, `sms`, `whatsapp`, `email` or `channel:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Over {
    /// Over all of them.
    All,
    /// Over those of a kind.
    Kind(ChannelKind),
    /// Over this one.
    Channel(ChannelName),
}

impl Over {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("channel", name)) => ChannelName::parse(name).ok().map(Over::Channel),
            Some(_) => None,
            None if text == "all" => Some(Over::All),
            None => ChannelKind::parse(text).map(Over::Kind),
        }
    }

    /// Whether it is about this channel.
    pub fn concerns(&self, kind: ChannelKind, channel: &ChannelName) -> bool {
        match self {
            Over::All => true,
            Over::Kind(own) => *own == kind,
            Over::Channel(own) => own == channel,
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Over::All => f.write_str("all"),
            Over::Kind(kind) => f.write_str(kind.as_str()),
            Over::Channel(name) => write!(f, "channel:{name}"),
        }
    }
}

impl TryFrom<String> for Over {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Over::parse(&text).ok_or("not `all`, a kind of channel or `channel:NAME`")
    }
}

impl From<Over> for String {
    fn from(over: Over) -> String {
        over.to_string()
    }
}

/// What is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// Nothing at all is sent.
    Everything,
    /// Marketing is not sent; what the person needs to know is.
    Marketing,
}

impl Withheld {
    /// Its name in answers and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Withheld::Everything => "everything",
            Withheld::Marketing => "marketing",
        }
    }

    /// What has this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Withheld::Everything, Withheld::Marketing].into_iter().find(|what| what.as_str() == name)
    }
}

/// One entry of an address. `over` and `what` name it among the entries of its address. Kept in the store: names are short, fields are only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Over which channels.
    #[serde(rename = "o")]
    pub over: Over,
    /// What is not sent.
    #[serde(rename = "w")]
    pub what: Withheld,
    /// Why.
    #[serde(rename = "r")]
    pub reason: SuppressionReason,
    /// Who put it there: a key of the API, whom its request names, or `channel:NAME` of what a provider said.
    #[serde(rename = "b")]
    pub by: String,
    /// When.
    #[serde(rename = "a")]
    pub at: Millis,
    /// A word for people. It goes when the contact is deleted.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it ends by itself.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

impl Suppression {
    /// Whether it is no longer so.
    pub fn has_ended(&self, now: Millis) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it forbids a message.
    pub fn forbids(&self, (kind, channel): (ChannelKind, &ChannelName), marketing: bool, now: Millis) -> bool {
        let what = marketing || self.what == Withheld::Everything;
        what && !self.has_ended(now) && self.over.concerns(kind, channel)
    }

    fn is_of(&self, over: &Over, what: Withheld) -> bool {
        self.over == *over && self.what == what
    }

    /// Whether a message from the address does not end it.
    fn is_firm(&self) -> bool {
        !self.reason.is_disproved_by_a_message()
    }

    /// Whether all that the other one forbids is forbidden by this one for at least as long, whatever comes from the address.
    fn covers(&self, other: &Suppression) -> bool {
        let over = self.over == Over::All || self.over == other.over;
        let what = self.what == Withheld::Everything || self.what == other.what;
        let long = self.until.is_none_or(|until| other.until.is_some_and(|other| other <= until));
        over && what && long && (self.is_firm() || !other.is_firm())
    }

    /// Why, in one line.
    pub fn words(&self) -> String {
        let over = match &self.over {
            Over::All => String::new(),
            over => format!(" for `{over}`"),
        };
        let what = if self.what == Withheld::Marketing { ", marketing only" } else { "" };
        format!("the address is on the suppression list{over}{what}: {}", self.reason.words())
    }
}

/// What became of an entry that was to be put on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Added,
    /// It took the place of one that said something else.
    Changed,
    /// The list said so already.
    Same,
    /// The address has as many entries as one may have.
    TooMany,
}

/// All entries of an address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Suppressions(Vec<Suppression>);

impl Suppressions {
    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = &Suppression> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of this name.
    pub fn get(&self, over: &Over, what: Withheld) -> Option<&Suppression> {
        self.0.iter().find(|entry| entry.is_of(over, what))
    }

    /// What forbids a message; of several what says most.
    pub fn against(&self, way: (ChannelKind, &ChannelName), marketing: bool, now: Millis) -> Option<&Suppression> {
        let found = self.0.iter().filter(|entry| entry.forbids(way, marketing, now));
        found.min_by_key(|entry| (entry.what, entry.reason))
    }

    /// Puts an entry there that a person asks for: it takes the place of one of the same name.
    pub fn put(&mut self, entry: Suppression) -> Put {
        self.0.retain(|known| !known.has_ended(entry.at));
        match self.0.iter().position(|known| known.is_of(&entry.over, entry.what)) {
            Some(place) => {
                let known = &self.0[place];
                if (known.reason, &known.note, known.until) == (entry.reason, &entry.note, entry.until) {
                    return Put::Same;
                }
                self.0[place] = entry;
                Put::Changed
            }
            None if self.0.len() >= limits::SUPPRESSIONS_OF_AN_ADDRESS => Put::TooMany,
            None => {
                self.0.push(entry);
                Put::Added
            }
        }
    }

    /// Puts an entry there that a provider's report asks for: it changes nothing of what is forbidden already, and never takes the place of one
    /// of its name that a message from the address does not end, also where that one ends sooner.
    pub fn put_if_new(&mut self, entry: Suppression) -> Put {
        let stays = |one: &Suppression| one.is_of(&entry.over, entry.what) && one.is_firm() && !entry.is_firm();
        let says_so = |one: &Suppression| !one.has_ended(entry.at) && (one.covers(&entry) || stays(one));
        if self.0.iter().any(says_so) { Put::Same } else { self.put(entry) }
    }

    /// Takes an entry off. False if there is none.
    pub fn take(&mut self, over: &Over, what: Withheld) -> bool {
        let before = self.0.len();
        self.0.retain(|entry| !entry.is_of(over, what));
        self.0.len() < before
    }

    /// Keeps those entries only. False if that is all of them.
    pub fn keep(&mut self, keep: impl Fn(&Suppression) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|entry| keep(entry));
        self.0.len() < before
    }

    /// Takes out what people wrote beside entries. False if they wrote nothing.
    pub fn forget_notes(&mut self) -> bool {
        let found = self.0.iter().any(|entry| entry.note.is_some());
        self.0.iter_mut().for_each(|entry| entry.note = None);
        found
    }
}

/// What the list says of one contact's addresses, as far as it was known before a turn. For nearly everybody nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Barred(Vec<(u8, Suppressions)>);

/// Nothing is said of the contact: for whoever makes turns without a service.
pub static NOT_BARRED: Barred = Barred::NOTHING;

impl Barred {
    /// Of nobody.
    pub const NOTHING: Barred = Barred(Vec::new());

    /// Entries of an address over which these kinds of channel (`ChannelKind::stop_bit`) reach the contact.
    pub fn add(&mut self, kinds: u8, entries: Suppressions) {
        self.0.push((kinds, entries));
    }

    /// What forbids a message to the contact.
    pub fn against(&self, way: (ChannelKind, &ChannelName), marketing: bool, now: Millis) -> Option<&Suppression> {
        let own = self.0.iter().filter(|(kinds, _)| kinds & way.0.stop_bit() != 0);
        own.filter_map(|(_, entries)| entries.against(way, marketing, now)).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(over: &str, what: Withheld, reason: SuppressionReason, until: Option<i64>) -> Suppression {
        let over = Over::parse(over).expect("a place");
        Suppression { over, what, reason, by: "ann".to_owned(), at: Millis(10), note: None, until: until.map(Millis) }
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::parse(name).expect("a name")
    }

    #[test]
    fn words_are_read_as_written_and_nothing_else_is_one() {
        for reason in SuppressionReason::ALL {
            assert_eq!(SuppressionReason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.as_str());
        }
        for text in ["all", "sms", "whatsapp", "email", "channel:main-sms"] {
            let over = Over::parse(text).expect(text);
            assert_eq!(over.to_string(), text);
            assert_eq!(serde_json::from_value::<Over>(text.into()).expect("reads"), over);
        }
        for bad in ["", "ALL", "channel:", "channel:No Name", "kind:sms", "fax"] {
            assert_eq!(Over::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_entry_forbids_what_it_names_until_it_ends() {
        let (sms, other) = (channel("main-sms"), channel("other-sms"));
        let over = |over: &str, what, way: (ChannelKind, &ChannelName), marketing| {
            entry(over, what, SuppressionReason::Manual, Some(20)).forbids(way, marketing, Millis(19))
        };
        use Withheld::{Everything, Marketing};
        assert!(over("all", Everything, (ChannelKind::Email, &other), false));
        assert!(over("sms", Everything, (ChannelKind::Sms, &other), false));
        assert!(!over("sms", Everything, (ChannelKind::Email, &other), false));
        assert!(over("channel:main-sms", Everything, (ChannelKind::Sms, &sms), false));
        assert!(!over("channel:main-sms", Everything, (ChannelKind::Sms, &other), true));
        assert!(over("all", Marketing, (ChannelKind::Sms, &sms), true));
        assert!(!over("all", Marketing, (ChannelKind::Sms, &sms), false));
        let ended = entry("all", Everything, SuppressionReason::Manual, Some(20));
        assert!(!ended.forbids((ChannelKind::Sms, &sms), true, Millis(20)), "at its end it has ended");
    }

    #[test]
    fn what_a_person_wrote_stays_when_a_provider_says_the_same() {
        use Withheld::{Everything, Marketing};
        let mut list = Suppressions::default();
        let by_hand = entry("all", Everything, SuppressionReason::Legal, None);
        assert_eq!(list.put(by_hand.clone()), Put::Added);
        assert_eq!(list.put(by_hand.clone()), Put::Same);
        assert_eq!(list.put_if_new(entry("email", Everything, SuppressionReason::HardBounce, None)), Put::Same);
        assert_eq!(list.iter().collect::<Vec<_>>(), [&by_hand]);
        let mut list = Suppressions::default();
        let until = |until| entry("email", Everything, SuppressionReason::InvalidNumber, until);
        assert_eq!(list.put(entry("all", Marketing, SuppressionReason::Manual, None)), Put::Added);
        assert_eq!(list.put_if_new(until(Some(100))), Put::Added, "marketing alone was forbidden");
        assert_eq!(list.put_if_new(until(Some(100))), Put::Same);
        assert_eq!(list.put_if_new(until(Some(200))), Put::Changed, "for longer");
        assert_eq!(list.put_if_new(until(None)), Put::Changed);
        assert_eq!(list.iter().count(), 2);
        let way = (ChannelKind::Email, &channel("mail"));
        assert_eq!(list.against(way, true, Millis(11)).map(|entry| entry.what), Some(Everything), "what says most");
        assert!(
            list.take(&Over::Kind(ChannelKind::Email), Everything) && !list.take(&Over::Kind(ChannelKind::Email), Everything)
        );
        assert_eq!(list.against(way, false, Millis(11)), None);
    }

    #[test]
    fn what_a_message_ends_takes_the_place_of_nothing_that_it_does_not_end() {
        use SuppressionReason::{Complaint, HardBounce, InvalidNumber, Legal};
        let everything = |over, reason, until| entry(over, Withheld::Everything, reason, until);
        let mut list = Suppressions::default();
        let legal = Suppression { note: Some("letter".to_owned()), ..everything("sms", Legal, Some(100)) };
        list.put(legal.clone());
        assert_eq!(list.put_if_new(everything("sms", InvalidNumber, Some(200))), Put::Same, "a person wrote it, until sooner");
        assert_eq!(list.iter().collect::<Vec<_>>(), [&legal]);
        let later = Suppression { at: Millis(100), ..everything("sms", InvalidNumber, Some(300)) };
        assert_eq!(list.put_if_new(later.clone()), Put::Added, "it has ended");
        assert_eq!(list.iter().collect::<Vec<_>>(), [&later]);
        // A bounce does not stand for a complaint: the next mail from there ends the bounce.
        let mut list = Suppressions::default();
        list.put_if_new(everything("email", HardBounce, None));
        assert_eq!(list.put_if_new(everything("email", Complaint, None)), Put::Changed);
        assert_eq!(list.put_if_new(everything("email", HardBounce, None)), Put::Same);
        assert_eq!(list.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Complaint]);
    }

    #[test]
    fn an_address_has_a_bounded_number_of_entries_and_ended_ones_make_room() {
        let mut list = Suppressions::default();
        let of = |n: usize, until| entry(&format!("channel:c{n}"), Withheld::Everything, SuppressionReason::Manual, until);
        for n in 0..limits::SUPPRESSIONS_OF_AN_ADDRESS {
            assert_eq!(list.put(of(n, Some(50))), Put::Added, "{n}");
        }
        assert_eq!(list.put(of(99, None)), Put::TooMany);
        let later = Suppression { at: Millis(50), ..of(99, None) };
        assert_eq!(list.put(later), Put::Added);
        assert_eq!(list.iter().count(), 1);
    }

    #[test]
    fn what_is_stored_is_short_and_reads_back() {
        let mut list = Suppressions::default();
        list.put(entry("sms", Withheld::Everything, SuppressionReason::InvalidNumber, Some(7)));
        let text = serde_json::to_string(&list).expect("JSON");
        assert_eq!(text, r#"[{"o":"sms","w":"everything","r":"invalid_number","b":"ann","a":10,"u":7}]"#);
        assert_eq!(serde_json::from_str::<Suppressions>(&text).expect("reads"), list);
    }

    #[test]
    fn an_address_bars_only_the_kinds_over_which_it_reaches_the_contact() {
        let mut entries = Suppressions::default();
        entries.put(entry("all", Withheld::Everything, SuppressionReason::Manual, None));
        let mut barred = Barred::NOTHING;
        barred.add(ChannelKind::Email.stop_bit(), entries);
        let name = channel("any");
        assert!(barred.against((ChannelKind::Email, &name), false, Millis(11)).is_some());
        assert!(barred.against((ChannelKind::Sms, &name), false, Millis(11)).is_none());
    }
}
