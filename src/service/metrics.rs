//! Names of what is counted. Labels are closed words and channel names; no contact, number or text is ever one.

use metrics::{counter, gauge, histogram};
use std::time::Duration;

/// Counter `{kind, result}`: inputs that were accepted. `kind`: message, event, report; `result`: claimed, queued,
/// duplicate, full, refused.
pub const INPUTS: &str = "replyflow_inputs_total";
/// Counter: events that no flow listens to and that the project does not declare.
pub const UNKNOWN_EVENTS: &str = "replyflow_unknown_events_total";
/// Counter `{result}`: turns of the engine. `result`: ok, failed, panicked, set_aside.
pub const TURNS: &str = "replyflow_turns_total";
/// Counter `{result}`: commits. `result`: ok, already, stale, gone, missing, unavailable.
pub const COMMITS: &str = "replyflow_commits_total";
/// Counter `{channel, outcome}`: attempts to send. `outcome`: accepted, rejected, throttled, retry, unknown,
/// config_error, opted_out, suppressed, unsure, too_late, invalid, expired.
pub const SENDS: &str = "replyflow_sends_total";
/// Counter `{channel, found}`: questions to providers what became of a message whose answer was lost. `found`: there, nowhere, unclear.
pub const ASKED: &str = "replyflow_asked_total";
/// Counter `{api, outcome}`: ended attempts of calls. `outcome`: a status class, timeout, refused, lost, too_large, not_allowed;
/// circuit_open for a call that was not made.
pub const CALLS: &str = "replyflow_calls_total";
/// Counter `{endpoint, outcome}`: attempts of reports to other systems. `outcome`: as of calls; given_up and dropped besides. Callbacks
/// that events bring along are counted as one endpoint.
pub const HOOKS: &str = "replyflow_hooks_total";
/// Counter `{status}`: delivery reports by how far the message came.
pub const REPORTS: &str = "replyflow_reports_total";
/// Counter `{what}`: what an engineer should look at: missing, undecodable, unknown_version, panic.
pub const ALERTS: &str = "replyflow_alerts_total";
/// Gauge: flows whose files have mistakes.
pub const FLOWS_REFUSED: &str = "replyflow_flows_refused";
/// Gauge `{api}`: 1 while an api that failed again and again is not called, else 0.
pub const CIRCUIT_OPEN: &str = "replyflow_circuit_open";
/// Gauge `{channel}`: 1 while nothing is sent over a channel whose provider failed again and again, else 0.
pub const CHANNEL_CIRCUIT_OPEN: &str = "replyflow_channel_circuit_open";
/// Gauge `{channel}`: the part of a channel's rate that is left after its provider said "too fast", from 0 to 1; it comes back within ten minutes.
pub const PACE: &str = "replyflow_channel_pace";
/// Gauge `{channel, why}`: 1 while a channel is held back, else 0. `why`: flagged (broadcasts wait), paused (nothing leaves over it).
pub const HELD: &str = "replyflow_channel_held";
/// Gauge: 1 while somebody keeps this instance from new work, else 0.
pub const DRAINING: &str = "replyflow_draining";
/// Gauge `{flow}`: 1 while a flow is paused, so that no run of it begins, else 0.
pub const PAUSED: &str = "replyflow_flow_paused";
/// Gauge `{channel}`: 1 while this instance has a connection by SMPP over which messages of the channel leave, else 0.
pub const SMPP_BOUND: &str = "replyflow_smpp_bound";
/// Counter `{from, to}`: messages that left over another channel than before, because the provider of `from` does not take them.
pub const SWITCHED: &str = "replyflow_switched_total";
/// Histogram of seconds: one accept.
pub const ACCEPT_SECONDS: &str = "replyflow_accept_seconds";
/// Histogram of seconds: the turns of one commit, without the commit.
pub const TURN_SECONDS: &str = "replyflow_turn_seconds";
/// Histogram of seconds: one commit.
pub const COMMIT_SECONDS: &str = "replyflow_commit_seconds";
/// Histogram of seconds `{channel}`: one request to a provider.
pub const SEND_SECONDS: &str = "replyflow_send_seconds";
/// Histogram of seconds: from an input's acceptance to its commit.
pub const LAG_SECONDS: &str = "replyflow_input_lag_seconds";
/// Gauge: contacts that are worked on now.
pub const BUSY: &str = "replyflow_busy_contacts";
/// Gauge: sends and calls in the air now.
pub const SENDING: &str = "replyflow_busy_sends";
/// Gauge `{set}`: lanes that are not empty.
pub const LANES: &str = "replyflow_lanes";
/// Gauge: contacts with a lease or an alarm.
pub const ATTENTION: &str = "replyflow_attention";
/// Gauge: effects and inputs in a visible failed state.
pub const FAILED: &str = "replyflow_failed";
/// Gauge: entries of the journal that no subscriber has trimmed yet.
pub const JOURNAL_ENTRIES: &str = "replyflow_journal_entries";
/// Gauge: bytes of the largest shard's journal.
pub const JOURNAL_BYTES: &str = "replyflow_journal_bytes";
/// Gauge of seconds: how long the longest overdue contact or lane has been due; what broadcasts send is left out, which may be held back.
pub const OVERDUE_SECONDS: &str = "replyflow_overdue_seconds";
/// Gauge: 1 while the store answers, else 0.
pub const STORE_UP: &str = "replyflow_store_up";
/// Counter: journal entries copied to history.
pub const HISTORY: &str = "replyflow_history_entries_total";

