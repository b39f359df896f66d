//! A real PostgreSQL: a cluster of its own in a temporary folder and on a free port. The tests share one, each with a database of its own; those that
//! do something to a server have one to themselves, gone with the test.

use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep, PostgresSettings, PostgresTls};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Starts that are tried: another process may take the port, and what a killed server left may still be going.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// A server that runs.
pub struct PostgresServer {
    child: Child,
    port: u16,
    folder: TempDir,
    options: Vec<String>,
    databases: AtomicU32,
}

/// A database of its own on a server.
pub struct PostgresDatabase {
    /// Where it is.
    pub url: String,
    server: &'static PostgresServer,
}

impl PostgresDatabase {
    /// On the server that the tests share, which ends with their process.
    pub async fn new() -> Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        super::watch::begin();
        let start = || {
            SHARED.get_or_init(|| {
                let server = PostgresServer::start();
                ends_with_us(&server);
                server
            })
        };
        let server = tokio::task::spawn_blocking(start).await.expect("a server");
        PostgresDatabase { url: server.database().await, server }
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let (server, url) = (self.server, self.url.clone());
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        // By itself: nobody waits for the room that it takes.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(server.asked(&format!("DROP DATABASE {name} WITH (FORCE)")))
        });
    }
}

/// Ends the server when our process does, however it ends: then our side of this one's input is closed. What is static is never dropped. It is no
/// child of ours, as a run that hangs kills those, and of another group, as an interrupted run is told as one.
fn ends_with_us(server: &PostgresServer) {
    static INPUT: OnceLock<ChildStdin> = OnceLock::new();
    // A shell gives what it leaves behind no input but by another number.
    let script = "exec 3<&0; (read -r _ <&3; kill -INT \"$0\"; sleep 2; kill -KILL \"$0\"; rm -rf \"$1\") &";
    let mut parent = Command::new("sh")
        .args(["-c", script])
        .arg(server.child.id().to_string())
        .arg(server.folder.path())
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    // Waiting would close it.
    let input = parent.stdin.take().expect("a pipe");
    assert!(parent.wait().expect("it ends at once").success(), "nobody waits for our end");
    let _ = INPUT.set(input);
}

/// The settings of a database at this URL.
pub fn settings(url: &str) -> HistoryConfig {
    let postgres = PostgresSettings { url: url.to_owned(), password: None, pool: 4, tls: PostgresTls::Off, tls_ca: None };
    HistoryConfig { backend: HistoryBackend::Postgres(Box::new(postgres)), keep: Keep::default() }
}

impl PostgresServer {
    /// Starts one and waits until it takes connections.
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// With files in its folder and further options.
    pub fn start_with(files: &[(&str, &[u8])], options: &[&str]) -> Self {
        super::watch::begin();
        let folder = tempfile::tempdir().expect("a folder for PostgreSQL");
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group)).expect("the folder is given away");
        }
        let made = program("initdb")
            .args(["--username", "replyflow", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync", "-D"])
            .arg(folder.path().join("data"))
            .output()
            .expect("initdb is there: tests/run.sh installs PostgreSQL");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for (name, bytes) in files {
            let path = folder.path().join("data").join(name);
            std::fs::write(&path, bytes).expect("written");
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("nobody else's");
            if let Some((user, group)) = other_user() {
                chown(&path, Some(user), Some(group)).expect("given away");
            }
        }
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        for _ in 0..TRIES {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
            if let Some(child) = launch(port, folder.path(), &options) {
                return PostgresServer { child, port, folder, options, databases: AtomicU32::new(0) };
            }
        }
        panic!("PostgreSQL did not start");
    }

    /// Makes a database; gives where it is.
    pub async fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.asked(&format!("CREATE DATABASE {name}")).await.expect("made");
        self.url(&name)
    }

    /// Does this beside all databases.
    async fn asked(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url("postgres"), tokio_postgres::NoTls).await?;
        let driving = tokio::spawn(connection);
        let done = client.batch_execute(sql).await;
        drop(client);
        driving.await.expect("no panic").and(done)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://replyflow@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it as a crash would.
    pub fn kill9(&mut self) {
        self.child.kill().expect("it is ours to kill");
        self.child.wait().expect("it ends");
    }

    /// Starts it again on the same port and folder, after `kill9`.
    pub fn restart(&mut self) {
        for _ in 0..TRIES {
            if let Some(child) = launch(self.port, self.folder.path(), &self.options) {
                self.child = child;
                return;
            }
            // Its own children have to notice that it died.
            std::thread::sleep(PAUSE);
        }
        panic!("PostgreSQL did not start again on port {}", self.port);
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of PostgreSQL, which refuses to work as root.
fn program(name: &str) -> Command {
    let mut command = Command::new(installed(name));
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

/// On the path, or where Debian keeps it: the newest of those.
fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    on_path.unwrap_or_else(|| {
        let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .map(|all| all.flatten().map(|version| version.path().join("bin").join(name)).collect())
            .unwrap_or_default();
        versions.retain(|file| file.is_file());
        versions.sort();
        versions.pop().unwrap_or_else(|| PathBuf::from(name))
    })
}

/// Somebody without rights, if we are root.
fn other_user() -> Option<(u32, u32)> {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = text.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?;
    if uid != "0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

/// Starts the process and waits for its word that it is ready; nothing if it ended before.
fn launch(port: u16, folder: &Path, options: &[String]) -> Option<Child> {
    let mut child = program("postgres")
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string()])
        // A crash of the process loses nothing that was written; of the machine nobody speaks here.
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("postgres is there");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
    if !ready {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    }
    // Its log is read to the end, so that a full pipe never stops it.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Some(child)
}
