//! What Amazon SNS wants fetched: the certificate that its notifications are signed with, and the URL that confirms a subscription.
//! Both lie at SNS itself, which was looked at before.

use super::core::{Core, duration};
use super::ports::{HttpCall, Reach};
use crate::domain::time::Span;
use crate::provider::Subscription;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Certificates that are kept; SNS uses one for a region at a time.
const CERTIFICATES: usize = 16;
/// Bytes of one.
const CERTIFICATE_BYTES: usize = 64 * 1024;
/// One request.
const TIMEOUT: Span = Span::seconds(4);

/// Certificates by their URLs.
#[derive(Debug, Default)]
pub(super) struct Certificates(Mutex<HashMap<String, Bytes>>);

impl Core {
    /// The certificate at this URL; nothing if it cannot be had now.
    pub async fn certificate(self: &Arc<Self>, url: &str) -> Option<Bytes> {
        let known = self.certificates.0.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        if known.is_some() {
            return known;
        }
        let found = self.get_of_sns(url).await?;
        let mut all = self.certificates.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CERTIFICATES {
            all.clear();
        }
        all.insert(url.to_owned(), found.clone());
        Some(found)
    }

    /// Says yes to a topic that the channel names. If that fails, SNS asks again when an operator has it ask.
    pub(super) async fn confirm(self: &Arc<Self>, subscription: Subscription) {
        match self.get_of_sns(&subscription.url).await {
            Some(_) => tracing::info!(topic = subscription.topic, "a subscription was confirmed"),
            None => tracing::error!(topic = subscription.topic, "a subscription could not be confirmed; request it again at SNS"),
        }
    }

    async fn get_of_sns(&self, url: &str) -> Option<Bytes> {
        let call = HttpCall {
            method: "GET",
            url: url.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: duration(TIMEOUT),
            max_answer: CERTIFICATE_BYTES,
            reach: Reach::PublicOnly,
        };
        let answer = self.gate.of_the_service().http(call).await;
        answer.ok().filter(|answer| answer.status == 200).map(|answer| answer.body)
    }
}
