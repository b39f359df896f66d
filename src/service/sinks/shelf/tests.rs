//! Where sinks stand: what is read once, what is kept through a restart, what nobody is told any more.

use super::*;
use crate::config::history::Keep;
use crate::domain::id::Token;
use crate::domain::time::Span;
use crate::history::{Lines, Writer};
use crate::store::{JournalId, JournalItem, JournalRecord};
use bytes::Bytes;
use std::path::Path;

fn item(number: u64, at: i64) -> JournalItem {
    let events = vec![Event::Note { run: None, text: format!("n{number}") }];
    let contact = ContactKey::derive(b"s", "a");
    let entry = Entry { contact, token: Token(number), at: Millis(at), events };
    JournalItem { id: JournalId { time: 0, number }, record: JournalRecord::Entry(Bytes::from(codec::encode(&entry))) }
}

async fn writer(path: &Path, entries: Span) -> Writer {
    let database = Database::open_file(path).await.expect("opens");
    Writer::new(database, Lines::default(), Keep { entries: Some(entries), ..Keep::default() })
}

fn numbers(unread: &Unread) -> Vec<u64> {
    unread.entries.iter().flatten().map(|entry| entry.token.0).collect()
}

#[tokio::test]
async fn a_new_sink_begins_now_or_at_the_start_and_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let history = writer(&path, Span::days(30)).await;
    history.append(0, vec![item(1, 100), item(2, 200)], Millis(300)).await.expect("written");
    history.append(7, vec![item(3, 150)], Millis(300)).await.expect("written");

    let now = Shelf::open(history.database(), "now", Beginning::Now).await.expect("opens");
    assert_eq!(numbers(&now.unread(0).await.expect("read")), Vec::<u64>::new());
    let start = Shelf::open(history.database(), "start", Beginning::Start).await.expect("opens");
    let unread = start.unread(5).await.expect("read");
    assert_eq!((numbers(&unread), unread.oldest), (vec![3, 1, 2], Some(Millis(100))), "from the shard that was asked for");

    // A shard that had nothing when the sink was new is read from its first entry.
    history.append(0, vec![item(4, 400)], Millis(500)).await.expect("written");
    history.append(9, vec![item(5, 500)], Millis(500)).await.expect("written");
    let unread = now.unread(0).await.expect("read");
    assert_eq!(numbers(&unread), [4, 5]);
    now.told(&unread.places, 2, 1).await.expect("written");
    start.told(&[Place { shard: 0, time: 0, number: 2 }], 0, 0).await.expect("written");
    drop((now, start));

    let now = Shelf::open(history.database(), "now", Beginning::Now).await.expect("opens again");
    assert_eq!(numbers(&now.unread(0).await.expect("read")), Vec::<u64>::new());
    now.told(&[Place { shard: 0, time: 0, number: 1 }], 0, 0).await.expect("late");
    assert_eq!(numbers(&now.unread(0).await.expect("read")), Vec::<u64>::new(), "nobody moves it back");
    let standing = Shelf::standing(history.database(), "now").await.expect("read").expect("known");
    assert_eq!((standing.sent, standing.dropped, standing.waiting), (2, 1, 0));
    let standing = Shelf::standing(history.database(), "start").await.expect("read").expect("known");
    assert_eq!((standing.waiting, standing.oldest), (3, Some(Millis(150))));
    assert_eq!(Shelf::standing(history.database(), "never").await.expect("read"), None);
}

#[tokio::test]
async fn a_removed_sink_leaves_nothing_and_begins_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let history = writer(&path, Span::days(30)).await;
    history.append(0, vec![item(1, 100)], Millis(300)).await.expect("written");
    let gone = Shelf::open(history.database(), "gone", Beginning::Now).await.expect("opens");
    let stays = Shelf::open(history.database(), "stays", Beginning::Now).await.expect("opens");
    Shelf::retain(history.database(), &["stays"]).await.expect("written");
    // An instance that still runs with it writes nothing any more.
    gone.told(&[Place { shard: 0, time: 0, number: 1 }], 1, 0).await.expect("written");
    let counts = "SELECT (SELECT count(*) FROM sink), (SELECT count(*) FROM sink_place)";
    let rows = history.database().read(counts, &[]).await.expect("counted");
    assert_eq!((rows[0].int(0), rows[0].int(1)), (Ok(1), Ok(1)));
    drop(stays);
}

#[tokio::test]
async fn what_becomes_too_old_untold_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let history = writer(&path, Span::millis(1_000)).await;
    history.append(0, (1..=5).map(|n| item(n, n as i64)).collect(), Millis(300)).await.expect("written");
    let down = Shelf::open(history.database(), "down", Beginning::Start).await.expect("opens");
    let well = Shelf::open(history.database(), "well", Beginning::Start).await.expect("opens");
    well.told(&[Place { shard: 0, time: 0, number: 5 }], 5, 0).await.expect("written");
    down.told(&[Place { shard: 0, time: 0, number: 2 }], 2, 0).await.expect("written");
    history.append(0, vec![item(6, 5_000)], Millis(5_000)).await.expect("written");
    assert_eq!(history.tidy(Millis(5_000)).await, Ok(false));
    assert_eq!(down.unread(0).await.expect("read").missed, 3);
    assert_eq!(well.unread(0).await.expect("read").missed, 0);
    assert_eq!(numbers(&down.unread(0).await.expect("read")), [6]);
    assert_eq!(Shelf::standing(history.database(), "down").await.expect("read").expect("known").missed, 3);
}

#[tokio::test]
async fn what_is_read_at_once_is_bounded_and_begins_with_another_shard_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let history = writer(&path, Span::days(30)).await;
    for part in 0..3u64 {
        let items = (1..=500).map(|n| item(part * 500 + n, 100)).collect();
        history.append(3, items, Millis(300)).await.expect("written");
    }
    history.append(4, vec![item(9_999, 100)], Millis(300)).await.expect("written");
    let shelf = Shelf::open(history.database(), "s", Beginning::Start).await.expect("opens");
    let unread = shelf.unread(0).await.expect("read");
    assert_eq!((unread.entries.len(), unread.more), (ENTRIES, true));
    assert_eq!(unread.places, [Place { shard: 3, time: 0, number: 1_000 }]);
    let other = shelf.unread(4).await.expect("read");
    assert_eq!(numbers(&other)[0], 9_999);
}
