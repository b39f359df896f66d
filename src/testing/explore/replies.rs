//! Replies to an open question: every choice, what lies at and beyond each bound, what decides later, and no answer.

use super::hints::{Hint, Hints, Spot};
use super::pattern;
use super::standing::Standing;
use super::values::{self, Known};
use crate::domain::message::{Location, Media, MediaKind};
use crate::domain::value::Value;
use crate::engine::record::Question;
use crate::flow::definition::{Answer, Ask, Between, Bound, Choices, FileType};
use crate::template::yes_no_labels;
use crate::testing::outgoing::Outgoing;
use crate::testing::script::UserSays;
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};

/// What no question takes that asks for something in particular.
const NONSENSE: &str = "qwxz vbnm";
/// A plain text.
const TEXT: &str = "It is all fine";

/// A reply.
pub(super) struct Reply {
    /// What is written or tapped.
    pub says: UserSays,
    /// The choice that it must be taken for, where that is certain.
    pub means: Option<String>,
}

/// Where the question is.
pub(super) struct Asked<'a> {
    pub ask: &'a Ask,
    pub question: &'a Question,
    pub state: &'a str,
    pub standing: &'a Standing<'a>,
    pub known: &'a Known<'a>,
    pub hints: &'a Hints,
    /// The last message to the contact: its buttons can be tapped.
    pub last: Option<&'a Outgoing>,
}

fn write(text: impl Into<String>) -> Reply {
    Reply { says: UserSays { text: Some(text.into()), ..UserSays::default() }, means: None }
}

fn number(n: f64) -> String {
    Value::Number(n).to_json().to_string()
}

/// The replies to try, each once, those that answer first.
pub(super) fn replies(asked: &Asked<'_>) -> Vec<Reply> {
    let mut out = Vec::new();
    match &asked.ask.answer {
        Answer::Text { min, max, .. } => text(asked, *min, *max, &mut out),
        Answer::Choice(choices) => choice(asked, choices, &mut out),
        Answer::Choices(several) => {
            let shown = shown(asked, &several.of);
            let labels: Vec<&str> = shown.iter().map(|(_, label)| label.as_str()).collect();
            let most = several.max.unwrap_or(labels.len()).min(labels.len());
            let several = |n: usize| write(labels[..n.min(labels.len())].join(", "));
            for label in &labels {
                out.push(write(*label));
            }
            out.extend([several(most), several(labels.len())]);
        }
        Answer::Pick(_) => {
            let count = asked.question.items.len();
            for place in [1, count] {
                let mut reply = tapped(asked, &place.to_string()).unwrap_or_else(|| write(place.to_string()));
                reply.means = Some("ok".to_owned());
                out.push(reply);
            }
        }
        Answer::YesNo => {
            let labels = yes_no_labels(asked.question.language).unwrap_or(["Yes", "No"]);
            for (id, label) in ["yes", "no"].into_iter().zip(labels) {
                out.extend(tapped(asked, id));
                out.push(Reply { means: Some(id.to_owned()), ..write(label) });
            }
        }
        Answer::Number { min, max, whole } => {
            let step = if *whole { 1.0 } else { 0.5 };
            let inside = min.map_or_else(|| max.map_or(7.0, |max| max - 1.0), |min| min + 1.0);
            let mut numbers: Vec<f64> = vec![inside];
            numbers.extend(later(asked).iter().filter_map(Value::as_number));
            numbers.extend(min.iter().flat_map(|min| [*min, min - step]));
            numbers.extend(max.iter().flat_map(|max| [*max, max + step]));
            if *whole {
                numbers.push(inside + 0.5);
            }
            out.extend(numbers.into_iter().map(|n| write(number(n))));
        }
        Answer::Date(between) => dates(asked, between, &mut out),
        Answer::Time(between) => times(asked, between, &mut out),
        Answer::Moment(between) => moments(asked, between, &mut out),
        Answer::Phone { .. } => out.extend([write("+447700900124"), write("12")]),
        Answer::Email => {
            out.extend(later_texts(asked).into_iter().map(write));
            out.extend([write("ada@example.com"), write("ada at home")]);
        }
        Answer::Pattern(regex) => {
            out.extend(later_texts(asked).into_iter().map(write));
            out.extend(pattern::matching(regex).into_iter().map(write));
            out.extend(pattern::strange(regex).map(write));
        }
        Answer::Location => {
            let location = Location { lat: 40.4168, lon: -3.7038, name: Some("Puerta del Sol".to_owned()), address: None };
            out.push(Reply { says: UserSays { location: Some(location), ..UserSays::default() }, means: None });
        }
        Answer::Media { types, max } => files(types, *max, &mut out),
        Answer::Any => {
            out.extend(later_texts(asked).into_iter().map(write));
            out.push(write(TEXT));
            files(&[], 1, &mut out);
        }
    }
    if !asked.ask.answer.takes_all() && !matches!(asked.ask.answer, Answer::Text { .. }) {
        out.push(write(NONSENSE));
    }
    once(out)
}

