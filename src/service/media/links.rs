//! Links to files of contacts. What is kept (in variables, effects, the journal, the record) is a *lasting name*: a link that ended in 1970. It
//! opens nothing, and its signature proves that we made it. Whatever leaves the service has each lasting name replaced by a link of now, which is
//! exactly as long: so it can be replaced in bytes of any format, and the length of a text is known before it leaves. What others give back to us
//! while it opens becomes a lasting name again. A link that has ended stays as it is: who says it to a flow gets no new one.

use crate::domain::time::{Millis, Span};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use regex::bytes::Regex;
use sha2::Sha256;
use std::sync::LazyLock;

/// The end of a lasting name, and how many digits each end has: seconds since 1970, until 2286.
const LASTING: &str = "0000000000";

/// Bytes of a signature: 128 bits of an HMAC with SHA-256. 22 characters of base64url.
const SIGNATURE: usize = 16;

/// Who never sees links is not searched further.
static MAYBE: LazyLock<Regex> = LazyLock::new(|| Regex::new("until(?:=|%3[Dd])").expect("an expression"));

/// A link from the name of its file on: as it is, in HTML, in a JSON that escapes `&`, and percent-encoded once.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    let link = r"([0-9a-f]{40}\.[0-9a-z]{2,4})(?:\?until=|%3[Ff]until%3[Dd])([0-9]{10})(?:&(?:amp;|#38;)?|%26|\\u0026)sig(?:=|%3[Dd])([A-Za-z0-9_-]{22})";
    Regex::new(&format!("(?-u){link}")).expect("an expression")
});

/// How long links last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTimes {
    /// For a provider that fetches the file of a message.
    pub providers: Span,
    /// For people and other systems: in texts, mails, calls, reports, at desks.
    pub others: Span,
    /// In answers of the API.
    pub api: Span,
}

impl Default for LinkTimes {
    /// As in the shipped settings.
    fn default() -> Self {
        LinkTimes { providers: Span::hours(4), others: Span::days(7), api: Span::hours(1) }
    }
}

/// Whom a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearer {
    /// A provider that fetches the file of a message.
    Provider,
    /// People and other systems.
    Others,
    /// Who asked the API.
    Api,
}

/// Why a link does not open its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// Its signature is missing or is not ours.
    #[error("this link is incomplete or was changed; copy all of it")]
    Forged,
    /// It was one.
    #[error("this link has ended; ask whoever gave it to you for a new one")]
    Ended,
}

/// Makes and reads links.
#[derive(Clone)]
pub struct Links {
    secret: Bytes,
    base: String,
    times: LinkTimes,
    unsigned: Option<Millis>,
}

impl Links {
    /// With the store's secret, the same for all instances. `public_url` has no slash at its end; until `unsigned`, addresses without a
    /// signature open too.
    pub fn new(secret: Bytes, public_url: &str, times: LinkTimes, unsigned: Option<Millis>) -> Self {
        Links { secret, base: format!("{public_url}/media/"), times, unsigned }
    }

    /// What is kept of a file of this name.
    pub fn lasting(&self, name: &str) -> String {
        format!("{}{name}?until={LASTING}&sig={}", self.base, self.signature(name.as_bytes(), LASTING.as_bytes()))
    }

    /// These bytes with a link of now in the place of each lasting name; nothing: there is none.
    pub fn fresh(&self, bytes: &[u8], hearer: Hearer, now: Millis) -> Option<Vec<u8>> {
        let end = self.end(hearer, now);
        self.replaced(bytes, &end, |until| until == LASTING.as_bytes())
    }

    /// A link that was made just now, for another hearer.
    pub fn again(&self, link: &str, hearer: Hearer, now: Millis) -> Option<String> {
        let end = self.end(hearer, now);
        let again = self.replaced(link.as_bytes(), &end, |until| is_open(until, now))?;
        String::from_utf8(again).ok()
    }

    /// These bytes with a lasting name in the place of each link that opens now; nothing: there is none.
    pub fn kept(&self, bytes: &[u8], now: Millis) -> Option<Vec<u8>> {
        self.replaced(bytes, LASTING, |until| is_open(until, now))
    }

