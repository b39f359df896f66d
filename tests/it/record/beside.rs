//! What commands and sinks read beside the service; connections that are encrypted; what is said when a database does not fit.

use super::entries::*;
use super::{Ground, on_both};
use crate::support::postgres::{self, PostgresServer};
use replyflow::config::history::{HistoryBackend, PostgresTls};
use replyflow::config::secret::Secret;
use replyflow::config::sinks::Beginning;
use replyflow::domain::journal::Decision;
use replyflow::domain::time::Millis;
use replyflow::history::{Cell, Database, ExportFilter, Statement, export};
use replyflow::service::Shelf;

on_both!(the_journal_is_exported_in_the_order_of_time, a_sink_reads_on_where_it_stood, numbers_of_all_kinds_are_read);

const NOW: Millis = Millis(START);

async fn the_journal_is_exported_in_the_order_of_time(ground: Ground) {
    let (mut journal, ann, ben) = (Journal::default(), contact("ann"), contact("ben"));
    for n in 0..1_100 {
        journal.at(1_100 - n, if n % 2 == 0 { ann } else { ben }, vec![received(n as u64 + 1, "x", Decision::Inbox)]);
    }
    ground.writer().append(0, journal.items, NOW).await.expect("written");
    let beside = Database::open_beside(&ground.config).await.expect("opens beside the service");
    let all = async |filter: ExportFilter| {
        let mut times = Vec::new();
        let each = |entry: replyflow::history::Exported| {
            times.push(entry.json["at"].as_i64().expect("a time"));
            true
        };
        export(&beside, &filter, each).await.expect("read");
        times
    };
    let times = all(ExportFilter::default()).await;
    assert_eq!(times.len(), 1_100);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(all(ExportFilter { contact: Some(ben), since: None }).await.len(), 550);
    assert_eq!(all(ExportFilter { contact: None, since: Some(Millis(START + 1_001_000)) }).await.len(), 100);
}

async fn a_sink_reads_on_where_it_stood(ground: Ground) {
    let (mut journal, ann, writer) = (Journal::default(), contact("ann"), ground.writer());
    for n in 0..300 {
        journal.at(n, ann, vec![received(n as u64 + 1, "x", Decision::Inbox)]);
    }
    writer.append(7, journal.items.clone(), NOW).await.expect("written");
    let now = Shelf::open(&ground.database, "now", Beginning::Now).await.expect("opens");
    let start = Shelf::open(&ground.database, "start", Beginning::Start).await.expect("opens");
    assert!(now.unread(0).await.expect("read").entries.is_empty());
    let unread = start.unread(9).await.expect("read");
    assert_eq!((unread.entries.len(), unread.oldest), (300, Some(Millis(START))));
    start.told(&unread.places, 300, 2).await.expect("written");
    journal.at(400, ann, vec![received(999, "x", Decision::Inbox)]);
    writer.append(7, journal.items, NOW).await.expect("written");
    for shelf in [&now, &start] {
        assert_eq!(shelf.unread(0).await.expect("read").entries.len(), 1);
    }
    let standing = Shelf::standing(&ground.database, "start").await.expect("read").expect("known");
    assert_eq!((standing.sent, standing.dropped, standing.waiting), (300, 2, 1));
    Shelf::retain(&ground.database, &["now"]).await.expect("written");
    assert_eq!(Shelf::standing(&ground.database, "start").await, Ok(None));
}

async fn numbers_of_all_kinds_are_read(ground: Ground) {
    let sql = "INSERT INTO contact_attribute (contact, name, number) VALUES ($1, $2, $3)";
    let row = |name: &str, n: f64| Statement::new(sql, ["a".into(), name.into(), n.into()]);
    ground.database.write(vec![row("x", 1.5), row("y", -4.0), row("z", 1e18)]).await.expect("written");
    let rows = ground.rows("SELECT sum(number), count(*), avg(number) FROM contact_attribute WHERE name <> 'z'", &[]).await;
    assert_eq!((rows[0].real(0), rows[0].int(1), rows[0].real(2)), (Ok(-2.5), Ok(2), Ok(-1.25)));
    let rows = ground.rows("SELECT $1, $2 + 1, sum(one) FROM (SELECT 1 AS one) AS ones", &["text".into(), Cell::Int(41)]).await;
    assert_eq!((rows[0].text(0), rows[0].int(1), rows[0].int(2)), (Ok("text"), Ok(42), Ok(1)));
}

#[tokio::test]
async fn postgres_is_spoken_to_encrypted_and_only_to_the_server_that_it_should_be() {
    let certificate = include_bytes!("../../data/smtp/cert.pem");
    let key = include_bytes!("../../data/smtp/key.pem");
    let files: [(&str, &[u8]); 2] = [("server.crt", certificate), ("server.key", key)];
    let start = move || PostgresServer::start_with(&files, &["-c", "ssl=on"]);
    let server = tokio::task::spawn_blocking(start).await.expect("a server");
    server.database().await;
    let open = async |host: &str, ca: Option<&[u8]>| {
        let mut config = postgres::settings(&format!("postgres://replyflow@{host}:{}/test0", server.port()));
        if let HistoryBackend::Postgres(settings) = &mut config.backend {
            settings.tls = PostgresTls::On;
            settings.tls_ca = ca.map(|pem| Secret::new(String::from_utf8_lossy(pem)));
        }
        Database::open(&config).await
    };
    let database = open("localhost", Some(certificate)).await.expect("its own authority");
    let rows = database.read("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await.expect("read");
    assert_eq!(rows[0].int(0), Ok(1));
    let stranger = open("localhost", None).await;
    assert!(stranger.is_err_and(|error| error.0.contains("certificate")), "no public authority knows it");
}

#[tokio::test]
async fn tables_of_another_release_are_refused() {
    let ground = Ground::new(replyflow::history::Dialect::Postgres).await;
    ground.database.write(vec![Statement::new("INSERT INTO schema_version VALUES (99)", [])]).await.expect("written");
    for opened in [Database::open(&ground.config).await, Database::open_beside(&ground.config).await] {
        assert!(opened.is_err_and(|error| error.0.contains("layout 99")));
    }
}
