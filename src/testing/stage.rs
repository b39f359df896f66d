//! Where a case is played: the world before its first step, the contact who writes in it, and the person who takes over.

use super::expect;
use super::script::{Given, PersonDoes, UserSays};
use super::world::World;
use crate::config::project::Project;
use crate::domain::address::{Address, E164};
use crate::domain::input::OperatorAction;
use crate::domain::journal::Event;
use crate::domain::message::InboundContent;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::engine::record::{Preference, Record};
use crate::flow::catalog::Catalog;
use std::sync::Arc;

/// Where a case's clock stands if nothing is given: 2026-01-05T12:00:00Z, a Monday.
const DEFAULT_NOW: Millis = Millis(1_767_614_400_000);
/// Who writes if nobody is given.
const DEFAULT_PHONE: &str = "+447700900123";

/// The world of a case before its first step, and who writes in it.
pub(super) fn begin(given: &Given, catalog: &Arc<Catalog>, project: Arc<Project>) -> Result<(World, Address), String> {
    let contact = given.contact.clone().unwrap_or_default();
    let phone = contact.phone.clone().unwrap_or_else(|| DEFAULT_PHONE.to_owned());
    let phone = E164::parse(&phone).ok_or_else(|| format!("`{phone}` is not a phone number such as {DEFAULT_PHONE}"))?;
    let address = Address::Phone(phone.clone());
    let world = World::new(catalog.clone(), project, given.now.unwrap_or(DEFAULT_NOW));
    let mut world = match given.seed {
        Some(seed) => world.seeded(seed),
        None => world,
    };
    let mut record = Record::default();
    record.meet(&address);
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    record.name = filled(contact.name);
    record.language = contact.language;
    record.timezone = filled(contact.timezone);
    record.email = filled(contact.email);
    record.consent = contact.marketing.iter().flatten().fold(0, |bits, kind| bits | kind.stop_bit());
    record.topics = contact.topics.iter().flatten().map(|said| Preference::of(said, record.last)).collect();
    record.attributes = contact.attributes.into_iter().filter(|(_, value)| *value != Value::Null).collect();
    record.tags = given.tags.clone().unwrap_or_default();
    world.place(&address, &record);
    world.fakes.add(&given.http, false);
    world.fakes.add(&given.own_http, true);
    Ok((world, address))
}

/// The contact does what a step says.
pub(super) fn speak(world: &mut World, address: &Address, channel: &ChannelName, says: &UserSays) -> Result<(), String> {
    let mut text = says.text.clone().unwrap_or_default();
    let content = if let Some(id) = &says.press {
        let shown = world.last.as_ref().map(|m| m.options()).unwrap_or_default();
        let option = shown.iter().find(|(payload, _)| *payload == id || expect::choice_id(payload) == id);
        let (payload, title) = option.ok_or_else(|| {
            let ids: Vec<&str> = shown.iter().map(|(payload, _)| expect::choice_id(payload)).collect();
            match ids.is_empty() {
                true => "the last message has no buttons to press; write a text instead".to_owned(),
                false => format!("the last message has no button `{id}`; it has {}", ids.join(", ")),
            }
        })?;
        text = (*title).to_owned();
        InboundContent::ButtonReply { payload: (*payload).to_owned() }
    } else if !says.media.is_empty() {
        InboundContent::Media { kind: None, media: says.media.clone() }
    } else if let Some(location) = &says.location {
        InboundContent::Location(location.clone())
    } else {
        InboundContent::Text
    };
    world.write(address, channel, text, content).map_err(|e| e.to_string())
}

/// The name of a member of a team.
pub(super) const PERSON: &str = "a person";

/// A member of a team does what a step says. What they write leaves as the bot's messages do, and needs no step of its own.
pub(super) fn person(world: &mut World, address: &Address, does: &PersonDoes) -> Result<(), String> {
    if !world.record(address).is_some_and(|record| record.is_with_person()) {
        return Err("no conversation is with a person here".to_owned());
    }
    let by = PERSON.to_owned();
    let action = match does {
        PersonDoes::Takes => OperatorAction::Take { by },
        PersonDoes::Writes(text) => OperatorAction::Write { by, text: text.clone(), channel: None },
        PersonDoes::Resolves(note) => OperatorAction::Resolve { by, note: note.clone() },
    };
    world.operator(address, action).map_err(|e| e.to_string())?;
    if !matches!(does, PersonDoes::Writes(_)) {
        return Ok(());
    }
    let wrote = world.events().rev().find_map(|event| match event {
        Event::PersonWrote(wrote) => Some((wrote.effect, wrote.refused.clone())),
        _ => None,
    });
    match wrote {
        Some((_, Some(why))) => Err(format!("what the person writes is not sent: {why}")),
        Some((effect, None)) => {
            world.messages.retain(|message| Some(message.effect) != effect);
            Ok(())
        }
        None => Err("nothing was written".to_owned()),
    }
}
