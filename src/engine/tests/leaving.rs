//! What is too large to leave.

use super::driver::{Driver, PHONE, flow, with_notification};
use super::routes::with_mail;
use crate::domain::channel::ChannelKind;
use crate::domain::time::Span;
use serde_json::json;

/// A mail that no outbox takes, decided by a timer: it must not come back in the turn of every later input.
#[test]
fn a_message_that_cannot_leave_ends_its_run_and_stop_still_wins() {
    let waits = "\
flow: letter
needs: { words: text }
start: [ { event: order, contact: '{{ event.phone }}', with: { words: '{{ event.words }}' } } ]
begin: later
states: { later: { wait: 1h, go: { ok: told } }, told: { notify: letter, end: done } }
";
    let letter = "\
notification: letter
needs: { words: text }
route: [email]
text: '{{ words }}'
email: { subject: '{{ words }}' }
";
    for (words, end, sent) in [("x".repeat(9_000), "done", 1), ("\u{1f600}".repeat(9_000), "failed", 0)] {
        let mut d = with_mail(Driver::of(vec![with_notification(flow(waits), letter)]));
        d.event("order", json!({ "phone": PHONE, "words": words }));
        // The contact writes after the timer was due: it fires in the turn of what was written.
        d.now = d.now + Span::hours(2);
        d.user("hello");
        assert_eq!((d.ends(), d.sends().iter().filter(|(_, send)| send.kind == ChannelKind::Email).count()), (vec![end], sent));
        assert_eq!(
            d.alerts().iter().any(|say| say.contains("a message of 7") && say.contains("at most 65536")),
            sent == 0,
            "{:?}",
            d.alerts()
        );
        assert_eq!(d.user("stop"), ["You are out."]);
    }
}
