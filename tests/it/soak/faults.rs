//! Who makes the trouble, in two hands: one that kills and stops processes and fills the disk, and one that spoils networks and the provider
//! meanwhile. What they do is drawn from the seed.

use super::disk::Disk;
use super::journey::Journey;
use super::people::Doors;
use super::provider::{self, Provider};
use super::proxy::{self, Proxy};
use crate::simulation::dice::Dice;
use crate::support::postgres::PostgresServer;
use crate::support::process::Service;
use crate::support::redis::RedisServer;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One thing that happens to processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    KillOne,
    KillAll,
    StopOne,
    RestartOne,
    KillRedis,
    StopRedis,
    KillPostgres,
    FullDisk,
}

/// An instance and where its project is.
pub struct Instance {
    pub folder: PathBuf,
    pub service: Option<Service>,
}

/// The hand on processes.
pub struct Processes {
    pub instances: Vec<Instance>,
    pub redis: Option<RedisServer>,
    pub postgres: Option<PostgresServer>,
    pub disk: Option<Disk>,
    pub doors: Doors,
    pub journey: Arc<Journey>,
    pub dice: Dice,
    /// Those that were done.
    pub done: usize,
}

impl Processes {
    /// One thing after the other.
    pub async fn storm(&mut self, until: Instant) {
        let mut faults = vec![(4, Fault::KillOne), (1, Fault::KillAll), (3, Fault::StopOne), (1, Fault::RestartOne)];
        if self.redis.is_some() {
            faults.extend([(3, Fault::KillRedis), (2, Fault::StopRedis)]);
        }
        if self.postgres.is_some() {
            faults.push((2, Fault::KillPostgres));
        }
        if self.disk.is_some() {
            faults.push((4, Fault::FullDisk));
        }
        while Instant::now() < until {
            let pause = 300 + self.dice.below(2_500);
            tokio::time::sleep(millis(pause)).await;
            let fault = self.dice.weighted(&faults);
            self.one(fault).await;
            self.done += 1;
        }
    }

    async fn one(&mut self, fault: Fault) {
        let (victim, long) = (self.dice.below(self.instances.len()), self.dice.below(1_000));
        self.journey.note(format!("{fault:?}, instance {victim}, {long} ‰"));
        let part = |most: usize| millis(most * long / 1_000);
        match fault {
            Fault::KillOne => {
                self.kill(victim);
                tokio::time::sleep(part(2_000)).await;
                self.start(victim);
            }
            Fault::KillAll => {
                (0..self.instances.len()).for_each(|n| self.kill(n));
                tokio::time::sleep(part(1_000)).await;
                (0..self.instances.len()).for_each(|n| self.start(n));
            }
            Fault::StopOne => {
                // Longer than any of its leases, mostly.
                self.signal(victim, "-STOP");
                tokio::time::sleep(millis(500) + part(4_500)).await;
                self.journey.woken();
                self.signal(victim, "-CONT");
            }
            Fault::RestartOne => {
                let service = self.instances[victim].service.take().expect("it runs");
                self.journey.heard(&service.log());
                assert!(tokio::task::block_in_place(|| service.stop()), "a clean stop\n{}", self.journey.story());
                self.start(victim);
            }
            Fault::KillRedis => {
                let redis = self.redis.as_mut().expect("there is one");
                redis.kill9();
                tokio::time::sleep(part(2_500)).await;
                tokio::task::block_in_place(|| redis.restart());
            }
            Fault::StopRedis => {
                let redis = self.redis.as_ref().expect("there is one");
                redis.signal("-STOP");
                tokio::time::sleep(part(3_500)).await;
                redis.signal("-CONT");
            }
            Fault::KillPostgres => {
                let postgres = self.postgres.as_mut().expect("there is one");
                postgres.kill9();
                tokio::time::sleep(part(2_500)).await;
                tokio::task::block_in_place(|| postgres.restart());
            }
            Fault::FullDisk => {
                let disk = self.disk.as_ref().expect("there is one");
                tokio::task::block_in_place(|| disk.fill());
                tokio::time::sleep(millis(300) + part(3_000)).await;
                disk.free();
            }
        }
    }

    fn kill(&mut self, n: usize) {
        let service = self.instances[n].service.take().expect("it runs");
        self.journey.heard(&service.log());
        service.kill9();
    }

    /// Starts it as a supervisor does: again and again, until it stays.
    fn start(&mut self, n: usize) {
        let service = tokio::task::block_in_place(|| Service::start_in_the_end(&self.instances[n].folder));
        self.doors.lock().expect("not poisoned")[n] = service.caller();
        self.instances[n].service = Some(service);
    }

    fn signal(&self, n: usize, signal: &str) {
        self.instances[n].service.as_ref().expect("it runs").signal(signal);
    }
}

/// The hand on networks and on the provider.
pub struct Surroundings {
    pub proxies: Vec<Arc<Proxy>>,
    pub provider: Arc<Provider>,
    pub journey: Arc<Journey>,
    pub dice: Dice,
}

impl Surroundings {
    /// One thing after the other; all is well at the end.
    pub async fn storm(&mut self, until: Instant) {
        while Instant::now() < until {
            let (calm, bad) = (500 + self.dice.below(2_500), 500 + self.dice.below(3_500));
            tokio::time::sleep(millis(calm)).await;
            match self.dice.below(self.proxies.len() + 2).checked_sub(2) {
                Some(n) => {
                    let mood = self.dice.one(&proxy::Mood::BAD);
                    self.journey.note(format!("the network of {n} is {mood:?} for {bad} ms"));
                    self.proxies[n].be(mood);
                    tokio::time::sleep(millis(bad)).await;
                    self.proxies[n].be(proxy::Mood::Calm);
                }
                None => {
                    let mood = self.dice.one(&provider::Mood::BAD);
                    self.journey.note(format!("the provider is {mood:?} for {bad} ms"));
                    self.provider.be(mood);
                    tokio::time::sleep(millis(bad)).await;
                    self.provider.be(provider::Mood::Well);
                }
            }
        }
    }
}

fn millis(n: usize) -> Duration {
    Duration::from_millis(n as u64)
}
