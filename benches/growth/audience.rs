//! The audience of a broadcast lies in the record in pieces of 500 contacts. Finding the next piece and putting it off is what each of them costs, beside its
//! contacts' messages.

use super::counted;
use super::series::{self, Dimension, Kind, Measure};
use replyflow::domain::broadcast::BroadcastId;
use replyflow::domain::id::ContactKey;
use replyflow::domain::time::Millis;
use replyflow::history::broadcasts::{packed, pieces};
use replyflow::history::{Cell, Database, Statement};
use std::path::Path;

/// Pieces that are written at one time.
const AT_ONCE: usize = 100;
/// When the first one is due.
const DUE: i64 = 1_700_000_000_000;

fn broadcast() -> BroadcastId {
    BroadcastId::of(1)
}

/// Lets the audience grow; the sizes are contacts.
pub async fn grow(sizes: Vec<u64>) -> Dimension {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.db");
    let mut values = Vec::new();
    let (mut filled, mut processes) = (0, 0);
    for size in &sizes {
        let pieces = (*size as usize).div_ceil(pieces::PIECE);
        {
            let record = Database::open_file(&file).await.expect("opens");
            fill(&record, filled, pieces).await;
        }
        filled = pieces;
        processes += 1;
        let from = processes * 1_000_000;
        values.push(counted::instructions(|times| format!("audience {} {times} {}", from + times, file.display())));
    }
    let values = series::counted(values);
    let measures = vec![Measure { kind: Kind::Instructions, name: "the next 500 of them: instructions (SQLite)", values }];
    Dimension { name: "contacts of a broadcast", sizes, measures }
}

async fn fill(record: &Database, from: usize, to: usize) {
    let all: Vec<usize> = (from..to).collect();
    for some in all.chunks(AT_ONCE) {
        record.write(some.iter().map(|n| piece(*n)).collect()).await.expect("written");
    }
}

fn piece(n: usize) -> Statement {
    let contacts: Vec<ContactKey> =
        (0..pieces::PIECE).map(|i| ContactKey::derive(b"growth", &format!("piece {n} {i}"))).collect();
    let params: Vec<Cell> =
        vec![broadcast().to_string().into(), (n as i64).into(), Millis(DUE + n as i64).into(), packed(&contacts).into()];
    Statement::new("INSERT INTO broadcast_piece (broadcast, n, due, contacts) VALUES ($1, $2, $3, $4)", params)
}

/// The process that is counted.
pub fn be(from: usize, times: usize, file: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let record = Database::open_file(Path::new(file)).await.expect("opens");
        for n in from..from + times {
            let piece = pieces::next(&record, broadcast()).await.expect("reads").expect("a piece");
            assert_eq!(piece.contacts.len(), pieces::PIECE);
            // Behind all others.
            pieces::later(&record, broadcast(), piece.n, Millis(DUE + n as i64)).await.expect("writes");
        }
    });
}
