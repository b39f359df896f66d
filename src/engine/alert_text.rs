//! The words of an alert, for people: what happened, where, to whom, since when, and what to do next. No phone number stands in
//! them, unless the author of a flow wrote one there.

use crate::config::project::Project;
use crate::domain::alert::{About, Raised};
use crate::domain::journal::AlertLevel;
use crate::domain::limits;
use crate::domain::time::{Millis, Span};
use jiff::Timestamp;

/// An alert as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// All of it; its first line is the subject.
    pub text: String,
    /// For text messages.
    pub short: String,
}

/// The first of its kind.
pub fn first(raised: &Raised, project: &Project) -> Words {
    let mut lines = places(raised);
    lines.push(format!("Since: {}", moment(raised.at, project)));
    lines.extend(advice(raised, project));
    words(raised, subject(raised, ""), lines)
}

/// Equal ones that were counted for a while.
pub fn more(raised: &Raised, more: u32, window: Span, project: &Project) -> Words {
    let times = if more == 1 { "once more".to_owned() } else { format!("{more} more times") };
    let mut lines = vec![format!("It happened {times} in the last {window}.")];
    if raised.contact.is_some() {
        lines.push("The first time was to this contact:".to_owned());
    }
    lines.extend(places(raised));
    lines.push(format!("Since: {}", moment(raised.at, project)));
    if raised.about == About::SetAside {
        lines.extend(advice(raised, project));
    } else if raised.contact.is_some() {
        lines.push("What happened to each: replyflow journal export".to_owned());
    }
    words(raised, subject(raised, &format!(" (and {more} more)")), lines)
}

/// Alerts of many kinds at once, of which only the first were told each for itself.
pub fn rest(n: u32) -> Words {
    let subject = match n {
        1 => "[warning] One more alert of another kind".to_owned(),
        n => format!("[warning] {n} more alerts of other kinds"),
    };
    let why = "More kinds of alerts came at once than are told one by one.";
    let text = format!("{subject}\n\n{why}\nAll of them: replyflow journal export");
    Words { short: cut(&subject), subject, text }
}

fn level(level: AlertLevel) -> &'static str {
    match level {
        AlertLevel::Info => "info",
        AlertLevel::Warning => "warning",
        AlertLevel::Urgent => "urgent",
    }
}

fn subject(raised: &Raised, behind: &str) -> String {
    let flow = raised.flow.as_ref().map(|flow| format!("{flow}: ")).unwrap_or_default();
    let say = raised.say.split_whitespace().collect::<Vec<_>>().join(" ");
    let simulated = if raised.simulated { "simulated: " } else { "" };
    let line = format!("[{}] {simulated}{flow}{say}", level(raised.level));
    let most = limits::EMAIL_SUBJECT_CHARS - behind.len();
    let shown: String = match line.chars().count() > most {
        true => line.chars().take(most - 1).chain(['…']).collect(),
        false => line,
    };
    format!("{shown}{behind}")
}

fn places(raised: &Raised) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(flow) = &raised.flow {
        let state = raised.state.as_ref().map(|state| format!(", state {state}")).unwrap_or_default();
        lines.push(format!("Flow: {flow}{state}"));
    }
    if let Some(contact) = raised.contact {
        let ending = raised.ending.as_ref().map(|digits| format!(" (phone ending in {digits})")).unwrap_or_default();
        let simulated = if raised.simulated { ", a simulated one" } else { "" };
        lines.push(format!("Contact: {contact}{ending}{simulated}"));
    }
    lines
}

fn advice(raised: &Raised, project: &Project) -> Vec<String> {
    let Some(contact) = raised.contact else {
        return if raised.about == About::Test { vec!["Nothing is to be done.".to_owned()] } else { Vec::new() };
    };
    let api = &project.alerts.api;
    let journal = format!("What happened before: replyflow journal export --contact {contact}");
    match raised.about {
        About::Handoff => vec![
            format!("Read it: GET {api}/v1/contacts/{contact}/handoff"),
            format!("Take it: POST {api}/v1/contacts/{contact}/handoff/take with {{\"by\": \"your name\"}}"),
            "Both need an Authorization: Bearer header with one of the keys of [events].".to_owned(),
        ],
        About::SetAside => {
            vec![
                "What to do: replyflow failed list shows it; failed retry does it again, failed drop forgets it.".to_owned(),
                journal,
            ]
        }
        About::Run | About::Contact | About::More | About::Test => vec![journal],
    }
}

fn moment(at: Millis, project: &Project) -> String {
    let Ok(at) = Timestamp::from_millisecond(at.0) else { return String::new() };
    at.to_zoned(project.timezone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

fn words(raised: &Raised, subject: String, lines: Vec<String>) -> Words {
    // What is said can have several lines, or be too long for the subject, which has it in one.
    let said = raised.say.trim();
    let all = if subject.contains(said) { String::new() } else { format!("{said}\n\n") };
    let text = format!("{subject}\n\n{all}{}", lines.join("\n"));
    let contact = raised.contact.map(|contact| format!(" Contact {contact}")).unwrap_or_default();
    let room = limits::ALERT_SMS_CHARS.saturating_sub(contact.chars().count());
    let short = match subject.chars().count() > room {
        true => subject.chars().take(room - 1).chain(['…']).collect(),
        false => subject.clone(),
    };
    Words { short: format!("{short}{contact}"), subject, text }
}

fn cut(text: &str) -> String {
    text.chars().take(limits::ALERT_SMS_CHARS).collect()
}
