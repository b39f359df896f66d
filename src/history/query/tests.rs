//! Queries over contacts: what they are in SQL, and whom they find.

use super::*;
use crate::domain::name::Slug;
use crate::domain::profile::Profile;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::history::Database;

const DAY: i64 = 86_400_000;
/// 2026-03-15T12:00:00Z
const NOW: Millis = Millis(1_773_576_000_000);

fn attributes() -> IndexMap<Name, Type> {
    let named = [
        ("plan", Type::Text),
        ("score", Type::Number),
        ("vip", Type::Boolean),
        ("born", Type::Date),
        ("renewed", Type::Moment),
        ("slot", Type::Time),
        ("stay", Type::Duration),
        ("items", Type::List),
        ("language", Type::Text),
    ];
    named.into_iter().map(|(name, kind)| (Name::parse(name).expect(name), kind)).collect()
}

fn parse(query: &str) -> Result<ContactQuery, QueryProblem> {
    let (attributes, zone) = (attributes(), TimeZone::get("Europe/Berlin").expect("a zone"));
    ContactQuery::parse(query, &Terms { attributes: &attributes, zone: &zone, now: NOW })
}

#[test]
fn nothing_of_a_query_gets_into_its_sql() {
    let hostile = "'; DROP TABLE contact; --";
    let query = format!("name = \"{hostile}\" or contains(plan, \"{hostile}\") or tag in (a, b) or score > 1");
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let Selection { sql, params } = parse(&query).expect("read").selection(dialect, 4);
        assert!(!sql.contains("DROP"), "{sql}");
        assert_eq!(params.len(), 7);
        assert!(sql.contains("c.name = $4") && sql.contains("$10") && !sql.contains("$11"), "{sql}");
    }
}

#[test]
fn what_is_wrong_says_where_and_what_to_do() {
    for (query, column, message, help) in [
        ("tagg = vip", 1, "There is no field `tagg`", "Did you mean `tag`?"),
        ("tag = vip and lats_seen > 3d", 15, "There is no field `lats_seen`", "Did you mean `last_seen`?"),
        ("zzzzzzzz = 1", 1, "There is no field `zzzzzzzz`", "[attributes]"),
        ("name = ä or pln = 1", 13, "There is no field `pln`", "Did you mean `plan`?"),
        ("score > many", 9, "`many` is no number", "For example"),
        ("score = gold", 9, "`gold` is no number", "For example"),
        ("last_seen > 5", 13, "`5` is no moment", "how long ago"),
        ("last_seen = 30d", 13, "Nothing is exactly `30d` ago", "`>` for longer ago"),
        ("born < someday", 8, "`someday` is not a date", "2026-03-01"),
        ("slot < noon", 8, "`noon` is not a time", "10:30"),
        ("stay > 5", 8, "`5` is no duration", "1h30m"),
        ("language = spanish", 12, "`spanish` is not a language code", "pt-BR"),
        ("phone = 0771", 9, "`0771` is not a phone number", "+44"),
        ("tag = 'big spender'", 7, "`big spender` is not a tag", "big-spender"),
        ("consent = whatsap", 11, "`whatsap` is no kind of channel", "Did you mean `whatsapp`?"),
        ("vip = 7", 7, "`7` is neither true nor false", "true"),
        ("plan", 1, "`plan` alone is neither true nor false", "has plan"),
        ("tag > a", 1, "`tag` has no order", "="),
        ("plan > null", 8, "`null` has no order", "!= null"),
        ("plan in (a, null)", 13, "`null` cannot stand in a list", "plan = null"),
        ("items = a", 1, "A list or map cannot be compared", "has"),
        ("contains(score, a)", 10, "`score` is no text", "="),
        ("contains(plan, '')", 16, "There is nothing to look for", "one character"),
    ] {
        let problem = parse(query).expect_err(query);
        assert_eq!((problem.column, problem.message.as_str()), (column, message), "{query}");
        assert!(problem.help.as_deref().unwrap_or("").contains(help), "{query}: {problem}");
    }
    let shown = parse("tagg = vip").expect_err("no field").to_string();
    assert_eq!(shown, "column 1: There is no field `tagg`. Did you mean `tag`?");
}

/// A contact with all that is known of it.
#[derive(Debug, Clone, Default)]
struct Someone {
    profile: Profile,
    created: i64,
    seen: Option<i64>,
    flows: Vec<Slug>,
}

