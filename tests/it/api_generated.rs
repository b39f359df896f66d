//! Requests that nobody wrote: drawn from the document's own schemas, right ones and broken ones, by a seed. Whatever comes, the service answers as its
//! document says, and never that it broke.

use crate::support::api::{Api, DOCUMENT, all_operations};
use crate::support::live::{GREETING, SIMULATED, Service};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Requests of each operation.
const EACH: u64 = 40;

/// Chance by a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.bits() % n.max(1) as u64).unwrap_or(0)
    }

    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of_list<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

const TEXTS: [&str; 16] = [
    "",
    " ",
    "a",
    "+447700900123",
    "greeting",
    "2026-03-02T10:00:00Z",
    "2026-13-02",
    "en",
    "99999999999999999999",
    "-1",
    "\u{0}",
    "\u{202e}\u{1f9d1}\u{200d}\u{1f680}",
    "'; DROP TABLE contact; --",
    "../../etc/passwd",
    "{{ contact.phone }}",
    "%",
];

fn text(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => "x".repeat(dice.below(9_000)),
        1 => format!("{:016x}", dice.bits()),
        2 => (0..22).map(|_| *dice.of_list(&['a', 'Z', '0', '-', '_'])).collect(),
        _ => (*dice.of_list(&TEXTS)).to_owned(),
    }
}

/// Anything that is JSON.
fn anything(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => dice.once_in(2).into(),
        2 => json!(dice.bits() as i64),
        3 => json!(1e308),
        4 | 5 => text(dice).into(),
        6 => (0..dice.below(4)).map(|_| anything(dice, depth - 1)).collect(),
        _ => (0..dice.below(4)).map(|_| (text(dice), anything(dice, depth - 1))).collect::<Map<_, _>>().into(),
    }
}

