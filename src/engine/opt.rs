//! Opt-out, opt-in and help words: before everything else, on every channel.

use super::channel::Route;
use super::effect::System;
use super::turning::{From, Turning};
use crate::domain::address::Address;
use crate::domain::broadcast::Refusal;
use crate::domain::channel::ChannelKind;
use crate::domain::journal::Event;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::outbound::OutboundContent;
use crate::reply::intent::Intent;
use crate::reply::normalize::Normalized;
use crate::template;

/// Whether a message passes a pending call: an opt-out or help word, or what the provider itself says of an opt-out.
/// `languages` are those of the catalog. A word that only counts as opt-in of somebody who opted out is none: nothing is
/// pending for them.
pub fn is_priority(message: &Inbound, languages: &[crate::domain::language::Language]) -> bool {
    match &message.content {
        InboundContent::OptOut { .. } => true,
        // A button may be an answer, whatever its label says.
        InboundContent::ButtonReply { .. } | InboundContent::ListReply { .. } => false,
        _ if message.text.is_empty() => false,
        _ => {
            let intent = Intent::of(&Normalized::of(&message.text), message.kind, languages, false);
            matches!(intent, Some(Intent::OptOut | Intent::Help))
        }
    }
}

/// Whether a message is such a word, or one that takes an opt-out back: for whoever else it is for.
pub(super) fn is_word(message: &Inbound, languages: &[crate::domain::language::Language]) -> bool {
    let is_tap = matches!(message.content, InboundContent::ButtonReply { .. } | InboundContent::ListReply { .. });
    let words = || Intent::of(&Normalized::of(&message.text), message.kind, languages, false);
    matches!(message.content, InboundContent::OptOut { .. }) || (!is_tap && !message.text.is_empty() && words().is_some())
}

/// What an opt-out, opt-in or help word comes to.
pub(super) struct Word {
    pub intent: Intent,
    /// The provider has already answered it.
    pub by_provider: bool,
}

impl Turning<'_> {
    /// What the provider itself says of marketing: the contact wants none any more, or wants it again.
    pub(super) fn marketing_word(&mut self, message: &Inbound) {
        let InboundContent::OptOut { word, scope } = &message.content else { return };
        if scope.as_deref() != Some("marketing") {
            return;
        }
        let bit = message.kind.stop_bit();
        match Intent::of_provider(word) {
            Some(Intent::OptOut) => self.rec.withdraws(message.kind, self.now),
            Some(Intent::OptIn) => self.rec.consent |= bit,
            _ => return,
        }
        let value = self.rec.field("marketing").unwrap_or_default();
        self.journal(Event::ContactChanged { name: "marketing".to_owned(), value, by: None });
    }

    /// The word that this message is, if it is one.
    pub(super) fn word(&self, message: &Inbound, words: &Normalized) -> Option<Word> {
        if let InboundContent::OptOut { word, scope } = &message.content {
            let all = scope.as_deref() != Some("marketing");
            return Intent::of_provider(word).filter(|_| all).map(|intent| Word { intent, by_provider: true });
        }
        if words.is_empty() {
            return None;
        }
        let stopped = self.rec.is_stopped(message.kind);
        let of = |languages: &[_]| Intent::of(words, message.kind, languages, stopped);
        let (languages, own) = (self.catalog.languages(), self.project.language);
        // Who is spoken to in a language may answer in it, also where no flow speaks it any more.
        let more = [Some(own), self.rec.language].into_iter().flatten().filter(|language| !languages.contains(language));
        let intent = of(languages).or_else(|| more.into_iter().find_map(|language| of(&[language])))?;
        // Of somebody who did not opt out it changes nothing: flows may have it.
        (intent != Intent::OptIn || stopped).then_some(Word { intent, by_provider: false })
    }

    /// The contact wants no more messages on this kind of channel: all runs end, one confirmation leaves.
    pub(super) fn opt_out(&mut self, message: &Inbound, by_provider: bool) {
        let how = if by_provider { "provider" } else { "word" };
        if self.stop_kind(message.kind, how) && !by_provider {
            self.say_system(message, System::OptedOut);
        }
    }

    /// No more messages of this medium. True if that is new.
    pub(super) fn stop_kind(&mut self, kind: ChannelKind, how: &str) -> bool {
        let before = self.rec.is_stopped(kind);
        self.rec.stop |= kind.stop_bit();
        for run in std::mem::take(&mut self.rec.runs) {
            self.end_run(run, "opted_out", format!("the contact opted out of {kind}"));
        }
        for waiting in std::mem::take(&mut self.rec.waiting) {
            self.drop_start(&waiting, Refusal::OptedOut);
        }
        self.rec.unanswered.clear();
        self.drop_all("the contact opted out");
        self.rec.withdraws(kind, self.now);
        if !before {
            self.journal(Event::OptedOut { kind, how: how.to_owned() });
        }
        !before
    }

    /// The contact wants messages again.
    pub(super) fn opt_in(&mut self, message: &Inbound, by_provider: bool) {
        if !self.rec.is_stopped(message.kind) {
            return;
        }
        self.rec.stop &= !message.kind.stop_bit();
        let how = if by_provider { "provider" } else { "word" };
        self.journal(Event::OptedIn { kind: message.kind, how: how.to_owned() });
        if !by_provider {
            self.say_system(message, System::OptedIn);
        }
    }

    /// The contact asks who writes and how to stop it.
    pub(super) fn help(&mut self, message: &Inbound, by_provider: bool) {
        if !by_provider && !self.rec.is_stopped(message.kind) {
            self.say_system(message, System::Help);
        }
    }

    /// Where whoever wrote a message hears of it: where they wrote from, unless that is a number or an id that they have given up since.
    fn answered_at(&self, message: &Inbound) -> Address {
        let now = self.rec.is_from_before(message).then(|| self.rec.address(message.kind)).flatten();
        now.unwrap_or_else(|| message.from.clone())
    }

    fn say_system(&mut self, message: &Inbound, system: System) {
        let texts = &self.project.texts;
        let texts = match system {
            System::OptedOut => &texts.opted_out,
            System::OptedIn => &texts.opted_in,
            System::Help => &texts.help,
        };
        let text = template::system_text(texts, self.rec.language.unwrap_or(self.project.language)).to_owned();
        let info = self.project.channels.get(&message.channel);
        let route = Route {
            channel: message.channel.clone(),
            kind: message.kind,
            shows: info.map(|info| info.shows).unwrap_or_default(),
            to: self.answered_at(message),
            open: true,
        };
        let from = From { system: Some(system), ..From::default() };
        if text.is_empty() || self.send(&route, OutboundContent::Text { text }, from).is_err() {
            self.note(None, format!("`{}` was not said", system.as_str()));
        }
    }
}
