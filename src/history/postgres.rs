//! PostgreSQL: a pool of connections. The statements of a round are sent together, before the first is answered.

use super::cell::{Cell, Row, Statement};
use super::database::{Answers, Dialect, LONGEST, Round, Work};
use super::error::{HistoryError, with_causes};
use super::schema;
use crate::config::history::{PostgresSettings, PostgresTls};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts, Transaction};
use futures_util::future::{MaybeDone, maybe_done};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Statement as Prepared};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection that is not there by then is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the server holds to by itself: an instance that disappeared keeps no lock for hours, and nothing runs on that nobody waits for.
const SESSION: &str = "-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s -c tcp_keepalives_idle=30 \
                       -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";
/// How often a transaction is begun anew that another one was in the way of.
const AGAIN: u32 = 5;
/// The lock under which tables are changed: two instances may start at once.
const MIGRATING: i64 = 0x7266_6869_7374;

/// A server.
pub(super) struct Postgres {
    pool: Pool,
    longest: Duration,
}

impl Postgres {
    /// Connects; `migrate` brings the tables up to date, else they must be so already.
    pub(super) async fn open(settings: &PostgresSettings, migrate: bool) -> Result<Self, HistoryError> {
        let mut config: tokio_postgres::Config =
            settings.url.parse().map_err(|e: tokio_postgres::Error| HistoryError(with_causes(&e)))?;
        if let Some(password) = &settings.password {
            config.password(password.expose());
        }
        config.application_name("replyflow").connect_timeout(PATIENCE).keepalives_idle(Duration::from_secs(30));
        // A server that is gone without a word, and on its side an instance that is.
        config.tcp_user_timeout(LONGEST / 2);
        let theirs = config.get_options().map(|options| format!("{options} ")).unwrap_or_default();
        config.options(format!("{theirs}{SESSION}"));
        let (manager, sent) = (ManagerConfig { recycling_method: RecyclingMethod::Fast }, &mut config);
        let manager = match settings.tls {
            PostgresTls::Off => {
                sent.ssl_mode(tokio_postgres::config::SslMode::Disable);
                Manager::from_config(config, NoTls, manager)
            }
            PostgresTls::On => {
                sent.ssl_mode(tokio_postgres::config::SslMode::Require);
                Manager::from_config(config, tls(settings)?, manager)
            }
        };
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        let pool = Pool::builder(manager).max_size(settings.pool).timeouts(timeouts).runtime(Runtime::Tokio1);
        let opened = Postgres { pool: pool.build().map_err(|e| HistoryError(e.to_string()))?, longest: LONGEST };
        match migrate {
            true => opened.migrate().await?,
            false => opened.fits().await?,
        }
        Ok(opened)
    }

    async fn connection(&self) -> Result<Object, HistoryError> {
        self.pool.get().await.map_err(|error| HistoryError(format!("PostgreSQL: {}", with_causes(&error))))
    }

    pub(super) async fn read(&self, sql: &str, params: &[Cell]) -> Result<Vec<Row>, HistoryError> {
        let client = self.connection().await?;
        let work = async {
            let prepared = client.prepare_cached(sql).await?;
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|cell| cell as _).collect();
            rows(&client.query(&prepared, &params).await?)
        };
        let done = tokio::time::timeout(self.longest, work).await;
        done.unwrap_or_else(|_| late(client))
    }

    pub(super) async fn transact<W: Work>(&self, mut work: W) -> Result<W, HistoryError> {
        for _ in 0..AGAIN {
            let mut client = self.connection().await?;
            match tokio::time::timeout(self.longest, once(&mut client, &mut work)).await {
                Ok(Ok(None)) => return Ok(work),
                // Another transaction was in the way, and this one was undone.
                Ok(Ok(Some(_))) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => return late(client),
            }
        }
        Err(HistoryError("other transactions were in the way again and again".to_owned()))
    }

    async fn migrate(&self) -> Result<(), HistoryError> {
        let mut client = self.connection().await?;
        let transaction = client.transaction().await?;
        // Large tables take their time, and so does another instance that is at it.
        transaction.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await?;
        transaction.batch_execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)").await?;
        let version = transaction.query_opt("SELECT max(version) FROM schema_version", &[]).await?;
        let version = version.map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten().unwrap_or(0);
        if version > schema::VERSION {
            return Err(other_version(version));
        }
        for migration in schema::after(version) {
            transaction.batch_execute(&migration.text(Dialect::Postgres)).await?;
            transaction.execute("INSERT INTO schema_version VALUES ($1)", &[&migration.number]).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Whether the tables are what this release knows.
    async fn fits(&self) -> Result<(), HistoryError> {
        let there = self.read("SELECT to_regclass('schema_version')::text", &[]).await?;
        let version = match there.first().map(|row| row.opt_text(0)).transpose()?.flatten() {
            Some(_) => self.read("SELECT max(version) FROM schema_version", &[]).await?,
            None => Vec::new(),
        };
        let version = version.first().map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or(0);
        if version == schema::VERSION { Ok(()) } else { Err(other_version(version)) }
    }
}

