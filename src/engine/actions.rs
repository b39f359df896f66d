//! Actions: what a state or a step does before it goes on.

use super::channel::{Needs, Route};
use super::contents::{Said, Speaker};
use super::effect::{Effect, Post};
use super::fault::Fault;
use super::record::Run;
use super::turning::{From, Turning, zone_of};
use crate::domain::channel::{ChannelKind, consent};
use crate::domain::input::{ContactRef, Event as InputEvent};
use crate::domain::journal::Event;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::domain::mail::email;
use crate::domain::name::{EventName, Name, Slug};
use crate::domain::value::Value;
use crate::flow::catalog::read_contact;
use crate::flow::definition::{Act, Action, Category, ContactTemplate, Destination, Flow, Message, Notification, Notify, Slot};
use crate::flow::expression::{Expression, ReferenceName, Root, ValueTemplate, fit};
use indexmap::IndexMap;

impl<'a> Turning<'a> {
    /// Does the actions of one of a run's flows, in order.
    pub(super) fn act(&mut self, run: &mut Run, depth: usize, actions: &'a [Action]) -> Result<(), Fault> {
        for action in actions {
            if self.holds(run, depth, action)? {
                self.one(run, depth, &action.act)?;
            }
        }
        Ok(())
    }

    pub(super) fn holds(&self, run: &Run, depth: usize, action: &Action) -> Result<bool, Fault> {
        match &action.condition {
            None => Ok(true),
            Some(condition) => {
                let view = self.view(run, depth)?;
                condition.truth(&view).map_err(|error| Fault::eval(condition.source(), &error))
            }
        }
    }

    pub(super) fn one(&mut self, run: &mut Run, depth: usize, act: &'a Act) -> Result<(), Fault> {
        match act {
            Act::Say(messages) => messages.iter().try_for_each(|message| self.say(run, depth, message)),
            Act::Notify(notify) => self.notify(run, depth, notify),
            Act::Set(pairs) => self.set(run, depth, pairs),
            Act::Tag(tags) => self.tag(run, tags, &[]),
            Act::Untag(tags) => self.tag(run, &[], tags),
            Act::Emit { event, data, contact } => self.emit(run, depth, event, data.as_ref(), contact.as_ref()),
            Act::Alert { say, to, level } => {
                let flow = self.flow(run, depth)?;
                // Operators read alerts: in the flow's first language, not in the contact's.
                let text = say.pick(flow.languages.first().copied().unwrap_or(self.project.language));
                let say = text.render(&self.view(run, depth)?).map_err(|error| Fault::eval(text.source(), &error))?;
                self.journal(Event::Alert { run: Some(run.id), say, to: to.clone(), level: *level });
                Ok(())
            }
        }
    }

    /// The way to the contact; a word in the journal if there is none or if it is not the usual one.
    pub(super) fn route_of(&mut self, run: &Run, needs: Needs) -> Result<Option<Route>, Fault> {
        let flow = self.flow(run, 0)?;
        self.about = flow.title.clone().map(|title| (run.id, title));
        let choice = self.route(flow, needs);
        if let Some(note) = choice.note {
            self.note(Some(run.id), note);
        }
        Ok(choice.route)
    }

    pub(super) fn say(&mut self, run: &Run, depth: usize, message: &Message) -> Result<(), Fault> {
        let Some(route) = self.route_of(run, Needs::default())? else { return Ok(()) };
        let speaker = Speaker { flow: self.flow(run, depth)?, run: Some((run, depth)), params: None };
        let (said, provider) = self.said(speaker, message, &route, None)?;
        self.send_all(&route, said, From { flow: Some(&run.flow), provider: provider.as_ref(), ..From::run(run) })
    }

    /// A notification on the channel on which its flow speaks now.
    pub(super) fn notify_at_once(
        &mut self,
        run: &Run,
        depth: usize,
        notification: &Notification,
        params: &IndexMap<Name, Value>,
    ) -> Result<(), Fault> {
        let Some(route) = self.route_of(run, Needs::of(notification))? else { return Ok(()) };
        if self.is_one_too_many(run.id, notification) {
            return Ok(());
        }
        self.count_marketing(notification);
        let speaker = Speaker { flow: self.flow(run, depth)?, run: Some((run, depth)), params: Some(params) };
        let (said, provider) = self.said(speaker, &notification.message, &route, None)?;
        let (code, marketing) = (notification.category == Category::Code, notification.category == Category::Marketing);
        let (notification, provider) = (Some(&notification.name), provider.as_ref());
        self.send_all(&route, said, From { flow: Some(&run.flow), notification, provider, code, marketing, ..From::run(run) })
    }

