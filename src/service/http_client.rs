//! The only HTTP client: pooled, no redirects, no proxy, answers bounded while they are read.

use super::guard;
use super::ports::{HttpAnswer, HttpCall, HttpFailure, Reach, Sink, Transport};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Connecting at most; shorter than every request's own timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is closed before most servers close theirs, so that few requests meet a closing one.
const IDLE: Duration = Duration::from_secs(30);

/// Production's transport.
pub struct HttpClient {
    anywhere: Client,
    public_only: Client,
}

impl HttpClient {
    /// A client with two pools: one whose resolver gives every address, one whose resolver gives only public ones.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_names(Arc::new(machine_names))
    }

    /// The same with another way to find the addresses of names, for what may only reach public ones.
    pub fn with_names(names: Names) -> Result<Self, reqwest::Error> {
        // Whoever came first has installed the same provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = || {
            Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(256)
                .tcp_nodelay(true)
                .user_agent(concat!("replyflow/", env!("CARGO_PKG_VERSION")))
        };
        let public_only = builder().dns_resolver(Arc::new(PublicOnly { names })).build()?;
        Ok(HttpClient { anywhere: builder().build()?, public_only })
    }
}

/// Finds the addresses of a name.
pub type Names = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync>;

fn machine_names(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

impl HttpClient {
    /// The answer's head; its body is still to be read.
    async fn execute(&self, call: HttpCall) -> Result<(reqwest::Response, HttpAnswer), HttpFailure> {
        let url = url::Url::parse(&call.url).map_err(|_| HttpFailure::Invalid)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpFailure::Invalid);
        }
        let client = match call.reach {
            Reach::Anywhere => &self.anywhere,
            Reach::PublicOnly if guard::host_may_be_public(&url) => &self.public_only,
            Reach::PublicOnly => return Err(HttpFailure::NotAllowed),
        };
        let method = Method::from_bytes(call.method.as_bytes()).map_err(|_| HttpFailure::Invalid)?;
        let mut request = client.request(method, url).timeout(call.timeout).body(call.body);
        for (name, value) in &call.headers {
            request = request.header(name.as_ref(), value);
        }
        let request = request.build().map_err(|_| HttpFailure::Invalid)?;
        let answer = client.execute(request).await.map_err(|e| failure(&e))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        if answer.content_length().is_some_and(|n| n > call.max_answer as u64) {
            return Err(HttpFailure::TooLarge { status });
        }
        Ok((answer, HttpAnswer { status, headers, body: Bytes::new() }))
    }
}

#[async_trait]
impl Transport for HttpClient {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure> {
        let most = call.max_answer;
        let (mut answer, head) = self.execute(call).await?;
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| after_headers(&e))? {
            if body.len() + chunk.len() > most {
                return Err(HttpFailure::TooLarge { status: head.status });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { body: body.freeze(), ..head })
    }

    async fn download(&self, call: HttpCall, sink: &mut dyn Sink) -> Result<HttpAnswer, HttpFailure> {
        let most = call.max_answer;
        let (mut answer, head) = self.execute(call).await?;
        if !(200..300).contains(&head.status) {
            return Ok(head);
        }
        let mut taken = 0usize;
        while let Some(chunk) = answer.chunk().await.map_err(|e| after_headers(&e))? {
            taken = taken.saturating_add(chunk.len());
            if taken > most {
                return Err(HttpFailure::TooLarge { status: head.status });
            }
            if !sink.take(chunk).await {
                return Err(HttpFailure::Lost);
            }
        }
        Ok(head)
    }
}

fn failure(error: &reqwest::Error) -> HttpFailure {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<NoPublicAddress>() {
            return HttpFailure::NotAllowed;
        }
        cause = inner.source();
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => HttpFailure::TimeoutBeforeWrite,
        (true, false) => HttpFailure::Refused,
        (false, true) => HttpFailure::TimeoutAfterWrite,
        (false, false) if error.is_builder() => HttpFailure::Invalid,
        (false, false) => HttpFailure::Lost,
    }
}

fn after_headers(error: &reqwest::Error) -> HttpFailure {
    if error.is_timeout() { HttpFailure::TimeoutAfterWrite } else { HttpFailure::Lost }
}

/// The name has addresses, none of which may be reached.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