fn other_version(version: i64) -> HistoryError {
    let known = schema::VERSION;
    let hint = if version < known { "; the service brings it up to date when it starts" } else { "" };
    HistoryError(format!("the tables in PostgreSQL have layout {version}, this release knows {known}{hint}"))
}

/// A connection whose answer did not come in time is not used again: the next one to have it would wait behind that answer.
fn late<T>(client: Object) -> Result<T, HistoryError> {
    drop(Object::take(client));
    Err(HistoryError("PostgreSQL did not answer in time".to_owned()))
}

/// Nothing if it is committed; why it can be begun anew.
async fn once<W: Work>(client: &mut Object, work: &mut W) -> Result<Option<HistoryError>, HistoryError> {
    let transaction = client.transaction().await?;
    let mut round = work.begin();
    loop {
        let (statements, reads) = match round {
            Round::Done => break,
            Round::Read(statements) => (statements, true),
            Round::Write(statements) => (statements, false),
        };
        let answers = match send(&transaction, &statements, reads).await {
            Ok(answers) => answers,
            Err(error) if in_the_way(&error) => return Ok(Some(error.into())),
            Err(error) => return Err(error.into()),
        };
        round = work.next(answers?)?;
    }
    match transaction.commit().await {
        Ok(()) => Ok(None),
        Err(error) if in_the_way(&error) => Ok(Some(error.into())),
        Err(error) => Err(error.into()),
    }
}

fn in_the_way(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED))
}

enum Answered {
    Rows(Vec<tokio_postgres::Row>),
    Changed(u64),
}

/// Sends all statements of a round, then reads their answers.
async fn send(
    transaction: &Transaction<'_>,
    statements: &[Statement],
    reads: bool,
) -> Result<Result<Answers, HistoryError>, tokio_postgres::Error> {
    let mut prepared: HashMap<&str, Prepared> = HashMap::new();
    for statement in statements {
        if !prepared.contains_key(&*statement.sql) {
            prepared.insert(&statement.sql, transaction.prepare_cached(&statement.sql).await?);
        }
    }
    let params: Vec<Vec<&(dyn ToSql + Sync)>> =
        statements.iter().map(|statement| statement.params.iter().map(|cell| cell as _).collect()).collect();
    let one = |(statement, params): (&Statement, _)| {
        let prepared = &prepared[&*statement.sql];
        let params: &Vec<&(dyn ToSql + Sync)> = params;
        Box::pin(maybe_done(async move {
            match reads {
                true => transaction.query(prepared, params).await.map(Answered::Rows),
                false => transaction.execute(prepared, params).await.map(Answered::Changed),
            }
        }))
    };
    let mut sent: Vec<Pin<Box<MaybeDone<_>>>> = statements.iter().zip(&params).map(one).collect();
    // The first poll of each sends it, so they are done in this order.
    poll_fn(|context| {
        for statement in &mut sent {
            let _ = statement.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let (mut changed, mut read) = (Vec::new(), Vec::new());
    for mut statement in sent {
        statement.as_mut().await;
        match statement.as_mut().take_output() {
            Some(Ok(Answered::Changed(n))) => changed.push(n),
            Some(Ok(Answered::Rows(rows))) => read.push(rows),
            Some(Err(error)) => return Err(error),
            None => {}
        }
    }
    Ok(match reads {
        true => read.iter().map(|all| rows(all)).collect::<Result<_, _>>().map(Answers::Rows),
        false => Ok(Answers::Changed(changed)),
    })
}

fn rows(all: &[tokio_postgres::Row]) -> Result<Vec<Row>, HistoryError> {
    let row = |row: &tokio_postgres::Row| {
        let cells = (0..row.len()).map(|i| row.try_get::<_, Cell>(i));
        cells.collect::<Result<_, _>>().map(Row).map_err(HistoryError::from)
    };
    all.iter().map(row).collect()
}

fn tls(settings: &PostgresSettings) -> Result<MakeRustlsConnect, HistoryError> {
    // Another part of the service may have named it already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(ca) = &settings.tls_ca {
        // Whoever names an authority trusts no other.
        roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca.expose().as_bytes()) {
            let bad = |what: String| HistoryError(format!("tls_ca of [history]: {what}"));
            let certificate = certificate.map_err(|e| bad(e.to_string()))?;
            roots.add(certificate).map_err(|e| bad(e.to_string()))?;
        }
    }
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
