//! Requests that are made of recorded ones: parts of them changed, doubled, swapped, cut and mangled, so that most of them still look like
//! what the provider sends.

use replyflow::provider::{Method, Pairs, WebhookRequest};
use serde_json::{Value, json};

/// A xorshift: the same requests every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }
}

/// A request that is owned.
#[derive(Debug, Clone)]
pub struct Request {
    pub is_get: bool,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn with<T>(&self, run: impl FnOnce(&WebhookRequest<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let method = if self.is_get { Method::Get } else { Method::Post };
        run(&WebhookRequest { method, url: &self.url, headers: &Pairs(&headers), body: &self.body, peer: None })
    }
}

/// What has been trouble before: nothing, signs, numbers that are none, letters of more than one byte, texts that are long.
const TEXTS: [&str; 40] = [
    "",
    " ",
    "+",
    "-",
    "0",
    "-1",
    "1.5",
    "1e400",
    "NaN",
    "inf",
    "99999999999999999999",
    "9223372036854775807",
    "\u{0}",
    "é",
    "ééééé",
    "+é447700900123",
    "2026-11-21T03:00:00+0000",
    "2026-11-21T03:00:00éé00",
    "2026-13-45 99:99:99",
    "20261121é",
    "٣٤٥",
    "💥👩‍👩‍👧",
    "whatsapp:",
    "whatsapp:+",
    "+447700900123",
    "447700900123",
    "true",
    "null",
    "[]",
    "{}",
    "{\"a\":",
    "%",
    "%zz",
    "%FF%FE",
    "STOP",
    "https://é.example/",
    "data:,",
    "../../x",
    "\u{202e}abc",
    "Bearer a.b.c",
];
const TYPES: [&str; 7] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/xml",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "",
];

/// One of the requests, changed in one to four ways.
pub fn mutated(dice: &mut Dice, pool: &[Request]) -> Request {
    let mut request = dice.of(pool).clone();
    for _ in 0..=dice.roll(4) {
        match dice.roll(12) {
            0 => request.is_get = !request.is_get,
            1 => header(dice, &mut request),
            2 | 3 => address(dice, &mut request),
            4 => {
                let other = dice.of(pool).body.clone();
                bytes(dice, &mut request.body, &other);
            }
            _ => body(dice, &mut request, pool),
        }
    }
    request
}

fn header(dice: &mut Dice, request: &mut Request) {
    if request.headers.is_empty() || dice.roll(4) == 0 {
        request.headers.push(("Content-Type".to_owned(), (*dice.of(&TYPES)).to_owned()));
        return;
    }
    let at = dice.roll(request.headers.len());
    match dice.roll(3) {
        0 => drop(request.headers.remove(at)),
        1 => request.headers[at].1 = text(dice),
        _ => {
            let mut value = std::mem::take(&mut request.headers[at].1).into_bytes();
            bytes(dice, &mut value, b"=");
            request.headers[at].1 = String::from_utf8_lossy(&value).into_owned();
        }
    }
}

fn address(dice: &mut Dice, request: &mut Request) {
    let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let query = match dice.roll(5) {
        0 => request.body.iter().map(|&b| char::from(b)).filter(char::is_ascii_graphic).collect(),
        1 => String::new(),
        2 => text(dice),
        _ => String::from_utf8_lossy(&form(dice, query.as_bytes())).into_owned(),
    };
    let more = match dice.roll(8) {
        0 => "/status",
        1 => "/é",
        _ => "",
    };
    request.url = format!("{path}{more}?{query}");
}

fn body(dice: &mut Dice, request: &mut Request, pool: &[Request]) {
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(mut value) if value.is_object() || value.is_array() => {
            let other = dice.of(pool).body.clone();
            let other = serde_json::from_slice(&other).unwrap_or(Value::Null);
            change(dice, &mut value, &other);
            request.body = value.to_string().into_bytes();
        }
        _ => request.body = form(dice, &request.body),
    }
}

fn places(value: &Value, here: &mut String, out: &mut Vec<String>) {
    out.push(here.clone());
    let long = here.len();
    let mut inside = |key: &str, child: &Value| {
        here.push('/');
        here.push_str(&key.replace('~', "~0").replace('/', "~1"));
        places(child, here, out);
        here.truncate(long);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, child)| inside(key, child)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, child)| inside(&at.to_string(), child)),
        _ => {}
    }
}

