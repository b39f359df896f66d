//! Files that contacts send: fetched with the provider's credentials, kept, and given to whoever has a link. Over real HTTP,
//! with a stand-in for Twilio and Meta.

use crate::support::live::Service;
use crate::support::patience::{patient, until};
use crate::support::server::Server;
use crate::support::sign;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture";

/// Requests as they came: path, and whether with credentials.
#[derive(Default)]
pub struct Seen {
    requests: Mutex<Vec<(String, bool)>>,
    sent: Mutex<Vec<String>>,
    /// The bodies of what was sent.
    pub bodies: Mutex<Vec<String>>,
    /// What the next requests for bytes are answered instead.
    wrong: Mutex<Vec<u16>>,
    /// The bytes that a file has instead of those of a picture.
    pub bytes: Mutex<Option<&'static [u8]>>,
}

pub struct Provider {
    pub url: String,
    pub seen: Arc<Seen>,
    _server: Server,
}

impl Provider {
    pub fn start() -> Self {
        let seen: Arc<Seen> = Arc::default();
        let data = web::Data::from(seen.clone());
        let server = Server::start(move |app| {
            app.app_data(data.clone()).default_service(web::to(answer));
        });
        Provider { url: server.url.clone(), seen, _server: server }
    }

    /// The texts that were sent to the contact, once there are `n` of them.
    pub async fn texts(&self, n: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let sent = self.seen.sent.lock().expect("not poisoned").clone();
            if sent.len() >= n {
                return sent;
            }
            patient(begun, format_args!("{n} messages expected: {sent:?}"));
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Forgets the texts that were sent.
    pub fn forget(&self) {
        self.seen.sent.lock().expect("not poisoned").clear();
    }

    /// Returns once somebody with credentials asked for this path so often.
    pub async fn fetches(&self, path: &str, n: usize) {
        until(&format!("{path} is asked for {n} times"), async || self.fetched(path) >= n).await;
    }

    /// How often somebody with credentials asked for this path.
    pub fn fetched(&self, path: &str) -> usize {
        self.requests().iter().filter(|(asked, known)| asked == path && *known).count()
    }

    fn requests(&self) -> Vec<(String, bool)> {
        self.seen.requests.lock().expect("not poisoned").clone()
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, seen: web::Data<Seen>) -> HttpResponse {
    let path = request.path().to_owned();
    if request.method() == "POST" {
        let text = match serde_json::from_slice::<Value>(&body) {
            Ok(sent) => sent.pointer("/text/body").and_then(Value::as_str).unwrap_or_default().to_owned(),
            Err(_) => url::form_urlencoded::parse(&body).find(|(k, _)| k == "Body").map_or_else(String::new, |(_, v)| v.into()),
        };
        seen.bodies.lock().expect("not poisoned").push(String::from_utf8_lossy(&body).into_owned());
        seen.sent.lock().expect("not poisoned").push(text);
        return match path.ends_with(".json") {
            true => HttpResponse::Created().json(json!({ "sid": "SM1", "status": "queued" })),
            false => HttpResponse::Ok().json(json!({ "messages": [{ "id": "wamid.1" }] })),
        };
    }
    let known = request.headers().get("authorization").is_some();
    seen.requests.lock().expect("not poisoned").push((path.clone(), known));
    let here = format!("http://{}", request.connection_info().host());
    match path.as_str() {
        "/v23.0/photo" => HttpResponse::Ok().json(json!({ "url": format!("{here}/attachment"), "mime_type": "image/jpeg" })),
        "/v23.0/elsewhere" => HttpResponse::Ok().json(json!({ "url": "https://evil.example/x" })),
        "/media/ME1" if known => HttpResponse::TemporaryRedirect().insert_header(("Location", "/signed")).finish(),
        "/attachment" if !known => HttpResponse::Unauthorized().finish(),
        "/attachment" | "/signed" => match seen.wrong.lock().expect("not poisoned").pop() {
            Some(status) => HttpResponse::build(actix_web::http::StatusCode::from_u16(status).expect("a status")).finish(),
            None => {
                HttpResponse::Ok().content_type("image/jpeg").body(seen.bytes.lock().expect("not poisoned").unwrap_or(PICTURE))
            }
        },
        _ => HttpResponse::NotFound().finish(),
    }
}

const FLOW: &str = r#"
flow: damage
start:
  - keyword: damage
begin: ask
states:
  ask:
    ask: A picture of it?
    answer: { media: { types: [image] } }
    save: pictures
    go:
      ok: { say: "{{ pictures[0].url }} {{ pictures[0].type }} {{ pictures[0].size }}", end: reported }
      nomatch: { say: That is no picture., again: 1, end: none }
      silence: { after: 1h, end: silent }
"#;

pub fn config(base: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
public_url = "https://replies.example.com"
[send]
unsure = "resend"
[channels.wa]
provider = "meta"
kind = "whatsapp"
phone_number_id = "77"
graph_version = "v23.0"
app_secret = {{ env = "META_APP_SECRET" }}
verify_token = {{ env = "META_VERIFY_TOKEN" }}
access_token = {{ env = "META_ACCESS_TOKEN" }}
base_url = "{base}"
[channels.sms]
provider = "twilio"
kind = "sms"
number = "+447700900001"
account_sid = "AC00000000000000000000000000000001"
auth_token = {{ env = "TWILIO_AUTH_TOKEN" }}
base_url = "{base}"
"#
    )
}

pub async fn whatsapp(service: &Service, id: &str, message: Value) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let mut all = json!({ "from": "447700900123", "id": id, "timestamp": now.to_string() });
    all.as_object_mut().expect("a map").extend(message.as_object().expect("a map").clone());
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "447700900001", "phone_number_id": "77" },
            "messages": [all]
        }}]}]
    })
    .to_string();
    let request = service.client.post(format!("{}/hooks/wa", service.base));
    let request = request.header("X-Hub-Signature-256", sign::meta("meta-app-secret", &body)).body(body);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
}

