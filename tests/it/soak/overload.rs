//! Far more than the service takes: it refuses with 503, which providers repeat, needs no more memory for it, and is as it was once it is over: what
//! was taken is done, and whoever writes next is taken at once. How long that takes is printed; a test shares its machine.

use super::client::Connection;
use super::{number, write_project};
use crate::kill::failed;
use crate::support::fake_provider::FakeProvider;
use crate::support::patience::{LONG, patient};
use crate::support::process::{OUR_SMS, Service, TWILIO_TOKEN};
use crate::support::sign;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Webhooks a second that the service is set to take. A test's binary on a small machine keeps up with that.
const RATE: u64 = 100;
/// Who write at the same time, each as fast as answers come, and from how many numbers.
const WRITERS: usize = 64;
const NUMBERS: usize = 3_000;
/// Seconds, if nobody says otherwise.
const SECONDS: u64 = 5;
/// How long it is awaited that what was taken is done: it waits in one queue, on a machine that may do something else.
const DONE: Duration = Duration::from_secs(600);
/// Between two looks whether it is.
const MOMENT: Duration = Duration::from_millis(500);
/// People who write before and afterwards.
const PROBES: usize = 15;
/// Memory that warm caches may take, and each connection with what is under way for it.
const MORE_MIB: f64 = 48.0;
const CONNECTION_MIB: f64 = 0.125;

/// How long a message of somebody new takes until its answer is at the provider.
pub async fn probe(service: &Service, provider: &FakeProvider, who: usize) -> Duration {
    let (from, begun) = (format!("+4477007{who:05}"), Instant::now());
    loop {
        match service.sms(&format!("SMprobe{who}"), &from, "hello").await {
            200 => break,
            // As a provider does.
            503 => tokio::time::sleep(Duration::from_millis(50)).await,
            other => panic!("answered {other}"),
        }
        patient(begun, "a message is taken");
    }
    let arrived = |sent: &[crate::support::fake_provider::Sent]| sent.iter().rev().any(|one| one.to == from);
    tokio::task::block_in_place(|| drop(provider.wait(LONG, arrived)));
    begun.elapsed()
}

/// The times of so many, the shortest first.
pub async fn times(service: &Service, provider: &FakeProvider, from: usize, n: usize) -> Vec<Duration> {
    let mut all = Vec::with_capacity(n);
    for who in from..from + n {
        all.push(probe(service, provider, who).await);
    }
    all.sort();
    all
}

#[derive(Default)]
struct Answers {
    taken: AtomicU64,
    refused: AtomicU64,
    next: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_more_than_it_is_set_to_take_is_refused_without_memory_and_leaves_nothing_behind() {
    let (taken, refused, time) = overload(Some(RATE), WRITERS).await;
    assert!(refused >= RATE, "{taken} taken, {refused} refused: that was not too much");
    // Twice the rate may come at once.
    let allowed = RATE * (time.as_secs() + 1) * 6 / 5 + RATE * 3;
    assert!(taken <= allowed, "{taken} were taken, {allowed} at most");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_more_than_it_can_do_is_done_later_and_leaves_nothing_behind() {
    let (taken, _, _) = overload(None, WRITERS * 8).await;
    assert!(taken > 100, "{taken} taken: nothing was done");
}

/// Writes as fast as answers come; gives how many messages were taken, how many refused, and in what time.
async fn overload(rate: Option<u64>, writers: usize) -> (u64, u64, Duration) {
    let provider = FakeProvider::start();
    let folder = tempfile::tempdir().expect("a folder");
    write_project(folder.path(), "kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    let toml = folder.path().join("replyflow.toml");
    let text = std::fs::read_to_string(&toml)
        .expect("a file")
        .replace("hooks = 100000", &format!("hooks = {}", rate.unwrap_or(100_000)));
    std::fs::write(&toml, text).expect("written");
    let service = Service::start(folder.path());
    let before = times(&service, &provider, 0, PROBES).await;
    let (_, most_before) = service.memory();

    let port = service.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let time = Duration::from_secs(number("REPLYFLOW_SOAK_SECONDS").map_or(SECONDS, |all| (all / 30).clamp(SECONDS, 60)));
    let (answers, begun) = (Arc::new(Answers::default()), Instant::now());
    let mut flooding = JoinSet::new();
    for _ in 0..writers {
        flooding.spawn(flood(port, begun + time, Arc::clone(&answers)));
    }
    while let Some(one) = flooding.join_next().await {
        one.expect("no panic");
    }
    let (time, over) = (begun.elapsed(), Instant::now());
    let (taken, refused) = (answers.taken.load(Ordering::Relaxed), answers.refused.load(Ordering::Relaxed));
    let (_, most) = service.memory();

    done(&provider, folder.path(), PROBES + usize::try_from(taken).expect("a small number")).await;
    let done = over.elapsed();
    // As much as the rate lets through at once.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for who in 200..200 + PROBES {
        let status = service.sms(&format!("SMnext{who}"), &format!("+4477007{who:05}"), "hello").await;
        assert_eq!(status, 200, "whoever writes next is taken at once");
    }
    let after = times(&service, &provider, 100, PROBES).await;
    println!(
        "{time:?}: {taken} taken, {refused} refused; {most_before:.0} MiB before, {most:.0} MiB at most; done {done:?} after the end; an answer in {:?} before, in {:?} afterwards",
        before[PROBES / 2],
        after[PROBES / 2]
    );
    let more = MORE_MIB + CONNECTION_MIB * writers as f64;
    assert!(most <= most_before + more, "{most:.0} MiB, {most_before:.0} before");
    assert!(service.stop(), "a clean stop");
    (taken, refused, time)
}

/// Waits until so many messages have led to an answer, or to one that failed visibly. Of one whose sender was hung up on nobody knows.
async fn done(provider: &FakeProvider, folder: &Path, messages: usize) {
    let begun = Instant::now();
    loop {
        let arrived: BTreeSet<String> = provider.sent().into_iter().filter_map(|sent| sent.effect).collect();
        if arrived.len() >= messages {
            return;
        }
        let gone = tokio::task::block_in_place(|| failed(folder)).iter().filter(|id| !arrived.contains(*id)).count();
        if arrived.len() + gone >= messages {
            return;
        }
        assert!(begun.elapsed() < DONE, "of {messages} messages {} are answered, {gone} failed", arrived.len());
        tokio::time::sleep(MOMENT).await;
    }
}

/// Writes as fast as answers come; what was refused is not repeated.
async fn flood(port: u16, until: Instant, answers: Arc<Answers>) {
    let mut connection = Connection::open(port).await.expect("it listens");
    while Instant::now() < until {
        let n = answers.next.fetch_add(1, Ordering::Relaxed);
        let (id, from) = (format!("SMflood{n}"), format!("+4477008{:05}", n % NUMBERS));
        let fields = sign::twilio_sms(&id, &from, OUR_SMS, "hello");
        let (body, signature) = sign::twilio(TWILIO_TOKEN, "https://hooks.example.org/hooks/main-sms", &fields);
        match connection.post("/hooks/main-sms", &signature, &body).await {
            Ok(200) => answers.taken.fetch_add(1, Ordering::Relaxed),
            Ok(503) => answers.refused.fetch_add(1, Ordering::Relaxed),
            Ok(other) => panic!("answered {other}"),
            // Who is refused may be hung up on.
            Err(_) => {
                connection = Connection::open(port).await.expect("it listens");
                0
            }
        };
    }
}
