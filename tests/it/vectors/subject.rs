//! The adapter that a file of vectors is about, with the credentials that the file uses.

use super::canonical::Phones;
use super::described::Described;
use super::{Recorded, str_of, vectors};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use replyflow::config::channel::{
    MetaSettings, ProviderSettings, SimulatorSettings, TwilioApiKey, TwilioSettings, TwilioSigningKey,
};
use replyflow::config::secret::Secret;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::provider::{Adapter, Headers as _, HttpRequest, Method, Pairs, Route, Routes};
use serde_json::Value;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The provider of a file.
pub enum Subject {
    Twilio { settings: TwilioSettings },
    Meta { settings: MetaSettings },
    Simulator,
    Described(Box<Described>),
}

impl Subject {
    /// By the file's `provider`, or what is described beside it; nothing if it has no adapter.
    pub fn of(data: &Value, described: Option<&str>) -> Option<Self> {
        if let Some(text) = described {
            return Some(Subject::Described(Box::new(Described::read(text, data))));
        }
        match str_of(data, "provider") {
            "twilio" => Some(Subject::Twilio { settings: twilio(data) }),
            "meta_whatsapp_cloud" => Some(Subject::Meta { settings: meta(data) }),
            "simulator" => Some(Subject::Simulator),
            _ => None,
        }
    }

    /// The adapter for a vector of a list.
    pub fn adapter(&self, list: &str, vector: Option<&Value>) -> Adapter {
        let send = vector.filter(|_| list == "send");
        match self {
            Subject::Twilio { settings } => {
                let mut settings = settings.clone();
                if let Some(vector) = send {
                    sender(&mut settings, vector);
                }
                Adapter::new(&ProviderSettings::Twilio(settings))
            }
            Subject::Meta { settings } => Adapter::new(&ProviderSettings::Meta(settings.clone())),
            Subject::Simulator => {
                Adapter::new(&ProviderSettings::Simulator(SimulatorSettings { base_url: "http://127.0.0.1:8080".to_owned() }))
            }
            Subject::Described(described) => described.chosen(list, vector, None).adapter,
        }
    }

    /// All channels, with what their webhooks may speak for.
    pub fn every(&self) -> Vec<(Adapter, Routes)> {
        match self {
            Subject::Described(described) => {
                described.every().into_iter().map(|chosen| (chosen.adapter.clone(), chosen.routes())).collect()
            }
            _ => vec![(self.adapter("", None), self.routes("", &Value::Null, &[]))],
        }
    }

    /// The adapter whose webhook secret is the vector's.
    pub fn signed_with(&self, vector: &Value) -> Adapter {
        let secret = Secret::new(str_of(vector, "secret"));
        match self {
            Subject::Twilio { settings } => {
                let mut settings = settings.clone();
                let headers = Recorded::of(vector).headers;
                let headers = Pairs(&headers);
                let header = headers.get("X-Twilio-Webhooks-Signature-Settings").unwrap_or("");
                match header.split(',').find_map(|part| part.trim().strip_prefix("key=")) {
                    Some(id) if header.contains("algorithm=") => {
                        settings.signing_keys = vec![TwilioSigningKey { id: id.to_owned(), secret }];
                    }
                    _ => settings.auth_token = secret,
                }
                Adapter::new(&ProviderSettings::Twilio(settings))
            }
            Subject::Meta { settings } => {
                Adapter::new(&ProviderSettings::Meta(MetaSettings { app_secret: secret, ..settings.clone() }))
            }
            Subject::Described(described) => {
                let secret = ["secret", "public_key"].into_iter().find_map(|key| vector.get(key)?.as_str());
                described.chosen("signature_vectors", Some(vector), secret).adapter
            }
            Subject::Simulator => self.adapter("", None),
        }
    }

    pub fn with_verify_token(&self, token: &str) -> Adapter {
        match self {
            Subject::Meta { settings } => {
                Adapter::new(&ProviderSettings::Meta(MetaSettings { verify_token: Secret::new(token), ..settings.clone() }))
            }
            _ => self.adapter("", None),
        }
    }

    /// The header with the signature.
    pub fn signature(&self) -> Option<&str> {
        match self {
            Subject::Twilio { .. } => Some("X-Twilio-Signature"),
            Subject::Meta { .. } => Some("X-Hub-Signature-256"),
            Subject::Described(described) => described.signature(),
            Subject::Simulator => None,
        }
    }

