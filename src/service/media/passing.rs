//! Where links to files pass the edge of the service: what leaves gets links of now, what comes in and what is written down gets lasting names.

use super::links::{Closed, Hearer};
use crate::domain::codec::DecodeError;
use crate::domain::time::Span;
use crate::engine::effect::Effect;
use crate::service::core::Core;
use crate::service::gate::Opened;
use crate::store::Started;
use bytes::Bytes;
use std::borrow::Cow;

impl Core {
    /// Reads an effect. One that leaves has links of now: its provider gets those for providers where it fetches a file itself.
    pub(in crate::service) fn opened(&self, started: &Started) -> Result<Opened<'_>, DecodeError> {
        let opened = self.gate.open(&started.body)?;
        let leaves = match &opened {
            Opened::Live(effect, _) => effect.leaves(),
            // What a test contact decided is written down, and shown by the API; only what the stand-in of an api is asked leaves.
            Opened::Test(effect) => matches!(effect, Effect::Call(_)),
        };
        let now = self.store_now();
        let fresh = if leaves { self.file_links.fresh(&started.body, Hearer::Others, now) } else { None };
        let Some(fresh) = fresh else { return Ok(opened) };
        let mut opened = self.gate.open(&fresh)?;
        if let Opened::Live(Effect::Send(send), _) = &mut opened {
            for file in send.outbound.content.files_mut() {
                let again = file.url.as_deref().and_then(|url| self.file_links.again(url, Hearer::Provider, now));
                file.url = again.or_else(|| file.url.take());
            }
        }
        Ok(opened)
    }

    /// What is stored: a lasting name for each link that opens.
    pub(in crate::service) fn lasting(&self, body: Bytes) -> Bytes {
        self.file_links.kept(&body, self.store_now()).map_or(body, Bytes::from)
    }

    /// What a request asks to be kept, likewise.
    pub fn keeping<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        self.file_links.kept(body, self.store_now()).map_or(Cow::Borrowed(body), Cow::Owned)
    }

    /// What other systems are told beside effects: a link of now for each lasting name.
    pub(in crate::service) fn leaving(&self, body: Bytes) -> Bytes {
        self.file_links.fresh(&body, Hearer::Others, self.store_now()).map_or(body, Bytes::from)
    }

    /// What the API answers, likewise.
    pub fn answering(&self, body: &Bytes) -> Option<Bytes> {
        self.file_links.fresh(body, Hearer::Api, self.store_now()).map(Bytes::from)
    }

    /// Whether a link opens the file of this name, and for how long still.
    pub fn opens_file(&self, name: &str, until: Option<&str>, signature: Option<&str>) -> Result<Span, Closed> {
        self.file_links.opens(name, until, signature, self.store_now())
    }
}
