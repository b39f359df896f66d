//! What does not fit into the record, or cannot be read, holds up nothing that comes after it, and is not lost.

use super::entries::*;
use super::{Ground, on_both};
use replyflow::domain::codec;
use replyflow::domain::journal::{AttemptOutcome, Entry, Event};
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::store::{JournalItem, JournalRecord};

on_both!(long_names_and_attributes_fit, what_cannot_be_read_is_kept_and_folded_later, what_never_fits_stands_alone);

const NOW: Millis = Millis(START);

/// Text that no compression makes short.
fn noise(chars: usize, alphabet: &[char]) -> String {
    let mut state = 1u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        alphabet[(state >> 33) as usize % alphabet.len()]
    };
    (0..chars).map(next).collect()
}

async fn long_names_and_attributes_fit(ground: Ground) {
    let ideographs: Vec<char> = ('\u{4e00}'..'\u{9fff}').collect();
    let hex: Vec<char> = "0123456789abcdef".chars().collect();
    let mut long = profile(&["vip"]);
    long.name = Some(noise(1_000, &ideographs));
    long.attributes.push((name("note"), Value::text(noise(20_000, &hex))));
    let mut journal = Journal::default();
    journal.at(1, contact("ann"), vec![told(long)]);
    journal.at(2, contact("ben"), vec![received(1, "hello", replyflow::domain::journal::Decision::Inbox)]);
    assert_eq!(ground.writer().append(0, journal.items, NOW).await, Ok(2));
    assert_eq!(ground.lines("SELECT kind FROM entry ORDER BY at").await, ["entry", "entry"]);
    assert_eq!(ground.count("SELECT length(text) FROM contact_attribute WHERE name = 'note'").await, 20_000);
    assert_eq!(ground.count("SELECT count(*) FROM message").await, 1);
}

async fn what_cannot_be_read_is_kept_and_folded_later(ground: Ground) {
    let mut journal = Journal::default();
    journal.at(3, contact("ann"), vec![sent(1, None, "an answer")]);
    let Some(JournalItem { record: JournalRecord::Entry(body), .. }) = journal.items.first_mut() else { panic!("an entry") };
    let readable = body.clone();
    // As a newer release would write it: an event that this one does not know.
    let at = body.windows(4).position(|part| part == b"Sent" || part == b"sent").expect("its name");
    let mut strange = body.to_vec();
    strange[at..at + 4].copy_from_slice(b"Zent");
    *body = strange.clone().into();
    assert!(codec::decode::<Entry>(&strange).is_err());
    let writer = ground.writer();
    assert_eq!(writer.append(0, journal.items, NOW).await, Ok(1));
    assert_eq!(ground.lines("SELECT kind FROM entry").await, ["unread"]);
    assert_eq!((writer.fold_unread().await, ground.count("SELECT count(*) FROM message").await), (Ok(0), 0));
    // The newer release starts: it can read it.
    let sql = "UPDATE entry SET body = $1";
    let body = replyflow::history::Cell::Bytes(readable.to_vec());
    ground.database.write(vec![replyflow::history::Statement::new(sql, [body])]).await.expect("written");
    assert_eq!(writer.fold_unread().await, Ok(1));
    assert_eq!(writer.fold_unread().await, Ok(0), "once");
    assert_eq!(ground.lines("SELECT kind FROM entry").await, ["entry"]);
    assert_eq!(ground.count("SELECT count(*) FROM message").await, 1);
}

async fn what_never_fits_stands_alone(ground: Ground) {
    let hex: Vec<char> = "0123456789abcdef".chars().collect();
    let mut journal = Journal::default();
    journal.at(4, contact("ann"), vec![sent(1, None, "first")]);
    let mut long = attempted(1, 1, AttemptOutcome::Accepted);
    let Event::Attempted { provider_id, .. } = &mut long else { panic!("an attempt") };
    *provider_id = Some(noise(20_000, &hex));
    journal.at(5, contact("ann"), vec![long]);
    journal.at(6, contact("ann"), vec![sent(2, None, "second")]);
    assert_eq!(ground.writer().append(0, journal.items, NOW).await, Ok(3));
    let kinds = ground.lines("SELECT kind FROM entry ORDER BY at, token").await;
    match ground.database.dialect() {
        replyflow::history::Dialect::Sqlite => assert_eq!(kinds, ["entry"; 3]),
        replyflow::history::Dialect::Postgres => assert_eq!(kinds.iter().filter(|kind| *kind == "unread").count(), 1),
    }
    assert_eq!(ground.count("SELECT count(*) FROM message").await, 2, "what stands beside it is there");
}
