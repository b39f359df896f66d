//! What must hold of what a store keeps, looked at from one name: pure.

use super::{FindingLevel, Found, Remedy};
use crate::domain::id::ContactKey;
use crate::domain::input::Class;
use crate::domain::time::{Millis, Span};
use crate::domain::value::rfc3339;
use crate::engine::record::Record;
use crate::store::transfer::{ContactKept, LaneKept, Name, Thing};
use crate::store::{Entry, Lane, LaneKey, Place, WorkSet};
use std::collections::HashMap;

/// Claims after which a turn counts as one that never ends: from here on the service runs such a contact alone.
const TRIES: u8 = 4;

/// What was read of some names; nothing: it was looked for and is not there.
pub type Read = HashMap<Name, Option<Thing>>;

/// What must be read to judge a name, itself included.
pub fn around(name: &Name) -> Vec<Name> {
    match name {
        Name::Contact(contact) | Name::Mailbox(contact) => vec![Name::Contact(*contact), Name::Mailbox(*contact)],
        Name::Awaited(contact) => vec![name.clone(), Name::Contact(*contact)],
        Name::Lane(lane) => vec![name.clone(), Name::Contact(lane.contact)],
        Name::Live(version) => vec![name.clone(), Name::Version(*version)],
        Name::Flow(_) => vec![name.clone()],
        // Nothing that could be wrong with them is seen here.
        _ => Vec::new(),
    }
}

/// Where a thing leads, which must be read as well.
pub fn leads_to(thing: &Thing) -> Option<Name> {
    match thing {
        Thing::Contact(kept) => match kept.place {
            Place::Here => None,
            Place::Moving(to) | Place::Moved(to) => Some(Name::Contact(to)),
        },
        Thing::Flow(kept) => kept.current.map(Name::Version),
        _ => None,
    }
}

/// What is wrong, at this moment; what waits since before `overdue` is stuck.
pub fn judge(name: &Name, read: &Read, overdue: Millis) -> Vec<Found> {
    let thing = |name: &Name| read.get(name).and_then(Option::as_ref);
    let contact = |key: ContactKey| match thing(&Name::Contact(key)) {
        Some(Thing::Contact(kept)) => Some(&**kept),
        _ => None,
    };
    let mut found = Vec::new();
    let mut say = |level, what: String, remedy: Remedy| found.push(Found { name: name.clone(), level, what, remedy });
    match (name, thing(name)) {
        (Name::Contact(key), Some(Thing::Contact(kept))) => {
            let mailbox = match thing(&Name::Mailbox(*key)) {
                Some(Thing::Mailbox(entries)) => &entries[..],
                _ => &[],
            };
            judge_contact(kept, mailbox, overdue, &mut say);
            if let Place::Moving(to) | Place::Moved(to) = kept.place
                && contact(to).is_none()
                && kept.fades.is_none()
            {
                say(FindingLevel::Error, format!("it leads to {to}, and nobody is there"), Remedy::Report);
            }
        }
        (Name::Mailbox(key), Some(Thing::Mailbox(entries))) if contact(*key).is_none() => {
            say(FindingLevel::Error, format!("{} inputs wait, and the contact has no record", entries.len()), Remedy::Report);
        }
        (Name::Awaited(key), Some(Thing::Awaited(effects))) if contact(*key).is_none() => {
            say(FindingLevel::Warning, format!("reports on {} effects are awaited by nobody", effects.len()), Remedy::Harmless);
        }
        (Name::Lane(lane), Some(Thing::Lane(kept))) => {
            judge_lane(*lane, kept, contact(lane.contact).is_some(), overdue, &mut say)
        }
        (Name::Live(version), Some(Thing::Live(n))) => {
            if *n < 0 {
                say(FindingLevel::Warning, format!("{n} runs are counted on it"), Remedy::Harmless);
            } else if thing(&Name::Version(*version)).is_none() {
                say(FindingLevel::Error, format!("{n} runs are on it, and its content is not there"), Remedy::Publish);
            }
        }
        (Name::Flow(_), Some(Thing::Flow(kept))) => {
            if let Some(version) = kept.current
                && thing(&Name::Version(version)).is_none()
            {
                say(FindingLevel::Error, format!("its current version {version} is not there"), Remedy::Publish);
            }
        }
        _ => {}
    }
    found
}

fn judge_contact(kept: &ContactKept, mailbox: &[Entry], overdue: Millis, say: &mut dyn FnMut(FindingLevel, String, Remedy)) {
    let record = &kept.record;
    let may_be_processed = match kept.place {
        Place::Here => mailbox.iter().filter(|entry| !record.held || entry.class == Class::Priority).count(),
        Place::Moving(_) => 0,
        Place::Moved(_) => {
            if !mailbox.is_empty() {
                say(
                    FindingLevel::Error,
                    format!("{} inputs lie at a contact that is part of another", mailbox.len()),
                    Remedy::Report,
                );
            }
            0
        }
    };
    match kept.attention {
        None if may_be_processed > 0 => {
            say(FindingLevel::Error, format!("{may_be_processed} inputs wait, and nobody looks at them"), Remedy::Mend);
        }
        Some(at) if at < overdue => {
            say(FindingLevel::Warning, format!("it should have been looked at since {}", rfc3339(at)), Remedy::Waits);
        }
        _ => {}
    }
    if record.tries >= TRIES {
        say(FindingLevel::Warning, format!("its turn was begun {} times and never ended", record.tries), Remedy::Dies);
    }
    let readable = record.blob.is_empty() || Record::decode(&record.blob).is_ok();
    if !readable {
        say(FindingLevel::Error, "its record cannot be read by this release".to_owned(), Remedy::Newer);
    }
}

