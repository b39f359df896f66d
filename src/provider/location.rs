//! Places as most APIs for WhatsApp have them: latitude, longitude, and a name and an address where there is one.

use super::json;
use crate::domain::message::{InboundContent, Location};
use serde_json::{Value, json};

/// The place that somebody sent. `keys`: of latitude and longitude; `kind`: what the provider calls a place, for one without them.
pub fn read(part: &Value, keys: [&str; 2], kind: &str) -> InboundContent {
    match keys.map(|key| json::number(part, key)) {
        [Some(lat), Some(lon)] => InboundContent::Location(Location {
            lat,
            lon,
            name: json::owned(part, "name"),
            address: json::owned(part, "address"),
        }),
        _ => InboundContent::Unsupported { kind: kind.to_owned() },
    }
}

/// A place of ours.
pub fn written(location: &Location) -> Value {
    let mut part = json!({ "latitude": location.lat, "longitude": location.lon });
    for (key, value) in [("name", &location.name), ("address", &location.address)] {
        if let Some(value) = value {
            part[key] = value.as_str().into();
        }
    }
    part
}
