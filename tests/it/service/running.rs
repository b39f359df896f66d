//! The service as it runs: the machine's clock, tokio's threads, the real loops. Only the network is the test's.

use super::echo::echo;
use super::rig::{Backend, Kept, Rig, answer, json, message};
use super::{ANN, BEN, on_every_store};
use crate::support::patience::{LONG, within};
use replyflow::service::ports::{HttpAnswer, HttpCall, HttpFailure, Transport};
use replyflow::service::runtime::{MachineClock, MachineRandom, Running, Stopped, TokioTasks};
use replyflow::service::{Core, Parts, failed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

on_every_store!(
    a_stop_ends_what_is_in_the_air_and_loses_nothing,
    a_stop_does_not_wait_for_ever,
    a_flood_from_many_is_worked_off_by_two_instances,
);

/// A network that answers when it is let.
struct Gate {
    open: Semaphore,
    texts: Mutex<Vec<(String, String)>>,
    arrived: Notify,
}

impl Gate {
    fn closed() -> Arc<Self> {
        Arc::new(Gate { open: Semaphore::new(0), texts: Mutex::default(), arrived: Notify::new() })
    }

    async fn until(&self, n: usize) {
        loop {
            let arrived = self.arrived.notified();
            if self.texts.lock().expect("not poisoned").len() >= n {
                return;
            }
            within(&format!("{n} requests arrive"), arrived).await;
        }
    }

    fn of(&self, person: &str) -> Vec<String> {
        let texts = self.texts.lock().expect("not poisoned");
        texts.iter().filter(|(to, _)| to == person).map(|(_, text)| text.clone()).collect()
    }
}

#[async_trait::async_trait]
impl Transport for Gate {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure> {
        let body = json(&call);
        let text = |key: &str| body[key].as_str().unwrap_or("").to_owned();
        self.texts.lock().expect("not poisoned").push((text("to"), text("text")));
        self.arrived.notify_waiters();
        self.open.acquire().await.map_err(|_| HttpFailure::Lost)?.forget();
        answer(200, r#"{"id":"p"}"#)
    }
}

async fn start(rig: &Rig, gate: &Arc<Gate>) -> Running {
    let tasks = TokioTasks::new(Handle::current());
    let parts = Parts {
        transport: gate.clone(),
        clock: Arc::new(MachineClock::default()),
        tasks: Arc::new(tasks.clone()),
        random: Arc::new(MachineRandom),
        ..rig.parts()
    };
    Running::start(Core::start(parts).await.expect("starts"), tasks, Some(Arc::new(Kept::default())))
}

async fn a_stop_ends_what_is_in_the_air_and_loses_nothing(backend: Backend) {
    let rig = Rig::real(backend, echo).await;
    let gate = Gate::closed();
    let first = start(&rig, &gate).await;
    for person in [ANN, BEN] {
        first.core().receive_message(message(person, "1", "a|b|c")).await.expect("accepted");
    }
    gate.until(2).await;
    let stopping = tokio::spawn(first.stop(LONG));
    gate.open.add_permits(1_000);
    assert_eq!(stopping.await.expect("stops"), Stopped { left: 0 });
    assert_eq!((gate.of(ANN), gate.of(BEN)), (vec!["a".to_owned()], vec!["a".to_owned()]), "nothing new was begun");

    let second = start(&rig, &gate).await;
    gate.until(6).await;
    assert_eq!(second.stop(LONG).await, Stopped { left: 0 });
    for person in [ANN, BEN] {
        assert_eq!(gate.of(person), ["a", "b", "c"]);
    }
    assert_eq!(failed::list(&*rig.store, 10).await.expect("lists"), Vec::new(), "{:?}", rig.journal(rig.key(ANN)).await);
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_stop_does_not_wait_for_ever(backend: Backend) {
    let rig = Rig::real(backend, echo).await;
    let gate = Gate::closed();
    let running = start(&rig, &gate).await;
    running.core().receive_message(message(ANN, "1", "hi")).await.expect("accepted");
    gate.until(1).await;
    assert_eq!(running.stop(Duration::from_millis(50)).await, Stopped { left: 1 });
}

async fn a_flood_from_many_is_worked_off_by_two_instances(backend: Backend) {
    let rig = Rig::real(backend, echo).await;
    let gate = Gate::closed();
    gate.open.add_permits(100_000);
    let (one, two) = (start(&rig, &gate).await, start(&rig, &gate).await);
    let people: Vec<String> = (0..40).map(|n| format!("+4477009003{n:02}")).collect();
    for n in 0..10 {
        for (i, person) in people.iter().enumerate() {
            let core = if (n + i) % 2 == 0 { one.core() } else { two.core() };
            core.receive_message(message(person, &n.to_string(), &n.to_string())).await.expect("accepted");
        }
    }
    gate.until(400).await;
    one.stop(LONG).await;
    two.stop(LONG).await;
    let expected: Vec<String> = (0..10).map(|n| format!("echo {n}")).collect();
    for person in &people {
        assert_eq!(gate.of(person), expected, "each once and in order");
    }
    assert_eq!(failed::list(&*rig.store, 10).await.expect("lists"), Vec::new());
}
