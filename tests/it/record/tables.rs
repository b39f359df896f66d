//! All tables as text, to be compared.

use super::{Ground, line};
use replyflow::history::schema::OF_A_CONTACT;

/// Everything that entries become, in an order that is always the same.
pub async fn dump(ground: &Ground) -> Vec<String> {
    let mut all = Vec::new();
    for table in OF_A_CONTACT.iter().chain(&["contact", "figure"]) {
        let columns = if *table == "figure" { "* FROM figure WHERE n <> 0".to_owned() } else { format!("* FROM {table}") };
        let mut lines: Vec<String> = ground.rows(&format!("SELECT {columns}"), &[]).await.iter().map(line).collect();
        lines.sort();
        all.extend(lines.into_iter().map(|line| format!("{table}: {line}")));
    }
    let mut entries = ground.lines("SELECT contact, token, kind, body FROM entry").await;
    entries.sort();
    all.extend(entries.into_iter().map(|line| format!("entry: {line}")));
    all
}
