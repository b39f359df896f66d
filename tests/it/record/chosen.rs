//! Queries over contacts: the SQL of each chooses the contacts whom the evaluator chooses, on both databases.

use super::{Ground, on_both};
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use replyflow::domain::id::ContactKey;
use replyflow::domain::name::{Name, Slug};
use replyflow::domain::profile::Profile;
use replyflow::domain::time::Millis;
use replyflow::domain::value::{Type, Value};
use replyflow::history::query::{ContactQuery, Facts, QueryProblem, Selection, Terms, stored};
use replyflow::history::{Cell, Database, Statement};

on_both!(sql_chooses_whom_the_evaluator_chooses);

const DAY: i64 = 86_400_000;
/// 2026-03-15T12:00:00Z
const NOW: Millis = Millis(1_773_576_000_000);

fn parse(query: &str) -> Result<ContactQuery, QueryProblem> {
    let named =
        [("plan", Type::Text), ("score", Type::Number), ("vip", Type::Boolean), ("born", Type::Date), ("renewed", Type::Moment)];
    let attributes: IndexMap<Name, Type> = named.into_iter().map(|(name, kind)| (Name::parse(name).expect(name), kind)).collect();
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    ContactQuery::parse(query, &Terms { attributes: &attributes, zone: &zone, now: NOW })
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
            let language = replyflow::domain::language::Language::parse(if bits > 3 { "es" } else { "pt-BR" });
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

async fn sql_chooses_whom_the_evaluator_chooses(ground: Ground) {
    let mut runner = TestRunner::deterministic();
    let (people, queries) = (prop::collection::vec(someone(), 1..12), prop::collection::vec(query(), 1..20));
    for _ in 0..40 {
        let people = people.new_tree(&mut runner).expect("people").current();
        let queries = queries.new_tree(&mut runner).expect("queries").current();
        agree(&ground.database, &people, &queries).await;
    }
}
