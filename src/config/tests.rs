//! Every mistake has a test, and the shipped defaults document every key.

use super::*;
use crate::domain::time::Span;
use send::Unsure;
use store::Backend;

const PROJECT: &str = r#"
[project]
language = "es"
timezone = "Europe/Madrid"
country = "ES"

[server]
listen = "0.0.0.0:80"
public_url = "https://replies.example.com/r/"

[channels.main-sms]
provider = "twilio"
kind = "sms"
country = "GB"
number = "+447700900123"
per_second = 5
burst = 6
gap = "1s"
unsure = "resend"
base_url = "http://127.0.0.1:9"
account_sid = "AC00000000000000000000000000000000"
auth_token = { env = "TOKEN" }
second_auth_token = { env = "TOKEN2" }
api_key_sid = "SK00000000000000000000000000000000"
api_key_secret = { env = "TOKEN3" }
signing_keys = { K1 = { env = "TOKEN4" } }

[channels.test]
provider = "simulator"
kind = "whatsapp"

[api.shop]
base_url = "https://shop.example.com/api/"
methods = ["GET", "put"]
paths = ["/orders/"]
headers = { X-Client = "replyflow", X-Api-Key = { env = "TOKEN" } }
allow_private = true
timeout = "5s"

[api.shop.basic]
user = "me"
password = { env = "TOKEN" }

[api.other]
base_url = "https://other.example.com"
bearer = { env = "TOKEN" }

[endpoints.crm]
url = "https://crm.example.com/in?x=1"
events = ["message.*"]
secrets = [{ env = "SIGNING" }, { env = "WHSEC" }]
allow_private = true
timeout = "5s"
in_flight = 4
retry_first = "1s"
max_age = "2h"

[callbacks]
allow = ["https://shop.example.com/hooks/"]
secrets = [{ env = "SIGNING" }]

[teams.payments]
title = "Payments"

[hours.office]
mon = "09:00-17:30"
tue = ["13:00-24:00", "09:00-12:00"]

[attributes]
vip = "boolean"

[env]
shop = "ACME"
limit = 3

[texts]
opted_out = { es = "Adiós." }
help = "Ayuda"

[events]
keys = [{ env = "KEY" }]
names = ["payment.failed"]

[store]
username = "me"
password = { env = "TOKEN" }
"#;