/// Gives only public addresses: what was judged is what is connected to, so a name cannot change in between.
struct PublicOnly {
    names: Names,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let asked = (self.names)(name.as_str().to_owned());
        Box::pin(async move {
            let found = asked.await?;
            let public: Vec<SocketAddr> = found.iter().copied().filter(|a| guard::is_public(a.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn call(url: String) -> HttpCall {
        HttpCall {
            method: "POST",
            url,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: Bytes::from_static(b"hello"),
            timeout: Duration::from_millis(400),
            max_answer: 16,
            reach: Reach::Anywhere,
        }
    }

    /// A server that reads one request and writes these bytes; without bytes it keeps the connection open in silence.
    async fn serve(answer: Option<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("its address"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0u8; 1024];
                let _ = stream.read(&mut buffer).await;
                match answer {
                    Some(text) => {
                        let _ = stream.write_all(text.as_bytes()).await;
                    }
                    None => std::future::pending::<()>().await,
                }
            }
        });
        url
    }

    #[tokio::test]
    async fn each_end_of_a_request_has_its_name() {
        let client = HttpClient::new().expect("a client");
        let url = serve(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Id: 7\r\n\r\nok")).await;
        let answer = client.send(call(url)).await.expect("an answer");
        assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
        assert_eq!(crate::provider::Headers::get(&answer, "x-id"), Some("7"));

        let url = serve(Some("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n12345678901234567")).await;
        assert_eq!(client.send(call(url)).await, Err(HttpFailure::TooLarge { status: 200 }));
        let url = serve(Some("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n11\r\n12345678901234567\r\n0\r\n\r\n")).await;
        assert_eq!(client.send(call(url)).await, Err(HttpFailure::TooLarge { status: 200 }));
        let url = serve(Some("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(client.send(call(url)).await.expect("no redirect").status, 302);
        let url = serve(Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok")).await;
        assert_eq!(client.send(call(url)).await, Err(HttpFailure::Lost));
        assert_eq!(client.send(call(serve(None).await)).await, Err(HttpFailure::TimeoutAfterWrite));

        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("its address");
        assert_eq!(client.send(call(format!("http://{closed}/"))).await, Err(HttpFailure::Refused));
        assert_eq!(client.send(call("not a url".into())).await, Err(HttpFailure::Invalid));
        assert_eq!(client.send(call("file:///etc/passwd".into())).await, Err(HttpFailure::Invalid));
    }

    /// What a download hands over; it can refuse to take more.
    struct Taken {
        bytes: Vec<u8>,
        room: usize,
    }

    #[async_trait]
    impl Sink for Taken {
        async fn take(&mut self, bytes: Bytes) -> bool {
            self.bytes.extend_from_slice(&bytes);
            self.bytes.len() <= self.room
        }
    }

    #[tokio::test]
    async fn a_download_is_bounded_and_only_a_good_answer_is_taken() {
        let client = HttpClient::new().expect("a client");
        let download = async |answer: &'static str, room: usize| {
            let mut taken = Taken { bytes: Vec::new(), room };
            let ended = client.download(call(serve(Some(answer)).await), &mut taken).await.map(|answer| answer.status);
            (ended, taken.bytes.len())
        };
        let at = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n1234567890123456\r\n0\r\n\r\n";
        let over = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n11\r\n12345678901234567\r\n0\r\n\r\n";
        assert_eq!(download(at, 100).await, (Ok(200), 16));
        assert_eq!(download(over, 100).await, (Err(HttpFailure::TooLarge { status: 200 }), 0));
        assert_eq!(download(at, 15).await.0, Err(HttpFailure::Lost), "it could not be kept");
        assert_eq!(download("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", 100).await, (Ok(404), 0));
    }

    #[tokio::test]
    async fn an_inner_address_is_not_reached_by_literal_or_name() {
        let client = HttpClient::new().expect("a client");
        let url = serve(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).await;
        let guarded = |url: String| HttpCall { reach: Reach::PublicOnly, ..call(url) };
        assert_eq!(client.send(guarded(url.clone())).await, Err(HttpFailure::NotAllowed));
        assert_eq!(client.send(guarded(url.replace("127.0.0.1", "localhost"))).await, Err(HttpFailure::NotAllowed));
        // A name that is not `localhost` and leads here all the same is stopped by the resolver.
        let names = PublicOnly { names: Arc::new(machine_names) };
        assert!(names.resolve("localhost".parse().expect("a name")).await.is_err());
    }

    /// A name whose addresses change from one answer to the next: it is asked for once in each request, and what was judged is
    /// what is connected to.
    #[tokio::test]
    async fn a_name_cannot_change_between_judging_and_connecting() {
        let url = serve(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).await.replace("127.0.0.1", "rebound.example");
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let names: Names = Arc::new(move |_| {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let first = if n == 0 { "198.51.100.1:0" } else { "127.0.0.1:0" };
            Box::pin(async move { Ok(vec![first.parse().expect("an address")]) })
        });
        let client = HttpClient::with_names(names).expect("a client");
        for _ in 0..2 {
            let guarded = HttpCall { reach: Reach::PublicOnly, ..call(url.clone()) };
            assert_eq!(client.send(guarded).await, Err(HttpFailure::NotAllowed));
        }
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2, "once for each request");
        let mixed: Names = Arc::new(|_| {
            Box::pin(async { Ok(vec!["127.0.0.1:0".parse().expect("inner"), "8.8.8.8:0".parse().expect("public")]) })
        });
        let names = PublicOnly { names: mixed };
        let found = names.resolve("rebound.example".parse().expect("a name")).await.map(|all| all.collect::<Vec<_>>());
        assert_eq!(found.ok(), Some(vec!["8.8.8.8:0".parse().expect("public")]), "what is inner is never tried");
    }
}
