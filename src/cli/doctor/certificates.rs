//! What `doctor` says of certificates: how long those of the servers last to which connections are encrypted, and those in files that are
//! configured. A server is greeted as the service does it, with the same authorities; nothing is said to it.

use crate::config::Settings;
use crate::config::channel::ProviderSettings;
use crate::config::history::{HistoryBackend, PostgresTls};
use crate::config::redis::{RedisAddress, RedisServers, RedisTls};
use crate::config::secret::Secret;
use crate::config::store::Backend;
use crate::store::{Finding, FindingLevel};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_cert::der::Decode as _;

/// Connecting, and each step of the greeting, at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// Days before its end at which somebody should look: what renews itself has done so by then.
const SOON: i64 = 14;
/// PostgreSQL's `SSLRequest`: its length, and the code 80877103 (protocol documentation, section 54.7).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A server to which the service connects with TLS.
struct Server {
    title: String,
    host: String,
    port: u16,
    /// PostgreSQL is asked for TLS first.
    is_postgres: bool,
    /// The authorities that are believed, as PEM, instead of the public ones.
    ca: Option<Secret>,
    /// Our own certificate and its key, as PEM.
    own: Option<(Secret, Secret)>,
}

/// Why it is not known how long a certificate lasts.
enum Trouble {
    /// Nobody answers, or not in TLS.
    Away(String),
    /// The certificate is not believed.
    Unbelieved(String),
}

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let greet = |server: Server| async move {
        let greeted = tokio::task::spawn_blocking(move || (end_of(&server), server)).await;
        greeted.map(|(end, server)| of_server(&server, end)).ok()
    };
    let mut found: Vec<Finding> =
        futures_util::future::join_all(servers(settings).into_iter().map(greet)).await.into_iter().flatten().collect();
    for (title, pem, is_ours) in files(settings) {
        // Of a list of authorities the last one decides: most lists hold some that are over.
        let mut ends: Vec<i64> = certificates(pem).iter().filter_map(|der| not_after(der)).collect();
        if !is_ours {
            ends.sort_unstable_by(|a, b| b.cmp(a));
        }
        found.extend(ends.first().map(|end| lasts(&title, *end, now())));
    }
    found
}

/// How long a certificate lasts that somebody else was shown.
pub(super) fn shown(title: &str, der: &[u8]) -> Option<Finding> {
    Some(lasts(title, not_after(der)?, now()))
}

fn finding(level: FindingLevel, message: String, remedy: &str) -> Finding {
    Finding { name: "certificate", level, message, remedy: remedy.to_owned() }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// When a certificate ends, in seconds since 1970.
fn not_after(der: &[u8]) -> Option<i64> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    i64::try_from(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs()).ok()
}

fn lasts(title: &str, end: i64, now: i64) -> Finding {
    let days = (end - now).div_euclid(86_400);
    let counted = |n: i64| format!("{n} day{}", if n == 1 { "" } else { "s" });
    let left = || format!("{title}: it lasts {} more", counted(days));
    match days {
        ..0 => finding(
            FindingLevel::Error,
            format!("{title}: it ended {} ago", counted(-days)),
            "Replace it; then start the service again.",
        ),
        0..SOON => finding(FindingLevel::Warning, left(), "Renew it, and see why that is not done by itself."),
        _ => finding(FindingLevel::Fine, left(), ""),
    }
}

fn of_server(server: &Server, end: Result<i64, Trouble>) -> Finding {
    let title = format!("{} at {}:{}", server.title, server.host, server.port);
    match end {
        Ok(end) => lasts(&title, end, now()),
        Err(Trouble::Unbelieved(why)) => finding(
            FindingLevel::Error,
            format!("{title}: {why}"),
            "Renew it, or have it signed by an authority that callers believe.",
        ),
        Err(Trouble::Away(why)) => finding(
            FindingLevel::Warning,
            format!("{title}: it was not seen: {why}"),
            "Look whether the server runs and speaks TLS there.",
        ),
    }
}

fn servers(settings: &Settings) -> Vec<Server> {
    let mut all = Vec::new();
    let server = |title: &str, host: &str, port| Server {
        title: title.to_owned(),
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        is_postgres: false,
        ca: None,
        own: None,
    };
    if let Ok(url) = url::Url::parse(&settings.server.public_url)
        && let ("https", Some(host), Some(port)) = (url.scheme(), url.host_str(), url.port_or_known_default())
    {
        all.push(server("the public URL", host, port));
    }
    if let Some((servers, tls)) = redis(settings) {
        let one = |(title, address): (&str, &RedisAddress)| Server {
            ca: tls.ca.clone(),
            own: tls.client.clone(),
            ..server(title, &address.host, address.port)
        };
        all.extend(servers.into_iter().map(one));
    }
    if let HistoryBackend::Postgres(postgres) = &settings.history.backend
        && postgres.tls == PostgresTls::On
        && let Ok(url) = url::Url::parse(&postgres.url)
        && let Some(host) = url.host_str()
    {
        let ca = postgres.tls_ca.clone();
        all.push(Server { ca, is_postgres: true, ..server("PostgreSQL", host, url.port().unwrap_or(5432)) });
    }
    all
}