fn environment() -> Environment {
    let pairs = [
        ("TOKEN", "secret-one"),
        ("TOKEN2", "secret-two"),
        ("TOKEN3", "secret-three"),
        ("TOKEN4", "secret-four"),
        ("KEY", "0123456789abcdef"),
        ("SIGNING", "0123456789abcdef01234567"),
        ("WHSEC", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("EMPTY", ""),
        ("SHORT", "short"),
    ];
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

fn load(text: &str) -> (Settings, Vec<Mistake>) {
    let (settings, mistakes, _) = Settings::read(text, Path::new("/p"), &environment(), Secrets::Required);
    (settings, mistakes)
}

/// The mistakes of a text as `line key: message`.
fn wrong(text: &str) -> Vec<String> {
    let line = |place: &Place| match place {
        Place::File(line) => line.to_string(),
        Place::Environment(name) => name.clone(),
        Place::Default => "default".to_owned(),
    };
    load(text).1.iter().map(|m| format!("{} {}: {}", line(&m.place), m.key, m.message)).collect()
}

#[test]
fn the_defaults_alone_are_complete() {
    let (settings, mistakes) = load("");
    assert_eq!(mistakes, Vec::new());
    assert_eq!(settings.server.public_url, "http://127.0.0.1:8080");
    assert!(matches!(&settings.store.backend, Backend::Embedded { folder } if folder == Path::new("/p/data")));
    assert_eq!(settings.store.history, Path::new("/p/data/history.db"));
    assert_eq!(settings.send.unsure, Unsure::Fail);
    assert!(settings.channels.is_empty() && settings.events.keys.is_empty());
    assert!(settings.project.events.is_empty());
    assert_eq!(settings.project.texts.list_button, [(crate::domain::language::Language::EN, "Choose".to_owned())]);
}

#[test]
fn the_defaults_are_those_of_the_store() {
    let (settings, _) = load("");
    let (given, built_in) = (settings.store.limits, store::StoreLimits::default());
    assert_eq!(format!("{given:?}"), format!("{built_in:?}"));
}

#[test]
fn a_whole_project_is_read() {
    let (settings, mistakes) = load(PROJECT);
    assert_eq!(mistakes, Vec::new());
    assert_eq!(settings.server.public_url, "https://replies.example.com/r");
    let names: Vec<&str> = settings.channels.keys().map(|k| k.as_str()).collect();
    assert_eq!(names, ["main-sms", "test"]);
    let channel::ProviderSettings::Twilio(twilio) = &settings.channels["main-sms"].provider else { panic!("twilio") };
    assert_eq!(twilio.auth_token.expose(), "secret-one");
    assert_eq!(twilio.signing_keys[0].id, "K1");
    let channel::ProviderSettings::Simulator(simulator) = &settings.channels["test"].provider else { panic!("simulator") };
    assert_eq!(simulator.base_url, "http://127.0.0.1:80");
    let policy = settings.policies["main-sms"];
    assert_eq!((policy.unsure, policy.per_second, policy.burst, policy.gap), (Unsure::Resend, 5, 6, Span::seconds(1)));
    let project = &settings.project;
    assert_eq!(project.channels["main-sms"].country.as_deref(), Some("GB"));
    assert_eq!(project.channels["test"].shows.buttons, 3);
    assert_eq!(project.apis["shop"].methods, ["get", "put"]);
    assert_eq!(project.hours["office"].days[1].len(), 2);
    assert_eq!(project.texts.opted_out[0].1, "Adiós.", "the project's language comes first");
    assert_eq!(project.texts.opted_out.len(), 2, "the built-in English stays");
    let shop = &settings.apis["shop"];
    assert_eq!(shop.base_url, "https://shop.example.com/api");
    let header = |name: &str| shop.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.expose().to_owned());
    assert_eq!(header("Authorization").as_deref(), Some("Basic bWU6c2VjcmV0LW9uZQ=="));
    assert_eq!(header("X-Api-Key").as_deref(), Some("secret-one"));
    assert_eq!(settings.apis["other"].headers[0].1.expose(), "Bearer secret-one");
}

#[test]
fn no_secret_is_ever_shown() {
    let (settings, _) = load(PROJECT);
    let shown = format!("{settings:?}");
    for secret in ["secret-one", "secret-two", "secret-three", "secret-four", "0123456789abcdef", "c2VjcmV0"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let inline =
        "[channels.a]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900123\"\nauth_token = \"hunter2hunter2\"";
    let (_, list) = load(inline);
    let all = Mistakes { file: None, list }.to_string();
    assert!(all.contains("a secret may not stand in this file") && !all.contains("hunter2"), "{all}");
}

#[test]
fn all_mistakes_come_at_once_each_with_its_line() {
    let text = "[server]\nlisten = \"here\"\nworkers = 0\nport = 1\n[store]\nkind = \"embeded\"\n[sever]\nx = 1\n";
    assert_eq!(
        wrong(text),
        [
            "2 server.listen: `here` must be an address and a port, for example 127.0.0.1:8080 or [::]:8080",
            "3 server.workers: must be a whole number from 1 to 64",
            "4 server.port: is not a setting",
            "6 store.kind: `embeded` is none of `embedded`, `redis`",
            "7 sever: is not a setting",
        ]
    );
    let (_, list) = load(text);
    let helps: Vec<&str> = list.iter().filter_map(|m| m.help.as_deref()).collect();
    assert!(helps.contains(&"Did you mean `embedded`?") && helps.contains(&"Did you mean `server`?"), "{helps:?}");
    let shown = Mistakes { file: Some("replyflow.toml".into()), list }.to_string();
    assert!(shown.starts_with("replyflow.toml:2: server.listen: `here` must be"), "{shown}");
}

#[test]
fn each_mistake_is_told() {
    let twilio = |rest: &str| format!("[channels.a]\nprovider = \"twilio\"\nkind = \"sms\"\n{rest}");
    let complete =
        "number = \"+447700900123\"\naccount_sid = \"AC00000000000000000000000000000000\"\nauth_token = { env = \"TOKEN\" }\n";
    let cases: Vec<(String, &str)> = vec![
        ("[project]\nlanguage = \"english\"".into(), "project.language: `english` must be a language code such as en or pt-BR"),
        ("[project]\ntimezone = \"Madrid\"".into(), "project.timezone: `Madrid` must be a time zone"),
        ("[project]\ncountry = \"gb\"".into(), "project.country: `gb` must be a country code"),
        ("[project]\nflows = 3".into(), "project.flows: must be text, but is a whole number"),
        ("project = 3".into(), "project: must be a table, but is a whole number"),
        ("[server]\npublic_url = \"replies.example.com\"".into(), "server.public_url: is not a URL"),
        ("[server]\npublic_url = \"ftp://a\"".into(), "server.public_url: must begin with http:// or https://"),
        ("[server]\npublic_url = \"https://u:p@a\"".into(), "server.public_url: may not hold a user or a password"),
        ("[server]\npublic_url = \"https://a/?x\"".into(), "server.public_url: may not have `?` or `#`"),
        ("[server]\nshutdown_timeout = \"1h\"".into(), "server.shutdown_timeout: `1h` must be a duration from 1s to 10m"),
        ("[server]\nmax_body_memory = \"1KiB\"".into(), "server.max_body_memory: `1KiB` must be a size from 8MiB to 8GiB"),
        ("[server.rates]\nhook = 1".into(), "server.rates.hook: is not a setting"),
        ("[store]\nkind = \"redis\"".into(), "store.url: is missing"),
        ("[store]\nurl = \"http://x\"".into(), "store.url: must begin with redis:// or rediss://"),
        ("[store]\nurl = \"redis://:pw@x\"".into(), "store.url: may not hold a password"),
        ("[store]\npassword = \"x\"".into(), "store.password: a secret may not stand in this file"),
        ("[store]\ndedupe_ttl = \"soon\"".into(), "store.dedupe_ttl: `soon` must be a duration"),
        ("[send]\nunsure = \"ask\"".into(), "send.unsure: `ask` is not in this version"),
        ("[send]\nunsure = \"maybe\"".into(), "send.unsure: `maybe` is none of `fail`, `resend`, `ask`"),
        ("[send]\ntimeout = \"90s\"".into(), "send.timeout: must be shorter than store.send_lease"),
        ("[channels.A]\nprovider = \"simulator\"\nkind = \"sms\"".into(), "channels.A: cannot be a name: only a–z"),
        ("[channels.a]\nkind = \"sms\"".into(), "channels.a.provider: is missing; it is one of"),
        ("[channels.a]\nprovider = \"twillio\"\nkind = \"sms\"".into(), "channels.a.provider: `twillio` is none of"),
        ("[channels.a]\nprovider = \"simulator\"".into(), "channels.a.kind: is missing; it is one of `sms`, `whatsapp`, `email`"),
        ("[channels.a]\nprovider = \"simulator\"\nkind = \"fax\"".into(), "channels.a.kind: `fax` is none of `sms`, `whatsapp`"),
        (twilio(""), "channels.a.account_sid: is missing; it is the sid that begins with AC"),
        (twilio("account_sid = \"AC1\""), "channels.a.account_sid: `AC1` must be the sid that begins with AC"),
        (twilio(""), "channels.a.auth_token: is missing"),
        (twilio("auth_token = { env = \"NONE\" }"), "channels.a.auth_token: there is no environment variable `NONE`"),
        (twilio("auth_token = { env = \"EMPTY\" }"), "channels.a.auth_token: the environment variable `EMPTY` is empty"),
        (twilio("auth_token = { file = \"no\" }"), "channels.a.auth_token: the file `no` cannot be read"),
        (twilio("auth_token = { vault = \"no\" }"), "channels.a.auth_token: is neither { env = \"NAME\" } nor { file = \"path\" }"),
        (twilio("auth_token = 3"), "channels.a.auth_token: must say where the secret is"),
        (twilio("number = \"07700 900123\""), "channels.a.number: `07700 900123` must be a number such as"),
        (twilio("api_key_sid = \"SK00000000000000000000000000000000\""), "channels.a.api_key_secret: is missing"),
        (twilio("phone_number_id = \"1\""), "channels.a.phone_number_id: is not a setting"),
        (twilio(complete), "channels.a.provider: needs a public URL that the provider can reach"),
        (
            format!("{}{}", twilio(complete), twilio(complete).replace("channels.a", "channels.b")),
            "channels.b: has the same number as channels.a",
        ),
        ("[api.a]".into(), "api.a.base_url: is missing"),
        ("[api.a]\nbase_url = \"a.example\"".into(), "api.a.base_url: is not a URL"),
        ("[api.a]\nbase_url = \"http://a\"\nmethods = [\"trace\"]".into(), "api.a.methods: `trace` is none of get"),
        ("[api.a]\nbase_url = \"http://a\"\npaths = [\"orders\"]".into(), "api.a.paths: `orders` must begin with `/`"),
        ("[api.a]\nbase_url = \"http://a\"\npaths = \"/x\"".into(), "api.a.paths: must be a list of texts, but is text"),
        ("[api.a]\nbase_url = \"http://a\"\nallow_private = \"yes\"".into(), "api.a.allow_private: must be true or false"),
        ("[api.a]\nbase_url = \"http://a\"\ntimeout = \"31s\"".into(), "api.a.timeout: `31s` must be a duration from 100ms to 30s"),
        ("[api.a]\nbase_url = \"http://a\"\nheaders = { Authorization = \"x\" }".into(), "api.a.headers.Authorization: a secret may not stand"),
        ("[api.a]\nbase_url = \"http://a\"\nheaders = { Host = \"x\" }".into(), "api.a.headers.Host: is set by the service itself"),
        ("[api.a]\nbase_url = \"http://a\"\nheaders = { \"a b\" = \"x\" }".into(), "api.a.headers.a b: is not the name of a header"),
        ("[api.a]\nbase_url = \"http://a\"\nheaders = { a = \"x\\ny\" }".into(), "api.a.headers.a: holds characters"),
        ("[api.a]\nbase_url = \"http://a\"\nbearer = { env = \"TOKEN\" }\nbasic = { user = \"u\", password = { env = \"TOKEN\" } }".into(), "api.a.basic: and `bearer` exclude each other"),
        ("[api.a]\nbase_url = \"http://a\"\nbasic = { user = \"u:v\", password = { env = \"TOKEN\" } }".into(), "api.a.basic.user: may not contain `:`"),
        ("[teams.a]\nname = \"x\"".into(), "teams.a.name: is not a setting"),
        ("[hours.a]\nmon = \"9-5\"".into(), "hours.a.mon: `9-5` must be two times"),
        ("[hours.a]\nmon = \"10:00-10:00\"".into(), "hours.a.mon: `10:00-10:00` must be two times"),
        ("[hours.a]\nmon = [\"09:00-12:00\", \"11:00-13:00\"]".into(), "hours.a.mon: has hours that overlap"),
        ("[attributes]\nvip = \"bool\"".into(), "attributes.vip: must be a type: one of text"),
        ("[attributes]\nphone = \"text\"".into(), "attributes.phone: is an attribute that every contact has"),
        ("[attributes]\n1a = \"text\"".into(), "attributes.1a: cannot be a name: it must begin with a letter"),
        ("[env]\nday = 2026-01-01".into(), "env.day: must be text, a number"),
        ("[texts]\nhelp = { english = \"x\" }".into(), "texts.help.english: is not a language code"),
        ("[texts]\nhelp = { en = \"\" }".into(), "texts.help.en: must be text"),
        ("[texts]\nlist_button = \"A label with more than 20\"".into(), "texts.list_button: is longer than the 20 characters"),
        ("[events]\nkeys = [\"x\"]".into(), "events.keys: a secret may not stand in this file"),
        ("[events]\nnames = [\"a b\"]".into(), "events.names: `a b` cannot be the name of an event: "),
        ("[events]\nkeys = [{ env = \"SHORT\" }]".into(), "events.keys: a key has fewer than 16 characters"),
        ("[metrics]\nenabled = 1".into(), "metrics.enabled: must be true or false, but is a whole number"),
        ("[log]\nfilter = \"info,a=loud\"".into(), "log.filter: `info,a=loud` is not a filter"),
        ("[log]\nformat = \"xml\"".into(), "log.format: `xml` is none of `text`, `json`"),
        ("[server\nlisten = 1".into(), ": this is not TOML"),
        ("[server]\nworkers = 1\nworkers = 2".into(), ": this is not TOML: duplicate key"),
    ];
    for (text, expected) in cases {
        let found = wrong(&text);
        let one = |m: &String| m.split_once(' ').is_some_and(|(_, rest)| rest.starts_with(expected));
        assert!(found.iter().any(one), "{text}\n--- expected: {expected}\n--- found: {found:#?}");
        assert!(found.iter().all(|m| !m.starts_with("0 ") && !m.starts_with("default ")), "{text}\n{found:#?}");
    }
}

#[test]
fn secrets_may_be_missing_where_nothing_is_sent() {
    let text = "[channels.a]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900123\"\n\
                account_sid = \"AC00000000000000000000000000000000\"\nauth_token = { env = \"NONE\" }";
    let (settings, mistakes, _) = Settings::read(text, Path::new("."), &environment(), Secrets::Tolerated);
    assert_eq!(mistakes, Vec::new());
    assert_eq!(settings.channels.len(), 1);
}

#[test]
fn secrets_come_from_files_without_their_last_newline() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), "from-a-file-0123\n").expect("written");
    let text = "[events]\nkeys = { file = \"key\" }";
    let (settings, mistakes, _) = Settings::read(text, folder.path(), &environment(), Secrets::Required);
    assert_eq!(mistakes, Vec::new());
    assert_eq!(settings.events.keys[0].expose(), "from-a-file-0123");
}

