//! The store was moved: what its journal said of a contact before stands on another shard than what it says now.

use super::entries::*;
use super::{Ground, on_both, tables};
use replyflow::domain::journal::{Decision, Event};
use replyflow::domain::time::Millis;
use replyflow::store::JournalId;

on_both!(what_an_earlier_store_said_of_a_contact_goes_with_it);

const NOW: Millis = Millis(START + 1_000_000);

async fn what_an_earlier_store_said_of_a_contact_goes_with_it(ground: Ground) {
    // A folder has one shard and small places, Redis has many and counts by its clock.
    let folder: fn(u64) -> (u8, JournalId) = |number| (0, JournalId { time: 0, number });
    let redis: fn(u64) -> (u8, JournalId) = |number| (7, JournalId { time: START.unsigned_abs(), number });
    for (from, to) in [(folder, redis), (redis, folder)] {
        let other = Ground::new(ground.database.dialect()).await;
        let (writer, ann, ben) = (other.writer(), contact("ann"), contact("ben"));
        let mut journal = Journal::default();
        journal.at(0, ann, vec![received(1, "anns words", Decision::Inbox), told(profile(&[]))]);
        journal.at(1, ben, vec![received(2, "bens words", Decision::Inbox)]);
        journal.at(2, ann, vec![Event::Forgotten]);
        journal.at(3, ann, vec![received(3, "words of a new beginning", Decision::Inbox)]);
        for (n, mut item) in journal.items.into_iter().enumerate() {
            let (shard, id) = if n < 2 { from(n as u64 + 1) } else { to(n as u64 + 1) };
            item.id = id;
            writer.append(shard, vec![item], NOW).await.expect("written");
        }
        let after = tables::dump(&other).await;
        assert!(!after.iter().any(|line| line.contains("anns words")), "{after:#?}");
        let kinds = "SELECT kind FROM entry ORDER BY at";
        assert_eq!(other.lines(kinds).await, ["forgotten", "entry", "entry", "entry"]);
        assert_eq!(other.count("SELECT count(*) FROM entry WHERE kind = 'forgotten' AND length(body) > 0").await, 0);
        assert!(after.iter().any(|line| line.contains("bens words")) && after.iter().any(|line| line.contains("beginning")));
    }
}
