//! Where conversations are kept, and how long a worker may hold what it took. STORE-wide defaults stand in the shipped file.

use super::redis::RedisSettings;
use super::section::Section;
use super::send::PairPace;
use super::server::{size, size_of_bytes};
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[store]`.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Which store.
    pub backend: Backend,
    /// Where the record is kept that people read, unless that is PostgreSQL: a SQLite file.
    pub history: PathBuf,
    /// The older name of `history.keep_entries`.
    pub history_keep: Option<Span>,
    /// Where files that contacts sent are kept: a folder.
    pub media: PathBuf,
    /// What holds for both.
    pub limits: StoreLimits,
    /// How many messages may go to one contact over each channel, where that is bounded: what the channels say.
    pub pairs: BTreeMap<ChannelName, PairPace>,
}

/// Which store.
#[derive(Debug, Clone)]
pub enum Backend {
    /// SQLite in this folder; one process at a time.
    Embedded {
        /// The folder.
        folder: PathBuf,
    },
    /// Redis 7 or newer; any number of instances.
    Redis(Box<RedisSettings>),
}

/// Leases and bounds, the same for both stores.
#[derive(Debug, Clone, Copy)]
pub struct StoreLimits {
    /// How long a worker has a contact to itself.
    pub claim_lease: Span,
    /// How long a sender has a message to itself.
    pub send_lease: Span,
    /// How long a provider's message id is remembered.
    pub dedupe_ttl: Span,
    /// How many ids of one contact are remembered in one generation.
    pub dedupe_cap: usize,
    /// Inputs of one contact that wait.
    pub mailbox: usize,
    /// Room above it for what must pass: STOP, results of calls, operators.
    pub mailbox_headroom: usize,
    /// Size of the journal of one shard, above which new input is refused.
    pub journal_max_bytes: usize,
    /// How often work is looked for that nobody announced.
    pub tick: Span,
}

impl StoreConfig {
    pub(super) fn read(section: Section<'_>, folder: &std::path::Path) -> Self {
        #[derive(Clone, Copy)]
        enum Word {
            Embedded,
            Redis,
        }
        let word = section.word("kind", &[("embedded", Word::Embedded), ("redis", Word::Redis)]);
        let path = folder.join(section.text("path"));
        let redis = RedisSettings::read(&section, matches!(word, Word::Redis));
        let lease = |key, to| section.span(key, Span::millis(200), to);
        let limits = StoreLimits {
            claim_lease: lease("claim_lease", Span::minutes(5)),
            send_lease: lease("send_lease", Span::minutes(10)),
            dedupe_ttl: section.span("dedupe_ttl", Span::hours(1), Span::days(60)),
            dedupe_cap: size(section.number("dedupe_cap", 16, 512)),
            mailbox: size(section.number("mailbox", 10, 10_000)),
            mailbox_headroom: size(section.number("mailbox_headroom", 5, 1_000)),
            journal_max_bytes: size_of_bytes(section.bytes("journal_max_bytes", 1 << 20, 16 << 30)),
            tick: section.span("tick", Span::millis(10), Span::seconds(30)),
        };
        let history = section.opt_text("history").map_or_else(|| path.join("history.db"), |given| folder.join(given));
        let media = section.opt_text("media").map_or_else(|| path.join("media"), |given| folder.join(given));
        let settings = StoreConfig {
            backend: match word {
                Word::Embedded => Backend::Embedded { folder: path },
                Word::Redis => Backend::Redis(Box::new(redis)),
            },
            history,
            history_keep: section.opt_parsed("history_keep", "a duration from 1d to 3650d, for example 30d", |text| {
                Span::parse(text).filter(|span| (Span::days(1)..=Span::days(3_650)).contains(span))
            }),
            media,
            limits,
            pairs: BTreeMap::new(),
        };
        section.finish();
        settings
    }
}

impl Default for StoreLimits {
    /// STORE's defaults, as in the shipped file.
    fn default() -> Self {
        StoreLimits {
            claim_lease: Span::seconds(5),
            send_lease: Span::seconds(60),
            dedupe_ttl: Span::days(8),
            dedupe_cap: 512,
            mailbox: limits::MAILBOX,
            mailbox_headroom: limits::MAILBOX_HEADROOM,
            journal_max_bytes: 64 << 20,
            tick: Span::seconds(1),
        }
    }
}
