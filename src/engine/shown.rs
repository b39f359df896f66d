//! What can be chosen in answer to a question, as the contact sees it at this moment.

use super::fault::Fault;
use super::question::payload_of;
use super::record::Run;
use super::turning::Turning;
use crate::domain::outbound::Choice;
use crate::domain::value::Value;
use crate::flow::definition::{Answer, Ask, Choices, Flow, Pick, Several};
use crate::reply::yes_no;
use crate::template;

impl<'a> Turning<'a> {
    /// What can be chosen in answer to a question, as it is shown now.
    pub(super) fn choices(&self, run: &Run, flow: &'a Flow, ask: &'a Ask) -> Result<Shown, Fault> {
        let tag = run.question().map_or(0, |question| question.tag);
        match &ask.answer {
            Answer::Choice(choices) | Answer::Choices(Several { of: choices, .. }) => self.shown_choices(run, flow, choices, tag),
            Answer::Pick(pick) => self.shown_items(run, flow, pick, tag),
            Answer::YesNo => {
                let labels = template::yes_no_labels(self.language(Some(flow)));
                let one =
                    |(id, label): (&str, &str)| Choice { id: payload_of(id, tag), title: label.to_owned(), description: None };
                let shown = labels.map(|labels| yes_no::PAYLOADS.into_iter().zip(labels).map(one).collect());
                Ok(Shown { shown: shown.unwrap_or_default(), ..Shown::default() })
            }
            _ => Ok(Shown::default()),
        }
    }

    fn shown_choices(&self, run: &Run, flow: &'a Flow, choices: &'a Choices, tag: u16) -> Result<Shown, Fault> {
        let view = self.view(run, run.frames.len() - 1)?;
        let language = self.language(Some(flow));
        let prepared = prepared(flow, choices, language);
        let mut shown = Shown { menu: true, ..Shown::default() };
        let mut visible = Vec::with_capacity(choices.list.len());
        shown.shown.reserve(choices.list.len());
        for (i, (id, choice)) in choices.list.iter().enumerate() {
            let label = match prepared.and_then(|options| options.label(i)) {
                Some(label) => label.to_owned(),
                None => {
                    let template = choice.label.pick(language);
                    let label = template.render(&view).map_err(|error| Fault::eval(template.source(), &error))?;
                    shown.labels.push(label.clone());
                    label
                }
            };
            let holds = match &choice.condition {
                None => true,
                Some(condition) => condition.truth(&view).map_err(|error| Fault::eval(condition.source(), &error))?,
            };
            if holds {
                let help = choice.help.as_ref().map(|help| help.pick(language));
                let help = help.map(|help| help.render(&view).map_err(|error| Fault::eval(help.source(), &error)));
                visible.push(i as u16);
                shown.shown.push(Choice { id: payload_of(id.as_str(), tag), title: label, description: help.transpose()? });
            }
        }
        if visible.is_empty() {
            return Err(Fault::run("no choice can be chosen: none of their conditions holds"));
        }
        shown.visible = (visible.len() < choices.list.len()).then_some(visible);
        Ok(shown)
    }

    /// The items of a list. A question that is asked again shows what it showed before, whatever became of the list.
    fn shown_items(&self, run: &Run, flow: &'a Flow, pick: &'a Pick, tag: u16) -> Result<Shown, Fault> {
        let view = self.view(run, run.frames.len() - 1)?;
        let items = match run.question() {
            Some(question) if !question.items.is_empty() => question.items.clone(),
            _ => match pick.from.eval(&view).map_err(|error| Fault::eval("from", &error))? {
                Value::List(items) => items,
                Value::Null => Vec::new(),
                _ => return Err(Fault::run("`from` of `pick` is no list")),
            },
        };
        let label = pick.label.pick(self.language(Some(flow)));
        let mut shown = Shown { menu: true, ..Shown::default() };
        for item in items {
            if shown.items.len() == pick.max {
                break;
            }
            let view = super::scope::View { item: Some(&item), ..view };
            let title = label.render(&view).map_err(|error| Fault::eval(label.source(), &error))?;
            // What cannot be seen cannot be chosen.
            if title.trim().is_empty() {
                continue;
            }
            let place = (shown.items.len() + 1).to_string();
            shown.shown.push(Choice { id: payload_of(&place, tag), title: title.clone(), description: None });
            shown.labels.push(title);
            shown.items.push(item);
        }
        Ok(shown)
    }
}

/// What the understanding of replies works on in this language, where the labels are the same every time.
pub(super) fn prepared<'c>(
    flow: &Flow,
    choices: &'c Choices,
    language: crate::domain::language::Language,
) -> Option<&'c crate::reply::choice::Options> {
    let exact = flow.languages.iter().position(|l| *l == language);
    let base = || flow.languages.iter().position(|l| l.base() == language.base());
    let place = exact.or_else(base).unwrap_or(0);
    choices.prepared.get(place).and_then(|options| options.as_deref())
}

/// The choices of a question as they are shown now.
#[derive(Default)]
pub(super) struct Shown {
    /// For buttons, lists and menus.
    pub shown: Vec<Choice>,
    /// Whether they may become a numbered menu.
    pub menu: bool,
    /// Their places, where not all are shown.
    pub visible: Option<Vec<u16>>,
    /// The labels of all, where they are not the same every time.
    pub labels: Vec<String>,
    /// The items of a list that they stand for.
    pub items: Vec<Value>,
}
