//! The suppression list: what it has of an address is changed by whoever saw it last, and whoever follows it misses nothing.

use super::world::{Backend, World, contact};
use bytes::Bytes;
use replyflow::domain::id::ContactKey;
use replyflow::store::{ListChange, ListChanged, ListMark};

fn body(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
}

impl World {
    async fn lists(&self, address: ContactKey, was: Option<Bytes>, now: Option<Bytes>) -> ListChanged {
        self.store.list_change(ListChange { address, was, now }).await.expect("answers")
    }

    async fn listed(&self) -> Vec<(ContactKey, Bytes)> {
        let page = self.store.list_page(None, 100).await.expect("answers");
        page.into_iter().map(|item| (item.address, item.body)).collect()
    }
}

pub async fn an_address_is_listed_as_it_was_seen_last(backend: Backend) {
    let world = World::new(backend).await;
    let (ann, ben) = (contact(1), contact(2));
    assert_eq!(world.store.list_mark().await, Ok(ListMark::default()));
    assert_eq!(world.store.list_find(ann).await, Ok(None));
    assert_eq!(world.lists(ann, None, body("a")).await, ListChanged::Ok);
    assert_eq!(world.lists(ann, None, body("a")).await, ListChanged::Ok, "the answer was lost");
    assert_eq!(world.lists(ann, None, body("b")).await, ListChanged::Other(body("a")), "somebody came first");
    assert_eq!(world.lists(ben, body("x"), None).await, ListChanged::Ok, "what is asked for is so already");
    assert_eq!(world.lists(ben, body("x"), body("y")).await, ListChanged::Other(None));
    assert_eq!(world.lists(ann, body("a"), body("\0b")).await, ListChanged::Ok);
    assert_eq!(world.store.list_find(ann).await, Ok(body("\0b")));
    assert_eq!(world.lists(ann, body("a"), None).await, ListChanged::Other(body("\0b")));
    assert_eq!(world.lists(ann, body("\0b"), None).await, ListChanged::Ok);
    assert_eq!((world.store.list_find(ann).await, world.listed().await), (Ok(None), Vec::new()));
}

pub async fn the_list_is_read_in_the_order_of_its_changes(backend: Backend) {
    let world = World::new(backend).await;
    for n in 1..=5 {
        assert_eq!(world.lists(contact(n), None, body("a")).await, ListChanged::Ok);
    }
    let first = world.store.list_mark().await.expect("answers");
    assert_eq!(world.lists(contact(2), body("a"), body("b")).await, ListChanged::Ok);
    assert_eq!(world.lists(contact(3), body("a"), None).await, ListChanged::Ok);
    let order = [2, 5, 4, 1].map(contact);
    assert_eq!(world.listed().await.iter().map(|(address, _)| *address).collect::<Vec<_>>(), order, "the last change first");
    let page = world.store.list_page(None, 2).await.expect("answers");
    let rest = world.store.list_page(Some(page[1].number), 100).await.expect("answers");
    assert_eq!([page, rest].concat().iter().map(|item| item.address).collect::<Vec<_>>(), order, "in parts");
    let since = world.store.list_after(first.number, 100).await.expect("answers");
    let mark = world.store.list_mark().await.expect("answers");
    assert_eq!(since, [(mark.number, contact(2))], "whoever knew the rest reads what came since");
    assert_ne!(mark, first);
    let all = world.store.list_after(0, 100).await.expect("answers");
    let numbers: Vec<u64> = all.iter().map(|(number, _)| *number).collect();
    assert!(numbers.is_sorted() && numbers.len() == 4, "{numbers:?}");
    let (before, _) = all[1];
    assert_eq!(world.store.list_after(before, 1).await, Ok(vec![all[2]]), "in parts");
}

pub async fn a_number_is_never_given_twice(backend: Backend) {
    let world = World::new(backend).await;
    world.lists(contact(1), None, body("a")).await;
    let first = world.store.list_mark().await.expect("answers");
    world.lists(contact(1), body("a"), None).await;
    assert_eq!(world.store.list_mark().await, Ok(first), "what is taken off need not be followed");
    world.lists(contact(2), None, body("a")).await;
    let since = world.store.list_after(first.number, 10).await.expect("answers");
    assert_eq!(since.iter().map(|(_, address)| *address).collect::<Vec<_>>(), [contact(2)]);
}
