//! `split`: weighted arms.

use super::Reader;
use super::fields::Fields;
use super::outcome::{Ordinary, TROUBLES, WaysOut};
use super::target::Asks;
use crate::domain::limits;
use crate::domain::name::Name;
use crate::flow::definition::{Kind, Split};
use crate::flow::yaml::{Entry, Key, Node};

const EXAMPLE: &str = "{ a: 50, b: 50 }";

impl Reader {
    pub(super) fn split(&mut self, state: &Key, fields: &Fields<'_>) -> Option<Kind> {
        let arms = fields.get("split").and_then(|node| self.arms(node));
        let ordinary = match &arms {
            Some(arms) => Ordinary::Listed(arms.iter().map(|(name, _)| name.to_string()).collect()),
            None => Ordinary::Unknown,
        };
        let (outcomes, _) = self.outcomes(state, fields, &WaysOut { ordinary, troubles: Vec::new(), asks: Asks::No("split") });
        Some(Kind::Split(Split { arms: arms?, outcomes }))
    }

    fn arms(&mut self, node: &Node) -> Option<Vec<(Name, u32)>> {
        let entries = self.entries(node, "split", EXAMPLE)?;
        let mut arms = Vec::with_capacity(entries.len());
        let mut right = true;
        for Entry { key, value } in entries {
            if TROUBLES.contains(&&*key.text) || ["else", "again"].contains(&&*key.text) {
                let message = format!("An arm cannot be called `{}`: that is an outcome", key.text);
                self.say_key(302, key, message, "choose another name");
                right = false;
                continue;
            }
            let name = self.name_of_key(key);
            let weight = self.count(value, &key.text, 0, u64::from(limits::SPLIT_WEIGHT));
            right &= name.is_some() && weight.is_some();
            arms.extend(name.zip(weight.map(|weight| weight as u32)));
        }
        if right && arms.iter().all(|(_, weight)| *weight == 0) {
            self.must_be(node, "split", "arms with whole numbers, one of them above 0", EXAMPLE);
            return None;
        }
        right.then_some(arms)
    }
}
