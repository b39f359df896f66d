//! RF405: a text that is longer than its channel takes, with plausible values and in every language. What is too long would
//! be cut off, or lose its buttons.

use super::super::place::Text;
use super::super::{Report, World};
use super::labels::own;
use super::{Below, Known, Medium, choices_below, estimate, shows};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits;
use crate::flow::definition::{Ask, Message, Notification, choose};
use crate::flow::diagnostic::At;
use crate::flow::expression::Template;
use crate::layout::{Form, Rendered, form, whole, words_beside};

/// No channel takes less than this beside buttons: most texts need no closer look.
const SHORT: usize = 300;

/// Checks a message, with the choices of a question below it.
pub(super) fn check(message: &Message, ask: Option<&Ask>, known: &Known<'_>, report: &mut Report) {
    each(
        message,
        ask,
        known,
        &mut |excess, report| {
            let texts = match excess.what {
                What::Text => {
                    message.by_kind.iter().find(|(k, v)| *k == excess.kind && v.text.is_some()).and_then(|(_, v)| v.text.as_ref())
                }
                What::Footer => message.by_kind.iter().find(|(k, _)| *k == excess.kind).and_then(|(_, v)| v.footer.as_ref()),
            };
            let Some(texts) = texts.or(message.text.as_ref()) else { return };
            let language = own(&texts.by_language, excess.template, known.languages[0]);
            report.add(405, known.text.place(texts, language, 0), 0, excess.message(), excess.help());
        },
        report,
    );
}

/// Checks a notification with the choices of a question of a flow below it. What is wrong without them is said at its own file.
pub(super) fn check_below(
    notification: &Notification,
    at: At,
    ask: &Ask,
    (languages, media): (&[Language], Vec<Medium>),
    world: &World<'_>,
    report: &mut Report,
) {
    let values = super::values::Values::of_notification(notification, &[], world);
    let elsewhere = Text::new("");
    let inside = Known { languages, media, values, text: &elsewhere };
    super::segments::check_below(notification, at, ask, &inside, report);
    let mut alone = false;
    each(&notification.message, None, &inside, &mut |_, _| alone = true, report);
    if !alone {
        each(
            &notification.message,
            Some(ask),
            &inside,
            &mut |excess, report| {
                report.add(405, at, 0, excess.message(), excess.help());
            },
            report,
        );
    }
}

enum What {
    Text,
    Footer,
}

struct Excess<'a> {
    what: What,
    template: &'a Template,
    kind: ChannelKind,
    form: Form,
    chars: usize,
    room: usize,
    beside_a_file: bool,
    /// Whether that is so only with plausible values.
    estimated: bool,
}

impl Excess<'_> {
    fn message(&self) -> String {
        let what = match (&self.what, self.form) {
            (What::Footer, _) => format!("The footer is longer than {} takes below buttons and lists", self.kind),
            (What::Text, Form::Buttons) => format!("The text is longer than {} takes with buttons", self.kind),
            (What::Text, Form::List) => format!("The text is longer than {} takes with a list", self.kind),
            (What::Text, Form::Menu) => format!("The text and its choices are longer than {} takes", self.kind),
            (What::Text, Form::Alone) if self.beside_a_file => {
                format!("The text is longer than {} takes beside a file", self.kind)
            }
            (What::Text, Form::Alone) => format!("The text is longer than {} takes", self.kind),
        };
        format!("{what} ({} of {})", self.chars, self.room)
    }

    fn help(&self) -> String {
        let what = match (&self.what, self.form) {
            (What::Footer, _) => "its end would be cut off",
            (What::Text, Form::Buttons | Form::List) => "the choices would become a numbered menu",
            (What::Text, Form::Menu | Form::Alone) => "the end of the text would be cut off",
        };
        match self.estimated {
            true => format!("shorten it, or say it in two messages; with the values that are plausible {what}"),
            false => format!("shorten it, or say it in two messages; {what}"),
        }
    }
}

type Found<'f> = &'f mut dyn FnMut(Excess<'_>, &mut Report);

fn each(message: &Message, ask: Option<&Ask>, known: &Known<'_>, found: Found<'_>, report: &mut Report) {
    for (kind, channel_shows) in &known.media {
        let shows = shows(ask, *channel_shows);
        let mut seen: Vec<*const Template> = Vec::new();
        for language in known.languages {
            let chosen = choose(message, *kind, *language);
            let Some(template) = chosen.text else { continue };
            // Bytes are at least characters, and a value has at least the four signs around it.
            let bytes = |template: Option<&Template>| template.map_or(0, |t| t.source().len() + 30 * t.expressions().count());
            let below =
                ask.map(|ask| Below::of(ask, *language, &known.values)).map_or(0, |below| below.bytes + 5 * below.choices);
            let plain = bytes(Some(template)) + bytes(chosen.media) + bytes(chosen.footer) + below <= SHORT;
            let long_values = template.expressions().any(|(_, e)| known.values.chars(e) > 30);
            let same = seen.contains(&std::ptr::from_ref(template));
            if same || plain && !long_values && chosen.footer.is_none() {
                continue;
            }
            if below == 0 {
                seen.push(std::ptr::from_ref(template));
            }
            let (choices, menu) = ask.map(|ask| choices_below(ask, *language, &known.values)).unwrap_or_default();
            let rendered = |fixed: bool| {
                let text = |template: &Template| match fixed {
                    true => template.parts().flatten().collect(),
                    false => estimate(template, &known.values),
                };
                Rendered {
                    text: text(template),
                    media: chosen.media.map(|media| (text(media), chosen.media_name.map(text))),
                    footer: chosen.footer.map(text),
                }
            };
            let form = form("?", &choices, menu, shows);
            if let (Form::Buttons | Form::List, Some(footer)) = (form, chosen.footer) {
                let chars = estimate(footer, &known.values).chars().count();
                if chars > limits::WHATSAPP_FOOTER_CHARS {
                    let room = limits::WHATSAPP_FOOTER_CHARS;
                    let fixed: usize = footer.parts().flatten().map(|text| text.chars().count()).sum();
                    let (what, estimated, beside_a_file) = (What::Footer, fixed <= room, false);
                    found(Excess { what, template: footer, kind: *kind, form, chars, room, beside_a_file, estimated }, report);
                }
            }
            let (text, room) = whole(rendered(false), &choices, menu, *kind, shows);
            let chars = text.chars().count();
            if chars > room {
                let estimated = whole(rendered(true), &choices, menu, *kind, shows).0.chars().count() <= room;
                let beside_a_file = rendered(false).media.is_some_and(|(url, name)| words_beside(&url, name.as_deref(), shows));
                let what = What::Text;
                found(Excess { what, template, kind: *kind, form, chars, room, beside_a_file, estimated }, report);
            }
        }
    }
}
