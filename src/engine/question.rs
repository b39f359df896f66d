//! Asking: one question at a time, its choices as the channel can show them, its last message awaited.

use super::asking::{Asking, Instead, Over};
use super::contents::{Said, Speaker, as_mail};
use super::drive::{Counter, Next, Trouble};
use super::fault::Fault;
use super::record::{Errand, Question, Run, Waiting};
use super::turning::{From, Turning};
use crate::config::project::Capabilities;
use crate::domain::id::EffectId;
use crate::domain::outbound::OutboundContent;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::definition::{Act, Action, Answer, Ask, Category, Flow, Kind, Say, Show};
use crate::template;
use std::borrow::Cow;

/// Between the id of a choice and the tag of its question in what a button carries.
const TAG: char = '~';

/// The choice in what comes back when a button is tapped.
pub fn choice_of_payload(payload: &str) -> &str {
    split_payload(payload).0
}

/// The choice and the tag of the question; other systems' buttons carry none.
pub(super) fn split_payload(payload: &str) -> (&str, Option<u16>) {
    match payload.rsplit_once(TAG) {
        Some((id, tag)) if tag.len() == 4 => match u16::from_str_radix(tag, 16) {
            Ok(tag) => (id, Some(tag)),
            Err(_) => (payload, None),
        },
        _ => (payload, None),
    }
}

/// What a button carries.
pub(super) fn payload_of(id: &str, tag: u16) -> String {
    format!("{id}{TAG}{tag:04x}")
}

/// Whether a question is sent with all that belongs to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it was written, for the first time.
    First,
    /// As it was written.
    Whole,
    /// Its text and choices: the contact knows the rest.
    Short,
    /// As it was written, because the contact was silent: no word of theirs asked for it.
    Reminder,
}

impl<'a> Turning<'a> {
    /// Whether another run's question is open, or the conversation is with a person: at most one is asked at a time.
    pub(super) fn has_open_question(&self) -> bool {
        self.rec.runs.iter().any(|run| run.question().is_some() || run.is_with_person())
    }