impl Someone {
    fn facts(&self) -> Facts<'_> {
        let (created, last_seen) = (Millis(self.created), self.seen.map(Millis));
        Facts { profile: &self.profile, channel: None, created, last_seen, last_sent: None, flows: &self.flows }
    }
}

/// What a query asked for long ago means today: a table that people can read.
#[test]
fn durations_days_and_nothing_mean_what_people_expect() {
    let days_ago = |days: i64| Some(NOW.0 - days * DAY);
    let attribute = |name: &str, value| (Name::parse(name).expect(name), value);
    let born = jiff::civil::date(1990, 5, 1);
    let someone = Someone {
        profile: Profile {
            name: Some("Ada".into()),
            email: Some("ada@example.com".into()),
            tags: vec![Slug::parse("vip").expect("a tag")],
            stop: 1,
            consent: 6,
            attributes: vec![
                attribute("score", Value::Number(5.0)),
                attribute("vip", Value::Bool(true)),
                attribute("born", Value::Date(born)),
                attribute("renewed", Value::Moment(Millis(NOW.0 - 40 * DAY))),
                attribute("slot", Value::Time(jiff::civil::time(9, 30, 0, 0))),
                attribute("stay", Value::Duration(Span::hours(36))),
                attribute("language", Value::text("Esperanto")),
            ],
            ..Profile::default()
        },
        created: jiff::civil::date(2026, 3, 1).in_tz("Europe/Berlin").expect("a day").timestamp().as_millisecond(),
        seen: days_ago(10),
        flows: vec![Slug::parse("checkout").expect("a flow")],
    };
    let table = [
        ("last_seen > 9d and last_seen < 11d", true),
        ("last_seen > 10d", false),
        ("last_seen >= 10d and last_seen <= 10d", true),
        ("last_sent > 1d or last_sent < 1d", false),
        ("last_sent = null and not has last_sent", true),
        ("created = 2026-03-01", true),
        ("created > 2026-03-01 or created < 2026-03-01", false),
        ("created >= 2026-03-01 and created <= '2026-03-01'", true),
        ("created = 2026-02-28T23:00:00Z", true),
        ("created in (2026-02-28, 2026-03-01)", true),
        ("score > 4 and score != 4 and score in (1, 5)", true),
        ("score >= -5.5", true),
        ("plan != gold and plan = null and plan not in (a, b)", true),
        ("plan < z or plan > a", false),
        ("vip and vip = true and vip != false", true),
        ("born = 1990-05-01 and born < 2000-01-01 and born > 3650d", true),
        ("renewed > 30d and renewed < 50d and has renewed", true),
        ("slot = 09:30 or slot > 10:00", true),
        ("stay > 1d and stay <= 36h", true),
        ("stopped and stopped = sms and stopped != email", true),
        ("consent = sms", false),
        ("consent in (sms, email) and consent = true", true),
        ("in_flow = checkout and in_flow != other and has in_flow", true),
        ("tags = vip and tag not in (a, b) and starts(tag, vi)", true),
        ("email = ADA@example.com and ends_with(email, '.com')", true),
        ("language = null and contact.language = Esperanto", true),
        ("simulated or simulated = true", false),
        ("contains(name, d) and not contains(name, D)", true),
    ];
    for (query, holds) in table {
        let read = parse(query).unwrap_or_else(|problem| panic!("{query}: {problem}"));
        assert_eq!(read.holds(&someone.facts()), holds, "{query}");
    }
}

/// What a contact has many of is looked up by its key; nothing is read from end to end but the contacts themselves.
#[tokio::test]
async fn each_test_of_a_query_uses_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open_file(&folder.path().join("h.db")).await.expect("opens");
    let query = "tag = vip and plan = gold and score > 2 and in_flow = checkout and not has tag";
    let Selection { sql, params } = parse(query).expect("read").selection(Dialect::Sqlite, 1);
    let plan =
        database.read(&format!("EXPLAIN QUERY PLAN SELECT c.id FROM contact c WHERE {sql}"), &params).await.expect("a plan");
    let plan: Vec<&str> = plan.iter().map(|row| row.text(3).expect("a text")).collect();
    let scans: Vec<&&str> = plan.iter().filter(|step| step.starts_with("SCAN")).collect();
    assert!(scans.len() <= 1 && scans.iter().all(|scan| scan.contains("SCAN c")), "{plan:#?}");
    assert_eq!(plan.iter().filter(|step| step.starts_with("SEARCH")).count(), 5, "{plan:#?}");
}
