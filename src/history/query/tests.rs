//! Queries over contacts: what they are in SQL, and whom they find.

use super::*;
use crate::domain::id::ContactKey;
use crate::domain::name::Slug;
use crate::domain::profile::Profile;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::history::{Cell, Database, Statement};
use proptest::prelude::*;

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
        ("slot = 9:30 or slot > 10:00", true),
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

fn someone() -> impl Strategy<Value = Someone> {
    let word = || prop::option::of(prop::sample::select(vec!["gold", "goldfish", "Äb", "", "x'y"]));
    let tags = prop::sample::subsequence(vec!["vip", "new", "vi"], 0..=3);
    let number = prop::option::of(prop::sample::select(vec![-1.5, 0.0, 2.0, 5.0]));
    let when = || prop::option::of(0i64..6);
    (word(), word(), tags, number, when(), when(), 0u8..8, any::<bool>(), prop::option::of(any::<bool>())).prop_map(
        |(name, plan, tags, score, seen, renewed, bits, in_flow, vip)| {
            let mut attributes = Vec::new();
            let mut put = |name: &str, value: Option<Value>| {
                attributes.extend(value.map(|value| (Name::parse(name).expect("a name"), value)));
            };
            put("plan", plan.map(Value::text));
            // A type that was declared differently before must not confuse anybody.
            put("score", score.map(Value::Number).or(vip.map(|_| Value::text("gold"))));
            put("vip", vip.map(Value::Bool));
            put("renewed", renewed.map(|days| Value::Moment(Millis(NOW.0 - days * DAY))));
            put("born", renewed.map(|days| Value::Date(jiff::civil::date(2000, 1, 1 + days as i8))));
            let language = crate::domain::language::Language::parse(if bits > 3 { "es" } else { "pt-BR" });
            let profile = Profile {
                name: name.map(str::to_owned),
                language: language.filter(|_| bits != 7),
                tags: tags.into_iter().map(|tag| Slug::parse(tag).expect("a tag")).collect(),
                stop: bits,
                consent: 7 - bits,
                simulated: in_flow && bits == 1,
                attributes,
                ..Profile::default()
            };
            let flows = if in_flow { vec![Slug::parse("checkout").expect("a flow")] } else { Vec::new() };
            Someone { profile, created: NOW.0 - i64::from(bits) * DAY, seen: seen.map(|days| NOW.0 - days * DAY), flows }
        },
    )
}

