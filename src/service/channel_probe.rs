//! Whether a provider takes the credentials of a channel: asked by a call that costs nothing and changes nothing.

use super::HttpClient;
use super::ports::{HttpCall, Transport as _};
use crate::domain::time::Millis;
use crate::provider::{Adapter, Checked};
use std::time::Duration;

/// The longest that the answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What the provider says of them with which status; nothing if it cannot be asked at all.
pub async fn probe_channel(client: &HttpClient, adapter: &Adapter, now: Millis) -> Option<Result<(Checked, u16), String>> {
    let request = adapter.check(now)?;
    let answer = client.send(HttpCall::to_provider(request, TIMEOUT)).await;
    Some(match answer {
        Ok(answer) => Ok((adapter.checked(answer.status, &answer.body), answer.status)),
        Err(failure) => Err(failure.to_string()),
    })
}
