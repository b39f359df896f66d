//! The shell around the pure engine: what comes in is stored, turns are made and committed, what they decided is done, and
//! time is watched. `Core` is the service as a value; each of its loops shows one step:
//!
//! | step | what it does | file |
//! |---|---|---|
//! | `receive`, `receive_event`, `receive_webhook`, `operate` | stores inputs; the caller is answered after it | `inbox`, `reports`, `events`, `webhook` |
//! | `turns` | works on a claimed contact | `turns`, `fold` |
//! | `dispatch` | does effects and settles them | `outbox`, `send`, `doubt`, `stand_in`, `smpp`, `call`, `hook`, `alerts`, `desk`, `verdict`, `retry` |
//! | `tick` | finds what falls due | `tick` |
//! | `publisher::publish`, `release::release` | publishes flows: from the folder, by a call | `publisher`, `release`, `published`, `versions` |
//! | `follow_publications` | takes over what was published elsewhere | `publisher` |
//! | `feed_history` | takes the journal into the database and lets it be trimmed | `history` |
//! | `broadcast::work` | hands messages to many over, a few at a time | `broadcast` |
//! | `Sink::step` | tells an analytics service what history has | `sinks` |
//!
//! `ports` are the world as traits; `runtime` and `http_client` are the real ones.

mod alerts;
mod aliases;
pub mod among;
mod api;
mod backlog;
pub mod backup;
pub mod broadcast;
mod call;
mod channel_health;
mod channel_probe;
mod circuit;
pub mod consistency;
mod contacts;
mod core;
pub mod desk;
mod doubt;
mod drain;
mod events;
pub mod failed;
mod feed;
mod fetch;
mod fold;
pub mod forget;
mod gate;
mod guard;
mod history;
mod holders;
pub mod holds;
mod hook;
mod http_client;
mod inbox;
mod key_ring;
mod mail;
mod mail_client;
mod marks;
pub mod media;
pub mod merge;
pub mod metrics;
mod names;
mod notices;
mod number;
mod outbox;
mod pace;
mod permits;
pub mod ports;
pub mod preview;
mod published;
pub mod publisher;
mod quality;
mod quoted;
mod recent;
pub mod release;
mod reported;
mod reports;
mod retry;
pub mod review;
pub mod runtime;
mod send;
mod settings;
mod signature;
mod sinks;
mod slots;
mod smpp;
mod sns;
mod stand_in;
pub mod stuck;
mod superseded;
pub mod suppressions;
mod systems;
mod teller;
mod template;
mod tick;
mod traces;
pub mod transfer;
pub mod trials;
mod tried;
mod turns;
mod unsubscribe;
mod verdict;
mod versions;
mod warning;
mod webhook;

pub use self::core::{Core, Engine, Parts};
pub use channel_health::ChannelHealth;
pub use channel_probe::probe_channel;
pub use contacts::{After, Found, Whom};
pub use drain::{Drain, InHand};
pub use events::{EventRefused, NewEvent};
pub use feed::Overheard;
pub use gate::Outside;
pub use history::{Fed, HistoryError, HistorySink, SUBSCRIBER};
pub use http_client::HttpClient;
pub use inbox::Received;
pub use key_ring::{KeyRefused, KeyRing};
pub use mail_client::{MailClient, MailTrouble, Probed};
pub use notices::NoticeError;
pub use pace::Day;
pub use published::{Stands, read_standings};
pub use settings::{Channel, FileSettings, ServiceSettings, World};
pub use sinks::{Reached, Shelf, Sink, Standing, Stepped, open_sinks, probe_sink};
pub use smpp::{BindTrouble, Binds, probe_carrier};
pub use superseded::NotEnded;
pub use systems::{Answering, System};
pub use teller::Teller;
pub use tick::Ticked;
pub use unsubscribe::{LinkSettings, Unsubscribe};
pub use versions::{Here, LoadError, Versions, stored_version};
pub use webhook::{NewWebhook, WebhookKeys};
