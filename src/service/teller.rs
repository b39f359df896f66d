//! How one alert reaches one receiver: a mail by the server of a channel, a text message by its provider, a webhook that takes
//! what Slack's incoming webhooks take. Used by the service, and by `replyflow alert test` without it.

use super::gate::Outside;
use super::mail::mailed;
use super::ports::{HttpAnswer, HttpCall, HttpFailure, Reach};
use super::retry::asked_pause;
use super::settings::Channel;
use super::smpp::submitted;
use crate::config::alerts::AlertSettings;
use crate::domain::id::SendRef;
use crate::domain::limits;
use crate::domain::message::{FailureReason, Outbound, OutboundContent};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use crate::engine::effect::{Receiver, Tell};
use crate::provider::{Accepted, Headers as _, LimitScope, MailFacts, ProviderError, SendContext, SendOutcome, Wire};
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::json;
use std::borrow::Cow;
use std::time::Duration;

/// What it takes to tell somebody.
pub struct Teller<'a> {
    /// The way out.
    pub out: Outside<'a>,
    /// The virtual numbers.
    pub channels: &'a IndexMap<ChannelName, Channel>,
    /// Which of them carry alerts, and the webhooks.
    pub settings: &'a AlertSettings,
    /// One attempt.
    pub timeout: Duration,
}

impl Teller<'_> {
    /// The channel that carries alerts to this receiver; nothing for a webhook, or if there is none.
    pub fn channel(&self, to: &Receiver) -> Option<&Channel> {
        let name = match to {
            Receiver::Email(_) => self.settings.email_channel.as_ref(),
            Receiver::Sms(_) => self.settings.sms_channel.as_ref(),
            Receiver::Slack(_) => None,
        };
        self.channels.get(name?)
    }

    /// One attempt. `name` is our name of it, which comes back in reports.
    pub async fn tell(&self, tell: &Tell, name: Option<SendRef>, now: Millis) -> (SendOutcome, Option<String>) {
        match &tell.to {
            Receiver::Slack(n) => self.slack(&tell.team, *n, &tell.text, now).await,
            Receiver::Email(_) | Receiver::Sms(_) => self.message(tell, name, now).await,
        }
    }

    async fn message(&self, tell: &Tell, name: Option<SendRef>, now: Millis) -> (SendOutcome, Option<String>) {
        let Some(channel) = self.channel(&tell.to) else { return refused("no channel carries alerts of this kind") };
        let (to, content) = match &tell.to {
            Receiver::Email(to) => {
                let (subject, text) = (tell.subject.clone(), tell.text.clone());
                (to.clone(), OutboundContent::Email { subject, text, html: None, from: None })
            }
            Receiver::Sms(to) => (to.clone(), OutboundContent::Text { text: tell.text.clone() }),
            Receiver::Slack(_) => return refused("a webhook is no channel"),
        };
        let context = SendContext {
            channel: &channel.name,
            send: name,
            status_callback: channel.status_callback.as_deref(),
            kind: channel.kind,
            mail: Some(MailFacts { at: tell.at, thread: None, unsubscribe: None }),
            now,
        };
        let wire = match channel.adapter.wire(&Outbound { to, content, in_reply_to: None, provider: None }, &context) {
            Ok(wire) => wire,
            Err(error) => return refused(&error.to_string()),
        };
        match wire {
            Wire::Http(request) => match self.out.http(HttpCall::to_provider(request, self.timeout)).await {
                Ok(answer) => (channel.adapter.classify(answer.status, &answer, &answer.body), None),
                Err(failure) => (failure.of_send(), Some(failure.to_string())),
            },
            Wire::Mail(mail) => mailed(&mail, self.out.mail(&mail, self.timeout).await),
            Wire::Smpp(submission) => submitted(submission, channel, None, self.out, self.timeout).await,
        }
    }

    async fn slack(&self, team: &Slug, n: usize, text: &str, now: Millis) -> (SendOutcome, Option<String>) {
        let Some(hook) = self.settings.slack.get(team).and_then(|hooks| hooks.get(n)) else {
            return refused("the webhook is not configured any more");
        };
        let call = HttpCall {
            method: "POST",
            url: hook.url.expose().to_owned(),
            headers: vec![(Cow::Borrowed("Content-Type"), "application/json".to_owned())],
            body: Bytes::from(json!({ "text": slack_text(text) }).to_string()),
            timeout: self.timeout,
            max_answer: limits::HOOK_ANSWER_BYTES,
            reach: if hook.allow_private { Reach::Anywhere } else { Reach::PublicOnly },
        };
        let ended = self.out.http(call).await;
        let detail = match &ended {
            Ok(answer) => format!("answered {}", answer.status),
            Err(failure) => failure.to_string(),
        };
        (of_slack(ended, &detail, now), Some(detail))
    }
}

