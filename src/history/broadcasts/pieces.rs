//! The contacts of a broadcast in pieces. A page of an audience becomes pieces in the same transaction in which the place moves on, so a crash neither loses
//! nor repeats one. A piece that was begun and not ended is handed over again: the mailboxes know what they have.

use super::{Audience, Counts, Database, HistoryError, Row, Statement, guarded, listed, packed, unpacked};
use crate::domain::broadcast::BroadcastId;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::time::{Millis, Span};
use crate::history::query::Selection;
use crate::history::{Cell, Dialect};
use std::collections::HashSet;

/// Contacts of a piece at most.
pub const PIECE: usize = 500;
/// Contacts that are looked up at one time.
pub const PAGE: usize = 5_000;

/// A contact of an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub contact: ContactKey,
    /// The IANA name of their time zone.
    pub timezone: Option<String>,
}

/// How an audience is found: a query as the SQL that it is, from parameter 4 on.
#[derive(Debug, Clone)]
pub enum Whence {
    /// Those for whom this holds.
    Query(Selection),
    /// Those of whom an import's rows were.
    Import(String),
    /// These.
    Listed(Vec<ContactKey>),
}

/// The first parameter of a query's condition.
pub const FIRST: usize = 4;

impl Whence {
    /// Those of an import, or those who were named; a query must be understood first.
    pub async fn of(database: &Database, id: BroadcastId, audience: &Audience) -> Result<Option<Self>, HistoryError> {
        Ok(match audience {
            Audience::Query(_) => None,
            Audience::Import(job) => Some(Whence::Import(job.clone())),
            Audience::Listed(_) => Some(Whence::listed(listed(database, id).await?)),
        })
    }

    /// These, each once.
    pub fn listed(mut contacts: Vec<ContactKey>) -> Self {
        contacts.sort_unstable();
        contacts.dedup();
        Whence::Listed(contacts)
    }

    /// The next contacts behind one, in the order of their keys.
    pub async fn page(&self, database: &Database, mode: Mode, after: &str, count: usize) -> Result<Vec<Found>, HistoryError> {
        let rows = match self {
            Whence::Query(selection) => {
                let sql = format!(
                    "SELECT c.id, c.timezone FROM contact c WHERE c.mode = $1 AND c.id > $2 AND ({}) ORDER BY c.id LIMIT $3",
                    selection.sql
                );
                let mut params: Vec<Cell> = vec![mode.as_str().into(), after.into(), count.into()];
                params.extend(selection.params.iter().cloned());
                database.read(&sql, &params).await?
            }
            Whence::Import(job) => {
                // Whom the record does not know yet is in it all the same: a file is taken in faster than the record follows.
                let sql = "SELECT DISTINCT r.contact, c.timezone FROM import_row r LEFT JOIN contact c ON c.id = r.contact
                           WHERE r.job = $4 AND r.contact > $2 AND coalesce(c.mode, $1) = $1 ORDER BY r.contact LIMIT $3";
                database.read(sql, &[mode.as_str().into(), after.into(), count.into(), job.into()]).await?
            }
            Whence::Listed(all) => {
                let from = all.partition_point(|contact| contact.as_str() <= after);
                return zones(database, &all[from..(from + count).min(all.len())]).await;
            }
        };
        rows.iter().map(found).collect()
    }

    /// How many there are.
    pub async fn count(&self, database: &Database, mode: Mode) -> Result<u64, HistoryError> {
        let rows = match self {
            Whence::Listed(all) => return Ok(all.len() as u64),
            Whence::Query(selection) => {
                // The query's own parameters begin behind those of a page.
                let sql =
                    format!("SELECT count(*) FROM contact c WHERE c.mode = $1 AND $2 = '' AND $3 = 0 AND ({})", selection.sql);
                let mut params: Vec<Cell> = vec![mode.as_str().into(), "".into(), Cell::Int(0)];
                params.extend(selection.params.iter().cloned());
                database.read(&sql, &params).await?
            }
            Whence::Import(job) => {
                let sql = "SELECT count(DISTINCT r.contact) FROM import_row r LEFT JOIN contact c ON c.id = r.contact
                           WHERE r.job = $1 AND coalesce(c.mode, $2) = $2 AND r.contact IS NOT NULL";
                database.read(sql, &[job.into(), mode.as_str().into()]).await?
            }
        };
        rows.first().map_or(Ok(0), |row| Ok(row.int(0)?.unsigned_abs()))
    }
}

