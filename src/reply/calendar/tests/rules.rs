//! The rules that decide between readings, at their boundaries.

use super::{Here, london};

fn berlin(now: &str) -> Here {
    Here::new("de", "DE", "Europe/Berlin", now)
}

fn new_york(now: &str) -> Here {
    Here::new("en", "US", "America/New_York", now)
}

const TWO: &str = "two readings";

#[test]
fn without_a_year_it_is_the_coming_one() {
    let here = london();
    assert_eq!(here.date("5 march"), "2026-03-05");
    assert_eq!(here.date("4 march"), "2027-03-04");
    assert_eq!(here.date("29 feb"), "2028-02-29");
    assert_eq!(here.date("29 feb 2027"), "no day: nothing of the kind, or something besides");
    let last = Here::new("en", "GB", "Europe/London", "2026-12-31T23:59");
    assert_eq!(last.date("1 january"), "2027-01-01");
    assert_eq!(last.date("31 december"), "2026-12-31");
    assert_eq!(last.date("tomorrow"), "2027-01-01");
    assert_eq!(last.date("the 1st"), "2027-01-01");
}

#[test]
fn a_bare_weekday_is_the_coming_one_after_today() {
    // It is a Thursday.
    let here = london();
    assert_eq!(here.date("friday"), "2026-03-06");
    assert_eq!(here.date("thursday"), "2026-03-12");
    assert_eq!(here.date("next thursday"), "2026-03-12");
    assert_eq!(here.date("this thursday"), "2026-03-05");
    assert_eq!(here.date("last thursday"), "2026-02-26");
    assert_eq!(here.date("next friday"), "2026-03-06");
    assert_eq!(here.date("friday next week"), "2026-03-13");
    assert_eq!(here.date("friday week"), "2026-03-13");
    assert_eq!(here.date("a week from friday"), "2026-03-13");
    // A week that begins on Monday and one that begins on Sunday disagree.
    assert!(here.date("sunday next week").ends_with(TWO));
    assert_eq!(berlin("2026-03-05T12:00").date("sonntag nächster woche"), "2026-03-15");
}

#[test]
fn a_weekday_and_a_date_must_agree() {
    let here = london();
    assert_eq!(here.date("friday 6 march"), "2026-03-06");
    assert!(here.date("friday 7 march").starts_with("no day"));
    assert_eq!(here.date("tomorrow, friday"), "2026-03-06");
    assert!(here.date("tomorrow, saturday").starts_with("no day"));
    assert_eq!(here.date("friday the 6th"), "2026-03-06");
    assert!(here.date("friday the 7th").starts_with("no day"));
}

#[test]
fn the_day_comes_before_the_month_but_in_the_united_states() {
    let (uk, us) = (london(), new_york("2026-03-05T12:00"));
    assert_eq!(uk.date("5/4"), "2026-04-05");
    assert_eq!(us.date("5/4"), "2026-05-04");
    assert_eq!(us.date("4/5/2026"), "2026-04-05");
    assert_eq!(Here::new("es", "US", "America/New_York", "2026-03-05T12:00").date("5/4"), "2026-04-05");
    // Only one order exists.
    assert_eq!(us.date("25/12"), "2026-12-25");
    assert_eq!(uk.date("12/25"), "2026-12-25");
    for none in ["31/02", "30/02/2027", "32/1", "13/13", "0/5", "5/0"] {
        assert!(uk.date(none).starts_with("no day"), "{none}");
    }
    assert_eq!(uk.date("2027/04/05"), "2027-04-05");
    // A range, a number, a list.
    for none in ["5-7", "5.4", "5/4/3", "1/2/3/4", "5/4-6/4"] {
        assert!(uk.date(none).starts_with("no day"), "{none}");
    }
    assert_eq!(berlin("2026-03-05T12:00").date("5.4."), "2026-04-05");
}

#[test]
fn two_figures_of_a_year_fit_the_bounds_or_are_near() {
    let here = london();
    assert_eq!(here.date("5/4/27"), "2027-04-05");
    assert_eq!(here.date("5/4/46"), "2046-04-05");
    assert_eq!(here.date("5/4/47"), "1947-04-05");
    assert_eq!(here.date_in("5/4/10", "1900-01-01", "2005-12-31"), "1910-04-05");
    assert_eq!(here.date_in("5/4/10", "1900-01-01", "2026-03-05"), "2010-04-05");
    assert_eq!(here.date("5 april 90"), "1990-04-05");
    // Perhaps an hour.
    assert!(here.date("5 april 17").starts_with("no day"));
}

