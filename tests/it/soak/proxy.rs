//! The network between the service and what it keeps things in: a TCP proxy that, when told to, delays (so that what was sent later over another
//! connection comes first), cuts in the middle of a request or an answer, swallows everything while the connection stays open, or trickles.
//! Within one connection TCP itself keeps the order, so there is nothing to reorder.

use crate::simulation::dice::Dice;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What is read at once.
const CHUNK: usize = 16 << 10;
/// Of a thousand chunks so many meet a cut, or a connection that is dead from then on.
const CUTS: u32 = 40;
const SWALLOWS: u32 = 60;

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Calm,
    Delaying,
    Cutting,
    Swallowing,
    Trickling,
}

impl Mood {
    /// The bad ones.
    pub const BAD: [Mood; 4] = [Mood::Delaying, Mood::Cutting, Mood::Swallowing, Mood::Trickling];
}

/// The running proxy; all its connections end when it is dropped.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    mood: Arc<Mutex<Mood>>,
    end: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl Proxy {
    /// One to this port of this machine, on a thread of its own.
    pub fn start(upstream: u16, seed: u64) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (mood, end) = (Arc::new(Mutex::new(Mood::Calm)), CancellationToken::new());
        let (its_mood, its_end) = (Arc::clone(&mood), end.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
                tell.send(listener.local_addr().expect("an address").port()).expect("the test waits");
                let mut connections = JoinSet::new();
                for n in 0.. {
                    tokio::select! {
                        () = its_end.cancelled() => return,
                        client = listener.accept() => {
                            if let Ok((client, _)) = client {
                                connections.spawn(carry(client, upstream, Arc::clone(&its_mood), seed ^ (n << 32)));
                            }
                            while connections.try_join_next().is_some() {}
                        }
                    }
                }
            });
        });
        Proxy { port: told.recv().expect("the proxy starts"), mood, end }
    }

    /// From now on it is like this.
    pub fn be(&self, mood: Mood) {
        *self.mood.lock().expect("not poisoned") = mood;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// One connection.
async fn carry(client: TcpStream, upstream: u16, mood: Arc<Mutex<Mood>>, seed: u64) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // The end of one direction ends both, as when a connection breaks.
    tokio::select! {
        () = pump(from_client, to_server, Way::There, &mood, Dice::new(seed)) => {}
        () = pump(from_server, to_client, Way::Back, &mood, Dice::new(!seed)) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way, mood: &Mutex<Mood>, mut dice: Dice) {
    let mut bytes = vec![0; CHUNK];
    loop {
        let Ok(n @ 1..) = from.read(&mut bytes).await else { return };
        let now = *mood.lock().expect("not poisoned");
        let written = match now {
            Mood::Delaying => {
                tokio::time::sleep(millis(dice.below(200))).await;
                to.write_all(&bytes[..n]).await
            }
            Mood::Cutting if dice.hits(CUTS) => {
                // What was asked may have arrived whole and be done, although nobody will hear of it.
                let whole = way == Way::There && dice.hits(500);
                let part = if whole { n } else { dice.below(n) };
                let _ = to.write_all(&bytes[..part]).await;
                return;
            }
            Mood::Swallowing if dice.hits(SWALLOWS) => {
                while let Ok(1..) = from.read(&mut bytes).await {}
                return;
            }
            Mood::Trickling => trickle(&mut to, &bytes[..n], &mut dice).await,
            _ => to.write_all(&bytes[..n]).await,
        };
        if written.is_err() {
            return;
        }
    }
}

async fn trickle(to: &mut OwnedWriteHalf, bytes: &[u8], dice: &mut Dice) -> std::io::Result<()> {
    for piece in bytes.chunks(1 + dice.below(400)) {
        to.write_all(piece).await?;
        tokio::time::sleep(millis(1 + dice.below(3))).await;
    }
    Ok(())
}

fn millis(n: usize) -> Duration {
    Duration::from_millis(n as u64)
}
