//! What a drawing says of states, actions and starts, in a few words.

use crate::domain::language::Language;
use crate::flow::definition::{
    Act, Action, AgainOr, Answer, Anytime, AnytimeTrigger, Ask, Flow, Kind, Message, Say, Start, State, Target, Texts, Then,
    Trigger, Wait, WaitFor,
};

/// Lines in a box: what is more is not said.
const LINES: usize = 5;
/// Characters of a line.
const WIDTH: usize = 38;

/// What a state does, one line each.
pub(super) fn state(flow: &Flow, state: &State, language: Language) -> Vec<String> {
    let mut lines = actions(flow, &state.actions, language);
    match &state.kind {
        Kind::Pass(_) | Kind::End(_) => {}
        Kind::Ask(ask) => question(flow, ask, language, &mut lines),
        Kind::Call(call) => lines.push(format!("{} {}{}", call.method, call.api, call.path.source())),
        Kind::Wait(wait) => lines.push(waits(wait)),
        Kind::Split(split) => {
            let arms: Vec<String> = split.arms.iter().map(|(name, weight)| format!("{name} {weight}")).collect();
            lines.push(format!("split {}", arms.join(", ")));
        }
        Kind::Deliver(deliver) => {
            lines.push(notification(flow, deliver.notify.name.as_str(), language));
            lines.push(format!("until {} within {}", deliver.until.as_str(), deliver.within));
        }
        Kind::Digest(digest) => lines.push(format!("collects {} for {}", digest.event, digest.window)),
        Kind::Handoff(handoff) => lines.push(format!("hands over to {}", handoff.to)),
        Kind::Run(run) => lines.push(format!("run {}", run.flow)),
    }
    if let Kind::End(name) = &state.kind {
        lines.push(format!("end: {name}"));
    }
    if lines.len() > LINES {
        lines.truncate(LINES - 1);
        lines.push("…".to_owned());
    }
    lines.iter().map(|line| short(line)).collect()
}

/// What actions do, one line each.
pub(super) fn actions(flow: &Flow, actions: &[Action], language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    for action in actions {
        let when = if action.condition.is_some() { "perhaps " } else { "" };
        let mut line = |text: String| lines.push(short(&format!("{when}{text}")));
        match &action.act {
            Act::Say(messages) => messages.iter().for_each(|message| line(said(message, language))),
            Act::Notify(notify) => line(notification(flow, notify.name.as_str(), language)),
            Act::Set(set) => {
                let names: Vec<String> = set.iter().map(|(to, _)| destination(flow, to)).collect();
                line(format!("set {}", names.join(", ")));
            }
            Act::Tag(tags) => line(format!("tag {}", list(tags))),
            Act::Untag(tags) => line(format!("untag {}", list(tags))),
            Act::Emit { event, .. } => line(format!("emit {event}")),
            Act::Alert { say, .. } => line(format!("alert: {}", text(say, language))),
        }
    }
    lines
}

