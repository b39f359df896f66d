//! What the process lets be seen: its log, and what is measured in it.

use crate::config::observe::{LogFormat, LogSettings};
use crate::service::metrics as names;
use anyhow::Context as _;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Bounds of the buckets of every duration, in seconds.
const SECONDS: [f64; 14] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What is measured in this process. There is one recorder, however many applications a test builds.
pub(super) fn recorder() -> anyhow::Result<PrometheusHandle> {
    static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
        let handle = builder.and_then(PrometheusBuilder::install_recorder).map_err(|e| e.to_string());
        describe();
        names::begin();
        handle
    };
    RECORDER.get_or_init(install).clone().map_err(anyhow::Error::msg).context("metrics")
}

/// What `/metrics` says of each name.
fn describe() {
    describe_counter!(names::INPUTS, "Inputs by kind and what became of them");
    describe_counter!(names::UNKNOWN_EVENTS, "Events that no flow listens to and that the project does not declare");
    describe_counter!(names::TURNS, "Turns of the engine by result");
    describe_counter!(names::COMMITS, "Commits by result");
    describe_counter!(names::SENDS, "Attempts to send by channel and outcome");
    describe_counter!(names::CALLS, "Attempts of flows' calls by api and outcome");
    describe_counter!(names::REPORTS, "Delivery reports by status");
    describe_counter!(names::ALERTS, "What an engineer should look at");
    describe_counter!(names::HISTORY, "Journal entries copied to history");
    describe_counter!(names::SINK_ROWS, "Rows for analytics services by what became of them");
    describe_counter!(names::SINK_REQUESTS, "Requests to analytics services by outcome");
    describe_gauge!(names::SINK_LAG, "How long ago the oldest happened that an analytics service is still to be told");
    describe_histogram!(names::ACCEPT_SECONDS, "Storing one input");
    describe_histogram!(names::TURN_SECONDS, "The turns of one commit");
    describe_histogram!(names::COMMIT_SECONDS, "One commit");
    describe_histogram!(names::SEND_SECONDS, "One request to a provider");
    describe_histogram!(names::LAG_SECONDS, "From an input's acceptance to its commit");
    describe_gauge!(names::BUSY, "Contacts that are worked on");
    describe_gauge!(names::SENDING, "Sends and calls in the air");
    describe_gauge!(names::LANES, "Lanes that are not empty, by what they wait for");
    describe_gauge!(names::ATTENTION, "Contacts with a lease or an alarm");
    describe_gauge!(names::FAILED, "What failed visibly and waits for an operator");
    describe_gauge!(names::JOURNAL_ENTRIES, "Journal entries that are not trimmed yet");
    describe_gauge!(names::JOURNAL_BYTES, "Bytes of the largest shard's journal");
    describe_gauge!(names::FLOWS_REFUSED, "Flows whose files have mistakes: they run as published last, or not at all");
    describe_gauge!(names::OVERDUE_SECONDS, "How long the longest overdue work has been due, what broadcasts send apart");
    describe_gauge!(names::STORE_UP, "Whether the store answers");
    crate::http::describe_metrics();
}

/// Histograms that nobody reads must not grow.
pub(super) async fn keep_up(metrics: Option<PrometheusHandle>) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    while let Some(handle) = &metrics {
        every.tick().await;
        handle.run_upkeep();
    }
}

/// The log as it is configured. Once in a process; a second call changes nothing.
pub fn start_log(log: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).context("log.filter")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // An error says that somebody else's log was there first, which is as good.
    drop(started);
    Ok(())
}
