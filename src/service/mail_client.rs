//! The only mail client: a few connections to each server, used again and again, every mail tried once. What matters is whether
//! the server may have the mail when something breaks, so the dialogue is held step by step.

use super::ports::{MailFailure, MailTransport};
use crate::config::smtp::{MailTls, SmtpSettings};
use crate::provider::email::{Mail, SmtpAnswer, SmtpStep};
use async_trait::async_trait;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Connections to one server at one time: many take no more from one sender.
const CONNECTIONS: usize = 8;
/// An idle connection is closed after this time: servers wait for minutes, but what stands between often less.
const IDLE: Duration = Duration::from_secs(30);
/// Mails over one connection: several servers end it after a hundred.
const MAILS: u32 = 90;
/// Connecting at most.
const CONNECT: Duration = Duration::from_secs(10);
/// Characters of an answer that are kept.
const WORDS: usize = 400;

/// Production's mail transport.
#[derive(Default)]
pub struct MailClient {
    servers: Mutex<HashMap<String, Arc<Server>>>,
}

/// The connections to one server.
struct Server {
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
    mails: u32,
}

/// What a server lets us do, for `replyflow doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Whether what is said cannot be read on the way.
    pub encrypted: bool,
    /// Whether user and password were given, and so taken.
    pub logged_in: bool,
    /// The server's certificate as DER, where the connection is encrypted.
    pub certificate: Option<Vec<u8>>,
}

impl MailClient {
    /// One without connections.
    pub fn new() -> Self {
        // Whoever came first has installed the same provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        MailClient::default()
    }

    /// Connects, says hello and logs in, and sends nothing.
    pub async fn probe(&self, settings: &SmtpSettings, timeout: Duration) -> Result<Probed, MailTrouble> {
        let probe = async {
            let mut connection = connect(settings).await?;
            let encrypted = connection.is_encrypted();
            let certificate = if encrypted { connection.peer_certificate().ok() } else { None };
            let probed = Probed { encrypted, logged_in: settings.login.is_some(), certificate };
            let _ = connection.quit().await;
            Ok(probed)
        };
        tokio::time::timeout(timeout, probe).await.unwrap_or(Err(MailTrouble::Failed(MailFailure::TimeoutBefore)))
    }

    fn server(&self, settings: &SmtpSettings) -> Arc<Server> {
        let user = settings.login.as_ref().map_or("", |login| &login.username);
        let name = format!("{}:{} {:?} {user}", settings.host, settings.port, settings.tls);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(Server { permits: Semaphore::new(CONNECTIONS), idle: Mutex::default() });
        Arc::clone(servers.entry(name).or_insert_with(fresh))
    }
}

/// Why there is no connection, or no answer to a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTrouble {
    /// The server said no.
    Said(SmtpAnswer),
    /// Nothing was said.
    Failed(MailFailure),
}

#[async_trait]
impl MailTransport for MailClient {
    async fn send(&self, mail: &Mail, timeout: Duration) -> Result<SmtpAnswer, MailFailure> {
        let server = self.server(&mail.server);
        // From here on the server may have the mail, whatever happens to us.
        let written = AtomicBool::new(false);
        match tokio::time::timeout(timeout, server.deliver(mail, &written)).await {
            Ok(Ok(answer) | Err(MailTrouble::Said(answer))) => Ok(answer),
            Ok(Err(MailTrouble::Failed(failure))) => Err(failure),
            Err(_) if written.load(Ordering::Acquire) => Err(MailFailure::Lost),
            Err(_) => Err(MailFailure::TimeoutBefore),
        }
    }
}

impl Server {
    async fn deliver(&self, mail: &Mail, written: &AtomicBool) -> Result<SmtpAnswer, MailTrouble> {
        let _permit: SemaphorePermit<'_> = self.permits.acquire().await.map_err(|_| MailTrouble::Failed(MailFailure::Broken))?;
        while let Some(Idle { mut connection, mails, .. }) = self.idle() {
            match transact(&mut connection, mail, written).await {
                // It was closed while nobody used it: nothing was said yet, and another one is as good.
                Err(MailTrouble::Failed(MailFailure::Broken)) => continue,
                ended => return self.ended(ended, connection, mails).await,
            }
        }
        let mut connection = connect(&mail.server).await?;
        let ended = transact(&mut connection, mail, written).await;
        self.ended(ended, connection, 0).await
    }