fn destination(flow: &Flow, to: &crate::flow::definition::Destination) -> String {
    use crate::flow::definition::Destination;
    match to {
        Destination::Variable(slot) => flow.variables.get_index(slot.0 as usize).map_or_else(String::new, |(n, _)| n.to_string()),
        Destination::Contact(name) => format!("contact.{name}"),
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn question(flow: &Flow, ask: &Ask, language: Language, lines: &mut Vec<String>) {
    match &ask.question {
        Some(Say::Message(message)) => lines.push(said(message, language)),
        Some(Say::Notify(notify)) => lines.push(notification(flow, notify.name.as_str(), language)),
        None => {}
    }
    if let Some(kind) = expected(&ask.answer) {
        lines.push(format!("awaits {kind}"));
    }
}

/// What is expected, where the arrows do not say it.
fn expected(answer: &Answer) -> Option<&'static str> {
    Some(match answer {
        Answer::Choice(_) | Answer::YesNo => return None,
        Answer::Text { .. } => "a text",
        Answer::Choices(_) => "several choices",
        Answer::Pick(_) => "an item of a list",
        Answer::Number { .. } => "a number",
        Answer::Date(_) => "a day",
        Answer::Time(_) => "a time",
        Answer::Moment(_) => "a day and a time",
        Answer::Phone { .. } => "a phone number",
        Answer::Email => "an email address",
        Answer::Pattern(_) => "a text of a pattern",
        Answer::Location => "a place",
        Answer::Media { .. } => "files",
        Answer::Any => "any reply",
    })
}

fn waits(wait: &Wait) -> String {
    let what = match &wait.until {
        WaitFor::For(span) => format!("wait {span}"),
        WaitFor::Days { days: 0, at: Some(at) } => format!("wait until {}", at.strftime("%H:%M")),
        WaitFor::Days { days, at: Some(at) } => format!("wait {days} days, until {}", at.strftime("%H:%M")),
        WaitFor::Days { days, at: None } => format!("wait {days} days"),
        WaitFor::Until(moment) => format!("wait until {}", moment.source()),
        WaitFor::Event { name, .. } => format!("wait for {name}"),
    };
    match &wait.hours {
        Some(hours) => format!("{what}, in hours {hours}"),
        None => what,
    }
}

fn said(message: &Message, language: Language) -> String {
    let own = message.text.as_ref().or_else(|| message.by_kind.iter().find_map(|(_, variant)| variant.text.as_ref()));
    own.map_or_else(|| "a file".to_owned(), |texts| format!("“{}”", text(texts, language)))
}

fn notification(flow: &Flow, name: &str, language: Language) -> String {
    let message = flow.notifications.get(name).map(|notification| &notification.message);
    message.map_or_else(|| format!("notify {name}"), |message| said(message, language))
}

fn text(texts: &Texts, language: Language) -> String {
    texts.pick(language).source().lines().next().unwrap_or("").to_owned()
}

/// The head and the lines of what begins a run.
pub(super) fn start(start: &Start) -> (String, Vec<String>) {
    let head = match &start.trigger {
        Trigger::Event(name) => format!("event {name}"),
        Trigger::Webhook(name) => format!("webhook {name}"),
        Trigger::Keyword(words) => format!("keyword {}", words.join(", ")),
        Trigger::AnyMessage => "any message".to_owned(),
    };
    (short(&head), condition(start.condition.as_ref()))
}

/// The same of an entry of `anytime`.
pub(super) fn anytime(entry: &Anytime) -> (String, Vec<String>) {
    let what = match &entry.trigger {
        AnytimeTrigger::Event { name, .. } => format!("event {name}"),
        AnytimeTrigger::Keyword(words) => format!("keyword {}", words.join(", ")),
        AnytimeTrigger::Command(command) => format!("command {}", command.as_str()),
    };
    (short(&format!("anytime: {what}")), condition(entry.condition.as_ref()))
}

fn condition(condition: Option<&crate::flow::expression::Expression>) -> Vec<String> {
    condition.map(|condition| short(&format!("if {}", condition.source()))).into_iter().collect()
}

/// What `defaults` says, one line for each trouble.
pub(super) fn decided_for_all(flow: &Flow) -> Vec<String> {
    let defaults = &flow.defaults;
    let of = |name: &str, target: Option<&Target>| Some(format!("{name} → {}", leads(flow, target?)));
    let silence = defaults.silence.as_ref().map(|silence| {
        let after = silence.after.map_or_else(String::new, |after| format!(" {after}"));
        let to = silence.target.as_ref().map_or_else(String::new, |target| format!(" → {}", leads(flow, target)));
        format!("silence{after}{to}")
    });
    let others = [
        of("nomatch", defaults.nomatch.as_ref()),
        silence,
        of("undelivered", defaults.undelivered.as_ref()),
        of("failed", defaults.failed.as_ref()),
    ];
    others.into_iter().flatten().map(|line| format!("where a state does not say: {line}")).collect()
}

/// Where a target leads, in a few words.
fn leads(flow: &Flow, target: &Target) -> String {
    match target {
        Target::State(id) => flow.state_name(*id).to_owned(),
        Target::Ways(ways) => {
            let all: Vec<String> = ways.iter().map(|way| leads(flow, &way.target)).collect();
            all.join(" or ")
        }
        Target::Step(step) => match &step.then {
            Then::Go(target) => leads(flow, target),
            Then::End(name) => format!("end {name}"),
            Then::Again { times, or } => {
                let after = match &**or {
                    AgainOr::Go(target) => leads(flow, target),
                    AgainOr::End(name) => format!("end {name}"),
                };
                format!("again {times} times, then {after}")
            }
        },
    }
}

/// A line as long as a box is wide.
pub(super) fn short(line: &str) -> String {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= WIDTH {
        return line;
    }
    let cut: String = line.chars().take(WIDTH - 1).collect();
    let quoted = line.starts_with('“');
    format!("{}…{}", cut.trim_end(), if quoted { "”" } else { "" })
}
