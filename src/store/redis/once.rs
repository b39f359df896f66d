//! Requests that take effect once.

use super::scripts::Script;
use super::{RedisStore, keys};
use crate::domain::time::Span;
use crate::store::{Answer, OnceRequest, RequestStep, Requested, StoreError};
use bytes::Bytes;

impl RedisStore {
    pub(super) async fn do_request(&self, request: &OnceRequest) -> Answer<Requested> {
        let shard = request.key.shard(keys::SHARDS);
        let (step, answer): (&str, &[u8]) = match &request.step {
            RequestStep::Begin => ("begin", b""),
            RequestStep::Answer(answer) => ("answer", answer),
            RequestStep::Again => ("again", b""),
            RequestStep::Forget => ("forget", b""),
        };
        let s = &self.settings;
        let mut call = self.link.script(Script::Request, &[keys::shard("q", shard), keys::shard("qt", shard)]);
        call.bytes(request.key.bytes()).bytes(request.print.bytes()).text(request.who).text(step);
        call.text(s.claim_lease.0).text(s.requests_kept.0);
        call.text(s.requests_max.div_ceil(usize::from(keys::SHARDS))).bytes(answer);
        let mut answer = self.link.call(&call).await?;
        let requested = match answer.text()?.as_str() {
            "yours" => Requested::Yours,
            "busy" => Requested::Busy(Span(answer.int()?)),
            "other" => Requested::Other,
            "answered" => Requested::Answered(Bytes::from(answer.bytes()?)),
            "full" => Requested::Full,
            "done" => Requested::Done,
            word => return Err(StoreError::Bug(format!("request answers `{word}`"))),
        };
        Ok(requested)
    }
}