fn once(replies: Vec<Reply>) -> Vec<Reply> {
    let mut seen = Vec::new();
    let key = |says: &UserSays| format!("{:?} {:?} {:?} {:?}", says.text, says.press, says.media, says.location);
    replies
        .into_iter()
        .filter(|reply| {
            !seen.contains(&key(&reply.says)) && {
                seen.push(key(&reply.says));
                true
            }
        })
        .collect()
}

/// Values of the answer that decide something later.
fn later(asked: &Asked<'_>) -> Vec<Value> {
    let hints = asked.hints.at(&asked.standing.flow.name, Spot::Result(asked.state.to_owned()));
    let own: Vec<Hint> = hints.into_iter().filter(|(fields, _)| fields.is_empty()).flat_map(|(_, list)| list.to_vec()).collect();
    use crate::flow::expression::probe::Asked as By;
    let decides = |hint: &Hint| match hint {
        Hint::Asked(asked) => !matches!(asked, By::Read | By::As(_) | By::Truth(_)),
        _ => false,
    };
    if own.iter().any(decides) { values::candidates(&own, "", asked.known) } else { Vec::new() }
}

fn later_texts(asked: &Asked<'_>) -> Vec<String> {
    later(asked).into_iter().filter_map(|value| value.as_text().map(str::to_owned)).filter(|text| !text.is_empty()).collect()
}

fn text(asked: &Asked<'_>, min: Option<usize>, max: Option<usize>, out: &mut Vec<Reply>) {
    out.extend(later_texts(asked).into_iter().map(write));
    let long = |n: usize| "x".repeat(n);
    let fits = min.unwrap_or(0) <= TEXT.len() && max.is_none_or(|max| TEXT.len() <= max);
    if fits {
        out.push(write(TEXT));
    }
    if let Some(min) = min {
        out.push(write(long(min.max(1))));
        if min > 1 {
            out.push(write(long(min - 1)));
        }
    }
    if let Some(max) = max {
        out.extend([write(long(max)), write(long(max + 1))]);
    }
}

/// The id and the label of each choice that is shown.
fn shown(asked: &Asked<'_>, choices: &Choices) -> Vec<(String, String)> {
    let question = asked.question;
    let mut found = Vec::new();
    for (i, (id, choice)) in choices.list.iter().enumerate() {
        if question.visible.as_ref().is_some_and(|visible| !visible.contains(&(i as u16))) {
            continue;
        }
        let rendered = || choice.label.pick(question.language).render(asked.standing).unwrap_or_default();
        let label = question.labels.get(i).cloned().unwrap_or_else(rendered);
        found.push((id.to_string(), label));
    }
    found
}

fn choice(asked: &Asked<'_>, choices: &Choices, out: &mut Vec<Reply>) {
    for (id, label) in shown(asked, choices) {
        out.extend(tapped(asked, &id));
        out.push(Reply { means: Some(id), ..write(label) });
    }
}

/// A tap, if the last message has that button or row.
fn tapped(asked: &Asked<'_>, id: &str) -> Option<Reply> {
    let options = asked.last?.options();
    let known = options.iter().any(|(payload, _)| crate::engine::question::choice_of_payload(payload) == id);
    known.then(|| Reply { says: UserSays { press: Some(id.to_owned()), ..UserSays::default() }, means: Some(id.to_owned()) })
}

fn bound(asked: &Asked<'_>, bound: &Option<Bound>) -> Option<Value> {
    bound.as_ref()?.value.eval(asked.standing).ok()
}

fn local(asked: &Asked<'_>, at: crate::domain::time::Millis) -> Option<DateTime> {
    jiff::Timestamp::from_millisecond(at.0).ok().map(|at| asked.standing.zone.to_datetime(at))
}

