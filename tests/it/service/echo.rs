//! An engine that a test can see through: what it does stands in the text of the message. The record stays empty.
//!
//! `hi` is answered `echo hi` · `a|b` by two messages · `call /path` calls the shop and says what came back ·
//! `file /path` has a file of Twilio's fetched and says where it is · `panic` panics ·
//! `bulk x` sends `x` as a broadcast does · `await x` sends `x` and hears of its failure · `stop` opts out and is confirmed · `wake 5` sets an alarm in five seconds ·
//! `night x` sends `x` in the hours `night` only · `need 7` is on version 7 of a flow · an event is answered with its name.

use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, EffectId, RunId, Token, VersionId};
use replyflow::domain::input::{Accepted, CallOutcome, Input};
use replyflow::domain::message::{Inbound, InboundContent, Media};
use replyflow::domain::name::Slug;
use replyflow::domain::outbound::{Outbound, OutboundContent};
use replyflow::domain::time::{Millis, Span};
use replyflow::domain::value::Value;
use replyflow::engine::effect::{Call, Effect, Fetch, Quiet, Send, System};
use replyflow::engine::record::Record;
use replyflow::engine::{Context, TurnError, TurnOutput};

/// The engine.
pub fn echo(
    context: &Context<'_>,
    record: &mut Record,
    token: Token,
    _contact: ContactKey,
    accepted: Option<&Accepted>,
    now: Millis,
) -> Result<TurnOutput, TurnError> {
    let mut out = TurnOutput::default();
    let mut effects = Effects { token, now, list: Vec::new() };
    // The name of the contact is where this engine keeps its alarm.
    let alarm = record.name.as_deref().and_then(|at| at.parse().ok()).map(Millis);
    if alarm.is_some_and(|at| at <= now) {
        record.name = None;
        effects.say(&address(), "awake", false);
    }
    out.alarm = alarm.filter(|at| *at > now);
    let Some(accepted) = accepted else {
        out.effects = effects.list;
        return Ok(out);
    };
    match &accepted.input {
        Input::Message(message) => match &message.content {
            InboundContent::OptOut { scope: Some(scope), .. } => {
                effects.say(&address(), &format!("you are out of {scope}"), false)
            }
            InboundContent::OptOut { .. } => effects.say(&address(), "you are out", false),
            _ if message.text == "stop" => {
                record.stop = 1;
                effects.say(message, "confirmed", false);
                if let Some((_, Effect::Send(send))) = effects.list.last_mut() {
                    send.system = Some(System::OptedOut);
                }
            }
            _ if message.text.starts_with("wake ") => {
                let seconds: i64 = message.text["wake ".len()..].parse().unwrap_or(1);
                out.alarm = Some(now + Span::seconds(seconds));
                record.name = out.alarm.map(|at| at.0.to_string());
            }
            _ if message.text.starts_with("night ") => {
                effects.say(message, &message.text["night ".len()..], false);
                if let Some((_, Effect::Send(send))) = effects.list.last_mut() {
                    let hours = vec![Slug::parse("night").expect("a slug")];
                    send.quiet = Some(Box::new(Quiet { hours, zone: None, ahead: Span(0), back: None }));
                }
            }
            _ if message.text.starts_with("need ") => {
                let id = VersionId::parse(&message.text["need ".len()..]).unwrap_or(VersionId(7));
                let flow = context.catalog.version(id).ok_or(TurnError::UnknownVersion(id))?;
                effects.say(message, &format!("on {}", flow.name), false);
            }
            _ => out.hold = effects.answer(message),
        },
        Input::CallResult(result) => {
            let heard = match &result.outcome {
                CallOutcome::Answered { body: Value::Map(file), .. } if file.contains_key("url") => {
                    format!("{} {}", file["url"].as_text().unwrap_or_default(), file["size"].as_number().unwrap_or_default())
                }
                CallOutcome::Answered { status, .. } => status.to_string(),
                CallOutcome::Failed { why } => why.clone(),
            };
            effects.say(&address(), &format!("heard {heard} after {}", result.attempts), false);
        }
        Input::Delivery(delivery) => effects.say(&address(), &format!("undelivered {:?}", delivery.reason), false),
        Input::Event(event) => {
            let to = event.to.address().map_or_else(address, |from| Inbound { from, ..address() });
            effects.say(&to, &format!("event {}", event.name), false);
        }
        Input::Webhook(webhook) => effects.say(&address(), &format!("webhook {}", webhook.name), false),
        Input::Passed(passed) => effects.say(&address(), &format!("passed {}", passed.notification), false),
        Input::Merge(_) => {}
        Input::Desk(done) => effects.say(&address(), &format!("desk {}", done.desk), false),
        Input::Reach(reach) => effects.say(&address(), &format!("reach {:?}", reach.what), false),
        Input::Operator(action) => effects.say(&address(), &format!("operator {action:?}"), false),
        Input::Alerts(alerts) => effects.say(&address(), &format!("alerts {}", alerts.raised.len()), false),
    }
    let awaited = |(id, effect): &(EffectId, Effect)| matches!(effect, Effect::Send(send) if send.awaited).then_some(*id);
    out.await_add = effects.list.iter().filter_map(awaited).collect();
    out.effects = effects.list;
    Ok(out)
}

