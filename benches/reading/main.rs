//! What people ask of a record that holds much: a page of a contact's timeline, of messages, of a search, of runs, a run turn by
//! turn, a flow's figures. Rows are made by the database itself, so that ten million are there in minutes.
//!
//! `READING_MESSAGES` (default 1,000,000), `READING_RUNS` (1,000,000), `READING_CONTACTS` (10,000), `READING_DAYS` (90) say how much,
//! `READING_POSTGRES` the URL of an empty PostgreSQL database; else SQLite in a folder of its own.

mod ground;

use replyflow::domain::id::{ContactKey, RunId};
use replyflow::domain::mode::Mode;
use replyflow::domain::time::Millis;
use replyflow::history::read::{
    self, FiguresFilter, MessageFilter, RunFilter, SearchScope, Terms, figures, messages, runs, search, timeline, turns,
};
use std::time::{Duration, Instant};

/// How often each question is asked.
const TIMES: usize = 200;

fn main() {
    let number = |name: &str, default: i64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let size = ground::Size {
        messages: number("READING_MESSAGES", 1_000_000),
        runs: number("READING_RUNS", 1_000_000),
        contacts: number("READING_CONTACTS", 10_000),
        days: number("READING_DAYS", 90),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(size));
}

async fn measure(size: ground::Size) {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let database = ground::filled(folder.path(), size).await;
    println!(
        "{} with {} messages of {} contacts and {} runs over {} days, made in {:.0} s",
        database.dialect().as_str(),
        size.messages,
        size.contacts,
        size.runs,
        size.days,
        begun.elapsed().as_secs_f64()
    );
    println!("{:<56} {:>9} {:>9} {:>9}", "", "median", "p99", "most");
    let who = |i: usize| ContactKey::parse(&ground::contact((i as i64 * 7_919) % size.contacts)).expect("a key");
    let nobody = (None, None);
    let mut took = Vec::new();
    for i in 0..TIMES {
        let begun = Instant::now();
        let page = timeline(&database, Mode::Live, who(i), nobody, None, 51).await.expect("a page");
        took.push(begun.elapsed());
        assert!(!page.is_empty());
    }
    line("a contact's timeline, the first page", took);
    let mut took = Vec::new();
    for i in 0..TIMES {
        let middle = Millis(ground::BEGIN + size.days * ground::DAY / 2);
        let begun = Instant::now();
        timeline(&database, Mode::Live, who(i), (None, Some(middle)), None, 51).await.expect("a page");
        took.push(begun.elapsed());
    }
    line("a contact's timeline, from its middle", took);
    let mut took = Vec::new();
    let mut place = None;
    for _ in 0..TIMES {
        let begun = Instant::now();
        let page = messages(&database, &MessageFilter::default(), place.as_ref(), 51).await.expect("a page");
        took.push(begun.elapsed());
        place = page.last().map(|message| message.place());
    }
    line("messages, page after page", took);
    let mut took = Vec::new();
    for i in 0..TIMES {
        let terms = Terms::parse(&format!("order {}", (i as i64 * 7_919) % size.messages)).expect("words");
        let begun = Instant::now();
        let found = search(&database, &terms, &SearchScope::default(), None, 51).await.expect("a page");
        took.push(begun.elapsed());
        assert_eq!(found.len(), 1);
    }
    line("a search for one of them", took);
    let mut took = Vec::new();
    for i in 0..TIMES {
        let filter = RunFilter { contact: Some(who(i)), ..RunFilter::default() };
        let begun = Instant::now();
        runs(&database, &filter, None, 51).await.expect("a page");
        took.push(begun.elapsed());
    }
    line("a contact's runs", took);
    let mut took = Vec::new();
    for i in 0..TIMES {
        let id = RunId(((i as u64 * 7_919) % size.runs as u64) + 1);
        let begun = Instant::now();
        let run = read::run(&database, Mode::Live, id).await.expect("read").expect("there");
        turns(&database, run).await.expect("turns");
        took.push(begun.elapsed());
    }
    line("a run, turn by turn", took);
    let all = FiguresFilter::default();
    let lately = FiguresFilter { since: Some(ground::day(size.days * 2 / 3)), ..FiguresFilter::default() };
    for (name, filter) in [("figures of the flow, all time", all), ("figures of the flow, its last third", lately)] {
        let mut took = Vec::new();
        for _ in 0..TIMES / 10 {
            let begun = Instant::now();
            let told = figures(&database, "shop", &filter).await.expect("figures");
            took.push(begun.elapsed());
            assert!(told.all.entered > 0);
        }
        line(name, took);
    }
}

fn line(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1_000.0;
    println!("{what:<56} {:>6.2} ms {:>6.2} ms {:>6.2} ms", at(0.5), at(0.99), at(1.0));
}