fn query() -> impl Strategy<Value = String> {
    let text = || prop::sample::select(vec!["gold", "'goldfish'", "'Äb'", "\"x'y\"", "zz"]);
    let sign = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let field = prop::sample::select(vec!["name", "plan"]);
    let number = prop::sample::select(vec!["-1.5", "0", "2", "5"]);
    let when = prop::sample::select(vec!["1d", "3d", "2026-03-12", "2026-03-13T12:00:00Z"]);
    let which = prop::sample::select(vec!["last_seen", "created", "renewed"]);
    let fixed = vec![
        "tag = vip",
        "tag != vip",
        "tag in (vip, new)",
        "has tag",
        "starts(tag, v)",
        "language in (es, pt)",
        "language = pt-BR",
        "has plan",
        "plan = null",
        "contains(plan, ol)",
        "starts(name, gold)",
        "ends(name, b)",
        "in_flow = checkout",
        "has in_flow",
        "stopped = sms",
        "stopped",
        "consent in (email, whatsapp)",
        "vip",
        "vip = false",
        "vip != true",
        "simulated",
        "born > 2000-01-03",
        "born = 2000-01-02",
        "last_sent = null",
        "score = null",
        "contains(name, \"'\")",
        "plan not in (gold, 'Äb')",
    ];
    let leaf = prop_oneof![
        (field, sign(), text()).prop_map(|(field, sign, text)| format!("{field} {sign} {text}")),
        (sign(), number).prop_map(|(sign, number)| format!("score {sign} {number}")),
        (which, sign(), when).prop_map(|(which, sign, when)| {
            let sign = if when.ends_with('d') { sign.replace("!=", ">") } else { sign.to_owned() };
            let sign = if when.ends_with('d') && sign == "=" { "<".to_owned() } else { sign };
            format!("{which} {sign} {when}")
        }),
        prop::sample::select(fixed).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

/// The rows that stand for a contact.
fn rows(key: ContactKey, someone: &Someone) -> Vec<Statement> {
    let p = &someone.profile;
    let contact: [Cell; 9] = [
        key.into(),
        p.simulated.into(),
        p.name.as_ref().into(),
        p.language.map(|language| language.to_string()).into(),
        someone.created.into(),
        someone.seen.into(),
        p.stop.into(),
        p.consent.into(),
        "live".into(),
    ];
    let sql = "INSERT INTO contact (id, simulated, name, language, created_at, changed_at, last_seen, stop, consent, mode)
               VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)";
    let mut all = vec![Statement::new(sql, contact)];
    for tag in &p.tags {
        all.push(Statement::new("INSERT INTO contact_tag (contact, tag) VALUES ($1, $2)", [key.into(), tag.into()]));
    }
    for (name, value) in &p.attributes {
        let stored = stored(value).expect("a value");
        let sql = "INSERT INTO contact_attribute (contact, name, text, number) VALUES ($1, $2, $3, $4)";
        all.push(Statement::new(sql, [key.into(), name.into(), stored.text.into(), stored.number.into()]));
    }
    for flow in &someone.flows {
        let sql = "INSERT INTO run (contact, id, mode, flow, version, channel, language, arm, started_at, day)
                   VALUES ($1, 'r', 'live', $2, 'v', '', '', '', 0, '2026-03-01')";
        all.push(Statement::new(sql, [key.into(), flow.into()]));
        // One that ended does not count.
        let sql = "INSERT INTO run (contact, id, mode, flow, version, channel, language, arm, started_at, ended_at, day)
                   VALUES ($1, 'e', 'live', 'other', 'v', '', '', '', 0, 1, '2026-03-01')";
        all.push(Statement::new(sql, [key.into()]));
    }
    all
}

/// SQL and the evaluator choose the same contacts.
async fn agree(database: &Database, people: &[Someone], queries: &[String]) {
    let mut statements: Vec<Statement> = ["contact", "contact_tag", "contact_attribute", "run"]
        .iter()
        .map(|table| Statement { sql: format!("DELETE FROM {table}").into(), params: Vec::new() })
        .collect();
    let keys: Vec<ContactKey> = (0..people.len()).map(|i| ContactKey::derive(b"s", &i.to_string())).collect();
    statements.extend(keys.iter().zip(people).flat_map(|(key, someone)| rows(*key, someone)));
    database.write(statements).await.expect("written");
    for query in queries {
        let read = parse(query).unwrap_or_else(|problem| panic!("{query}: {problem}"));
        let Selection { sql, params } = read.selection(database.dialect(), 2);
        let params: Vec<Cell> = [Cell::from("live")].into_iter().chain(params).collect();
        let sql = format!("SELECT c.id FROM contact c WHERE c.mode = $1 AND {sql}");
        let found = database.read(&sql, &params).await.unwrap_or_else(|error| panic!("{query}: {sql}: {error}"));
        let mut found: Vec<&str> = found.iter().map(|row| row.text(0).expect("an id")).collect();
        let held = keys.iter().zip(people).filter(|(_, someone)| read.holds(&someone.facts()));
        let mut held: Vec<&str> = held.map(|(key, _)| key.as_str()).collect();
        found.sort_unstable();
        held.sort_unstable();
        assert_eq!(found, held, "{query}\n{sql}");
    }
}

#[test]
fn sql_chooses_whom_the_evaluator_chooses() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let database = runtime.block_on(Database::open_file(&folder.path().join("h.db"))).expect("opens");
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(people in prop::collection::vec(someone(), 1..12), queries in prop::collection::vec(query(), 1..20))| {
        runtime.block_on(agree(&database, &people, &queries));
    });
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