#[test]
fn the_environment_stands_above_the_file() {
    let mut environment = environment();
    for (name, value) in [
        ("REPLYFLOW_SERVER__LISTEN", "127.0.0.1:9"),
        ("REPLYFLOW_SERVER__WORKERS", "7"),
        ("REPLYFLOW_METRICS__ENABLED", "false"),
        ("REPLYFLOW_CHANNELS__MAIN_SMS__NUMBER", "78787"),
        ("REPLYFLOW_CHANNELS__MAIN_SMS__AUTH_TOKEN", "from-the-environment"),
        ("REPLYFLOW_API__SHOP__PATHS", "/a/, /b/"),
        ("REPLYFLOW_VECTORS", "not a setting"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let (settings, mistakes, _) = Settings::read(PROJECT, Path::new("."), &environment, Secrets::Required);
    assert_eq!(mistakes, Vec::new());
    assert_eq!(settings.server.listen.port(), 9);
    assert_eq!(settings.server.workers, 7);
    assert!(!settings.metrics.enabled);
    let channel::ProviderSettings::Twilio(twilio) = &settings.channels["main-sms"].provider else { panic!("twilio") };
    assert_eq!((twilio.from.as_str(), twilio.auth_token.expose()), ("78787", "from-the-environment"));
    assert_eq!(settings.apis["shop"].paths, ["/a/", "/b/"]);

    environment.insert("REPLYFLOW_SERVER__WORKERS".to_owned(), "many".to_owned());
    environment.insert("REPLYFLOW_SERVER__LISTN".to_owned(), "x".to_owned());
    let (_, mistakes, _) = Settings::read(PROJECT, Path::new("."), &environment, Secrets::Required);
    let places: Vec<&Place> = mistakes.iter().map(|m| &m.place).collect();
    assert_eq!(mistakes.len(), 2, "{mistakes:#?}");
    assert!(places.iter().all(|p| matches!(p, Place::Environment(_))));
}

/// Every key that the program understands is in the shipped file, in its section, with a comment or a value.
#[test]
fn the_defaults_document_every_key() {
    let meta = "[channels.m]\nprovider = \"meta\"\nkind = \"whatsapp\"\n";
    let smtp = "[channels.m]\nprovider = \"smtp\"\nkind = \"email\"\n";
    let mut known = std::collections::BTreeSet::new();
    for text in [PROJECT, meta, smtp] {
        known.extend(Settings::read(text, Path::new("/p"), &environment(), Secrets::Tolerated).2);
    }
    let mut section = String::new();
    let mut documented = std::collections::BTreeSet::new();
    for line in DEFAULTS.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            let parts: Vec<&str> = name.split('.').collect();
            section = match parts.as_slice() {
                [first @ ("channels" | "api" | "endpoints" | "teams" | "hours"), _, rest @ ..] => {
                    [&[*first, "*"], rest].concat().join(".")
                }
                parts => parts.join("."),
            };
        } else if let Some((key, _)) = line.split_once(" = ") {
            documented.insert(format!("{section}.{key}"));
        }
    }
    let sections = |key: &str| DEFAULTS.contains(&format!("[{key}]")) || DEFAULTS.contains(&format!("[{key}."));
    let of_section = |key: &str| sections(&key.replace("api.*", "api.shop"));
    let missing: Vec<_> = known.iter().filter(|key| !documented.contains(*key) && !of_section(key)).collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
    assert!(known.len() > 70, "{}", known.len());
}

