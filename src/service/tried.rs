//! What test contacts decided: done without reaching anybody. A message is written as its provider takes it, counts as taken and then as
//! delivered, unless its address plays something else; what would have left is in the journal. There is no way out of here but to the
//! stand-in that an api names for test.

use super::api::{self, Wanted};
use super::call::CallOut;
use super::core::Core;
use super::outbox::Performed;
use super::ports::HttpCall;
use super::reports::provider_opt_out;
use super::settings::Channel;
use super::verdict::End;
use crate::domain::address::Address;
use crate::domain::codec;
use crate::domain::desk::DeskOutcome;
use crate::domain::input::{CallOutcome, Delivery, Input};
use crate::domain::journal::Event;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::mode::Mode;
use crate::domain::time::Span;
use crate::domain::tried::{Tried, TriedKind};
use crate::engine::effect::{Call, Desk, Effect, Hook, Raise, Send};
use crate::provider::desk::{Dialog, Step};
use crate::provider::{OptOutScope, ProviderError, Wire};
use crate::store::Started;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// What the journal says of an effect that was not done.
const NOTHING_LEFT: &str = "test: nothing left";
/// Why a call without a stand-in failed.
pub(super) const TEST_MODE: &str = "test_mode";

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Play {
    /// It arrives.
    Delivered,
    /// It arrives and is read.
    Read,
    /// Nothing is ever heard of it.
    Silent,
    /// The provider does not take it.
    Refused(FailureReason, &'static str),
    /// The provider takes it, and it does not arrive.
    Undelivered(FailureReason, &'static str),
}

impl Play {
    /// What an address plays. The numbers belong to nobody: no country has them.
    fn of(to: &Address) -> Self {
        let name = match to {
            Address::Phone(phone) => match phone.as_str() {
                "+15005550001" => "invalid",
                "+15005550002" => "undelivered",
                "+15005550003" => "opted-out",
                "+15005550004" => "blocked",
                "+15005550005" => "silent",
                "+15005550006" => "read",
                _ => "",
            },
            Address::Email(email) => email.strip_suffix("@test.replyflow.invalid").unwrap_or(""),
            Address::Bsuid(_) | Address::External(_) | Address::Verbatim(_) => "",
        };
        match name {
            "invalid" => Play::Refused(FailureReason::Invalid, "no such address"),
            "opted-out" => Play::Refused(FailureReason::OptedOut, "the receiver opted out"),
            "undelivered" => Play::Undelivered(FailureReason::Unreachable, "out of reach"),
            "blocked" => Play::Undelivered(FailureReason::Blocked, "blocked"),
            "silent" => Play::Silent,
            "read" => Play::Read,
            _ => Play::Delivered,
        }
    }

    /// What is reported of a message that was taken, in order.
    fn reports(self) -> &'static [DeliveryStatus] {
        match self {
            Play::Delivered => &[DeliveryStatus::Delivered],
            Play::Read => &[DeliveryStatus::Delivered, DeliveryStatus::Read],
            Play::Undelivered(..) => &[DeliveryStatus::Failed],
            Play::Silent | Play::Refused(..) => &[],
        }
    }
}

impl Core {
    /// Does an effect of a test contact.
    pub(super) async fn tried(self: &Arc<Self>, started: &Started, effect: Effect, taken_at: Duration) -> Performed {
        // It took nothing of what live messages may use.
        self.unused(&started.set, 1);
        match effect {
            Effect::Send(send) => self.send_tried(started, &send).await,
            Effect::Call(call) => self.call_tried(started, &call, taken_at).await,
            Effect::Post(post) => self.post(Mode::Test, started, &post).await,
            Effect::Pass(passed) => self.pass(Mode::Test, started, *passed).await,
            Effect::Move(step) => self.moving(started, &step).await,
            Effect::Fetch(fetch) => self.fetch_tried(started, &fetch),
            Effect::Hook(hook) => self.hook_tried(started, &hook),
            Effect::Raise(raise) => raised(started, &raise),
            // Teams have no test contacts; one that was made up tells nobody.
            Effect::Tell(_) => Performed::ended(End::done(None, Some(NOTHING_LEFT.to_owned()))),
            Effect::Desk(desk) => self.desk_tried(started, &desk),
        }
    }

    async fn send_tried(self: &Arc<Self>, started: &Started, send: &Send) -> Performed {
        let Some(channel) = self.channel(&send.channel) else { return self.unknown_channel(started, send) };
        if self.is_cancelled(started, send) {
            return self.finished(started, send, Some(channel), End::withdrawn("its broadcast was cancelled"));
        }
        match self.opted_out(Mode::Test, started, send).await {
            Ok(None) => {}
            Ok(Some(_)) => return self.finished(started, send, Some(channel), End::failed(FailureReason::OptedOut, None)),
            Err(error) => {
                let end = End::again(self.store_now() + Span::seconds(2), started.unsure, Some(error.to_string()));
                return self.finished(started, send, Some(channel), end);
            }
        }
        match self.suppressed(send).await {
            Ok(None) => {}
            Ok(Some(entry)) => {
                let end = End::failed(FailureReason::Suppressed, Some(entry.words()));
                return self.finished(started, send, Some(channel), end);
            }
            Err(error) => {
                let end = End::again(self.store_now() + Span::seconds(2), started.unsure, Some(error.to_string()));
                return self.finished(started, send, Some(channel), end);
            }
        }
        let wire = match self.written(started, send, channel) {
            Ok(wire) => wire,
            Err(end) => return self.finished(started, send, Some(channel), end),
        };
        let tried = Event::Tried(Box::new(of_wire(started, channel, &wire)));
        let play = Play::of(&send.outbound.to);
        if let Play::Refused(reason, words) = play {
            self.learn_of_play(started, send, reason).await;
            let end = End::failed(reason, Some(words.to_owned()));
            return Performed { also: vec![tried], ..self.finished(started, send, Some(channel), end) };
        }
        let id = format!("test-{}", started.id);
        if send.awaited {
            self.quoted.remember(&channel.name, &id, started.id);
        }
        let end = End::done(Some(id), Some(NOTHING_LEFT.to_owned()));
        let (reason, code) = match play {
            Play::Undelivered(reason, _) => (Some(reason), None),
            _ => (None, None),
        };
        let reported = |status: &DeliveryStatus| Event::Reported {
            effect: started.id,
            status: *status,
            reason: reason.filter(|_| *status == DeliveryStatus::Failed),
            code: code.clone(),
            at: None,
            detail: None,
        };
        let also = std::iter::once(tried).chain(play.reports().iter().map(reported)).collect();
        let done = self.finished(started, send, Some(channel), end);
        let last = play.reports().last().copied();
        let reply = match last {
            Some(status) if send.tracked || (send.awaited && status == DeliveryStatus::Failed) => {
                let delivery = Delivery { effect: started.id, status, reason, code: None, unsure: false, back: None };
                Some(Bytes::from(codec::encode(&Input::Delivery(delivery))))
            }
            _ => done.reply,
        };
        Performed { also, reply, ..done }
    }

    /// What a refusal teaches of the contact, as a provider's would.
    async fn learn_of_play(self: &Arc<Self>, started: &Started, send: &Send, reason: FailureReason) {
        let learnt = match reason {
            FailureReason::Invalid => {
                self.dead_by_send(started, send, &ProviderError::default()).await;
                Ok(())
            }
            FailureReason::OptedOut => {
                let (to, of) = (send.outbound.to.clone(), started.id.to_string());
                self.opt_out(Mode::Test, provider_opt_out(to, (send.channel.clone(), send.kind), OptOutScope::Everything, &of))
                    .await
            }
            _ => Ok(()),
        };
        if let Err(error) = learnt {
            tracing::error!(effect = %started.id, %error, "what a test plays could not be stored");
        }
    }

    /// A call goes to the stand-in of its api, or fails.
    async fn call_tried(&self, started: &Started, call: &Call, taken_at: Duration) -> Performed {
        let configured = self.world.apis.get(&call.api);
        let stand_in = configured.and_then(|api| Some((api.in_test()?, self.gate.stand_in(api)?)));
        let own = stand_in.as_ref().map(|(api, _)| api).or(configured);
        let wanted = Wanted::of(call);
        let tried = own.and_then(|api| {
            let request = api::request(api, &wanted, started.id, Duration::from_secs(1)).ok()?;
            let secrets: Vec<&str> = api.headers.iter().map(|(_, value)| value.expose()).collect();
            Some(Tried { left: stand_in.is_some(), ..of_call(started, TriedKind::Call, &request, &secrets) })
        });
        let done = match (&stand_in, tried.is_some()) {
            (Some((api, out)), true) => self.call(started, call, taken_at, CallOut::StandIn(api, *out)).await,
            // What is not allowed is not allowed here either.
            (_, false) => self.call_ended(started, call, CallOutcome::Failed { why: "not_allowed".to_owned() }, 0),
            (None, true) => self.call_ended(started, call, CallOutcome::Failed { why: TEST_MODE.to_owned() }, 0),
        };
        Performed { also: tried.map(|tried| Event::Tried(Box::new(tried))).into_iter().collect(), ..done }
    }

    fn hook_tried(&self, started: &Started, hook: &Hook) -> Performed {
        let url = self.receiver(hook).map_or("", |(url, _)| url);
        let headers = [("Content-Type", "application/json"), ("webhook-id", hook.id.as_str()), ("webhook-signature", "")];
        let tried = Tried::request(started.id, TriedKind::Report, ("POST", url), headers, hook.body.as_bytes(), &[]);
        noted(tried)
    }

    /// The conversation there begins, goes on and ends here alone.
    fn desk_tried(&self, started: &Started, desk: &Desk) -> Performed {
        let task = &desk.task;
        let body = serde_json::to_string(&task.job).unwrap_or_default();
        let tried = match self.world.desks.get(&task.desk) {
            None => Tried::within(started.id, TriedKind::Desk, body),
            Some(settings) => {
                let (_, step) = Dialog::begin(settings, task, started.lane.contact, false);
                let (method, path) = match &step {
                    Step::Ask(ask) => (ask.method, ask.path.as_str()),
                    Step::End(_) => ("", ""),
                };
                let url = format!("{}{path}", settings.base_url);
                Tried::request(started.id, TriedKind::Desk, (method, &url), [], body.as_bytes(), &[])
            }
        };
        let conversation = task.conversation.clone().unwrap_or_else(|| format!("test-{}", started.id));
        let outcome = DeskOutcome::Done { conversation, party: task.party.clone() };
        let end = End::done(None, Some(NOTHING_LEFT.to_owned()));
        Performed { also: vec![Event::Tried(Box::new(tried))], ..self.desk_ended(started, task, end, outcome) }
    }
}

fn raised(started: &Started, raise: &Raise) -> Performed {
    let said: Vec<serde_json::Value> = raise
        .by_team()
        .iter()
        .flat_map(|alerts| alerts.raised.iter().map(|one| serde_json::json!({ "team": alerts.team, "say": one.say })))
        .collect();
    noted(Tried::within(started.id, TriedKind::Alert, serde_json::Value::Array(said).to_string()))
}

fn noted(tried: Tried) -> Performed {
    let end = End::done(None, Some(NOTHING_LEFT.to_owned()));
    Performed { also: vec![Event::Tried(Box::new(tried))], ..Performed::ended(end) }
}

fn of_call(started: &Started, kind: TriedKind, call: &HttpCall, secrets: &[&str]) -> Tried {
    let headers = call.headers.iter().map(|(name, value)| (&**name, value.as_str()));
    Tried::request(started.id, kind, (call.method, &call.url), headers, &call.body, secrets)
}

fn of_wire(started: &Started, channel: &Channel, wire: &Wire) -> Tried {
    let secrets = channel.adapter.secrets();
    match wire {
        Wire::Http(request) => {
            let call = HttpCall::to_provider(request.clone(), Duration::from_secs(1));
            of_call(started, TriedKind::Message, &call, &secrets)
        }
        Wire::Mail(mail) => {
            let url = format!("smtp://{}:{}", mail.server.host, mail.server.port);
            let tried = Tried::request(started.id, TriedKind::Message, ("SMTP", &url), [], &mail.content, &secrets);
            Tried { path: String::new(), ..tried }
        }
        Wire::Smpp(submission) => {
            let body = submission.shown();
            let tried = Tried::request(started.id, TriedKind::Message, ("SMPP", "smpp://carrier"), [], body.as_bytes(), &secrets);
            Tried { path: String::new(), ..tried }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::E164;

    #[test]
    fn an_address_plays_what_is_written_of_it() {
        let phone = |text: &str| Play::of(&Address::Phone(E164::parse(text).expect("a number")));
        assert_eq!(phone("+447700900123"), Play::Delivered);
        assert_eq!(phone("+15005550001"), Play::Refused(FailureReason::Invalid, "no such address"));
        assert_eq!(phone("+15005550002").reports(), [DeliveryStatus::Failed]);
        assert_eq!(phone("+15005550005").reports(), []);
        let mail = |text: &str| Play::of(&Address::Email(text.to_owned()));
        assert_eq!(mail("read@test.replyflow.invalid").reports(), [DeliveryStatus::Delivered, DeliveryStatus::Read]);
        assert_eq!(mail("read@example.com"), Play::Delivered);
    }
}
