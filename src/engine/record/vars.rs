//! The variables of a run that have a value. Those that have none cost nothing, however many the flow declares.

use crate::domain::value::Value;
use crate::flow::definition::Slot;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Values by slot, in the order of the slots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vars(Vec<(Slot, Value)>);

impl Vars {
    /// The value of a variable; nothing if it has none.
    pub fn get(&self, slot: Slot) -> Option<&Value> {
        self.0.binary_search_by_key(&slot, |(s, _)| *s).ok().map(|i| &self.0[i].1)
    }

    /// Gives a variable a value; `Null` takes it away.
    pub fn set(&mut self, slot: Slot, value: Value) {
        match (self.0.binary_search_by_key(&slot, |(s, _)| *s), value) {
            (Ok(i), Value::Null) => drop(self.0.remove(i)),
            (Ok(i), value) => self.0[i].1 = value,
            (Err(_), Value::Null) => {}
            (Err(i), value) => self.0.insert(i, (slot, value)),
        }
    }

    /// Every variable that has a value.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Value)> {
        self.0.iter().map(|(slot, value)| (*slot, value))
    }

    /// Whether no variable has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Slot, Value)> for Vars {
    fn from_iter<I: IntoIterator<Item = (Slot, Value)>>(values: I) -> Self {
        let mut vars = Vars::default();
        values.into_iter().for_each(|(slot, value)| vars.set(slot, value));
        vars
    }
}

impl Serialize for Vars {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(slot, value)| (slot.0, value)))
    }
}

impl<'de> Deserialize<'de> for Vars {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(ByNumber)
    }
}

struct ByNumber;

impl<'de> Visitor<'de> for ByNumber {
    type Value = Vars;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values by number")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vars, A::Error> {
        let mut vars = Vars(Vec::with_capacity(map.size_hint().unwrap_or(0).min(256)));
        while let Some((slot, value)) = map.next_entry::<u16, Value>()? {
            vars.set(Slot(slot), value);
        }
        Ok(vars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_value_is_kept() {
        let mut vars: Vars = [(Slot(7), Value::text("b")), (Slot(2), Value::Number(1.0))].into_iter().collect();
        vars.set(Slot(900), Value::Null);
        assert_eq!(vars.get(Slot(7)), Some(&Value::text("b")));
        assert_eq!(vars.get(Slot(900)), None);
        let bytes = rmp_serde::to_vec_named(&vars).expect("bytes");
        assert_eq!(bytes.len(), 6, "slots cost a byte each, empty ones nothing");
        assert_eq!(rmp_serde::from_slice::<Vars>(&bytes).expect("read"), vars);
        vars.set(Slot(7), Value::Null);
        vars.set(Slot(2), Value::Null);
        assert!(vars.is_empty());
    }
}