/// One place of a JSON value changed.
fn change(dice: &mut Dice, value: &mut Value, other: &Value) {
    let of = |value: &Value| {
        let mut all = Vec::new();
        places(value, &mut String::new(), &mut all);
        all
    };
    let (here, there) = (of(value), of(other));
    let place = dice.of(&here).clone();
    let borrowed = match dice.roll(2) {
        0 => value.pointer(dice.of(&here).as_str()).cloned(),
        _ => other.pointer(dice.of(&there).as_str()).cloned(),
    };
    let Some(at) = value.pointer_mut(&place) else { return };
    match dice.roll(7) {
        0 => *at = junk(dice),
        1 => *at = borrowed.unwrap_or(Value::Null),
        2 => *at = Value::Array(vec![at.clone(); dice.roll(5)]),
        3 => *at = json!({ "id": at.clone(), "type": "text", "text": at.clone() }),
        4 => match at {
            Value::Object(map) => {
                let keys: Vec<String> = map.keys().cloned().collect();
                if let Some(key) = keys.get(dice.roll(keys.len().max(1))) {
                    map.shift_remove(key);
                }
            }
            Value::Array(list) if !list.is_empty() => drop(list.remove(dice.roll(list.len()))),
            _ => *at = Value::Null,
        },
        5 => *at = Value::String(at.to_string()),
        _ => match at {
            Value::String(words) => {
                let mut changed = std::mem::take(words).into_bytes();
                bytes(dice, &mut changed, "é".as_bytes());
                *words = String::from_utf8_lossy(&changed).into_owned();
            }
            Value::Number(_) => *at = Value::String(text(dice)),
            _ => *at = junk(dice),
        },
    }
}

fn junk(dice: &mut Dice) -> Value {
    match dice.roll(9) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(u64::MAX),
        5 => json!([null]),
        6 => json!({ "a": [] }),
        _ => Value::String(text(dice)),
    }
}

fn text(dice: &mut Dice) -> String {
    match dice.roll(20) {
        0 => "é".repeat(dice.roll(3_000)),
        1 => "a".repeat(dice.roll(70_000)),
        _ => (*dice.of(&TEXTS)).to_owned(),
    }
}

/// One field of a form changed.
fn form(dice: &mut Dice, body: &[u8]) -> Vec<u8> {
    let mut fields: Vec<Vec<u8>> = body.split(|b| *b == b'&').map(<[u8]>::to_vec).collect();
    let at = dice.roll(fields.len());
    let name = |field: &[u8]| field.split(|b| *b == b'=').next().unwrap_or(b"").to_vec();
    match dice.roll(6) {
        0 => drop(fields.remove(at)),
        1 => fields.push(fields[at].clone()),
        2 => {
            let value: String = url::form_urlencoded::byte_serialize(text(dice).as_bytes()).collect();
            fields[at] = [name(&fields[at]), b"=".to_vec(), value.into_bytes()].concat();
        }
        3 => fields[at] = [name(&fields[at]), b"=".to_vec(), text(dice).into_bytes()].concat(),
        4 => {
            let other = dice.roll(fields.len());
            let value = fields[other].splitn(2, |b| *b == b'=').nth(1).unwrap_or(b"").to_vec();
            fields[at] = [name(&fields[at]), b"=".to_vec(), value].concat();
        }
        _ => {
            let mut field = std::mem::take(&mut fields[at]);
            bytes(dice, &mut field, b"&=%");
            fields[at] = field;
        }
    }
    fields.join(&b"&"[..])
}

/// Bytes that are changed, cut, doubled, or mixed with others.
fn bytes(dice: &mut Dice, body: &mut Vec<u8>, other: &[u8]) {
    let at = dice.roll(body.len() + 1);
    match dice.roll(6) {
        0 => body.truncate(at),
        1 => drop(body.drain(..at)),
        2 => body.insert(at, dice.roll(256) as u8),
        3 => drop(body.splice(at..at, other.iter().copied())),
        4 => body.extend_from_within(..at),
        _ => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << dice.roll(8);
            }
        }
    }
    body.truncate(200_000);
}
