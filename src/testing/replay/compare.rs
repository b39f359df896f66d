//! Where two conversations differ. What only sounds different is noted and passed; where the ways part, everything after is
//! another conversation, and nothing more is said.

use super::item::Item;
use crate::flow::definition::Flow;
use serde::Serialize;
use std::fmt;

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A run fails that did not.
    Fails,
    /// A reply is taken for something else.
    Understood,
    /// The draft goes to another state.
    State,
    /// It ends otherwise.
    End,
    /// A run begins where none did.
    Begins,
    /// No run begins where one did.
    BeginsNot,
    /// A message reads otherwise.
    Text,
    /// A message has other buttons.
    Buttons,
    /// A message goes over another channel.
    Channel,
    /// A message more.
    More,
    /// A message less.
    Fewer,
    /// A call that was never made, so that there is no answer to it.
    NeverAsked,
    /// A call that is no longer made.
    AsksNot,
    /// A variable gets another value.
    Value,
    /// An alert or event is another, or one more or less.
    Told,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Fails => "the run fails",
            What::Understood => "a reply is understood otherwise",
            What::State => "another state",
            What::End => "another end",
            What::Begins => "a run begins",
            What::BeginsNot => "no run begins",
            What::Text => "the text of a message",
            What::Buttons => "the buttons of a message",
            What::Channel => "the channel of a message",
            What::More => "a message more",
            What::Fewer => "a message less",
            What::NeverAsked => "asks what was never asked",
            What::AsksNot => "a call is not made",
            What::Value => "the value of a variable",
            What::Told => "an alert or event",
        })
    }
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What kind it is.
    pub what: What,
    /// The state in which it is, or what else names its place.
    pub place: String,
    /// What was recorded.
    pub recorded: String,
    /// What the draft does.
    pub draft: String,
}

/// The differences of a conversation, each kind once at a place.
pub(super) fn differences(recorded: &[Item], draft: &[Item], unasked: &[String], flow: &Flow) -> Vec<Difference> {
    let mut compare = Compare { flow, unasked, found: Vec::new(), place: String::new(), wrote: None, sure: 0 };
    compare.walk(recorded, draft);
    compare.found
}

struct Compare<'a> {
    flow: &'a Flow,
    unasked: &'a [String],
    found: Vec<Difference>,
    place: String,
    /// What the contact wrote last, until an answer was made of it.
    wrote: Option<String>,
    /// How many differences were found when both were at one place last: if their ways part from there, the others are what
    /// follows from that.
    sure: usize,
}

