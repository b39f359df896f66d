//! The only way out. The network clients are here and nowhere else in the service; whoever wants to reach somebody needs an `Outside`, and of a
//! contact's effect there is one only if the contact is live. What a test contact decided is read here too, and comes without.

use super::ports::{
    Bound, Carriers, HttpAnswer, HttpCall, HttpFailure, MailFailure, MailTransport, Sink, SmppFailure, SubmitAnswer, Transport,
};
use crate::config::api::ApiSettings;
use crate::domain::codec::{self, DecodeError};
use crate::domain::id::SendRef;
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::engine::effect::Effect;
use crate::provider::email::{Mail, SmtpAnswer};
use rusmpp::pdus::SubmitSm;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// Who holds the clients.
pub(super) struct Gate {
    transport: Arc<dyn Transport>,
    mail: Arc<dyn MailTransport>,
    /// They need the service themselves, for what comes over their connections, and so come later.
    carriers: OnceLock<Arc<dyn Carriers>>,
}

/// An effect of a contact, as it may be done.
pub(super) enum Opened<'a> {
    /// It is meant.
    Live(Effect, Outside<'a>),
    /// It is of a test contact: what would leave is written down.
    Test(Effect),
}

/// Leave to reach others.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    transport: &'a dyn Transport,
    mail: &'a dyn MailTransport,
    carriers: Option<&'a dyn Carriers>,
}

/// Leave to reach the stand-in of one api, and nobody else.
#[derive(Clone, Copy)]
pub(super) struct StandIn<'a> {
    transport: &'a dyn Transport,
    base: &'a str,
}

impl Gate {
    pub fn new(transport: Arc<dyn Transport>, mail: Arc<dyn MailTransport>) -> Self {
        Gate { transport, mail, carriers: OnceLock::new() }
    }

    /// From now on messages may leave by SMPP. Whoever comes first is who is asked.
    pub fn connect(&self, carriers: Arc<dyn Carriers>) {
        let _ = self.carriers.set(carriers);
    }

    /// Where messages of this channel can leave by SMPP.
    pub fn bound(&self, channel: &ChannelName) -> Bound {
        self.carriers.get().map_or(Bound::Nowhere, |carriers| carriers.bound(channel))
    }

    /// Whether they are left to other instances: also before the first connection was tried.
    pub fn is_left(&self, channel: &ChannelName) -> bool {
        self.carriers.get().is_none_or(|carriers| carriers.is_left(channel))
    }

    /// Reads an effect. Only one that is live comes with the way out.
    pub fn open(&self, body: &[u8]) -> Result<Opened<'_>, DecodeError> {
        Ok(match codec::decode_in::<Effect>(body)? {
            (Mode::Live, effect) => Opened::Live(effect, self.of_the_service()),
            (Mode::Test, effect) => Opened::Test(effect),
        })
    }

    /// For what the service asks for itself: certificates, analytics of live contacts. Nothing that a contact decided.
    pub fn of_the_service(&self) -> Outside<'_> {
        Outside { carriers: self.carriers.get().map(|carriers| &**carriers), ..Outside::new(&*self.transport, &*self.mail) }
    }

    /// The stand-in that an api names for test contacts.
    pub fn stand_in<'a>(&'a self, api: &'a ApiSettings) -> Option<StandIn<'a>> {
        let base = &api.test.as_ref()?.base_url;
        Some(StandIn { transport: &*self.transport, base })
    }
}

impl<'a> Outside<'a> {
    /// By these clients, and nobody by SMPP: whoever holds them may reach whom they like.
    pub fn new(transport: &'a dyn Transport, mail: &'a dyn MailTransport) -> Self {
        Outside { transport, mail, carriers: None }
    }

    /// Does a request.
    pub async fn http(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure> {
        self.transport.send(call).await
    }

    /// Does a request whose answer goes to a sink.
    pub async fn download(&self, call: HttpCall, sink: &mut dyn Sink) -> Result<HttpAnswer, HttpFailure> {
        self.transport.download(call, sink).await
    }

    /// Hands a mail over.
    pub async fn mail(&self, mail: &Mail, timeout: Duration) -> Result<SmtpAnswer, MailFailure> {
        self.mail.send(mail, timeout).await
    }

    /// Hands one PDU to a carrier.
    pub(super) async fn submit(
        &self,
        channel: &ChannelName,
        pdu: SubmitSm,
        named: Option<SendRef>,
        most: Duration,
    ) -> Result<SubmitAnswer, SmppFailure> {
        match self.carriers {
            Some(carriers) => carriers.submit(channel, pdu, named, most).await,
            None => Err(SmppFailure::NotBound),
        }
    }
}

impl StandIn<'_> {
    /// Does a request, if it is one for the stand-in.
    pub async fn http(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure> {
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        match (origin(self.base), origin(&call.url)) {
            (Some(own), Some(asked)) if own == asked => self.transport.send(call).await,
            _ => Err(HttpFailure::NotAllowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Every file of the service but these, and what it holds of the clients.
    fn holders(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                holders(&path, found);
                continue;
            }
            let name = path.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a file");
            let clients = [
                "dyn Transport",
                "dyn MailTransport",
                "dyn Carriers",
                "HttpClient::new",
                "MailClient::new",
                "AsyncSmtpConnection",
                "TcpStream::connect",
                "reqwest::",
            ];
            if clients.iter().any(|client| text.contains(client)) {
                found.push(name.rsplit("src/service/").next().unwrap_or(&name).to_owned());
            }
        }
    }

    #[test]
    fn nobody_in_the_service_holds_a_client_but_the_gate() {
        let mut found = Vec::new();
        holders(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/service")), &mut found);
        found.sort();
        // Parts are what the service is made of; the probes of `doctor` and of sinks run beside it.
        let may = [
            "core.rs",
            "desk.rs",
            "gate.rs",
            "guard.rs",
            "http_client.rs",
            "mail_client.rs",
            "ports.rs",
            "sinks/tell.rs",
            "smpp/link.rs",
        ];
        let strange: Vec<&String> = found.iter().filter(|file| !may.contains(&file.as_str())).collect();
        assert!(strange.is_empty(), "{strange:?} hold a network client: let them have an `Outside`");
        let core = include_str!("core.rs");
        let kept = core.split("pub struct Core {").nth(1).and_then(|rest| rest.split('}').next()).expect("the service");
        assert!(kept.contains("gate: Gate") && !kept.contains("Transport"), "the service itself holds clients");
    }
}
