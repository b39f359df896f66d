//! JSON Schema of the configuration: types from the table below, descriptions and defaults from the shipped file that
//! documents every key.

use super::providers::NAMES;
use super::schema_channels::{setting_of_channel, settings_of_channels};
use super::schema_documented::documented;
use super::schema_table::section_of;
use crate::domain::value::Type;
use serde_json::{Value, json};

/// What a setting is.
#[derive(Debug)]
pub(super) enum Setting {
    Text,
    Word(&'static [&'static str]),
    Boolean,
    Whole,
    Duration,
    Size,
    Texts(&'static [&'static str]),
    TextOrTexts,
    Secret,
    Secrets,
    SecretsByName,
    Headers,
    Fields,
    Paths,
    Translations,
}

use Setting::{
    Boolean, Duration, Fields, Headers, Paths, Secret, Secrets, SecretsByName, Size, Text, TextOrTexts, Texts, Translations,
    Whole, Word,
};

const UNSURE: Setting = Word(&["fail", "resend"]);
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// Every setting by its section; `*` stands for a name that people choose. The sections `attributes`, `topics` and `env` have no others.
const SETTINGS: &[(&str, &[(&str, Setting)])] = &[
    ("project", &[("language", Text), ("timezone", Text), ("country", Text), ("flows", Text), ("templates", Text)]),
    (
        "server",
        &[
            ("listen", Text),
            ("public_url", Text),
            ("trusted_proxies", Texts(&[])),
            ("workers", Whole),
            ("max_connections", Whole),
            ("max_body_memory", Size),
            ("request_timeout", Duration),
            ("drain", Duration),
            ("shutdown_timeout", Duration),
        ],
    ),
    (
        "server.rates",
        &[("hooks", Whole), ("flows", Whole), ("api", Whole), ("key", Whole), ("simulator", Whole), ("probes", Whole)],
    ),
    ("marketing", &[("cap", TextOrTexts), ("hours", Text), ("countries", Fields)]),
    ("publish", &[("from", Word(&["folder", "call"]))]),
    (
        "store",
        &[
            ("kind", Word(&["embedded", "redis"])),
            ("path", Text),
            ("username", Text),
            ("password", Secret),
            ("wait_replicas", Whole),
            ("timeout", Duration),
            ("history", Text),
            ("history_keep", Duration),
            ("media", Text),
            ("claim_lease", Duration),
            ("send_lease", Duration),
            ("dedupe_ttl", Duration),
            ("dedupe_cap", Whole),
            ("mailbox", Whole),
            ("mailbox_headroom", Whole),
            ("journal_max_bytes", Size),
            ("tick", Duration),
        ],
    ),
    ("media", super::media::SETTINGS),
    ("media.s3", super::media::BUCKET),
    (
        "send",
        &[
            ("in_flight", Whole),
            ("timeout", Duration),
            ("max_age", Duration),
            ("retry_first", Duration),
            ("retry_max", Duration),
            ("unsure", UNSURE),
        ],
    ),
    (
        "channels.*",
        &[
            ("provider", Word(NAMES)),
            ("kind", Word(&["sms", "whatsapp", "email"])),
            ("country", Text),
            ("number", Text),
            ("per_second", Whole),
            ("burst", Whole),
            ("gap", Duration),
            ("pair_every", Duration),
            ("pair_burst", Whole),
            ("per_day", Whole),
            ("unsure", UNSURE),
            ("smart_encoding", Boolean),
            ("stop_hint", Texts(&[])),
            ("stand_ins", Texts(&[])),
            ("circuit_after", Whole),
            ("circuit_pause", Duration),
            ("base_url", Text),
        ],
    ),
    (
        "api.*",
        &[
            ("base_url", Text),
            ("methods", Texts(METHODS)),
            ("paths", Texts(&[])),
            ("headers", Headers),
            ("bearer", Secret),
            ("allow_private", Boolean),
            ("timeout", Duration),
            ("circuit_after", Whole),
            ("circuit_pause", Duration),
        ],
    ),
    ("api.*.basic", &[("user", Text), ("password", Secret)]),
    ("api.*.test", &[("base_url", Text), ("headers", Headers), ("bearer", Secret)]),
    ("api.*.test.basic", &[("user", Text), ("password", Secret)]),
    (
        "endpoints.*",
        &[
            ("url", Text),
            ("events", Texts(&[])),
            ("secrets", Secrets),
            ("allow_private", Boolean),
            ("timeout", Duration),
            ("in_flight", Whole),
            ("retry_first", Duration),
            ("max_age", Duration),
        ],
    ),
    (
        "callbacks",
        &[
            ("allow", Texts(&[])),
            ("secrets", Secrets),
            ("allow_private", Boolean),
            ("timeout", Duration),
            ("in_flight", Whole),
            ("retry_first", Duration),
            ("max_age", Duration),
        ],
    ),
    (
        "alerts",
        &[
            ("receivers", Texts(&[])),
            ("window", Duration),
            ("retry_first", Duration),
            ("email_channel", Text),
            ("sms_channel", Text),
        ],
    ),
    (
        "teams.*",
        &[
            ("title", Text),
            ("email", TextOrTexts),
            ("sms", TextOrTexts),
            ("slack", Secrets),
            ("allow_private", Boolean),
            ("min_level", Word(&["info", "warning", "urgent"])),
        ],
    ),
    (
        "desks.*",
        &[
            ("kind", Word(&["chatwoot", "zendesk"])),
            ("base_url", Text),
            ("account_id", Whole),
            ("inbox_id", Whole),
            ("team_id", Whole),
            ("user", Text),
            ("group_id", Whole),
            ("api_token", Secret),
            ("webhook_secret", Secrets),
            ("teams", Texts(&[])),
            ("share", Texts(&["name", "phone", "email"])),
            ("allow_private", Boolean),
            ("timeout", Duration),
            ("in_flight", Whole),
            ("retry_first", Duration),
            ("max_age", Duration),
        ],
    ),
    (
        "hours.*",
        &[
            ("mon", TextOrTexts),
            ("tue", TextOrTexts),
            ("wed", TextOrTexts),
            ("thu", TextOrTexts),
            ("fri", TextOrTexts),
            ("sat", TextOrTexts),
            ("sun", TextOrTexts),
        ],
    ),
    (
        "texts",
        &[
            ("opted_out", Translations),
            ("opted_in", Translations),
            ("help", Translations),
            ("list_button", Translations),
            ("stop_hint", Translations),
        ],
    ),
    ("prices.*", &[("currency", Text), ("default", Text), ("countries", Paths)]),
    ("events", &[("keys", Secrets), ("names", Texts(&[])), ("fields", Fields), ("only_declared", Boolean)]),
    ("webhooks", &[("keys", Secrets)]),
    (
        "webhooks.signed.*.*",
        &[
            ("scheme", Word(&["stripe", "shopify", "razorpay", "github", "standard"])),
            ("secrets", Secrets),
            ("header", Text),
            ("algorithm", Word(&["sha256", "sha1", "sha512"])),
            ("encoding", Word(&["hex", "base64"])),
            ("separator", Text),
            ("prefix", Text),
            ("timestamp_header", Text),
            ("timestamp_prefix", Text),
            ("tolerance", Duration),
            ("id_header", Text),
            ("signed", Text),
            ("secret_form", Word(&["text", "base64"])),
            ("id_field", Text),
        ],
    ),
    ("sources.*", super::sources::SETTINGS),
    ("sources.*.consent", &[("marketing", Text), ("sms", Text), ("whatsapp", Text), ("email", Text), ("at", Text)]),
    ("sinks.*", super::sinks::SETTINGS),
    ("store", super::redis::SETTINGS),
    ("history", super::history::SETTINGS),
    ("metrics", &[("enabled", Boolean), ("keys", Secrets)]),
    ("log", &[("filter", Text), ("format", Word(&["text", "json"]))]),
];

