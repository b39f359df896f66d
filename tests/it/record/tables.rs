//! All tables as text, to be compared.

use super::{Ground, line};
use replyflow::history::schema::OF_A_CONTACT;

/// Everything that entries become, in an order that is always the same.
pub async fn dump(ground: &Ground) -> Vec<String> {
    let mut all = Vec::new();
    for table in OF_A_CONTACT.iter().chain(&["contact", "figure", "figure_day", "figure_total"]) {
        let columns =
            if table.starts_with("figure") { format!("* FROM {table} WHERE n <> 0") } else { format!("* FROM {table}") };
        let mut rows = ground.rows(&format!("SELECT {columns}"), &[]).await;
        if *table == "message" {
            // Its number, which is given again when a batch is.
            rows.iter_mut().for_each(|row| drop(row.0.remove(0)));
        }
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        lines.sort();
        all.extend(lines.into_iter().map(|line| format!("{table}: {line}")));
    }
    let mut entries = ground.lines("SELECT contact, token, kind, body FROM entry").await;
    entries.sort();
    all.extend(entries.into_iter().map(|line| format!("entry: {line}")));
    all
}
