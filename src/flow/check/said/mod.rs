//! What contacts are shown: every message of a flow, with the question whose choices stand below it. The rules about texts
//! look at these: translations, values that can be empty, the limits of channels, the parts of an SMS.

mod empty;
mod labels;
mod length;
mod marketing;
mod segments;
mod translations;
mod values;

use super::place::Text;
use super::walk::{Place, Visit, walk};
use super::{Report, World};
use crate::config::project::Capabilities;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::outbound::Choice;
use crate::flow::definition::{
    Act, Action, Answer, Ask, Category, Flow, Hop, Kind, Message, Notification, Notify, Say, Show, Target, Then,
};
use crate::flow::diagnostic::At;
use crate::flow::expression::Template;
use crate::flow::parse::Reading;
use crate::layout;
pub(super) use values::CaredFor;
use values::Values;

/// The words of a message.
#[derive(Clone, Copy)]
pub(super) enum Words<'a> {
    /// Written in place.
    Message(&'a Message),
    /// From `templates/`.
    Notify(&'a Notify),
}

/// A message that a contact is shown.
#[derive(Clone, Copy)]
pub(super) struct Saying<'a> {
    pub words: Words<'a>,
    /// The question whose choices stand below it.
    pub ask: Option<&'a Ask>,
}

/// A kind of channel with what its provider can show.
pub(super) type Medium = (ChannelKind, Capabilities);

/// What the rules know of the file whose texts they look at.
struct Known<'a> {
    languages: &'a [Language],
    media: Vec<Medium>,
    values: Values<'a>,
    text: &'a Text<'a>,
}

/// Checks all texts of a flow.
pub(super) fn check_flow(text: &Text<'_>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    let known = Known { languages: &flow.languages, media: media(flow, world), values: Values::of_flow(flow, world), text };
    let sayings = sayings(flow);
    for saying in &sayings {
        match saying.words {
            Words::Message(message) => {
                length::check(message, saying.ask, &known, report);
                segments::check(message, saying.ask, &known, report);
                empty::check(message, &known, report);
                silent(message, saying.ask, &known, report);
            }
            Words::Notify(notify) => {
                if let (Some(notification), Some(ask)) = (world.notifications.get(&notify.name), saying.ask) {
                    let media =
                        if notification.route.is_empty() { known.media.clone() } else { hops(&notification.route, world) };
                    length::check_below(notification, notify.at, ask, (known.languages, media), world, report);
                }
            }
        }
    }
    for state in flow.states.values() {
        if let Kind::Ask(ask) = &state.kind {
            labels::check(ask, &known, report);
            empty::check_labels(ask, &known, report);
        }
    }
    translations::check_flow(flow, &sayings, world, report);
}

/// Checks all texts of a notification, for the channels and languages of the flows that name it.
pub(super) fn check_notification(
    reading: &Reading<Notification>,
    text: &Text<'_>,
    notification: &Notification,
    world: &World<'_>,
    report: &mut Report,
) {
    let users: Vec<&Flow> =
        world.flows.values().filter(|flow| flow.notifications.contains_key(&notification.name)).map(|f| &**f).collect();
    let mut languages: Vec<Language> = notification.languages.clone();
    if languages.is_empty() {
        users.iter().for_each(|flow| languages.extend(&flow.languages));
        languages.extend(users.is_empty().then_some(world.project.language));
        let mut seen = Vec::new();
        languages.retain(|language| {
            !seen.contains(language) && {
                seen.push(*language);
                true
            }
        });
    }
    let mut channels: Vec<Medium> = match notification.route.is_empty() {
        true => users.iter().flat_map(|flow| media(flow, world)).collect(),
        false => hops(&notification.route, world),
    };
    if users.is_empty() && notification.route.is_empty() {
        channels.extend(world.project.channels.values().map(|channel| (channel.kind, channel.shows)));
    }
    channels.extend(hops(&notification.also, world));
    distinct(&mut channels);
    let values = Values::of_notification(notification, &users, world);
    let known = Known { languages: &languages, media: channels, values, text };
    length::check(&notification.message, None, &known, report);
    segments::check(&notification.message, None, &known, report);
    empty::check(&notification.message, &known, report);
    empty::check_parts(&notification.message, reading, &known, report);
    if notification.category == Category::Marketing {
        marketing::check(notification, &known, report);
    }
    if !notification.languages.is_empty() {
        translations::check_message(&notification.message, &notification.languages, report);
    }
}

