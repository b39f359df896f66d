//! Desks: what a hand-off has done at the help-desk service of its team, and what persons do there. Everything is decided in
//! the commit of what it follows from. One task of a hand-off is under way at a time and the record keeps what comes after it,
//! so the desk hears everything in order and each task knows the conversation that an earlier one began.

mod told;

use super::effect::{Desk, Effect};
use super::record::{DeskTalk, Farewell, Recent, Run, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use crate::config::project::DeskInfo;
use crate::domain::desk::{DeskDone, DeskJob, DeskLine, DeskOpening, DeskOutcome, DeskPlace, DeskTask, TalkId};
use crate::domain::handoff::HandoffOpened;
use crate::domain::id::{DedupeHash, RunId};
use crate::domain::input::{Accepted, OperatorAction};
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::time::Millis;
use told::Told;

impl Turning<'_> {
    /// Has the desks told what this turn did, and the next task of each hand-off begun.
    pub(super) fn tell_desks(&mut self) {
        if self.project.desks.is_empty() && self.rec.desks.is_empty() {
            self.rec.recent.clear();
            return;
        }
        let told: Vec<Told> = self.out.events.iter().filter_map(|event| self.told(event)).collect();
        for told in told {
            match told {
                Told::Opened(opened) => self.open_at_desk(&opened),
                Told::Contact(text) => self.say_at_desks(true, &text, |_| true),
                Told::Wrote { by, text, refused } => self.person_said(&by, &text, refused.as_deref()),
                Told::Taken { run, by } => {
                    let here = self.at_desk;
                    let text = format!("{by} has taken the conversation over.");
                    self.say_at_desks(false, &text, |talk| talk.run == run && Some(talk.id) != here);
                }
                Told::Closed { run, outcome, by, note } => self.close_at_desks(run, &outcome, by.as_deref(), note.as_deref()),
                Told::Recent(recent) => self.keep_recent(recent),
            }
        }
        // Whatever ended a hand-off, its desk hears of it.
        for run in self.rec.desks.iter().filter(|talk| !talk.closed).map(|talk| talk.run).collect::<Vec<_>>() {
            if !self.rec.runs.iter().any(|live| live.id == run && live.is_with_person()) {
                self.close_at_desks(run, "over", None, None);
            }
        }
        self.work_desks();
    }

    fn keep_recent(&mut self, mut recent: Recent) {
        recent.text = cut(&recent.text, limits::RECENT_CHARS);
        if recent.text.trim().is_empty() {
            return;
        }
        self.rec.recent.push(recent);
        let from = self.now - limits::RECENT_FOR;
        let over = self.rec.recent.len().saturating_sub(limits::RECENT_MESSAGES);
        self.rec.recent.drain(..over);
        self.rec.recent.retain(|recent| recent.at >= from);
    }

    /// A line of this turn: the same if the turn is done again.
    fn line(&mut self, contact: bool, text: &str) -> DeskLine {
        let id = format!("rf-{}-{}", self.token, self.desk_lines);
        self.desk_lines += 1;
        DeskLine { id, contact, text: cut(text, limits::DESK_LINE_CHARS), at: self.store_now() }
    }

    fn open_at_desk(&mut self, opened: &HandoffOpened) {
        let Some(desk) = self.project.desk_of(&opened.to) else { return };
        let Some(run) = self.rec.runs.iter().find(|run| run.id == opened.run) else { return };
        let flow = run.flow.clone();
        while self.rec.desks.len() >= limits::DESK_TALKS {
            let gone = self.rec.desks.iter().position(|talk| talk.closed).unwrap_or(0);
            let gone = self.rec.desks.remove(gone);
            let say = format!("The desk `{}` was not told the end of a conversation: there are too many at one time", gone.desk);
            self.alert(Some(gone.run), say, AlertLevel::Warning);
        }
        let id = TalkId(DedupeHash::of(&["desk", &self.token.to_string(), &opened.run.to_string()]).0);
        let first = self.line(false, &self.overview(opened, flow.as_str()));
        let DeskInfo { name, share, .. } = desk.clone();
        let rec = &*self.rec;
        let opening = DeskOpening {
            team: opened.to.clone(),
            subject: cut(opened.note.as_deref().and_then(|note| note.lines().next()).unwrap_or(flow.as_str()), 150),
            name: rec.name.clone().filter(|_| share.name).map(|name| cut(&name, 100)),
            phone: rec.phone.as_ref().filter(|_| share.phone).map(|phone| phone.as_str().to_owned()),
            email: rec.email.clone().filter(|_| share.email),
            first,
        };
        self.rec.desks.push(DeskTalk::begin(id, opened.run, name, Some(Box::new(opening))));
    }

    /// What a team is told first: why, and what was said last.
    fn overview(&self, opened: &HandoffOpened, flow: &str) -> String {
        let mut text = format!("Handed over to {} by the flow {flow}.", opened.to);
        if let Some(note) = &opened.note {
            text.push_str("\n\n");
            text.push_str(note);
        }
        let from = self.now - limits::RECENT_FOR;
        let recent: Vec<&Recent> = self.rec.recent.iter().filter(|recent| recent.at >= from).collect();
        if !recent.is_empty() {
            text.push_str("\n\nWhat was said last:");
        }
        for recent in recent {
            let who = if recent.contact { "Customer" } else { "We" };
            text.push_str(&format!("\n{who}: {}", recent.text));
        }
        text
    }

    fn say_at_desks(&mut self, contact: bool, text: &str, of: impl Fn(&DeskTalk) -> bool) {
        let line = self.line(contact, text);
        let now = self.now;
        let mut behind = Vec::new();
        for talk in self.rec.desks.iter_mut().filter(|talk| !talk.closed && of(talk)) {
            if contact {
                behind.push(talk.run);
            }
            talk.push(line.clone());
        }
        for run in behind {
            self.deadline_counts(run, now);
        }
    }

    /// From now on the deadline of a hand-off counts although somebody took it: what the contact wrote is not there yet.
    fn deadline_counts(&mut self, run: RunId, from: Millis) {
        let Some(place) = self.rec.runs.iter().position(|live| live.id == run) else { return };
        let Ok((flow, handoff, _)) = self.handoff_of(&self.rec.runs[place]) else { return };
        let at = from + handoff.troubles.silence_after(&flow.defaults);
        if let Waiting::Person { taken: Some(_), behind, .. } = &mut self.rec.runs[place].waiting {
            behind.get_or_insert(at);
        }
    }

    fn person_said(&mut self, by: &str, text: &str, refused: Option<&str>) {
        let here = self.at_desk;
        match refused {
            Some(why) => {
                let text = format!("Not sent to the customer: {why}.");
                self.say_at_desks(false, &text, |talk| Some(talk.id) == here);
            }
            None => {
                let text = format!("{by} wrote to the customer: {text}");
                self.say_at_desks(false, &text, |talk| Some(talk.id) != here);
            }
        }
    }

    fn close_at_desks(&mut self, run: RunId, outcome: &str, by: Option<&str>, note: Option<&str>) {
        let text = match (outcome, by) {
            ("ok", Some(by)) => match note {
                Some(note) => format!("{by} has resolved it: {note}"),
                None => format!("{by} has resolved it."),
            },
            ("silence", _) => {
                "Nobody has taken this conversation over in time, and the flow has gone on. What is written here does not \
                               reach the customer any more."
                    .to_owned()
            }
            (outcome, _) => {
                format!("This conversation is over (`{outcome}`). What is written here does not reach the customer any more.")
            }
        };
        let line = self.line(false, &text);
        let here = self.at_desk;
        for talk in self.rec.desks.iter_mut().filter(|talk| talk.run == run && !talk.closed) {
            talk.closed = true;
            // Where it was resolved it is known.
            if outcome != "ok" || Some(talk.id) != here {
                // What nobody took is left open there: somebody should look at it.
                talk.farewell = Some(Box::new(Farewell { line: line.clone(), resolve: outcome != "silence" }));
            }
        }
    }

    /// Begins the next task of each hand-off, as far as there is room in this turn.
    fn work_desks(&mut self) {
        self.rec.desks.retain(|talk| !talk.is_over());
        for place in 0..self.rec.desks.len() {
            if !self.rec.desks[place].is_idle() {
                continue;
            }
            if self.out.effects.len() >= limits::EFFECTS_PER_TURN {
                return;
            }
            let missing = std::mem::take(&mut self.rec.desks[place].left_out);
            if missing > 0 && self.rec.desks[place].opening.is_none() {
                let line =
                    self.line(false, &format!("{missing} messages are left out here: the desk did not take them in time."));
                self.rec.desks[place].lines.insert(0, line);
            } else {
                self.rec.desks[place].left_out = missing;
            }
            let talk = &mut self.rec.desks[place];
            let job = match (talk.opening.take(), talk.lines.is_empty()) {
                (Some(opening), _) => DeskJob::Open(opening),
                (None, false) => DeskJob::Say(talk.lines.remove(0)),
                (None, true) => match talk.farewell.take() {
                    Some(farewell) => DeskJob::Close { line: farewell.line, resolve: farewell.resolve },
                    None => continue,
                },
            };
            let (run, desk, kind) = (talk.run, talk.desk.clone(), job.word().to_owned());
            let (conversation, party) = (talk.conversation.clone(), talk.party.clone());
            let task = DeskTask { desk: desk.clone(), talk: talk.id, run, conversation, party, job };
            let at = self.store_now();
            // There is room: it was looked at above.
            if let Ok(effect) = self.effect(Effect::Desk(Box::new(Desk { task, at }))) {
                self.rec.desks[place].doing = Some(effect);
                self.journal(Event::Hooked { effect, run: Some(run), endpoint: desk, kind, message: None });
            }
        }
    }

    /// A task at a desk ended.
    pub(super) fn desk_done(&mut self, done: &DeskDone) {
        let doing = self.rec.desks.iter().position(|talk| talk.doing == Some(done.effect));
        // One that was given up, and that an operator had done again, has begun after all.
        let begun = || self.rec.desks.iter().position(|talk| talk.id == done.talk && done.opened);
        let Some(place) = doing.or_else(begun) else { return self.late_at_desk(done) };
        let talk = &mut self.rec.desks[place];
        if doing.is_some() {
            talk.doing = None;
        }
        match &done.outcome {
            DeskOutcome::Done { conversation, party } => {
                talk.conversation.get_or_insert_with(|| conversation.clone());
                if party.is_some() {
                    talk.party.clone_from(party);
                }
                talk.given_up = false;
                let (run, owes) = (talk.run, talk.owes());
                if let Some(Waiting::Person { behind, .. }) =
                    self.rec.runs.iter_mut().find(|live| live.id == run && !owes).map(|run: &mut Run| &mut run.waiting)
                {
                    *behind = None;
                }
            }
            DeskOutcome::Failed { why } => {
                let (run, desk) = (talk.run, talk.desk.clone());
                if done.opened {
                    talk.given_up = true;
                    talk.lines.clear();
                    talk.left_out = 0;
                }
                let what = if done.opened { "a conversation" } else { "a message of a conversation" };
                let say = format!("The desk `{desk}` did not take {what}: {why}. The deadline of the hand-off decides");
                self.alert(Some(run), say, AlertLevel::Urgent);
                let now = self.now;
                self.deadline_counts(run, now);
            }
        }
    }

    /// Something ended there of which nothing is kept here: a conversation that began there after all is closed again.
    fn late_at_desk(&mut self, done: &DeskDone) {
        match &done.outcome {
            DeskOutcome::Done { conversation, party } if done.opened => {
                let place = DeskPlace { desk: done.desk.clone(), talk: done.talk, conversation: conversation.clone() };
                let text =
                    "This conversation was over before it began here. What is written here does not reach the customer any more.";
                self.tell_place(&place, party.clone(), done.run, text, true);
            }
            DeskOutcome::Done { .. } => {}
            DeskOutcome::Failed { why } => {
                self.note(Some(done.run), format!("the desk `{}` did not take the end of a conversation: {why}", done.desk));
            }
        }
    }

    /// Has something written into a conversation there that is none here any more.
    fn tell_place(&mut self, place: &DeskPlace, party: Option<String>, run: RunId, text: &str, resolve: bool) {
        if self.rec.desks.len() >= limits::DESK_TALKS {
            return;
        }
        let line = self.line(false, text);
        let (lines, farewell) = match resolve {
            true => (Vec::new(), Some(Box::new(Farewell { line, resolve }))),
            false => (vec![line], None),
        };
        let (id, desk, conversation) = (place.talk, place.desk.clone(), Some(place.conversation.clone()));
        let (opening, doing, left_out, closed, given_up) = (None, None, 0, true, false);
        let talk = DeskTalk { id, run, desk, opening, conversation, party, doing, lines, left_out, closed, farewell, given_up };
        self.rec.desks.push(talk);
    }

    /// A person did something at a desk.
    pub(super) fn at_desk(&mut self, accepted: &Accepted, place: &DeskPlace, act: &OperatorAction) -> Result<(), TurnError> {
        if !matches!(act, OperatorAction::Take { .. } | OperatorAction::Write { .. } | OperatorAction::Resolve { .. }) {
            return Err(TurnError::Damaged("an act that nobody does at a desk"));
        }
        let fits = |talk: &DeskTalk| {
            let same = talk.conversation.as_ref().is_none_or(|known| *known == place.conversation);
            talk.id == place.talk && talk.desk == place.desk && same
        };
        let found = self.rec.desks.iter_mut().find(|talk| fits(talk));
        if let Some(talk) = found.filter(|talk| !talk.closed) {
            // Somebody answered before we were told that it is there.
            talk.conversation.get_or_insert_with(|| place.conversation.clone());
            self.at_desk = Some(place.talk);
            return self.operator(accepted, act);
        }
        self.note(None, format!("a person did something at the desk `{}` in a conversation that is over here", place.desk));
        if let OperatorAction::Write { .. } = act {
            let text = "Not sent to the customer: this conversation is over.";
            let line = self.line(false, text);
            match self.rec.desks.iter_mut().find(|talk| fits(talk)) {
                Some(talk) => talk.push(line),
                None => self.tell_place(place, None, RunId(0), text, false),
            }
        }
        Ok(())
    }
}

impl DeskTalk {
    /// Whether its next task may begin.
    pub(super) fn is_idle(&self) -> bool {
        let stands = self.conversation.is_some() || self.opening.is_some();
        let work = self.opening.is_some() || !self.lines.is_empty() || self.left_out > 0 || self.farewell.is_some();
        self.doing.is_none() && stands && work && !self.given_up
    }

    /// Whether nothing more is to come of it.
    fn is_over(&self) -> bool {
        let unheard = self.opening.is_some() && self.doing.is_none();
        let nothing_left = self.lines.is_empty() && self.left_out == 0 && self.farewell.is_none();
        self.closed && self.doing.is_none() && (self.given_up || unheard || nothing_left || self.conversation.is_none())
    }
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
