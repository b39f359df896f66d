//! The replies of each language, line by line.

use super::Here;

const UNDERSTOOD: &str = include_str!("understood.txt");
const NOT_UNDERSTOOD: &str = include_str!("not_understood.txt");

/// The lines of a file, each with the language, country and zone of its heading.
fn lines(file: &'static str) -> impl Iterator<Item = (Here, &'static str)> {
    let mut here = None;
    file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).filter_map(move |line| {
        if let Some(heading) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let mut words = heading.split(' ');
            let mut word = || words.next().expect("a language, a country and a zone");
            let mut begun = Here::new(word(), word(), word(), "2026-03-05T12:00");
            // The same moment everywhere.
            begun.now = crate::domain::time::Millis(1_772_712_000_000);
            here = Some(begun);
            return None;
        }
        here.clone().map(|here| (here, line))
    })
}

#[test]
fn what_people_say_is_understood_in_every_language() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (here, line) in lines(UNDERSTOOD) {
        let (reply, expected) = line.rsplit_once(" = ").expect("a reply and its value");
        let (kind, value) = expected.split_once(' ').expect("a kind and a value");
        let got = match kind {
            "date" => here.date(reply),
            "time" => here.time(reply),
            _ => here.moment(reply),
        };
        if got != value {
            wrong.push(format!("{}: {reply}: {got}, not {value}", here.language));
        }
        count += 1;
    }
    assert!(count > 800, "{count} lines");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_has_no_one_meaning_is_not_understood_in_any_language() {
    let mut wrong = Vec::new();
    for (here, reply) in lines(NOT_UNDERSTOOD) {
        for (kind, got) in [("date", here.date(reply)), ("time", here.time(reply)), ("moment", here.moment(reply))] {
            if !got.starts_with("no ") && !got.starts_with("nothing") {
                wrong.push(format!("{}: {reply}: {kind} {got}", here.language));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