fn judge_lane(
    lane: LaneKey,
    kept: &LaneKept,
    somebody: bool,
    overdue: Millis,
    say: &mut dyn FnMut(FindingLevel, String, Remedy),
) {
    // Lanes of their own end by themselves when their contact is deleted.
    if !somebody && lane.lane == Lane::Contact {
        say(FindingLevel::Error, format!("{} messages wait for a contact that is not there", kept.effects.len()), Remedy::Report);
    }
    if kept.due == Millis(0) {
        say(FindingLevel::Error, format!("{} effects wait, and nobody looks at them", kept.effects.len()), Remedy::Mend);
    } else if let Some(set) = kept.effects.first().map(|head| &head.set)
        && kept.due < overdue
        // What broadcasts send may be held back for days.
        && !matches!(set, WorkSet::Bulk(_))
    {
        say(
            FindingLevel::Warning,
            format!("its first effect ({set}) could have been begun since {}", rfc3339(kept.due)),
            Remedy::Waits,
        );
    }
}

/// What waits for longer than this is overdue.
pub fn overdue(now: Millis, older: Span) -> Millis {
    now - older
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{InputId, Token};
    use crate::store::transfer::EffectKept;
    use crate::store::{self, StopMask};
    use bytes::Bytes;

    fn key() -> ContactKey {
        ContactKey::derive(b"secret", "+447700900123")
    }

    fn kept(held: bool, attention: Option<i64>) -> ContactKept {
        let record = store::Record { held, tries: 0, stop: StopMask::NONE, token: Token(7), blob: Bytes::new() };
        ContactKept { place: Place::Here, record, attention: attention.map(Millis), fades: None, older: false }
    }

    fn entry(class: Class) -> Entry {
        Entry { class, id: InputId(1), accepted_at: Millis(5), body: Bytes::new() }
    }

    fn read(contact: Option<ContactKept>, mailbox: Vec<Entry>) -> Read {
        let mailbox = (!mailbox.is_empty()).then_some(Thing::Mailbox(mailbox));
        let contact = contact.map(|kept| Thing::Contact(Box::new(kept)));
        HashMap::from([(Name::Contact(key()), contact), (Name::Mailbox(key()), mailbox)])
    }

    fn words(name: &Name, read: &Read) -> Vec<String> {
        judge(name, read, Millis(100)).into_iter().map(|found| found.what).collect()
    }

    #[test]
    fn inputs_that_may_be_processed_are_looked_at() {
        let name = Name::Contact(key());
        let nobody = "1 inputs wait, and nobody looks at them";
        for (held, class, attention, expected) in [
            (false, Class::Normal, None, Some(nobody)),
            (false, Class::Normal, Some(200), None),
            (true, Class::Normal, None, None),
            (true, Class::Priority, None, Some(nobody)),
        ] {
            let said = words(&name, &read(Some(kept(held, attention)), vec![entry(class)]));
            assert_eq!(said.first().map(String::as_str), expected, "{held} {class:?} {attention:?}");
        }
        assert!(words(&name, &read(Some(kept(false, None)), Vec::new())).is_empty());
        assert_eq!(words(&name, &read(Some(kept(false, Some(50))), Vec::new())).len(), 1, "overdue");
        assert_eq!(words(&Name::Mailbox(key()), &read(None, vec![entry(Class::Normal)])).len(), 1, "of nobody");
    }

    #[test]
    fn a_stub_leads_somewhere_and_holds_nothing() {
        let to = ContactKey::derive(b"secret", "+447700900124");
        let stub = ContactKept { place: Place::Moved(to), ..kept(false, None) };
        let name = Name::Contact(key());
        let mut read = read(Some(stub.clone()), vec![entry(Class::Normal)]);
        assert_eq!(words(&name, &read).len(), 2);
        read.insert(Name::Contact(to), Some(Thing::Contact(Box::new(kept(false, None)))));
        read.insert(Name::Mailbox(key()), None);
        assert!(words(&name, &read).is_empty());
        read.insert(Name::Contact(to), None);
        let fading = ContactKept { fades: Some(Millis(9)), ..stub };
        read.insert(name.clone(), Some(Thing::Contact(Box::new(fading))));
        assert!(words(&name, &read).is_empty(), "it led to somebody who was deleted");
    }

    #[test]
    fn a_lane_that_is_not_empty_stands_in_a_set() {
        let lane = |lane| LaneKey { contact: key(), lane };
        let effect = Token(1).effect(0);
        let head = EffectKept { id: effect, set: WorkSet::Call, unsure: false, attempts: 0, body: Bytes::new() };
        let of = |due| Some(Thing::Lane(LaneKept { due: Millis(due), effects: vec![head.clone()] }));
        let judged = |key: LaneKey, due| {
            let name = Name::Lane(key);
            let read = HashMap::from([(name.clone(), of(due)), (Name::Contact(key.contact), None)]);
            words(&name, &read)
        };
        assert_eq!(judged(lane(Lane::Own(effect)), 0), ["1 effects wait, and nobody looks at them"]);
        assert!(judged(lane(Lane::Own(effect)), 100).is_empty());
        assert_eq!(judged(lane(Lane::Own(effect)), 99).len(), 1, "overdue");
        assert_eq!(judged(lane(Lane::Contact), 100), ["1 messages wait for a contact that is not there"]);
    }
}
