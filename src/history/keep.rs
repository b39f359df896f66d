//! What is too old goes, in small bites beside the writing: no write waits for long.

use super::cell::{Cell, Statement};
use super::database::{Database, Dialect};
use super::error::HistoryError;
use crate::config::history::Keep;
use crate::domain::time::{Millis, Span};

/// Rows of one kind that go in one bite.
const BITE: i64 = 500;

/// One instance deletes at a time: the statements of a bite must mean the same rows.
const TURN: &str = "SELECT pg_advisory_xact_lock(491512062318)";
/// Entries that a sink was not told of before they go are counted for it.
const MISSED: &str = "UPDATE sink SET missed = missed + (
        SELECT count(*) FROM (SELECT contact, token, shard, time, number FROM entry WHERE at < $1 ORDER BY at, contact, token LIMIT $2) AS old
        LEFT JOIN sink_place AS place ON place.sink = sink.name AND place.shard = old.shard
        WHERE place.sink IS NULL OR (old.time, old.number) > (place.time, place.number))";
const ENTRIES: &str = "DELETE FROM entry WHERE (contact, token) IN
        (SELECT contact, token FROM entry WHERE at < $1 ORDER BY at, contact, token LIMIT $2)";
const MESSAGES: &str = "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE at < $1 ORDER BY at, id LIMIT $2)";
const HAPPENINGS: &str = "DELETE FROM happening WHERE (contact, token, idx) IN
        (SELECT contact, token, idx FROM happening WHERE at < $1 ORDER BY at, contact, token, idx LIMIT $2)";
const AUDIT: &str = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT $2)";
/// What is left of contacts who were a part of somebody who was deleted, and how long: nothing of theirs is on its way any more.
const PARTS: &str = "DELETE FROM contact WHERE id IN (SELECT id FROM contact WHERE mode = 'gone' AND changed_at < $1 ORDER BY changed_at, id LIMIT $2)";
const PARTS_KEPT: Span = Span::days(30);
/// Contacts of broadcasts that are over, and how long: until nobody is in the middle of one any more.
const PIECES: &str = "DELETE FROM broadcast_piece WHERE (broadcast, n) IN
        (SELECT p.broadcast, p.n FROM broadcast_piece p JOIN broadcast b ON b.id = p.broadcast WHERE b.ended_at < $1
         ORDER BY p.broadcast, p.n LIMIT $2)";
const PIECES_KEPT: Span = Span::days(1);
/// A broadcast goes when the last of those who got nothing went.
const BROADCASTS: [&str; 2] = [
    "DELETE FROM broadcast WHERE id IN (SELECT b.id FROM broadcast b WHERE b.ended_at < $1
         AND NOT EXISTS (SELECT 1 FROM broadcast_member m WHERE m.broadcast = b.id)
         AND NOT EXISTS (SELECT 1 FROM broadcast_piece p WHERE p.broadcast = b.id) ORDER BY b.ended_at, b.id LIMIT $2)",
    "DELETE FROM broadcast_member WHERE (broadcast, contact) IN
        (SELECT m.broadcast, m.contact FROM broadcast b JOIN broadcast_member m ON m.broadcast = b.id WHERE b.ended_at < $1
         ORDER BY m.broadcast, m.contact LIMIT $2)",
];
/// The run itself last: the others go by what it says.
const RUNS: [&str; 5] = [
    "DELETE FROM step WHERE (contact, run) IN (SELECT contact, id FROM run WHERE ended_at < $1 ORDER BY ended_at, contact, id LIMIT $2)",
    "DELETE FROM run_value WHERE (contact, run) IN (SELECT contact, id FROM run WHERE ended_at < $1 ORDER BY ended_at, contact, id LIMIT $2)",
    "DELETE FROM call WHERE (contact, run) IN (SELECT contact, id FROM run WHERE ended_at < $1 ORDER BY ended_at, contact, id LIMIT $2)",
    "DELETE FROM handoff WHERE (contact, run) IN (SELECT contact, id FROM run WHERE ended_at < $1 ORDER BY ended_at, contact, id LIMIT $2)",
    "DELETE FROM run WHERE (contact, id) IN (SELECT contact, id FROM run WHERE ended_at < $1 ORDER BY ended_at, contact, id LIMIT $2)",
];

/// Deletes one bite of what is too old. True if there may be more.
pub(super) async fn bite(database: &Database, keep: &Keep, now: Millis) -> Result<bool, HistoryError> {
    let Keep { entries, messages, runs, happenings, audit, .. } = *keep;
    let kinds: [(Option<Span>, &[&'static str]); 8] = [
        (entries, &[MISSED, ENTRIES]),
        (messages, &[MESSAGES]),
        (happenings, &[HAPPENINGS]),
        (runs, &RUNS),
        (audit, &[AUDIT]),
        (Some(PARTS_KEPT), &[PARTS]),
        (Some(PIECES_KEPT), &[PIECES]),
        (runs, &BROADCASTS),
    ];
    let mut more = false;
    for (age, statements) in kinds {
        let Some(age) = age else { continue };
        let params: [Cell; 2] = [(now - age).into(), BITE.into()];
        let turn = (database.dialect() == Dialect::Postgres).then(|| Statement::new(TURN, []));
        let statements = turn.into_iter().chain(statements.iter().map(|sql| Statement::new(sql, params.clone()))).collect();
        let gone = database.write(statements).await?;
        more |= gone.last().is_some_and(|n| *n >= BITE.unsigned_abs());
    }
    Ok(more)
}
