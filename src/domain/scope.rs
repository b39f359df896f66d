//! What a key of the API may do.

use std::fmt;

/// One thing that a key may do. A closed list: what is not here, no key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Read contacts.
    ContactsRead,
    /// Change, import, merge and delete contacts.
    ContactsWrite,
    /// Send events.
    EventsWrite,
    /// Read where conversations stand.
    ConversationsRead,
    /// Take part in conversations: hand-offs, beginning and ending runs.
    ConversationsWrite,
    /// Read what happened: timelines, runs, messages, figures.
    HistoryRead,
    /// Read flows, notifications and their versions.
    FlowsRead,
    /// Publish flows.
    FlowsPublish,
    /// Read broadcasts.
    BroadcastsRead,
    /// Send broadcasts.
    BroadcastsWrite,
    /// Read how the service is: channels, what failed, settings, the audit.
    OperationsRead,
    /// Do again or forget what failed.
    OperationsWrite,
    /// See, make and revoke keys.
    KeysWrite,
    /// Read the suppression list.
    SuppressionsRead,
    /// Put addresses on the suppression list and take them off.
    SuppressionsWrite,
}

impl Scope {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Scope; 15] = [
        Scope::ContactsRead,
        Scope::ContactsWrite,
        Scope::EventsWrite,
        Scope::ConversationsRead,
        Scope::ConversationsWrite,
        Scope::HistoryRead,
        Scope::FlowsRead,
        Scope::FlowsPublish,
        Scope::BroadcastsRead,
        Scope::BroadcastsWrite,
        Scope::OperationsRead,
        Scope::OperationsWrite,
        Scope::KeysWrite,
        Scope::SuppressionsRead,
        Scope::SuppressionsWrite,
    ];

    /// As people and tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::ContactsRead => "contacts:read",
            Scope::ContactsWrite => "contacts:write",
            Scope::EventsWrite => "events:write",
            Scope::ConversationsRead => "conversations:read",
            Scope::ConversationsWrite => "conversations:write",
            Scope::HistoryRead => "history:read",
            Scope::FlowsRead => "flows:read",
            Scope::FlowsPublish => "flows:publish",
            Scope::BroadcastsRead => "broadcasts:read",
            Scope::BroadcastsWrite => "broadcasts:write",
            Scope::OperationsRead => "operations:read",
            Scope::OperationsWrite => "operations:write",
            Scope::KeysWrite => "keys:write",
            Scope::SuppressionsRead => "suppressions:read",
            Scope::SuppressionsWrite => "suppressions:write",
        }
    }

    /// Reads what `as_str` gives.
    pub fn parse(text: &str) -> Option<Self> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a key may do, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u32);

/// The word for everything, also for what a later release adds.
pub const ADMIN: &str = "admin";
const ADMIN_BIT: u32 = 1 << 31;

impl Scopes {
    /// Nothing.
    pub const NONE: Scopes = Scopes(0);
    /// Everything.
    pub const ADMIN: Scopes = Scopes(ADMIN_BIT);

    /// These.
    pub fn of(scopes: &[Scope]) -> Self {
        scopes.iter().fold(Scopes::NONE, |all, scope| Scopes(all.0 | scope.bit()))
    }

    /// Reads one word: a scope or `admin`.
    pub fn word(text: &str) -> Option<Self> {
        if text == ADMIN { Some(Scopes::ADMIN) } else { Scope::parse(text).map(|scope| Scopes::of(&[scope])) }
    }

    /// Reads what `Display` writes. A word that is not known gives nothing: a newer release may have written it.
    pub fn read(text: &str) -> Self {
        text.split_whitespace().filter_map(Scopes::word).fold(Scopes::NONE, Scopes::with)
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Scopes) -> Self {
        Scopes(self.0 | other.0)
    }

    /// Whether this may be done.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | ADMIN_BIT) != 0
    }

    /// Whether everything of `other` may be done.
    pub fn covers(self, other: Scopes) -> bool {
        self.0 & ADMIN_BIT != 0 || other.0 & !self.0 == 0
    }

    /// The first word of `other` that is not covered.
    pub fn lacks(self, other: Scopes) -> Option<&'static str> {
        other.words().into_iter().find(|word| !Scopes::word(word).is_some_and(|one| self.covers(one)))
    }

    /// Whether nothing may be done.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words, in the order in which they are shown.
    pub fn words(self) -> Vec<&'static str> {
        let admin = (self.0 & ADMIN_BIT != 0).then_some(ADMIN);
        let each = Scope::ALL.into_iter().filter(|scope| self.0 & scope.bit() != 0).map(Scope::as_str);
        admin.into_iter().chain(each).collect()
    }
}

/// The words with spaces between them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written_and_admin_is_all_of_them() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            let only = Scopes::of(&[scope]);
            assert_eq!(Scopes::read(&only.to_string()), only);
            assert_eq!(Scope::ALL.into_iter().filter(|other| only.has(*other)).collect::<Vec<_>>(), [scope]);
            assert!(Scopes::ADMIN.has(scope) && Scopes::ADMIN.covers(only) && !only.covers(Scopes::ADMIN));
        }
        assert_eq!(Scopes::read("keys:write of-tomorrow admin").words(), ["admin", "keys:write"]);
        let two = Scopes::of(&[Scope::EventsWrite, Scope::ContactsRead]);
        assert_eq!(two.to_string(), "contacts:read events:write");
        assert!(two.lacks(Scopes::ADMIN) == Some("admin") && two.lacks(Scopes::of(&[Scope::EventsWrite])).is_none());
        assert!(two.covers(Scopes::of(&[Scope::EventsWrite])) && !two.covers(Scopes::of(&[Scope::KeysWrite])));
        assert!(Scopes::NONE.is_empty() && !Scopes::NONE.has(Scope::EventsWrite));
        assert_eq!(Scope::parse("contacts:"), None);
    }
}
