//! `docs/diagnostics.md`, made of the table of codes and of the fixtures.

use super::fixtures::Fixture;
use replyflow::cli::render::{self, Style};
use replyflow::flow::diagnostic::Severity;
use replyflow::flow::explain::{Explanation, GROUPS};
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# Diagnostics

Everything that `replyflow check` can say, with an example. An **error** keeps a flow from being published: customers stay with the
version before it. A **warning** is worth a look, and with `--strict` it fails as an error does.

`replyflow check --explain RF116` prints an entry at the terminal. [editors.md](editors.md) shows diagnostics while you write and in a
pull request.

This page is written by `cargo run --example diagnostics`, from the table in `src/flow/explain/` and the fixtures in `tests/data/`.
";

/// The page.
pub fn page(fixtures: &[Fixture]) -> String {
    let mut out = INTRODUCTION.to_owned();
    for group in GROUPS {
        let shown: Vec<(&Explanation, String)> =
            group.entries.iter().filter_map(|entry| Some((entry, example(entry, fixtures)?))).collect();
        // What only a store can show has no example in a file.
        if shown.is_empty() {
            continue;
        }
        let _ = write!(out, "\n## {}\n\n", group.title);
        for (entry, _) in &shown {
            let anchor = entry.code.to_string().to_lowercase();
            let _ = writeln!(out, "- [{}](#{anchor}) {}", entry.code, entry.title);
        }
        for (entry, example) in &shown {
            section(&mut out, entry, example);
        }
    }
    out
}

fn section(out: &mut String, entry: &Explanation, example: &str) {
    let severity = match entry.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    };
    let Explanation { code, title, means, matters, remedy, .. } = entry;
    let _ = write!(out, "\n### {code}\n\n**{severity}: {title}.** {means}\n\n```text\n{example}```\n");
    let _ = write!(out, "\n**Why it matters.** {matters}\n\n**What to do.** {remedy}\n");
}

/// What is printed of the first fault of this code, in the fixture that is called like it, else in any.
fn example(entry: &Explanation, fixtures: &[Fixture]) -> Option<String> {
    let code = entry.code.to_string();
    let own = fixtures.iter().filter(|fixture| fixture.name == code);
    let other = fixtures.iter().filter(|fixture| fixture.code() == Some(code.as_str()));
    let (fixture, diagnostic) = own
        .chain(other)
        .find_map(|fixture| Some((fixture, fixture.found.iter().find(|diagnostic| diagnostic.code == entry.code)?)))?;
    let source = fixture.texts.get(&*diagnostic.file).map(String::as_str);
    Some(render::text(diagnostic, source, Style::PLAIN))
}
