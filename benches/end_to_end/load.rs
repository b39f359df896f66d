//! Load in two forms. Users in a closed loop write as soon as their last message was answered and its reply has reached the provider: that is how much
//! the service can do. Messages at a pace come when they are due, whether the service is quick or slow, and how long one took counts from then: a service that
//! stands still for a second shows in every message that was due in that second, also in those that could not be sent.

use crate::user::{Notes, Outcome, Scene, User};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

/// How much, and for how long.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many write.
    pub users: usize,
    /// Sets the phases apart: a message id or a contact is never used twice.
    pub phase: usize,
    /// The measured time; a third of it more is warm-up.
    pub time: Duration,
}

#[derive(Default)]
struct Stage {
    measuring: Cell<bool>,
    ended: Cell<bool>,
}

/// Loads the service with users who wait for their replies.
pub async fn closed_loop(scene: &Scene<'_>, load: Load) -> Outcome {
    let (notes, stage, tasks) = (Notes::new(), Rc::new(Stage::default()), LocalSet::new());
    let before = scene.parties.read().await;
    for user in scene.users(load.users, load.phase).await {
        tasks.spawn_local(talk(user, Rc::clone(&notes), Rc::clone(&stage)));
    }
    let measured = async {
        tokio::time::sleep(load.time / 3).await;
        stage.measuring.set(true);
        let begun = Instant::now();
        tokio::time::sleep(load.time).await;
        stage.measuring.set(false);
        stage.ended.set(true);
        begun.elapsed()
    };
    let time = tasks.run_until(measured).await;
    // Everybody ends the message that is under way, so that what is lost shows.
    tasks.await;
    scene.parties.rest().await;
    notes.outcome(scene.parties.read().await.since(&before, notes.messages()), time)
}

async fn talk(mut user: User, notes: Rc<Notes>, stage: Rc<Stage>) {
    while !stage.ended.get() {
        let counted = stage.measuring.get();
        let Some(took) = user.message(&notes, Instant::now()).await else { return };
        let measured = stage.measuring.get();
        // One that began before belongs to the rate: another one that ends after it does not.
        notes.end(measured);
        if counted && measured {
            notes.record(took);
        }
    }
}

/// Loads the service with so many messages a second, evenly.
pub async fn paced(scene: &Scene<'_>, load: Load, a_second: f64) -> Outcome {
    let (notes, tasks) = (Notes::new(), LocalSet::new());
    let users = scene.users(load.users, load.phase).await;
    let before = scene.parties.read().await;
    let begun = Instant::now() + Duration::from_millis(50);
    let from = begun + load.time / 3;
    let mut turns = Vec::with_capacity(users.len());
    for user in users {
        let (turn, due) = unbounded_channel();
        turns.push(turn);
        tasks.spawn_local(answer(user, due, from, Rc::clone(&notes)));
    }
    // A thread of its own: the runtime's clock has milliseconds, which is what is measured here.
    let pacer = std::thread::spawn(move || pace(&turns, a_second, begun, from + load.time));
    // Until the last reply is there, however late.
    tasks.await;
    pacer.join().expect("no panic");
    scene.parties.rest().await;
    notes.outcome(scene.parties.read().await.since(&before, notes.messages()), load.time)
}

/// Says to one user after the other when its next message is due.
fn pace(users: &[UnboundedSender<Instant>], a_second: f64, begun: Instant, until: Instant) {
    for (n, user) in users.iter().cycle().enumerate() {
        let due = begun + Duration::from_secs_f64(n as f64 / a_second);
        if due >= until {
            return;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // Users end only after this thread.
        let _ = user.send(due);
    }
}

/// Writes each message as soon as it is due and the one before has its reply; what is due from `from` on is counted.
async fn answer(mut user: User, mut due: UnboundedReceiver<Instant>, from: Instant, notes: Rc<Notes>) {
    let mut goes_on = true;
    while let Some(at) = due.recv().await {
        if !goes_on {
            notes.lose();
            continue;
        }
        match user.message(&notes, at).await {
            Some(took) => {
                notes.end(at >= from);
                if at >= from {
                    notes.record(took);
                }
            }
            None => goes_on = false,
        }
    }
}
