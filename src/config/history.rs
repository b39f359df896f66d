//! Where the record is kept that people read, and for how long: `[history]`.

use super::schema::Setting::{self, Text, Whole, Word};
use super::secret::Secret;
use super::section::{Secrets, Section};
use super::server::size;
use super::store::StoreConfig;
use crate::domain::time::Span;
use std::path::PathBuf;

/// What the section may hold, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("postgres", Text),
    ("password", Setting::Secret),
    ("pool", Whole),
    ("tls", Word(&["on", "off"])),
    ("tls_ca", Setting::Secret),
    ("keep_entries", Text),
    ("keep_messages", Text),
    ("keep_runs", Text),
    ("keep_happenings", Text),
    ("keep_audit", Text),
    ("keep_test", Text),
];

/// `[history]`.
#[derive(Debug, Clone)]
pub struct HistoryConfig {
    /// Which database.
    pub backend: HistoryBackend,
    /// How long what is kept.
    pub keep: Keep,
}

/// Which database.
#[derive(Debug, Clone)]
pub enum HistoryBackend {
    /// SQLite. Each instance has a file of its own.
    Sqlite {
        /// The file: `store.history`.
        file: PathBuf,
    },
    /// PostgreSQL, one for all instances.
    Postgres(Box<PostgresSettings>),
}

/// How PostgreSQL is reached.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// `postgres://user@host:5432/database`; never with a password.
    pub url: String,
    /// The password.
    pub password: Option<Secret>,
    /// Connections of this instance at most.
    pub pool: usize,
    /// Whether the connection is encrypted.
    pub tls: PostgresTls,
    /// The certificate authorities that are believed, as PEM, instead of the public ones.
    pub tls_ca: Option<Secret>,
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostgresTls {
    /// Always; the server's certificate is checked.
    On,
    /// Never.
    Off,
}

/// How long what is kept; nothing: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The journal as it was: for export, replays and analytics services.
    pub entries: Option<Span>,
    /// Messages.
    pub messages: Option<Span>,
    /// Runs that ended, with their steps, values, calls and hand-offs.
    pub runs: Option<Span>,
    /// What else happened to contacts.
    pub happenings: Option<Span>,
    /// Who changed what through the API.
    pub audit: Option<Span>,
    /// Test contacts to whom nothing happens, with everything that belongs to them.
    pub test: Option<Span>,
}

impl Default for Keep {
    /// As in the shipped file.
    fn default() -> Self {
        let year = Some(Span::days(400));
        let (month, years) = (Some(Span::days(30)), Some(Span::days(1_100)));
        Keep { entries: month, messages: year, runs: year, happenings: year, audit: years, test: month }
    }
}

impl HistoryConfig {
    pub(super) fn read(section: Section<'_>, store: &StoreConfig, secrets: Secrets) -> Self {
        let url = section.opt_text("postgres");
        let postgres = PostgresSettings {
            url: url.clone().unwrap_or_default(),
            password: section.opt_secret("password").filter(|password| !password.is_empty()),
            pool: size(section.number("pool", 2, 200)),
            tls: section.word("tls", &[("on", PostgresTls::On), ("off", PostgresTls::Off)]),
            tls_ca: section.opt_secret("tls_ca").filter(|pem| !pem.is_empty()),
        };
        if let Some(Err(why)) = url.as_deref().map(postgres_url) {
            section.mistake("postgres", why, None);
        }
        if let Some(Err(why)) = postgres.tls_ca.as_ref().filter(|_| secrets == Secrets::Required).map(authorities) {
            section.mistake("tls_ca", why, None);
        }
        let age = |key| {
            let parse = |text: &str| match text {
                "forever" => Some(None),
                text => Span::parse(text).filter(|span| (Span::days(1)..=Span::days(3_650)).contains(span)).map(Some),
            };
            section.parsed(key, "an age from 1d to 3650d, for example 90d, or `forever`", Some(Span::days(30)), parse)
        };
        let entries = age("keep_entries");
        let keep = Keep {
            entries: store.history_keep.map_or(entries, Some),
            messages: age("keep_messages"),
            runs: age("keep_runs"),
            happenings: age("keep_happenings"),
            audit: age("keep_audit"),
            test: age("keep_test"),
        };
        let backend = match url {
            Some(_) => HistoryBackend::Postgres(Box::new(postgres)),
            None => HistoryBackend::Sqlite { file: store.history.clone() },
        };
        section.finish();
        HistoryConfig { backend, keep }
    }
}

fn postgres_url(text: &str) -> Result<(), &'static str> {
    let url = url::Url::parse(text).map_err(|_| "is not a URL; for example postgres://replyflow@localhost:5432/replyflow")?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("must begin with postgres://");
    }
    if url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password") {
        return Err("may not hold a password; write password = { env = \"NAME\" }");
    }
    if url.query_pairs().any(|(key, _)| key == "sslmode") {
        return Err("may not hold sslmode; write tls = \"on\" or \"off\"");
    }
    Ok(())
}

fn authorities(pem: &Secret) -> Result<(), &'static str> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose().as_bytes()).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(()),
        _ => Err("holds no certificates in PEM"),
    }
}