    pub fn is_signed(&self, recorded: &Recorded<'_>) -> bool {
        self.signature().is_some_and(|header| Pairs(&recorded.headers).get(header).is_some())
    }

    pub fn described(&self) -> Option<&Described> {
        match self {
            Subject::Described(described) => Some(described),
            Subject::Twilio { .. } | Subject::Meta { .. } | Subject::Simulator => None,
        }
    }

    /// Whether what comes are forms, of which a part is a form too.
    pub fn has_forms(&self) -> bool {
        match self {
            Subject::Twilio { .. } => true,
            Subject::Described(described) => described.forms,
            Subject::Meta { .. } | Subject::Simulator => false,
        }
    }

    pub fn phones(&self) -> Phones {
        match self {
            Subject::Meta { .. } => Phones::Digits,
            Subject::Described(described) if described.has_digits() => Phones::Digits,
            Subject::Twilio { .. } | Subject::Described(_) | Subject::Simulator => Phones::Plus,
        }
    }

    pub fn channel(&self) -> ChannelName {
        ChannelName::parse("main").expect("a name")
    }

    pub fn kind_of(&self, list: &str, vector: &Value, channel: &str) -> ChannelKind {
        match (self, channel) {
            (Subject::Described(described), _) => described.chosen(list, Some(vector), None).kind,
            (Subject::Meta { .. }, _) | (_, "whatsapp") => ChannelKind::WhatsApp,
            _ => ChannelKind::Sms,
        }
    }

    /// A channel for every number that a vector expects messages for.
    pub fn routes(&self, list: &str, vector: &Value, expected: &[&Value]) -> Routes {
        if let Subject::Described(described) = self {
            return described.chosen(list, Some(vector), None).routes();
        }
        let kind = self.kind_of(list, vector, expected.first().map_or("", |e| str_of(e, "channel")));
        let route = |number: &str| Route { channel: ChannelName::parse(&format!("n{number}")).expect("a name"), kind };
        let own = match self {
            Subject::Meta { settings } => settings.phone_number_id.clone(),
            Subject::Twilio { .. } | Subject::Described(_) | Subject::Simulator => "1".to_owned(),
        };
        let mut routes = Routes::only(route(&own));
        if matches!(self, Subject::Meta { .. }) {
            routes = routes.with(own.clone(), route(&own));
            for number in
                expected.iter().map(|e| str_of(e, "to")).filter(|to| !to.is_empty() && to.bytes().all(|b| b.is_ascii_digit()))
            {
                routes = routes.with(number, route(number));
            }
        }
        routes
    }

    /// Fails if any credential of the file can be read in `shown`.
    pub fn no_credential(&self, shown: &str) -> Result<(), String> {
        let secrets = match self {
            Subject::Twilio { settings: s } => {
                let token = s.auth_token.expose();
                vec![
                    token.to_owned(),
                    STANDARD.encode(format!("{}:{token}", s.account_sid)),
                    "sharedkey-secret-for-tests".to_owned(),
                ]
            }
            Subject::Meta { settings: s } => {
                [&s.app_secret, &s.verify_token, &s.access_token].iter().map(|s| s.expose().to_owned()).collect()
            }
            Subject::Described(described) => described.secrets(),
            Subject::Simulator => Vec::new(),
        };
        match secrets.iter().find(|s| shown.contains(s.as_str())) {
            Some(_) => Err("a credential can be read in its Debug output".to_owned()),
            None => Ok(()),
        }
    }
}

fn meta(data: &Value) -> MetaSettings {
    let config = &data["config"];
    let secret = |key: &str| Secret::new(str_of(config, key));
    MetaSettings {
        number: None,
        phone_number_id: str_of(config, "phone_number_id").to_owned(),
        app_secret: secret("app_secret"),
        second_app_secret: None,
        verify_token: secret("verify_token"),
        access_token: secret("access_token"),
        graph_version: str_of(config, "graph_version").to_owned(),
        base_url: MetaSettings::BASE_URL.to_owned(),
    }
}

