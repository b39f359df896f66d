//! Every place of a state, a step or an action where expressions read, in the order in which they are read.

use crate::domain::name::Name;
use crate::flow::definition::{Act, Answer, CallBody, ContactTemplate, Flow, Kind, Message, Notify, Say, State, Texts, WaitFor};
use crate::flow::diagnostic::At;
use crate::flow::expression::{Expression, Template, ValueTemplate};

/// Something that is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read<'f> {
    /// A value.
    Value(&'f Expression),
    /// A condition.
    Condition(&'f Expression),
    /// A parameter of a notification that is taken from the variable of the same name.
    Parameter(&'f Name, At),
}

/// Shows every read of a part of a flow.
pub(super) struct Reads<'f, 's> {
    pub flow: &'f Flow,
    pub see: &'s mut dyn FnMut(Read<'f>),
}

impl<'f> Reads<'f, '_> {
    pub fn template(&mut self, template: &'f Template) {
        template.expressions().for_each(|(_, expression)| (self.see)(Read::Value(expression)));
    }

    pub fn value(&mut self, value: &'f ValueTemplate) {
        value.expressions().for_each(|expression| (self.see)(Read::Value(expression)));
    }

    pub fn condition(&mut self, condition: Option<&'f Expression>) {
        condition.into_iter().for_each(|condition| (self.see)(Read::Condition(condition)));
    }

    fn texts(&mut self, texts: &'f Texts) {
        texts.by_language.iter().for_each(|(_, text)| self.template(text));
    }

    fn contact(&mut self, contact: &'f ContactTemplate) {
        let parts = [&contact.phone, &contact.email, &contact.id, &contact.name, &contact.language];
        parts.into_iter().flatten().for_each(|part| self.template(part));
    }

    fn message(&mut self, message: &'f Message) {
        message.text.iter().for_each(|texts| self.texts(texts));
        message.media.iter().chain(&message.media_name).for_each(|part| self.template(part));
        for (_, variant) in &message.by_kind {
            let texts = [&variant.text, &variant.footer, &variant.subject];
            texts.into_iter().flatten().for_each(|texts| self.texts(texts));
            let parts = [&variant.media, &variant.media_name, &variant.from];
            parts.into_iter().flatten().for_each(|part| self.template(part));
            variant.provider.iter().for_each(|value| self.value(value));
        }
    }

    fn notify(&mut self, notify: &'f Notify) {
        notify.with.iter().for_each(|(_, value)| self.value(value));
        notify.to.iter().flat_map(|to| to.templates()).for_each(|part| self.template(part));
        let Some(notification) = self.flow.notifications.get(&notify.name) else { return };
        for (name, need) in &notification.needs {
            if need.default.is_none() && !notify.with.iter().any(|(given, _)| given == name) {
                (self.see)(Read::Parameter(name, notify.at));
            }
        }
    }

    /// What an action reads, without its condition.
    pub fn act(&mut self, act: &'f Act) {
        match act {
            Act::Say(messages) => messages.iter().for_each(|message| self.message(message)),
            Act::Notify(notify) => self.notify(notify),
            Act::Set(pairs) => pairs.iter().for_each(|(_, value)| self.value(value)),
            Act::Tag(_) | Act::Untag(_) => {}
            Act::Emit { data, contact, .. } => {
                data.iter().for_each(|value| self.value(value));
                contact.iter().for_each(|contact| self.contact(contact));
            }
            Act::Alert { say, .. } => self.texts(say),
        }
    }

    /// What a state's kind reads before its outcome is known, without its ways and without `save`.
    pub fn kind(&mut self, state: &'f State) {
        match &state.kind {
            Kind::Pass(_) | Kind::End(_) | Kind::Split(_) => {}
            Kind::Ask(ask) => {
                match &ask.question {
                    Some(Say::Message(message)) => self.message(message),
                    Some(Say::Notify(notify)) => self.notify(notify),
                    None => {}
                }
                self.answer(&ask.answer);
            }
            Kind::Call(call) => {
                self.template(&call.path);
                call.query.iter().chain(&call.headers).for_each(|(_, text)| self.template(text));
                match &call.body {
                    CallBody::Empty => {}
                    CallBody::Json(value) => self.value(value),
                    CallBody::Form(fields) => fields.iter().for_each(|(_, text)| self.template(text)),
                    CallBody::Text(text) => self.template(text),
                }
            }
            Kind::Wait(wait) => match &wait.until {
                WaitFor::For(_) | WaitFor::Days { .. } => {}
                WaitFor::Until(moment) => self.template(moment),
                WaitFor::Event { key, condition, .. } => {
                    key.iter().for_each(|key| self.template(key));
                    self.condition(condition.as_ref());
                }
            },
            Kind::Deliver(deliver) => self.notify(&deliver.notify),
            Kind::Digest(digest) => digest.key.iter().for_each(|key| self.template(key)),
            Kind::Handoff(handoff) => {
                handoff.note.iter().for_each(|note| self.texts(note));
                handoff.say.iter().for_each(|message| self.message(message));
            }
            Kind::Run(run) => run.with.iter().for_each(|(_, value)| self.value(value)),
        }
    }

    fn answer(&mut self, answer: &'f Answer) {
        for choice in answer.choices().into_iter().flat_map(|choices| choices.list.values()) {
            self.condition(choice.condition.as_ref());
            self.texts(&choice.label);
            choice.help.iter().for_each(|help| self.texts(help));
        }
        if let Answer::Pick(pick) = answer {
            // A list that is nothing is an empty one.
            self.texts(&pick.label);
        }
        for bound in answer.between().into_iter().flat_map(|between| between.min.iter().chain(&between.max)) {
            // An end that is nothing is none.
            if bound.value.templates().iter().any(|template| template.single().is_none()) {
                self.value(&bound.value);
            }
        }
    }
}