/// The schema has the settings that the program reads, each with what the shipped file says about it, and no other.
#[test]
fn the_schema_has_every_setting() {
    fn keys(schema: &serde_json::Value, path: &str, out: &mut std::collections::BTreeSet<String>) {
        for (key, below) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if below.get("properties").is_none() && below["additionalProperties"].get("properties").is_none() {
                assert!(
                    below["description"].as_str().is_some_and(|d| d.len() > 3)
                        || path.starts_with("hours.")
                        || path == "teams.*.title",
                    "{path}"
                );
            }
            keys(below, &path, out);
            out.insert(path);
        }
        if let Some(named) = schema.get("additionalProperties").filter(|s| s.get("properties").is_some()) {
            keys(named, &format!("{path}.*"), out);
        }
    }
    let (mut described, mut known) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    keys(&super::schema(), "", &mut described);
    let meta = "[channels.m]\nprovider = \"meta\"\nkind = \"whatsapp\"\n";
    let smtp = "[channels.m]\nprovider = \"smtp\"\nkind = \"email\"\n";
    for text in [PROJECT, meta, smtp] {
        known.extend(Settings::read(text, Path::new("/p"), &environment(), Secrets::Tolerated).2);
    }
    assert_eq!(described, known);
}

#[test]
fn the_nearest_file_above_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    std::fs::write(folder.path().join(FILE_NAME), "").expect("written");
    assert_eq!(find_file(&below), Some(folder.path().join(FILE_NAME)));
}
