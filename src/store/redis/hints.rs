//! Listening for hints: one connection that subscribes to all shards. It decides nothing, so it dies and comes back quietly.

use super::keys;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, PushInfo, PushKind, RedisResult};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// Passes hints on until it is aborted.
pub async fn listen(url: String, connect_timeout: Duration, notify: Arc<Notify>) {
    loop {
        // Nothing is lost with a lost listener: the tick finds everything.
        let _ = listen_once(&url, connect_timeout, &notify).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(url: &str, connect_timeout: Duration, notify: &Arc<Notify>) -> RedisResult<()> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings))?;
    let closed = Arc::new(Notify::new());
    let (heard, gone) = (Arc::clone(notify), Arc::clone(&closed));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(connect_timeout))
        .set_response_timeout(Some(connect_timeout))
        .set_push_sender(move |push: PushInfo| -> Result<(), Infallible> {
            match push.kind {
                PushKind::Disconnection => gone.notify_one(),
                _ => heard.notify_one(),
            }
            Ok(())
        });
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut pipeline = redis::pipe();
    for shard in 0..keys::SHARDS {
        pipeline.cmd("SSUBSCRIBE").arg(keys::shard("n", shard));
    }
    pipeline.exec_async(&mut connection).await?;
    // What was said while nobody listened.
    notify.notify_one();
    closed.notified().await;
    Ok(())
}
