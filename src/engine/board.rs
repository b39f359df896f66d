//! A team's own record: alerts come into its mailbox, the first of a kind is told at once, equal ones are counted until their
//! window ends. It is a record like a contact's, so that a count survives whatever dies, and is one over all instances.

use super::alert_text::{self, Words};
use super::effect::{Effect, Receiver, Tell};
use super::record::{Board, Window};
use super::turning::Turning;
use crate::config::project::{TeamRules, Way};
use crate::domain::alert::{About, Alerts, Raised, tell_set};
use crate::domain::id::RunId;
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::time::Millis;

impl Turning<'_> {
    /// Takes alerts in.
    pub(super) fn alerts(&mut self, alerts: &Alerts) {
        self.close_windows();
        let (now, window) = (self.now, self.project.alerts.window);
        let board = self.rec.board.get_or_insert_with(|| Box::new(Board::new(alerts.team.clone())));
        for raised in &alerts.raised {
            let key = raised.key();
            if let Some(open) = board.windows.iter_mut().find(|open| open.key == key) {
                open.more = open.more.saturating_add(raised.times);
            } else if board.windows.len() < limits::ALERT_WINDOWS {
                let (raised, more) = (raised.clone(), raised.times.saturating_sub(1));
                board.windows.push(Window { key, until: now + window, raised, fresh: true, more });
            } else {
                if board.rest == 0 {
                    board.rest_until = now + window.min(limits::ALERT_REST);
                }
                board.rest = board.rest.saturating_add(raised.times);
            }
        }
    }

    /// Windows that counted nothing until their end are over.
    fn close_windows(&mut self) {
        let now = self.now;
        if let Some(board) = &mut self.rec.board {
            board.windows.retain(|window| window.fresh || window.more > 0 || window.until > now);
        }
    }

    /// Tells what is to be told now, as far as there is room in one turn; the rest is told in the next, at once.
    pub(super) fn tell_team(&mut self) {
        let Some(mut board) = self.rec.board.take() else { return };
        let project = self.project;
        match project.alerts.teams.get(&board.team) {
            Some(team) => self.tell_board(&mut board, team),
            // Nobody configured it any more: there is nobody to tell.
            None => {
                (board.windows, board.rest) = (Vec::new(), 0);
                self.note(None, format!("there is no team `{}` any more", board.team));
            }
        }
        self.rec.board = Some(board);
        self.close_windows();
    }

    fn tell_board(&mut self, board: &mut Board, team: &TeamRules) {
        let (now, window) = (self.now, self.project.alerts.window);
        for place in 0..board.windows.len() {
            if !self.room_to_tell(team) {
                return;
            }
            let open = &mut board.windows[place];
            if open.fresh {
                open.fresh = false;
                let words = alert_text::first(&open.raised, self.project);
                self.tell_all(board, place, team, words);
            } else if open.until <= now && open.more > 0 {
                let words = alert_text::more(&open.raised, open.more, window, self.project);
                // It goes on: what comes next is counted again, not told at once.
                (open.more, open.until) = (0, now + window);
                self.tell_all(board, place, team, words);
            }
        }
        if board.rest > 0 && board.rest_until <= now && self.room_to_tell(team) {
            let words = alert_text::rest(board.rest);
            board.rest = 0;
            self.tell_each(&board.team.clone(), team, AlertLevel::Warning, words);
        }
    }

    fn room_to_tell(&self, team: &TeamRules) -> bool {
        self.out.effects.len() + team.ways.len() <= limits::EFFECTS_PER_TURN
    }

    fn tell_all(&mut self, board: &Board, place: usize, team: &TeamRules, words: Words) {
        let level = board.windows[place].raised.level;
        self.tell_each(&board.team, team, level, words);
    }

    fn tell_each(&mut self, name: &crate::domain::name::Slug, team: &TeamRules, level: AlertLevel, words: Words) {
        let kind = match level {
            AlertLevel::Info => "alert.info",
            AlertLevel::Warning => "alert.warning",
            AlertLevel::Urgent => "alert.urgent",
        };
        for way in &team.ways {
            let to = match way {
                Way::Email(address) => Receiver::Email(address.clone()),
                Way::Sms(address) => Receiver::Sms(address.clone()),
                Way::Slack(n) => Receiver::Slack(*n),
            };
            let endpoint = tell_set(to.medium());
            let text = if matches!(to, Receiver::Sms(_)) { words.short.clone() } else { words.text.clone() };
            let tell = Tell { team: name.clone(), to, subject: words.subject.clone(), text, at: self.store_now() };
            // Whoever calls this has looked that there is room.
            if let Ok(effect) = self.effect(Effect::Tell(Box::new(tell))) {
                let run: Option<RunId> = None;
                self.journal(Event::Hooked { effect, run, endpoint, kind: kind.to_owned(), message: None });
            }
        }
    }

    /// Whether this is a team's record: nothing but alerts happens to it. Who answers an alert by mail writes to nobody.
    pub(super) fn is_board(&self) -> bool {
        self.rec.board.is_some()
    }
}

/// An alert that says nothing has happened.
pub fn trial(at: Millis) -> Raised {
    Raised {
        about: About::Test,
        level: AlertLevel::Info,
        flow: None,
        state: None,
        say: "This is a test: alerts for this team arrive here".to_owned(),
        contact: None,
        ending: None,
        simulated: false,
        at,
        times: 1,
    }
}
