//! Every mistake has a test, and the shipped defaults document every key.

mod documented;
mod mistakes;
mod redis;

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
circuit_after = 3
circuit_pause = "1m"

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
only_declared = true

[events.fields."order.paid"]
order_id = { type = "text", required = true }
items = { of = { fields = { sku = "text", price = "number" } } }

[webhooks.signed.payment.gateway]
scheme = "stripe"
secrets = [{ env = "TOKEN" }]
tolerance = "10m"

[webhooks.signed.payment.own]
header = "X-Signature"
algorithm = "sha512"
encoding = "base64"
separator = ","
prefix = "s="
timestamp_header = "X-Time"
timestamp_prefix = "t="
id_header = "X-Id"
signed = "{id}.{timestamp}.{url}.{body}"
secret_form = "text"
id_field = "event.id"
secrets = [{ env = "TOKEN" }, { env = "TOKEN2" }]

[sources.growth]
kind = "mixpanel"
user = "replyflow"
password = { env = "TOKEN" }
phone = ["phone_number", "mobile"]
email = "email"
id = "mixpanel_distinct_id"
name = "first_name"
language = "lang"

[sources.growth.attributes]
vip = "is_vip"

[sources.product]
kind = "segment"
keys = [{ env = "KEY" }]
secrets = [{ env = "KEY" }]

[sinks]
product = { kind = "mixpanel", project_id = "2195193", user = "u", password = { env = "TOKEN" }, base_url = "https://api-eu.mixpanel.com/", events = ["message.*", "run.ended"], identity = "external", secret = { env = "KEY" }, include = ["text", "address", "variables.plan", "contact.vip", "event.amount"], from = "start", batch = 500, timeout = "5s", retry_first = "1s" }
web = { kind = "segment", key = { env = "KEY" } }

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
    let policy = &settings.policies["main-sms"];
    assert_eq!((policy.unsure, policy.per_second, policy.burst, policy.gap), (Unsure::Resend, 5, 6, Span::seconds(1)));
    let project = &settings.project;
    assert_eq!(project.channels["main-sms"].country.as_deref(), Some("GB"));
    assert_eq!(project.channels["test"].shows.buttons, 3);
    assert_eq!(project.apis["shop"].methods, ["get", "put"]);
    assert_eq!(project.hours["office"].days[1].len(), 2);
    assert_eq!(project.texts.opted_out[0].1, "Adiós.", "the project's language comes first");
    assert_eq!(project.texts.opted_out.len(), 2, "the built-in English stays");
    let names: Vec<&str> = project.events.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["payment.failed", "order.paid"], "what has fields is declared");
    let paid = &project.event_fields["order.paid"];
    assert!(paid.fields["order_id"].required && !paid.fields["items"].required);
    assert_eq!(paid.fields["items"].of.as_ref().map(|of| of.fields.len()), Some(2));
    let signed: Vec<(&str, &str, usize)> =
        settings.webhooks.signed.iter().map(|((flow, name), how)| (flow.as_str(), name.as_str(), how.keys.len())).collect();
    assert_eq!(signed, [("payment", "gateway", 1), ("payment", "own", 2)]);
    let growth = &settings.sources["growth"];
    assert_eq!((growth.contact.phone.len(), growth.contact.attributes.len(), growth.basic.is_some()), (2, 1, true));
    assert_eq!(settings.sources["product"].contact.id, ["userId"]);
    let shop = &settings.apis["shop"];
    assert_eq!(shop.base_url, "https://shop.example.com/api");
    let header = |name: &str| shop.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.expose().to_owned());
    assert_eq!(header("Authorization").as_deref(), Some("Basic bWU6c2VjcmV0LW9uZQ=="));
    assert_eq!(header("X-Api-Key").as_deref(), Some("secret-one"));
    assert_eq!(settings.apis["other"].headers[0].1.expose(), "Bearer secret-one");
}

#[test]
fn a_channel_may_have_no_rate() {
    let channel = |rate: &str| format!("[channels.a]\nprovider = \"simulator\"\nkind = \"sms\"\n{rate}\n");
    let (settings, mistakes) = load(&channel("per_second = 0"));
    assert_eq!((settings.policies["a"].per_second, mistakes), (0, Vec::new()));
    assert_eq!(wrong(&channel("per_second = -1")), ["4 channels.a.per_second: must be a whole number from 0 to 1000000"]);
    assert_eq!(wrong(&channel("burst = 0")), ["4 channels.a.burst: must be a whole number from 1 to 1000000"]);
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

#[test]
fn the_nearest_file_above_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    std::fs::write(folder.path().join(FILE_NAME), "").expect("written");
    assert_eq!(find_file(&below), Some(folder.path().join(FILE_NAME)));
}
