//! A real Redis or Sentinel for one test: its own process, port and folder, with AOF everysec. Gone when it is dropped.

use redis::AsyncConnectionConfig;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Ports that are tried: another process may take one between our look and Redis' start.
const TRIES: usize = 20;
/// How long an answer may take, on a machine that does something else as well. The library gives up after half a second if nobody says otherwise.
const LONG: Duration = Duration::from_secs(120);

/// A Redis that runs.
pub struct RedisServer {
    child: Child,
    port: u16,
    folder: TempDir,
    options: Vec<String>,
}

impl RedisServer {
    /// Starts one and waits until it takes connections.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One that answers only when what it was told is on the disk. With `everysec` a process that is killed while an fsync is late can lose
    /// what it has answered: Redis holds its own buffer back for up to two seconds then.
    pub fn start_durable() -> Self {
        Self::start_with(&["--appendfsync", "always"])
    }

    /// With further options: `&["--maxmemory", "8mb"]`.
    pub fn start_with(options: &[&str]) -> Self {
        Self::start_if_it_may(options).unwrap_or_else(|| panic!("redis-server did not start: is Redis >= 7 on the path?"))
    }

    /// The same; nothing if it ends at once on every port that is tried.
    pub fn start_if_it_may(options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder for Redis");
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        for _ in 0..TRIES {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
            if let Some(child) = launch(port, &folder, &options) {
                return Some(RedisServer { child, port, folder, options });
            }
        }
        None
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it in the middle of everything, or lets it go on.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid().to_string()]).status().expect("kill is on the path");
        assert!(sent.success(), "{signal}");
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a crash would: nothing is flushed or said.
    pub fn kill9(&mut self) {
        self.child.kill().expect("Redis is ours to kill");
        self.child.wait().expect("Redis ends");
    }

    /// Starts it again on the same port and folder, after `kill9`.
    pub fn restart(&mut self) {
        for _ in 0..TRIES {
            if let Some(child) = launch(self.port, &self.folder, &self.options) {
                self.child = child;
                return;
            }
        }
        panic!("redis-server did not start again on port {}", self.port);
    }

    /// A plain connection, for looking behind the store's back.
    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("a readable address");
        let patient = AsyncConnectionConfig::new().set_connection_timeout(Some(LONG)).set_response_timeout(Some(LONG));
        client.get_multiplexed_async_connection_with_config(&patient).await.expect("Redis takes connections")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the process and waits for its word that it is ready; nothing if it ended before (the port was taken).
fn launch(port: u16, folder: &TempDir, options: &[String]) -> Option<Child> {
    let mut command = Command::new("redis-server");
    if options.first().is_some_and(|first| first == "--sentinel") {
        // A Sentinel writes what it learns into its file.
        let file = folder.path().join("sentinel.conf");
        let lines: Vec<String> = options[1..].iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&file, format!("port {port}\nbind 127.0.0.1\ndir {}\n{}", folder.path().display(), lines.concat()))
            .expect("written");
        command.arg(file).arg("--sentinel");
    } else {
        command.args(arguments(port, folder, options));
    }
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("redis-server is on the path");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let is_ready = |line: String| line.contains("Ready to accept connections") || line.contains("Sentinel ID is");
    let ready = lines.by_ref().map_while(Result::ok).any(is_ready);
    if !ready {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    }
    // Its log is read to the end, so that a full pipe never stops it.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Some(child)
}

fn arguments(port: u16, folder: &TempDir, options: &[String]) -> Vec<String> {
    let encrypted = options.iter().any(|option| option == "--tls-port");
    let (plain, port) = (if encrypted { "0".to_owned() } else { port.to_string() }, port.to_string());
    let mut words = vec!["--port", &plain];
    if encrypted {
        words.extend(["--tls-port", &port]);
    }
    words.extend(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--logfile", "", "--appendonly", "yes"]);
    words.extend(["--appendfsync", "everysec", "--loglevel", "notice", "--repl-diskless-sync-delay", "0", "--dir"]);
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    words.push(folder.path().display().to_string());
    words.extend(options.iter().filter(|option| *option != "--tls-port").cloned());
    words
}
