//! Tables of the configuration's schema, by their paths.

use serde_json::{Map, Value, json};

/// The table of this path, made where it is not there yet.
pub(super) fn section_of<'v>(root: &'v mut Value, path: &str) -> &'v mut Value {
    path.split('.').fold(root, |table, name| {
        if name == "*" {
            if !table["additionalProperties"].is_object() {
                table["additionalProperties"] = empty_table();
            }
            return &mut table["additionalProperties"];
        }
        if table["properties"].get(name).is_none() {
            table["properties"][name] = empty_table();
        }
        &mut table["properties"][name]
    })
}

fn empty_table() -> Value {
    json!({ "type": "object", "properties": Map::new(), "additionalProperties": false })
}
