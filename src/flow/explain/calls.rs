//! RF501–RF511: calls, other flows, teams and events.

use super::{Explanation, error, warning};

pub(super) const CALLS: &[Explanation] = &[
    error(
        501,
        "An api that does not exist or does not allow this",
        "The flow calls an api that replyflow.toml does not have, or with a method or path that it does not allow.",
        "The call would be refused each time, and every customer would go the way of `failed`.",
        "Take the suggested name, or change [api.…] in replyflow.toml.",
    ),
    error(
        502,
        "A secret in a file",
        "This looks like a key, token or password.",
        "Flows are read by many people, kept in version control and shown in the console; whoever has the secret can act in your name.",
        "Put it into the api's configuration, from the environment or a file, and change it where it was issued.",
    ),
    warning(
        503,
        "A call in a loop",
        "Every turn of this loop makes the same call again, and neither a reply nor time nor an event comes between.",
        "Your system is called without a pause for as long as it does not answer what the loop waits for.",
        "Put a `wait` into the loop, or count its turns: `if: visits.STATE < 3`.",
    ),
    warning(
        504,
        "A private value that leaves",
        "A value that was marked `private` is sent to another system or written into a message to the team.",
        "Somebody promised the customer that it stays hidden; there it is shown and kept.",
        "Leave it out, or do not mark it `private` if it is meant to be passed on.",
    ),
    error(
        505,
        "A flow, team, hours or topic that do not exist",
        "The flow names a sub-flow, a team or hours that the project does not have, or a notification such hours or such a topic.",
        "The step could not be done when a customer comes to it.",
        "Take the suggested name, or write what is missing.",
    ),
    error(
        506,
        "One keyword for two flows",
        "Two flows begin with the same keyword on the same channel.",
        "A customer who writes it gets one of the two, and nobody decided which.",
        "Change the keyword of one, or narrow one of them with `channels` or `if`.",
    ),
    error(
        507,
        "Two flows that take any message",
        "Two flows want every message that nothing else takes, on the same channel.",
        "Only one of them can get it, and nobody decided which.",
        "Keep `message: any` in one flow for each channel.",
    ),
    warning(
        508,
        "An event that nobody emits",
        "A flow waits for an event that no flow emits, that the project does not declare and that none of its sources sends.",
        "If its name is misspelled, the conversation never begins or never goes on.",
        "Take the suggested name, or declare the event if another system sends it.",
    ),
    warning(
        509,
        "A key that the run does not have",
        "An entry of `anytime` looks for a run by its `key`, but a start of the flow gives its runs none.",
        "Runs from that start never hear of the event: the customer who has paid is still asked to pay.",
        "Give the start the same `key`.",
    ),
    warning(
        510,
        "Events that a digest no longer hears",
        "The events that this digest collects also begin runs, by a start that does not say what a second one does. Once the digest is over and the run still waits for something, further events are ignored.",
        "A second failed payment during the reminders is forgotten, and nobody decided that.",
        "Write `repeat: restart`, `repeat: another` or, if it is meant, `repeat: ignore` at the start.",
    ),
    error(
        511,
        "A start that never begins",
        "An earlier start of the flow takes every call of the same webhook, or every such event, for the same contact.",
        "What you expect of the later one never happens.",
        "Give the earlier one an `if`, or take one of them away.",
    ),
    warning(
        512,
        "Signatures for a webhook that does not exist",
        "A section `[webhooks.signed.FLOW.NAME]` of replyflow.toml names a flow that there is not, or a webhook that none of its starts has.",
        "The webhook that was meant is taken unsigned: whoever knows its URL can begin the flow for anybody.",
        "Give the section the names of the flow and of its webhook, or take it away.",
    ),
];
