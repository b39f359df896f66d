//! Keys that are thought of and that no version has yet: refused by name (RF008) where an unknown key is, so that nobody looks
//! for a slip of the pen. They are in no table, and reading a key that there is costs nothing for them.

/// The places, by their names in the schemas, with the keys.
pub(super) const LATER: &[(&str, &str)] = &[
    ("start", "schedule"),
    ("start", "segment"),
    ("state", "parallel"),
    ("notification", "schedule"),
    ("notification", "attempts"),
];