fn refused(why: &str) -> (SendOutcome, Option<String>) {
    let error = ProviderError { code: None, text: why.to_owned() };
    (SendOutcome::Rejected { reason: FailureReason::Configuration, error, opted_out: None }, None)
}

/// What a webhook's answer means. Slack answers 200 `ok`; 429 with `Retry-After` when too much comes; 4xx with a word such as
/// `no_service` when the webhook is gone or the channel archived, which no repetition mends
/// (docs.slack.dev: Sending messages using incoming webhooks).
fn of_slack(ended: Result<HttpAnswer, HttpFailure>, detail: &str, now: Millis) -> SendOutcome {
    let error = ProviderError { code: None, text: detail.to_owned() };
    let asked = |answer: &HttpAnswer| asked_pause(answer.get("retry-after")?, now).map(|p| p.min(limits::HOOK_PAUSE_ASKED));
    match ended {
        Ok(HttpAnswer { status: 200..=299, .. }) | Err(HttpFailure::TooLarge { status: 200..=299 }) => {
            SendOutcome::Accepted(Accepted::default())
        }
        Ok(answer) if answer.status == 429 => SendOutcome::Throttled { after: asked(&answer), scope: LimitScope::Account, error },
        Ok(answer) if answer.status == 408 || answer.status >= 500 => {
            SendOutcome::Retry { after: asked(&answer), reason: FailureReason::Unknown, error }
        }
        Ok(_) | Err(HttpFailure::NotAllowed | HttpFailure::Invalid) => {
            SendOutcome::Rejected { reason: FailureReason::Configuration, error, opted_out: None }
        }
        Err(failure) => failure.of_send(),
    }
}

/// A text that nobody's words can turn into a link or a call for everybody: Slack reads `<!channel>`, others `@channel`.
fn slack_text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let calm = ["channel", "here", "everyone", "all"]
        .into_iter()
        .fold(escaped, |text, word| text.replace(&format!("@{word}"), &format!("@\u{200b}{word}")));
    match calm.split_once('\n') {
        Some((first, rest)) => format!("*{}*\n{rest}", first.replace('*', "∗")),
        None => calm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn a_text_can_call_nobody_and_hide_nothing() {
        assert_eq!(slack_text("a <!channel> & <http://evil|bank>"), "a &lt;!channel&gt; &amp; &lt;http://evil|bank&gt;");
        assert_eq!(slack_text("a *b*\n\n@here c"), "*a ∗b∗*\n\n@\u{200b}here c");
    }

    #[test]
    fn each_answer_of_a_webhook_means_one_thing() {
        let answer = |status: u16, after: Option<&str>| {
            let headers = after.map(|after| ("retry-after".to_owned(), after.to_owned())).into_iter().collect();
            of_slack(Ok(HttpAnswer { status, headers, body: Bytes::new() }), "", Millis(0))
        };
        for (status, expected) in [
            (200, "accepted"),
            (204, "accepted"),
            (302, "rejected"),
            (400, "rejected"),
            (403, "rejected"),
            (404, "rejected"),
            (408, "retry"),
            (410, "rejected"),
            (429, "throttled"),
            (500, "retry"),
            (502, "retry"),
            (503, "retry"),
        ] {
            assert_eq!(answer(status, None).name(), expected, "{status}");
        }
        let after = |outcome| match outcome {
            SendOutcome::Throttled { after, .. } | SendOutcome::Retry { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(after(answer(429, Some("7"))), Some(Span::seconds(7)));
        assert_eq!(after(answer(503, Some("999999"))), Some(limits::HOOK_PAUSE_ASKED));
        let of = |failure| of_slack(Err(failure), "", Millis(0)).name();
        assert_eq!(of(HttpFailure::Refused), "retry");
        assert_eq!(of(HttpFailure::Lost), "unknown");
        assert_eq!(of(HttpFailure::NotAllowed), "rejected");
    }
}