#[test]
fn bounds_hold_at_the_bound_and_beside_it() {
    let here = london();
    assert_eq!(here.date_in("today", "2026-03-05", ""), "2026-03-05");
    assert_eq!(here.date_in("yesterday", "2026-03-05", ""), "no day: before `min`");
    assert_eq!(here.date_in("tomorrow", "", "2026-03-06"), "2026-03-06");
    assert_eq!(here.date_in("in 2 days", "", "2026-03-06"), "no day: after `max`");
    assert_eq!(here.time_in("9am", "09:00", "18:00"), "09:00");
    assert_eq!(here.time_in("8:59 am", "09:00", "18:00"), "no time: before `min`");
    assert_eq!(here.time_in("18:01", "09:00", "18:00"), "no time: after `max`");
    assert_eq!(here.moment_in("today at 18:00", "", "2026-03-05T18:00"), "2026-03-05 18:00");
    assert_eq!(here.moment_in("today at 11:00 am", "2026-03-05T12:00", ""), "no moment: before `min`");
    // Without `min` the past is a moment like any other.
    assert_eq!(here.moment("today at 11:00 am"), "2026-03-05 11:00");
    assert_eq!(here.date("3 days ago"), "2026-03-02");
}

#[test]
fn one_word_for_yesterday_and_tomorrow() {
    let here = Here::new("hi", "IN", "Asia/Kolkata", "2026-03-05T12:00");
    assert!(here.date("कल").ends_with(TWO));
    assert_eq!(here.date_in("कल", "2026-03-05", ""), "2026-03-06");
    assert_eq!(here.date_in("kal", "", "2026-03-05"), "2026-03-04");
    assert_eq!(here.date_in("परसों", "2026-03-05", ""), "2026-03-07");
    assert_eq!(here.date("aane wale kal"), "2026-03-06");
    // A moment is the coming one.
    assert_eq!(here.moment("kal shaam 5 baje"), "2026-03-06 17:00");
    assert_eq!(here.moment_in("kal shaam 5 baje", "", "2026-03-05T12:00"), "2026-03-04 17:00");
}

#[test]
fn an_hour_is_open_until_something_says_which_half_of_the_day() {
    let here = london();
    for open in ["5", "5:30", "at 5", "5 o'clock", "half past five", "five thirty", "12", "530"] {
        assert!(here.time(open).ends_with(TWO), "{open}: {}", here.time(open));
    }
    for (closed, time) in [("17", "17:00"), ("05:30", "05:30"), ("0:30", "00:30"), ("0530", "05:30"), ("13", "13:00")] {
        assert_eq!(here.time(closed), time);
    }
    assert_eq!(here.time_in("5", "09:00", "18:00"), "17:00");
    assert_eq!(here.time_in("half past nine", "09:00", "18:00"), "09:30");
    assert!(here.time_in("8", "07:00", "21:00").ends_with(TWO));
    assert_eq!(here.time_in("8", "09:00", "18:00"), "no time: before `min`");
    // With a nought before it, it is the clock of 24 hours, whatever the bounds.
    assert_eq!(here.time_in("05:30", "09:00", "18:00"), "no time: before `min`");
    assert_eq!(here.time("05:30 pm"), "17:30");
    for none in ["0", "24", "25", "5:60", "25:00", "24:01", "5.3", "1:2:3", "5 to 6", "5 6", "9 10", "9-5"] {
        assert!(here.time(none).starts_with("no time"), "{none}");
    }
}

#[test]
fn where_the_clock_of_24_hours_is_written_minutes_close_the_hour() {
    let here = berlin("2026-03-05T12:00");
    assert_eq!(here.time("5:30"), "05:30");
    assert_eq!(here.time_in("5:30", "09:00", "18:00"), "17:30");
    assert!(here.time("5").ends_with(TWO));
    assert!(here.time("5 uhr").ends_with(TWO));
    assert!(here.time("halb sechs").ends_with(TWO));
    assert_eq!(here.time_in("halb sechs", "09:00", "18:00"), "17:30");
    assert_eq!(here.time_in("fünf vor halb drei", "09:00", "18:00"), "14:25");
    // A written date goes with it.
    assert_eq!(here.moment("14. märz um 11 uhr"), "2026-03-14 11:00");
    assert!(here.moment("morgen um 8 uhr").ends_with(TWO));
    let spain = Here::new("es", "ES", "Europe/Madrid", "2026-03-05T12:00");
    let mexico = Here::new("es", "MX", "America/Mexico_City", "2026-03-05T12:00");
    assert_eq!(spain.time("9:30"), "09:30");
    assert!(mexico.time("9:30").ends_with(TWO));
}

#[test]
fn swahili_hours_begin_at_six() {
    let here = Here::new("sw", "KE", "Africa/Nairobi", "2026-03-05T12:00");
    assert_eq!(here.time("saa kumi jioni"), "16:00");
    assert_eq!(here.time("saa 10 jioni"), "16:00");
    assert_eq!(here.time("saa kumi na mbili asubuhi"), "06:00");
    assert_eq!(here.time("saa sita usiku"), "00:00");
    assert!(here.time("saa kumi").ends_with(TWO));
    assert_eq!(here.time("16:00"), "16:00");
    assert_eq!(here.time("4 pm"), "16:00");
    assert_eq!(here.time_in("saa tano", "10:00", "12:00"), "11:00");
    // Eleven as it is counted from six, or five as it is counted everywhere.
    assert!(here.time_in("saa tano", "09:00", "18:00").ends_with(TWO));
}

