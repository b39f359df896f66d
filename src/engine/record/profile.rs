//! Who the contact is, for the journal: told whole when it changed. The record keeps a hash of what was told last, so that a turn that changes
//! nothing costs no copy.

use super::{Preference, Record};
use crate::domain::journal::Event;
use crate::domain::name::{Name, Slug};
use crate::domain::profile::Profile;
use crate::domain::value::Value;
use crate::engine::turning::Turning;
use serde::Serialize;
use std::io;
use xxhash_rust::xxh3::Xxh3;

/// The same as `Profile`, borrowed: only to be hashed.
#[derive(Serialize)]
struct Known<'a> {
    reached: [Option<&'a str>; 5],
    name: Option<&'a str>,
    language: Option<&'a str>,
    timezone: Option<&'a str>,
    tags: &'a [Slug],
    attributes: &'a [(Name, Value)],
    private: &'a [Name],
    topics: &'a [Preference],
    bits: [u8; 2],
    dead: Option<&'a str>,
    simulated: bool,
    // Not written where it is not so: hashes of what was told before stay what they are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

struct Hashed(Xxh3);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Record {
    /// What is known of the contact beside its conversations.
    pub fn profile(&self) -> Profile {
        Profile {
            phone: self.phone.clone(),
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            external: self.external.clone(),
            verbatim: self.verbatim.clone(),
            name: self.name.clone().filter(|_| !self.is_private("name")),
            language: self.language,
            timezone: self.timezone.clone(),
            tags: self.tags.clone(),
            attributes: self.attributes.iter().filter(|(name, _)| !self.is_private(name.as_str())).cloned().collect(),
            private: self.private.clone(),
            topics: self.topics.iter().map(Preference::consent).collect(),
            stop: self.stop,
            consent: self.consent,
            dead: self.dead.clone(),
            simulated: self.simulated,
            test: self.test,
        }
    }

    /// Whether this was given in private: an attribute, or `name`.
    pub fn is_private(&self, name: &str) -> bool {
        self.private.iter().any(|private| private.as_str() == name)
    }

    /// Remembers whether what the contact has now was given in private.
    pub(in crate::engine) fn keep_private(&mut self, name: &Name, private: bool) {
        match self.private.iter().position(|known| known == name) {
            Some(place) if !private => drop(self.private.remove(place)),
            None if private => self.private.push(name.clone()),
            _ => {}
        }
    }

    /// A hash of that, never 0. Another release may hash otherwise: then it is told once more.
    fn profile_hash(&self) -> u64 {
        let known = Known {
            reached: [
                self.phone.as_ref().map(|phone| phone.as_str()),
                self.user_id.as_deref(),
                self.email.as_deref(),
                self.external.as_deref(),
                self.verbatim.as_deref(),
            ],
            name: self.name.as_deref(),
            language: self.language.as_ref().map(|language| language.as_str()),
            timezone: self.timezone.as_deref(),
            tags: &self.tags,
            attributes: &self.attributes,
            private: &self.private,
            topics: &self.topics,
            bits: [self.stop, self.consent],
            dead: self.dead.as_deref(),
            simulated: self.simulated,
            test: self.test,
        };
        let mut hashed = rmp_serde::Serializer::new(Hashed(Xxh3::new()));
        // Own types are serialisable, and a hash takes everything.
        known.serialize(&mut hashed).expect("own types are serialisable");
        hashed.into_inner().0.digest().max(1)
    }
}

impl Turning<'_> {
    /// Tells the journal who the contact is, if that is not what it was told last. A team's record is nobody's.
    pub(in crate::engine) fn tell_profile(&mut self) {
        if self.rec.board.is_some() {
            return;
        }
        let now = self.rec.profile_hash();
        if now != self.rec.told {
            self.rec.told = now;
            let profile = self.rec.profile();
            self.journal(Event::Profile(Box::new(profile)));
        }
    }
}