/// A value of a schema; now and then one that is none. `wild` says how often: once in so many.
fn value(schema: &Value, dice: &mut Dice, wild: usize, depth: usize) -> Value {
    if dice.once_in(wild) || depth == 0 {
        return anything(dice, 2);
    }
    if let Some(name) = schema["$ref"].as_str() {
        let found = DOCUMENT.pointer(name.trim_start_matches('#')).expect("a schema");
        return value(found, dice, wild, depth - 1);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(all) = schema[key].as_array() {
            return value(dice.of_list(all), dice, wild, depth - 1);
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in all {
            if let Value::Object(fields) = value(part, dice, wild, depth - 1) {
                whole.extend(fields);
            }
        }
        return whole.into();
    }
    if let Some(words) = schema["enum"].as_array() {
        return dice.of_list(words).clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => dice.of_list(kinds).as_str().unwrap_or("null").to_owned(),
        one => one.as_str().unwrap_or("").to_owned(),
    };
    match kind.as_str() {
        "null" => Value::Null,
        "boolean" => dice.once_in(2).into(),
        "integer" | "number" => {
            let (low, high) = (schema["minimum"].as_i64().unwrap_or(-3), schema["maximum"].as_i64().unwrap_or(300));
            json!(low - 1 + i64::try_from(dice.below(usize::try_from(high - low + 3).unwrap_or(9))).unwrap_or(0))
        }
        "string" => text(dice).into(),
        "array" => {
            let most = if dice.once_in(20) { 300 } else { 4 };
            (0..dice.below(most)).map(|_| value(&schema["items"], dice, wild, depth - 1)).collect()
        }
        "object" => {
            let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let mut fields = Map::new();
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let leaves_out = if needed.contains(&name.as_str()) { dice.once_in(wild) } else { dice.once_in(2) };
                if !leaves_out {
                    fields.insert(name.clone(), value(field, dice, wild, depth - 1));
                }
            }
            if dice.once_in(wild) || !schema["additionalProperties"].is_null() && schema["additionalProperties"] != false {
                fields.insert(text(dice), anything(dice, 2));
            }
            fields.into()
        }
        _ => anything(dice, 2),
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Where it goes: the parameters of the path are things that exist, look as if, or do not.
fn path(template: &str, operation: &Value, known: &[String], dice: &mut Dice, wild: usize) -> String {
    let mut path = String::new();
    for part in template.split('/').skip(1) {
        path.push('/');
        if !part.starts_with('{') {
            path.push_str(part);
            continue;
        }
        let given = if dice.once_in(3) { text(dice) } else { dice.of_list(known).clone() };
        // A path of nothing is another path, and what is longer than a URL may be is nobody's business here.
        let given: String = given.chars().take(200).collect();
        path.push_str(&encoded(if given.trim_matches('.').is_empty() { "x" } else { &given }));
    }
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query") {
        if dice.once_in(2) {
            let given: String = plain(&value(&parameter["schema"], dice, wild, 4)).chars().take(900).collect();
            query.push(format!("{}={}", plain(&parameter["name"]), encoded(&given)));
        }
    }
    if dice.once_in(wild) {
        query.push(format!("{}={}", encoded(&text(dice).chars().take(90).collect::<String>()), "1"));
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

fn body(operation: &Value, dice: &mut Dice, wild: usize) -> Vec<u8> {
    let Some(content) = operation["requestBody"]["content"].as_object() else {
        return if dice.once_in(4) { anything(dice, 2).to_string().into_bytes() } else { Vec::new() };
    };
    let Some((_, media)) = content.iter().next() else { return Vec::new() };
    let mut bytes = value(&media["schema"], dice, wild, 8).to_string().into_bytes();
    match dice.below(wild * 2) {
        0 => bytes.truncate(dice.below(bytes.len())),
        1 => bytes.clear(),
        2 => bytes.insert(0, 0xff),
        3 => bytes = "[".repeat(dice.below(3_000)).into_bytes(),
        _ => {}
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_is_answered_as_the_document_says() {
    let config = format!(
        "{SIMULATED}\n[server.rates]\napi = 100000\nkey = 100000\nsimulator = 100000\nprobes = 100000\n[attributes]\nvip = \"boolean\"\n[teams.help]\ntitle = \"Help\"\n"
    );
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let api = Api::admin(&service).await;
    service.write("main-sms", "+447700900123", "1", "hi").await;
    service.shown("+447700900123", 1).await;
    let version = service.core().versions().catalog().current("greeting").expect("a flow").version.to_string();
    let known = [service.contact_key("+447700900123"), "greeting".to_owned(), "0123456789abcdef".to_owned(), version];
    let (mut fine, mut sent) = (0, 0);
    for (place, (template, name, operation)) in all_operations().into_iter().enumerate() {
        for n in 0..EACH {
            let seed = place as u64 * 1_000 + n;
            let mut dice = Dice::of(seed);
            // Half of them are as they should be as far as a schema can say.
            let wild = if n % 2 == 0 { 1_000_000 } else { 6 };
            let path = path(template, operation, &known, &mut dice, wild);
            let body = body(operation, &mut dice, wild);
            let id = format!("generated-{seed}");
            let key = format!("key-{}", dice.below(20));
            let mut headers = vec![("x-request-id", id.as_str())];
            if name != "get" && dice.once_in(3) {
                headers.push(("idempotency-key", key.as_str()));
            }
            let method: Method = name.to_uppercase().parse().expect("a method");
            let shown = format!("seed {seed}: {name} {path} {}", String::from_utf8_lossy(&body[..body.len().min(600)]));
            let sending = tokio::spawn({
                let (api, headers) =
                    (api.clone(), headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>());
                async move {
                    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    api.send(method, &path, &headers, body).await
                }
            });
            let answer = sending.await.unwrap_or_else(|why| panic!("{shown}\n{why}"));
            assert!(answer.status < 500, "{shown}\n{} {}", answer.status, answer.text);
            sent += 1;
            fine += u32::from(answer.status < 300);
        }
    }
    assert!(fine * 20 > sent, "{fine} of {sent} did something: the others were refused too early to tell anything");
    service.stop().await;
}
