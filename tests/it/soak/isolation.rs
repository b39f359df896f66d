//! One person who writes without end, one provider that is dead: what others notice of it. The ratio is printed; what it must be is generous, and
//! it is measured again if it is not, since a test shares its machine: whoever stands behind the trouble does so each time.

use super::client::Connection;
use super::overload::times;
use super::write_project;
use crate::support::fake_provider::FakeProvider;
use crate::support::process::{OUR_SMS, Service, TWILIO_TOKEN};
use crate::support::sign;
use std::net::TcpListener;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// People who are answered meanwhile.
const PROBES: usize = 32;
/// The one of them that counts, the quickest first: half of them may meet a machine that is busy, and no more may stand behind the trouble.
const MIDDLE: usize = PROBES / 2;
/// How much slower others may be.
const SLOWER: u32 = 10;
/// What is no longer the service's: a machine that does something else. Far less than the dead provider's timeout, behind which nobody may stand.
const NOISE: Duration = Duration::from_millis(500);
/// How often it is measured at most.
const ROUNDS: usize = 4;
/// Messages a second of the one who floods.
const FLOOD: u64 = 150;
/// Messages that wait for the dead provider.
const WAITING: usize = 300;

/// Measures what others notice `during` the trouble, until it is next to nothing.
async fn felt_by_nobody(what: &str, before: Duration, mut during: impl AsyncFnMut(usize) -> Vec<Duration>) {
    let mut measured = Vec::new();
    for round in 0..ROUNDS {
        let during = during(round).await[MIDDLE];
        println!("{what}: {before:?} before, {during:?} meanwhile: {:.2} times", during.as_secs_f64() / before.as_secs_f64());
        if during <= before * SLOWER + NOISE {
            return;
        }
        measured.push(during);
    }
    panic!("{what}: {measured:?} meanwhile, {before:?} before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_floods_and_who_is_dead_are_felt_by_nobody_else() {
    let provider = FakeProvider::start();
    // Takes connections, and never says a word.
    let dead = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let dead_url = format!("http://{}", dead.local_addr().expect("an address"));
    let folder = tempfile::tempdir().expect("a folder");
    write_project(folder.path(), "kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    let toml = folder.path().join("replyflow.toml");
    let text = std::fs::read_to_string(&toml).expect("a file");
    let (first, second) = text.split_once("[channels.second-sms]").expect("two channels");
    let second = second.replace(&provider.url, &dead_url).replace("circuit_pause = \"1s\"", "circuit_after = 0");
    std::fs::write(&toml, format!("{first}[channels.second-sms]{second}")).expect("written");
    let service = Service::start(folder.path());
    let port: u16 = service.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let _ = times(&service, &provider, 1_000, PROBES).await;
    let before = times(&service, &provider, 2_000, PROBES).await[MIDDLE];

    felt_by_nobody("beside somebody who writes without end", before, async |round| {
        let stop = CancellationToken::new();
        let flooding = tokio::spawn(flood(port, round, stop.clone()));
        let during = times(&service, &provider, 3_000 + round * PROBES, PROBES).await;
        stop.cancel();
        let written = flooding.await.expect("no panic");
        assert!(written > 20, "{written} messages are no flood");
        during
    })
    .await;

    felt_by_nobody("beside a provider that is dead", before, async |round| {
        for n in round * WAITING..(round + 1) * WAITING {
            let (id, from) = (format!("SMdead{n}"), format!("+4477006{n:05}"));
            let fields = sign::twilio_sms(&id, &from, super::people::SECOND, "hello");
            let (body, signature) = sign::twilio(TWILIO_TOKEN, "https://hooks.example.org/hooks/second-sms", &fields);
            assert_eq!(service.form("/hooks/second-sms", body, &signature).await, 200);
        }
        times(&service, &provider, 4_000 + round * PROBES, PROBES).await
    })
    .await;
    assert!(service.stop(), "a clean stop");
    drop(dead);
}

/// One number, so often a second; gives how often.
async fn flood(port: u16, round: usize, stop: CancellationToken) -> usize {
    let mut connection = Connection::open(port).await.expect("it listens");
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / FLOOD));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0.. {
        tokio::select! {
            () = stop.cancelled() => return n,
            _ = pace.tick() => {}
        }
        let id = format!("SMone{round}-{n}");
        let fields = sign::twilio_sms(&id, "+447700500001", OUR_SMS, "again");
        let (body, signature) = sign::twilio(TWILIO_TOKEN, "https://hooks.example.org/hooks/main-sms", &fields);
        assert_eq!(connection.post("/hooks/main-sms", &signature, &body).await.ok(), Some(200), "message {n}");
    }
    0
}
