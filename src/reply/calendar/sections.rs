//! The sections of a `times.txt`: what its phrases mean to days and clock times.

use jiff::civil::{Time, Weekday};

/// Hours of the day, the last included; from a late one to an early one they go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hours {
    pub from: i8,
    pub to: i8,
}

impl Hours {
    /// Whether they go over midnight.
    pub fn over_midnight(self) -> bool {
        self.from > self.to
    }

    /// Whether a time lies in them.
    pub fn hold(self, time: Time) -> bool {
        match self.over_midnight() {
            false => (self.from..=self.to).contains(&time.hour()),
            true => time.hour() >= self.from || time.hour() <= self.to,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let hour = |text: &str| text.trim().parse().ok().filter(|hour| (0..24).contains(hour));
        Some(Hours { from: hour(from)?, to: hour(to)? })
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "minute" => Unit::Minute,
            "hour" => Unit::Hour,
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Month,
            "year" => Unit::Year,
            _ => return None,
        })
    }
}

/// What a phrase of a section means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Month(i8),
    Weekday(Weekday),
    /// A weekday and its hours in one word.
    WeekdayPart(Weekday, Hours),
    /// A day with the same date every year: month and day.
    DayOfYear(i8, i8),
    /// Today, if a clock time stands beside it.
    LaterToday,
    /// The clock of a time zone, in minutes from UTC.
    Zone(i32),
    /// Days from today, and the hours that the word names besides.
    Day(i32, Option<Hours>),
    /// This (0), the next (1) or the last (-1).
    Which(i32),
    /// Weeks from this one.
    Week(i32),
    Unit(Unit),
    /// So many of a unit.
    Span(u32, Unit),
    /// A number with a half, in halves.
    Halves(u32),
    AndAHalf,
    One,
    In,
    InAfter,
    Ago,
    AgoAfter,
    From,
    WeekLater,
    Now,
    Part(Hours),
    /// A part of the day only after a weekday.
    PartAfter(Hours),
    AmPm(Hours),
    Time(Time),
    OpenTime(Time),
    At,
    OClock,
    /// Minutes from the hour that follows.
    BeforeHour(i32),
    /// Minutes from the hour that stands before.
    AfterHour(i32),
    /// After minutes, before the hour: later (1) or earlier (-1).
    MinutesThenHour(i32),
    /// The same where the word also stands between two hours.
    MinutesOrRange(i32),
    /// After the hour, before minutes: later (1) or earlier (-1).
    HourThenMinutes(i32),
    /// After the hour and minutes, or before them: earlier (-1).
    Oh,
    Hour(i8),
    SixHours,
    DayBefore,
    DayAfter,
    DayOrdinal(i8),
    MonthBefore,
    /// Between a day and its month.
    Of,
    /// Hides the shorter phrases in it.
    Hides,
    YearBefore,
    Small,
    Before,
    After,
}

/// Where "5:30" in figures is the clock of 24 hours.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Clock24 {
    #[default]
    Nowhere,
    Everywhere,
    /// In these countries.
    In(Vec<String>),
}

impl Clock24 {
    /// Reads `12 hours`, `24 hours` and `24 hours in ES AR`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(" hours") {
            Some(("12", "")) => Some(Clock24::Nowhere),
            Some(("24", "")) => Some(Clock24::Everywhere),
            Some(("24", rest)) => Some(Clock24::In(rest.strip_prefix(" in ")?.split(' ').map(str::to_owned).collect())),
            _ => None,
        }
    }

    /// Whether it is usual in a country.
    pub fn is_usual(&self, country: Option<&str>) -> bool {
        match self {
            Clock24::Nowhere => false,
            Clock24::Everywhere => true,
            Clock24::In(countries) => country.is_some_and(|country| countries.iter().any(|known| known == country)),
        }
    }
}

/// What a file says about a language besides its phrases.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Habits {
    /// "5:30" in figures is the clock of 24 hours.
    pub clock_24: Clock24,
    /// Days with which people begin a week.
    pub week_begins: Vec<Weekday>,
}

