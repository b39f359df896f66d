//! One reply, taken for every kind of answer. Whatever it is, nothing panics, what is understood keeps to what was asked
//! for, and blanks around it and the one form of it mean nothing. Fed by libFuzzer and, with a seed, by the ordinary tests.

use jiff::civil::{Date, Time, date, time};
use jiff::tz::TimeZone;
use replyflow::domain::address::E164;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::language::Language;
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::reply::choice::{Candidate, Options, Shown};
use replyflow::reply::choices::Bounds;
use replyflow::reply::command::Command;
use replyflow::reply::intent::Intent;
use replyflow::reply::keyword::{Keyword, Keywords};
use replyflow::reply::normalize::Normalized;
use replyflow::reply::pattern::Pattern;
use replyflow::reply::{self, Setting, Understanding};
use std::sync::LazyLock;

/// The languages whose words are known, and one whose are not.
pub const LANGUAGES: [&str; 12] = ["en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id", "fi"];
const COUNTRIES: [Option<&str>; 4] = [Some("GB"), Some("US"), None, Some("DE")];
/// Some choices whose labels are easily taken for something else.
const LABELS: [&[&str]; 4] = [
    &["Pay now", "Cash on delivery", "Talk to us"],
    &["2 tickets", "1 ticket", "No tickets", "Yes", "❌ Stop it"],
    &["Rojo y verde", "अभी भुगतान करें", "لا شكرا", "10:30", "+44 20", "May"],
    &["a", "b", "é", "٣", "one", "one two", "two", "-"],
];

static ZONES: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
    let names = ["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Apia"];
    names.into_iter().map(|name| TimeZone::get(name).expect("a zone")).collect()
});
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let patterns = [r"[A-Z]{2}\d{4,8}", r"(?i)(?:order )?#?(\w+)-(\d+)?", r"(a|ab)*c?.*", r"[^\s@]+@[^\s@]+"];
    patterns.into_iter().map(|source| Pattern::compile(source).expect("a pattern")).collect()
});

/// Takes the first three bytes for where, when and what is asked, the rest for the reply.
pub fn check(data: &[u8]) {
    let [language, place, asked, rest @ ..] = data else { return };
    let text = String::from_utf8_lossy(rest);
    let pick = |byte: &u8, among: usize| usize::from(*byte) % among;
    let language = Language::parse(LANGUAGES[pick(language, LANGUAGES.len())]).expect("a language");
    let zone = &ZONES[pick(place, ZONES.len())];
    let country = COUNTRIES[pick(&(place >> 4), COUNTRIES.len())];
    // Nights in which clocks change, a leap day, the last day of a year.
    let nows = [1_772_445_600_000, 1_774_742_340_000, 1_709_200_800_000, 1_798_761_599_999];
    let now = Millis(nows[pick(&(place >> 2), nows.len())]);
    let reply = Reply { text: &text, words: Normalized::of(&text), language, asked: *asked };
    reply.has_one_form();
    reply.chooses();
    reply.agrees();
    let setting = Setting { language, country, zone, now };
    reply.counts(&setting);
    reply.dates(&setting);
    reply.reaches(country);
    reply.writes();
    reply.commands();
}

struct Reply<'a> {
    text: &'a str,
    words: Normalized,
    language: Language,
    /// Which bounds and choices.
    asked: u8,
}

