//! The tables of `docs/replies.md`, row by row.

use jiff::tz::TimeZone;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::language::Language;
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::reply::choice::{Candidate, Options, Shown};
use replyflow::reply::choices::Bounds;
use replyflow::reply::command::Command;
use replyflow::reply::intent::Intent;
use replyflow::reply::normalize::Normalized;
use replyflow::reply::pattern::Pattern;
use replyflow::reply::{Setting, Understanding, date, email, moment, number, phone, time, yes_no};

const PAGE: &str = include_str!("../../docs/replies.md");

/// The cells of each row of a section that begins with something written.
fn cells(heading: &str) -> Vec<Vec<String>> {
    let from = PAGE.split(&format!("## {heading}\n")).nth(1).expect("a section of the page");
    let here = from.split("\n## ").next().unwrap_or(from);
    let cell = |text: &str| text.trim().trim_matches('`').replace("` `", " ");
    let row = |line: &str| {
        let cells: Vec<String> = line.strip_prefix("| `")?.split('|').map(cell).collect();
        (cells.len() >= 3).then_some(cells)
    };
    here.lines().filter_map(row).collect()
}

/// What is written, what it is understood as, and how, for each row of a section.
fn rows(section: &str) -> Vec<(String, String, String)> {
    let rows = cells(&format!("`{section}`")).into_iter();
    rows.map(|cells| (cells[0].clone(), cells[1].clone(), cells[2].clone())).collect()
}

/// The language that the cell of a row names.
fn language(cell: &str) -> Option<[Language; 1]> {
    Some([Language::parse(cell).filter(|_| cell.len() == 2)?])
}

fn check(section: &str, at_least: usize, understand: impl Fn(&str) -> Understanding) {
    check_rows(section, at_least, rows(section), understand);
}

fn check_rows(section: &str, at_least: usize, rows: Vec<(String, String, String)>, understand: impl Fn(&str) -> Understanding) {
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
    let (elsewhere, english): (Vec<_>, Vec<_>) = rows("yes_no").into_iter().partition(|(_, _, how)| language(how).is_some());
    check_rows("yes_no", 21, english, |text| yes_no::understand(&Normalized::of(text), None, &[], false));
    assert!(elsewhere.len() >= 21, "{} rows", elsewhere.len());
    for (written, meant, code) in elsewhere {
        let languages = language(&code).expect("a language");
        let got = match yes_no::understand(&Normalized::of(&written), None, &languages, false).map(|got| got.value) {
            Ok(Value::Bool(yes)) => {
                if yes {
                    "yes"
                } else {
                    "no"
                }
            }
            Ok(_) => "?",
            Err(_) => "nothing",
        };
        assert_eq!(got, meant, "{code}: {written}");
    }
}

#[test]
fn opt_out_words_are_understood_as_the_page_says() {
    let rows: Vec<_> = cells("Opt-out, opt-in, help").into_iter().filter(|cells| cells.len() > 4).collect();
    assert!(rows.len() >= 28, "{} rows", rows.len());
    for cells in rows {
        let languages = language(&cells[3]).expect("a language");
        for (kind, meant) in [(ChannelKind::Sms, &cells[1]), (ChannelKind::WhatsApp, &cells[2]), (ChannelKind::Email, &cells[2])]
        {
            let got = match Intent::of(&Normalized::of(&cells[0]), kind, &languages, false) {
                Some(Intent::OptOut) => "out",
                Some(Intent::OptIn) => "in",
                Some(Intent::Help) => "help",
                None => "nothing",
            };
            assert_eq!(got, meant, "{kind}: {}", cells[0]);
        }
    }
}

#[test]
fn commands_are_understood_as_the_page_says() {
    let rows = cells("Commands");
    assert!(rows.len() >= 17, "{} rows", rows.len());
    for cells in rows {
        let languages = language(&cells[2]).expect("a language");
        let got = Command::of(&Normalized::of(&cells[0]), &languages).map_or("nothing", Command::as_str);
        assert_eq!(got, cells[1], "{}", cells[0]);
    }
}

#[test]
fn numbers_are_understood_as_the_page_says() {
    let any = number::Expected::default();
    let setting = Setting { language: Language::EN, country: None, zone: &TimeZone::UTC, now: Millis(0) };
    check("number", 33, |text| number::understand(text, &Normalized::of(text), &any, &setting));
}

#[test]
fn phone_numbers_are_understood_as_the_page_says() {
    check("phone", 16, |text| phone::understand(text, &Normalized::of(text), Some("US"), Language::EN));
}

#[test]
fn email_addresses_are_understood_as_the_page_says() {
    check("email", 14, |text| email::understand(text, &Normalized::of(text), Language::EN));
}

#[test]
fn patterns_are_understood_as_the_page_says() {
    let pattern = Pattern::compile("[A-Z]{2}-?([0-9]{4})").expect("a pattern");
    check("pattern", 5, |text| pattern.understand(text).map(|(understood, _)| understood));
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
