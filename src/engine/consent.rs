//! What other systems say of a contact's consent to marketing. The contact's own no is stronger: who opted out of all messages
//! consents to nothing, and a no by a word, a link or a flow is undone only by a yes that is known to be newer.

use super::turning::Turning;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{Consent, ConsentTold};
use crate::domain::journal::Event;
use crate::domain::name::EventName;

impl Turning<'_> {
    pub(super) fn consented(&mut self, consent: &Consent, by: &EventName) {
        let (by, how) = (by.as_str().to_owned(), consent.how.clone());
        let mut told = ConsentTold { given: vec![], withdrawn: vec![], ignored: vec![], by, how, at: consent.at };
        for kind in ChannelKind::ALL {
            let bit = kind.stop_bit();
            let has = self.rec.consent & bit != 0;
            if has && consent.no & bit != 0 {
                self.rec.withdraws(kind, self.now);
                told.withdrawn.push(kind);
            } else if !has && consent.yes & bit != 0 {
                if self.rec.may_consent(kind, consent.at) {
                    self.rec.consent |= bit;
                    told.given.push(kind);
                } else {
                    told.ignored.push(kind);
                }
            }
        }
        // What is known already is no news: systems that tell it every night do not fill the history.
        if !told.is_empty() {
            self.journal(Event::Consent(Box::new(told)));
        }
    }
}
