//! One message of a contact through a store, as the service does it and with nothing else: `accept`, `commit` with a reply, `settle`. Sizes are as they are in a
//! conversation: an input of 200 bytes, a record of 300, a send of 250, journal entries of 300 and 100.

use bytes::Bytes;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, Who};
use replyflow::domain::input::Class;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accept, Accepted, Commit, Committed, Lane, LanePush, NewEffect, Settle, SettleResult, Settled, Started, StopMask, Store,
    WhenFull, WorkSet,
};

/// So many bytes of no meaning.
pub fn body(size: usize) -> Bytes {
    Bytes::from(vec![b'x'; size])
}

/// The name of the channel.
pub fn channel() -> Slug {
    Slug::parse("bench").expect("a slug")
}

/// The message number `n`, which no other one has. `awaited`: the contact is to hear if the reply does not arrive.
pub async fn message(store: &dyn Store, contact: ContactKey, n: u64, awaited: bool) {
    let who = Who(n as u32 | 0x8000_0000);
    let hash = DedupeHash::of(&["bench", &n.to_string()]);
    let accept = Accept {
        contact,
        hash,
        class: Class::Normal,
        id: InputId::of(hash),
        body: body(200),
        claim: true,
        full: WhenFull::Drop,
        known: false,
    };
    let Accepted::Claimed(claim) = store.accept(accept).await.expect("accepts") else { panic!("not claimed") };
    let consumed: Vec<InputId> = claim.inputs.iter().map(|entry| entry.id).collect();
    let new = claim.record.token.after(&consumed);
    let set = WorkSet::Talk(channel());
    let effect = NewEffect { id: new.effect(0), set, body: body(250) };
    let commit = Commit {
        contact,
        expect: claim.record.token,
        new,
        hold: false,
        consumed,
        set_aside: Vec::new(),
        alarm: Some(claim.now + Span::hours(12)),
        journal: body(300),
        blob: body(300),
        keep: true,
        who,
        stop: StopMask::NONE,
        lanes: vec![LanePush { lane: Lane::Contact, due: Millis(0), take: true, effects: vec![effect] }],
        withdraw: Vec::new(),
        await_add: awaited.then(|| new.effect(0)).into_iter().collect(),
        await_remove: Vec::new(),
        live: Vec::new(),
    };
    let Committed::Ok { started, .. } = store.commit(commit).await.expect("commits") else { panic!("not written") };
    settled(store, &started[0], who).await;
}

/// The provider took what was started.
pub async fn settled(store: &dyn Store, started: &Started, who: Who) {
    let settle = Settle {
        lane: started.lane,
        set: started.set.clone(),
        id: started.id,
        attempt: started.attempt,
        result: SettleResult::Done,
        journal: body(100),
        reply: None,
        take: Vec::new(),
        gap: Span(0),
        who,
        instead: None,
    };
    assert!(matches!(store.settle(settle).await.expect("settles"), Settled::Ok { .. }));
}
