//! How fast a channel sends beside what it is configured to: slower after its provider said "too fast", and no more in a day than it
//! may. All instances keep to it.

use super::circuit::Health;
use super::core::{Core, Patience};
use super::outbox::Performed;
use super::permits::PAUSE;
use super::settings::Channel;
use super::verdict::End;
use crate::domain::journal::AlertLevel;
use crate::domain::message::FailureReason;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use crate::domain::value::rfc3339;
use crate::engine::effect::Send;
use crate::provider::Headers;
use crate::store::{Answer, RECOVERS, SlowDown, Spend, Spent, Started, Traffic, left_of_day};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The longest pause that one answer may ask for: the longest that adapters read and tables say.
const LONGEST: Span = Span::hours(1);
/// The longest that the header of an answer which was no refusal is followed.
const HEADER: Span = Span::seconds(60);
/// The shortest time until a broadcast's message is tried again for which a day has no room.
const AGAIN: Span = Span::seconds(1);
const HOUR: i64 = 3_600_000;

/// What a channel has sent of its day, as this instance saw it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Messages in 24 hours at most.
    pub most: u32,
    /// Messages in the last 24 hours, to within an hour.
    pub used: u32,
    /// When it will be used up if it goes on as in the last hour; nothing if that is more than a day away.
    pub used_up_at: Option<Millis>,
}

/// What this instance knows of all channels.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<HashMap<ChannelName, Known>>);

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    /// The part of its rate that was left, and when.
    lowered: Option<(f64, Millis)>,
    day: Option<Day>,
    /// What operators were told of the day, whether messages still left then, and when.
    told: Option<(AlertLevel, bool, Millis)>,
}

impl Paces {
    fn with<T>(&self, channel: &ChannelName, change: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(channel.clone()).or_default())
    }
}

impl Core {
    /// A provider said that a channel is too fast.
    pub(super) async fn slow_down(&self, channel: &Channel, pause: Option<Span>, lower: bool) {
        let pause = Span(pause.unwrap_or(PAUSE).0.clamp(0, LONGEST.0));
        self.permits.pause(&channel.name, Some(pause), self.clock.monotonic());
        let said = SlowDown { channel: channel.name.clone(), pause, lower };
        match self.patiently(Patience::Short, || self.store.slow_down(said.clone())).await {
            Ok(factor) => {
                if lower {
                    tracing::info!(channel = %channel.name, factor, "the provider says that we are too fast");
                }
                super::metrics::pace(channel.name.as_str(), factor);
                self.paces.with(&channel.name, |known| known.lowered = Some((factor, self.store_now())));
            }
            Err(error) => {
                tracing::warn!(channel = %channel.name, %error, "other instances could not be told to send more slowly")
            }
        }
    }

    /// A message that its channel's day has no room for: over a stand-in, later, or not at all.
    pub(super) async fn beyond_the_day(self: &Arc<Self>, started: &Started, send: &Send, channel: &Channel) -> Option<Performed> {
        let per_day = channel.policy.per_day?;
        let most = left_of_day(per_day, Self::traffic_of(&started.set));
        let spend = Spend { channel: channel.name.clone(), most, back: false };
        let spent = match self.patiently(Patience::Short, || self.store.spend(spend.clone())).await {
            Ok(spent) => spent,
            Err(error) => {
                self.lines.ended(&channel.name, channel.policy.circuit, Health::Unknown, self.clock.monotonic());
                let due = self.store_now() + Span::seconds(1);
                return Some(self.finished(
                    started,
                    send,
                    Some(channel),
                    End::again(due, started.unsure, Some(error.to_string())),
                ));
            }
        };
        self.note_day(channel, (per_day, most), spent).await;
        if spent.granted {
            return None;
        }
        self.lines.ended(&channel.name, channel.policy.circuit, Health::Unknown, self.clock.monotonic());
        self.unused(&started.set, 1);
        let why = match most < per_day {
            true => format!("its {per_day} messages a day are used but for those that are kept for conversations"),
            false => format!("its {per_day} messages a day are used"),
        };
        // Two channels whose days are used up must not pass it to and fro.
        let switched = send.home.is_none().then(|| self.switched(started, send, channel, &why)).flatten();
        if switched.is_some() {
            return switched;
        }
        let attempt = self.attempt(started, self.aged_from(started, send));
        let due = match Self::traffic_of(&started.set) {
            // A broadcast has the time. Should its contact write meanwhile, it becomes a conversation's, for which a part is kept.
            Traffic::Bulk if !started.unsure => Some(attempt.now + spent.again.max(AGAIN)),
            // What cannot leave as long as it may wait holds up nothing: a route goes on at once.
            _ => {
                let rules = self.retry_rules();
                rules.next(attempt.decided_at, attempt.now, attempt.number, Some(spent.again), attempt.chance)
            }
        };
        let end = match due {
            Some(due) => End::again(due, started.unsure, Some(why)),
            None if started.unsure => End::unsure(),
            None => End::failed(FailureReason::Limit, Some(why)),
        };
        Some(self.finished(started, send, Some(channel), end))
    }

