//! Whether the contact is live or of test, and how a record is stored: what is of test in a format that nobody reads by mistake.

use super::Record;
use crate::domain::codec::{self, DecodeError};
use crate::domain::mode::Mode;

impl Record {
    /// What whatever is done with the contact is. One whom a simulator plays belongs to test, but is stored as any other.
    pub fn mode(&self) -> Mode {
        if self.test || self.simulated { Mode::Test } else { Mode::Live }
    }

    /// The mode in which what belongs to the contact is stored.
    pub fn stored_mode(&self) -> Mode {
        if self.test { Mode::Test } else { Mode::Live }
    }

    /// As it is stored.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode_in(self.stored_mode(), self)
    }

    /// Reads what is stored, of either mode.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (mode, mut record) = codec::decode_in::<Record>(bytes)?;
        record.test |= mode == Mode::Test;
        Ok(record)
    }

    /// Takes away what is known of the person but for addresses at which they were met, opt-outs and what they said no to; and which
    /// questions were open.
    pub(in crate::engine) fn forget_said(&mut self) {
        (self.name, self.language, self.timezone) = (None, None, None);
        (self.email, self.external, self.dead) = (None, None, None);
        self.tags.clear();
        self.attributes.clear();
        self.private.clear();
        self.unanswered.clear();
        self.consent = 0;
        self.topics.iter_mut().for_each(|topic| topic.yes = 0);
        self.topics.retain(|topic| !topic.no.is_empty());
    }

    /// Whether nothing was ever done for the contact.
    pub fn is_new(&self) -> bool {
        self.told == 0 && self.address_is_unknown() && self.runs.is_empty() && self.waiting.is_empty() && self.heard.is_empty()
    }
}
