//! A record that holds much, made by the database itself.

use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep};
use replyflow::history::{Database, Dialect, Statement};
use std::path::Path;

/// 2026-01-01T00:00:00Z
pub const BEGIN: i64 = 1_767_225_600_000;
pub const DAY: i64 = 86_400_000;
/// Rows of one statement.
const PART: i64 = 200_000;

#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub messages: i64,
    pub runs: i64,
    pub contacts: i64,
    pub days: i64,
}

/// The key of a contact by its number.
pub fn contact(n: i64) -> String {
    format!("c{n:021}")
}

/// The day of this number.
pub fn day(n: i64) -> jiff::civil::Date {
    jiff::civil::date(2026, 1, 1).checked_add(jiff::Span::new().days(n)).expect("a day")
}

pub async fn filled(folder: &Path, size: Size) -> Database {
    let file = folder.join("history.db");
    let database = match std::env::var("READING_POSTGRES") {
        Ok(url) => {
            let toml = format!("[history]\npostgres = {url:?}\ntls = \"off\"\n");
            std::fs::write(folder.join("replyflow.toml"), toml).expect("written");
            let environment = replyflow::config::Environment::default();
            let secrets = replyflow::config::Secrets::Tolerated;
            let settings = replyflow::config::Settings::load(Some(&folder.join("replyflow.toml")), &environment, secrets);
            Database::open(&settings.unwrap_or_else(|mistakes| panic!("{mistakes}")).history).await
        }
        Err(_) => Database::open(&HistoryConfig { backend: HistoryBackend::Sqlite { file }, keep: Keep::default() }).await,
    };
    let database = database.expect("opens");
    let (text, key) = match database.dialect() {
        Dialect::Sqlite => ("CAST({} AS TEXT)", "printf('c%021d', {})"),
        Dialect::Postgres => ("CAST({} AS TEXT)", "'c' || lpad(CAST({} AS TEXT), 21, '0')"),
    };
    let text = |of: &str| text.replace("{}", of);
    let key = |of: &str| key.replace("{}", of);
    // A number spread over all contacts, and one spread evenly over the time.
    let who = key(&format!("(i * 7919) % {}", size.contacts));
    let when = |of: i64| format!("{BEGIN} + i * {}", (size.days * DAY / of.max(1)).max(1));
    many(
        &database,
        size.contacts,
        &format!("INSERT INTO contact (id, mode, created_at, changed_at) SELECT {}, 'live', {BEGIN}, {BEGIN} FROM n", key("i")),
    )
    .await;
    let said = format!("'My order ' || {} || ' has not come yet, please look for it'", text("i"));
    let id = format!("'m' || {}", text("i"));
    let sql = format!(
        "INSERT INTO message (id, contact, mode, direction, channel, kind, text, content, status, status_at, at, flow)
         SELECT {id}, {who}, 'live', CASE i % 2 WHEN 0 THEN 'in' ELSE 'out' END, 'main-sms', 'sms', {said}, '\"text\"', 'sent', {at}, {at}, 'shop' FROM n",
        at = when(size.messages)
    );
    many(&database, size.messages, &sql).await;
    let hex = match database.dialect() {
        Dialect::Sqlite => "printf('%016x', i + 1)".to_owned(),
        Dialect::Postgres => "lpad(to_hex(i + 1), 16, '0')".to_owned(),
    };
    let at = when(size.runs);
    let day_of = match database.dialect() {
        Dialect::Sqlite => format!("date(({at}) / 1000, 'unixepoch')"),
        Dialect::Postgres => format!("to_char(to_timestamp(({at}) / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
    };
    let state = format!("'state_' || {}", text("i % 8"));
    let sql = format!(
        "INSERT INTO run (contact, id, mode, flow, version, channel, language, arm, started_at, state, state_since, ended_at, \"end\", day)
         SELECT {who}, {hex}, 'live', 'shop', 'v1', 'main-sms', 'en', '', {at}, {state}, {at},
                CASE WHEN i % 10 = 0 THEN NULL ELSE {at} + 60000 END, CASE WHEN i % 10 = 0 THEN NULL ELSE 'done' END, {day_of} FROM n"
    );
    many(&database, size.runs, &sql).await;
    let sql = format!(
        "INSERT INTO happening (contact, token, idx, at, kind, run, detail)
         SELECT {who}, {hex}, 0, {at}, 'run.started', {hex}, '{{\"reason\":\"keyword\"}}' FROM n"
    );
    many(&database, size.runs, &sql).await;
    counters(&database, size).await;
    database
}

/// What a million runs leave in counters: each day over two channels, three languages, two arms and none, eight states with three
/// ways out and twenty times that they took.
async fn counters(database: &Database, size: Size) {
    for n in 0..size.days {
        let day = day(n).to_string();
        let each = (size.runs / size.days / 18).max(1);
        let groups = "(SELECT 'sms' AS channel UNION ALL SELECT 'whatsapp') c, (SELECT 'en' AS language UNION ALL SELECT 'es' UNION ALL SELECT 'pt') l,
                      (SELECT '' AS arm UNION ALL SELECT 'try/a' UNION ALL SELECT 'try/b') a";
        let numbers =
            |from: i64, to: i64| (from..=to).map(|i| format!("SELECT {i} AS i")).collect::<Vec<_>>().join(" UNION ALL ");
        let states = numbers(0, 7);
        let head =
            "INSERT INTO figure (flow, version, day, channel, language, arm, mode, state, what, bucket, n) SELECT 'shop', 'v1'";
        let state = "'state_' || CAST(s.i AS TEXT)";
        let statements = [
            format!("{head}, '{day}', c.channel, l.language, a.arm, 'live', '', 'entered', '', {each} FROM {groups}"),
            format!(
                "{head}, '{day}', c.channel, l.language, a.arm, 'live', '', 'ended', e.e, {each} / 3 FROM {groups}, (SELECT 'done' AS e UNION ALL SELECT 'expired') e"
            ),
            format!(
                "{head}, '{day}', c.channel, l.language, a.arm, 'live', {state}, 'entered', '', {each} FROM {groups}, ({states}) s"
            ),
            format!(
                "{head}, '{day}', c.channel, l.language, a.arm, 'live', {state}, 'left', 'way_' || CAST(w.i AS TEXT), {each} / 4 FROM {groups}, ({states}) s, ({}) w",
                numbers(1, 3)
            ),
            format!(
                "{head}, '{day}', c.channel, l.language, a.arm, 'live', {state}, 'took', CAST(t.i AS TEXT), 1 FROM {groups}, ({states}) s, ({}) t",
                numbers(100, 119)
            ),
        ];
        write(database, statements.to_vec()).await;
    }
    let sql = "INSERT INTO figure_total (flow, mode, state, what, bucket, n)
               SELECT flow, mode, state, what, bucket, CAST(SUM(n) AS BIGINT) FROM figure GROUP BY flow, mode, state, what, bucket";
    write(database, vec![sql.to_owned()]).await;
    let sql = "INSERT INTO figure_day (flow, mode, day, state, what, bucket, n)
               SELECT flow, mode, day, state, what, bucket, CAST(SUM(n) AS BIGINT) FROM figure GROUP BY flow, mode, day, state, what, bucket";
    write(database, vec![sql.to_owned()]).await;
    write(database, vec!["ANALYZE".to_owned()]).await;
}

/// So many rows: `n` holds their numbers, `i`.
async fn many(database: &Database, rows: i64, insert: &str) {
    for from in (0..rows).step_by(PART as usize) {
        let to = (from + PART).min(rows) - 1;
        let (head, select) = insert.split_once(" SELECT ").expect("a select");
        let sql = format!(
            "WITH RECURSIVE n (i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {to}) {head} SELECT {select}"
        );
        write(database, vec![sql]).await;
    }
}

async fn write(database: &Database, statements: Vec<String>) {
    let statements = statements.into_iter().map(|sql| Statement { sql: sql.into(), params: Vec::new() });
    database.write(statements.collect()).await.unwrap_or_else(|error| panic!("{error}"));
}
