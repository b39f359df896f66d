//! Every vector of every provider that has an adapter: those in `tests/data/providers/`, and further ones of the same format
//! from the folder that `REPLYFLOW_VECTORS` names.

mod beside;
mod canonical;
mod carriers;
mod described;
mod hostile;
pub mod mutated;
mod requests;
mod subject;

use canonical::{Phones, decoded, differs, outcome};
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use replyflow::domain::message::Media;
use replyflow::domain::time::Millis;
use replyflow::provider::file::FileSource;
use replyflow::provider::{
    Adapter, Decoded, Facts, Method, Pairs, Refused, Routes, SendContext, SendOutcome, TransportError, WebhookRequest,
};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use subject::Subject;

/// One file of vectors with the adapter that it is about.
pub struct File {
    pub path: PathBuf,
    pub data: Value,
    pub subject: Subject,
}

/// Says something that the test harness does not swallow.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Our own folder.
fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/providers")
}

/// All files with an adapter.
pub fn files() -> Vec<File> {
    let mut all = files_in(&own()).unwrap_or_else(|wrong| panic!("{wrong}"));
    if let Some(more) = std::env::var_os("REPLYFLOW_VECTORS").filter(|folder| !folder.is_empty()) {
        all.extend(files_in(Path::new(&more)).unwrap_or_else(|wrong| panic!("REPLYFLOW_VECTORS: {wrong}")));
    }
    all
}

/// Those of one folder. One that cannot be read is an error, and so is one without a single vector for us: nobody would notice that nothing was run.
fn files_in(folder: &Path) -> Result<Vec<File>, String> {
    let unreadable = |why: std::io::Error| format!("{} cannot be read: {why}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut out = Vec::new();
    for path in paths {
        let data = json_of(&path)?;
        match Subject::of(&data, described_beside(&path).as_deref()) {
            Some(subject) => out.push(File { data: with_others(data, &path), path, subject }),
            None => say(&format!("vectors: {} skipped, no adapter", path.display())),
        }
    }
    match out.is_empty() {
        true => Err(format!(
            "{} has no vectors of a provider with an adapter; see tests/data/providers for their form",
            folder.display()
        )),
        false => Ok(out),
    }
}

fn json_of(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("{} cannot be read: {why}", path.display()))?;
    serde_json::from_str(&text).map_err(|why| format!("{} is not JSON: {why}", path.display()))
}

/// What describes the provider of a file: beside it, or beside our own file of its name.
fn described_beside(path: &Path) -> Option<String> {
    let beside = path.with_extension("toml");
    let own = own().join(beside.file_name()?);
    std::fs::read_to_string(beside).or_else(|_| std::fs::read_to_string(own)).ok()
}

/// `{"see": "other.json#inbound"}` stands for that list of that file.
fn with_others(mut data: Value, path: &Path) -> Value {
    for list in ["inbound", "status", "send"] {
        let Some(see) = vectors(&data, list).first().and_then(|first| first.get("see")?.as_str()) else { continue };
        let (file, name) = see.split_once('#').expect("a file and a list");
        let text = std::fs::read_to_string(path.with_file_name(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let other: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        data[list] = other[name].clone();
    }
    data
}

/// A name of a send, where a vector has one that is none of ours.
fn a_send() -> SendRef {
    let contact = ContactKey::derive(b"vectors", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["vectors"]))).effect(0) }
}

/// The same with a name of ours wherever a foreign one stands.
fn renamed(value: &Value, foreign: &str) -> Value {
    serde_json::from_str(&value.to_string().replace(foreign, &a_send().to_string())).expect("JSON")
}

/// A name of a send in these words that is none of ours.
fn foreign<'v>(mut all: impl Iterator<Item = &'v Value>) -> Option<&'v str> {
    all.find_map(|one| one.get("client_ref")?.as_str()).filter(|name| SendRef::parse(name).is_none())
}

/// When it is, and the certificate that lies where a request says.
pub fn facts<'v>(file: &File, vector: &'v Value) -> Facts<'v> {
    let seconds = vector.get("now").or(file.data.get("now")).and_then(Value::as_i64).unwrap_or(1_795_230_000);
    Facts { now: Millis(seconds * 1_000), certificate: vector.get("certificate_pem").and_then(Value::as_str).map(str::as_bytes) }
}