impl Compare<'_> {
    fn found(&mut self, what: What, recorded: String, draft: String) {
        self.found_at(what, self.place.clone(), recorded, draft);
    }

    fn found_at(&mut self, what: What, place: String, recorded: String, draft: String) {
        let place = if place.is_empty() { "before any run".to_owned() } else { place };
        if !self.found.iter().any(|known| known.what == what && known.place == place) {
            self.found.push(Difference { what, place, recorded, draft });
        }
    }

    fn walk(&mut self, recorded: &[Item], draft: &[Item]) {
        let (mut r, mut d) = (0, 0);
        loop {
            match (recorded.get(r), draft.get(d)) {
                (None, None) => return,
                (Some(a), Some(b)) => match self.pair(a, b) {
                    Pair::Same => {
                        (r, d) = (r + 1, d + 1);
                        if is_anchor(a) {
                            self.sure = self.found.len();
                        }
                    }
                    Pair::Apart => match self.skip(&recorded[r..], &draft[d..]) {
                        Some((by_r, by_d)) => (r, d) = (r + by_r, d + by_d),
                        None => return self.part(&recorded[r..], &draft[d..]),
                    },
                },
                _ => match self.skip(&recorded[r..], &draft[d..]) {
                    Some((by_r, by_d)) => (r, d) = (r + by_r, d + by_d),
                    None => return self.part(&recorded[r..], &draft[d..]),
                },
            }
        }
    }

    /// Whether two things that stand at one place are the same, apart from how they sound.
    fn pair(&mut self, a: &Item, b: &Item) -> Pair {
        match (a, b) {
            (Item::Wrote { text, decision: x }, Item::Wrote { decision: y, .. }) => {
                self.wrote = Some(text.clone());
                let answer =
                    |d| matches!(d, &crate::domain::journal::Decision::Answer | &crate::domain::journal::Decision::NoMatch);
                // What an answer is taken for is seen where the state is left.
                if x == y || (answer(x) && answer(y)) { Pair::Same } else { Pair::Apart }
            }
            (Item::Came { name: x, decision: a }, Item::Came { name: y, decision: b }) if x == y && a == b => {
                self.wrote = None;
                Pair::Same
            }
            (Item::Began { flow: x }, Item::Began { flow: y }) if x == y || self.is_called(x, y) => Pair::Same,
            (Item::Entered { flow: f, state: x }, Item::Entered { flow: g, state: y }) if f == g || self.is_called(f, g) => {
                if x != y && !self.was(x, y) {
                    return Pair::Apart;
                }
                self.place.clone_from(y);
                Pair::Same
            }
            (Item::Left { state: s, outcome: x }, Item::Left { state: t, outcome: y }) => {
                if x != y || (s != t && !self.was(s, t)) {
                    return Pair::Apart;
                }
                self.wrote = None;
                Pair::Same
            }
            (Item::Set { name: x, value: a }, Item::Set { name: y, value: b }) if x == y => {
                if a != b && !about_the_same_moment(a, b) {
                    self.found(What::Value, format!("{x} = {a}"), format!("{x} = {b}"));
                }
                Pair::Same
            }
            (Item::Called { call: x }, Item::Called { call: y }) if x == y => Pair::Same,
            (Item::Alert { say: x }, Item::Alert { say: y }) if x == y => Pair::Same,
            (Item::Emitted { event: x }, Item::Emitted { event: y }) if x == y => Pair::Same,
            (Item::Ended { end: x, .. }, Item::Ended { end: y, .. }) if x == y => Pair::Same,
            (Item::Message { text: x, buttons: p, channel: k }, Item::Message { text: y, buttons: q, channel: l })
                if (x, p, k) == (y, q, l) =>
            {
                Pair::Same
            }
            _ => Pair::Apart,
        }
    }

    /// Passes what one side has and the other has not, or has in other words: by how many on each side.
    fn skip(&mut self, recorded: &[Item], draft: &[Item]) -> Option<(usize, usize)> {
        let (a, b) = (recorded.first(), draft.first());
        if let (Some(a), Some(b)) = (a, b) {
            let extra = !is_anchor(b) && is_near(a, &draft[1..]);
            let missing = !is_anchor(a) && is_near(b, &recorded[1..]);
            match (a, b) {
                (Item::Message { .. }, Item::Message { .. }) => {}
                _ if extra && !missing => return self.skip(&[], draft),
                _ if missing && !extra => return self.skip(recorded, &[]),
                _ => {}
            }
        }
        match (a, b) {
            (Some(Item::Message { .. }), Some(Item::Message { .. })) => Some(self.messages(recorded, draft)),
            (Some(Item::Alert { say: x }), Some(Item::Alert { say: y })) => {
                self.found(What::Told, format!("alert: {x}"), format!("alert: {y}"));
                Some((1, 1))
            }
            (Some(Item::Called { call: x }), Some(Item::Called { call: y })) => {
                let what = if self.unasked.contains(y) { What::NeverAsked } else { What::AsksNot };
                self.found(what, x.clone(), y.clone());
                Some((1, 1))
            }
            (_, Some(Item::Message { text, .. })) => {
                self.found(What::More, String::new(), text.clone());
                Some((0, 1))
            }
            (Some(Item::Message { text, .. }), _) => {
                self.found(What::Fewer, text.clone(), String::new());
                Some((1, 0))
            }
            (_, Some(Item::Called { call })) => {
                self.found(What::NeverAsked, String::new(), call.clone());
                Some((0, 1))
            }
            (Some(Item::Called { call }), _) => {
                self.found(What::AsksNot, call.clone(), String::new());
                Some((1, 0))
            }
            (_, Some(item @ (Item::Alert { .. } | Item::Emitted { .. }))) => {
                self.found(What::Told, String::new(), line(item));
                Some((0, 1))
            }
            (Some(item @ (Item::Alert { .. } | Item::Emitted { .. })), _) => {
                self.found(What::Told, line(item), String::new());
                Some((1, 0))
            }
            (_, Some(Item::Set { name, value })) => {
                self.found(What::Value, String::new(), format!("{name} = {value}"));
                Some((0, 1))
            }
            (Some(Item::Set { name, value }), _) => {
                self.found(What::Value, format!("{name} = {value}"), String::new());
                Some((1, 0))
            }
            _ => None,
        }
    }

    /// Two messages that are not the same: in other words, or one of them more or less.
    fn messages(&mut self, recorded: &[Item], draft: &[Item]) -> (usize, usize) {
        let (Some(Item::Message { text: x, buttons: p, channel: k }), Some(Item::Message { text: y, buttons: q, channel: l })) =
            (recorded.first(), draft.first())
        else {
            return (1, 1);
        };
        if x != y {
            let same = |item: Option<&Item>, text: &str| matches!(item, Some(Item::Message { text: t, .. }) if t == text);
            if same(recorded.get(1), y) && !same(draft.get(1), x) {
                self.found(What::Fewer, x.clone(), String::new());
                return (1, 0);
            }
            if same(draft.get(1), x) {
                self.found(What::More, String::new(), y.clone());
                return (0, 1);
            }
            self.found(What::Text, x.clone(), y.clone());
        }
        if p != q {
            self.found(What::Buttons, format!("[{}]", p.join("] [")), format!("[{}]", q.join("] [")));
        }
        if k != l {
            self.found(What::Channel, k.clone(), l.clone());
        }
        (1, 1)
    }

    /// The ways part: that is said once, by what made them part.
    fn part(&mut self, recorded: &[Item], draft: &[Item]) {
        let (a, b) = (recorded.first(), draft.first());
        let since = &self.found[self.sure.min(self.found.len())..];
        // A call without an answer is why the ways part.
        if since.iter().any(|difference| difference.what == What::NeverAsked) {
            return;
        }
        let mut n = 0;
        self.found.retain(|difference| {
            n += 1;
            n <= self.sure || matches!(difference.what, What::Text | What::Buttons | What::Channel)
        });
        if let Some(Item::Ended { end, reason }) = b
            && end == "failed"
        {
            return self.found(What::Fails, a.map_or_else(String::new, line), reason.clone());
        }
        match (a, b) {
            (Some(Item::Left { state: s, outcome: x }), Some(Item::Left { state: t, outcome: y }))
                if s == t || self.was(s, t) =>
            {
                let what = if self.wrote.is_some() { What::Understood } else { What::State };
                let wrote = self.wrote.as_ref().map_or_else(String::new, |text| format!("\"{text}\" is "));
                self.found_at(what, s.clone(), format!("{wrote}{x}"), format!("{wrote}{y}"));
            }
            (Some(Item::Wrote { text, decision: x }), Some(Item::Wrote { decision: y, .. })) => {
                let taken = |d: &crate::domain::journal::Decision| format!("\"{text}\" is {}", word(d));
                self.found(What::Understood, taken(x), taken(y));
            }
            (Some(Item::Ended { end, .. }), Some(Item::Ended { end: other, .. })) => {
                self.found(What::End, end.clone(), other.clone());
            }
            (_, Some(Item::Began { flow })) => {
                self.found(What::Begins, a.map_or_else(String::new, line), format!("a run of {flow} begins"));
            }
            (Some(Item::Began { flow }), _) => {
                self.found(What::BeginsNot, format!("a run of {flow} begins"), b.map_or_else(String::new, line));
            }
            _ => {
                let side = |item: Option<&Item>| item.map_or_else(|| "nothing more".to_owned(), line);
                let what = match (a, b) {
                    (Some(Item::Ended { .. }), _) | (_, Some(Item::Ended { .. })) => What::End,
                    _ => What::State,
                };
                self.found(what, side(a), side(b));
            }
        }
    }

    fn is_called(&self, recorded: &str, draft: &str) -> bool {
        self.flow.name.as_str() == draft && self.flow.was.iter().any(|was| was.as_str() == recorded)
    }

    /// Whether a state of the draft was called so.
    fn was(&self, recorded: &str, draft: &str) -> bool {
        let state = self.flow.states.get(draft);
        state.is_some_and(|state| state.was.iter().any(|was| was.as_str() == recorded))
    }
}

