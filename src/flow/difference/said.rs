//! The facts of what is done and said, and of where outcomes lead.

use super::facts::{Facts, Topic, list, value};
use crate::flow::definition::{
    Act, Action, AgainOr, Approved, ApprovedButton, ApprovedHeader, Destination, Message, Notify, Receiver, Step, Target, Then,
    Trouble, Troubles, Variant,
};

impl Facts<'_> {
    /// What is done, in order.
    pub(super) fn actions(&mut self, actions: &[Action]) {
        if actions.is_empty() {
            return;
        }
        self.put("does", Topic::Action, list(actions.iter().map(|action| self.label(action))));
        for action in actions {
            self.within(self.label(action), |facts| {
                facts.condition("if", Topic::Action, action.condition.as_ref());
                match &action.act {
                    Act::Say(messages) => messages.iter().for_each(|message| facts.message(message)),
                    Act::Notify(notify) => facts.notify(notify),
                    Act::Set(pairs) => {
                        for (to, template) in pairs {
                            let name = facts.destination(to);
                            facts.put(&name, Topic::Action, value(template));
                        }
                    }
                    Act::Tag(_) | Act::Untag(_) => {}
                    Act::Emit { data, contact, .. } => {
                        facts.value("data", Topic::Action, data.as_ref());
                        facts.contact(contact.as_ref());
                    }
                    Act::Alert { say, to, level } => {
                        facts.texts("text", Some(say));
                        facts.maybe("team", Topic::Action, to.as_ref().map(ToString::to_string));
                        facts.put("level", Topic::Action, format!("{level:?}").to_lowercase());
                    }
                }
            });
        }
    }

    fn label(&self, action: &Action) -> String {
        match &action.act {
            Act::Say(_) => "say".to_owned(),
            Act::Notify(notify) => format!("notify `{}`", notify.name),
            Act::Set(pairs) => format!("set {}", list(pairs.iter().map(|(to, _)| self.destination(to)))),
            Act::Tag(tags) => format!("tag {}", list(tags)),
            Act::Untag(tags) => format!("untag {}", list(tags)),
            Act::Emit { event, .. } => format!("emit `{event}`"),
            Act::Alert { .. } => "alert".to_owned(),
        }
    }

    fn destination(&self, to: &Destination) -> String {
        match to {
            Destination::Variable(slot) => format!("`{}`", self.variable(*slot)),
            Destination::Contact(name) => format!("`contact.{name}`"),
        }
    }

    pub(super) fn notify(&mut self, notify: &Notify) {
        self.put("notification", Topic::Action, format!("`{}`", notify.name));
        for (name, template) in &notify.with {
            self.put(&format!("with `{name}`"), Topic::Action, value(template));
        }
        match notify.to.as_deref() {
            None => {}
            Some(Receiver::Address(address)) => self.put("to", Topic::Action, address.source()),
            Some(Receiver::Contact(contact)) => self.within("to", |facts| facts.contact(Some(contact))),
        }
    }

    pub(super) fn message(&mut self, message: &Message) {
        let Message { text, media, media_name, by_kind } = message;
        self.texts("text", text.as_ref());
        self.template("file", Topic::Text, media.as_ref());
        self.template("name of the file", Topic::Text, media_name.as_ref());
        for (kind, variant) in by_kind {
            self.within(kind.to_string(), |facts| facts.variant(variant));
        }
    }

    fn variant(&mut self, variant: &Variant) {
        let Variant { text, media, media_name, footer, approved, provider, subject, html, from } = variant;
        self.put("", Topic::Action, "has its own");
        self.texts("text", text.as_ref());
        self.template("file", Topic::Text, media.as_ref());
        self.template("name of the file", Topic::Text, media_name.as_ref());
        self.texts("footer", footer.as_ref());
        self.texts("subject", subject.as_ref());
        for (language, page) in html.iter().flat_map(|html| &html.by_language) {
            self.put(&format!("page ({language})"), Topic::Text, page.source());
        }
        self.template("from", Topic::Other, from.as_ref());
        self.value("provider", Topic::Other, provider.as_ref());
        if let Some(approved) = approved {
            self.within("approved", |facts| facts.approved(approved));
        }
    }

    fn approved(&mut self, approved: &Approved) {
        self.put("template", Topic::Other, approved.name.as_str());
        let languages = approved.languages.iter().map(|(language, word)| format!("{language}: {word}"));
        self.put("languages", Topic::Other, list(languages));
        for (n, param) in approved.params.iter().enumerate() {
            self.put(&format!("parameter {}", n + 1), Topic::Text, param.source());
        }
        match &approved.header {
            None => {}
            Some(ApprovedHeader::Text(text)) => self.put("header", Topic::Text, text.source()),
            Some(ApprovedHeader::Media(media)) => self.put("header's file", Topic::Text, media.source()),
        }
        for (n, button) in approved.buttons.iter().enumerate() {
            let says = match button {
                ApprovedButton::Choice(choice) => format!("choice `{choice}`"),
                ApprovedButton::Url(suffix) => format!("link {}", suffix.source()),
            };
            self.put(&format!("button {}", n + 1), Topic::Other, says);
        }
        for (channel, id) in &approved.ids {
            self.put(&format!("id on {channel}"), Topic::Other, id.as_str());
        }
    }

    /// What trouble leads to.
    pub(super) fn troubles(&mut self, troubles: &Troubles) {
        for trouble in Trouble::ALL {
            if let Some(target) = troubles.target(trouble) {
                self.way(trouble.as_str(), target);
            }
        }
        let after = troubles.silence.as_ref().and_then(|silence| silence.after);
        self.maybe("silence after", Topic::Time, after.map(|after| after.to_string()));
    }

    /// Where an outcome leads, in one line; what its steps say and do is told below it.
    pub(super) fn way(&mut self, outcome: &str, target: &Target) {
        let shape = self.shape(target);
        let name = if outcome.is_empty() { "way" } else { outcome };
        self.put(name, Topic::Way, shape);
        self.within(name, |facts| facts.steps(target));
    }

    fn shape(&self, target: &Target) -> String {
        match target {
            Target::State(id) => format!("`{}`", self.state_name(*id)),
            Target::Step(step) => self.step_shape(step),
            Target::Ways(ways) => {
                let way = |way: &crate::flow::definition::Way| {
                    let condition = way.condition.as_ref().map_or_else(|| "else".to_owned(), |c| format!("if `{}`", c.source()));
                    format!("{condition} {}", self.shape(&way.target))
                };
                ways.iter().map(way).collect::<Vec<_>>().join("; ")
            }
        }
    }

    fn step_shape(&self, step: &Step) -> String {
        let then = match &step.then {
            Then::Go(target) => self.shape(target),
            Then::End(end) => format!("the end `{end}`"),
            Then::Again { times, or } => {
                let or = match &**or {
                    AgainOr::Go(target) => self.shape(target),
                    AgainOr::End(end) => format!("the end `{end}`"),
                };
                format!("the question {times} times more, then {or}")
            }
        };
        if step.actions.is_empty() {
            return then;
        }
        format!("{}, then {then}", list(step.actions.iter().map(|action| self.label(action))))
    }

    fn steps(&mut self, target: &Target) {
        match target {
            Target::State(_) => {}
            Target::Step(step) => {
                self.actions(&step.actions);
                match &step.then {
                    Then::Go(target) => self.steps(target),
                    Then::End(_) => {}
                    Then::Again { or, .. } => {
                        if let AgainOr::Go(target) = &**or {
                            self.steps(target);
                        }
                    }
                }
            }
            Target::Ways(ways) => {
                for (n, way) in ways.iter().enumerate() {
                    self.within(format!("way {}", n + 1), |facts| facts.steps(&way.target));
                }
            }
        }
    }
}