/// Counter `{sink, result}`: rows for analytics services. `result`: sent, dropped; of entries of the journal: unreadable, and missed if
/// they were too old to be kept before the service was told.
pub const SINK_ROWS: &str = "replyflow_sink_rows_total";
/// Counter `{sink, outcome}`: requests to analytics services. `outcome`: taken, partly_refused, too_large, refused, throttled, later,
/// closed, or why there was no answer.
pub const SINK_REQUESTS: &str = "replyflow_sink_requests_total";
/// Gauge of seconds `{sink}`: how long ago the oldest happened that an analytics service is still to be told.
pub const SINK_LAG: &str = "replyflow_sink_lag_seconds";

/// Counts an input.
pub fn input(kind: &'static str, result: &'static str) {
    counter!(INPUTS, "kind" => kind, "result" => result).increment(1);
}

/// Counts an event that nobody knows.
pub fn unknown_event() {
    counter!(UNKNOWN_EVENTS).increment(1);
}

/// Counts turns.
pub fn turns(result: &'static str, n: u64) {
    counter!(TURNS, "result" => result).increment(n);
}

/// Counts a commit.
pub fn commit(result: &'static str) {
    counter!(COMMITS, "result" => result).increment(1);
}

/// Counts an attempt to send.
pub fn send(channel: &str, outcome: &'static str) {
    counter!(SENDS, "channel" => channel.to_owned(), "outcome" => outcome).increment(1);
}

/// Counts a question what became of a message.
pub fn asked(channel: &str, found: &'static str) {
    counter!(ASKED, "channel" => channel.to_owned(), "found" => found).increment(1);
}

/// Counts an attempt of a call.
pub fn call(api: &str, outcome: &'static str) {
    counter!(CALLS, "api" => api.to_owned(), "outcome" => outcome).increment(1);
}

/// Counts an attempt of a report.
pub fn hook(endpoint: &str, outcome: &'static str) {
    let endpoint = if endpoint.starts_with(crate::domain::hook::CALLBACK_PREFIX) { "callbacks" } else { endpoint };
    counter!(HOOKS, "endpoint" => endpoint.to_owned(), "outcome" => outcome).increment(1);
}

/// Counts a delivery report.
pub fn report(status: &'static str) {
    counter!(REPORTS, "status" => status).increment(1);
}

/// Counts something that an engineer should look at.
pub fn alert(what: &'static str) {
    counter!(ALERTS, "what" => what).increment(1);
}

/// Counts rows of a sink.
pub fn sink_rows(sink: &str, result: &'static str, n: u64) {
    counter!(SINK_ROWS, "sink" => sink.to_owned(), "result" => result).increment(n);
}

