//! `cargo run --example diagnostics`: writes `docs/diagnostics.md` again, after a code, its explanation or a fixture changed.

#[path = "../tests/it/support/diagnostics_page.rs"]
mod diagnostics_page;
#[path = "../tests/it/support/fixtures.rs"]
mod fixtures;
#[path = "../tests/it/support/project.rs"]
mod project;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md");
    std::fs::write(page, diagnostics_page::page(&fixtures::checked()))
}
