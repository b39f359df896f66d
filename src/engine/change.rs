//! What an operator, or a program through the API, changes of what is known of the contact. What is so already is no news.

use super::turning::{Turning, zone_of};
use crate::domain::address::Address;
use crate::domain::change::{ContactChange, Edit};
use crate::domain::channel::ChannelKind;
use crate::domain::id::InputId;
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::name::Name;
use crate::domain::value::Value;

impl Turning<'_> {
    pub(super) fn change(&mut self, input: InputId, change: &ContactChange) {
        if change.simulated && !self.rec.test && self.rec.told == 0 && self.rec.address_is_unknown() {
            self.rec.simulated = true;
        }
        self.person_acted(input);
        self.change_addresses(change);
        if !change.name.is_keep() {
            let before = self.rec.name.clone();
            self.rec.name = change.name.over(before.as_ref()).cloned();
            self.shown_again("name");
            if self.rec.name != before {
                let value = self.rec.name.as_deref().map(Value::text);
                self.changed(change, "name", value);
            }
        }
        let language = change.language.over(self.rec.language.as_ref()).copied();
        if language != self.rec.language {
            self.rec.language = language;
            self.changed(change, "language", language.map(|language| Value::text(language.as_str())));
        }
        self.change_zone(change);
        for (name, value) in change.attributes.iter().filter(|(name, _)| self.project.attributes.contains_key(name)) {
            let known = |turning: &Self| turning.rec.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            let before = known(self);
            self.set_attribute(name, value.clone(), false);
            let now = known(self);
            if now != before {
                self.changed(change, name.as_str(), now);
            }
        }
        self.change_tags(change);
        if let Some(consent) = &change.consent {
            self.consented(consent, &change.by);
        }
        for kind in ChannelKind::ALL.into_iter().filter(|kind| change.stop & kind.stop_bit() != 0) {
            if !self.rec.is_stopped(kind) {
                self.stop_kind(kind, "told");
            }
        }
    }

    /// A phone number and the caller's own id are taken over where none is known: they are who the contact is.
    fn change_addresses(&mut self, change: &ContactChange) {
        if self.rec.phone.is_none()
            && let Some(phone) = &change.phone
        {
            self.rec.phone = Some(phone.clone());
            self.changed(change, "phone", Some(Value::text(phone.as_str())));
        }
        if self.rec.external.is_none()
            && let Some(id) = &change.external
        {
            self.rec.external = Some(id.clone());
            self.changed(change, "external", Some(Value::text(id.as_str())));
        }
        if change.email.over(self.rec.email.as_ref()) == self.rec.email.as_ref() {
            return;
        }
        match &change.email {
            // Where nothing arrives at it, nothing arrives at it whoever names it: only hearing from there says otherwise.
            Edit::To(email) => {
                let dead = self.rec.dead.clone();
                self.rec.meet(&Address::Email(email.clone()));
                self.rec.dead = dead;
            }
            Edit::Clear | Edit::Keep => self.rec.email = None,
        }
        let value = self.rec.email.as_deref().map(Value::text);
        self.changed(change, "email", value);
    }

    fn change_zone(&mut self, change: &ContactChange) {
        let zone = change.timezone.over(self.rec.timezone.as_ref()).cloned();
        if zone == self.rec.timezone {
            return;
        }
        if zone.as_deref().is_some_and(|zone| zone_of(zone).is_none()) {
            self.note(None, "the time zone was not changed: there is none of this name");
            return;
        }
        self.rec.timezone = zone;
        self.forget_zone();
        let value = self.rec.timezone.as_deref().map(Value::text);
        self.changed(change, "timezone", value);
    }

    fn change_tags(&mut self, change: &ContactChange) {
        let before = self.rec.tags.len();
        self.rec.tags.retain(|tag| !change.untag.contains(tag) || change.tag.contains(tag));
        let mut news = self.rec.tags.len() != before;
        for tag in &change.tag {
            if self.rec.tags.contains(tag) {
                continue;
            }
            if self.rec.tags.len() >= limits::TAGS {
                self.note(None, format!("`{tag}` was not put on: a contact has at most {} tags", limits::TAGS));
                continue;
            }
            self.rec.tags.push(tag.clone());
            news = true;
        }
        if news {
            let tags = self.rec.tags.iter().map(|tag| Value::text(tag.as_str())).collect();
            self.changed(change, "tags", Some(Value::List(tags)));
        }
    }

    /// What is told by an operator is no secret of the contact's.
    fn shown_again(&mut self, name: &str) {
        if let Ok(name) = Name::parse(name) {
            self.rec.keep_private(&name, false);
        }
    }

    fn changed(&mut self, change: &ContactChange, name: &str, value: Option<Value>) {
        let by = Some(change.by.clone());
        self.journal(Event::ContactChanged { name: name.to_owned(), value: value.unwrap_or_default(), by });
    }
}