fn found(row: &Row) -> Result<Found, HistoryError> {
    let contact = ContactKey::parse(row.text(0)?).ok_or_else(|| HistoryError("a contact has no key".to_owned()))?;
    Ok(Found { contact, timezone: row.opt_text(1)?.map(str::to_owned) })
}

/// The time zones of these; one whom the record does not know yet has none.
pub async fn zones(database: &Database, contacts: &[ContactKey]) -> Result<Vec<Found>, HistoryError> {
    let mut all = Vec::with_capacity(contacts.len());
    for some in contacts.chunks(PIECE) {
        let (places, params) = places(some, 1);
        let rows = database.read(&format!("SELECT id, timezone FROM contact WHERE id IN ({places})"), &params).await?;
        let known = rows.iter().map(found).collect::<Result<Vec<_>, _>>()?;
        all.extend(some.iter().map(|contact| {
            let timezone = known.iter().find(|known| known.contact == *contact).and_then(|known| known.timezone.clone());
            Found { contact: *contact, timezone }
        }));
    }
    Ok(all)
}

/// `$1, $2 …` for contacts, and them. The last one stands there again until it is one of a few numbers: each number is a statement that a database keeps.
pub(super) fn places(contacts: &[ContactKey], first: usize) -> (String, Vec<Cell>) {
    let count = [1, 10, 50, 200, PIECE].into_iter().find(|count| *count >= contacts.len()).unwrap_or(contacts.len());
    let places: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    let all = contacts.iter().chain(contacts.last().into_iter().cycle()).take(count);
    (places.join(", "), all.map(|contact| Cell::from(*contact)).collect())
}

/// Whose page it is: what must still hold when it is written.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The broadcast.
    pub id: BroadcastId,
    /// Who works on it.
    pub owner: &'a str,
    /// Behind whom the page began.
    pub after: Option<&'a str>,
    /// How many pieces there were.
    pub pieces: i64,
}

/// Writes a page down in pieces of one time each; false if it is no longer this owner's, or was written before.
pub async fn write(
    database: &Database,
    page: Page<'_>,
    last: ContactKey,
    pieces: &[(Millis, Vec<ContactKey>)],
) -> Result<bool, HistoryError> {
    let Page { id, owner, after, pieces: before } = page;
    let same = match database.dialect() {
        Dialect::Sqlite => "IS",
        Dialect::Postgres => "IS NOT DISTINCT FROM",
    };
    let total: usize = pieces.iter().map(|(_, contacts)| contacts.len()).sum();
    let sql = format!(
        "UPDATE broadcast SET place = $4, pieces = pieces + $5, total = total + $6
         WHERE id = $1 AND owner = $2 AND state = 'resolving' AND place {same} $3"
    );
    let params: [Cell; 6] = [id.to_string().into(), owner.into(), after.into(), last.into(), pieces.len().into(), total.into()];
    let first = Statement { sql: sql.into(), params: params.to_vec() };
    let sql = "INSERT INTO broadcast_piece (broadcast, n, due, contacts) VALUES ($1, $2, $3, $4)";
    let piece = |(n, (due, contacts)): (i64, &(Millis, Vec<ContactKey>))| {
        Statement::new(sql, [id.to_string().into(), n.into(), (*due).into(), packed(contacts).into()])
    };
    guarded::only_if(database, first, (before..).zip(pieces).map(piece).collect()).await
}

/// A piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its number.
    pub n: i64,
    /// When its contacts get it.
    pub due: Millis,
    /// When somebody began to hand it over.
    pub begun_at: Option<Millis>,
    /// Its contacts.
    pub contacts: Vec<ContactKey>,
}

