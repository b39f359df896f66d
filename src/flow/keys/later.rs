//! What is part of the format and not run by this version: refused by name (RF008), and no part of the schemas.

/// The places, by their names in the schemas, with the keys.
pub(super) const LATER: &[(&str, &str)] = &[
    // Notifications.
    ("notify", "to"),
    ("ask", "to"),
];
