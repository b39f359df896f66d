//! What is told to analytics services: the closed list of names. Names are only added: dashboards are built on them.

/// How the reason ends why a run left a split: its outcome is the arm.
pub const SPLIT_REASON: &str = " % of the split";

/// One name with what it means, in the order of the documentation.
pub const HAPPENINGS: [(&str, &str); 32] = [
    ("message.received", "the contact wrote"),
    ("message.queued", "a flow decided a message"),
    ("message.sent", "the provider took it"),
    ("message.delivered", "it reached the phone"),
    ("message.read", "the person saw it"),
    ("message.failed", "it will not arrive"),
    ("notification.held", "it waits for its hours"),
    ("notification.skipped", "a place of its route was passed over"),
    ("notification.moved_on", "the next place of its route is tried"),
    ("notification.arrived", "it came as far as it must"),
    ("notification.used_up", "its route is used up"),
    ("notification.dropped", "what it was for is over"),
    ("run.started", "a run of a flow began"),
    ("run.ended", "it ended"),
    ("state.entered", "a run entered a state"),
    ("state.left", "it left it"),
    ("answer.saved", "an answer or another value was saved or set"),
    ("contact.tagged", "tags were put on or taken off"),
    ("contact.opted_out", "the contact opted out"),
    ("contact.opted_in", "the contact opted in again"),
    ("contact.unreachable", "nothing arrives at an address any more"),
    ("call.made", "a flow called an api"),
    ("call.ended", "the call ended"),
    ("event.received", "an event came in for the contact"),
    ("event.emitted", "a flow emitted an event"),
    ("webhook.received", "another system called a flow's webhook"),
    ("handoff.opened", "a conversation is given to a person"),
    ("handoff.taken", "a person took it"),
    ("handoff.message", "the person wrote"),
    ("handoff.closed", "the conversation is with the flow again"),
    ("alert.raised", "a flow or the service alerts operators"),
    ("input.set_aside", "a message could not be processed"),
];