    /// A message that was counted for its channel's day surely did not leave. If the store cannot be told, one too many is counted.
    pub(super) async fn not_spent(&self, channel: &Channel) {
        if channel.policy.per_day.is_none() {
            return;
        }
        let back = Spend { channel: channel.name.clone(), most: 0, back: true };
        if let Err(error) = self.store.spend(back).await {
            tracing::warn!(channel = %channel.name, %error, "a message that did not leave counts for its channel's day");
        }
    }

    /// How many messages broadcasts may still send over a channel now; nothing if its day is not bounded.
    pub(super) async fn left_for_broadcasts(&self, channel: &Channel) -> Answer<Option<u64>> {
        let Some(per_day) = channel.policy.per_day else { return Ok(None) };
        // None may be: so none is counted.
        let asked = Spend { channel: channel.name.clone(), most: 0, back: false };
        let used = self.store.spend(asked).await?.used;
        Ok(Some(u64::from(left_of_day(per_day, Traffic::Bulk).saturating_sub(used))))
    }

    async fn note_day(self: &Arc<Self>, channel: &Channel, (per_day, most): (u32, u32), spent: Spent) {
        let now = self.store_now();
        let day = Day { most: per_day, used: spent.used, used_up_at: used_up(per_day, spent, now) };
        let level = match (spent.granted, u64::from(spent.used) * 10 >= u64::from(per_day) * 8) {
            // As long as conversations still send it is a warning.
            (false, _) if most == per_day => Some(AlertLevel::Urgent),
            (false, _) => Some(AlertLevel::Warning),
            (true, true) => Some(AlertLevel::Warning),
            (true, false) => None,
        };
        let tell = self.paces.with(&channel.name, |known| {
            known.day = Some(day);
            let worse = |(told, left, at), level| told < level || left && !spent.granted || now - at > Span::days(1);
            let tell = level.filter(|level| known.told.is_none_or(|told| worse(told, *level)));
            if let Some(level) = tell {
                known.told = Some((level, spent.granted, now));
            }
            tell
        });
        let Some(level) = tell else { return };
        let name = &channel.name;
        let say = match (level, day.used_up_at) {
            _ if !spent.granted && most < per_day => format!(
                "Channel `{name}` has sent {} of its {per_day} messages in 24 hours: broadcasts wait, what is left is for conversations.",
                day.used
            ),
            (AlertLevel::Urgent, _) => {
                format!(
                    "Channel `{name}` has sent {} of its {per_day} messages in 24 hours: what is over waits or fails.",
                    day.used
                )
            }
            (_, Some(at)) => format!(
                "Channel `{name}` has sent {} of its {per_day} messages in 24 hours; as it goes on now, the rest is used up at {}.",
                day.used,
                rfc3339(at)
            ),
            (_, None) => format!("Channel `{name}` has sent {} of its {per_day} messages in 24 hours.", day.used),
        };
        let of_day = format!("{level:?} {} {}", spent.granted, now.0.div_euclid(24 * HOUR));
        if let Err(error) = self.warn_teams(("day", name.as_str(), Some(&of_day)), level, &say).await {
            tracing::error!(channel = %name, %error, "operators could not be told of a channel's day");
        }
    }

