//! Customers, and the provider's side of their messages: each writes the next one a while after the one before was taken; what was not taken is
//! delivered again, and some of what was taken too, at both doors at once or long after.

use super::journey::Journey;
use crate::simulation::dice::Dice;
use crate::support::process::{Caller, OUR_SMS, TWILIO_TOKEN};
use crate::support::sign;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Our two numbers: what is unsure fails visibly over the first, and is sent again over the second.
pub const MAIN: &str = OUR_SMS;
pub const SECOND: &str = "+447700900002";

/// How long one message may be delivered in vain, while everything breaks.
const TAKEN: Duration = Duration::from_secs(300);

/// Where the instances are now; one that is dead has its old place.
pub type Doors = Arc<Mutex<Vec<Caller>>>;

/// All of them.
pub struct People {
    tasks: JoinSet<(usize, usize)>,
    end: watch::Sender<bool>,
}

impl People {
    /// So many begin to write.
    pub fn begin(people: usize, seed: u64, doors: &Doors, journey: &Arc<Journey>) -> Self {
        let (end, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for who in 0..people {
            let person =
                Person { who, dice: Dice::new(seed ^ ((who as u64) << 20)), doors: Arc::clone(doors), ended: ended.clone() };
            tasks.spawn(person.write(Arc::clone(journey)));
        }
        People { tasks, end }
    }

    /// Everybody ends the message that is under way; gives how many messages of each were taken.
    pub async fn end(mut self) -> BTreeMap<usize, usize> {
        self.end.send(true).expect("people write");
        let mut said = BTreeMap::new();
        while let Some(one) = self.tasks.join_next().await {
            let (who, messages) = one.expect("no panic");
            said.insert(who, messages);
        }
        said
    }
}

/// The phone of one of them.
pub fn phone(who: usize) -> String {
    format!("+4477009{:05}", 40_000 + who)
}

/// Whether what is unsure is sent to them again.
pub fn repeats(who: usize) -> bool {
    who % 2 == 1
}

struct Person {
    who: usize,
    dice: Dice,
    doors: Doors,
    ended: watch::Receiver<bool>,
}

impl Person {
    async fn write(mut self, journey: Arc<Journey>) -> (usize, usize) {
        let mut done = 0;
        // Not all at once.
        let pause = self.dice.below(2_000);
        self.rest(pause).await;
        while !*self.ended.borrow() {
            self.deliver(done + 1).await;
            done += 1;
            journey.taken();
            // What a provider was told is stored may come again: at once, or much later.
            if self.dice.hits(120) {
                let old = 1 + self.dice.below(done);
                self.deliver(old.max(done.saturating_sub(40))).await;
            }
            // More than 60 in a minute would be a flood.
            let pause = 1_100 + self.dice.below(1_500);
            self.rest(pause).await;
        }
        (self.who, done)
    }

    async fn rest(&mut self, millis: usize) {
        let mut ended = self.ended.clone();
        let ended = async move { drop(ended.wait_for(|ended| *ended).await) };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(millis as u64)) => {}
            () = ended => {}
        }
    }

    /// Until it is taken, as providers do: a little later, as often as it takes.
    async fn deliver(&mut self, n: usize) {
        let path = if repeats(self.who) { "/hooks/second-sms" } else { "/hooks/main-sms" };
        let number = if repeats(self.who) { SECOND } else { MAIN };
        let (id, from, text) = (format!("SM{}x{n}", self.who), phone(self.who), n.to_string());
        let url = format!("https://hooks.example.org{path}");
        let (body, signature) = sign::twilio(TWILIO_TOKEN, &url, &sign::twilio_sms(&id, &from, number, &text));
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < TAKEN, "in vain: {id} is taken");
            let both = self.dice.hits(50);
            let (one, other) = (self.door(), self.door());
            let status = if both {
                let (one, other) =
                    tokio::join!(one.form(path, body.clone(), &signature), other.form(path, body.clone(), &signature));
                if one == 200 || other == 200 { 200 } else { one.max(other) }
            } else {
                one.form(path, body.clone(), &signature).await
            };
            match status {
                200 => return,
                0 | 503 => tokio::time::sleep(Duration::from_millis(50 + self.dice.below(450) as u64)).await,
                other => panic!("{id} was answered {other}"),
            }
        }
    }

    fn door(&mut self) -> Caller {
        let doors = self.doors.lock().expect("not poisoned");
        doors[self.dice.below(doors.len())].clone()
    }
}
