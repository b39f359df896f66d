//! The adapter that a file of vectors is about, with the credentials that the file uses.

use super::canonical::Phones;
use super::{Recorded, str_of, vectors};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use replyflow::config::channel::{
    MetaSettings, ProviderSettings, SimulatorSettings, TwilioApiKey, TwilioSettings, TwilioSigningKey,
};
use replyflow::config::secret::Secret;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::ChannelName;
use replyflow::provider::{Adapter, Headers as _, Pairs, Route, Routes};
use serde_json::Value;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The provider of a file.
pub enum Subject {
    Twilio { settings: TwilioSettings },
    Meta { settings: MetaSettings },
    Simulator,
}

impl Subject {
    /// By the file's `provider`; nothing if it has no adapter.
    pub fn of(data: &Value) -> Option<Self> {
        match str_of(data, "provider") {
            "twilio" => Some(Subject::Twilio { settings: twilio(data) }),
            "meta_whatsapp_cloud" => Some(Subject::Meta { settings: meta(data) }),
            "simulator" => Some(Subject::Simulator),
            _ => None,
        }
    }

    /// The adapter, for one send if the vector is one.
    pub fn adapter(&self, send: Option<&Value>) -> Adapter {
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
            Subject::Simulator => self.adapter(None),
        }
    }

    pub fn with_verify_token(&self, token: &str) -> Adapter {
        match self {
            Subject::Meta { settings } => {
                Adapter::new(&ProviderSettings::Meta(MetaSettings { verify_token: Secret::new(token), ..settings.clone() }))
            }
            _ => self.adapter(None),
        }
    }

    pub fn is_signed(&self, recorded: &Recorded<'_>) -> bool {
        let header = match self {
            Subject::Twilio { .. } => "X-Twilio-Signature",
            Subject::Meta { .. } => "X-Hub-Signature-256",
            Subject::Simulator => return false,
        };
        Pairs(&recorded.headers).get(header).is_some()
    }

    pub fn phones(&self) -> Phones {
        match self {
            Subject::Meta { .. } => Phones::Digits,
            Subject::Twilio { .. } | Subject::Simulator => Phones::Plus,
        }
    }

    pub fn channel(&self) -> ChannelName {
        ChannelName::parse("main").expect("a name")
    }

    pub fn kind_of(&self, channel: &str) -> ChannelKind {
        match (self, channel) {
            (Subject::Meta { .. }, _) | (_, "whatsapp") => ChannelKind::WhatsApp,
            _ => ChannelKind::Sms,
        }
    }

    /// A channel for every number that a vector expects messages for.
    pub fn routes(&self, expected: &[&Value]) -> Routes {
        let kind = self.kind_of(expected.first().map_or("", |e| str_of(e, "channel")));
        let route = |number: &str| Route { channel: ChannelName::parse(&format!("n{number}")).expect("a name"), kind };
        let own = match self {
            Subject::Meta { settings } => settings.phone_number_id.clone(),
            Subject::Twilio { .. } | Subject::Simulator => "1".to_owned(),
        };
        let mut routes = Routes::only(route(&own)).with(own.clone(), route(&own));
        if matches!(self, Subject::Meta { .. }) {
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

/// Forms are compared as multimaps whose values keep their order, JSON by value.
pub fn same_body(http: &Value, got: &[u8]) -> Result<(), String> {
    fn multimap(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
        let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            map.entry(name).or_default().push(value);
        }
        map
    }
    if let Some(form) = http.get("form").and_then(Value::as_array) {
        let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
        let wanted = multimap(form.iter().map(|pair| (text(&pair[0]), text(&pair[1]))));
        let got = multimap(form_urlencoded::parse(got).into_owned());
        return if wanted == got { Ok(()) } else { Err(format!("the form is {got:?}")) };
    }
    let wanted = match http.get("json") {
        Some(json) => json.clone(),
        None => serde_json::from_str(str_of(http, "body")).map_err(|e| format!("neither form nor JSON: {e}"))?,
    };
    let got: Value = serde_json::from_slice(got).map_err(|e| format!("not JSON: {e}"))?;
    if wanted == got { Ok(()) } else { Err(format!("the body is {got}")) }
}
