//! From the readings of a reply to its one value.

use std::fmt::Debug;

/// What lies between `min` and `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::reply) struct Bounds<T> {
    /// The least.
    pub min: Option<T>,
    /// The most.
    pub max: Option<T>,
}

impl<T: Copy + PartialOrd> Bounds<T> {
    /// Whether a value lies between them.
    pub fn hold(&self, value: T) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// What a reading means: one value, or several of which `min` and `max` may leave one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::reply) struct Outcome<T> {
    /// What it may mean.
    pub values: Vec<T>,
    /// What it may mean besides, if none of the former lies between `min` and `max`.
    pub others: Vec<T>,
    /// It holds nothing besides the value.
    pub exact: bool,
}

/// The one value that all readings leave between `min` and `max`, and whether it is exact; else why there is none.
pub(in crate::reply) fn decide<T>(outcomes: &[Outcome<T>], bounds: &Bounds<T>) -> Result<(T, bool), &'static str>
where
    T: Copy + PartialOrd + Debug,
{
    let mut found: Option<(T, bool)> = None;
    let mut outside = None;
    for outcome in outcomes {
        let inside = |values: &[T]| values.iter().copied().filter(|value| bounds.hold(*value)).collect::<Vec<_>>();
        let mut values = inside(&outcome.values);
        if values.is_empty() {
            values = inside(&outcome.others);
        }
        outside = outside.or(outcome.values.first().copied());
        for value in values {
            match found {
                Some((other, _)) if other != value => return Err("two readings"),
                Some((_, exact)) => found = Some((value, exact || outcome.exact)),
                None => found = Some((value, outcome.exact)),
            }
        }
    }
    match (found, outside) {
        (Some(found), _) => Ok(found),
        (None, Some(value)) if bounds.min.is_some_and(|min| value < min) => Err("before `min`"),
        (None, Some(_)) => Err("after `max`"),
        (None, None) => Err("nothing of the kind, or something besides"),
    }
}
