//! What several tests need.

pub mod analytics;
pub mod api;
pub mod asked;
pub mod bucket;
pub mod command;
pub mod conversations;
pub mod defects;
pub mod desk;
pub mod diagnostics_page;
pub mod fake_provider;
pub mod fixtures;
pub mod live;
pub mod patience;
pub mod postgres;
pub mod process;
pub mod project;
pub mod receiver;
pub mod redis;
pub mod redis_cluster;
pub mod redis_sentinel;
pub mod samples;
pub mod server;
pub mod shop;
pub mod sign;
pub mod smsc;
pub mod smsc_messages;
pub mod smtp;
pub mod watch;

/// The TLS provider that the HTTP client asks for, once for all tests.
pub fn tls() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}
