//! The pieces of work whose cost is counted, on either store.

use super::fill::Stock;
use super::message::{channel, message, settled};
use replyflow::domain::id::Who;
use replyflow::store::{StartAnswer, Store, WorkSet};

/// Contacts who write beside a broadcast.
pub const BESIDE: usize = 1_000;
/// Neighbours in this order lie far apart.
const STRIDE: usize = 7_919;

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A message of one of the contacts, with its reply.
    Message,
    /// A message of somebody else, with its reply.
    Beside,
    /// What waits longest is found and sent.
    Send,
}

impl Work {
    /// Its name in the order for a process.
    pub fn name(self) -> &'static str {
        match self {
            Work::Message => "message",
            Work::Beside => "beside",
            Work::Send => "send",
        }
    }

    /// Reads what `name` wrote.
    pub fn parse(name: &str) -> Self {
        let all = [Work::Message, Work::Beside, Work::Send];
        all.into_iter().find(|work| work.name() == name).unwrap_or_else(|| panic!("no work {name}"))
    }

    /// Does it once in a store with so many contacts: for the one of this place, under a number that no other piece of work has.
    pub async fn once(self, store: &dyn Store, stock: Stock, size: usize, (place, n): (usize, u64)) {
        match self {
            Work::Message => message(store, stock.contact(place * STRIDE % size), n, false).await,
            Work::Beside => message(store, Stock::Rest.contact(place * STRIDE % BESIDE), n, false).await,
            Work::Send => send(store, place, n).await,
        }
    }
}

/// Sends one of those that wait on a shard, another shard each time.
async fn send(store: &dyn Store, place: usize, n: u64) {
    let (set, who) = (WorkSet::Bulk(channel()), Who(n as u32 | 0x4000_0000));
    let shard = (place % usize::from(store.shards())) as u8;
    let due = store.due_work(shard, &set, 1).await.expect("looks");
    let lane = *due.lanes.first().unwrap_or_else(|| panic!("nothing waits on shard {shard}"));
    let StartAnswer::Ok { started, .. } = store.start(lane, &set, who, Some(due.ticket)).await.expect("starts") else {
        panic!("not started")
    };
    settled(store, &started, who).await;
}
