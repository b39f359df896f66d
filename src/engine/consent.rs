//! What others say of a contact's consent to marketing: other systems by events, operators and programs through the API. The contact's own no is
//! stronger: who opted out of all messages consents to nothing, and a no by a word, a link or a flow is undone only by a yes that is known
//! to be newer.

use super::turning::Turning;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{Consent, ConsentTold, TopicConsent};
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::Millis;

impl Turning<'_> {
    /// Takes over what is said. `by` is the event, or who calls the API.
    pub(super) fn consented(&mut self, consent: &Consent, by: &str) {
        let mut told = told(None, consent, by);
        let at = self.said_at(consent);
        for kind in ChannelKind::ALL {
            let bit = kind.stop_bit();
            let has = self.rec.consent & bit != 0;
            // A no is kept also where there was no yes: what somebody tells of an older yes does not undo it.
            if consent.no & bit != 0 && (has || self.rec.wants_a_topic(kind) || !self.rec.refused(kind)) {
                self.rec.withdraws(kind, at.unwrap_or(self.now));
                told.withdrawn.push(kind);
            } else if !has && consent.yes & bit != 0 {
                if self.rec.may_consent(kind, at) {
                    self.rec.consent |= bit;
                    told.given.push(kind);
                } else {
                    told.ignored.push(kind);
                }
            }
        }
        self.tell_consent(told);
        for said in consent.topics.iter().filter(|said| self.project.topics.contains_key(&said.topic)) {
            self.consented_to(said, consent, by);
        }
    }

    /// When it was said. What is yet to come was not said then: it counts as if nobody knew, or it would undo every no until then.
    fn said_at(&self, consent: &Consent) -> Option<Millis> {
        consent.at.filter(|at| *at <= self.now + limits::CLOCKS_APART)
    }

    /// The same of one topic.
    fn consented_to(&mut self, said: &TopicConsent, consent: &Consent, by: &str) {
        let topic = &said.topic;
        let mut told = told(Some(topic), consent, by);
        let at = self.said_at(consent);
        for kind in ChannelKind::ALL {
            let known = self.rec.said_of(topic, kind);
            if said.no & kind.stop_bit() != 0 && known != Some(false) {
                self.rec.refuses(topic, kind, at.unwrap_or(self.now));
                told.withdrawn.push(kind);
            } else if said.yes & kind.stop_bit() != 0 && known != Some(true) {
                if self.rec.may_ask_for(topic, kind, at) {
                    self.rec.asks_for(topic, kind);
                    told.given.push(kind);
                } else {
                    told.ignored.push(kind);
                }
            }
        }
        self.tell_consent(told);
    }

    /// What is known already is no news: systems that tell it every night do not fill the history.
    fn tell_consent(&mut self, told: ConsentTold) {
        if !told.is_empty() {
            self.journal(Event::Consent(Box::new(told)));
        }
    }
}

fn told(topic: Option<&Slug>, consent: &Consent, by: &str) -> ConsentTold {
    ConsentTold {
        topic: topic.cloned(),
        given: Vec::new(),
        withdrawn: Vec::new(),
        ignored: Vec::new(),
        by: by.to_owned(),
        how: consent.how.clone(),
        at: consent.at,
        proof: consent.proof.clone(),
    }
}