fn judge(adapter: &Adapter, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
    adapter.verify(request).and_then(|()| adapter.prove(request, facts))
}

pub fn str_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

pub fn vectors<'v>(data: &'v Value, key: &str) -> &'v [Value] {
    data.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The parts of a recorded request.
pub struct Recorded<'v> {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'v str, &'v str)>,
    pub body: &'v [u8],
}

impl<'v> Recorded<'v> {
    pub fn of(vector: &'v Value) -> Self {
        let method = if str_of(vector, "method") == "GET" { Method::Get } else { Method::Post };
        let mut url = vector.get("url").and_then(Value::as_str).unwrap_or("https://hooks.example.org/c/x").to_owned();
        if let Some(query) = vector.get("query").and_then(Value::as_str) {
            url = format!("{url}?{query}");
        }
        let given = vector.get("headers").and_then(Value::as_object);
        let mut headers: Vec<(&str, &str)> =
            given.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
        let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = vector.get("content_type").and_then(Value::as_str).filter(|_| !typed);
        headers.extend(kind.map(|kind| ("Content-Type", kind)));
        Recorded { method, url, headers, body: str_of(vector, "body").as_bytes() }
    }

    /// The same on the URL that ends in the channel's secret, if it has one.
    pub fn towards(mut self, adapter: &Adapter) -> Self {
        if let Some(secret) = adapter.url_secret() {
            let (path, query) = self.url.split_once('?').map_or((self.url.as_str(), ""), |(path, query)| (path, query));
            const BEHIND: [&str; 5] = ["/status", "/sent", "/delivered", "/failed", "/stopped"];
            let what = BEHIND.into_iter().find(|what| path.ends_with(what)).unwrap_or("");
            let mark = if query.is_empty() { "" } else { "?" };
            self.url = format!("https://hooks.example.org/hooks/main/{secret}{what}{mark}{query}");
        }
        self
    }

