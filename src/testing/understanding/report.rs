//! The figures for people: one line a kind, a table by language, then every wrong value in full.

use super::measure::{Figures, Measured};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The figures as text.
pub fn report(measured: &Measured) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut out, measured);
    out
}

fn write(out: &mut String, measured: &Measured) -> std::fmt::Result {
    writeln!(out, "{:<10} {:>9} {:>7} {:>6}", "kind", "precision", "recall", "rows")?;
    for (kind, figures) in &measured.kinds {
        let Figures { rows, .. } = figures;
        writeln!(out, "{kind:<10} {:>9.3} {:>7.3} {rows:>6}", figures.precision(), figures.recall())?;
    }
    for (kind, figures) in &measured.hard {
        let Figures { rows, .. } = figures;
        let name = format!("{kind} (hard)");
        writeln!(out, "{name:<17} {:>9.3} {:>7.3} {rows:>6}", figures.precision(), figures.recall())?;
    }
    by_language(out, measured)?;
    for (title, list) in [("Wrong values", &measured.wrong), ("Not understood", &measured.missed)] {
        writeln!(out, "\n{title}: {}", list.len())?;
        for wrong in list {
            let row = &wrong.row;
            let hard = if row.hard { " (hard)" } else { "" };
            let (got, expect) = (&wrong.got, &row.expect);
            writeln!(out, "  {} {}{hard}: {:?} was taken for {got}, meant {expect}", wrong.kind, row.lang, row.reply)?;
            writeln!(
                out,
                "      rule: {}; label: {}; answer: {}; now {} {}",
                wrong.reason, row.why, row.answer, row.now, row.tz
            )?;
        }
    }
    if !measured.skipped.is_empty() {
        writeln!(out, "\nNot measured: {}", measured.skipped.len())?;
        measured.skipped.iter().try_for_each(|row| writeln!(out, "  {row}"))?;
    }
    Ok(())
}

fn by_language(out: &mut String, measured: &Measured) -> std::fmt::Result {
    let kinds: BTreeSet<&String> = measured.kinds.keys().collect();
    let languages: BTreeSet<&String> = measured.languages.keys().map(|(language, _)| language).collect();
    write!(out, "\nPrecision / recall by language\n{:<6}", "")?;
    for kind in &kinds {
        write!(out, "{kind:>14}")?;
    }
    writeln!(out)?;
    for language in languages {
        write!(out, "{language:<6}")?;
        for kind in &kinds {
            let cell = match measured.languages.get(&(language.clone(), (*kind).clone())) {
                Some(figures) => format!("{:.3}/{:.3}", figures.precision(), figures.recall()),
                None => "-".to_owned(),
            };
            write!(out, "{cell:>14}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
