//! `cargo run --example providers`: writes the table of `docs/providers/README.md` again, after an adapter changed.

use replyflow::provider::table;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/providers/README.md");
    let old = std::fs::read_to_string(&path)?;
    match table::page(&old) {
        Some(page) => std::fs::write(path, page),
        None => Err(std::io::Error::other("the page has no marks around its table")),
    }
}
