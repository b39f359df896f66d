//! Many contacts as the service left them, put into a store by the way that a move of a store takes: much faster than meeting each of them.

use super::message::{body, channel};
use bytes::Bytes;
use replyflow::domain::id::{ContactKey, DedupeHash, Token};
use replyflow::domain::time::{Millis, Span};
use replyflow::store::transfer::{ContactKept, EffectKept, LaneKept, Mark, Name, SeenKept, Thing, Transfer};
use replyflow::store::{Lane, LaneKey, Place, Record, StopMask, WorkSet};
use std::ops::Range;

/// What contacts are in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stock {
    /// Nothing.
    Rest,
    /// Each waits for a time: hours ahead.
    Timers,
    /// A message of a broadcast waits for each of them, and may leave.
    Waiting,
}

/// Contacts that are written at one time.
const AT_ONCE: usize = 1_000;

impl Stock {
    /// Its name, also in the order for a process.
    pub fn name(self) -> &'static str {
        match self {
            Stock::Rest => "rest",
            Stock::Timers => "timers",
            Stock::Waiting => "waiting",
        }
    }

    /// Reads what `name` wrote.
    pub fn parse(name: &str) -> Self {
        let all = [Stock::Rest, Stock::Timers, Stock::Waiting];
        all.into_iter().find(|stock| stock.name() == name).unwrap_or_else(|| panic!("no stock {name}"))
    }

    /// The nth contact.
    pub fn contact(self, n: usize) -> ContactKey {
        ContactKey::derive(b"growth", &format!("{} {n}", self.name()))
    }
}

/// Puts these contacts there, also where they are already.
pub async fn fill(store: &dyn Transfer, stock: Stock, contacts: Range<usize>) {
    let now = store.store().now().await.expect("a clock");
    // In the order of their keys, so that a tree grows at one place at a time.
    let mut keys: Vec<(ContactKey, usize)> = contacts.map(|n| (stock.contact(n), n)).collect();
    keys.sort_unstable();
    for some in keys.chunks(AT_ONCE) {
        let things = some.iter().flat_map(|(contact, n)| things(stock, *contact, *n, now)).collect();
        store.keep(things, Bytes::from_static(b"{}")).await.expect("kept");
    }
    // It was no move: nobody is to think so.
    store.set_mark(Mark::Arriving, None).await.expect("unmarked");
}

fn things(stock: Stock, contact: ContactKey, n: usize, now: Millis) -> Vec<(Name, Thing)> {
    let token = Token(n as u64 + 1);
    let blob = body(300);
    let record = Record { held: false, tries: 0, stop: StopMask::NONE, token, blob };
    let hours = || now + Span::hours(12) + Span::millis((n % 3_600_000) as i64);
    let attention = (stock == Stock::Timers).then(hours);
    let kept = ContactKept { place: Place::Here, record, attention, fades: None, older: false };
    let hash = DedupeHash::of(&["filled", stock.name(), &n.to_string()]);
    let seen = SeenKept { current: Some((vec![hash], now + Span::days(8))), older: None };
    let mut things = vec![(Name::Contact(contact), Thing::Contact(Box::new(kept))), (Name::Seen(contact), Thing::Seen(seen))];
    if stock == Stock::Waiting {
        let set = WorkSet::Bulk(channel());
        let effect = EffectKept { id: token.effect(0), set, unsure: false, attempts: 0, body: body(250) };
        // Long due, in the order of their numbers.
        let lane = LaneKept { due: Millis(1_700_000_000_000 + n as i64), effects: vec![effect] };
        things.push((Name::Lane(LaneKey { contact, lane: Lane::Contact }), Thing::Lane(lane)));
    }
    things
}