/// Whether both are moments less than a minute from each other: a timer of the service fires a little after it is due.
fn about_the_same_moment(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    let moment = |value: &serde_json::Value| value.as_str()?.parse::<jiff::Timestamp>().ok();
    match (moment(a), moment(b)) {
        (Some(a), Some(b)) => a.duration_since(b).abs().as_secs() < 60,
        _ => false,
    }
}

enum Pair {
    Same,
    Apart,
}

/// Whether it is a place of a conversation, not only something on the way.
fn is_anchor(item: &Item) -> bool {
    matches!(
        item,
        Item::Wrote { .. }
            | Item::Came { .. }
            | Item::Began { .. }
            | Item::Entered { .. }
            | Item::Left { .. }
            | Item::Ended { .. }
    )
}

/// Whether the like of it comes before the next place.
fn is_near(item: &Item, among: &[Item]) -> bool {
    let like = |other: &&Item| match (item, other) {
        (Item::Message { .. }, Item::Message { .. }) => true,
        (item, other) => item == *other,
    };
    among.iter().take_while(|other| !is_anchor(other)).any(|other| like(&other))
}

/// One thing in words.
fn line(item: &Item) -> String {
    match item {
        Item::Entered { state, .. } => format!("→ {state}"),
        Item::Left { state, outcome } => format!("{state}: {outcome}"),
        Item::Ended { end, .. } => format!("ends as {end}"),
        Item::Wrote { text, .. } => format!("goes on with \"{text}\""),
        Item::Came { name, .. } => format!("goes on with {name}"),
        Item::Began { flow } => format!("a run of {flow} begins"),
        Item::Set { name, value } => format!("{name} = {value}"),
        Item::Message { text, .. } => text.clone(),
        Item::Called { call } => call.clone(),
        Item::Alert { say } => format!("alert: {say}"),
        Item::Emitted { event } => format!("event: {event}"),
    }
}

/// What a message was taken for, in words.
fn word(decision: &crate::domain::journal::Decision) -> &'static str {
    use crate::domain::journal::Decision;
    match decision {
        Decision::OptOut => "an opt-out",
        Decision::OptIn => "an opt-in",
        Decision::Help => "a call for help",
        Decision::Answer => "an answer",
        Decision::Gathered => "a part of an answer",
        Decision::Anytime => "a word of anytime",
        Decision::Start | Decision::StartWaits => "the start of a run",
        Decision::StartIgnored => "a start that begins nothing",
        Decision::NoMatch => "not understood",
        Decision::Inbox => "for the inbox",
        Decision::Ignored => "ignored",
        Decision::Late => "a late reply",
        Decision::Awaited => "awaited",
        Decision::TooOld => "too old",
        Decision::Flooded => "one too many",
        Decision::Person => "for a person",
        Decision::Collected => "collected",
    }
}
