//! Senders in a closed loop over kept connections: the generator must cost little beside what it measures.

use std::cell::Cell;
use std::rc::Rc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// The bearer key.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// Events of one list.
const LIST: u64 = 100;
/// Contacts that events are about.
pub const CONTACTS: u64 = 10_000;

/// How events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// One a request.
    Single,
    /// One a request, with an `Idempotency-Key`.
    Keyed,
    /// A hundred a request.
    Lists,
    /// One a request, with a callback at this port.
    Told(u16),
}

impl How {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            How::Single => "one a request",
            How::Keyed => "one a request, Idempotency-Key",
            How::Lists => "a hundred a request",
            How::Told(_) => "one a request, with a callback",
        }
    }
}

/// What was done so far, and who does it.
pub struct Load {
    /// Events that were answered with 202.
    pub events: Rc<Cell<u64>>,
    /// Requests with another answer.
    pub refused: Rc<Cell<u64>>,
    /// The senders.
    pub tasks: LocalSet,
}

/// Begins so many senders.
pub fn load(port: u16, how: How, users: usize) -> Load {
    let load = Load { events: Rc::default(), refused: Rc::default(), tasks: LocalSet::new() };
    let next = Rc::new(Cell::new(0u64));
    for _ in 0..users {
        let (events, refused, next) = (Rc::clone(&load.events), Rc::clone(&load.refused), Rc::clone(&next));
        load.tasks.spawn_local(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port listens");
            stream.set_nodelay(true).expect("a socket");
            let mut buffer = Vec::with_capacity(64 * 1024);
            loop {
                let n = next.get();
                next.set(n + 1);
                let request = request(how, n);
                stream.write_all(&request).await.expect("written");
                match answer(&mut stream, &mut buffer).await {
                    202 => events.set(events.get() + if how == How::Lists { LIST } else { 1 }),
                    _ => refused.set(refused.get() + 1),
                }
            }
        });
    }
    load
}

fn event(n: u64, callback: &str) -> String {
    let contact = n % CONTACTS;
    let data = format!(r#"{{"phone":"+4477009{contact:05}","order_id":"A{n}","amount":499.5}}"#);
    format!(r#"{{"event":"bench.paid","data":{data},"id":"e{n}"{callback}}}"#)
}

fn request(how: How, n: u64) -> Vec<u8> {
    // Each way of sending has numbers of its own, so that nothing is a repeat.
    let own = match how {
        How::Single => 0,
        How::Keyed => 1,
        How::Lists => 2,
        How::Told(_) => 3,
    };
    let n = n + 1_000_000_000 * own;
    let body = match how {
        How::Single | How::Keyed => event(n, ""),
        How::Lists => format!("[{}]", (n * LIST..(n + 1) * LIST).map(|n| event(n, "")).collect::<Vec<_>>().join(",")),
        How::Told(port) => event(n, &format!(r#","callback":"http://127.0.0.1:{port}/told""#)),
    };
    let key = if how == How::Keyed { format!("idempotency-key: k{n}\r\n") } else { String::new() };
    format!(
        "POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n{key}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The status of the next answer, which is read to its end.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    loop {
        if let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |n| n.trim().parse().expect("a length"));
            if buffer.len() >= head + 4 + length {
                return text.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
            }
        }
        assert!(stream.read_buf(buffer).await.expect("an answer") > 0, "the connection was closed");
    }
}
