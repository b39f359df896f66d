//! RF601–RF603: time. RF701 and RF702: conversation tests. RF801 and RF802: publishing.

use super::{Explanation, error, warning};

pub(super) const TIME: &[Explanation] = &[
    error(
        601,
        "Silence without a time",
        "`silence` says what happens, but neither the state nor `defaults` says after how long.",
        "It would never happen: a customer who does not answer is never reminded.",
        "Write it: `silence: { after: 24h, … }`.",
    ),
    error(
        602,
        "A wait that outlives the run",
        "A wait, a silence, a digest or a delivery by all places of its route takes longer than `expires`, the longest life of a run.",
        "The run would be over before the wait is, and what comes after it would never be sent.",
        "Raise `expires`, or wait less.",
    ),
    warning(
        603,
        "A wait for a moment that can be past",
        "The moment of this `wait` can be over when the run comes here; then it goes on at once.",
        "A reminder `one hour before` is sent immediately to a customer who booked for today.",
        "Test with a condition whether the moment is still to come, and lead the others another way.",
    ),
];

pub(super) const TESTS: &[Explanation] = &[
    error(
        701,
        "A test of a flow that does not exist",
        "The test names a flow that is not in the project.",
        "The flow that was meant is not tested, although its test seems to be there.",
        "Take the suggested name, or rename the file with its flow.",
    ),
    error(
        702,
        "Not a step of a test",
        "A step has a key that no step has, or keys of two steps at once.",
        "The case could not be played, so it proves nothing.",
        "Write one step in each item; docs/flow-format.md lists them.",
    ),
];

/// What only `replyflow publish` can see: it asks the store and the record of runs.
pub(super) const PUBLISHING: &[Explanation] = &[
    warning(
        801,
        "A state that runs rest in is gone",
        "Live runs rest in a state that the version to be published does not have, under no name. They cannot go over to it.",
        "A customer in the middle of a conversation goes on in the old version: an old price, an old link, until that run is over.",
        "Name the old state under `was` of the one that takes its place, or publish with `--runs stay` or `--runs end` knowing that they will.",
    ),
    warning(
        802,
        "An end is gone that another flow waits for",
        "The flow no longer comes to this end, and a flow that runs it as a part of its own decides it.",
        "What the other flow does after that end is never done again.",
        "Bring the end back, or change the other flow too.",
    ),
];
