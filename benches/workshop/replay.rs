//! `replyflow replay` of many conversations, beside the same messages that are only played.

use super::ground::{Ground, NOW};
use super::least;
use replyflow::domain::journal::Entry;
use replyflow::domain::message::InboundContent;
use replyflow::domain::time::Span;
use replyflow::testing::replay::{Draft, Replay};

/// Conversations of five messages each.
const CONVERSATIONS: usize = 10_000;

pub fn run() {
    let ground = Ground::new();
    let name = ground.flow.name.as_str();
    let record = || {
        let mut entries: Vec<Entry> = Vec::new();
        for n in 0..CONVERSATIONS {
            let (mut world, phone) = (ground.world(), Ground::phone(n));
            world.wait_until(NOW + Span::seconds(n as i64)).expect("time");
            for text in [name, "To a shop", "4", "no"] {
                world.write(&phone, &ground.channel, text.to_owned(), InboundContent::Text).expect("a message");
                world.wait(Span::minutes(1)).expect("time");
            }
            // Nobody answers any more: the run ends.
            world.wait(Span::hours(30)).expect("time");
            entries.append(&mut world.journal);
        }
        entries
    };
    let (played, entries) = least(record);
    let lines: Vec<String> = entries.iter().map(|entry| serde_json::to_string(entry).expect("JSON")).collect();
    let (replayed, report) = least(|| {
        let mut replay = Replay::new(Draft::new(ground.catalog.clone(), ground.project.clone(), ground.flow.clone()));
        for line in &lines {
            let entry: Entry = serde_json::from_str(line).expect("an entry");
            replay.entry(entry);
        }
        replay.finish();
        replay.report
    });
    assert_eq!((report.conversations, report.different), (CONVERSATIONS, 0));
    println!(
        "Replay: {CONVERSATIONS} conversations, {} entries of the journal; seconds of CPU, the least of three.",
        lines.len()
    );
    println!("  the same messages only played  {played:6.3}");
    println!("  read and replayed              {replayed:6.3}  {:5.2} × that", replayed / played);
    println!("  {:.0} conversations a second", CONVERSATIONS as f64 / replayed);
}
