//! A provider as they are on a bad day: slow, throttling, broken, silent, or so slow that it took a message and nobody heard of it. Its delivery
//! reports come late, twice, out of order, or never. What it took is the proof of what the service did.

use super::people::{Doors, MAIN, SECOND};
use crate::simulation::dice::Dice;
use crate::support::process::TWILIO_TOKEN;
use crate::support::server::Server;
use crate::support::sign;
use actix_web::{HttpResponse, web};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Longer than the service waits for an answer.
const TOO_LATE: Duration = Duration::from_millis(3_500);

/// How the provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Slow,
    Throttling,
    Broken,
    /// Takes messages, and the answer is lost.
    Forgetful,
    /// Takes nothing and says nothing.
    Silent,
}

impl Mood {
    /// The bad ones.
    pub const BAD: [Mood; 5] = [Mood::Slow, Mood::Throttling, Mood::Broken, Mood::Forgetful, Mood::Silent];
}

/// A message that it took.
#[derive(Debug, Clone)]
pub struct Took {
    /// To whose number.
    pub to: String,
    /// The number of the message that it answers.
    pub n: usize,
    /// The service's name of it: `CONTACT.EFFECT`.
    pub effect: String,
    /// When.
    pub at: Instant,
}

/// A delivery report that is to be made.
struct Report {
    url: String,
    id: String,
    to: String,
    seed: u64,
}

struct State {
    took: Vec<Took>,
    mood: Mood,
    dice: Dice,
    reports: UnboundedSender<Report>,
}

/// The running provider.
pub struct Provider {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    state: Arc<Mutex<State>>,
    _server: Server,
}

impl Provider {
    /// Starts it; its reports go to these doors.
    pub fn start(seed: u64, doors: Doors) -> Self {
        let (reports, due) = unbounded_channel();
        tokio::spawn(report_all(due, doors));
        let state = Arc::new(Mutex::new(State { took: Vec::new(), mood: Mood::Well, dice: Dice::new(seed), reports }));
        let data = web::Data::from(Arc::clone(&state));
        let server = Server::start(move |app| {
            app.app_data(data.clone()).default_service(web::to(take));
        });
        Provider { url: server.url.clone(), state, _server: server }
    }

    /// From now on it is like this.
    pub fn be(&self, mood: Mood) {
        self.state.lock().expect("not poisoned").mood = mood;
    }

    /// What it took, in its order.
    pub fn took(&self) -> Vec<Took> {
        self.state.lock().expect("not poisoned").took.clone()
    }
}

/// What is done with one message.
enum Fate {
    Answer(Duration),
    Refuse(u16),
    Cut,
    Nothing,
}

async fn take(body: web::Bytes, state: web::Data<Mutex<State>>) -> HttpResponse {
    let (fate, id) = {
        let mut state = state.lock().expect("not poisoned");
        let fate = state.fate();
        let id = match fate {
            Fate::Refuse(_) | Fate::Nothing => String::new(),
            Fate::Answer(_) | Fate::Cut => state.take(&body),
        };
        (fate, id)
    };
    match fate {
        Fate::Answer(after) => {
            actix_web::rt::time::sleep(after).await;
            HttpResponse::Created()
                .content_type("application/json")
                .body(format!(r#"{{"sid":"{id}","status":"queued","num_segments":"1","error_code":null,"error_message":null}}"#))
        }
        Fate::Refuse(429) => HttpResponse::TooManyRequests()
            .insert_header(("Retry-After", "1"))
            .content_type("application/json")
            .body(r#"{"code":20429,"message":"Too Many Requests","status":429}"#),
        Fate::Refuse(_) => HttpResponse::ServiceUnavailable().body("the provider is broken"),
        Fate::Cut => {
            let cut = futures_util::stream::once(async { Err::<web::Bytes, std::io::Error>(std::io::Error::other("cut")) });
            HttpResponse::Created().streaming(cut)
        }
        Fate::Nothing => {
            actix_web::rt::time::sleep(TOO_LATE).await;
            HttpResponse::GatewayTimeout().finish()
        }
    }
}

impl State {
    fn fate(&mut self) -> Fate {
        let soon = Duration::from_millis(self.dice.below(20) as u64);
        match self.mood {
            Mood::Slow => Fate::Answer(Duration::from_millis(100 + self.dice.below(1_300) as u64)),
            Mood::Throttling if self.dice.hits(200) => Fate::Refuse(429),
            Mood::Broken if self.dice.hits(600) => Fate::Refuse(503),
            Mood::Forgetful if self.dice.hits(200) => Fate::Answer(TOO_LATE),
            Mood::Forgetful if self.dice.hits(200) => Fate::Cut,
            Mood::Silent => Fate::Nothing,
            _ => Fate::Answer(soon),
        }
    }

    /// Writes down that it came; gives its id.
    fn take(&mut self, body: &[u8]) -> String {
        let (mut to, mut n, mut url) = (String::new(), 0, String::new());
        for (name, value) in url::form_urlencoded::parse(body) {
            match &*name {
                "To" => to = value.into_owned(),
                "Body" => n = value.parse().unwrap_or(0),
                "StatusCallback" => url = value.into_owned(),
                _ => {}
            }
        }
        let effect = url.split_once("send=").map_or("", |(_, e)| e.split('&').next().unwrap_or(e)).to_owned();
        let id = format!("SM{:032x}", self.took.len() + 1);
        self.took.push(Took { to: to.clone(), n, effect, at: Instant::now() });
        let report = Report { url, id: id.clone(), to, seed: self.dice.bits() };
        // Nobody hears it when the test is over.
        let _ = self.reports.send(report);
        id
    }
}

async fn report_all(mut due: UnboundedReceiver<Report>, doors: Doors) {
    while let Some(report) = due.recv().await {
        tokio::spawn(tell(report, Arc::clone(&doors)));
    }
}

/// "sent" and "delivered", each at its own time, so that the second often comes first.
async fn tell(report: Report, doors: Doors) {
    let mut dice = Dice::new(report.seed);
    if dice.hits(50) {
        return;
    }
    let times = [dice.below(1_500), dice.below(3_000)];
    let (at, often) = ([dice.below(8), dice.below(8)], if dice.hits(100) { 2 } else { 1 });
    tokio::join!(say(&report, "sent", times[0], &doors, at[0], 1), say(&report, "delivered", times[1], &doors, at[1], often));
}

/// A report is not repeated, whatever becomes of it, as Twilio does; but the same one may come twice.
async fn say(report: &Report, word: &str, after: usize, doors: &Doors, door: usize, often: usize) {
    tokio::time::sleep(Duration::from_millis(after as u64)).await;
    let number = if report.url.contains("second-sms") { SECOND } else { MAIN };
    let fields = [("MessageSid", report.id.as_str()), ("MessageStatus", word), ("To", report.to.as_str()), ("From", number)];
    let (body, signature) = sign::twilio(TWILIO_TOKEN, &report.url, &fields);
    let path = report.url.trim_start_matches("https://hooks.example.org");
    for _ in 0..often {
        let caller = {
            let doors = doors.lock().expect("not poisoned");
            doors[door % doors.len()].clone()
        };
        caller.form(path, body.clone(), &signature).await;
    }
}