/// Counts a request of a sink.
pub fn sink_request(sink: &str, outcome: &'static str) {
    counter!(SINK_REQUESTS, "sink" => sink.to_owned(), "outcome" => outcome).increment(1);
}

/// Notes how far a sink is behind.
pub fn sink_lag(sink: &str, lag: Duration) {
    gauge!(SINK_LAG, "sink" => sink.to_owned()).set(lag.as_secs_f64());
}

/// Notes how long something took.
pub fn took(name: &'static str, time: Duration) {
    histogram!(name).record(time.as_secs_f64());
}

/// Notes how long a request to a channel's provider took.
pub fn send_took(channel: &str, time: Duration) {
    histogram!(SEND_SECONDS, "channel" => channel.to_owned()).record(time.as_secs_f64());
}

/// Notes what waits where.
pub fn depths(depths: &crate::store::Depths) {
    gauge!(ATTENTION).set(depths.attention as f64);
    for (set, n) in &depths.work {
        gauge!(LANES, "set" => set.to_string()).set(*n as f64);
    }
    gauge!(FAILED).set(depths.failed as f64);
    gauge!(JOURNAL_ENTRIES).set(depths.journal_entries as f64);
    gauge!(JOURNAL_BYTES).set(depths.journal_bytes as f64);
    gauge!(OVERDUE_SECONDS).set(depths.lag.0.max(0) as f64 / 1_000.0);
}

/// Notes whether the store answers.
pub fn store_up(up: bool) {
    gauge!(STORE_UP).set(if up { 1.0 } else { 0.0 });
}

/// Counts nothing yet of what an engineer is woken for: the first time counts only where there was a figure before it.
pub fn begin() {
    for what in
        ["panic", "undecodable", "missing", "unknown_version", "unsettled", "overflow", "reply_lost", "misconfigured", "smpp"]
    {
        counter!(ALERTS, "what" => what).increment(0);
    }
}

/// Notes how many flows run as they were published last, or not at all, because their files have mistakes.
pub fn flows_refused(flows: usize) {
    gauge!(FLOWS_REFUSED).set(flows as f64);
}

/// Notes which of these apis are not called now.
pub fn circuits<'a>(apis: impl IntoIterator<Item = (&'a str, bool)>) {
    for (api, open) in apis {
        gauge!(CIRCUIT_OPEN, "api" => api.to_owned()).set(if open { 1.0 } else { 0.0 });
    }
}

/// The same of channels.
pub fn channel_circuits<'a>(channels: impl IntoIterator<Item = (&'a str, bool)>) {
    for (channel, open) in channels {
        gauge!(CHANNEL_CIRCUIT_OPEN, "channel" => channel.to_owned()).set(if open { 1.0 } else { 0.0 });
    }
}

/// Notes what is left of a channel's rate.
pub fn pace(channel: &str, factor: f64) {
    gauge!(PACE, "channel" => channel.to_owned()).set(factor);
}

/// Notes whether this instance takes no new work because somebody told it so.
pub fn draining(is: bool) {
    gauge!(DRAINING).set(if is { 1.0 } else { 0.0 });
}

/// Notes whether a flow is paused.
pub fn paused(flow: &str, is: bool) {
    gauge!(PAUSED, "flow" => flow.to_owned()).set(if is { 1.0 } else { 0.0 });
}

/// Notes whether a channel is held back.
pub fn held(channel: &str, why: &'static str, is: bool) {
    gauge!(HELD, "channel" => channel.to_owned(), "why" => why).set(if is { 1.0 } else { 0.0 });
}

/// Notes whether messages of a channel can leave by SMPP.
pub fn smpp_bound(channel: &str, is: bool) {
    gauge!(SMPP_BOUND, "channel" => channel.to_owned()).set(if is { 1.0 } else { 0.0 });
}

/// Counts a message that leaves over another channel.
pub fn switched(from: &str, to: &str) {
    counter!(SWITCHED, "from" => from.to_owned(), "to" => to.to_owned()).increment(1);
}

/// Notes how much is in the air.
pub fn busy(contacts: usize, sends: usize) {
    gauge!(BUSY).set(contacts as f64);
    gauge!(SENDING).set(sends as f64);
}