    fn send_all(&mut self, route: &Route, said: Said, from: From<'_>) -> Result<(), Fault> {
        let contents = said.laid_out(route);
        if contents.is_empty() {
            self.note(from.run, "the message is empty and was not sent");
        }
        for content in contents {
            self.send(route, content, from)?;
        }
        Ok(())
    }

    /// A notification with its parameters.
    pub(super) fn notification(
        &self,
        run: &Run,
        depth: usize,
        notify: &'a Notify,
    ) -> Result<(&'a Notification, IndexMap<Name, Value>), Fault> {
        let flow = self.flow(run, depth)?;
        let found = flow.notifications.get(&notify.name);
        let notification = found.ok_or_else(|| Fault::run(format!("there is no notification `{}`", notify.name)))?;
        let view = self.view(run, depth)?;
        let mut params = IndexMap::with_capacity(notification.needs.len());
        for (name, need) in &notification.needs {
            let given = notify.with.iter().find(|(n, _)| n == name).map(|(_, value)| value);
            let eval = |value: &ValueTemplate| value.eval(&view).map_err(|error| Fault::eval(name.as_str(), &error));
            let value = match given {
                Some(value) => eval(value)?,
                None => match flow.slot(name.as_str()).and_then(|slot| view.frame.and_then(|f| f.vars.get(slot))) {
                    Some(value) => value.clone(),
                    None => need.default.as_ref().map(eval).transpose()?.unwrap_or_default(),
                },
            };
            let value = fit(value, need.kind, self.zone());
            params.insert(name.clone(), value.unwrap_or_else(|as_it_is| as_it_is));
        }
        Ok((notification, params))
    }