/// Keys that must be given in a section that people name.
const REQUIRED: [(&str, &[&str]); 8] = [
    ("prices.*", &["currency"]),
    ("channels.*", &["provider", "kind"]),
    ("api.*", &["base_url"]),
    ("api.*.test", &["base_url"]),
    ("endpoints.*", &["url", "events", "secrets"]),
    ("sources.*", &["kind"]),
    ("sinks.*", &["kind"]),
    ("desks.*", &["kind", "base_url", "api_token"]),
];

/// What the key at this place is, by the names from the outermost section on.
pub(super) fn setting(path: &[&str]) -> Option<&'static Setting> {
    let (key, section) = path.split_last()?;
    let is_it = |of: &str| {
        let mut names = of.split('.');
        section.iter().all(|given| names.next().is_some_and(|name| name == "*" || name == *given)) && names.next().is_none()
    };
    let mut common = SETTINGS.iter().filter(|(of, _)| is_it(of)).flat_map(|(_, keys)| keys.iter());
    let common = common.find(|(name, _)| name == key).map(|(_, setting)| setting);
    common.or_else(|| match path {
        ["channels", _, of_provider @ ..] => setting_of_channel(of_provider),
        _ => None,
    })
}

/// The schema of `replyflow.toml`, in draft 7.
pub fn schema() -> Value {
    let documented = documented();
    let mut root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Replyflow: the configuration",
        "description": "The settings of a project. What is not given has the default that is shown.",
        "type": "object",
        "properties": {
            "attributes": {
                "type": "object",
                "description": "What a contact has beside name, phone, email, language and timezone: a name and its type.",
                "additionalProperties": { "enum": Type::ALL.map(Type::as_str) },
            },
            "topics": {
                "type": "object",
                "description": "Topics of marketing to which contacts can say yes or no: a name and its title for people.",
                "additionalProperties": { "type": "string" },
            },
            "env": {
                "type": "object",
                "description": "Settings that flows read as env.NAME. Everybody who may write a flow can read them: no secrets.",
            },
        },
        "additionalProperties": false,
        "definitions": {
            "field": {
                "anyOf": [
                    { "enum": Type::ALL.map(Type::as_str) },
                    {
                        "type": "object",
                        "properties": {
                            "type": { "enum": Type::ALL.map(Type::as_str) },
                            "required": { "type": "boolean" },
                            "fields": { "type": "object", "additionalProperties": { "$ref": "#/definitions/field" } },
                            "of": { "$ref": "#/definitions/field" },
                        },
                        "additionalProperties": false,
                    },
                ],
            },
            "secret": {
                "description": "Where the secret is: a variable of the environment, or a file that holds nothing else.",
                "type": "object",
                "properties": { "env": { "type": "string" }, "file": { "type": "string" } },
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            },
        },
    });
    let mut add = |path: &str, key: &str, setting: &Setting, line: &str| {
        let mut schema = setting_schema(setting);
        let known = documented.get(&format!("{path}.{key}"));
        if let Some(words) = known.map(|known| known.description.as_str()).or(Some(line)).filter(|words| !words.is_empty()) {
            schema["description"] = words.into();
        }
        if let Some(default) = known.and_then(|known| known.default.as_ref()) {
            schema["default"] = default.clone();
        }
        section_of(&mut root, path)["properties"][key] = schema;
    };
    for (path, settings) in SETTINGS {
        for (key, setting) in *settings {
            add(path, key, setting, "");
        }
    }
    for (path, key, setting, line) in settings_of_channels() {
        add(&path, key, setting, line);
    }
    for (path, keys) in REQUIRED {
        section_of(&mut root, path)["required"] = json!(keys);
    }
    root
}

