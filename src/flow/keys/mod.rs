//! Every key of the format in one table: its place, what stands under it, whether it must be there, what it means. The
//! reader knows its keys from here, the formatter their order, the JSON Schema everything.
//!
//! Keys are listed in the order in which `replyflow fmt` writes them.

mod answer;
mod flow;
mod later;
mod message;
mod notification;
mod place;
mod state;
mod target;
mod test;

pub(in crate::flow) use answer::{CHOICE, CHOICES, DATE, MEDIA, MOMENT, NOTHING, NUMBER, PHONE, PICK, TEXT, TIME};
pub(in crate::flow) use flow::{ANYTIME, DEFAULTS, LATE, NEED, START};
pub use flow::{CONTACT, FLOW};
pub(in crate::flow) use message::{ASK, EMAIL, MESSAGE, SMS, WHATSAPP};
pub use notification::NOTIFICATION;
pub(in crate::flow) use notification::{
    APPROVED, BUTTON as APPROVED_BUTTON, EMAIL as NOTIFICATION_EMAIL, HEADER as APPROVED_HEADER,
    WHATSAPP as NOTIFICATION_WHATSAPP,
};
pub use place::{Key, KeyForm, Kind, Lines, Named, Others, Place, Rule, Word};
pub(in crate::flow) use state::{CALL, DELIVER, DIGEST, HANDOFF, RUN, STATE, WAIT};
pub(in crate::flow) use target::{ALERT, EMIT, ITEM, NOTIFY, SILENCE, STEP, WAY};
pub use test::{
    ALERT as EXPECTED_ALERT, BOT, CASE, CONTACT as GIVEN_CONTACT, FAKE, FILE, GIVEN, LOCATION, PERSON, STEP as TEST_STEP, TEST,
    USER,
};

/// The place whose keys a file begins with, known by the first of them.
pub static FILES: [&Place; 3] = [&FLOW, &NOTIFICATION, &TEST];

/// The place of a file with these keys at its root.
pub fn file_with<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> Option<&'static Place> {
    FILES.into_iter().find(|place| keys.clone().any(|key| key == place.keys[0].name))
}

/// All places below these, each once, in the order in which they are met.
pub fn places(roots: &[&'static Place]) -> Vec<&'static Place> {
    let mut found: Vec<&'static Place> = Vec::new();
    let mut open: Vec<&'static Place> = roots.iter().rev().copied().collect();
    while let Some(place) = open.pop() {
        if found.iter().any(|known| std::ptr::eq(*known, place)) {
            continue;
        }
        found.push(place);
        let mut below = Vec::new();
        place.keys.iter().for_each(|key| below_kind(key.kind, &mut below));
        if let Some(others) = place.others {
            below_kind(others.named.value, &mut below);
        }
        open.extend(below.into_iter().rev());
    }
    found
}

fn below_kind(kind: &'static Kind, out: &mut Vec<&'static Place>) {
    match kind {
        Kind::Map(place) => out.push(place),
        Kind::Named(named) => below_kind(named.value, out),
        Kind::List(item) | Kind::Many(item) => below_kind(item, out),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| below_kind(kind, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