    pub fn with<T>(&self, run: impl FnOnce(&WebhookRequest<'_>) -> T) -> T {
        run(&WebhookRequest { method: self.method, url: &self.url, headers: &Pairs(&self.headers), body: self.body, peer: None })
    }
}

/// Runs a check over every vector of one list and reports all that fail.
fn all(list: &str, check: impl Fn(&File, &Value) -> Result<(), String>) {
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files() {
        for vector in vectors(&file.data, list) {
            count += 1;
            if let Err(why) = check(&file, vector) {
                wrong.push(format!("{} {list} `{}`: {why}", file.path.display(), str_of(vector, "name")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} vectors fail:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 0, "no vectors under {list}");
}

#[test]
fn signature_vectors_are_judged_as_their_providers_do() {
    all("signature_vectors", |file, vector| {
        let adapter = file.subject.signed_with(vector);
        let facts = facts(file, vector);
        let judged = Recorded::of(vector).towards(&adapter).with(|request| judge(&adapter, request, &facts));
        let valid = vector.get("valid").and_then(Value::as_bool).ok_or("no `valid`")?;
        file.subject.no_credential(&format!("{adapter:?} {judged:?}"))?;
        if judged.is_ok() == valid { Ok(()) } else { Err(format!("valid is {valid}, judged {judged:?}")) }
    });
}

fn check_webhook(list: &str, file: &File, vector: &Value) -> Result<(), String> {
    let adapter = file.subject.adapter(list, Some(vector));
    let signed = Recorded::of(vector).towards(&adapter);
    if file.subject.is_signed(&signed) {
        signed.with(|r| judge(&adapter, r, &facts(file, vector))).map_err(|e| format!("its signature is {e}"))?;
    }
    let expectations = |vector: &Value| match (vector.get("expect_all"), vector.get("expect")) {
        (Some(Value::Array(all)), _) | (None, Some(Value::Array(all))) => Ok(all.clone()),
        (None, Some(one)) => Ok(vec![one.clone()]),
        _ => Err("no `expect`".to_owned()),
    };
    let foreign = expectations(vector)?;
    let foreign = file.subject.described().and_then(|_| self::foreign(foreign.iter()));
    let vector = foreign.map_or_else(|| vector.clone(), |foreign| renamed(vector, foreign));
    let expected = expectations(&vector)?;
    let expected: Vec<&Value> = expected.iter().collect();
    let recorded = Recorded::of(&vector).towards(&adapter);
    let routes: Routes = file.subject.routes(list, &vector, &expected);
    let got: Vec<Decoded> = recorded.with(|r| adapter.decode(r, &routes)).map_err(|e| e.to_string())?;
    file.subject.no_credential(&format!("{got:?}"))?;
    if got.len() != expected.len() {
        return Err(format!("expected {}, got {}: {got:?}", expected.len(), got.len()));
    }
    if let Some(respond) = vector.get("respond") {
        let reply = adapter.acknowledge();
        let wanted = (respond["status"].as_u64().unwrap_or(200), str_of(respond, "body"));
        if (u64::from(reply.status), &*reply.body) != wanted {
            return Err(format!("it is answered {reply:?}"));
        }
    }
    let phones: Phones = file.subject.phones();
    let mut pairs = expected.iter().zip(&got);
    pairs.find_map(|(wanted, got)| differs(wanted, &decoded(got, phones), "")).map_or(Ok(()), Err)
}

#[test]
fn inbound_vectors_are_decoded() {
    all("inbound", |file, vector| check_webhook("inbound", file, vector));
}

#[test]
fn status_vectors_are_decoded() {
    all("status", |file, vector| check_webhook("status", file, vector));
}

#[test]
fn send_vectors_are_encoded() {
    all("send", |file, vector| {
        let foreign = file.subject.described().and_then(|_| self::foreign(vector.get("request").into_iter()));
        let send = foreign.map(|_| a_send());
        let vector = &foreign.map_or_else(|| vector.clone(), |foreign| renamed(vector, foreign));
        let request = vector.get("request").unwrap_or(&Value::Null);
        let http = vector.get("expect_http").ok_or("no `expect_http`")?;
        let adapter = file.subject.adapter("send", Some(vector));
        let message = requests::outbound(request, &requests::shown(http))?;
        let callback = file.subject.described().and_then(|described| described.callback("send", vector));
        let channel = file.subject.channel();
        let context = SendContext {
            channel: &channel,
            send,
            status_callback: request.get("status_callback").and_then(Value::as_str).or(callback),
            kind: file.subject.kind_of("send", vector, str_of(request, "channel")),
            mail: None,
            now: Millis(1_795_230_000_000),
        };
        let got = adapter.encode(&message, &context).map_err(|e| e.to_string())?;
        file.subject.no_credential(&format!("{got:?}"))?;
        let method = if got.method == Method::Get { "GET" } else { "POST" };
        // The form of a GET is its query.
        let is_query = got.method == Method::Get && !str_of(http, "url").contains('?');
        let url = if is_query { got.url.split('?').next().unwrap_or("") } else { &got.url };
        if method != str_of(http, "method") || !subject::is_like(str_of(http, "url"), url) {
            return Err(format!("{method} {}", got.url));
        }
        for (name, value) in http.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let found = got.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
            let like = found.zip(value.as_str()).is_some_and(|(found, value)| subject::is_like(value, found));
            if !like {
                return Err(format!("header {name} is {found:?}"));
            }
        }
        subject::same_body(http, &got, file.subject.described().map_or(&[], |described| described.without()))
    });
}

#[test]
fn send_vectors_answers_are_classified() {
    all("send", |file, vector| {
        let adapter = file.subject.adapter("send", Some(vector));
        for response in vectors(vector, "responses") {
            let got = match response.get("status").and_then(Value::as_u64) {
                Some(status) => {
                    let headers = Recorded::of(response).headers;
                    adapter.classify(status as u16, &Pairs(&headers), str_of(response, "body").as_bytes())
                }
                None => SendOutcome::of_transport(TransportError::Lost),
            };
            file.subject.no_credential(&format!("{got:?}"))?;
            let expected = response.get("expect").ok_or("no `expect`")?;
            if let Some(why) = differs(expected, &outcome(&got), "") {
                return Err(format!("{response}: {why}"));
            }
        }
        Ok(())
    });
}

#[test]
fn acknowledgement_and_handshake_vectors() {
    for file in files() {
        let adapter = file.subject.adapter("", None);
        for vector in vectors(&file.data, "webhook_responses").iter().filter(|v| str_of(v, "name") == "empty-ack") {
            let reply = adapter.acknowledge();
            assert_eq!(u64::from(reply.status), vector["http_status"].as_u64().expect("a status"));
            assert_eq!((reply.content_type, &*reply.body), (str_of(vector, "content_type"), str_of(vector, "body")));
        }
        for vector in vectors(&file.data, "verification_get") {
            let adapter = file.subject.with_verify_token(str_of(vector, "verify_token"));
            let reply = Recorded::of(vector).with(|r| adapter.handshake(r)).expect("an answer");
            let expected = &vector["expect"];
            assert_eq!(u64::from(reply.status), expected["status"].as_u64().expect("a status"), "{vector}");
            if let Some(body) = expected.get("body").and_then(Value::as_str) {
                assert_eq!(reply.body, body, "{vector}");
            }
        }
    }
}

/// Files are asked for by their id and are where the answer says: with the credentials, from the provider's own hosts.
#[test]
fn media_vectors_are_asked_for_and_found() {
    let mut count = 0;
    for file in files() {
        // What is uploaded there leaves by its URL instead.
        for vector in vectors(&file.data, "media").iter().filter(|v| str_of(v, "method") == "GET") {
            let adapter = file.subject.adapter("", None);
            let id = str_of(vector, "path").rsplit('/').next().map(str::to_owned);
            let source = adapter.file(&Media { id, ..Media::default() }).expect("a source");
            let FileSource::Asked(asked) = source else { panic!("{source:?}") };
            assert!(asked.request.url.ends_with(&format!("{}?{}", str_of(vector, "path"), str_of(vector, "query"))), "{vector}");
            let located = adapter.located(str_of(&vector["response"], "body").as_bytes()).expect("a place");
            for (name, value) in vector["headers"].as_object().into_iter().flatten() {
                let value = value.as_str();
                assert_eq!((asked.request.header(name), located.request.header(name)), (value, value), "{vector}");
            }
            assert!(str_of(&vector["response"], "body").contains(&located.request.url), "{vector}");
            count += 1;
        }
    }
    assert!(count > 0, "no file is asked for");
}

/// A list that no test here knows would be a vector that is never run.
#[test]
fn vectors_are_in_lists_that_are_run() {
    const RUN: [&str; 7] = ["signature_vectors", "inbound", "status", "send", "webhook_responses", "verification_get", "media"];
    for file in files() {
        for (name, list) in file.data.as_object().into_iter().flatten().filter(|(name, list)| *name != "notes" && list.is_array())
        {
            assert!(RUN.contains(&name.as_str()), "{}: nothing runs `{name}`: {list}", file.path.display());
        }
    }
}

#[test]
fn a_folder_of_vectors_that_is_no_use_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |path: &Path| files_in(path).err().expect("no vectors");
    let unknown = said(&folder.path().join("nowhere"));
    assert!(unknown.contains("nowhere cannot be read: No such file"), "{unknown}");
    let empty = said(folder.path());
    assert!(empty.contains("has no vectors of a provider with an adapter; see tests/data/providers"), "{empty}");
    std::fs::write(folder.path().join("other.json"), r#"{"provider": "nobody"}"#).expect("written");
    assert_eq!(said(folder.path()), empty);
    std::fs::write(folder.path().join("twilio.json"), r#"{"provider": "twilio", "inbound": ["#).expect("written");
    let broken = said(folder.path());
    assert!(broken.contains("twilio.json is not JSON: EOF while parsing a list at line 1"), "{broken}");
    // Another folder is run as our own is, with the settings that lie beside our file of the same name.
    std::fs::copy(own().join("plivo.json"), folder.path().join("plivo.json")).expect("copied");
    std::fs::copy(own().join("twilio.json"), folder.path().join("twilio.json")).expect("copied");
    let names: Vec<String> =
        files_in(folder.path()).expect("vectors").iter().map(|file| str_of(&file.data, "provider").to_owned()).collect();
    assert_eq!(names, ["plivo", "twilio"]);
}
