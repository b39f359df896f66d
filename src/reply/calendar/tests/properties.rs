//! What holds for every day, every minute and every text.

use super::{Here, london};
use crate::domain::limits::REPLY_CHARS;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Each language with a country, and the months as it writes them.
const MONTHS: [(&str, &str, &str, &str); 11] = [
    ("en", "GB", "", "january february march april may june july august september october november december"),
    ("es", "MX", "de ", "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    ("fr", "FR", "", "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    ("de", "DE", "", "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    ("pt", "BR", "de ", "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    ("it", "IT", "", "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
    ("nl", "NL", "", "januari februari maart april mei juni juli augustus september oktober november december"),
    ("hi", "IN", "", "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
    ("ar", "EG", "", "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
    ("sw", "KE", "", "Januari Februari Machi Aprili Mei Juni Julai Agosti Septemba Oktoba Novemba Desemba"),
    ("id", "ID", "", "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"),
];

fn here(language: &str, country: &str) -> Here {
    Here::new(language, country, "UTC", "2026-03-05T12:00")
}

/// Every so manieth day from 2024 to 2030; a step that shares no factor with the weeks and months.
fn days(step: i32) -> impl Iterator<Item = Date> {
    let next = move |day: &Date| day.checked_add(step.days()).ok();
    std::iter::successors(Some(date(2024, 1, 1)), next).take_while(|day| day.year() <= 2030)
}

#[test]
fn every_day_in_figures_reads_back() {
    let (uk, us, germany) = (here("en", "GB"), here("en", "US"), here("de", "DE"));
    for (count, day) in days(1).enumerate() {
        let (y, m, d) = (day.year(), day.month(), day.day());
        let expected = day.to_string();
        assert_eq!(uk.date(&format!("{d}/{m}/{y}")), expected);
        // The other ways, each fifth day.
        if count % 5 > 0 {
            continue;
        }
        assert_eq!(uk.date(&expected), expected);
        assert_eq!(us.date(&format!("{m}/{d}/{y}")), expected);
        assert_eq!(germany.date(&format!("{d}.{m}.{y}")), expected);
        assert_eq!(uk.date(&format!("{d:02}-{m:02}-{}", y - 2000)), expected);
    }
}

#[test]
fn every_day_with_its_month_in_words_reads_back() {
    for (language, country, of, months) in MONTHS {
        let here = here(language, country);
        let months: Vec<&str> = months.split(' ').collect();
        for day in days(11) {
            let text = format!("{} {of}{} {of}{}", day.day(), months[day.month() as usize - 1], day.year());
            assert_eq!(here.date(&text), day.to_string(), "{language}: {text}");
        }
    }
}

#[test]
fn every_minute_in_figures_reads_back() {
    for (language, country) in [("de", "DE"), ("fr", "FR"), ("it", "IT"), ("pt", "BR"), ("nl", "NL"), ("es", "ES"), ("id", "ID")]
    {
        let here = here(language, country);
        for minute in 0..24 * 60 {
            let expected = format!("{:02}:{:02}", minute / 60, minute % 60);
            assert_eq!(here.time(&format!("{}:{:02}", minute / 60, minute % 60)), expected, "{language}");
        }
    }
    let english = london();
    for minute in 0..24 * 60 {
        let (hour, half) = (minute / 60, if minute < 12 * 60 { "am" } else { "pm" });
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let expected = format!("{:02}:{:02}", hour, minute % 60);
        assert_eq!(english.time(&format!("{twelve}:{:02} {half}", minute % 60)), expected);
    }
}

#[test]
fn hostile_replies_take_no_time() {
    for piece in ["5 ", "may ", "5/", "half past ", "next week ", "friday ", "one ", "the of "] {
        for language in ["en", "hi"] {
            let here = here(language, "GB");
            for count in [16, 48, REPLY_CHARS / piece.len()] {
                let text = piece.repeat(count);
                let begin = Instant::now();
                let _ = (here.date(&text), here.time(&text), here.moment(&text));
                assert!(begin.elapsed() < Duration::from_secs(2), "{language}: {count} times {piece:?}: {:?}", begin.elapsed());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics(text in "\\PC{0,40}|[0-9:./ -]{0,24}|((in|at|5|17|half|past|may|friday|next|week|tomorrow|kal|saa|um|uhr|[0-9]{1,4}|[:./,-]) ?){0,10}") {
        for (language, country, _, _) in MONTHS {
            let here = here(language, country);
            let _ = (here.date(&text), here.time(&text), here.moment(&text));
        }
    }

    #[test]
    fn what_is_understood_lies_between_the_bounds(text in "(in [0-9]{1,3} days|[0-9]{1,2}/[0-9]{1,2}|[0-9]{1,2} march|friday|the [0-9]{1,2}th)", ahead in 0i32..400) {
        let here = london();
        let min = date(2026, 3, 5).checked_add(ahead.days()).expect("a day");
        let got = here.date_in(&text, &min.to_string(), "");
        prop_assert!(got.starts_with("no day") || got.parse::<Date>().expect("a day") >= min, "{}", got);
    }
}
