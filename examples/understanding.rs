//! `make understanding`: precision and recall of the understanding of replies, on the labelled replies in
//! `tests/data/replies/` and on further ones in the folder that `REPLYFLOW_REPLIES` names.

use replyflow::testing::understanding::{Corpus, measure, report};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replies");
    let further = std::env::var_os("REPLYFLOW_REPLIES").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    for (name, folder) in
        [("tests/data/replies".to_owned(), ours)].into_iter().chain(further.map(|folder| (folder.display().to_string(), folder)))
    {
        let measured = Corpus::read(&folder).map_err(|error| error.to_string()).and_then(|corpus| measure(&corpus));
        match measured {
            Ok(measured) => println!("{name}\n\n{}", report(&measured)),
            Err(why) => {
                eprintln!("understanding: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
