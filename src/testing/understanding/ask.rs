//! Understands one labelled reply as the engine would.

use super::row::Row;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::reply::choice::{Candidate, Options, Shown};
use crate::reply::choices::Bounds;
use crate::reply::command::Command;
use crate::reply::intent::Intent;
use crate::reply::normalize::Normalized;
use crate::reply::{Setting, Understanding, any, date, email, moment, number, pattern, phone, text, time, yes_no};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};
use std::str::FromStr;

/// What a reply was taken for and by which rule; null if for nothing. The error says what is wrong with the row.
pub(super) fn understand(row: &Row) -> Result<(Json, String), String> {
    let language = Language::parse(&row.lang).ok_or_else(|| format!("`{}` is no language", row.lang))?;
    let now: Timestamp = read(&row.now, "an instant")?;
    let zone = TimeZone::get(&row.tz).map_err(|error| error.to_string())?;
    let setting = Setting { language, country: row.country.as_deref(), zone: &zone, now: Millis(now.as_millisecond()) };
    let words = Normalized::of(&row.reply);
    let (kind, options) = kind_of(&row.answer)?;
    let reply = row.reply.as_str();
    match kind {
        "optout" => {
            let channel = row.channel.as_deref().unwrap_or("sms");
            let channel = ChannelKind::parse(channel).ok_or_else(|| format!("`{channel}` is no kind of channel"))?;
            let intent = Intent::of(&words, channel, &[language], false).map(|intent| match intent {
                Intent::OptOut => "out",
                Intent::OptIn => "in",
                Intent::Help => "help",
            });
            return Ok((json!(intent), "a word for us".to_owned()));
        }
        "command" => return Ok((json!(Command::of(&words, &[language]).map(Command::as_str)), "a command".to_owned())),
        _ => {}
    }
    let understanding = match kind {
        "choice" | "pick" => {
            let (options, visible) = choices_of(kind, &options, language)?;
            options.understand(&words, None, Shown { visible: &visible, numbered: true })
        }
        "choices" => {
            let (prepared, visible) = choices_of(kind, &options, language)?;
            let bound = |key: &str| options.get(key).and_then(Json::as_u64).map(|n| n as usize);
            let bounds = Bounds { min: bound("min").unwrap_or(1), max: bound("max") };
            let shown = Shown { visible: &visible, numbered: true };
            prepared.understand_many(&words, reply, None, shown, bounds)
        }
        "yes_no" => yes_no::understand(&words, None, &[language], false),
        "number" => {
            let bound = |key: &str| options.get(key).and_then(|n| n.as_f64().or_else(|| n.as_str()?.parse().ok()));
            let whole = options.get("whole").and_then(Json::as_bool).unwrap_or(false);
            number::understand(reply, &words, &number::Expected { min: bound("min"), max: bound("max"), whole }, &setting)
        }
        "any" => any::understand(reply),
        "text" => {
            let bound = |key: &str| options.get(key).and_then(Json::as_u64).map(|n| n as usize);
            text::understand(reply, bound("min"), bound("max"))
        }
        "date" => {
            let (min, max) = (bound(&options, "min", "a day")?, bound(&options, "max", "a day")?);
            date::understand(reply, &words, &date::Expected { min, max }, &setting)
        }
        "time" => {
            let (min, max) = (bound(&options, "min", "a clock time")?, bound(&options, "max", "a clock time")?);
            time::understand(reply, &words, &time::Expected { min, max }, &setting)
        }
        "moment" => {
            let (min, max) = (instant(&options, "min", &zone)?, instant(&options, "max", &zone)?);
            moment::understand(reply, &words, &moment::Expected { min, max }, &setting)
        }
        "phone" => {
            let country = options.get("country").and_then(Json::as_str).or(row.country.as_deref());
            phone::understand(reply, &words, country, language)
        }
        "email" => email::understand(reply, &words, language),
        "pattern" => {
            let source = row.answer.get("pattern").and_then(Json::as_str).ok_or("`pattern` is no text")?;
            let pattern = pattern::Pattern::compile(source).map_err(|error| error.to_string())?;
            pattern.understand(reply).map(|(understood, _)| understood)
        }
        other => return Err(format!("`{other}` is no kind that is measured")),
    };
    Ok(shown(understanding))
}

fn shown(understanding: Understanding) -> (Json, String) {
    match understanding {
        Ok(understood) => (plain(&understood.value), understood.reason),
        Err(not) => (Json::Null, not.reason),
    }
}

/// A value as a corpus writes it.
fn plain(value: &Value) -> Json {
    match value {
        Value::Choice { id, .. } => json!(id),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Bool(yes) => json!(yes),
        Value::Number(number) => json!(number),
        Value::Date(date) => json!(date.to_string()),
        Value::Time(time) => json!(time.strftime("%H:%M").to_string()),
        Value::Moment(at) => json!(Timestamp::from_millisecond(at.0).unwrap_or_default().to_string()),
        other => json!(other.as_text()),
    }
}

/// `"yes_no"`, `{"yes_no": {}}`, or a kind with its options.
fn kind_of(answer: &Json) -> Result<(&str, Map<String, Json>), String> {
    match answer {
        Json::String(kind) => Ok((kind, Map::new())),
        Json::Object(map) => {
            let (kind, options) = map.iter().next().ok_or("`answer` is empty")?;
            Ok((kind, options.as_object().cloned().unwrap_or_default()))
        }
        _ => Err("`answer` is neither a word nor a map".to_owned()),
    }
}

fn choices_of(kind: &str, options: &Map<String, Json>, language: Language) -> Result<(Options, Vec<usize>), String> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let candidate = |(id, choice): (String, &Json)| {
        let label = text(choice).or_else(|| choice.get("label").and_then(text)).ok_or_else(|| format!("`{id}` has no label"))?;
        let also = match choice.get("also") {
            Some(Json::Array(list)) => list.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        };
        Ok::<_, String>(Candidate { id, label, also })
    };
    let listed: Vec<(String, &Json)> = match kind {
        "pick" => {
            let from = options.get("from").and_then(Json::as_array).ok_or("`pick` has no `from`")?;
            from.iter().map(|item| (text(item).unwrap_or_default(), item)).collect()
        }
        _ => {
            let of = if kind == "choices" { options.get("of").and_then(Json::as_object) } else { Some(options) };
            of.ok_or("`choices` has no `of`")?.iter().map(|(id, choice)| (id.clone(), choice)).collect()
        }
    };
    let candidates = listed.into_iter().map(candidate).collect::<Result<Vec<_>, _>>()?;
    let visible = (0..candidates.len()).collect();
    Ok((Options::new(candidates, language), visible))
}

/// An end of a moment: an instant, or a wall clock or day in the contact's zone.
fn instant(options: &Map<String, Json>, key: &str, zone: &TimeZone) -> Result<Option<Millis>, String> {
    let Some(text) = options.get(key).and_then(Json::as_str) else { return Ok(None) };
    let local = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    let at = text.parse::<Timestamp>().ok().or_else(local).ok_or_else(|| format!("`{text}` is not an instant"))?;
    Ok(Some(Millis(at.as_millisecond())))
}

fn bound<T: FromStr>(options: &Map<String, Json>, key: &str, what: &str) -> Result<Option<T>, String> {
    match options.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => read(value.as_str().unwrap_or_default(), what).map(Some),
    }
}

fn read<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not {what}"))
}