fn setting_schema(setting: &Setting) -> Value {
    let secret = json!({ "$ref": "#/definitions/secret" });
    match setting {
        Text => json!({ "type": "string" }),
        Word(words) => json!({ "enum": words }),
        Boolean => json!({ "type": "boolean" }),
        Whole => json!({ "type": "integer", "minimum": 0 }),
        Duration => json!({
            "type": "string",
            "pattern": "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
            "minLength": 2,
        }),
        Size => json!({ "type": "string", "pattern": "^[0-9]+ *(B|KiB|MiB|GiB)?$" }),
        Texts([]) => json!({ "type": "array", "items": { "type": "string" } }),
        Texts(words) => json!({ "type": "array", "items": { "enum": words } }),
        TextOrTexts => json!({ "type": ["string", "array"], "items": { "type": "string" } }),
        Secret => json!({ "allOf": [secret] }),
        Secrets => json!({ "anyOf": [secret, { "type": "array", "items": secret }] }),
        SecretsByName => json!({ "type": "object", "additionalProperties": secret }),
        Headers => json!({ "type": "object", "additionalProperties": { "anyOf": [{ "type": "string" }, secret] } }),
        Fields => json!({
            "type": "object",
            "description": "What the data of an event must look like: the names of its fields, and of each its type, or a table with \
                            type, required, fields (of a map) and of (what the items of a list are). Other fields are kept.",
            "additionalProperties": { "type": "object", "additionalProperties": { "$ref": "#/definitions/field" } },
        }),
        Paths => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Translations => json!({
            "type": ["string", "object"],
            "additionalProperties": { "type": "string" },
            "propertyNames": { "pattern": "^[a-z]{2,3}(-[A-Z]{2})?$" },
        }),
    }
}