/// The next piece that was not handed over, whether its time has come or not.
pub async fn next(database: &Database, id: BroadcastId) -> Result<Option<Piece>, HistoryError> {
    let sql =
        "SELECT n, due, begun_at, contacts FROM broadcast_piece WHERE broadcast = $1 AND fed_at IS NULL ORDER BY due, n LIMIT 1";
    let rows = database.read(sql, &[id.to_string().into()]).await?;
    let piece =
        |row: &Row| Ok(Piece { n: row.int(0)?, due: row.at(1)?, begun_at: row.opt_at(2)?, contacts: unpacked(row.bytes(3)?) });
    rows.first().map(piece).transpose()
}

/// It is handed over later.
pub async fn later(database: &Database, id: BroadcastId, n: i64, due: Millis) -> Result<(), HistoryError> {
    let sql = "UPDATE broadcast_piece SET due = $3 WHERE broadcast = $1 AND n = $2 AND fed_at IS NULL";
    database.write(vec![Statement::new(sql, [id.to_string().into(), n.into(), due.into()])]).await.map(drop)
}

/// Somebody begins to hand it over.
pub async fn begun(database: &Database, id: BroadcastId, n: i64, now: Millis) -> Result<(), HistoryError> {
    let sql = "UPDATE broadcast_piece SET begun_at = $3 WHERE broadcast = $1 AND n = $2 AND begun_at IS NULL";
    database.write(vec![Statement::new(sql, [id.to_string().into(), n.into(), now.into()])]).await.map(drop)
}

/// All of it was handed over: counted once, however often it is said. `members` say who got nothing.
pub async fn ended(
    database: &Database,
    (id, n): (BroadcastId, i64),
    counts: Counts,
    now: Millis,
    members: Vec<Statement>,
) -> Result<(), HistoryError> {
    let sql = "UPDATE broadcast_piece SET fed_at = $3 WHERE broadcast = $1 AND n = $2 AND fed_at IS NULL";
    let first = Statement::new(sql, [id.to_string().into(), n.into(), now.into()]);
    let sql = "UPDATE broadcast SET fed = fed + $2, held = held + $3, gone = gone + $4 WHERE id = $1";
    let counted = Statement::new(sql, [id.to_string().into(), counts.fed.into(), counts.held.into(), counts.gone.into()]);
    let then = members.into_iter().chain([counted]).collect();
    guarded::only_if(database, first, then).await.map(drop)
}

/// Pieces whose morning is past for longer than this get it in the next one: somebody stopped it in between, or nobody was there.
pub async fn put_off(database: &Database, id: BroadcastId, now: Millis, late: Span) -> Result<u64, HistoryError> {
    const DAY: i64 = Span::days(1).0;
    let sql = format!(
        "UPDATE broadcast_piece SET due = due + {DAY} * (($2 - due + {DAY} - 1) / {DAY}) WHERE broadcast = $1 AND fed_at IS NULL AND due < $3"
    );
    let params: [Cell; 3] = [id.to_string().into(), now.into(), (now - late).into()];
    let changed = database.write(vec![Statement { sql: sql.into(), params: params.to_vec() }]).await?;
    Ok(changed.first().copied().unwrap_or(0))
}

/// Which of these the record knows as contacts of a mode.
pub async fn known(database: &Database, mode: Mode, contacts: &[ContactKey]) -> Result<HashSet<ContactKey>, HistoryError> {
    let (places, keys) = places(contacts, 2);
    let mut params: Vec<Cell> = vec![mode.as_str().into()];
    params.extend(keys);
    let rows = database.read(&format!("SELECT id FROM contact WHERE mode = $1 AND id IN ({places})"), &params).await?;
    Ok(rows.iter().filter_map(|row| row.text(0).ok().and_then(ContactKey::parse)).collect())
}

/// The pieces of one that is over are not needed any more.
pub fn forget(id: BroadcastId) -> Statement {
    Statement::new("DELETE FROM broadcast_piece WHERE broadcast = $1", [id.to_string().into()])
}
