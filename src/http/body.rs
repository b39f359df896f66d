//! Reading a body: always, before anything is answered, and never more of it than its route, the clock and the memory of all
//! requests together allow.

use super::error::Failure;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Bytes of a body whose sender has proven nothing: enough to be told why it is refused.
pub const UNPROVEN: usize = 64 * 1024;
/// One permit stands for so many bytes.
const UNIT: usize = 1024;

/// The memory that all bodies share.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Semaphore>);

impl Memory {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        Memory(Arc::new(Semaphore::new((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS))))
    }

    fn take(&self, bytes: usize, held: &mut Option<OwnedSemaphorePermit>) -> Result<(), Failure> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| Failure::Unavailable)?;
        let permit = Arc::clone(&self.0).try_acquire_many_owned(units).map_err(|_| Failure::Unavailable)?;
        match held {
            Some(held) => held.merge(permit),
            None => *held = Some(permit),
        }
        Ok(())
    }
}

/// A body that was read; its memory is given back when it is dropped.
#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

impl std::ops::Deref for Body {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body of at most `limit` bytes. One that is larger is read on for as long again, without being kept, so that the
/// caller can still hear why.
pub async fn read(payload: &mut Payload, limit: usize, memory: &Memory, within: Duration) -> Result<Body, Failure> {
    let deadline = Instant::now() + within;
    let mut bytes = BytesMut::new();
    let (mut held, mut seen, mut paid) = (None, 0usize, 0usize);
    let mut refused: Option<Failure> = None;
    loop {
        let chunk = match timeout_at(deadline, payload.next()).await {
            Err(_) => return Err(refused.unwrap_or(Failure::Slow)),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(refused.unwrap_or(Failure::Malformed("the body ended early"))),
            Ok(Some(Ok(chunk))) => chunk,
        };
        seen = seen.saturating_add(chunk.len());
        if seen > limit {
            refused = Some(Failure::TooLarge { limit });
            (bytes, held) = (BytesMut::new(), None);
            if seen > limit.saturating_mul(2) {
                break;
            }
        }
        if refused.is_none() {
            if seen > paid {
                let more = (seen - paid).max(UNIT);
                match memory.take(more, &mut held) {
                    Ok(()) => paid += more.div_ceil(UNIT) * UNIT,
                    Err(failure) => {
                        refused = Some(failure);
                        (bytes, held) = (BytesMut::new(), None);
                        continue;
                    }
                }
            }
            bytes.extend_from_slice(&chunk);
        }
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok(Body { bytes: bytes.freeze(), _memory: held }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;

    async fn given(size: usize, limit: usize, memory: &Memory) -> Result<Body, Failure> {
        let (request, mut payload) = TestRequest::post().set_payload(vec![b'x'; size]).to_http_parts();
        let mut payload = Payload::from_request(&request, &mut payload).await.expect("a payload");
        read(&mut payload, limit, memory, Duration::from_secs(5)).await
    }

    #[actix_web::test]
    async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
        let memory = Memory::new(1 << 20);
        assert_eq!(given(1_000, 1_000, &memory).await.expect("read").len(), 1_000);
        assert_eq!(given(1_001, 1_000, &memory).await.expect_err("refused"), Failure::TooLarge { limit: 1_000 });
        assert_eq!(given(0, 1_000, &memory).await.expect("read").len(), 0);
        assert_eq!(memory.0.available_permits(), 1 << 10, "all memory is given back");
    }

    #[actix_web::test]
    async fn bodies_share_a_memory() {
        let memory = Memory::new(4 * UNIT);
        let first = given(3 * UNIT, 1 << 20, &memory).await.expect("read");
        assert_eq!(given(2 * UNIT, 1 << 20, &memory).await.expect_err("refused"), Failure::Unavailable);
        drop(first);
        assert!(given(4 * UNIT, 1 << 20, &memory).await.is_ok());
    }
}
