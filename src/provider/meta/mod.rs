//! Meta's WhatsApp Cloud API. One webhook serves a whole app: its bodies are signed with the app's secret and name the number.

mod content;
mod decode;
mod encode;
mod errors;
mod interactive;
mod signature;
mod status;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::{authorization, encode};
pub use errors::classify;
pub use signature::{handshake, verify};

use crate::config::channel::MetaSettings;

/// Whether a webhook for one channel may carry messages of the other: both belong to one app.
pub fn same_app(a: &MetaSettings, b: &MetaSettings) -> bool {
    a.app_secret == b.app_secret
}