    fn idle(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < IDLE);
        idle.pop()
    }

    /// Keeps a connection over which more can be sent.
    async fn ended(
        &self,
        ended: Result<SmtpAnswer, MailTrouble>,
        mut connection: AsyncSmtpConnection,
        mails: u32,
    ) -> Result<SmtpAnswer, MailTrouble> {
        let answer = ended?;
        let refused = answer.code >= 400;
        let usable = answer.code != 421 && mails + 1 < MAILS && (!refused || connection.command("RSET\r\n").await.is_ok());
        if usable {
            let kept = Idle { connection, since: Instant::now(), mails: mails + 1 };
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        Ok(answer)
    }
}

/// One mail over a connection. A refusal is an answer too.
async fn transact(connection: &mut AsyncSmtpConnection, mail: &Mail, written: &AtomicBool) -> Result<SmtpAnswer, MailTrouble> {
    let address = |text: &str| text.parse::<Address>().map_err(|_| MailTrouble::Failed(MailFailure::Invalid));
    let (sender, receiver) = (address(&mail.sender)?, address(&mail.receiver)?);
    let said = connection.command(MailFrom::new(Some(sender), Vec::new())).await;
    if let Some(refusal) = refusal(SmtpStep::Sender, said.err())? {
        return Ok(refusal);
    }
    let said = connection.command(Rcpt::new(receiver, Vec::new())).await;
    if let Some(refusal) = refusal(SmtpStep::Receiver, said.err())? {
        return Ok(refusal);
    }
    if let Some(refusal) = refusal(SmtpStep::Data, connection.command(Data).await.err())? {
        return Ok(refusal);
    }
    written.store(true, Ordering::Release);
    match connection.message(&mail.content).await {
        Ok(taken) => {
            let text = one_line(&taken.message().collect::<Vec<_>>().join(" "));
            Ok(SmtpAnswer { step: SmtpStep::Content, code: taken.code().into(), text })
        }
        Err(error) => match answer(SmtpStep::Content, &error) {
            Some(answer) => Ok(answer),
            None => Err(MailTrouble::Failed(MailFailure::Lost)),
        },
    }
}

/// A refusal, nothing if there is none, or that the connection broke before anything was taken.
fn refusal(step: SmtpStep, error: Option<Error>) -> Result<Option<SmtpAnswer>, MailTrouble> {
    let Some(error) = error else { return Ok(None) };
    answer(step, &error).map(Some).ok_or(MailTrouble::Failed(MailFailure::Broken))
}

fn answer(step: SmtpStep, error: &Error) -> Option<SmtpAnswer> {
    let code = error.status()?.into();
    let text = error.source().map(|words| one_line(&words.to_string())).unwrap_or_default();
    Some(SmtpAnswer { step, code, text })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
}

/// A connection over which mails can be sent: encrypted and logged in as the channel wants it.
async fn connect(settings: &SmtpSettings) -> Result<AsyncSmtpConnection, MailTrouble> {
    let hello = ClientId::Domain(settings.hello.clone());
    let parameters = match settings.tls {
        MailTls::None => None,
        MailTls::Starttls | MailTls::Tls => Some(parameters(settings).ok_or(MailTrouble::Failed(MailFailure::Authorities))?),
    };
    let at_once = parameters.clone().filter(|_| settings.tls == MailTls::Tls);
    let server = (settings.host.as_str(), settings.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, at_once, None);
    let mut connection = connecting.await.map_err(|error| trouble(SmtpStep::Hello, &error, MailFailure::Refused))?;
    if let (MailTls::Starttls, Some(parameters)) = (settings.tls, parameters) {
        if !connection.can_starttls() {
            return Err(MailTrouble::Failed(MailFailure::NoTls));
        }
        let upgraded = connection.starttls(parameters, &hello).await;
        upgraded.map_err(|error| trouble(SmtpStep::Tls, &error, MailFailure::Tls))?;
    }
    if let Some(login) = &settings.login {
        let credentials = Credentials::new(login.username.clone(), login.password.expose().to_owned());
        if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            return Err(MailTrouble::Failed(MailFailure::NoLogin));
        }
        let taken = connection.auth(&MECHANISMS, &credentials).await;
        taken.map_err(|error| trouble(SmtpStep::Login, &error, MailFailure::Broken))?;
    }
    Ok(connection)
}

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

fn trouble(step: SmtpStep, error: &Error, otherwise: MailFailure) -> MailTrouble {
    match answer(step, error) {
        Some(answer) => MailTrouble::Said(answer),
        None if error.is_tls() => MailTrouble::Failed(MailFailure::Tls),
        None if error.is_timeout() => MailTrouble::Failed(MailFailure::TimeoutBefore),
        None => MailTrouble::Failed(otherwise),
    }
}

fn parameters(settings: &SmtpSettings) -> Option<TlsParameters> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authorities {
        builder = builder.add_root_certificate(Certificate::from_pem(pem.expose().as_bytes()).ok()?);
    }
    builder.build().ok()
}