    fn set(&mut self, run: &mut Run, depth: usize, pairs: &'a [(Destination, ValueTemplate)]) -> Result<(), Fault> {
        let view = self.view(run, depth)?;
        let flow = self.flow(run, depth)?;
        let masks_reply = self.state(run)?.2.private;
        let eval = |(to, template): &'a (Destination, ValueTemplate)| {
            let value = template.eval(&view).map_err(|error| Fault::eval("set", &error))?;
            Ok((to, value, reads_private(flow, template, masks_reply)))
        };
        let values = pairs.iter().map(eval).collect::<Result<Vec<_>, Fault>>()?;
        for (to, value, private) in values {
            match to {
                Destination::Variable(slot) => self.set_variable(run, depth, *slot, value, private)?,
                Destination::Contact(name) => self.set_contact(run, name, value, private),
            }
        }
        Ok(())
    }

    /// Gives a variable a value; one that is made of private ones is masked like them.
    pub(super) fn set_variable(
        &mut self,
        run: &mut Run,
        depth: usize,
        slot: Slot,
        value: Value,
        private: bool,
    ) -> Result<(), Fault> {
        let flow = self.flow(run, depth)?;
        let Some((name, variable)) = flow.variables.get_index(slot.0 as usize) else { return Ok(()) };
        // A text that is wanted as a date becomes one; what fits no type stays what it is.
        let value = fit(value, variable.kind, self.zone()).unwrap_or_else(|as_it_is| as_it_is);
        let shown = if variable.private || private { Value::Null } else { value.clone() };
        self.journal(Event::Set { run: run.id, name: name.to_string(), value: shown });
        run.frames[depth].vars.set(slot, value);
        Ok(())
    }

    fn set_contact(&mut self, run: &Run, name: &Name, value: Value, private: bool) {
        let text = value.as_text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let understood = match name.as_str() {
            "language" => {
                let read = text.as_deref().map(Language::parse);
                self.rec.language = read.flatten().or(self.rec.language.filter(|_| text.is_some()));
                read != Some(None)
            }
            "timezone" => {
                let known = text.as_deref().is_none_or(|zone| zone_of(zone).is_some());
                if known {
                    self.rec.timezone = text;
                    self.forget_zone();
                }
                known
            }
            "marketing" => match consent(&value) {
                Some(kinds) => {
                    let before = self.rec.consent;
                    self.rec.consent = kinds;
                    for kind in ChannelKind::ALL.into_iter().filter(|kind| kinds & kind.stop_bit() == 0) {
                        // Who wants none at all says no to each; who names some kinds says nothing of those that never were asked about.
                        let said = before & kind.stop_bit() != 0 || self.rec.wants_a_topic(kind);
                        if said || (kinds == 0 && !self.rec.refused(kind)) {
                            self.rec.withdraws(kind, self.now);
                        }
                    }
                    true
                }
                None => false,
            },
            "topics" => self.set_topics(&value),
            "name" => {
                self.rec.keep_private(name, private && text.is_some());
                self.rec.name = text.map(|name| name.chars().take(limits::CONTACT_NAME_CHARS).collect());
                true
            }
            "email" => match text.as_deref().map(email) {
                // What is no address is not kept, and the journal says so.
                Some(None) => false,
                // In the form in which it is sent to and comes back.
                read => {
                    self.rec.email = read.flatten();
                    true
                }
            },
            _ => {
                self.set_attribute(name, value.clone(), private);
                true
            }
        };
        if understood {
            let value = if private { Value::Null } else { value };
            self.journal(Event::Set { run: run.id, name: format!("contact.{name}"), value });
        } else {
            self.note(Some(run.id), format!("`contact.{name}` was not set: the value is no {name}"));
        }
    }

    /// What the contact says of single topics of marketing. Nothing is changed where one of them is unknown or what is said of it is.
    fn set_topics(&mut self, value: &Value) -> bool {
        let Value::Map(said) = value else { return false };
        let read = |(topic, kinds): (&String, &Value)| {
            let topic = Slug::parse(topic).ok().filter(|topic| self.project.topics.contains_key(topic));
            topic.zip(consent(kinds))
        };
        let Some(said) = said.iter().map(read).collect::<Option<Vec<_>>>() else { return false };
        for (topic, kinds) in said {
            for kind in ChannelKind::ALL {
                match kinds & kind.stop_bit() != 0 {
                    true => self.rec.asks_for(&topic, kind),
                    false => self.rec.refuses(&topic, kind, self.now),
                }
            }
        }
        true
    }

    /// Gives an attribute a value of its type; nothing takes it away. A private one is shown to nobody.
    pub(super) fn set_attribute(&mut self, name: &Name, value: Value, private: bool) {
        self.rec.keep_private(name, private && value != Value::Null);
        let kind = self.project.attributes.get(name).copied().unwrap_or(crate::domain::value::Type::Any);
        let value = fit(value, kind, self.zone()).unwrap_or_else(|as_it_is| as_it_is);
        let place = self.rec.attributes.iter().position(|(n, _)| n == name);
        match (place, value) {
            (Some(i), Value::Null) => drop(self.rec.attributes.remove(i)),
            (Some(i), value) => self.rec.attributes[i].1 = value,
            (None, Value::Null) => {}
            (None, value) => self.rec.attributes.push((name.clone(), value)),
        }
    }

    fn tag(&mut self, run: &Run, on: &[Slug], off: &[Slug]) -> Result<(), Fault> {
        let added: Vec<Slug> = on.iter().filter(|tag| !self.rec.tags.contains(tag)).cloned().collect();
        let removed: Vec<Slug> = off.iter().filter(|tag| self.rec.tags.contains(tag)).cloned().collect();
        if self.rec.tags.len() + added.len() > limits::TAGS {
            return Err(Fault::run(format!("more than {} tags on one contact", limits::TAGS)));
        }
        self.rec.tags.extend(added.iter().cloned());
        self.rec.tags.retain(|tag| !removed.contains(tag));
        if !added.is_empty() || !removed.is_empty() {
            self.journal(Event::Tagged { run: run.id, added, removed });
        }
        Ok(())
    }

    fn emit(
        &mut self,
        run: &Run,
        depth: usize,
        name: &EventName,
        data: Option<&ValueTemplate>,
        contact: Option<&ContactTemplate>,
    ) -> Result<(), Fault> {
        let view = self.view(run, depth)?;
        let data = data.map(|data| data.eval(&view)).transpose().map_err(|error| Fault::eval("data", &error))?;
        let data = data.unwrap_or_default();
        let to: Result<ContactRef, String> = match contact {
            None => Ok(self.rec.reference()),
            Some(contact) => read_contact(contact, &view, self.project).map_err(|problem| problem.to_string()),
        };
        self.journal(Event::Emitted { run: run.id, event: name.clone(), data: data.clone() });
        // An event that no flow listens to is for the journal's subscribers alone.
        if !self.catalog.listens(name) {
            return Ok(());
        }
        match to {
            Ok(to) if to.address().is_some() => {
                let event = InputEvent { name: name.clone(), data, contact: Some(to.clone()), to: to.clone(), callback: None };
                self.effect(Effect::Post(Box::new(Post { to, event }))).map(drop)
            }
            Ok(_) => {
                self.note(Some(run.id), format!("`{name}` reaches no flow: the contact has no address that an event can name"));
                Ok(())
            }
            Err(problem) => Err(Fault::run(format!("`emit: {name}`: {problem}"))),
        }
    }
}

/// Whether a value is made of private ones: of private variables, or of a reply that is masked.
fn reads_private(flow: &Flow, template: &ValueTemplate, masks_reply: bool) -> bool {
    template.expressions().flat_map(Expression::names).any(|reference| match &reference.name {
        ReferenceName::Variable(name) => flow.variables.get(&**name).is_some_and(|variable| variable.private),
        ReferenceName::Root(Root::Reply) | ReferenceName::Member(Root::Reply, _) => masks_reply,
        _ => false,
    })
}
