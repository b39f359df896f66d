//! `make understanding`: precision and recall of the understanding of replies, on the labelled replies in `tests/data/`, or
//! on those in the folder that `REPLYFLOW_REPLIES` names.

use replyflow::testing::understanding::{Corpus, measure, report};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let folders = match std::env::var_os("REPLYFLOW_REPLIES").filter(|folder| !folder.is_empty()) {
        Some(folder) => vec![PathBuf::from(folder)],
        None => ["replies", "replies_held_out", "replies_traps"].map(|name| data.join(name)).to_vec(),
    };
    for folder in folders {
        let name = folder.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&folder);
        match Corpus::read(&folder) {
            Ok(corpus) => println!("{}\n\n{}", name.display(), report(&measure(&corpus))),
            Err(why) => {
                eprintln!("understanding: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
