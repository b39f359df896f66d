//! Every expression of a flow, for questions about the whole: does anything read `visits.x`?

use super::definition::{
    Act, Action, AgainOr, Answer, AnytimeTarget, AnytimeTrigger, Approved, CallBody, ContactTemplate, Flow, Kind, Late, Message,
    Notify, Outcomes, Save, Say, State, Step, Target, Texts, Then, Troubles, WaitFor,
};
use super::expression::{Expression, Template, ValueTemplate};

/// Calls `see` with every expression of the flow and of its notifications.
pub fn each_expression(flow: &Flow, see: &mut dyn FnMut(&Expression)) {
    walk(flow, Walk { see, values: true });
}

/// Calls `see` with every condition of the flow, wherever one decides something.
pub fn each_condition(flow: &Flow, see: &mut dyn FnMut(&Expression)) {
    walk(flow, Walk { see, values: false });
}

fn walk(flow: &Flow, mut walk: Walk<'_>) {
    for start in &flow.starts {
        walk.expression(start.condition.as_ref());
        walk.contact(start.contact.as_ref());
        walk.template(start.key.as_ref());
        start.with.iter().for_each(|(_, value)| walk.value(value));
    }
    for entry in &flow.anytime {
        walk.expression(entry.condition.as_ref());
        if let AnytimeTrigger::Event { contact, key, with, .. } = &entry.trigger {
            walk.contact(contact.as_ref());
            walk.template(key.as_ref());
            with.iter().for_each(|(_, value)| walk.value(value));
        }
        match &entry.target {
            AnytimeTarget::Target(target) => walk.target(target),
            AnytimeTarget::AskAgain(actions) => walk.actions(actions),
        }
    }
    walk.troubles(&flow.defaults);
    if let Late::Target(late) = &flow.late {
        walk.actions(&late.actions);
    }
    flow.states.values().for_each(|state| walk.state(state));
    flow.notifications.values().for_each(|notification| walk.message(&notification.message));
}

struct Walk<'a> {
    see: &'a mut dyn FnMut(&Expression),
    /// Whether expressions count that give values, not only conditions.
    values: bool,
}

