//! What `doctor` sees at the public URL: whether what answers there is this service, and its clock. Seen from this machine, which need not be what providers see.

use super::clock;
use crate::config::Settings;
use crate::domain::time::Span;
use crate::provider::Headers as _;
use crate::service::HttpClient;
use crate::service::ports::{HttpAnswer, HttpCall, HttpFailure, Reach, Transport as _};
use crate::store::{Finding, FindingLevel};
use bytes::Bytes;
use serde_json::Value as Json;
use std::time::Duration;

/// The longest that the answer is waited for: longer than the service waits for its store.
const PATIENCE: Duration = Duration::from_secs(5);
/// A larger answer is another server's.
const ANSWER: usize = 64 * 1024;

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    if settings.server.public_url_is_local {
        let called = settings.channels.values().any(|channel| channel.provider.entry().is_called);
        let message = format!("server.public_url is not set: {} is known to this machine only", settings.server.public_url);
        return match called {
            true => vec![finding(FindingLevel::Warning, message, "Set server.public_url to what providers call.")],
            false => Vec::new(),
        };
    }
    let client = match HttpClient::new() {
        Ok(client) => client,
        Err(error) => return vec![finding(FindingLevel::Error, format!("no request can be made: {error}"), "")],
    };
    let url = format!("{}/health/ready", settings.server.public_url);
    let call = |reach| HttpCall {
        method: "GET",
        url: url.clone(),
        headers: Vec::new(),
        body: Bytes::new(),
        timeout: PATIENCE,
        max_answer: ANSWER,
        reach,
    };
    let mut asked = clock::now();
    let mut answer = client.send(call(Reach::PublicOnly)).await;
    // Names may lead elsewhere inside. It is the operator's own setting, so it may be looked at there too.
    let is_inner = answer == Err(HttpFailure::NotAllowed);
    if is_inner {
        asked = clock::now();
        answer = client.send(call(Reach::Anywhere)).await;
    }
    let answered = clock::now();
    let mut found = vec![judged(&url, &answer)];
    if is_inner {
        let message = format!("{} leads to an address inside your network, as seen from here", settings.server.public_url);
        let remedy = "No provider gets there, unless the name leads to another address outside.";
        found.push(finding(FindingLevel::Warning, message, remedy));
    }
    let date = answer.as_ref().ok().and_then(|answer| clock::of_header(answer.get("date")?));
    found.extend(date.map(|theirs| clock::judged("what answers at the public URL", theirs, Span::seconds(1), asked, answered)));
    found
}

fn finding(level: FindingLevel, message: String, remedy: &str) -> Finding {
    Finding { name: "reachable", level, message, remedy: remedy.to_owned() }
}

/// What was seen there.
fn judged(url: &str, answer: &Result<HttpAnswer, HttpFailure>) -> Finding {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            let remedy =
                "Start the service if it does not run; else look at the name, the firewall, the proxy and its certificate.";
            return finding(FindingLevel::Warning, format!("{url}: {failure}"), remedy);
        }
    };
    let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (answer.status, body["status"].as_str()) {
        (200, Some("ready")) => finding(FindingLevel::Fine, format!("{url} answers: the service is ready"), ""),
        (503, Some("not ready")) => {
            let why = body["reason"].as_str().unwrap_or("it does not say why");
            let message = format!("{url} answers: the service is not ready: {why}");
            // Who is drained or ends goes on taking webhooks.
            let remedy = match why {
                "draining" => "`replyflow admin drain --resume` makes it work again.",
                "stopping" => "It begins or ends just now; another instance should be there.",
                _ => "Webhooks get 503 meanwhile, and providers come again.",
            };
            finding(FindingLevel::Warning, message, remedy)
        }
        (status @ 300..400, _) => {
            let message = format!("{url} answers {status}: it sends callers elsewhere");
            finding(FindingLevel::Error, message, "Set server.public_url to the last address: providers follow no redirects.")
        }
        (status @ 502..=504, _) => {
            let message = format!("{url} answers {status}: a proxy is there, and finds no service behind it");
            finding(
                FindingLevel::Warning,
                message,
                "Start the service if it does not run; else look where the proxy sends callers.",
            )
        }
        (status, _) => {
            let message = format!("{url} answers {status}: that is not this service's answer");
            let remedy = "Look where the name leads, and whether the proxy lets /hooks/ and /health/ready through.";
            finding(FindingLevel::Warning, message, remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_says_what_stands_there() {
        let seen = |status, body: &str| {
            let body = Bytes::from(body.to_owned());
            let found = judged("https://replies.example.com/health/ready", &Ok(HttpAnswer { status, headers: Vec::new(), body }));
            (found.level, found.message)
        };
        let expect =
            |seen: (FindingLevel, String), level, part: &str| assert!(seen.0 == level && seen.1.contains(part), "{seen:?}");
        expect(seen(200, r#"{"status":"ready"}"#), FindingLevel::Fine, "is ready");
        let stopping = r#"{"status":"not ready","reason":"stopping"}"#;
        expect(seen(503, stopping), FindingLevel::Warning, "not ready: stopping");
        let remedy = |why: &str| {
            let body = Bytes::from(format!("{{\"status\":\"not ready\",\"reason\":\"{why}\"}}"));
            judged("https://replies.example.com", &Ok(HttpAnswer { status: 503, headers: Vec::new(), body })).remedy
        };
        assert!(remedy("draining").contains("admin drain --resume"));
        assert!(!remedy("stopping").contains("Webhooks get 503"));
        assert!(remedy("the store does not answer").contains("Webhooks get 503"));
        expect(seen(301, ""), FindingLevel::Error, "elsewhere");
        expect(seen(502, "<html>"), FindingLevel::Warning, "finds no service");
        expect(seen(200, "<html>Welcome"), FindingLevel::Warning, "not this service's answer");
        expect(seen(404, r#"{"status":404}"#), FindingLevel::Warning, "not this service's answer");
        let away = judged("https://replies.example.com", &Err(HttpFailure::Refused));
        expect((away.level, away.message), FindingLevel::Warning, "could not connect");
    }
}