struct Effects {
    token: Token,
    now: Millis,
    list: Vec<(EffectId, Effect)>,
}

impl Effects {
    fn answer(&mut self, message: &Inbound) -> bool {
        let text = message.text.as_str();
        assert_ne!(text, "panic", "the test wants it");
        if let Some(path) = text.strip_prefix("call ") {
            let id = self.token.effect(self.list.len());
            self.list.push((id, Effect::Call(Box::new(call(path, self.now)))));
            return true;
        }
        if let Some(path) = text.strip_prefix("file ") {
            let id = self.token.effect(self.list.len());
            let media = Media { url: Some(format!("https://api.twilio.com{path}")), ..Media::default() };
            let channel = Slug::parse("main-whatsapp").expect("a slug");
            let fetch = Fetch { run: RunId(1), channel, media, at: self.now };
            self.list.push((id, Effect::Fetch(Box::new(fetch))));
            return false;
        }
        match text.strip_prefix("await ") {
            Some(text) => self.say(message, text, true),
            None if text.starts_with("bulk ") => {
                self.say(message, &text["bulk ".len()..], false);
                if let Some((_, Effect::Send(send))) = self.list.last_mut() {
                    send.bulk = true;
                }
            }
            None if text.contains('|') => text.split('|').for_each(|part| self.say(message, part, false)),
            None => self.say(message, &format!("echo {text}"), false),
        }
        false
    }

    fn say(&mut self, to: &Inbound, text: &str, awaited: bool) {
        let id = self.token.effect(self.list.len());
        self.list.push((id, Effect::Send(Box::new(send(to, text, awaited, self.now)))));
    }
}

fn send(to: &Inbound, text: &str, awaited: bool, now: Millis) -> Send {
    let content = OutboundContent::Text { text: text.to_owned() };
    Send {
        channel: to.channel.clone(),
        kind: ChannelKind::Sms,
        outbound: Outbound { to: to.from.clone(), content, in_reply_to: None, provider: None },
        notification: None,
        run: None,
        system: None,
        at: now,
        awaited,
        tracked: false,
        code: false,
        bulk: false,
        broadcast: None,
        marketing: false,
        home: None,
        quiet: None,
        since: None,
    }
}

fn call(path: &str, now: Millis) -> Call {
    Call {
        run: RunId(1),
        method: "GET".to_owned(),
        api: Slug::parse("shop").expect("a slug"),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        timeout: Span::seconds(5),
        retry: 2,
        at: now,
    }
}

/// The person of tests with one person.
fn address() -> Inbound {
    super::rig::message(super::ANN, "any", "any")
}