impl Walk<'_> {
    fn expression(&mut self, expression: Option<&Expression>) {
        expression.into_iter().for_each(&mut *self.see);
    }

    fn template(&mut self, template: Option<&Template>) {
        template.into_iter().filter(|_| self.values).flat_map(Template::expressions).for_each(|(_, e)| (self.see)(e));
    }

    fn value(&mut self, value: &ValueTemplate) {
        if self.values {
            value.expressions().for_each(&mut *self.see);
        }
    }

    fn texts(&mut self, texts: Option<&Texts>) {
        texts.into_iter().flat_map(|texts| &texts.by_language).for_each(|(_, text)| self.template(Some(text)));
    }

    fn contact(&mut self, contact: Option<&ContactTemplate>) {
        let Some(contact) = contact else { return };
        for template in [&contact.phone, &contact.email, &contact.id, &contact.name, &contact.language] {
            self.template(template.as_ref());
        }
    }

    fn notify(&mut self, notify: &Notify) {
        notify.with.iter().for_each(|(_, value)| self.value(value));
        notify.to.iter().flat_map(|to| to.templates()).for_each(|template| self.template(Some(template)));
    }

    fn message(&mut self, message: &Message) {
        self.texts(message.text.as_ref());
        self.template(message.media.as_ref());
        self.template(message.media_name.as_ref());
        for (_, variant) in &message.by_kind {
            self.texts(variant.text.as_ref());
            self.template(variant.media.as_ref());
            self.template(variant.media_name.as_ref());
            self.texts(variant.footer.as_ref());
            self.texts(variant.subject.as_ref());
            self.template(variant.from.as_ref());
            variant.provider.iter().for_each(|value| self.value(value));
            let pages = variant.html.iter().flat_map(|html| &html.by_language);
            pages.for_each(|(_, page)| self.template(Some(page)));
            variant.approved.iter().flat_map(Approved::templates).for_each(|text| self.template(Some(text)));
        }
    }

    fn actions(&mut self, actions: &[Action]) {
        for action in actions {
            self.expression(action.condition.as_ref());
            match &action.act {
                Act::Say(messages) => messages.iter().for_each(|message| self.message(message)),
                Act::Notify(notify) => self.notify(notify),
                Act::Set(pairs) => pairs.iter().for_each(|(_, value)| self.value(value)),
                Act::Tag(_) | Act::Untag(_) => {}
                Act::Emit { data, contact, .. } => {
                    data.iter().for_each(|value| self.value(value));
                    self.contact(contact.as_ref());
                }
                Act::Alert { say, .. } => self.texts(Some(say)),
            }
        }
    }

    fn state(&mut self, state: &State) {
        self.actions(&state.actions);
        if let Some(Save::Parts(parts)) = &state.save {
            parts.iter().for_each(|(_, value)| self.value(value));
        }
        match &state.kind {
            Kind::Pass(target) => self.target(target),
            Kind::End(_) => {}
            Kind::Ask(ask) => {
                match &ask.question {
                    Some(Say::Message(message)) => self.message(message),
                    Some(Say::Notify(notify)) => self.notify(notify),
                    None => {}
                }
                self.answer(&ask.answer);
                self.ways(&ask.outcomes, &ask.troubles);
            }
            Kind::Call(call) => {
                self.template(Some(&call.path));
                call.query.iter().chain(&call.headers).for_each(|(_, text)| self.template(Some(text)));
                match &call.body {
                    CallBody::Empty => {}
                    CallBody::Json(value) => self.value(value),
                    CallBody::Form(fields) => fields.iter().for_each(|(_, text)| self.template(Some(text))),
                    CallBody::Text(text) => self.template(Some(text)),
                }
                self.ways(&call.outcomes, &call.troubles);
            }
            Kind::Split(split) => {
                split.outcomes.named.values().chain(&split.outcomes.other).for_each(|target| self.target(target))
            }
            Kind::Wait(wait) => {
                match &wait.until {
                    WaitFor::For(_) | WaitFor::Days { .. } => {}
                    WaitFor::Until(moment) => self.template(Some(moment)),
                    WaitFor::Event { key, condition, .. } => {
                        self.template(key.as_ref());
                        self.expression(condition.as_ref());
                    }
                }
                self.ways(&wait.outcomes, &wait.troubles);
            }
            Kind::Deliver(deliver) => {
                self.notify(&deliver.notify);
                self.ways(&deliver.outcomes, &deliver.troubles);
            }
            Kind::Digest(digest) => {
                self.template(digest.key.as_ref());
                self.ways(&digest.outcomes, &Troubles::default());
            }
            Kind::Handoff(handoff) => {
                self.texts(handoff.note.as_ref());
                handoff.say.iter().for_each(|message| self.message(message));
                self.ways(&handoff.outcomes, &handoff.troubles);
            }
            Kind::Run(run) => {
                run.with.iter().for_each(|(_, value)| self.value(value));
                self.ways(&run.outcomes, &run.troubles);
            }
        }
    }

    fn answer(&mut self, answer: &Answer) {
        for choice in answer.choices().into_iter().flat_map(|choices| choices.list.values()) {
            self.expression(choice.condition.as_ref());
            self.texts(Some(&choice.label));
            self.texts(choice.help.as_ref());
        }
        if let Answer::Pick(pick) = answer {
            self.value(&pick.from);
            self.texts(Some(&pick.label));
        }
        let ends = answer.between().into_iter().flat_map(|between| [&between.min, &between.max]);
        ends.flatten().for_each(|bound| self.value(&bound.value));
    }

    fn ways(&mut self, outcomes: &Outcomes, troubles: &Troubles) {
        outcomes.named.values().chain(&outcomes.other).for_each(|target| self.target(target));
        self.troubles(troubles);
    }

    fn troubles(&mut self, troubles: &Troubles) {
        let silence = troubles.silence.as_ref().and_then(|silence| silence.target.as_ref());
        let all = [troubles.nomatch.as_ref(), silence, troubles.undelivered.as_ref(), troubles.failed.as_ref()];
        all.into_iter().flatten().for_each(|target| self.target(target));
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::State(_) => {}
            Target::Step(step) => self.step(step),
            Target::Ways(ways) => {
                for way in ways {
                    self.expression(way.condition.as_ref());
                    self.target(&way.target);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        self.actions(&step.actions);
        match &step.then {
            Then::Go(target) => self.target(target),
            Then::End(_) => {}
            Then::Again { or, .. } => match &**or {
                AgainOr::Go(target) => self.target(target),
                AgainOr::End(_) => {}
            },
        }
    }
}