/// RF414: a question that says nothing on a channel of its flow. Other messages may be for one channel only.
fn silent(message: &Message, ask: Option<&Ask>, known: &Known<'_>, report: &mut Report) {
    let Some(at) = at(message).filter(|_| ask.is_some()) else { return };
    let mut said = Vec::new();
    for (kind, _) in &known.media {
        let own = message.by_kind.iter().find(|(k, _)| k == kind).map(|(_, variant)| variant);
        let has_text = message.text.is_some() || own.is_some_and(|own| own.text.is_some());
        let has_media = message.media.is_some() || own.is_some_and(|own| own.media.is_some());
        if !has_text && !has_media && !said.contains(kind) {
            said.push(*kind);
            let help = format!("add `text`, or `{kind}`: without it the contact would not see what is asked");
            report.add(414, at, 0, format!("This question has no text for {kind}"), help);
        }
    }
}

/// Where a message says something.
fn at(message: &Message) -> Option<At> {
    let variants = message.by_kind.iter().filter_map(|(_, variant)| variant.text.as_ref());
    message.text.iter().chain(variants).map(|texts| texts.at).min()
}

/// The channels of a flow, each way of showing things once.
pub(super) fn media(flow: &Flow, world: &World<'_>) -> Vec<Medium> {
    let channels = &world.project.channels;
    let mut media: Vec<Medium> = match flow.channels.is_empty() {
        true => channels.values().map(|channel| (channel.kind, channel.shows)).collect(),
        false => {
            flow.channels.iter().filter_map(|name| channels.get(name)).map(|channel| (channel.kind, channel.shows)).collect()
        }
    };
    distinct(&mut media);
    media
}

/// The channels that a route can take.
fn hops(route: &[Hop], world: &World<'_>) -> Vec<Medium> {
    let channels = &world.project.channels;
    let of = |hop: &Hop| -> Vec<Medium> {
        let here = channels.iter().filter(|(name, channel)| match hop {
            Hop::Kind(kind) => channel.kind == *kind,
            Hop::Channel(hop) => *name == hop,
        });
        here.map(|(_, channel)| (channel.kind, channel.shows)).collect()
    };
    let mut media: Vec<Medium> = route.iter().flat_map(of).collect();
    distinct(&mut media);
    media
}

fn distinct(media: &mut Vec<Medium>) {
    let mut seen: Vec<Medium> = Vec::new();
    media.retain(|medium| {
        !seen.contains(medium) && {
            seen.push(*medium);
            true
        }
    });
}

/// Every message of a flow.
pub(super) fn sayings(flow: &Flow) -> Vec<Saying<'_>> {
    struct Sayings<'a>(Vec<Saying<'a>>);
    impl<'a> Visit<'a> for Sayings<'a> {
        fn actions(&mut self, actions: &'a [Action], place: Place<'a>) {
            spoken(actions, place.again, &mut self.0);
        }
    }
    let mut all = Sayings(Vec::new());
    walk(flow, &mut all);
    let mut all = all.0;
    let nomatch = again_actions(flow.defaults.nomatch.as_ref());
    let silence = again_actions(flow.defaults.silence.as_ref().and_then(|silence| silence.target.as_ref()));
    for state in flow.states.values() {
        match &state.kind {
            Kind::Deliver(deliver) => all.push(Saying { words: Words::Notify(&deliver.notify), ask: None }),
            Kind::Handoff(handoff) => {
                all.extend(handoff.say.iter().map(|message| Saying { words: Words::Message(message), ask: None }));
            }
            _ => {}
        }
        let Kind::Ask(ask) = &state.kind else { continue };
        match &ask.question {
            Some(Say::Message(message)) => all.push(Saying { words: Words::Message(message), ask: Some(ask) }),
            Some(Say::Notify(notify)) => all.push(Saying { words: Words::Notify(notify), ask: Some(ask) }),
            None => {}
        }
        // What the flow says for all of its questions stands above the choices of each.
        let own_silence = ask.troubles.silence.as_ref().is_some_and(|silence| silence.target.is_some());
        let defaults = [nomatch.filter(|_| ask.troubles.nomatch.is_none()), silence.filter(|_| !own_silence)];
        defaults.into_iter().flatten().for_each(|actions| spoken(actions, Some(ask), &mut all));
    }
    all
}

/// The actions of a step that asks again.
fn again_actions(target: Option<&Target>) -> Option<&[Action]> {
    match target {
        Some(Target::Step(step)) => matches!(step.then, Then::Again { .. }).then_some(&*step.actions),
        _ => None,
    }
}

