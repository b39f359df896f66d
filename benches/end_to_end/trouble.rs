//! What others notice of one person who writes without end, and of one provider that is dead: messages at the same even pace beside each of them.

use crate::client::Connection;
use crate::load::{Load, paced};
use crate::provider::number;
use crate::service::{DEAD_NUMBER, DEAD_PATH, NUMBER, PATH, PUBLIC, TOKEN};
use crate::sign;
use crate::user::{Outcome, Scene};
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// Messages a second of whoever is beside.
const A_SECOND: u64 = 150;

/// Who makes trouble.
#[derive(Clone, Copy)]
pub enum Trouble {
    /// One person who writes without end.
    Flood,
    /// Many write over a channel whose provider takes connections and never answers.
    Dead,
}

/// The pace, beside the trouble, which lasts as long as the load.
pub async fn beside(scene: &Scene<'_>, trouble: Trouble, load: Load, a_second: f64) -> Outcome {
    let writing = write(scene.service.port, trouble, load);
    tokio::pin!(writing);
    let measured = paced(scene, load, a_second);
    tokio::pin!(measured);
    tokio::select! {
        outcome = &mut measured => outcome,
        () = &mut writing => measured.await,
    }
}

async fn write(port: u16, trouble: Trouble, load: Load) {
    let (path, to) = match trouble {
        Trouble::Flood => (PATH, NUMBER),
        Trouble::Dead => (DEAD_PATH, DEAD_NUMBER),
    };
    let (begun, mut connection) = (Instant::now(), Connection::open(port).await.expect("the service listens"));
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / A_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0.. {
        pace.tick().await;
        if begun.elapsed() > load.time * 4 / 3 {
            return;
        }
        // Contacts of users that there are not.
        let from = match trouble {
            Trouble::Flood => number(2_000, load.phase),
            Trouble::Dead => number(2_001 + n % 40, load.phase * 200 + n / 40),
        };
        let id = format!("SMbeside{:02x}{n:024x}", load.phase);
        let form = sign::twilio_sms(&id, &from, to, "hi");
        let (form, signature) = sign::twilio(TOKEN, &format!("{PUBLIC}{path}"), &form);
        let status = connection.post(path, &signature, &form).await;
        assert!(matches!(status, Ok(200..=299)), "a message beside was answered {status:?}");
    }
}