impl Reply<'_> {
    /// For what is said of it.
    fn begins(&self) -> String {
        self.text.chars().take(200).collect()
    }

    fn has_one_form(&self) {
        let once = self.words.as_str();
        // Pictures are parted by blanks: of very many the one form is longer than what is read.
        if once.chars().count() <= 4_096 {
            assert!(Normalized::of(once).as_str() == once, "the one form of {:?}", self.begins());
        }
        assert!(self.words.words().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)), "{:?}", self.begins());
    }

    /// What is understood, once more with blanks around it: the same.
    fn understood(&self, what: &str, read: impl Fn(&str, &Normalized) -> Understanding) -> Option<Value> {
        let value = |understanding: Understanding| match understanding {
            Ok(understood) => {
                let reason = understood.reason;
                assert!(!reason.is_empty() && reason.chars().count() <= 300 && !reason.contains('\n'), "{what}: {reason:?}");
                Some((understood.value, understood.exact))
            }
            Err(not) => {
                assert!(!not.reason.is_empty() && !not.reason.contains('\n'), "{what}: {:?}", not.reason);
                None
            }
        };
        let plain = value(read(self.text, &self.words));
        // Longer than a reply may be, a blank more makes it too long.
        if self.words.whole().is_some() && self.text.chars().count() < 4_000 {
            let padded = format!(" {}\n ", self.text);
            let with_blanks = value(read(&padded, &Normalized::of(&padded)));
            assert!(with_blanks == plain, "{what}: {:?} and {with_blanks:?}, not {plain:?}", self.begins());
        }
        plain.map(|(value, _)| value)
    }

    fn options(&self) -> Options {
        let labels = LABELS[usize::from(self.asked) % LABELS.len()];
        let candidate =
            |(at, label): (usize, &&str)| Candidate { id: format!("c{at}"), label: (*label).to_owned(), also: vec![] };
        Options::new(labels.iter().enumerate().map(candidate).collect(), self.language)
    }

    fn chooses(&self) {
        let options = self.options();
        let all: Vec<usize> = (0..options.len()).collect();
        let visible = if self.asked & 8 == 0 { &all[..] } else { &all[1..] };
        let shown = Shown { visible, numbered: self.asked & 16 == 0 };
        let is_shown =
            |value: &Value| matches!(value, Value::Choice { id, .. } if visible.iter().any(|i| options.id(*i) == Some(id)));
        if let Some(value) = self.understood("choice", |_, words| options.understand(words, None, shown)) {
            assert!(is_shown(&value), "{:?} was not shown: {value:?}", self.begins());
        }
        let bounds = Bounds { min: 1 + usize::from(self.asked >> 5) % 2, max: (self.asked & 128 == 0).then_some(2) };
        let several = self.understood("choices", |text, words| options.understand_many(words, text, None, shown, bounds));
        if let Some(value) = several {
            let Value::List(items) = &value else { panic!("{value:?} is no list") };
            let twice = items.iter().enumerate().any(|(i, item)| items[..i].contains(item));
            assert!(items.iter().all(is_shown) && !twice, "{:?}: {value:?}", self.begins());
            assert!(
                items.len() >= bounds.min && bounds.max.is_none_or(|max| items.len() <= max),
                "{:?}: {value:?}",
                self.begins()
            );
        }
        options.considered(&self.words, None, shown);
    }

    fn agrees(&self) {
        let value =
            self.understood("yes_no", |_, words| reply::yes_no::understand(words, None, &[self.language], self.asked & 16 == 0));
        assert!(matches!(value, None | Some(Value::Bool(_))), "{value:?}");
    }

    fn counts(&self, setting: &Setting<'_>) {
        let bound = |bit: u8, at: f64| (self.asked & bit != 0).then_some(at);
        let expected = reply::number::Expected { min: bound(1, -3.0), max: bound(2, 40.0), whole: self.asked & 4 != 0 };
        let value = self.understood("number", |text, words| reply::number::understand(text, words, &expected, setting));
        let Some(value) = value else { return };
        let Value::Number(number) = value else { panic!("{value:?} is no number") };
        let fits = expected.min.is_none_or(|min| number >= min) && expected.max.is_none_or(|max| number <= max);
        assert!(number.is_finite() && fits && (!expected.whole || number.fract() == 0.0), "{:?}: {number}", self.begins());
    }

    fn dates(&self, setting: &Setting<'_>) {
        const FIRST: Date = date(2026, 3, 1);
        const LAST: Date = date(2026, 12, 31);
        const OPENS: Time = time(9, 0, 0, 0);
        const CLOSES: Time = time(17, 30, 0, 0);
        let (has_min, has_max) = (self.asked & 1 != 0, self.asked & 2 != 0);
        let days = reply::date::Expected { min: has_min.then_some(FIRST), max: has_max.then_some(LAST) };
        if let Some(value) = self.understood("date", |text, words| reply::date::understand(text, words, &days, setting)) {
            let Value::Date(day) = value else { panic!("{value:?} is no day") };
            assert!((!has_min || day >= FIRST) && (!has_max || day <= LAST), "{:?}: {day}", self.begins());
        }
        let clock = reply::time::Expected { min: has_min.then_some(OPENS), max: has_max.then_some(CLOSES) };
        if let Some(value) = self.understood("time", |text, words| reply::time::understand(text, words, &clock, setting)) {
            let Value::Time(at) = value else { panic!("{value:?} is no time of day") };
            assert!((!has_min || at >= OPENS) && (!has_max || at <= CLOSES), "{:?}: {at}", self.begins());
        }
        let week = Millis(setting.now.0 + 7 * 86_400_000);
        let span = reply::moment::Expected { min: has_min.then_some(setting.now), max: has_max.then_some(week) };
        if let Some(value) = self.understood("moment", |text, words| reply::moment::understand(text, words, &span, setting)) {
            let Value::Moment(at) = value else { panic!("{value:?} is no moment") };
            assert!((!has_min || at >= setting.now) && (!has_max || at <= week), "{:?}: {at:?}", self.begins());
        }
    }

    fn reaches(&self, country: Option<&str>) {
        let phone = |text: &str, words: &Normalized| reply::phone::understand(text, words, country, self.language);
        if let Some(value) = self.understood("phone", phone) {
            let Value::Text(phone) = &value else { panic!("{value:?} is no phone") };
            assert!(E164::parse(phone).is_some(), "{:?}: {phone}", self.begins());
        }
        if let Some(value) = self.understood("email", |text, words| reply::email::understand(text, words, self.language)) {
            let Value::Text(email) = &value else { panic!("{value:?} is no address") };
            let parts = email.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
            assert!(parts && email.len() <= 254 && !email.contains(char::is_whitespace), "{:?}: {email}", self.begins());
        }
    }

    fn writes(&self) {
        let (min, max) = ((self.asked & 1 != 0).then_some(2), (self.asked & 2 != 0).then_some(80));
        if let Some(value) = self.understood("text", |text, _| reply::text::understand(text, min, max)) {
            let chars = value.as_text().map_or(0, |text| text.chars().count());
            assert!(min.is_none_or(|min| chars >= min) && chars <= max.unwrap_or(1_000), "{:?}", self.begins());
        }
        assert!(reply::any::understand(self.text).is_ok());
        let pattern = &PATTERNS[usize::from(self.asked) % PATTERNS.len()];
        self.understood("pattern", |text, _| pattern.understand(text).map(|(understood, _)| understood));
    }

    fn commands(&self) {
        let kinds = [ChannelKind::Sms, ChannelKind::WhatsApp, ChannelKind::Email];
        for kind in kinds {
            let intent = |words: &Normalized| Intent::of(words, kind, &[self.language], self.asked & 1 != 0);
            assert_eq!(intent(&Normalized::of(&format!("  {} ", self.text))), intent(&self.words), "{:?}", self.begins());
        }
        Command::of(&self.words, &[self.language]);
        let keywords = ["join *", "start over", "🍕", self.text].into_iter().filter_map(Keyword::parse);
        let keywords = Keywords::new(keywords.map(|keyword| (keyword, ())));
        for hit in keywords.find(&self.words, self.text) {
            let rest = hit.rest.unwrap_or_default();
            assert!(self.text.contains(rest.as_str()), "the rest {rest:?} of {:?}", self.begins());
        }
    }
}
