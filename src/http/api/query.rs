//! The query of a request: every name is known and comes once, every value is of its kind.

use super::page::Cursor;
use crate::domain::time::Millis;
use crate::http::error::Failure;
use actix_web::HttpRequest;

/// Items of a page if nobody says how many.
pub const LIMIT: usize = 50;
/// Items of a page at most.
pub const LIMIT_MOST: usize = 200;
/// Bytes of a value.
const VALUE: usize = 4 * 1_024;

/// The parameters of a query.
#[derive(Debug)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads the query of a request that knows these names; lists name `limit` and `cursor` too.
    pub fn read(request: &HttpRequest, known: &[&'static str]) -> Result<Self, Failure> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let Some(name) = known.iter().find(|known| **known == name) else {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                let all = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
                return Err(invalid("query", format!("`{shown}` is not known here; there is {all}")));
            };
            if pairs.iter().any(|(there, _)| there == name) {
                return Err(invalid(name, "comes more than once"));
            }
            if value.len() > VALUE {
                return Err(invalid(name, format!("is longer than {VALUE} bytes")));
            }
            pairs.push((name, value.into_owned()));
        }
        Ok(Query(pairs))
    }

    /// A value as it stands there; nothing if it is not there or empty.
    pub fn text(&self, name: &'static str) -> Option<&str> {
        self.0.iter().find(|(there, _)| *there == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value that is read by a function which knows its form.
    pub fn parsed<T>(&self, name: &'static str, form: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        self.text(name).map(|text| read(text).ok_or_else(|| invalid(name, format!("is not {form}")))).transpose()
    }

    /// A moment, RFC 3339.
    pub fn moment(&self, name: &'static str) -> Result<Option<Millis>, Failure> {
        let read = |text: &str| Some(Millis(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()));
        self.parsed(name, "a moment such as 2026-03-02T10:00:00Z", read)
    }

    /// A whole number.
    pub fn number(&self, name: &'static str, from: i64, to: i64) -> Result<Option<i64>, Failure> {
        let form = format!("a whole number from {from} to {to}");
        self.parsed(name, &form, |text| text.parse().ok().filter(|n| (from..=to).contains(n)))
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, Failure> {
        self.parsed(name, "true or false", |text| text.parse().ok())
    }

    /// How many items a page may have: 1 to 200, else 50.
    pub fn limit(&self) -> Result<usize, Failure> {
        let given = self.number("limit", 1, LIMIT_MOST as i64)?;
        Ok(given.and_then(|n| usize::try_from(n).ok()).unwrap_or(LIMIT))
    }

    /// Where a page goes on.
    pub fn cursor<T: Cursor>(&self) -> Result<Option<T>, Failure> {
        self.parsed("cursor", "what the page before gave as `next`", T::read)
    }
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(query: &str) -> Result<Query, (String, String)> {
        let request = TestRequest::get().uri(&format!("/x?{query}")).to_http_request();
        Query::read(&request, &["limit", "cursor", "since", "flow"]).map_err(told)
    }

    fn told(failure: Failure) -> (String, String) {
        (failure.field().unwrap_or("").to_owned(), failure.detail().unwrap_or_default())
    }

    #[test]
    fn values_are_read_and_slips_name_their_parameter() {
        let query = read("flow=a%20b&since=2026-03-02T10:00:00Z&limit=200").expect("read");
        assert_eq!((query.text("flow"), query.text("cursor")), (Some("a b"), None));
        assert_eq!(query.moment("since").expect("a moment"), Some(Millis(1_772_445_600_000)));
        assert_eq!(query.limit().expect("a limit"), 200);
        assert_eq!(read("").expect("read").limit().expect("a limit"), LIMIT);
        for (query, field) in [("flw=1", "query"), ("flow=1&flow=2", "flow")] {
            assert_eq!(read(query).expect_err(query).0, field);
        }
        assert_eq!(read("flw=1").expect_err("unknown").1, "`flw` is not known here; there is limit, cursor, since, flow");
        for bad in ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=1.5"] {
            assert_eq!(told(read(bad).expect("read").limit().expect_err(bad)).0, "limit");
        }
        assert_eq!(told(read("since=yesterday").expect("read").moment("since").expect_err("no moment")).0, "since");
        let long = format!("flow={}", "a".repeat(VALUE + 1));
        assert_eq!(read(&long).expect_err("long").0, "flow");
    }
}