/// Reads one line of a section: what its phrase means. `None` where the section or the value is unknown.
pub(super) fn meaning(section: &str, value: Option<&str>) -> Option<Meaning> {
    if let Some(value) = value {
        return valued(section, value);
    }
    Some(match section {
        "and a half" => Meaning::AndAHalf,
        "one" => Meaning::One,
        "in" => Meaning::In,
        "in, said after" => Meaning::InAfter,
        "ago" => Meaning::Ago,
        "ago, said after" => Meaning::AgoAfter,
        "from" => Meaning::From,
        "later today" => Meaning::LaterToday,
        "a week later" => Meaning::WeekLater,
        "now" => Meaning::Now,
        "at" => Meaning::At,
        "o'clock" => Meaning::OClock,
        "zero before minutes" => Meaning::Oh,
        "clock that begins at six" => Meaning::SixHours,
        "before the day" => Meaning::DayBefore,
        "after the day" => Meaning::DayAfter,
        "between day and month" => Meaning::Of,
        "means something else" => Meaning::Hides,
        "before the month" => Meaning::MonthBefore,
        "before the year" => Meaning::YearBefore,
        "small words" => Meaning::Small,
        "said before" => Meaning::Before,
        "said after" => Meaning::After,
        _ => return None,
    })
}

fn valued(section: &str, value: &str) -> Option<Meaning> {
    let number = |from: i32, to: i32| value.parse().ok().filter(|n| (from..=to).contains(n));
    let sign = || number(-1, 1).filter(|n| *n != 0);
    Some(match section {
        "months" => Meaning::Month(number(1, 12)? as i8),
        "weekdays" => Meaning::Weekday(weekday(value)?),
        "weekdays with a part of the day" => {
            let (day, hours) = value.split_once(' ')?;
            Meaning::WeekdayPart(weekday(day)?, Hours::parse(hours)?)
        }
        "days of the year" => {
            let (day, month) = value.split_once('.')?;
            let (day, month) = (day.parse().ok()?, month.parse().ok()?);
            jiff::civil::Date::new(2_024, month, day).ok()?;
            Meaning::DayOfYear(month, day)
        }
        "time zones" => {
            let (hours, minutes) = value.split_once(':').unwrap_or((value, "0"));
            Meaning::Zone(hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?)
        }
        "days" => match value.split_once(' ') {
            None => Meaning::Day(number(-7, 7)?, None),
            Some((days, hours)) => Meaning::Day(days.parse().ok()?, Some(Hours::parse(hours)?)),
        },
        "this, next, last" => Meaning::Which(number(-1, 1)?),
        "weeks" => Meaning::Week(number(-2, 2)?),
        "units" => Meaning::Unit(Unit::parse(value)?),
        "spans" => {
            let (count, unit) = value.split_once(' ')?;
            Meaning::Span(count.parse().ok()?, Unit::parse(unit)?)
        }
        "numbers with a half" => {
            let (whole, half) = value.split_once('.')?;
            (half == "5").then_some(())?;
            Meaning::Halves(whole.parse::<u32>().ok().filter(|n| *n < 100)? * 2 + 1)
        }
        "parts of the day" => Meaning::Part(Hours::parse(value)?),
        "parts of the day after a weekday" => Meaning::PartAfter(Hours::parse(value)?),
        "am and pm" => Meaning::AmPm(Hours::parse(value)?),
        "times" => Meaning::Time(time(value)?),
        "times of either half of the day" => Meaning::OpenTime(time(value)?),
        "before the hour" => Meaning::BeforeHour(number(-59, 59)?),
        "after the hour" => Meaning::AfterHour(number(-59, 59)?),
        "between minutes and hour" => match value.strip_suffix(" or to") {
            Some(sign) => Meaning::MinutesOrRange(sign.parse().ok().filter(|n| matches!(n, -1 | 1))?),
            None => Meaning::MinutesThenHour(sign()?),
        },
        "between hour and minutes" => Meaning::HourThenMinutes(sign()?),
        "hours" => Meaning::Hour(number(1, 12)? as i8),
        "days of the month" => Meaning::DayOrdinal(number(1, 31)? as i8),
        _ => return None,
    })
}

/// A day of the week by its English name.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}
