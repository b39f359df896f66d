//! Moments of answers: RFC 3339 in UTC.

use crate::domain::time::Millis;
use crate::domain::value::rfc3339;
use serde::Serializer;

/// A moment.
pub(super) fn at<S: Serializer>(moment: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*moment))
}

/// A moment, if there is one.
pub(super) fn maybe<S: Serializer>(moment: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => at(moment, serializer),
        None => serializer.serialize_none(),
    }
}
