//! The flow that the service makes around one notification, so that it can be sent by itself: a version like every other, in whose
//! figures, journal and runs it is found.

use super::load::Sources;
use super::parse::{Pages, ParseContext};
use super::version::{Assembled, SourceFile, assemble};
use crate::domain::name::Slug;
use std::collections::BTreeMap;

/// What such a flow is called begins so.
const PREFIX: &str = "notify-";

/// The name of the flow around a notification. What two long names have in common does no harm: a run is on a version.
pub fn notice_name(notification: &Slug) -> Slug {
    let name = format!("{PREFIX}{notification}");
    Slug::parse(&name[..name.len().min(64)]).unwrap_or_else(|_| notification.clone())
}

/// The flow around a notification of these files, with its content. Its mistakes are those of the notification.
pub fn notice(
    notification: &Slug,
    files: &BTreeMap<Slug, SourceFile>,
    pages: &Pages,
    context: &ParseContext,
) -> Option<Assembled> {
    let file = files.get(notification)?;
    let name = notice_name(notification);
    let mut text = format!("flow: {name}\n");
    // What it needs, and its languages, are written in a notification as in a flow.
    for key in ["languages", "needs"] {
        text.push_str(block(&file.text, key));
    }
    text.push_str(&format!("begin: send\nstates:\n  send: {{ notify: {notification}, end: sent }}\n"));
    Some(assemble(&SourceFile { file: format!("flows/{name}.yaml"), text }, files, pages, context))
}

impl Sources {
    /// The flow around each notification that can be sent by itself.
    pub fn notices(&self, context: &ParseContext) -> Vec<(Slug, Assembled)> {
        let made = |name: &Slug| Some((name.clone(), notice(name, &self.notifications, &self.pages, context)?));
        self.notifications.keys().filter_map(made).filter(|(_, made)| made.flow.is_some()).collect()
    }
}

/// A key of the outermost map with what belongs to it: all lines up to the next one that begins there.
fn block<'t>(text: &'t str, key: &str) -> &'t str {
    let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let mut begin = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let outermost = !line.starts_with([' ', '\t', '#', '\r', '\n', '-', '}', ']']);
        match begin {
            None if is_key(line) => begin = Some(at),
            Some(begin) if outermost => return &text[begin..at],
            _ => {}
        }
        at += line.len();
    }
    begin.map_or("", |begin| if text.ends_with('\n') { &text[begin..] } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    fn made(text: &str) -> Option<Assembled> {
        let name = Slug::parse("note").expect("a name");
        let files =
            BTreeMap::from([(name.clone(), SourceFile { file: "templates/note.yaml".to_owned(), text: text.to_owned() })]);
        let context = ParseContext { languages: vec![Language::EN], channels: vec![Slug::parse("main-sms").expect("a name")] };
        notice(&name, &files, &Pages::default(), &context)
    }

    #[test]
    fn a_flow_around_a_notification_needs_what_it_needs_and_speaks_its_languages() {
        let text = "# A letter\nnotification: note\nlanguages: [es, en]\nneeds:\n  # whom\n  name: text\n\n  age: { type: number, default: 7 }\n\
                    text: { en: 'Hi {{ name }}, {{ age }}', es: 'Hola {{ name }}, {{ age }}' }\n";
        let Assembled { flow, version, diagnostics, .. } = made(text).expect("made");
        let flow = flow.unwrap_or_else(|| panic!("{diagnostics:#?}"));
        assert_eq!((flow.name.as_str(), flow.languages.len(), flow.variables.len()), ("notify-note", 2, 2));
        assert!(flow.starts.is_empty() && flow.notifications.len() == 1);
        let version = version.expect("a version");
        assert_eq!(version.id(), flow.version);
        let context = ParseContext { languages: vec![Language::EN], channels: vec![Slug::parse("main-sms").expect("a name")] };
        assert_eq!(version.build(&context).expect("builds").version, flow.version, "also from the store");
    }

    #[test]
    fn a_notification_with_mistakes_makes_none_and_one_without_needs_does() {
        assert!(made("notification: note\ntext: Hi {{\n").is_some_and(|made| made.flow.is_none()));
        for plain in [
            "notification: note\ntext: Hi\n",
            "notification: note\ntext: Hi\nneeds: {}\n",
            "notification: note\nneeds: {}\ntext: Hi",
        ] {
            let Assembled { flow, diagnostics, .. } = made(plain).expect("made");
            assert!(flow.is_some(), "{plain}: {diagnostics:#?}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        let long = Slug::parse(&"x".repeat(64)).expect("a name");
        assert_eq!(notice_name(&long).as_str().len(), 64);
    }
}