    /// Whether a link opens the file of this name, and how long it still does.
    pub fn opens(&self, name: &str, until: Option<&str>, signature: Option<&str>, now: Millis) -> Result<Span, Closed> {
        let (Some(until), Some(signature)) = (until, signature) else {
            let left = self.unsigned.filter(|end| until.is_none() && signature.is_none() && *end > now);
            return left.map(|end| end - now).ok_or(Closed::Forged);
        };
        let digits = until.len() == LASTING.len() && until.bytes().all(|b| b.is_ascii_digit());
        if !digits || !self.is_ours(name.as_bytes(), until.as_bytes(), signature.as_bytes()) {
            return Err(Closed::Forged);
        }
        let left = moment(until.as_bytes()) - now;
        if left.0 > 0 { Ok(left) } else { Err(Closed::Ended) }
    }

    /// When a link of now ends. The same for a while, so that what has it twice has the same link: it lasts as long as it should, and at most an
    /// eighth longer.
    fn end(&self, hearer: Hearer, now: Millis) -> String {
        let span = match hearer {
            Hearer::Provider => self.times.providers,
            Hearer::Others => self.times.others,
            Hearer::Api => self.times.api,
        };
        let seconds = |millis: i64| millis.max(0) / 1_000 + 1;
        let step = seconds(span.0 / 8);
        let end = (seconds(now.0) + seconds(span.0)).div_euclid(step) * step + step;
        format!("{:010}", end.clamp(1, 9_999_999_999))
    }

    fn replaced(&self, bytes: &[u8], end: &str, which: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        if !MAYBE.is_match(bytes) {
            return None;
        }
        let mut made: Option<Vec<u8>> = None;
        for found in LINK.captures_iter(bytes) {
            let (Some(name), Some(until), Some(signature)) = (found.get(1), found.get(2), found.get(3)) else { continue };
            if !which(until.as_bytes()) || !self.is_ours(name.as_bytes(), until.as_bytes(), signature.as_bytes()) {
                continue;
            }
            let made = made.get_or_insert_with(|| bytes.to_vec());
            made[until.range()].copy_from_slice(end.as_bytes());
            made[signature.range()].copy_from_slice(self.signature(name.as_bytes(), end.as_bytes()).as_bytes());
        }
        made
    }

    fn mac(&self, name: &[u8], until: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        [b"media link:", name, b":", until].iter().for_each(|part| mac.update(part));
        mac
    }

    fn signature(&self, name: &[u8], until: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(&self.mac(name, until).finalize().into_bytes()[..SIGNATURE])
    }

    fn is_ours(&self, name: &[u8], until: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        signature.len() == SIGNATURE && self.mac(name, until).verify_truncated_left(&signature).is_ok()
    }
}

fn is_open(until: &[u8], now: Millis) -> bool {
    moment(until) > now
}