/// The account and token are those of the sends.
fn twilio(data: &Value) -> TwilioSettings {
    let mut settings = TwilioSettings {
        account_sid: "AC00000000000000000000000000000001".to_owned(),
        auth_token: Secret::new("0123456789abcdef0123456789abcdef"),
        second_auth_token: None,
        api_key: None,
        signing_keys: Vec::new(),
        from: "+447700900001".to_owned(),
        base_url: TwilioSettings::BASE_URL.to_owned(),
    };
    for vector in vectors(data, "send") {
        let authorization = vector["expect_http"]["headers"]["Authorization"].as_str().unwrap_or("");
        if let Some((user, password)) = basic(authorization).filter(|(user, _)| user.starts_with("AC")) {
            (settings.account_sid, settings.auth_token) = (user, Secret::new(password));
            break;
        }
    }
    settings
}

fn basic(header: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()?;
    decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn sender(settings: &mut TwilioSettings, vector: &Value) {
    let http = &vector["expect_http"];
    if let Some((user, password)) =
        basic(http["headers"]["Authorization"].as_str().unwrap_or("")).filter(|(u, _)| u.starts_with("SK"))
    {
        settings.api_key = Some(TwilioApiKey { sid: user, secret: Secret::new(password) });
    }
    let in_form = |name: &str| {
        let field = vectors(http, "form").iter().find(|pair| pair[0] == name)?;
        field[1].as_str().map(|v| v.trim_start_matches("whatsapp:").to_owned())
    };
    let from = vector["request"]["from"].as_str().map(str::to_owned);
    if let Some(from) = in_form("MessagingServiceSid").or(from).or_else(|| in_form("From")) {
        settings.from = from;
    }
}

/// Forms are compared as multimaps whose values keep their order, JSON by value, also in a form; the form of a `GET` is its query.
/// The keys of `without` say nothing.
pub fn same_body(http: &Value, got: &HttpRequest, without: &[String]) -> Result<(), String> {
    fn multimap(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<Value>> {
        let mut map: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in pairs {
            let object = serde_json::from_str(&value).ok().filter(Value::is_object);
            map.entry(name).or_default().push(object.unwrap_or(Value::String(value)));
        }
        map
    }
    let body = match got.method {
        Method::Get => got.url.split_once('?').map_or("", |(_, query)| query).as_bytes(),
        Method::Post => &got.body[..],
    };
    if let Some(form) = http.get("form").and_then(Value::as_array) {
        let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
        let mut wanted = multimap(form.iter().map(|pair| (text(&pair[0]), text(&pair[1]))));
        let mut got = multimap(form_urlencoded::parse(body).into_owned());
        wanted.retain(|name, _| !without.contains(name));
        got.retain(|name, _| !without.contains(name));
        return if wanted == got { Ok(()) } else { Err(format!("the form is {got:?}")) };
    }
    let mut wanted = match (http.get("json"), str_of(http, "body")) {
        (Some(json), _) => json.clone(),
        // The vector says no more than where it goes.
        (None, "") => return Ok(()),
        (None, text) => serde_json::from_str(text).map_err(|e| format!("neither form nor JSON: {e}"))?,
    };
    let mut got: Value = serde_json::from_slice(body).map_err(|e| format!("not JSON: {e}"))?;
    leave_out(&mut wanted, without);
    leave_out(&mut got, without);
    if wanted == got { Ok(()) } else { Err(format!("the body is {got}")) }
}

fn leave_out(value: &mut Value, without: &[String]) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !without.contains(key));
            map.values_mut().for_each(|inner| leave_out(inner, without));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| leave_out(inner, without)),
        _ => {}
    }
}

/// Whether a text is what a vector has of it: `<…>`, `{…}` and a last `...` stand for anything.
pub fn is_like(pattern: &str, text: &str) -> bool {
    if pattern == text {
        return true;
    }
    if let Some(start) = pattern.strip_suffix("...") {
        return text.starts_with(start);
    }
    let open = pattern.find(['<', '{']);
    let Some((before, rest)) = open.map(|at| pattern.split_at(at)) else { return false };
    let Some(close) = rest.find(if rest.starts_with('<') { '>' } else { '}' }) else { return false };
    let after = &rest[close + 1..];
    let Some(text) = text.strip_prefix(before) else { return false };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| is_like(after, &text[at..]))
}
