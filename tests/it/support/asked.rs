//! A provider as others are and the simulator is not: one that can be asked what became of a message, or that knows a repeat by a key. What was
//! refused it brings again.

use replyflow::config::secret::Secret;
use replyflow::domain::id::SendRef;
use replyflow::domain::message::{Media, Outbound};
use replyflow::provider::file::{FileSource, NoFile};
use replyflow::provider::{
    Accepted, Adapter, Decoded, EncodeError, Features, Found, Headers, HttpRequest, Malformed, Provider, Refused, Reply, Routes,
    SendContext, SendOutcome, Sought, WebhookRequest,
};

/// Another provider, and what it can beside.
#[derive(Debug)]
pub struct Asked {
    pub inner: Adapter,
    /// Where it is asked: `{url}/asked?CONTACT.EFFECT`, answered 200 with the id or with the name of a message, 404, or anything else.
    pub at: Option<String>,
    /// Whether it knows a repeat; an answer with the words `had it before` says so.
    pub keys: bool,
}

impl Provider for Asked {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn features(&self) -> Features {
        self.inner.features()
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        self.inner.verify(request)
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        self.inner.decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        self.inner.encode(message, context)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        match self.inner.classify(status, headers, body) {
            SendOutcome::Accepted(accepted) if String::from_utf8_lossy(body).contains("had it before") => {
                SendOutcome::Accepted(Accepted { repeat: true, ..accepted })
            }
            outcome => outcome,
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }

    fn acknowledge(&self) -> Reply {
        self.inner.acknowledge()
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        self.inner.file(media)
    }

    fn brings_again(&self) -> bool {
        true
    }

    fn idempotent(&self) -> bool {
        self.keys
    }

    fn lookup(&self, sought: &Sought<'_>) -> Option<HttpRequest> {
        Some(HttpRequest::get(format!("{}/asked?{}", self.at.as_ref()?, sought.send?), Vec::new()))
    }

    fn found(&self, _: &Sought<'_>, status: u16, body: &[u8]) -> Found {
        match status {
            200 => {
                let text = String::from_utf8_lossy(body).into_owned();
                Found::There(Accepted { named: SendRef::parse(&text), id: Some(text), ..Accepted::default() })
            }
            404 => Found::Nowhere,
            _ => Found::Unclear,
        }
    }
}