/// Of ten digits.
fn moment(until: &[u8]) -> Millis {
    Millis(until.iter().fold(0_i64, |all, digit| all * 10 + i64::from(digit.saturating_sub(b'0'))) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_790_000_000_123);
    const NAME: &str = "0123456789012345678901234567890123456789.jpg";

    fn links() -> Links {
        Links::new(Bytes::from_static(b"secret"), "https://talk.example", LinkTimes::default(), None)
    }

    fn text(bytes: Option<Vec<u8>>) -> String {
        String::from_utf8(bytes.expect("a link")).expect("text")
    }

    /// `until` and `sig`.
    fn parts(link: &str) -> (String, String) {
        let url = url::Url::parse(link).expect("a URL");
        let pair = |name: &str| url.query_pairs().find(|(key, _)| key == name).expect("there").1.into_owned();
        (pair("until"), pair("sig"))
    }

    fn opens(link: &str, now: Millis) -> Result<Span, Closed> {
        let (until, signature) = parts(link);
        links().opens(NAME, Some(&until), Some(&signature), now)
    }

    #[test]
    fn a_lasting_name_opens_nothing_and_becomes_a_link_that_does() {
        let lasting = links().lasting(NAME);
        assert!(lasting.starts_with(&format!("https://talk.example/media/{NAME}?until=0000000000&sig=")), "{lasting}");
        assert_eq!(opens(&lasting, NOW), Err(Closed::Ended));
        for (hearer, least) in
            [(Hearer::Provider, Span::hours(4)), (Hearer::Others, Span::days(7)), (Hearer::Api, Span::hours(1))]
        {
            let link = text(links().fresh(lasting.as_bytes(), hearer, NOW));
            assert_eq!(link.len(), lasting.len());
            let left = opens(&link, NOW).expect("open").0;
            assert!((least.0..=least.0 * 9 / 8 + 3_000).contains(&left), "{hearer:?} {left}");
            assert_eq!(opens(&link, Millis(NOW.0 + left)), Err(Closed::Ended));
            assert_eq!(text(links().fresh(lasting.as_bytes(), hearer, Millis(NOW.0 + 1_000))), link, "the same for a while");
        }
    }

    #[test]
    fn a_link_is_found_in_any_format_and_only_where_it_is_ours() {
        let lasting = links().lasting(NAME);
        let (head, query) = lasting.split_once('?').expect("a query");
        let encoded: String = url::form_urlencoded::byte_serialize(lasting.as_bytes()).collect();
        let html = format!("<a href=\"{head}?{}\">", query.replace('&', "&amp;"));
        let other = Links::new(Bytes::from_static(b"other"), "https://talk.example", LinkTimes::default(), None);
        for given in [encoded, html, format!("{{\"a\":\"{}\"}}", lasting.replace('&', "\\u0026"))] {
            let fresh = text(links().fresh(given.as_bytes(), Hearer::Others, NOW));
            assert!(!fresh.contains(LASTING) && fresh.len() == given.len(), "{fresh}");
            assert_eq!(text(links().kept(fresh.as_bytes(), NOW)), given, "and back");
            assert_eq!(other.fresh(given.as_bytes(), Hearer::Others, NOW), None, "made with another secret");
        }
        let two = format!("{lasting} and {lasting}.");
        assert!(!text(links().fresh(two.as_bytes(), Hearer::Others, NOW)).contains(LASTING));
        assert_eq!(links().fresh(b"nothing until=0000000000&sig=", Hearer::Others, NOW), None);
    }

    #[test]
    fn a_link_that_ended_is_not_made_anew() {
        let link = text(links().fresh(links().lasting(NAME).as_bytes(), Hearer::Api, NOW));
        let later = Millis(NOW.0 + Span::days(1).0);
        assert_eq!(links().fresh(link.as_bytes(), Hearer::Others, NOW), None, "it is no lasting name");
        assert_eq!(links().kept(link.as_bytes(), later), None);
        assert_eq!(links().again(&link, Hearer::Provider, later), None);
        assert!(links().again(&link, Hearer::Provider, NOW).is_some_and(|again| opens(&again, later - Span::hours(21)).is_ok()));
    }

    #[test]
    fn who_changes_a_link_opens_nothing() {
        let link = text(links().fresh(links().lasting(NAME).as_bytes(), Hearer::Api, NOW));
        let (until, signature) = parts(&link);
        let longer = format!("{}", until.parse::<u64>().expect("digits") + 1);
        let none: [(Option<&str>, Option<&str>); 6] = [
            (Some(&longer), Some(&signature)),
            (Some(&until), Some(&signature[1..])),
            (Some(&until), Some("")),
            (Some(&until), None),
            (None, Some(&signature)),
            (None, None),
        ];
        for (until, signature) in none {
            assert_eq!(links().opens(NAME, until, signature, NOW), Err(Closed::Forged), "{until:?} {signature:?}");
        }
        assert_eq!(links().opens(&NAME.replace("jpg", "png"), Some(&until), Some(&signature), NOW), Err(Closed::Forged));
        let plus = format!("+{}", &until[1..]);
        assert_eq!(links().opens(NAME, Some(&plus), Some(&signature), NOW), Err(Closed::Forged));
    }

    #[test]
    fn addresses_without_a_signature_open_as_long_as_that_is_wanted() {
        let until = Millis(NOW.0 + 5_000);
        let links = Links::new(Bytes::from_static(b"secret"), "https://talk.example", LinkTimes::default(), Some(until));
        assert_eq!(links.opens(NAME, None, None, NOW), Ok(Span::seconds(5)));
        assert_eq!(links.opens(NAME, None, None, until), Err(Closed::Forged));
        assert_eq!(links.opens(NAME, Some("0000000000"), None, NOW), Err(Closed::Forged));
    }

    proptest! {
        #[test]
        fn what_is_replaced_keeps_its_length_and_everything_around(before in ".{0,40}", after in ".{0,40}") {
            let given = format!("{before}{}{after}", links().lasting(NAME));
            let fresh = text(links().fresh(given.as_bytes(), Hearer::Others, NOW));
            prop_assert_eq!(fresh.len(), given.len());
            prop_assert!(fresh.starts_with(&before) && fresh.ends_with(&after));
            prop_assert_eq!(text(links().kept(fresh.as_bytes(), NOW)), given);
        }
    }
}
