//! The HTTP side: where it listens, how it is reached from outside, how much it takes.

use super::providers::guard::network;
use super::section::Section;
use crate::domain::time::Span;
use ipnet::IpNet;
use std::net::{Ipv4Addr, SocketAddr};
use url::Url;

/// `[server]`.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How providers reach it, without a slash at the end: the base of webhook URLs, and what signatures are checked against.
    pub public_url: String,
    /// Whether it was only made from `listen`: no provider reaches that.
    pub public_url_is_local: bool,
    /// The proxies before it: what they say of who calls (`X-Forwarded-For`) is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that read and answer HTTP.
    pub workers: usize,
    /// Connections at one time.
    pub max_connections: usize,
    /// Bytes of request bodies that may be in memory at one time; above it a request is refused as busy.
    pub max_body_memory: usize,
    /// The longest that reading one request may take.
    pub request_timeout: Span,
    /// How long it still takes requests after it was told to stop, and says that it is not ready.
    pub drain: Span,
    /// The longest that a stop waits for what is in the air.
    pub shutdown_timeout: Span,
    /// Requests a second and at once.
    pub rates: Rates,
}

/// `[server.rates]`: requests a second for each kind of route; twice as many may come at once.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// `/hooks/…` over all channels.
    pub hooks: u32,
    /// `/flows/…` over all flows.
    pub flows: u32,
    /// `/v1/…`.
    pub api: u32,
    /// `/v1/…` with one key.
    pub key: u32,
    /// `/simulator/…`.
    pub simulator: u32,
    /// `/health/…` and `/metrics`.
    pub probes: u32,
}

impl ServerSettings {
    pub(super) fn read(section: Section<'_>) -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let form = "an address and a port, for example 127.0.0.1:8080 or [::]:8080";
        let listen = section.parsed("listen", form, anywhere, |text| text.parse().ok());
        let given = section.opt_text("public_url").filter(|text| !text.is_empty());
        let public_url_is_local = given.is_none();
        let public_url = match given {
            Some(text) => match base_url(&text) {
                Ok(url) => url,
                Err(why) => {
                    section.mistake("public_url", why, Some("For example https://replies.example.com".to_owned()));
                    String::new()
                }
            },
            None => format!("http://{listen}"),
        };
        let rates = section.section("rates");
        let rate = |key| u32::try_from(rates.number(key, 1, 1_000_000)).unwrap_or(1);
        let settings = ServerSettings {
            listen,
            public_url,
            public_url_is_local,
            trusted_proxies: section
                .texts("trusted_proxies")
                .iter()
                .filter_map(|text| network(&section, "trusted_proxies", text))
                .collect(),
            workers: size(section.number("workers", 1, 64)),
            max_connections: size(section.number("max_connections", 1, 100_000)),
            max_body_memory: size_of_bytes(section.bytes("max_body_memory", 8 << 20, 8 << 30)),
            request_timeout: section.span("request_timeout", Span::seconds(1), Span::minutes(5)),
            drain: section.span("drain", Span::seconds(0), Span::minutes(5)),
            shutdown_timeout: section.span("shutdown_timeout", Span::seconds(1), Span::minutes(10)),
            rates: Rates {
                hooks: rate("hooks"),
                flows: rate("flows"),
                api: rate("api"),
                key: rate("key"),
                simulator: rate("simulator"),
                probes: rate("probes"),
            },
        };
        rates.finish();
        section.finish();
        settings
    }
}

/// A URL that paths are added to: http or https, no query, no user, no slash at the end.
pub(super) fn base_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("must begin with http:// or https:// and name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("may not hold a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("may not have `?` or `#`");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn size(n: i64) -> usize {
    usize::try_from(n).unwrap_or(1)
}

pub(super) fn size_of_bytes(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
