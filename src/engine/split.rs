//! Weighted arms: the same one for the same contact, whatever the version.

use super::drive::Next;
use super::fault::Fault;
use super::turning::Turning;
use crate::domain::happening::SPLIT_REASON;
use crate::domain::id::{ContactKey, VersionId};
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::definition::{Flow, Split};
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// The arm that a contact takes at a state of a flow.
pub fn arm_of<'s>(contact: ContactKey, flow: &str, state: &str, arms: &'s [(Name, u32)]) -> Option<&'s Name> {
    arm_at(place(contact, flow, state, arms), arms)
}

impl<'a> Turning<'a> {
    pub(super) fn split(&self, flow: &Flow, state: &Name, split: &'a Split) -> Result<Next<'a>, Fault> {
        let place = place(self.contact, flow.name.as_str(), state.as_str(), &split.arms);
        let arm = arm_at(place, &split.arms).ok_or_else(|| Fault::run("a split without arms"))?;
        let reason = format!("this contact is at {:.1}{SPLIT_REASON}", share(place) * 100.0);
        Ok(Next::Outcome { name: Cow::Borrowed(arm.as_str()), value: Value::text(arm.as_str()), reason })
    }
}

/// Where a contact stands in a split. It depends on the names, not on the weights: when these change, only those contacts
/// change their arm who must.
fn place(contact: ContactKey, flow: &str, state: &str, arms: &[(Name, u32)]) -> u64 {
    let mut key = String::with_capacity(96);
    for part in [contact.as_str(), flow, state].into_iter().chain(arms.iter().map(|(name, _)| name.as_str())) {
        key.push_str(part);
        // No name holds one.
        key.push('\n');
    }
    xxh3_64(key.as_bytes())
}

/// Where a contact stands when a share of a flow's new runs begins on this version: the same for the whole time of its trial, and with every other
/// version anew, so that it is not always the same people on whom new versions are tried.
pub(super) fn place_of(contact: ContactKey, flow: &str, version: VersionId) -> u64 {
    xxh3_64(format!("{}\n{flow}\n{version}\n", contact.as_str()).as_bytes())
}

fn share(place: u64) -> f64 {
    place as f64 / 18_446_744_073_709_551_616.0
}

fn arm_at(place: u64, arms: &[(Name, u32)]) -> Option<&Name> {
    let sum: u64 = arms.iter().map(|(_, weight)| u64::from(*weight)).sum();
    // At most a hundred arms of a million: the product fits into 128 bits.
    let at = ((u128::from(place) * u128::from(sum)) >> 64) as u64;
    let mut passed = 0;
    arms.iter()
        .find(|(_, weight)| {
            passed += u64::from(*weight);
            at < passed
        })
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arms(list: &[(&str, u32)]) -> Vec<(Name, u32)> {
        list.iter().map(|(name, weight)| (Name::parse(name).expect("a name"), *weight)).collect()
    }

    fn arm(i: usize, flow: &str, list: &[(Name, u32)]) -> String {
        let contact = ContactKey::derive(b"secret", &i.to_string());
        arm_at(place(contact, flow, "test", list), list).expect("an arm").to_string()
    }

    #[test]
    fn the_arms_come_as_often_as_they_weigh() {
        let list = arms(&[("a", 70), ("b", 25), ("none", 0), ("c", 5)]);
        let count = |name: &str| (0..10_000).filter(|i| arm(*i, "f", &list) == name).count() as i64;
        for (name, expected) in [("a", 7_000), ("b", 2_500), ("none", 0), ("c", 500)] {
            assert!((count(name) - expected).abs() <= 200, "{name}: {}", count(name));
        }
        let one = arms(&[("only", 1)]);
        assert!((0..100).all(|i| arm(i, "f", &one) == "only"));
    }

    #[test]
    fn other_weights_move_only_whom_they_must_and_other_flows_draw_anew() {
        let (before, after) = (arms(&[("a", 50), ("b", 50)]), arms(&[("a", 60), ("b", 40)]));
        let moved = (0..1_000).filter(|i| arm(*i, "f", &before) != arm(*i, "f", &after)).count();
        assert!((60..=140).contains(&moved), "{moved}");
        assert!((0..1_000).all(|i| arm(i, "f", &before) != "a" || arm(i, "f", &after) == "a"));
        let alike = (0..1_000).filter(|i| arm(*i, "f", &before) == arm(*i, "g", &before)).count();
        assert!((400..=600).contains(&alike), "{alike}");
    }

    #[test]
    fn the_arm_of_a_contact_is_the_same_in_every_release() {
        let list = arms(&[("a", 1), ("b", 1), ("c", 1)]);
        let drawn: String = (0..24).map(|i| arm(i, "f", &list)).collect();
        assert_eq!(drawn, "aaaabbbbccaabcbccbaacacb");
    }
}
