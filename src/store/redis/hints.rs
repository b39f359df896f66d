//! Listening for hints: one connection to each server that subscribes to the shards it has. It decides nothing, so it dies and comes back
//! quietly.

use super::keys;
use super::map::Map;
use super::node::Node;
use super::servers::Servers;
use super::slots::slot;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, RedisResult};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// Passes hints on until it is aborted.
pub async fn listen(servers: Arc<Servers>, notify: Arc<Notify>) {
    let mut known = servers.known();
    servers.look_again();
    loop {
        let map = Arc::clone(&known.borrow_and_update().map);
        let mut listeners = JoinSet::new();
        for node in &map.nodes {
            let channels: Vec<String> =
                (0..keys::SHARDS).map(|shard| keys::shard("n", shard)).filter(|name| is_on(&map, node, name)).collect();
            let (servers, node, notify) = (Arc::clone(&servers), Arc::clone(node), Arc::clone(&notify));
            listeners.spawn(async move {
                loop {
                    // Nothing is lost with a lost listener: the tick finds everything.
                    if listen_once(&servers, &node, &channels, &notify).await.is_err() {
                        servers.look_again();
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        // Other servers, or other slots: the listeners begin anew. A server that never changes is listened to for good.
        if known.wait_for(|known| !Arc::ptr_eq(&known.map, &map)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn is_on(map: &Map, node: &Arc<Node>, channel: &str) -> bool {
    map.of(Some(slot(channel.as_bytes()))).is_some_and(|has| Arc::ptr_eq(has, node))
}

async fn listen_once(servers: &Servers, node: &Node, channels: &[String], notify: &Arc<Notify>) -> RedisResult<()> {
    let client = servers.client(&node.address, ProtocolVersion::RESP3)?;
    let closed = Arc::new(Notify::new());
    let (heard, gone) = (Arc::clone(notify), Arc::clone(&closed));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(servers.connect_timeout()))
        .set_response_timeout(Some(servers.connect_timeout()))
        .set_push_sender(move |push: PushInfo| -> Result<(), Infallible> {
            match push.kind {
                // A server says the second of a slot that has gone elsewhere.
                PushKind::Disconnection | PushKind::SUnsubscribe => gone.notify_one(),
                _ => heard.notify_one(),
            }
            Ok(())
        });
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut pipeline = redis::pipe();
    for channel in channels {
        pipeline.cmd("SSUBSCRIBE").arg(channel);
    }
    if !pipeline.is_empty() {
        pipeline.exec_async(&mut connection).await?;
    }
    // What was said while nobody listened.
    notify.notify_one();
    closed.notified().await;
    servers.look_again();
    Ok(())
}
