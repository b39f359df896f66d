//! What `doctor` says of the analytics services that are told: whether they answer and know us, and how far they are behind.

use crate::config::Settings;
use crate::config::sinks::SinkSettings;
use crate::domain::time::{Millis, Span};
use crate::history::{Database, HistoryError};
use crate::service::ports::Clock as _;
use crate::service::runtime::MachineClock;
use crate::service::{HttpClient, Reached, Shelf, Standing, probe_sink};
use crate::store::{Finding, FindingLevel};

/// A sink that is further behind has a service that does not take what it is told.
const BEHIND: Span = Span::minutes(5);

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    if settings.sinks.is_empty() {
        return all;
    }
    let client = match HttpClient::new() {
        Ok(client) => client,
        Err(error) => {
            all.push(finding(FindingLevel::Error, format!("there is no HTTP client: {error}"), ""));
            return all;
        }
    };
    let now = MachineClock::default().wall();
    let history = Database::open_beside(&settings.history).await;
    for sink in settings.sinks.values() {
        all.push(reached(sink, &probe_sink(sink, &client).await));
        let standing = match &history {
            Ok(history) => Shelf::standing(history, sink.name.as_str()).await,
            Err(error) => Err(error.clone()),
        };
        all.push(match standing {
            Ok(standing) => behind(sink, standing.as_ref(), now),
            Err(HistoryError(error)) => finding(
                FindingLevel::Warning,
                format!("{}: how far it has come is not known: {error}", sink.name),
                "See `history`.",
            ),
        });
    }
    all
}

fn finding(level: FindingLevel, message: String, remedy: &str) -> Finding {
    Finding { name: "sinks", level, message, remedy: remedy.to_owned() }
}

fn reached(sink: &SinkSettings, reached: &Reached) -> Finding {
    let (name, url) = (&sink.name, &sink.base_url);
    match reached {
        Reached::Fine(status) => finding(FindingLevel::Fine, format!("{name}: {url} answers ({status})"), ""),
        Reached::Refused(why) => {
            let remedy = "Check key (or project_id, user and password) and base_url of the sink; services in the EU have hosts of their own.";
            finding(FindingLevel::Error, format!("{name}: {url} refuses us: {why}"), remedy)
        }
        Reached::Ill(status) => {
            let message = format!("{name}: {url} is not well ({status})");
            finding(FindingLevel::Warning, message, "Nothing is lost: what it does not take is told later.")
        }
        Reached::Not(failure) => {
            let message = format!("{name}: {url}: {failure}");
            finding(
                FindingLevel::Error,
                message,
                "Check base_url of the sink, and what stands between. Nothing is lost meanwhile.",
            )
        }
    }
}

fn behind(sink: &SinkSettings, standing: Option<&Standing>, now: Millis) -> Finding {
    let name = &sink.name;
    let Some(standing) = standing else {
        return finding(FindingLevel::Fine, format!("{name}: new, begins when the service starts"), "");
    };
    let Standing { sent, dropped, missed, waiting, oldest } = standing;
    let lag = oldest.map_or(Span::millis(0), |oldest| now - oldest);
    let lag_seconds = lag.0.max(0) / 1_000;
    let message = format!(
        "{name}: {sent} rows told, {dropped} refused; {waiting} entries wait, the oldest for {lag_seconds} s; {missed} were too old before"
    );
    match (*missed > 0, lag > BEHIND) {
        (true, _) => {
            finding(FindingLevel::Warning, message, "What was missed is gone. Keep the journal longer: history.keep_entries.")
        }
        (false, true) => finding(FindingLevel::Warning, message, "The log says what the service answers."),
        (false, false) => finding(FindingLevel::Fine, message, ""),
    }
}
