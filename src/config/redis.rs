//! How Redis is reached: one server, the servers that Sentinels name, or the nodes of a cluster.

use super::schema::Setting::{self, Text, Texts, Whole, Word};
use super::secret::Secret;
use super::section::Section;
use crate::domain::time::Span;
use std::fmt;

/// What `[store]` may hold of it, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("url", Text),
    ("cluster", Texts(&[])),
    ("sentinels", Texts(&[])),
    ("primary", Text),
    ("database", Whole),
    ("sentinel_username", Text),
    ("sentinel_password", Setting::Secret),
    ("tls", Word(&["on", "off"])),
    ("tls_ca", Setting::Secret),
    ("tls_certificate", Setting::Secret),
    ("tls_key", Setting::Secret),
];

/// The port of a Redis and the one of a Sentinel, where none is given.
const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// How Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// Where it is.
    pub servers: RedisServers,
    /// Who we are to it, on every server.
    pub login: RedisLogin,
    /// How connections are encrypted, to Sentinels too; nothing: not at all.
    pub tls: Option<RedisTls>,
    /// Replicas that must have an accepted message before the provider gets its answer.
    pub wait_replicas: u8,
    /// How long an answer may take.
    pub timeout: Span,
}

/// Where Redis is.
#[derive(Debug, Clone)]
pub enum RedisServers {
    /// One server, always the same.
    One {
        /// Where.
        address: RedisAddress,
        /// The number of the database.
        database: i64,
    },
    /// The primary that Sentinels name.
    Sentinels {
        /// The Sentinels.
        sentinels: Vec<RedisAddress>,
        /// The name under which they watch the primary.
        primary: String,
        /// Who we are to the Sentinels.
        login: RedisLogin,
        /// The number of the database.
        database: i64,
    },
    /// A cluster. These nodes are asked for the others.
    Cluster(Vec<RedisAddress>),
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RedisAddress {
    /// A name or an IP address, an IPv6 one without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Who we are.
#[derive(Debug, Clone, Default)]
pub struct RedisLogin {
    /// The user, if it is not `default`.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// How connections are encrypted. The servers' certificates are always checked.
#[derive(Debug, Clone, Default)]
pub struct RedisTls {
    /// The certificate authorities that are believed, as PEM, instead of the public ones.
    pub ca: Option<Secret>,
    /// Our own certificate and its key, as PEM.
    pub client: Option<(Secret, Secret)>,
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl RedisAddress {
    /// `host`, `host:port` or `[::1]:port`.
    pub fn parse(text: &str, port: u16) -> Option<Self> {
        let url = url::Url::parse(&format!("redis://{text}")).ok()?;
        let plain =
            url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/") && url.query().is_none();
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        (plain && !host.is_empty()).then(|| RedisAddress { host, port: url.port().unwrap_or(port) })
    }
}

impl RedisSettings {
    /// One server, without a login: `redis://host:6379/0`.
    pub fn at(url: &str) -> Result<Self, &'static str> {
        let (address, database, tls) = one(url)?;
        Ok(RedisSettings {
            servers: RedisServers::One { address, database },
            login: RedisLogin::default(),
            tls: tls.then(RedisTls::default),
            wait_replicas: 0,
            timeout: Span::seconds(2),
        })
    }

    /// Where it is, for people: without a login.
    pub fn whereabouts(&self) -> String {
        let listed = |servers: &[RedisAddress]| servers.iter().map(RedisAddress::to_string).collect::<Vec<_>>().join(", ");
        match &self.servers {
            RedisServers::One { address, database: 0 } => format!("Redis at {address}"),
            RedisServers::One { address, database } => format!("Redis at {address}, database {database}"),
            RedisServers::Sentinels { sentinels, primary, .. } => format!("Redis `{primary}` behind {}", listed(sentinels)),
            RedisServers::Cluster(nodes) => format!("the Redis Cluster of {}", listed(nodes)),
        }
    }

    pub(super) fn read(section: &Section<'_>, chosen: bool) -> Self {
        let login = |user, password| RedisLogin {
            username: section.opt_text(user),
            password: section.opt_secret(password).filter(|password| !password.is_empty()),
        };
        let (known, of_sentinels) = (login("username", "password"), login("sentinel_username", "sentinel_password"));
        let (servers, encrypted) = servers(section, of_sentinels, chosen);
        RedisSettings {
            servers,
            login: known,
            tls: tls(section, encrypted),
            wait_replicas: u8::try_from(section.number("wait_replicas", 0, 5)).unwrap_or(0),
            timeout: section.span("timeout", Span::millis(100), Span::seconds(60)),
        }
    }
}

/// Where Redis is, and whether the address itself asks for TLS.
fn servers(section: &Section<'_>, login: RedisLogin, chosen: bool) -> (RedisServers, bool) {
    let url = section.opt_text("url");
    let listed = |key, port| -> Vec<RedisAddress> {
        let parse = |text: &String| {
            let address = RedisAddress::parse(text, port);
            if address.is_none() {
                section.mistake(key, format!("`{text}` is no server; for example \"redis-1:{port}\""), None);
            }
            address
        };
        section.texts(key).iter().filter_map(parse).collect()
    };
    let (cluster, sentinels) = (listed("cluster", PORT), listed("sentinels", SENTINEL_PORT));
    let (primary, database) = (section.opt_text("primary"), section.number("database", 0, 15));
    let asked = [url.is_some(), section.has("cluster"), section.has("sentinels")];
    if chosen && !asked.contains(&true) {
        let help = "For example url = \"redis://localhost:6379\"; or `cluster`, or `sentinels` with `primary`";
        section.mistake("url", "is missing", Some(help.to_owned()));
    }
    if asked.iter().filter(|given| **given).count() > 1 {
        section.mistake("url", "`url`, `cluster` and `sentinels` exclude each other", None);
    }
    if section.has("cluster") && database != 0 {
        section.mistake("database", "a cluster has only database 0", None);
    }
    for (key, given) in [("cluster", &cluster), ("sentinels", &sentinels)] {
        if section.has(key) && section.texts(key).is_empty() && given.is_empty() {
            section.mistake(key, "names no server", None);
        }
    }
    let name = primary.clone().unwrap_or_default();
    if asked[2] != primary.is_some() {
        let why =
            if asked[2] { "is missing: the name under which Sentinels watch the primary" } else { "is only for `sentinels`" };
        section.mistake("primary", why, None);
    }
    match url {
        _ if asked[1] => (RedisServers::Cluster(cluster), false),
        _ if asked[2] => (RedisServers::Sentinels { sentinels, primary: name, login, database }, false),
        None => (RedisServers::Cluster(Vec::new()), false),
        Some(text) => match one(&text) {
            Ok((address, in_url, encrypted)) => {
                let database = if in_url == 0 { database } else { in_url };
                (RedisServers::One { address, database }, encrypted)
            }
            Err(why) => {
                section.mistake("url", why, None);
                (RedisServers::Cluster(Vec::new()), false)
            }
        },
    }
}

fn tls(section: &Section<'_>, encrypted: bool) -> Option<RedisTls> {
    let on = section.opt_word("tls", &[("on", true), ("off", false)]);
    if encrypted && on == Some(false) {
        section.mistake("tls", "is off, and the url begins with rediss://", None);
    }
    let pem = |key| section.opt_secret(key).filter(|pem| !pem.is_empty());
    let (ca, certificate, key) = (pem("tls_ca"), pem("tls_certificate"), pem("tls_key"));
    let given = |key| section.has(key);
    if given("tls_certificate") != given("tls_key") {
        let missing = if given("tls_key") { "tls_certificate" } else { "tls_key" };
        section.mistake(missing, "is missing: a certificate and its key belong together", None);
    }
    let on = on.unwrap_or(encrypted);
    for name in ["tls_ca", "tls_certificate", "tls_key"] {
        if given(name) && !on {
            section.mistake(name, "is given, but TLS is off", Some("Write tls = \"on\", or a url with rediss://".to_owned()));
        }
    }
    for (name, text) in [("tls_ca", &ca), ("tls_certificate", &certificate)] {
        if text.as_ref().is_some_and(|pem| !is_certificates(pem)) {
            section.mistake(name, "holds no certificates in PEM", None);
        }
    }
    if key.as_ref().is_some_and(|pem| !is_key(pem)) {
        section.mistake("tls_key", "holds no private key in PEM", None);
    }
    on.then(|| RedisTls { ca, client: certificate.zip(key) })
}

fn is_certificates(pem: &Secret) -> bool {
    use rustls::pki_types::pem::PemObject as _;
    let all: Result<Vec<_>, _> = rustls::pki_types::CertificateDer::pem_slice_iter(pem.expose().as_bytes()).collect();
    all.is_ok_and(|all| !all.is_empty())
}

fn is_key(pem: &Secret) -> bool {
    use rustls::pki_types::pem::PemObject as _;
    rustls::pki_types::PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()).is_ok()
}

/// Address, database, and whether TLS is asked for.
fn one(text: &str) -> Result<(RedisAddress, i64, bool), &'static str> {
    let url = url::Url::parse(text).map_err(|_| "is not a URL; for example redis://localhost:6379")?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let (true, Some(host)) = (matches!(url.scheme(), "redis" | "rediss"), host) else {
        return Err("must begin with redis:// or rediss:// and name a host");
    };
    if url.password().is_some() {
        return Err("may not hold a password; write password = { env = \"NAME\" }");
    }
    if !url.username().is_empty() {
        return Err("may not hold a user; write username = \"NAME\"");
    }
    let database = match url.path().trim_matches('/') {
        "" => 0,
        number => {
            number.parse().ok().filter(|n| (0..=15).contains(n)).ok_or("ends in something that is no number of a database")?
        }
    };
    let address = RedisAddress { host: host.trim_matches(['[', ']']).to_owned(), port: url.port().unwrap_or(PORT) };
    Ok((address, database, url.scheme() == "rediss"))
}
