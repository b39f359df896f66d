//! What members of a team did with a conversation that was handed over.

use super::Walk;
use crate::domain::id::InputId;
use crate::domain::input::{Input, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::time::Millis;
use crate::testing::script::{PersonDoes, Step};

impl Walk<'_> {
    pub(super) fn person(&mut self, at: Millis, event: &Event) {
        match event {
            Event::HandoffTaken(taken) if self.decided.insert(taken.input) => {
                // Whoever writes has taken the conversation over: then what they write follows, and takes its place.
                self.came(at, Some(Step::Person(PersonDoes::Takes)));
            }
            Event::PersonWrote(wrote) => {
                let came = self.decided.insert(wrote.input);
                let Some(effect) = wrote.effect else {
                    if came {
                        self.lose("what a person wrote was not sent".to_owned());
                    }
                    return;
                };
                let said = self.take_back(effect).or_else(|| self.written(wrote.input));
                let says = said.map(|said| Step::Person(PersonDoes::Writes(said)));
                if says.is_none() {
                    self.lose("what a person wrote is not known".to_owned());
                }
                match self.blocks.last_mut() {
                    Some(block) if !came && block.after.is_empty() => block.input = says.or(block.input.take()),
                    _ => self.came(at, says),
                }
            }
            Event::HandoffClosed(closed) => {
                let Some(input) = closed.input.filter(|input| self.decided.insert(*input)) else { return };
                let note = match self.accepted(input) {
                    Some(Input::Operator(OperatorAction::Resolve { note, .. })) => Some(note.clone()),
                    _ if closed.private => None,
                    _ => Some(closed.note.clone()),
                };
                let step = note.map(|note| Step::Person(PersonDoes::Resolves(note)));
                self.known(at, step, || "the note of a person was not kept".to_owned());
            }
            _ => {}
        }
    }

    /// A message that was taken for the bot's, and is a person's.
    fn take_back(&mut self, effect: crate::domain::id::EffectId) -> Option<String> {
        if self.last_sent.as_ref().is_none_or(|(last, _)| *last != effect) {
            return None;
        }
        match self.blocks.last_mut()?.after.pop()? {
            Step::Bot { all, .. } => all.text.exact,
            other => {
                self.blocks.last_mut()?.after.push(other);
                None
            }
        }
    }

    fn written(&self, input: InputId) -> Option<String> {
        match self.accepted(input) {
            Some(Input::Operator(OperatorAction::Write { text, .. })) => Some(text.clone()),
            _ => None,
        }
    }
}