pub fn text(text: &str) -> Value {
    json!({ "type": "text", "text": { "body": text } })
}

pub fn image(id: &str) -> Value {
    json!({ "type": "image", "image": { "id": id, "mime_type": "image/jpeg" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whatsapp_file_is_fetched_kept_and_served() {
    let provider = Provider::start();
    let service = Service::start(&config(&provider.url), &[("damage", FLOW)]).await;
    whatsapp(&service, "1", text("damage")).await;
    provider.texts(1).await;
    provider.seen.wrong.lock().expect("not poisoned").push(503);
    whatsapp(&service, "2", image("photo")).await;
    let said = provider.texts(2).await[1].clone();
    let [url, kind, size] = said.split(' ').collect::<Vec<_>>().try_into().expect("three parts");
    assert_eq!((kind, size), ("image/jpeg", PICTURE.len().to_string().as_str()));
    let asked = (provider.fetched("/v23.0/photo"), provider.fetched("/attachment"));
    assert_eq!(asked, (2, 2), "tried again, each time with the token");

    let link = url.strip_prefix("https://replies.example.com").expect("under our own address");
    let name = link.strip_prefix("/media/").and_then(|link| link.split_once('?')).expect("a link").0;
    assert!(name.ends_with(".jpg") && name.len() == 44, "{name}");
    let answer = service.get(link).await;
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!((answer.status().as_u16(), header("content-type")), (200, "image/jpeg".to_owned()));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-disposition").starts_with("attachment;"), "{}", header("content-disposition"));
    assert_eq!(header("content-length"), PICTURE.len().to_string());
    assert_eq!(&answer.bytes().await.expect("bytes")[..], PICTURE);
    let none = link.replace(name, &format!("{}.jpg", "0".repeat(40)));
    assert_eq!(service.get(&none).await.status(), 403, "who has no link does not learn whether there is a file");
    assert_eq!(service.get("/media/..%2Fstore.db").await.status(), 404);

    let folder = service.stop().await;
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("data/media")).expect("a folder").collect();
    assert_eq!(kept.len(), 1, "nothing half-written is left: {kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_host_gets_no_credentials_and_is_no_answer() {
    let provider = Provider::start();
    let service = Service::start(&config(&provider.url), &[("damage", FLOW)]).await;
    whatsapp(&service, "1", text("damage")).await;
    provider.texts(1).await;
    whatsapp(&service, "2", image("elsewhere")).await;
    assert_eq!(provider.texts(2).await[1], "That is no picture.");
    whatsapp(&service, "3", image("photo")).await;
    assert!(provider.texts(3).await[2].ends_with(" image/jpeg 14"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twilio_file_is_fetched_through_its_redirect() {
    let provider = Provider::start();
    let service = Service::start(&config(&provider.url), &[("damage", FLOW)]).await;
    let there = format!("{}/media/ME1", provider.url);
    let token = "12345678901234567890123456789012";
    for (id, text, media) in [("SM1", "damage", None), ("MM2", "", Some(there.as_str()))] {
        let mut fields = sign::twilio_sms(id, "+447700900123", "+447700900001", text);
        if let Some(url) = media {
            fields.retain(|(name, _)| *name != "NumMedia");
            fields.extend([("NumMedia", "1"), ("MediaUrl0", url), ("MediaContentType0", "image/jpeg")]);
        }
        let (body, signature) = sign::twilio(token, "https://replies.example.com/hooks/sms", &fields);
        let request = service
            .client
            .post(format!("{}/hooks/sms", service.base))
            .header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.header("X-Twilio-Signature", signature).body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        provider.texts(if media.is_none() { 1 } else { 2 }).await;
    }
    assert!(provider.texts(2).await[1].ends_with(" image/jpeg 14"), "{:?}", provider.texts(2).await);
    assert_eq!(provider.requests(), [("/media/ME1".to_owned(), true), ("/signed".to_owned(), false)]);
    service.stop().await;
}

/// What the contact is told who sends these bytes as a picture, and how many files are kept; with a flow that wants pictures or takes anything.
async fn sent_as_a_picture(bytes: &'static [u8], settings: &str, flow: &str) -> (String, usize) {
    let provider = Provider::start();
    let service = Service::start(&format!("{}{settings}", config(&provider.url)), &[("damage", flow)]).await;
    *provider.seen.bytes.lock().expect("not poisoned") = Some(bytes);
    whatsapp(&service, "1", text("damage")).await;
    provider.texts(1).await;
    whatsapp(&service, "2", image("photo")).await;
    let said = provider.texts(2).await[1].clone();
    let folder = service.stop().await;
    (said, std::fs::read_dir(folder.path().join("data/media")).expect("a folder").count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_called_a_picture_is_none() {
    let (page, anything) = (b"<html><script>".as_slice(), FLOW.replace("{ media: { types: [image] } }", "media"));
    assert_eq!(sent_as_a_picture(page, "", FLOW).await, ("That is no picture.".to_owned(), 1));
    let (said, kept) = sent_as_a_picture(page, "", &anything).await;
    assert!(said.contains(".bin?until=") && said.ends_with(" application/octet-stream 14") && kept == 1, "{said}");
    let refused = "[media]\nmismatched = \"refused\"\n";
    assert_eq!(sent_as_a_picture(page, refused, &anything).await, ("That is no picture.".to_owned(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forbidden_is_not_kept() {
    let anything = FLOW.replace("{ media: { types: [image] } }", "media");
    let program = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00";
    assert_eq!(sent_as_a_picture(program, "", &anything).await, ("That is no picture.".to_owned(), 0));
    let (said, kept) = sent_as_a_picture(program, "[media]\nforbidden = []\n", &anything).await;
    assert!(said.contains(".bin?until=") && kept == 1, "{said}");
    let pictures = "[media]\nforbidden = [\"image/*\"]\n";
    assert_eq!(sent_as_a_picture(PICTURE, pictures, &anything).await, ("That is no picture.".to_owned(), 0));
}
