//! The tables of `docs/replies.md`, row by row.

use jiff::tz::TimeZone;
use replyflow::domain::language::Language;
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::reply::choice::{Candidate, Options, Shown};
use replyflow::reply::choices::Bounds;
use replyflow::reply::normalize::Normalized;
use replyflow::reply::{Setting, Understanding, date, moment, number, time, yes_no};

const PAGE: &str = include_str!("../../docs/replies.md");

/// What is written, what it is understood as, and how, for each row of a section.
fn rows(section: &str) -> Vec<(String, String, String)> {
    let from = PAGE.split(&format!("## `{section}`")).nth(1).expect("a section of the page");
    let here = from.split("\n## ").next().unwrap_or(from);
    let cell = |text: &str| text.trim().trim_matches('`').replace("` `", " ");
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
        match cells.as_slice() {
            [written, meant, how, ..] => Some((cell(written), cell(meant), cell(how))),
            _ => None,
        }
    };
    here.lines().filter_map(row).collect()
}

fn check(section: &str, at_least: usize, understand: impl Fn(&str) -> Understanding) {
    let rows = rows(section);
    assert!(rows.len() >= at_least, "{section}: {} rows", rows.len());
    for (written, meant, how) in rows {
        let got = match understand(&written) {
            Ok(understood) => {
                let value = match understood.value {
                    Value::Bool(yes) => if yes { "yes" } else { "no" }.to_owned(),
                    Value::Number(number) => number.to_string(),
                    Value::List(items) => items.iter().filter_map(Value::as_text).collect::<Vec<_>>().join(" "),
                    Value::Date(date) => date.to_string(),
                    Value::Time(time) => time.strftime("%H:%M").to_string(),
                    Value::Moment(at) => wall_clock(at),
                    other => other.as_text().unwrap_or("?").to_owned(),
                };
                (value, if understood.exact { "exactly" } else { "leniently" }.to_owned())
            }
            Err(_) => ("nothing".to_owned(), how.clone()),
        };
        assert_eq!(got, (meant, how), "{section}: {written}");
    }
}

/// The wall clock of London.
fn wall_clock(at: Millis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).expect("a moment").to_zoned(london());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn london() -> TimeZone {
    TimeZone::get("Europe/London").expect("a zone")
}

/// Thursday, 5 March 2026, at noon.
const NOW: Millis = Millis(1_772_712_000_000);

#[test]
fn choices_are_understood_as_the_page_says() {
    let candidate = |id: &str, label: &str, also: &[&str]| Candidate {
        id: id.into(),
        label: label.into(),
        also: also.iter().map(|text| (*text).to_owned()).collect(),
    };
    let candidates = vec![
        candidate("link", "Pay now", &["pay"]),
        candidate("cod", "Cash on delivery", &["cash"]),
        candidate("human", "Talk to us", &[]),
    ];
    let options = Options::new(candidates, Language::EN);
    let shown = Shown { visible: &[0, 1, 2], numbered: true };
    check("choice", 30, |text| options.understand(&Normalized::of(text), None, shown));
}

#[test]
fn several_choices_are_understood_as_the_page_says() {
    let candidate = |label: &str| Candidate { id: label.to_lowercase(), label: label.into(), also: vec![] };
    let options = Options::new(["Red", "Green", "Blue"].map(candidate).into(), Language::EN);
    let shown = Shown { visible: &[0, 1, 2], numbered: true };
    let bounds = Bounds { min: 1, max: None };
    check("choices", 16, |text| options.understand_many(&Normalized::of(text), text, None, shown, bounds));
}

#[test]
fn yes_and_no_are_understood_as_the_page_says() {
    check("yes_no", 9, |text| yes_no::understand(&Normalized::of(text), None, &[], false));
}

#[test]
fn numbers_are_understood_as_the_page_says() {
    let any = number::Expected::default();
    check("number", 18, |text| number::understand(text, &Normalized::of(text), &any, Language::EN));
}

#[test]
fn days_and_times_are_understood_as_the_page_says() {
    let zone = london();
    let setting = Setting { language: Language::EN, country: Some("GB"), zone: &zone, now: NOW };
    let n = Normalized::of;
    check("date", 30, |text| date::understand(text, &n(text), &date::Expected::default(), &setting));
    check("time", 20, |text| time::understand(text, &n(text), &time::Expected::default(), &setting));
    check("moment", 15, |text| moment::understand(text, &n(text), &moment::Expected::default(), &setting));
}

#[test]
fn days_and_times_in_other_languages_are_understood_as_the_page_says() {
    let zone = london();
    let from = PAGE.split("## Days and times in other languages").nth(1).expect("a section of the page");
    let here = from.split("\n## ").next().unwrap_or(from);
    let mut count = 0;
    for line in here.lines().filter(|line| line.contains('`') && line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, spoken, written, meant, ..] = cells.as_slice() else { panic!("{line}") };
        let (language, country) = match *spoken {
            "Spanish, Mexico" => ("es", "MX"),
            "French, France" => ("fr", "FR"),
            "German, Germany" => ("de", "DE"),
            "Portuguese, Brazil" => ("pt", "BR"),
            "Italian, Italy" => ("it", "IT"),
            "Dutch, Netherlands" => ("nl", "NL"),
            "Hindi, India" => ("hi", "IN"),
            "Arabic, Egypt" => ("ar", "EG"),
            "Swahili, Kenya" => ("sw", "KE"),
            "Indonesian, Indonesia" => ("id", "ID"),
            other => panic!("{other}"),
        };
        let language = Language::parse(language).expect("a language");
        let setting = Setting { language, country: Some(country), zone: &zone, now: NOW };
        let text = written.trim_matches('`');
        let n = Normalized::of(text);
        let (kind, expected) = meant.split_once(' ').expect("a kind and a value");
        let understanding = match kind {
            "date" => date::understand(text, &n, &date::Expected::default(), &setting),
            "time" => time::understand(text, &n, &time::Expected::default(), &setting),
            _ => moment::understand(text, &n, &moment::Expected::default(), &setting),
        };
        let got = match understanding.map(|understood| understood.value) {
            Ok(Value::Date(date)) => date.to_string(),
            Ok(Value::Time(time)) => time.strftime("%H:%M").to_string(),
            Ok(Value::Moment(at)) => wall_clock(at),
            other => format!("{other:?}"),
        };
        assert_eq!(got, expected, "{spoken}: {text}");
        count += 1;
    }
    assert_eq!(count, 30);
}
