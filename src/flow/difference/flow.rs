//! The facts of a flow around its states: variables, what begins and moves a run, what holds for all of it, its notifications.

use super::facts::{Facts, Place, Topic, list, value};
use crate::flow::definition::{
    Anytime, AnytimeTarget, AnytimeTrigger, Busy, ContactTemplate, Hop, Late, Notification, Origin, Repeat, Slot, Start, Trigger,
};
use crate::flow::expression::ValueTemplate;

impl Facts<'_> {
    pub(super) fn flow(&mut self) {
        let flow = self.flow;
        self.maybe("title", Topic::Other, flow.title.clone());
        if !flow.was.is_empty() {
            self.put("former names", Topic::Other, list(&flow.was));
        }
        self.put("languages", Topic::Channel, list(&flow.languages));
        self.put("channels", Topic::Channel, list(&flow.channels));
        self.put("begin", Topic::Way, format!("`{}`", self.state_name(flow.begin)));
        self.put("interruptible", Topic::Other, flow.interruptible.to_string());
        self.put("expires after", Topic::Time, flow.expires.to_string());
        for (name, variable) in &flow.variables {
            self.at(Place::Variable(name.to_string()), |facts| {
                let (how, first) = match &variable.origin {
                    Origin::Need { default } => ("needed", default.as_ref()),
                    Origin::Own(first) => ("own", Some(first)),
                    Origin::Saved => ("saved", None),
                };
                let private = if variable.private { ", private" } else { "" };
                facts.put("", Topic::Variable, format!("{} ({how}{private})", variable.kind));
                facts.value("first value", Topic::Variable, first);
            });
        }
        for start in &flow.starts {
            self.at(Place::Start(trigger(&start.trigger)), |facts| facts.start(start));
        }
        for entry in &flow.anytime {
            self.at(Place::Anytime(anytime_trigger(&entry.trigger)), |facts| facts.anytime(entry));
        }
        self.at(Place::Defaults, |facts| facts.troubles(&flow.defaults));
        self.at(Place::Late, |facts| facts.late());
        for (place, state) in flow.states.values().enumerate() {
            let id = crate::flow::definition::StateId(place as u16);
            let name = self.state_name(id).to_owned();
            self.at(Place::State(name), |facts| facts.state(state));
        }
        for (name, notification) in &flow.notifications {
            self.at(Place::Notification(name.to_string()), |facts| facts.notification(notification));
        }
    }

    fn start(&mut self, start: &Start) {
        self.put("", Topic::Trigger, "begins a run");
        self.condition("if", Topic::Trigger, start.condition.as_ref());
        // Those of the flow are told there.
        if !start.channels.is_empty() && start.channels != self.flow.channels {
            self.put("channels", Topic::Trigger, list(&start.channels));
        }
        self.contact(start.contact.as_ref());
        self.template("key", Topic::Trigger, start.key.as_ref());
        let repeat = match start.repeat {
            Repeat::Ignore => "ignore",
            Repeat::Restart => "restart",
            Repeat::Another => "another",
        };
        self.put("repeat", Topic::Trigger, repeat);
        let busy = match start.busy {
            Busy::Wait => "wait",
            Busy::Pause => "pause",
            Busy::Replace => "replace",
            Busy::Skip => "skip",
        };
        self.put("busy", Topic::Trigger, busy);
        self.with(&start.with);
        if start.go != self.flow.begin {
            self.put("go", Topic::Way, format!("`{}`", self.state_name(start.go)));
        }
    }

    fn anytime(&mut self, entry: &Anytime) {
        self.put("", Topic::Trigger, "is answered anywhere");
        self.condition("if", Topic::Trigger, entry.condition.as_ref());
        if let AnytimeTrigger::Event { contact, key, with, .. } = &entry.trigger {
            self.contact(contact.as_ref());
            self.template("key", Topic::Trigger, key.as_ref());
            self.with(with);
        }
        match &entry.target {
            AnytimeTarget::Target(target) => self.way("go", target),
            AnytimeTarget::AskAgain(actions) => {
                self.put("go", Topic::Way, "the open question again");
                self.within("go", |facts| facts.actions(actions));
            }
        }
    }

    fn with(&mut self, with: &[(Slot, ValueTemplate)]) {
        for (slot, template) in with {
            let name = format!("with `{}`", self.variable(*slot));
            self.put(&name, Topic::Trigger, value(template));
        }
    }

    /// Who something is about.
    pub(super) fn contact(&mut self, contact: Option<&ContactTemplate>) {
        let Some(ContactTemplate { phone, email, id, name, language }) = contact else { return };
        let parts = [("phone", phone), ("email", email), ("id", id), ("name", name), ("language", language)];
        for (part, template) in parts {
            self.template(&format!("contact's {part}"), Topic::Trigger, template.as_ref());
        }
    }

    fn late(&mut self) {
        match &self.flow.late {
            Late::Inbox => self.put("", Topic::Way, "the inbox"),
            Late::Ignore => self.put("", Topic::Way, "nothing"),
            Late::Target(late) => {
                let go = late.go.map_or_else(|| "its words alone".to_owned(), |go| format!("`{}`", self.state_name(go)));
                self.put("", Topic::Way, go);
                self.put("is one for", Topic::Time, late.within.to_string());
                self.actions(&late.actions);
            }
        }
    }

    fn notification(&mut self, notification: &Notification) {
        self.put("", Topic::Notification, "is named");
        self.maybe("title", Topic::Other, notification.title.clone());
        if !notification.languages.is_empty() {
            self.put("languages", Topic::Notification, list(&notification.languages));
        }
        for (name, need) in &notification.needs {
            self.put(&format!("need `{name}`"), Topic::Notification, need.kind.to_string());
            self.value(&format!("default of `{name}`"), Topic::Notification, need.default.as_ref());
        }
        if !notification.route.is_empty() {
            self.put("route", Topic::Notification, hops(&notification.route));
        }
        if !notification.also.is_empty() {
            self.put("also over", Topic::Notification, hops(&notification.also));
        }
        self.put("until", Topic::Notification, format!("{:?}", notification.until).to_lowercase());
        self.maybe("the next of its route after", Topic::Time, notification.within.map(|span| span.to_string()));
        self.maybe("hours", Topic::Notification, notification.hours.as_ref().map(ToString::to_string));
        self.put("category", Topic::Notification, format!("{:?}", notification.category).to_lowercase());
        self.message(&notification.message);
    }
}

fn hops(hops: &[Hop]) -> String {
    list(hops.iter().map(|hop| match hop {
        Hop::Kind(kind) => kind.to_string(),
        Hop::Channel(name) => name.to_string(),
    }))
}

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Event(name) => format!("the event `{name}`"),
        Trigger::Webhook(name) => format!("the webhook `{name}`"),
        Trigger::Keyword(words) => format!("the keyword `{}`", words.join("`, `")),
        Trigger::AnyMessage => "any message".to_owned(),
    }
}

fn anytime_trigger(trigger: &AnytimeTrigger) -> String {
    match trigger {
        AnytimeTrigger::Event { name, .. } => format!("the event `{name}`"),
        AnytimeTrigger::Keyword(words) => format!("the keyword `{}`", words.join("`, `")),
        AnytimeTrigger::Command(command) => format!("the command `{}`", command.as_str()),
    }
}