/// The servers of Redis that are named, where connections to them are encrypted.
fn redis(settings: &Settings) -> Option<(Vec<(&'static str, &RedisAddress)>, &RedisTls)> {
    let Backend::Redis(redis) = &settings.store.backend else { return None };
    let tls = redis.tls.as_ref()?;
    let servers = match &redis.servers {
        RedisServers::One { address, .. } => vec![("Redis", address)],
        RedisServers::Sentinels { sentinels, .. } => sentinels.iter().map(|address| ("Sentinel", address)).collect(),
        RedisServers::Cluster(nodes) => nodes.iter().map(|address| ("Redis", address)).collect(),
    };
    Some((servers, tls))
}

/// Certificates that are configured, and whether they are ours.
fn files(settings: &Settings) -> Vec<(String, &Secret, bool)> {
    let mut all = Vec::new();
    if let Some((_, tls)) = redis(settings) {
        all.extend(tls.ca.as_ref().map(|pem| ("tls_ca of [store]".to_owned(), pem, false)));
        all.extend(tls.client.as_ref().map(|(pem, _)| ("tls_certificate of [store]".to_owned(), pem, true)));
    }
    if let HistoryBackend::Postgres(postgres) = &settings.history.backend {
        all.extend(postgres.tls_ca.as_ref().map(|pem| ("tls_ca of [history]".to_owned(), pem, false)));
    }
    for channel in settings.channels.values() {
        if let ProviderSettings::Smtp(smtp) = &channel.provider {
            all.extend(smtp.authorities.as_ref().map(|pem| (format!("tls_ca of {}", channel.name), pem, false)));
        }
    }
    all
}

fn certificates(pem: &Secret) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.expose().as_bytes()).filter_map(Result::ok).collect()
}

/// Greets a server; when its certificate ends. Blocks.
fn end_of(server: &Server) -> Result<i64, Trouble> {
    let away = |error: std::io::Error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => Trouble::Unbelieved(why.to_string()),
        Some(other) => Trouble::Away(other.to_string()),
        None => Trouble::Away(error.to_string()),
    };
    let mut stream = connect(server).map_err(away)?;
    if server.is_postgres {
        let mut answer = [0u8];
        stream.write_all(&SSL_REQUEST).and_then(|()| stream.read_exact(&mut answer)).map_err(away)?;
        if answer != *b"S" {
            return Err(Trouble::Away("it has no TLS".to_owned()));
        }
    }
    let mut tls = client(server).map_err(Trouble::Away)?;
    while tls.is_handshaking() {
        if tls.complete_io(&mut stream).map_err(away)? == (0, 0) {
            return Err(Trouble::Away("it ended the connection".to_owned()));
        }
    }
    let shown = tls.peer_certificates().and_then(|all| all.first());
    shown.and_then(|der| not_after(der)).ok_or_else(|| Trouble::Away("it showed no certificate that can be read".to_owned()))
}

fn connect(server: &Server) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name leads nowhere");
    for address in (server.host.as_str(), server.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn client(server: &Server) -> Result<ClientConnection, String> {
    // Whoever came first has installed the same provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(ca) = &server.ca {
        roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(ca));
    }
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match &server.own {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|error| error.to_string())?;
            config.with_client_auth_cert(certificates(certificate), key).map_err(|error| error.to_string())?
        }
    };
    let name = ServerName::try_from(server.host.clone()).map_err(|error| error.to_string())?;
    ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_lasts_ends_soon_or_is_over() {
        let level = |end| lasts("it", end, 1_000_000).level;
        let day = 86_400;
        assert_eq!(level(1_000_000 + SOON * day), FindingLevel::Fine);
        assert_eq!(level(1_000_000 + SOON * day - 1), FindingLevel::Warning);
        assert_eq!(level(1_000_000), FindingLevel::Warning);
        assert_eq!(level(999_999), FindingLevel::Error);
        let says = |end| lasts("it", end, 1_000_000).message;
        assert_eq!(says(999_999), "it: it ended 1 day ago");
        assert_eq!(says(1_000_000 - 3 * day), "it: it ended 3 days ago");
        assert_eq!(
            (says(1_000_000 + day), says(1_000_000)),
            ("it: it lasts 1 day more".into(), "it: it lasts 0 days more".into())
        );
    }

    #[test]
    fn the_end_stands_in_the_certificate() {
        let pem = Secret::new(include_str!("../../../tests/data/smtp/cert.pem"));
        let ends: Vec<_> = certificates(&pem).iter().map(|der| not_after(der)).collect();
        // 2126-10-28T20:00:48Z, as `openssl x509 -noout -enddate` says.
        assert_eq!(ends, [Some(4_948_891_248)]);
        assert_eq!(not_after(b"nothing"), None);
    }
}