/// The messages of some actions. Of those before a question that is asked again the last takes the place of its text; which
/// one that is may hang on conditions.
fn spoken<'a>(actions: &'a [Action], again: Option<&'a Ask>, out: &mut Vec<Saying<'a>>) {
    let speaks = |action: &Action| matches!(&action.act, Act::Say(_) | Act::Notify(_));
    let last = actions.iter().rposition(|action| action.condition.is_none() && speaks(action)).unwrap_or(0);
    for (i, action) in actions.iter().enumerate() {
        let again = again.filter(|_| i >= last);
        match &action.act {
            Act::Say(messages) => {
                for (n, message) in messages.iter().enumerate() {
                    let ask = again.filter(|_| n + 1 == messages.len());
                    out.push(Saying { words: Words::Message(message), ask });
                }
            }
            Act::Notify(notify) => out.push(Saying { words: Words::Notify(notify), ask: again }),
            _ => {}
        }
    }
}

/// A text with plausible values.
fn estimate(template: &Template, values: &Values<'_>) -> String {
    let mut out = String::with_capacity(template.source().len() + 16);
    for part in template.parts() {
        match part {
            Ok(text) => out.push_str(text),
            Err(expression) => out.extend(std::iter::repeat_n('x', values.chars(expression))),
        }
    }
    out
}

/// Bytes of a text with plausible values, and whether all that is written is ASCII.
fn estimated_bytes(template: &Template, values: &Values<'_>) -> (usize, bool) {
    template.parts().fold((0, true), |(bytes, plain), part| match part {
        Ok(text) => (bytes + text.len(), plain && text.is_ascii()),
        Err(expression) => (bytes + values.chars(expression), plain),
    })
}

/// How much `choices_below` comes to, without writing it: most questions need no closer look.
#[derive(Default)]
struct Below {
    choices: usize,
    bytes: usize,
    beyond_ascii: bool,
}

impl Below {
    fn of(ask: &Ask, language: Language, values: &Values<'_>) -> Self {
        let mut below = Below::default();
        if ask.show == Show::Auto
            && let Some(choices) = ask.answer.choices()
        {
            for choice in choices.list.values() {
                let (bytes, plain) = estimated_bytes(choice.label.pick(language), values);
                below.add(bytes, plain);
            }
        } else if ask.show == Show::Auto && matches!(ask.answer, Answer::YesNo) {
            let labels = layout::yes_no_labels(language).into_iter().flatten();
            labels.for_each(|label| below.add(label.len(), label.is_ascii()));
        } else {
            choices_below(ask, language, values)
                .0
                .iter()
                .for_each(|choice| below.add(choice.title.len(), choice.title.is_ascii()));
        }
        below
    }

    fn add(&mut self, bytes: usize, plain: bool) {
        self.choices += 1;
        self.bytes += bytes;
        self.beyond_ascii |= !plain;
    }
}

/// The choices below a question, as many as can be shown, with plausible labels; and whether they may be a numbered menu.
fn choices_below(ask: &Ask, language: Language, values: &Values<'_>) -> (Vec<Choice>, bool) {
    let shown = |title: String| Choice { id: String::new(), title, description: None };
    if ask.show == Show::Plain {
        return (Vec::new(), true);
    }
    match &ask.answer {
        Answer::YesNo => {
            let labels = layout::yes_no_labels(language).into_iter().flatten();
            (labels.map(|label| shown(label.to_owned())).collect(), false)
        }
        Answer::Pick(pick) => {
            // No two items read alike, or they would be no buttons.
            let label = pick.label.pick(language);
            ((0..pick.max).map(|i| shown(items_label(label, i))).collect(), true)
        }
        answer => {
            let choices = answer.choices().into_iter().flat_map(|choices| choices.list.values());
            (choices.map(|choice| shown(estimate(choice.label.pick(language), values))).collect(), true)
        }
    }
}

/// What an item of a list looks like: its values are short, or nobody would read the list.
fn items_label(label: &Template, i: usize) -> String {
    label.parts().map(|part| part.map_or_else(|_| format!("{i:0>10}"), str::to_owned)).collect()
}

/// What a channel can show below this question: of several choices a tap would make one and send it off.
fn shows(ask: Option<&Ask>, shows: Capabilities) -> Capabilities {
    let several = |ask: &Ask| matches!(&ask.answer, Answer::Choices(several) if several.max != Some(1));
    if ask.is_some_and(several) { Capabilities { buttons: 0, rows: 0, ..shows } } else { shows }
}
