//! A circuit for each api, and one for each channel's provider: when it fails again and again, calls are not made for a while but end as `failed` at once, so that
//! people get the flow's answer to that without waiting. After the pause one call is let through; it decides. What an
//! instance knows of an api is its own: another one finds out for itself.

use super::ports::{HttpAnswer, HttpFailure};
use crate::config::api::CircuitSettings;
use crate::domain::name::Slug;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The circuits of this instance.
#[derive(Debug, Default)]
pub struct Circuits(Mutex<BTreeMap<Slug, Circuit>>);

#[derive(Debug, Clone, Copy, Default)]
struct Circuit {
    /// Failures since the last success.
    failures: u32,
    /// Open until then; afterwards one call is let through.
    open_until: Option<Duration>,
    /// A call was let through and is to be heard of before then; if not, another one is.
    probe_until: Option<Duration>,
}

/// How an attempt at an api went, as far as its circuit is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said.
    Well,
    /// It did not answer, or only that it cannot.
    Ill,
    /// The attempt says nothing about it.
    Unknown,
}

/// What an attempt that was told of changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// It is open now.
    Opened,
    /// It is closed again.
    Closed,
}

/// What the end of an attempt says of the api.
pub fn health(ended: &Result<HttpAnswer, HttpFailure>) -> Health {
    match ended {
        Ok(HttpAnswer { status: 500..=599, .. }) => Health::Ill,
        Ok(_) | Err(HttpFailure::TooLarge { .. }) => Health::Well,
        Err(HttpFailure::NotAllowed | HttpFailure::Invalid) => Health::Unknown,
        Err(_) => Health::Ill,
    }
}

impl Circuits {
    /// Whether a call may be made now. One that is let through must be heard of: `ended`, at the latest after `timeout`.
    pub fn lets_through(&self, api: &Slug, now: Duration, timeout: Duration) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(circuit) = all.get_mut(api) else { return true };
        let Some(until) = circuit.open_until else { return true };
        if now < until || circuit.probe_until.is_some_and(|probe| now < probe) {
            return false;
        }
        circuit.probe_until = Some(now + timeout);
        true
    }

    /// An attempt ended.
    pub fn ended(&self, api: &Slug, rules: CircuitSettings, health: Health, now: Duration) -> Change {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match health {
            Health::Unknown => {
                if let Some(circuit) = all.get_mut(api) {
                    circuit.probe_until = None;
                }
                Change::None
            }
            Health::Well => match all.remove(api) {
                Some(Circuit { open_until: Some(_), .. }) => Change::Closed,
                _ => Change::None,
            },
            Health::Ill if rules.after == 0 => Change::None,
            Health::Ill => {
                let circuit = all.entry(api.clone()).or_default();
                circuit.failures = circuit.failures.saturating_add(1);
                // Calls that were under way when it opened say nothing new.
                if circuit.open_until.is_some_and(|until| now < until) || circuit.failures < rules.after {
                    return Change::None;
                }
                let first = circuit.open_until.is_none();
                circuit.open_until = Some(now + super::core::duration(rules.pause));
                circuit.probe_until = None;
                if first { Change::Opened } else { Change::None }
            }
        }
    }

    /// Whether it failed again and again, and is not known to be well again.
    pub fn is_open(&self, api: &Slug) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(api).is_some_and(|circuit| circuit.open_until.is_some())
    }

    /// How long it is still left alone; nothing while somebody finds out.
    pub fn pause(&self, api: &Slug, now: Duration) -> Duration {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(api).and_then(|circuit| circuit.open_until).map_or(Duration::ZERO, |until| until.saturating_sub(now))
    }

    /// The apis whose circuits are not closed.
    pub fn open(&self) -> Vec<Slug> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(_, circuit)| circuit.open_until.is_some()).map(|(api, _)| api.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    const RULES: CircuitSettings = CircuitSettings { after: 3, pause: Span::seconds(30) };
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn shop() -> Slug {
        Slug::parse("shop").expect("a slug")
    }

    fn broken() -> Circuits {
        let circuits = Circuits::default();
        for n in 0..3 {
            assert!(circuits.lets_through(&shop(), at(n), TIMEOUT), "closed until the third failure");
            let change = circuits.ended(&shop(), RULES, Health::Ill, at(n));
            assert_eq!(change, if n == 2 { Change::Opened } else { Change::None });
        }
        circuits
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let circuits = Circuits::default();
        for health in [Health::Ill, Health::Ill, Health::Well, Health::Ill, Health::Unknown, Health::Ill] {
            assert_eq!(circuits.ended(&shop(), RULES, health, at(1)), Change::None);
        }
        assert!(circuits.lets_through(&shop(), at(1), TIMEOUT) && circuits.open().is_empty());
        assert_eq!(circuits.ended(&shop(), RULES, Health::Ill, at(1)), Change::Opened);
        assert!(!circuits.lets_through(&shop(), at(2), TIMEOUT));
        assert!(circuits.lets_through(&Slug::parse("other").expect("a slug"), at(2), TIMEOUT), "each api has its own");
        assert_eq!(circuits.open(), [shop()]);
    }

    #[test]
    fn after_the_pause_one_call_decides() {
        let circuits = broken();
        assert!(!circuits.lets_through(&shop(), at(31), TIMEOUT));
        assert!(circuits.lets_through(&shop(), at(32), TIMEOUT));
        assert!(!circuits.lets_through(&shop(), at(32), TIMEOUT), "one only");
        assert_eq!(circuits.ended(&shop(), RULES, Health::Ill, at(33)), Change::None);
        assert!(!circuits.lets_through(&shop(), at(62), TIMEOUT), "a pause again");
        assert!(circuits.lets_through(&shop(), at(63), TIMEOUT));
        assert_eq!(circuits.ended(&shop(), RULES, Health::Well, at(64)), Change::Closed);
        assert!(circuits.lets_through(&shop(), at(64), TIMEOUT) && circuits.lets_through(&shop(), at(64), TIMEOUT));
    }

    #[test]
    fn a_probe_that_is_never_heard_of_does_not_keep_it_open() {
        let circuits = broken();
        assert!(circuits.lets_through(&shop(), at(32), TIMEOUT));
        assert!(!circuits.lets_through(&shop(), at(41), TIMEOUT));
        assert!(circuits.lets_through(&shop(), at(42), TIMEOUT));
    }

    #[test]
    fn calls_under_way_do_not_prolong_it_and_zero_switches_it_off() {
        let circuits = broken();
        assert_eq!(circuits.ended(&shop(), RULES, Health::Ill, at(20)), Change::None);
        assert!(circuits.lets_through(&shop(), at(32), TIMEOUT));
        let never = CircuitSettings { after: 0, ..RULES };
        let circuits = Circuits::default();
        for _ in 0..100 {
            assert_eq!(circuits.ended(&shop(), never, Health::Ill, at(0)), Change::None);
        }
        assert!(circuits.lets_through(&shop(), at(0), TIMEOUT));
    }
}