    /// Asks the question of the state that the run is in, or waits until another question is closed.
    pub(super) fn open_question(&mut self, run: &mut Run) -> Result<Next<'a>, Fault> {
        let (flow, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("a question in a state that asks nothing")) };
        if self.has_open_question() {
            run.waiting = Waiting::Turn;
            self.note(Some(run.id), "the question waits until another one is closed");
            return Ok(Next::Rest);
        }
        if self.asks_later(run, ask)? {
            return Ok(Next::Rest);
        }
        let tag = self.next_effect().to_bytes();
        let question = Question {
            until: Millis(0),
            language: self.language(Some(flow)),
            awaited: None,
            tag: u16::from_be_bytes([tag[0], tag[1]]),
            wrong: 0,
            silent: 0,
            visible: None,
            numbered: false,
            labels: Vec::new(),
            items: Vec::new(),
            gathered: None,
            also_on: Vec::new(),
            failed: None,
        };
        run.waiting = Waiting::Reply(Box::new(question));
        self.put(run, flow, ask, None, Form::First)
    }

    /// Asks the question again that was put aside.
    pub(super) fn ask_back(&mut self, run: &mut Run) -> Result<Next<'a>, Fault> {
        self.reopen(run)?;
        // What came before it was put aside, and was given time since then, is its answer.
        if run.question().and_then(|question| question.gathered.as_ref()).is_some_and(|gathered| !gathered.is_fetching()) {
            return self.gathered(run);
        }
        let (flow, _, state) = self.state(run)?;
        match (&state.kind, run.question()) {
            (Kind::Ask(ask), Some(_)) => self.put(run, flow, ask, None, Form::Short),
            _ => Ok(Next::Rest),
        }
    }

    /// Asks once more and counts it. The last message of the step takes the place of the question's text.
    pub(super) fn ask_again(&mut self, run: &mut Run, counter: Counter, actions: &'a [Action]) -> Result<Next<'a>, Fault> {
        if let Some(question) = run.question_mut() {
            question.gathered = None;
            match counter {
                Counter::Wrong => question.wrong = question.wrong.saturating_add(1),
                Counter::Silent => question.silent = question.silent.saturating_add(1),
            }
        }
        let depth = run.frames.len() - 1;
        let (flow, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("`again` in a state that asks nothing")) };
        let mut last = None;
        for (i, action) in actions.iter().enumerate() {
            let speaks =
                matches!(&action.act, Act::Say(messages) if !messages.is_empty()) || matches!(action.act, Act::Notify(_));
            if speaks && self.holds(run, depth, action)? {
                last = Some(i);
            }
        }
        let mut instead = None;
        for (i, action) in actions.iter().enumerate() {
            if last != Some(i) {
                if self.holds(run, depth, action)? {
                    self.one(run, depth, &action.act)?;
                }
                continue;
            }
            match &action.act {
                Act::Say(messages) => {
                    if let Some((question, before)) = messages.split_last() {
                        before.iter().try_for_each(|message| self.say(run, depth, message))?;
                        instead = Some(Instead::Message(question));
                    }
                }
                Act::Notify(notify) => instead = Some(Instead::Notify(notify)),
                _ => {}
            }
        }
        let form = match counter {
            Counter::Wrong => Form::Whole,
            Counter::Silent => Form::Reminder,
        };
        self.put(run, flow, ask, instead, form)
    }

    /// Asks the open question as it was, without counting it.
    pub(super) fn repeat_question(&mut self, run: &mut Run) -> Result<Next<'a>, Fault> {
        let (flow, _, state) = self.state(run)?;
        match (&state.kind, run.question()) {
            (Kind::Ask(ask), Some(_)) => self.put(run, flow, ask, None, Form::Whole),
            _ => Ok(Next::Rest),
        }
    }

    fn put(
        &mut self,
        run: &mut Run,
        flow: &'a Flow,
        ask: &'a Ask,
        instead: Option<Instead<'a>>,
        form: Form,
    ) -> Result<Next<'a>, Fault> {
        let depth = run.frames.len() - 1;
        let until = self.now + ask.troubles.silence_after(&flow.defaults);
        let language = self.language(Some(flow));
        let mut choices = self.choices(run, flow, ask)?;
        if matches!(ask.answer, Answer::Pick(_)) && choices.items.is_empty() {
            let (name, reason) = (Cow::Borrowed("empty"), "the list is empty".to_owned());
            return Ok(Next::Outcome { name, value: Value::Null, reason });
        }
        // What is sent besides is sent once, also where the question is asked again.
        let own = match &ask.question {
            Some(Say::Notify(notify)) => Some(&notify.name),
            _ => None,
        };
        let besides = form == Form::First || matches!(&instead, Some(Instead::Notify(notify)) if Some(&notify.name) != own);
        let said = instead.or(match &ask.question {
            Some(Say::Message(message)) => Some(Instead::Message(message)),
            Some(Say::Notify(notify)) => Some(Instead::Notify(notify)),
            None => None,
        });
        let mut awaited = None;
        let mut numbered = false;
        let mut elsewhere = None;
        if let Some(said) = said {
            let answers = !matches!(form, Form::First | Form::Reminder);
            let over = match self.asking(run, depth, said, (besides, answers))? {
                Asking::Over(over) => over,
                Asking::Nowhere(reason) => return Ok(Next::Trouble { trouble: Trouble::Undelivered, reason }),
                Asking::Held(leaves) => {
                    // Its time counts from when it leaves; what was asked before can be answered until then.
                    if let Some(question) = run.question_mut() {
                        question.until = leaves + ask.troubles.silence_after(&flow.defaults);
                    }
                    return Ok(Next::Rest);
                }
            };
            let Over { route, message, notification, errand, quiet } = over;
            let tag = run.question().map(|question| question.tag);
            let params = notification.as_ref().map(|(_, params)| params);
            let (said, provider) = self.said(Speaker { flow, run: Some((run, depth)), params }, message, &route, tag)?;
            let contents = match said {
                Said::Approved(content) => vec![content],
                Said::Own(mut rendered, letter) => {
                    if form == Form::Short && !rendered.text.trim().is_empty() {
                        (rendered.media, rendered.footer) = (None, None);
                    }
                    let shown = if ask.show == Show::Plain { Vec::new() } else { std::mem::take(&mut choices.shown) };
                    let plain = rendered.text.len();
                    let button = template::system_text(&self.project.texts.list_button, language);
                    // Of several choices a tap makes one and sends it off.
                    let one = !matches!(&ask.answer, Answer::Choices(several) if several.max != Some(1));
                    let shows = if one { route.shows } else { Capabilities { buttons: 0, rows: 0, ..route.shows } };
                    let asked = match &ask.answer {
                        Answer::Location if ask.show == Show::Auto => template::ask_place(rendered, route.kind, shows),
                        _ => template::ask(rendered, shown, choices.menu, route.kind, shows, button),
                    };
                    numbered = asked.numbered;
                    let menu = match asked.contents.last() {
                        Some(OutboundContent::Text { text }) if numbered && letter.is_some() => {
                            text.get(plain..).map(str::to_owned)
                        }
                        _ => None,
                    };
                    as_mail(asked.contents, letter, menu.as_deref())
                }
            };
            let notification = notification.as_ref().map(|(notification, _)| *notification);
            let from = From {
                flow: Some(&run.flow),
                notification: notification.map(|notification| &notification.name),
                provider: provider.as_ref(),
                code: notification.is_some_and(|notification| notification.category == Category::Code),
                marketing: notification.is_some_and(|notification| notification.category == Category::Marketing),
                errand: errand.as_ref().map(|errand| errand.id),
                quiet: quiet.as_ref(),
                ..From::run(run)
            };
            if !self.flow(run, 0)?.channels.contains(&route.channel) {
                elsewhere = Some(route.channel.clone());
            }
            awaited = self.send_question(&route, contents, from)?;
            if let (Some(mut errand), Some(effect), Some(notification)) = (errand, awaited, notification) {
                self.under_way(&mut errand, effect, notification, None);
                self.keep(errand);
            }
        }
        let Some(question) = run.question_mut() else { return Err(Fault::run("a question that was not opened")) };
        question.until = until;
        question.language = language;
        question.visible = choices.visible;
        question.labels = choices.labels;
        question.items = choices.items;
        question.numbered = numbered;
        question.failed = None;
        question.also_on.extend(elsewhere.filter(|channel| !question.also_on.contains(channel)));
        let before = std::mem::replace(&mut question.awaited, awaited);
        self.forget_awaited(before);
        self.out.await_add.extend(awaited);
        Ok(Next::Rest)
    }

    /// The question once more, over the next place of its notification's route.
    pub(super) fn put_along(
        &mut self,
        run: &mut Run,
        flow: &'a Flow,
        ask: &'a Ask,
        errand: Errand,
        why: Option<String>,
    ) -> Result<Next<'a>, Fault> {
        self.put(run, flow, ask, Some(Instead::Along(errand, why)), Form::Whole)
    }

    fn send_question(
        &mut self,
        route: &super::channel::Route,
        contents: Vec<OutboundContent>,
        from: From<'_>,
    ) -> Result<Option<EffectId>, Fault> {
        let count = contents.len();
        if count == 0 {
            self.note(from.run, "the question is empty and was not sent");
        }
        let (mut before, mut last) = (Vec::new(), None);
        for (i, content) in contents.into_iter().enumerate() {
            before.extend(last);
            let from = match i + 1 == count {
                true => From { awaited: true, parts: &before, ..from },
                false => From { errand: None, provider: None, ..from },
            };
            last = Some(self.send(route, content, from)?);
        }
        Ok(last)
    }

    /// Delivery of this message is no longer awaited.
    pub(super) fn forget_awaited(&mut self, effect: Option<EffectId>) {
        if let Some(effect) = effect.filter(|effect| !self.is_tracked(*effect)) {
            self.stop_awaiting(effect);
        }
    }

    /// The run no longer waits for a reply. A reply to a question that was `left` without an answer is late.
    pub(super) fn close_question(&mut self, run: &mut Run, left: bool) {
        self.drop_awaited(run.id, true);
        if let Some(awaited) = run.asked_mut().map(|question| question.awaited.take()) {
            self.forget_awaited(awaited);
            if left {
                self.leave_unanswered(run, awaited);
            }
            run.waiting = Waiting::Turn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_carries_choice_and_question() {
        let payload = payload_of("cod", 0xa1);
        assert_eq!(payload, "cod~00a1");
        assert_eq!(split_payload(&payload), ("cod", Some(0xa1)));
        for plain in ["cod", "a~b", "~~", "x~zzzz", "ü~€€"] {
            assert_eq!(split_payload(plain), (plain, None), "{plain}");
        }
    }
}
