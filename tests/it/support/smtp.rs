//! A real mail server: `tests/smtp_server.py`, which keeps what it takes and misbehaves as the receiver's address says.

use super::patience::LONG;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The receiver in the envelope.
    pub to: String,
    /// The sender in the envelope.
    pub from: String,
    /// Who logged in.
    pub user: Option<String>,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// The mail as it came.
    pub raw: String,
}

impl Taken {
    /// A header's value, decoded and unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let message = mail_parser::MessageParser::default().parse(self.raw.as_bytes()).expect("a mail");
        let value = message.header(mail_parser::HeaderName::parse(name.to_owned()).expect("a name"))?;
        let text = value.as_text().map(str::to_owned);
        text.or_else(|| message.header_raw(mail_parser::HeaderName::parse(name.to_owned())?).map(str::to_owned))
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The text that is read where HTML is not shown.
    pub fn text(&self) -> String {
        let message = mail_parser::MessageParser::default().parse(self.raw.as_bytes()).expect("a mail");
        message.body_text(0).expect("a text").trim_end().replace("\r\n", "\n")
    }

    /// Its name: what stands before the `@` of its `Message-ID`.
    pub fn name(&self) -> String {
        let id = self.header("Message-ID").expect("a Message-ID");
        id.trim_matches(['<', '>']).split('@').next().expect("a name").to_owned()
    }
}

/// The server.
pub struct SmtpServer {
    child: Child,
    folder: TempDir,
    /// Where it listens.
    pub port: u16,
    arguments: Vec<String>,
}

impl SmtpServer {
    /// One that takes mails from everybody.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One that wants STARTTLS, and this user with this password.
    pub fn start_encrypted(user: &str, password: &str) -> Self {
        let data = data();
        let file = |name: &str| data.join(name).to_string_lossy().into_owned();
        let (cert, key) = (file("cert.pem"), file("key.pem"));
        Self::start_with(&["--cert", &cert, "--key", &key, "--user", user, "--password", password])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let (child, port) = spawn(folder.path(), 0, &arguments);
        SmtpServer { child, folder, port, arguments }
    }

    /// SIGKILL.
    pub fn kill9(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("dead");
    }

    /// Starts it again at the same port.
    pub fn restart(&mut self) {
        let (child, port) = spawn(self.folder.path(), self.port, &self.arguments);
        (self.child, self.port) = (child, port);
    }

    /// What it took, in that order.
    pub fn taken(&self) -> Vec<Taken> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
        paths.sort();
        let read = |path: PathBuf| {
            let mail: Value = serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON");
            let text = |key: &str| mail[key].as_str().unwrap_or_default().to_owned();
            Taken {
                to: mail["to"][0].as_str().unwrap_or_default().to_owned(),
                from: text("from"),
                user: mail["user"].as_str().map(str::to_owned),
                encrypted: mail["encrypted"] == true,
                raw: text("raw"),
            }
        };
        paths.into_iter().map(read).collect()
    }

    /// What it took once that is enough; panics when it never is.
    pub async fn wait(&self, enough: impl Fn(&[Taken]) -> bool) -> Vec<Taken> {
        let begun = Instant::now();
        loop {
            let taken = self.taken();
            if enough(&taken) {
                return taken;
            }
            assert!(begun.elapsed() < LONG, "the mails did not come: {taken:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of its certificate, which is for `localhost`.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtp")
}

fn spawn(folder: &Path, port: u16, arguments: &[String]) -> (Child, u16) {
    let mut child = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp_server.py"))
        .args(["--folder".as_ref(), folder.as_os_str()])
        .args(["--port", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It tells of every handshake that fails, and these are meant to.
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 with aiosmtpd; tests/run.sh installs it");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let port = line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok());
    (child, port.unwrap_or_else(|| panic!("the mail server did not start; is aiosmtpd installed? {line:?}")))
}

/// The system's Python has the system's packages; another one on the path may not.
fn python() -> String {
    let given = std::env::var("REPLYFLOW_PYTHON").ok();
    let system = Path::new("/usr/bin/python3").exists().then(|| "/usr/bin/python3".to_owned());
    given.or(system).unwrap_or_else(|| "python3".to_owned())
}
