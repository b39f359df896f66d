//! The service as its own process, with a flow that each event begins.

use crate::process;
use crate::sender::KEY;
use std::net::TcpListener;
use std::process::Child;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A flow that ends at once.
pub const NOTED: &str = r#"flow: bench
languages: [en]
needs: { order_id: text, amount: number }
start:
  - event: bench.paid
    contact: "{{ event.phone }}"
    with: { order_id: "{{ event.order_id }}", amount: "{{ event.amount }}" }
begin: noted
states:
  noted: { tag: paid, end: noted }
"#;

/// The running service.
pub struct Service {
    child: Child,
    /// Where it listens.
    pub port: u16,
    folder: TempDir,
}

impl Service {
    /// Starts it on this store with this flow and these further settings, and waits until it is ready.
    pub async fn start(store: &str, flow: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\n[server.rates]\napi = 1000000\nkey = 1000000\nprobes = 1000000\n[store]\n{store}\nmailbox = 10000\n\
             [events]\nkeys = [{{ env = \"BENCH_KEY\" }}]\n[channels.bench]\nprovider = \"simulator\"\nkind = \"sms\"\n{more}"
        );
        let child = process::serve(folder.path(), &settings, flow, ("BENCH_KEY", KEY));
        let mut service = Service { child, port, folder };
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() || !service.log().contains("has started") {
            let ended = service.child.try_wait().expect("a child");
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(20), "{}", service.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        service
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
