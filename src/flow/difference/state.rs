//! The facts of one state.

use super::facts::{Facts, Topic, list, value};
use crate::flow::definition::{
    Answer, Ask, Call, CallBody, Choices, Deliver, Digest, FileType, Handoff, Kind, Outcomes, RunFlow, Save, Say, Show, State,
    Wait, WaitFor,
};

impl Facts<'_> {
    pub(super) fn state(&mut self, state: &State) {
        self.put("", Topic::State, "is there");
        self.actions(&state.actions);
        match &state.kind {
            Kind::Pass(target) => {
                self.put("kind", Topic::Kind, "leads on");
                self.way("", target);
            }
            Kind::End(end) => {
                self.put("kind", Topic::Kind, "ends the run");
                self.put("end", Topic::Way, format!("the end `{end}`"));
            }
            Kind::Ask(ask) => self.ask(ask),
            Kind::Call(call) => self.call(call),
            Kind::Wait(wait) => self.wait(wait),
            Kind::Split(split) => {
                self.put("kind", Topic::Kind, "splits runs");
                for (name, weight) in &split.arms {
                    self.put(&format!("weight of `{name}`"), Topic::Way, weight.to_string());
                }
                self.outcomes(&split.outcomes);
            }
            Kind::Deliver(deliver) => self.deliver(deliver),
            Kind::Run(run) => self.run(run),
            Kind::Digest(digest) => self.digest(digest),
            Kind::Handoff(handoff) => self.handoff(handoff),
        }
        match &state.save {
            None => {}
            Some(Save::Whole(slot)) => self.put("save", Topic::Action, format!("`{}`", self.variable(*slot))),
            Some(Save::Parts(parts)) => {
                for (slot, template) in parts {
                    let name = format!("save `{}`", self.variable(*slot));
                    self.put(&name, Topic::Action, value(template));
                }
            }
        }
        if state.private {
            self.put("private", Topic::Other, "true");
        }
        if !state.was.is_empty() {
            self.put("former names", Topic::Other, list(&state.was));
        }
        self.maybe("note", Topic::Other, state.note.clone());
    }

    fn outcomes(&mut self, outcomes: &Outcomes) {
        for (name, target) in &outcomes.named {
            self.way(name, target);
        }
        if let Some(target) = &outcomes.other {
            self.way("everything else", target);
        }
    }

    fn ask(&mut self, ask: &Ask) {
        self.put("kind", Topic::Kind, "asks");
        match &ask.question {
            Some(Say::Message(message)) => self.within("question", |facts| facts.message(message)),
            Some(Say::Notify(notify)) => self.within("question", |facts| facts.notify(notify)),
            None => self.put("question", Topic::Kind, "nothing is sent"),
        }
        if ask.show == Show::Plain {
            self.put("show", Topic::Other, "plain");
        }
        self.answer(&ask.answer);
        self.outcomes(&ask.outcomes);
        self.troubles(&ask.troubles);
    }

    fn answer(&mut self, answer: &Answer) {
        let span = |n: &Option<usize>| n.map(|n| n.to_string());
        let float = |n: &Option<f64>| n.map(|n| n.to_string());
        let word = match answer {
            Answer::Text { min, max, gather } => {
                self.maybe("min", Topic::Other, span(min));
                self.maybe("max", Topic::Other, span(max));
                self.put("gathers for", Topic::Time, gather.to_string());
                "text"
            }
            Answer::Choice(choices) => {
                self.choices(choices);
                "one choice"
            }
            Answer::Choices(several) => {
                self.choices(&several.of);
                self.put("min", Topic::Other, several.min.to_string());
                self.maybe("max", Topic::Other, span(&several.max));
                "several choices"
            }
            Answer::Pick(pick) => {
                self.put("list", Topic::Other, value(&pick.from));
                self.texts("label", Some(&pick.label));
                self.put("max", Topic::Other, pick.max.to_string());
                "one of a list"
            }
            Answer::YesNo => "yes or no",
            Answer::Number { min, max, whole } => {
                self.maybe("min", Topic::Other, float(min));
                self.maybe("max", Topic::Other, float(max));
                if *whole { "a whole number" } else { "a number" }
            }
            Answer::Date(_) => "a day",
            Answer::Time(_) => "a time",
            Answer::Moment(_) => "a moment",
            Answer::Phone { country } => {
                self.maybe("country", Topic::Other, country.clone());
                "a phone number"
            }
            Answer::Email => "an email address",
            Answer::Pattern(pattern) => {
                self.put("pattern", Topic::Other, pattern.source());
                "a pattern"
            }
            Answer::Location => "a place",
            Answer::Media { types, max } => {
                let types = types.iter().map(|of| match of {
                    FileType::Kind(kind) => format!("{kind:?}").to_lowercase(),
                    FileType::Mime { main, sub } => format!("{main}/{}", sub.as_deref().unwrap_or("*")),
                });
                self.put("types", Topic::Other, list(types));
                self.put("max", Topic::Other, max.to_string());
                "files"
            }
            Answer::Any => "anything",
        };
        self.put("expects", Topic::Kind, word);
        if let Some(between) = answer.between() {
            self.value("min", Topic::Other, between.min.as_ref().map(|bound| &bound.value));
            self.value("max", Topic::Other, between.max.as_ref().map(|bound| &bound.value));
        }
    }

    fn choices(&mut self, choices: &Choices) {
        self.put("order of choices", Topic::Other, list(choices.list.keys()));
        for (name, choice) in &choices.list {
            self.within(format!("choice `{name}`"), |facts| {
                facts.put("", Topic::Choice, name.to_string());
                facts.texts("label", Some(&choice.label));
                if !choice.also.is_empty() {
                    facts.put("also", Topic::Other, list(&choice.also));
                }
                facts.texts("help", choice.help.as_ref());
                facts.condition("if", Topic::Other, choice.condition.as_ref());
            });
        }
    }

    fn call(&mut self, call: &Call) {
        self.put("kind", Topic::Kind, "calls another system");
        self.put("api", Topic::Other, call.api.to_string());
        self.put("method", Topic::Other, call.method);
        self.template("path", Topic::Other, Some(&call.path));
        for (name, template) in &call.query {
            self.put(&format!("query `{name}`"), Topic::Other, template.source());
        }
        for (name, template) in &call.headers {
            self.put(&format!("header `{name}`"), Topic::Other, template.source());
        }
        match &call.body {
            CallBody::Empty => {}
            CallBody::Json(json) => self.put("json", Topic::Other, value(json)),
            CallBody::Form(fields) => {
                for (name, template) in fields {
                    self.put(&format!("form `{name}`"), Topic::Other, template.source());
                }
            }
            CallBody::Text(text) => self.put("body", Topic::Other, text.source()),
        }
        self.put("timeout", Topic::Time, call.timeout.to_string());
        self.put("retries", Topic::Other, call.retry.to_string());
        self.outcomes(&call.outcomes);
        self.troubles(&call.troubles);
    }

    fn wait(&mut self, wait: &Wait) {
        match &wait.until {
            WaitFor::For(span) => {
                self.put("kind", Topic::Kind, "waits");
                self.put("waits for", Topic::Time, span.to_string());
            }
            WaitFor::Days { days, at } => {
                self.put("kind", Topic::Kind, "waits");
                let clock = at.map_or_else(|| "the same time".to_owned(), |at| format!("{at:.0}"));
                self.put("waits for", Topic::Time, format!("{days} days, until {clock}"));
            }
            WaitFor::Until(moment) => {
                self.put("kind", Topic::Kind, "waits");
                self.put("waits for", Topic::Time, format!("the moment {}", moment.source()));
            }
            WaitFor::Event { name, key, condition } => {
                self.put("kind", Topic::Kind, "waits for an event");
                self.put("event", Topic::Trigger, name.to_string());
                self.template("key", Topic::Trigger, key.as_ref());
                self.condition("if", Topic::Trigger, condition.as_ref());
            }
        }
        self.maybe("hours", Topic::Time, wait.hours.as_ref().map(ToString::to_string));
        self.outcomes(&wait.outcomes);
        self.troubles(&wait.troubles);
    }

    fn deliver(&mut self, deliver: &Deliver) {
        self.put("kind", Topic::Kind, "delivers a notification");
        self.notify(&deliver.notify);
        self.put("until", Topic::Other, format!("{:?}", deliver.until).to_lowercase());
        self.put("within", Topic::Time, deliver.within.to_string());
        self.outcomes(&deliver.outcomes);
        self.troubles(&deliver.troubles);
    }

    fn run(&mut self, run: &RunFlow) {
        self.put("kind", Topic::Kind, "runs another flow");
        self.put("flow", Topic::Way, format!("`{}`", run.flow));
        for (name, template) in &run.with {
            self.put(&format!("with `{name}`"), Topic::Other, value(template));
        }
        self.outcomes(&run.outcomes);
        self.troubles(&run.troubles);
    }

    fn digest(&mut self, digest: &Digest) {
        self.put("kind", Topic::Kind, "collects events");
        self.put("event", Topic::Trigger, digest.event.to_string());
        self.template("key", Topic::Trigger, digest.key.as_ref());
        self.put("window", Topic::Time, digest.window.to_string());
        self.maybe("quiet for", Topic::Time, digest.extend.map(|span| span.to_string()));
        self.put("max", Topic::Other, digest.max.to_string());
        self.outcomes(&digest.outcomes);
    }

    fn handoff(&mut self, handoff: &Handoff) {
        self.put("kind", Topic::Kind, "hands over to a person");
        self.put("team", Topic::Way, format!("`{}`", handoff.to));
        self.texts("note", handoff.note.as_ref());
        if let Some(message) = &handoff.say {
            self.message(message);
        }
        self.outcomes(&handoff.outcomes);
        self.troubles(&handoff.troubles);
    }
}
