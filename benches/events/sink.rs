//! A backend that takes reports and says yes, with next to no work.

use std::cell::Cell;
use std::rc::Rc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The running backend.
pub struct Sink {
    /// Where it listens.
    pub port: u16,
    taken: Rc<Cell<u64>>,
    sent: Rc<Cell<u64>>,
    task: JoinHandle<()>,
}

impl Sink {
    /// Starts it on this thread.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (taken, sent): (Rc<Cell<u64>>, Rc<Cell<u64>>) = Default::default();
        let counts = (Rc::clone(&taken), Rc::clone(&sent));
        let task = tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(serve(stream, counts.clone()));
            }
        });
        Sink { port, taken, sent, task }
    }

    /// What the service must be told to reach it.
    pub fn settings(&self) -> String {
        format!(
            "[callbacks]\nallow = [\"http://127.0.0.1:{}/\"]\nsecrets = [{{ env = \"BENCH_KEY\" }}]\nallow_private = true\nin_flight = 64\n",
            self.port
        )
    }

    /// Reports that came.
    pub fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Of these, that a message was sent.
    pub fn sent(&self) -> u64 {
        self.sent.get()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, (taken, sent): (Rc<Cell<u64>>, Rc<Cell<u64>>)) {
    let mut buffer: Vec<u8> = Vec::with_capacity(16 * 1024);
    loop {
        while let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let end = head + 4 + length.map_or(0, |n| n.trim().parse::<usize>().expect("a length"));
            if buffer.len() < end {
                break;
            }
            let is_sent = buffer[head + 4..end].windows(14).any(|w| w == b"\"message.sent\"");
            buffer.drain(..end);
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
            taken.set(taken.get() + 1);
            sent.set(sent.get() + u64::from(is_sent));
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}
