//! What a broadcast does, and for whom: decided when it is made, and the same however often and wherever it is read. Who is held out and which
//! arm somebody gets follows from the names of broadcast and contact alone.

use super::broadcast::{BroadcastId, Reentry};
use super::id::{ContactKey, DedupeHash, VersionId};
use super::name::{Name, Slug};
use super::schedule::Morning;
use super::time::Span;
use super::value::Value;
use serde::{Deserialize, Serialize};

/// What one contact gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// A flow that is begun, or a notification that is sent.
    pub what: What,
    /// Values for what it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(Name, Value)>,
    /// Of a notification: the version that says it, from the moment on at which the broadcast began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
}

/// A flow that is begun, or a notification that is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A run of this flow's current version begins.
    Flow(Slug),
    /// This notification is sent.
    Notification(Slug),
}

impl What {
    /// `flow` or `notification`.
    pub fn kind(&self) -> &'static str {
        match self {
            What::Flow(_) => "flow",
            What::Notification(_) => "notification",
        }
    }

    /// Its name.
    pub fn name(&self) -> &Slug {
        match self {
            What::Flow(name) | What::Notification(name) => name,
        }
    }
}

/// One of several contents that are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub name: Slug,
    /// Its share in percent. Those of all arms are 100.
    pub share: u8,
    /// What its contacts get.
    pub content: Content,
}

/// Reads `always`, `never` or `after 30d`.
pub fn parse_reentry(text: &str) -> Option<Reentry> {
    match text {
        "always" => Some(Reentry::Always),
        "never" => Some(Reentry::Never),
        _ => text.strip_prefix("after ").and_then(|span| Span::parse(span.trim())).map(Reentry::After),
    }
}

/// Writes what `parse_reentry` reads.
pub fn reentry_text(reentry: Reentry) -> String {
    match reentry {
        Reentry::Always => "always".to_owned(),
        Reentry::Never => "never".to_owned(),
        Reentry::After(span) => format!("after {span}"),
    }
}

/// What a broadcast does, apart from for whom and when it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What contacts get: of several arms, or for all the same one under the name of nobody.
    pub contents: Contents,
    /// How many of a hundred contacts get nothing, so that the others can be compared with them.
    #[serde(default)]
    pub holdout: u8,
    /// Whether somebody who had it before gets it again.
    #[serde(default)]
    pub again: Reentry,
    /// The time of day, in each contact's own time zone, at which they get it; else all as soon as it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub morning: Option<Morning>,
    /// Contacts a second at most, beside what the channels' own rates allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

/// What contacts get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contents {
    /// All the same.
    One(Content),
    /// Each one of these; their shares are 100 together.
    Arms(Vec<Arm>),
}

impl Contents {
    /// All of them, with the names of their arms.
    pub fn all(&self) -> impl Iterator<Item = (Option<&Slug>, &Content)> {
        let (one, arms): (_, &[Arm]) = match self {
            Contents::One(content) => (Some((None, content)), &[]),
            Contents::Arms(arms) => (None, arms),
        };
        one.into_iter().chain(arms.iter().map(|arm| (Some(&arm.name), &arm.content)))
    }
}

impl Contents {
    /// The same for changes.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        let (one, arms): (_, &mut [Arm]) = match self {
            Contents::One(content) => (Some(content), &mut []),
            Contents::Arms(arms) => (None, arms),
        };
        one.into_iter().chain(arms.iter_mut().map(|arm| &mut arm.content))
    }
}

/// What a contact's lot is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lot<'p> {
    /// They are held out.
    Holdout,
    /// They get this.
    Gets {
        /// The arm, if there are several.
        arm: Option<&'p Slug>,
        /// What.
        content: &'p Content,
    },
}

impl Plan {
    /// The lot of a contact: always the same one in the same broadcast, and independent of what it is in others.
    pub fn lot(&self, broadcast: BroadcastId, contact: ContactKey) -> Lot<'_> {
        if percentile("holdout", broadcast, contact) < u64::from(self.holdout) * PARTS / 100 {
            return Lot::Holdout;
        }
        match &self.contents {
            Contents::One(content) => Lot::Gets { arm: None, content },
            Contents::Arms(arms) => {
                let place = percentile("arm", broadcast, contact);
                let mut end = 0;
                // The last one takes what rounding leaves: there is at least one.
                let found = arms.iter().find(|arm| {
                    end += u64::from(arm.share) * PARTS / 100;
                    place < end
                });
                match found.or(arms.last()) {
                    Some(arm) => Lot::Gets { arm: Some(&arm.name), content: &arm.content },
                    None => Lot::Holdout,
                }
            }
        }
    }
}

