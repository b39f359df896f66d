//! The raw pieces of an event, each alone in a process of its own: an endpoint that reads the JSON and checks the key, and the store's `accept`.

use crate::process::{Cost, Meter};
use crate::sender::{How, KEY, load};
use actix_web::web::{Bytes, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use replyflow::domain::id::{ContactKey, DedupeHash, InputId};
use replyflow::domain::input::Class;
use replyflow::store::{Accept, EmbeddedStore, RedisStore, Store, StoreSettings, WhenFull};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Set in the processes that do one piece: `endpoint`, `store URL-or-folder USERS SECONDS`.
pub const ROLE: &str = "EVENTS_ROLE";

struct Piece(Child);

impl Piece {
    fn start(role: String) -> (Self, String) {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program).env(ROLE, role).stdout(Stdio::piped()).spawn().expect("a piece starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        (Piece(child), line.trim().to_owned())
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The endpoint alone.
pub async fn endpoint(users: usize, time: Duration) -> Cost {
    let (piece, port) = Piece::start("endpoint".to_owned());
    let counts = load(port.parse().expect("a port"), How::Single, users);
    let work = async {
        tokio::time::sleep(time / 4).await;
        let (meter, before) = (Meter::start(piece.0.id()), counts.events.get());
        tokio::time::sleep(time).await;
        meter.per(counts.events.get() - before)
    };
    let cost = counts.tasks.run_until(work).await;
    assert_eq!(counts.refused.get(), 0);
    cost
}

/// `accept` alone, of inputs as large as an event's.
pub fn store(place: &str, users: usize, time: Duration) -> Cost {
    let (_piece, line) = Piece::start(format!("store {place} {users} {}", time.as_secs_f64()));
    let (rate, micros) = line.split_once(' ').expect("two numbers");
    Cost { rate: rate.parse().expect("a rate"), micros: micros.parse().expect("microseconds") }
}

/// The other side: this process is a piece.
pub fn be(role: &str) {
    match role.split(' ').collect::<Vec<_>>()[..] {
        ["endpoint"] => be_endpoint(),
        ["store", place, users, seconds] => be_store(place, users.parse().expect("users"), seconds.parse().expect("seconds")),
        _ => panic!("{ROLE} is not readable: {role}"),
    }
}

fn be_endpoint() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/v1/events", post().to(taken)));
        let server = server.workers(2).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
        println!("{}", server.addrs()[0].port());
        server.run().await.expect("the piece runs");
    });
}

async fn taken(request: HttpRequest, body: Bytes) -> HttpResponse {
    let key = request.headers().get("authorization").and_then(|h| h.to_str().ok()).and_then(|h| h.strip_prefix("Bearer "));
    match (key == Some(KEY), serde_json::from_slice::<serde_json::Value>(&body)) {
        (true, Ok(event)) if event["event"].is_string() => HttpResponse::Accepted().finish(),
        _ => HttpResponse::BadRequest().finish(),
    }
}

fn be_store(place: &str, users: u64, seconds: f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store: Arc<dyn Store> = runtime.block_on(async {
        let settings = StoreSettings { mailbox_max: usize::MAX / 2, ..StoreSettings::default() };
        match place.starts_with("redis:") {
            true => Arc::new(RedisStore::open(place, settings).expect("Redis")) as Arc<dyn Store>,
            false => Arc::new(EmbeddedStore::open(Path::new(place), settings).expect("a folder")),
        }
    });
    let (begun, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for _ in 0..users {
        let (store, begun, done) = (Arc::clone(&store), Arc::clone(&begun), Arc::clone(&done));
        runtime.spawn(async move {
            loop {
                let n = begun.fetch_add(1, Ordering::Relaxed);
                let contact = ContactKey::derive(b"bench", &format!("{}", n % 4_096));
                let hash = DedupeHash::of(&["bench", &n.to_string()]);
                let body = Bytes::from(vec![b'x'; 250]);
                let accept = Accept {
                    contact,
                    hash,
                    class: Class::Normal,
                    id: InputId::of(hash),
                    body,
                    claim: true,
                    full: WhenFull::Drop,
                    known: false,
                };
                store.accept(accept).await.expect("accepts");
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    std::thread::sleep(Duration::from_secs_f64(seconds / 4.0));
    let (meter, before) = (Meter::start(std::process::id()), done.load(Ordering::Relaxed));
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let cost = meter.per(done.load(Ordering::Relaxed) - before);
    println!("{} {}", cost.rate, cost.micros);
    std::process::exit(0);
}
