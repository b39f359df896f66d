//! The smallest HTTP client that keeps its connection: the generator must cost little beside what it measures.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection.
pub struct Connection {
    stream: TcpStream,
    host: String,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:port`.
    pub async fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, host: format!("127.0.0.1:{port}"), out: Vec::new(), buffer: Vec::with_capacity(4096) })
    }

    /// Posts a signed form and gives the status of the answer.
    pub async fn post(&mut self, path: &str, signature: &str, form: &str) -> std::io::Result<u16> {
        let (host, length) = (&self.host, form.len());
        self.out.clear();
        self.out.extend_from_slice(
            format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                 user-agent: TwilioProxy/1.1\r\nx-twilio-signature: {signature}\r\ncontent-length: {length}\r\n\r\n{form}"
            )
            .as_bytes(),
        );
        self.stream.write_all(&self.out).await?;
        self.answer().await
    }

    /// Asks with GET and gives the status of the answer.
    pub async fn get(&mut self, path: &str) -> std::io::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> std::io::Result<u16> {
        self.buffer.clear();
        loop {
            if let Some((status, whole)) = understood(&self.buffer)
                && self.buffer.len() >= whole
            {
                return Ok(status);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Status, and how many bytes the whole answer has; nothing while its head is incomplete.
fn understood(bytes: &[u8]) -> Option<(u16, usize)> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length =
        text.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, n)| n.trim().parse::<usize>().ok()).unwrap_or(0);
    Some((status, head + length))
}