fn dates(asked: &Asked<'_>, between: &Between, out: &mut Vec<Reply>) {
    let Some(today) = local(asked, asked.standing.now).map(DateTime::date) else { return };
    let read = |end: &Option<Bound>| match bound(asked, end)? {
        Value::Date(day) => Some(day),
        Value::Moment(at) => local(asked, at).map(DateTime::date),
        Value::Text(text) => text.parse::<Date>().ok(),
        _ => None,
    };
    let (min, max) = (read(&between.min), read(&between.max));
    let mut days: Vec<Date> = vec![min.unwrap_or(today).checked_add(1.day()).unwrap_or(today)];
    days.extend(later_texts(asked).iter().filter_map(|text| text.parse::<Date>().ok()));
    days.extend(min.iter().flat_map(|min| [Ok(*min), min.yesterday()]).flatten());
    days.extend(max.iter().flat_map(|max| [Ok(*max), max.tomorrow()]).flatten());
    out.extend(days.into_iter().map(|day| write(day.to_string())));
}

fn times(asked: &Asked<'_>, between: &Between, out: &mut Vec<Reply>) {
    let read = |end: &Option<Bound>| match bound(asked, end)? {
        Value::Time(time) => Some(time),
        Value::Moment(at) => local(asked, at).map(DateTime::time),
        Value::Text(text) => text.parse::<Time>().ok(),
        _ => None,
    };
    let (min, max) = (read(&between.min), read(&between.max));
    let inside = min.or(max.map(|max| max.wrapping_sub(30.minutes()))).unwrap_or(Time::constant(10, 30, 0, 0));
    let mut times = vec![inside];
    times.extend(min.iter().flat_map(|min| [*min, min.wrapping_sub(1.minute())]));
    times.extend(max.iter().flat_map(|max| [*max, max.wrapping_add(1.minute())]));
    out.extend(times.into_iter().map(|time| write(time.strftime("%H:%M").to_string())));
}

fn moments(asked: &Asked<'_>, between: &Between, out: &mut Vec<Reply>) {
    let Some(now) = local(asked, asked.standing.now) else { return };
    let read = |end: &Option<Bound>| match bound(asked, end)? {
        Value::Moment(at) => local(asked, at),
        Value::Date(day) => Some(day.to_datetime(Time::midnight())),
        Value::Text(text) => {
            let at = || text.parse::<jiff::Timestamp>().ok().map(|at| asked.standing.zone.to_datetime(at));
            at().or_else(|| text.parse::<DateTime>().ok())
        }
        _ => None,
    };
    let (min, max) = (read(&between.min), read(&between.max));
    let inside = min.unwrap_or(now).checked_add(1.day()).unwrap_or(now);
    let mut moments = vec![inside];
    // People write minutes: the first whole one at or after the bound, and the one before it.
    let whole = |at: DateTime| at.checked_add(59.seconds()).ok();
    moments.extend(min.and_then(whole).iter().flat_map(|min| [Ok(*min), min.checked_sub(1.minute())]).flatten());
    moments.extend(max.iter().flat_map(|max| [Ok(*max), max.checked_add(1.minute())]).flatten());
    out.extend(moments.into_iter().map(|at| write(at.strftime("%Y-%m-%d %H:%M").to_string())));
}

/// A file of a type, as people send one.
fn file(mime: &str) -> Media {
    let ending = mime.rsplit('/').next().unwrap_or("bin");
    Media { url: Some(format!("https://example.org/file.{ending}")), content_type: Some(mime.to_owned()), ..Media::default() }
}

fn files(types: &[FileType], max: usize, out: &mut Vec<Reply>) {
    let mime = |kind: &FileType| match kind {
        FileType::Kind(MediaKind::Image) => "image/jpeg".to_owned(),
        FileType::Kind(MediaKind::Video) => "video/mp4".to_owned(),
        FileType::Kind(MediaKind::Audio) => "audio/mpeg".to_owned(),
        FileType::Kind(MediaKind::Sticker) => "image/webp".to_owned(),
        FileType::Kind(_) => "application/pdf".to_owned(),
        FileType::Mime { main, sub } => format!("{main}/{}", sub.as_deref().unwrap_or("x-any")),
    };
    let allowed: Vec<String> = match types {
        [] => vec!["image/jpeg".to_owned()],
        types => types.iter().map(mime).collect(),
    };
    let send = |media: Vec<Media>| Reply { says: UserSays { media, ..UserSays::default() }, means: None };
    out.extend(allowed.iter().map(|mime| send(vec![file(mime)])));
    if max > 1 {
        out.push(send(vec![file(&allowed[0]); max]));
    }
    let main = |mime: &str| mime.split('/').next().unwrap_or("").to_owned();
    let refused = ["audio/mpeg", "video/mp4", "image/jpeg", "application/zip"];
    if !types.is_empty()
        && let Some(refused) = refused.into_iter().find(|r| allowed.iter().all(|a| main(a) != main(r)))
    {
        out.push(send(vec![file(refused)]));
    }
}