/// Into how many parts contacts are divided.
const PARTS: u64 = 1_000_000;

fn percentile(what: &str, broadcast: BroadcastId, contact: ContactKey) -> u64 {
    DedupeHash::of(&["lot", what, &broadcast.to_string(), contact.as_str()]).0 % PARTS
}

/// For whom a broadcast is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// For whom this holds when it begins: the query language over contacts.
    Query(String),
    /// Those of whom an import's rows were.
    Import(String),
    /// So many who were named one by one.
    Listed(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).expect("a slug")
    }

    fn content(flow: &str) -> Content {
        Content { what: What::Flow(slug(flow)), with: Vec::new(), version: None }
    }

    fn plan(holdout: u8, shares: &[u8]) -> Plan {
        let arm = |(n, share): (usize, &u8)| Arm { name: slug(&format!("arm-{n}")), share: *share, content: content("sale") };
        let contents = match shares {
            [] => Contents::One(content("sale")),
            shares => Contents::Arms(shares.iter().enumerate().map(arm).collect()),
        };
        Plan { contents, holdout, again: Reentry::Always, morning: None, rate: None }
    }

    fn contact(n: u32) -> ContactKey {
        ContactKey::derive(b"secret", &format!("phone:+4477{n:08}"))
    }

    const PEOPLE: u32 = 4_000;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        /// Of 4,000 people the share of each lot is what was asked for, to 4 standard deviations; and it is the same when it is asked again.
        #[test]
        fn shares_are_what_was_asked_for(id in any::<u64>(), holdout in 0u8..=60, first in 1u8..=98, second in 1u8..=98) {
            let shares = if first + second < 100 { vec![first, second, 100 - first - second] } else { vec![first, 100 - first] };
            let (plan, id) = (plan(holdout, &shares), BroadcastId::of(id));
            let mut counts = vec![0u32; shares.len() + 1];
            for n in 0..PEOPLE {
                let lot = plan.lot(id, contact(n));
                prop_assert_eq!(lot, plan.lot(id, contact(n)));
                let place = match lot {
                    Lot::Holdout => 0,
                    Lot::Gets { arm, .. } => 1 + arm.and_then(|arm| arm.as_str()[4..].parse::<usize>().ok()).expect("an arm"),
                };
                counts[place] += 1;
            }
            let kept = 1.0 - f64::from(holdout) / 100.0;
            let wanted = std::iter::once(f64::from(holdout) / 100.0).chain(shares.iter().map(|share| kept * f64::from(*share) / 100.0));
            for (count, share) in counts.iter().zip(wanted) {
                let (n, deviation) = (f64::from(PEOPLE), (f64::from(PEOPLE) * share * (1.0 - share)).sqrt());
                prop_assert!((f64::from(*count) - n * share).abs() <= 4.0 * deviation + 1.0, "{counts:?} {shares:?} {holdout}");
            }
        }
    }

    #[test]
    fn a_lot_in_one_broadcast_says_nothing_of_another_one() {
        let plan = plan(50, &[]);
        let held =
            |id: u64| (0..PEOPLE).filter(|n| plan.lot(BroadcastId::of(id), contact(*n)) == Lot::Holdout).collect::<Vec<_>>();
        let (a, b) = (held(1), held(2));
        let both = a.iter().filter(|n| b.contains(n)).count();
        assert!((800..1_200).contains(&both), "{both} of {} and {}", a.len(), b.len());
    }

    #[test]
    fn plans_and_audiences_are_read_as_they_are_written() {
        let mut whole = plan(10, &[50, 50]);
        whole.again = Reentry::After(Span::days(30));
        whole.morning = Some(Morning { time: jiff::civil::time(9, 0, 0, 0), date: None });
        whole.rate = Some(20);
        for plan in [plan(0, &[]), whole] {
            let text = serde_json::to_string(&plan).expect("written");
            assert_eq!(serde_json::from_str::<Plan>(&text).expect("read"), plan, "{text}");
        }
        for text in ["always", "never", "after 4w2d", "after 0s"] {
            assert_eq!(reentry_text(parse_reentry(text).expect(text)), text);
        }
        for text in ["", "after", "30d", "after soon", "Never"] {
            assert_eq!(parse_reentry(text), None, "{text}");
        }
    }
}
