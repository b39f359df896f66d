//! Many contacts as the service left them, without the years in which it met them. Benches and tests begin with these.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use replyflow::domain::address::{Address, E164};
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, Who};
use replyflow::domain::input::Class;
use replyflow::engine::record::Record;
use replyflow::history::{Cell, Database, Statement};
use replyflow::store::{Accept, Accepted, Advance, Commit, JournalId, StopMask, Store, WhenFull};
use std::fmt::Write as _;

/// Contacts that are made at one time.
const SIDE_BY_SIDE: usize = 512;
/// Rows of one statement.
const ROWS: usize = 500;

/// The number of the nth of them.
pub fn phone(n: usize) -> E164 {
    E164::parse(&format!("+4477{:08}", 10_000_000 + n)).expect("a number")
}

/// Makes so many contacts, in the store and in the record.
pub async fn make(store: &dyn Store, record: &Database, contacts: usize) {
    let secret = store.meta().await.expect("read").contact_secret;
    let key = |n: usize| ContactKey::derive(&secret, &Address::Phone(phone(n)).canonical());
    stream::iter(0..contacts).map(|n| meet(store, key(n), n)).buffer_unordered(SIDE_BY_SIDE).for_each(|()| async {}).await;
    // What is in the journal of how they were made, nobody wants to read.
    for shard in 0..store.shards() {
        let mut from = JournalId::START;
        while let Some(last) = store.read_journal(shard, from, 10_000).await.expect("read").last() {
            let advance = Advance { shard, subscriber: "history".to_owned(), from, to: last.id, guard: true };
            store.advance(advance).await.expect("moved");
            from = last.id;
        }
    }
    for first in (0..contacts).step_by(ROWS) {
        let some = first..contacts.min(first + ROWS);
        let mut sql = String::from("INSERT INTO contact (id, mode, phone, created_at, changed_at) VALUES ");
        let mut params: Vec<Cell> = Vec::with_capacity(some.len() * 2);
        for n in some {
            let comma = if params.is_empty() { "" } else { ", " };
            let _ = write!(sql, "{comma}(${}, 'live', ${}, 0, 0)", params.len() + 1, params.len() + 2);
            params.extend([key(n).into(), phone(n).as_str().into()]);
        }
        record.write(vec![Statement { sql: sql.into(), params }]).await.expect("written");
    }
}

async fn meet(store: &dyn Store, contact: ContactKey, n: usize) {
    let hash = DedupeHash::of(&["made", &n.to_string()]);
    let (id, class) = (InputId::of(hash), Class::Normal);
    let accept = Accept { contact, hash, class, id, body: Bytes::new(), claim: true, full: WhenFull::Refuse, known: false };
    let Accepted::Claimed(claim) = store.accept(accept).await.expect("taken") else { panic!("{n} is there already") };
    let record = Record { phone: Some(phone(n)), ..Record::default() };
    let commit = Commit {
        contact,
        expect: claim.record.token,
        new: claim.record.token.after(&[id]),
        hold: false,
        consumed: vec![id],
        set_aside: Vec::new(),
        alarm: None,
        journal: Bytes::from_static(b"made"),
        blob: Bytes::from(codec::encode(&record)),
        keep: false,
        who: Who(n as u32),
        stop: StopMask::default(),
        lanes: Vec::new(),
        withdraw: Vec::new(),
        await_add: Vec::new(),
        await_remove: Vec::new(),
        live: Vec::new(),
    };
    store.commit(commit).await.expect("written");
}
