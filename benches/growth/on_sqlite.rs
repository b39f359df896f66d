//! The same work on an embedded store that grows. Each piece is done by a process of its own on the file that lies there: by itself, when its reads are counted,
//! and below valgrind.

use super::counted::{self, COUNTED, WARM};
use super::fill::{Stock, fill};
use super::series::{self, Kind, Measure};
use super::work::{BESIDE, Work};
use replyflow::store::{EmbeddedStore, StoreSettings};
use std::path::Path;

/// Messages that wait again after some of them were sent.
const AGAIN: usize = 1_000;
/// Numbers of one process.
const NUMBERS: usize = 1_000_000;

/// Lets the contacts grow and adds what each work costs.
pub async fn grow(stock: Stock, works: &[(Work, &'static str)], sizes: &[u64], measures: &mut [Vec<Measure>]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    // Makes it.
    drop(EmbeddedStore::open(path, StoreSettings::default()).expect("opens"));
    if stock == Stock::Waiting {
        fill(&beside(path), Stock::Rest, 0..BESIDE).await;
    }
    let mut values: Vec<(Vec<Option<f64>>, Vec<f64>)> = works.iter().map(|_| (Vec::new(), Vec::new())).collect();
    let (mut filled, mut processes) = (0, 0);
    for size in sizes {
        let size = *size as usize;
        fill(&beside(path), stock, filled..size).await;
        filled = size;
        for ((work, _), (instructions, reads)) in works.iter().zip(&mut values) {
            let mut role = |warm: usize, times: usize| {
                processes += 1;
                let (work, stock, from) = (work.name(), stock.name(), processes * NUMBERS);
                format!("store {work} {stock} {size} {from} {warm} {times} {}", path.display())
            };
            let alone = counted::alone(&role(WARM, 2 * COUNTED));
            reads.push(alone.parse().unwrap_or_else(|_| panic!("no number: {alone}")));
            let roles = [role(0, WARM), role(0, WARM + COUNTED)];
            if *work == Work::Send {
                fill(&beside(path), stock, 0..AGAIN.min(size)).await;
            }
            instructions.push(counted::instructions(|times| roles[usize::from(times > WARM)].clone()));
        }
    }
    for (measures, (instructions, reads)) in measures.iter_mut().zip(values) {
        let instructions = series::counted(instructions);
        measures.push(Measure { kind: Kind::Instructions, name: "embedded: instructions", values: instructions });
        measures.push(Measure { kind: Kind::Reads, name: "embedded: reads", values: reads });
    }
}

/// The store that lies there, as a command has it: nothing is looked through when it is opened.
fn beside(folder: &Path) -> EmbeddedStore {
    EmbeddedStore::open_beside(folder, StoreSettings::default()).expect("opens")
}

/// The process that is counted. Prints how often it read for each of the pieces behind the warm ones.
pub fn be(work: &str, stock: &str, (size, from): (usize, usize), (warm, times): (usize, usize), folder: &str) {
    let (work, stock) = (Work::parse(work), Stock::parse(stock));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = beside(Path::new(folder));
        let mut before = 0;
        for n in 0..warm + times {
            if n == warm {
                before = reads();
            }
            // Other contacts in each process.
            work.once(&store, stock, size, (from / 1_000 + n, (from + n) as u64)).await;
        }
        println!("{}", (reads() - before) as f64 / times.max(1) as f64);
    });
}

/// Reads of this process so far, as the kernel counts them.
fn reads() -> u64 {
    let told = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    told.lines().find_map(|line| line.strip_prefix("syscr:")).and_then(|n| n.trim().parse().ok()).unwrap_or(0)
}
