//! RF001–RF008: what the reader says of a file before it looks at what stands in it.

use super::{Explanation, error};

pub(super) const FILES: &[Explanation] = &[
    error(
        1,
        "This is not YAML",
        "The file breaks a rule of YAML, so nothing behind this place can be read: a quote that is never closed, indentation that fits nothing above, a tab, a colon where no key can be.",
        "A file that cannot be read is not published; customers keep the version before it, or get no answer if there is none.",
        "Look at the marked place and just above it. Indent with spaces, and put quotes around texts with `: `, ` #` or a quote in them.",
    ),
    error(
        2,
        "A feature of YAML that flows do not use",
        "Anchors, aliases, merge keys, tags, directives and second documents are refused. They make a file mean something else than what stands at a place.",
        "What people read in a file is exactly what customers get, and the canvas can save it without loss.",
        "Write the value out where it is needed. What is needed often is a state, a sub-flow or a notification.",
    ),
    error(
        3,
        "A key twice",
        "The same key stands twice in one map. YAML itself would silently keep one of the two.",
        "Half of what was written would never happen, and nobody could tell which half.",
        "Remove one of them, or put what both say into one.",
    ),
    error(
        4,
        "Braces without quotes",
        "A value begins with `{{` and has no quotes around it, so YAML reads a map within a map.",
        "The customer would not get the value, and the reader cannot know what was meant.",
        "Put the whole value in double quotes: `\"{{ name }}\"`.",
    ),
    error(
        5,
        "A text that ends at a comma",
        "In a map on one line a comma ends the value. The rest of the sentence is read as a key without a value.",
        "The customer would get half a sentence: `Sorry` instead of `Sorry, not now`.",
        "Put quotes around the text, or write the map on several lines.",
    ),
    error(
        6,
        "Nothing behind a key",
        "A key or a list item has no value, or the file is empty. Emptiness is never a value in flows.",
        "It is mostly a line that was begun and forgotten, or wrong indentation below it.",
        "Give it a value, leave it out, or write `\"\"` where an empty text is meant.",
    ),
    error(
        7,
        "Too large",
        "A limit of the format is passed: 256 KiB a file, 1,000 states, 100,000 values, 32 levels of nesting.",
        "Limits keep every turn of a conversation fast, and a page of history readable.",
        "Split the flow: a part with a meaning of its own becomes a sub-flow that is called with `run`; long texts become notifications.",
    ),
    error(
        8,
        "Not in this version",
        "A later version of Replyflow may have this key; this one has nothing like it: `schedule` and `segment` under `start`, `parallel` in a state, `schedule` and `attempts` of a notification.",
        "It is refused now rather than ignored when a customer needs it, and it is no slip of the pen.",
        "Leave it out. docs/flow-format.md lists everything that runs, and what can take the place of these.",
    ),
];