    /// The part of a channel's rate that this instance knows to be left, from 0 to 1.
    pub fn channel_pace(&self, channel: &ChannelName) -> f64 {
        let lowered = self.paces.with(channel, |known| known.lowered);
        lowered.map_or(1.0, |(factor, at)| (factor + (self.store_now() - at).0.max(0) as f64 / RECOVERS.0 as f64).min(1.0))
    }

    /// What a channel has sent of its day, if it has a cap and this instance sent over it.
    pub fn channel_day(&self, channel: &ChannelName) -> Option<Day> {
        self.paces.with(channel, |known| known.day)
    }
}

/// When the day is used up as it goes on now.
fn used_up(per_day: u32, spent: Spent, now: Millis) -> Option<Millis> {
    let in_hour = now.0.rem_euclid(HOUR);
    let per_milli = f64::from(spent.recent) / (HOUR + in_hour) as f64;
    let left = f64::from(per_day.saturating_sub(spent.used));
    let span = left / per_milli;
    (span.is_finite() && span <= 24.0 * HOUR as f64).then(|| now + Span(span as i64))
}

/// How long the headers of an answer ask for: nothing is left of what may be sent until then. The names differ, what they mean does not:
/// a count that is left, and seconds (or a moment in seconds since 1970) until it is whole again.
pub(super) fn nothing_left(headers: &dyn Headers, now: Millis) -> Option<Span> {
    let first = |names: [&str; 3]| names.into_iter().find_map(|name| headers.get(name)).map(str::trim);
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<i64>().ok());
    let left = first(["x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining"]).and_then(number)?;
    if left > 0 {
        return None;
    }
    let reset = first(["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"]).and_then(number)?;
    const MOMENTS: i64 = 1_000_000_000;
    let millis = if reset >= MOMENTS { reset.saturating_mul(1_000) - now.0 } else { reset.saturating_mul(1_000) };
    Some(Span(millis.clamp(0, HEADER.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Pairs;

    #[test]
    fn headers_that_say_that_nothing_is_left_are_followed() {
        let now = Millis(1_700_000_000_000);
        let of = |pairs: &[(&str, &str)]| nothing_left(&Pairs(pairs), now);
        assert_eq!(of(&[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "7")]), Some(Span::seconds(7)));
        assert_eq!(of(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "1700000005")]), Some(Span::seconds(5)));
        assert_eq!(of(&[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "999999")]), Some(HEADER));
        assert_eq!(of(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1600000000")]), Some(Span(0)));
        for pairs in [
            &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "7")][..],
            &[("x-ratelimit-remaining", "0")],
            &[("x-ratelimit-remaining", "none"), ("x-ratelimit-reset", "7")],
            &[],
        ] {
            assert_eq!(of(pairs), None, "{pairs:?}");
        }
    }

    #[test]
    fn a_day_is_foreseen_by_its_last_hours() {
        let now = Millis(1_700_000_000_000 - 1_700_000_000_000 % HOUR + HOUR / 2);
        let spent = |used, recent| Spent { granted: true, used, recent, again: Span(0) };
        // 150 in an hour and a half are 100 an hour.
        assert_eq!(used_up(1_000, spent(800, 150), now), Some(now + Span::hours(2)));
        assert_eq!(used_up(1_000, spent(800, 0), now), None);
        assert_eq!(used_up(1_000_000, spent(800, 150), now), None, "not within a day");
        assert_eq!(used_up(1_000, spent(1_000, 150), now), Some(now));
    }
}