#[test]
fn midnight_and_the_hours_after_it_belong_to_no_one_day() {
    let here = london();
    assert_eq!(here.time("midnight"), "00:00");
    assert_eq!(here.moment("tonight at midnight"), "2026-03-06 00:00");
    assert!(here.moment("friday at midnight").starts_with("no moment"));
    assert!(here.moment("friday at 1 at night").starts_with("no moment"));
    assert_eq!(here.moment("friday at 1 am"), "2026-03-06 01:00");
    assert_eq!(here.moment("friday at 9 at night"), "2026-03-06 21:00");
    assert_eq!(here.time("2 at night"), "02:00");
    assert_eq!(here.time("8 at night"), "20:00");
}

#[test]
fn a_moment_is_a_day_and_a_clock_time_or_a_span() {
    let here = london();
    for none in ["tomorrow", "5pm", "noon", "tomorrow morning", "in 2 days", "next week at 5pm", "5 april 17", "tomorrow 5 6pm"] {
        assert!(here.moment(none).starts_with("no moment"), "{none}: {}", here.moment(none));
    }
    assert!(here.moment("tomorrow at 5").ends_with(TWO));
    assert_eq!(here.moment_in("tomorrow at 5", "2026-03-06T09:00", "2026-03-06T18:00"), "2026-03-06 17:00");
    assert_eq!(here.date("tomorrow at 5"), "2026-03-06");
    assert_eq!(here.moment("in 2 hours"), "2026-03-05 14:00");
    assert_eq!(here.moment("now"), "2026-03-05 12:00");
    assert_eq!(here.moment("2 hours ago"), "2026-03-05 10:00");
    assert_eq!(here.moment("in 36 hours"), "2026-03-07 00:00");
    // A span is no clock time, and without "in" it is no span from now.
    assert!(here.time("in 2 hours").starts_with("no time"));
    assert!(here.moment("2 hours").starts_with("no moment"));
}

#[test]
fn a_time_that_the_clocks_skip_or_show_twice_is_none() {
    let spring = berlin("2026-03-27T12:00");
    assert_eq!(spring.moment("sonntag 01:59"), "2026-03-29 01:59");
    assert!(spring.moment("sonntag 02:00").starts_with("no moment"));
    assert!(spring.moment("sonntag 02:59").starts_with("no moment"));
    assert_eq!(spring.moment("sonntag 03:00"), "2026-03-29 03:00");
    let autumn = new_york("2026-10-30T12:00");
    assert!(autumn.moment("sunday 1:30 am").starts_with("no moment"));
    assert_eq!(autumn.moment("sunday 2:30 am"), "2026-11-01 02:30");
    // An hour is an hour, also while the clocks change.
    let night = berlin("2026-03-29T01:30");
    assert_eq!(night.moment("in einer stunde"), "2026-03-29 03:30");
    let delhi = Here::new("hi", "IN", "Asia/Kolkata", "2026-03-28T12:00");
    assert_eq!(delhi.moment("रविवार 2:30 am"), "2026-03-29 02:30");
}

#[test]
fn a_time_zone_must_be_the_contacts() {
    let jakarta = Here::new("id", "ID", "Asia/Jakarta", "2026-03-05T12:00");
    assert_eq!(jakarta.moment("besok jam 10.00 wib"), "2026-03-06 10:00");
    assert!(jakarta.moment("besok jam 10.00 wita").starts_with("no moment"));
    assert!(jakarta.time("10.00 wit").starts_with("no time"));
}

#[test]
fn days_that_some_call_a_week_are_two_readings() {
    let lyon = Here::new("fr", "FR", "Europe/Paris", "2026-03-05T12:00");
    assert!(lyon.date("dans 15 jours").ends_with(TWO));
    assert_eq!(lyon.date("dans 14 jours"), "2026-03-19");
    assert_eq!(lyon.date("dans deux semaines"), "2026-03-19");
}

#[test]
fn politeness_is_lenient_and_reasons_repeat_nothing() {
    use crate::reply::date::{Expected, understand};
    use crate::reply::normalize::Normalized;
    let here = london();
    let understand = |reply: &str| understand(reply, &Normalized::of(reply), &Expected::default(), &here.setting());
    for (reply, exact) in [
        ("tomorrow", true),
        ("5 march", true),
        ("Friday 6 March!", true),
        ("tomorrow please", false),
        ("let's say friday", false),
        ("tomorrow at 5", false),
        ("in 2 hours", true),
    ] {
        assert_eq!(understand(reply).map(|understood| understood.exact), Ok(exact), "{reply}");
    }
    assert_eq!(understand("").expect_err("nothing").reason, "nothing was written");
    assert!(!understand("secret").expect_err("no day").reason.contains("secret"));
    let long = format!("tomorrow{}", " ".repeat(crate::domain::limits::REPLY_CHARS));
    assert!(understand(&long).is_err());
}
