//! The raw pieces of a message, each alone in a process of its own: a webhook whose signature is checked, a POST by an HTTP
//! client like the service's, and the store's accept, commit and settle. Their sum is what a message costs at least.

use crate::client::Connection;
use crate::message::message;
use crate::process::{Cost, Meter};
use crate::provider::Provider;
use crate::service::{NUMBER, PATH, TOKEN};
use crate::sign;
use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use replyflow::domain::id::ContactKey;
use replyflow::store::{EmbeddedStore, RedisStore, Store, StoreSettings};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Set in the processes that do one piece: `webhook`, `post URL USERS SECONDS`, `store URL-or-folder USERS SECONDS`.
pub const ROLE: &str = "END_TO_END_ROLE";

/// A piece in its process.
struct Piece {
    child: Child,
    says: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Piece {
    fn start(role: String) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program).env(ROLE, role).stdout(Stdio::piped()).spawn().expect("a piece starts");
        let says = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Piece { child, says }
    }

    fn line(&mut self) -> String {
        self.says.next().expect("a piece says something").expect("a line")
    }

    /// What a piece that works by itself says of its cost.
    fn cost(mut self) -> Cost {
        let line = self.line();
        let (rate, micros) = line.split_once(' ').expect("two numbers");
        Cost { rate: rate.parse().expect("a rate"), micros: micros.parse().expect("microseconds") }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A webhook: the form read, the signature checked, 204.
pub async fn webhook(users: usize, time: Duration) -> Cost {
    let mut piece = Piece::start("webhook".to_owned());
    let port: u16 = piece.line().parse().expect("a port");
    let url = format!("http://127.0.0.1:{port}{PATH}");
    let (form, signature) = sign::twilio(TOKEN, &url, &sign::twilio_sms("SM1", "+447700900002", NUMBER, "Hello"));
    let done = std::rc::Rc::new(std::cell::Cell::new(0u64));
    let tasks = tokio::task::LocalSet::new();
    for _ in 0..users {
        let (done, form, signature) = (done.clone(), form.clone(), signature.clone());
        let mut connection = Connection::open(port).await.expect("the piece listens");
        tasks.spawn_local(async move {
            while connection.post(PATH, &signature, &form).await.expect("an answer") == 204 {
                done.set(done.get() + 1);
            }
            panic!("the signature is not believed");
        });
    }
    let measured = async {
        tokio::time::sleep(time / 4).await;
        let (meter, before) = (Meter::start(piece.child.id()), done.get());
        tokio::time::sleep(time).await;
        meter.per(done.get() - before)
    };
    tasks.run_until(measured).await
}

/// A POST to the fake provider by an HTTP client like the service's.
pub fn post_client(provider: &Provider, users: usize, time: Duration) -> Cost {
    Piece::start(format!("post {} {users} {}", provider.url, time.as_secs_f64())).cost()
}

/// Accept, commit and settle of one message with one reply.
pub fn store(place: &str, users: usize, time: Duration) -> Cost {
    Piece::start(format!("store {place} {users} {}", time.as_secs_f64())).cost()
}

/// The other side: this process is a piece.
pub fn be(role: &str) {
    match role.split(' ').collect::<Vec<_>>()[..] {
        ["webhook"] => be_webhook(),
        ["post", url, users, seconds] => {
            let url = format!("{url}/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json");
            work(users, seconds, client(), move |client, _| {
                let request = client.post(&url).basic_auth("AC00000000000000000000000000000001", Some(TOKEN));
                let request = request.header("content-type", "application/x-www-form-urlencoded").body(
                    "To=%2B447700900002&From=%2B447700900001&Body=Hello+Ann%2C+how+old+are+you%3F&StatusCallback=http%3A%2F%2F\
                     127.0.0.1%3A8080%2Fhooks%2Fbench%2Fstatus%3Feffect%3D0123456789012345678901.01234567890123456789",
                );
                async move {
                    let answer = request.send().await.expect("an answer");
                    assert_eq!(answer.status().as_u16(), 201);
                    answer.bytes().await.expect("a body");
                }
            });
        }
        ["store", place, users, seconds] => {
            let settings = StoreSettings::default;
            let open = || -> Arc<dyn Store> {
                match place.starts_with("redis:") {
                    true => Arc::new(RedisStore::open(place, settings()).expect("Redis")),
                    false => Arc::new(EmbeddedStore::open(Path::new(place), settings()).expect("a folder")),
                }
            };
            let runtime = runtime();
            let store = runtime.block_on(async { open() });
            work_on(&runtime, users, seconds, store, |store, n| {
                let store = Arc::clone(store);
                async move { message(&*store, contact(n), n, true).await }
            });
        }
        _ => panic!("{ROLE} is not readable: {role}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.pool_max_idle_per_host(64).tcp_nodelay(true).build().expect("a client")
}

fn work<S, F>(users: &str, seconds: &str, shared: S, once: impl Fn(&S, u64) -> F + Send + Sync + 'static)
where
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    work_on(&runtime(), users, seconds, shared, once);
}

/// Does something again and again, so many times at once, and says what it cost.
fn work_on<S, F>(
    runtime: &tokio::runtime::Runtime,
    users: &str,
    seconds: &str,
    shared: S,
    once: impl Fn(&S, u64) -> F + Send + Sync + 'static,
) where
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    let (users, seconds): (u64, f64) = (users.parse().expect("users"), seconds.parse().expect("seconds"));
    let (begun, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (shared, once) = (Arc::new(shared), Arc::new(once));
    for _ in 0..users {
        let (begun, done, shared, once) = (begun.clone(), done.clone(), shared.clone(), once.clone());
        runtime.spawn(async move {
            loop {
                once(&shared, begun.fetch_add(1, Ordering::Relaxed)).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    std::thread::sleep(Duration::from_secs_f64(seconds / 4.0));
    let (meter, before) = (Meter::start(std::process::id()), done.load(Ordering::Relaxed));
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    let cost = meter.per(done.load(Ordering::Relaxed) - before);
    println!("{} {}", cost.rate, cost.micros);
    std::process::exit(0);
}

fn be_webhook() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().app_data(Data::new(String::new())).route(PATH, post().to(checked)));
        let server = server.workers(2).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
        println!("{}", server.addrs()[0].port());
        server.run().await.expect("the piece runs");
    });
}

async fn checked(request: HttpRequest, body: Bytes) -> HttpResponse {
    let host = request.headers().get("host").and_then(|h| h.to_str().ok()).unwrap_or("");
    let mut fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    fields.sort();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).expect("any key");
    mac.update(format!("http://{host}{PATH}").as_bytes());
    for (name, value) in &fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    let given = request.headers().get("x-twilio-signature").map_or(&[][..], |h| h.as_bytes());
    let given = base64::engine::general_purpose::STANDARD.decode(given).unwrap_or_default();
    match mac.verify_slice(&given) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::Forbidden().finish(),
    }
}

/// Whose message this is: of some contacts who write in turn, each 50 messages.
fn contact(n: u64) -> ContactKey {
    const CONTACTS: u64 = 1_024;
    ContactKey::derive(b"bench", &format!("{} {}", n % CONTACTS, n / CONTACTS / 50))
}
