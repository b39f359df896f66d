//! `check --watch` as a process: it says what changed, what is new and what is gone, and ends at Ctrl-C.

use crate::support::patience::LONG;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

const FINE: &str =
    "flow: fine\nlanguages: [en]\nstart: [{ keyword: hello }]\nbegin: said\nstates:\n  said: { say: Hello., end: done }\n";

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_replyflow"))
            .args(["check", "--watch"])
            .current_dir(folder)
            .env_remove("REPLYFLOW_CONFIG")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        Watching { child, lines }
    }

    /// Everything up to the line with this in it.
    fn until(&self, part: &str) -> String {
        let mut all = String::new();
        loop {
            let line = self.lines.recv_timeout(LONG).unwrap_or_else(|_| panic!("no `{part}` in\n{all}"));
            all.push_str(&line);
            all.push('\n');
            if line.contains(part) {
                return all;
            }
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill").success());
        self.child.wait().expect("an end").code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_watch_tells_what_changed_and_ends_well() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("flows")).expect("made");
    std::fs::write(folder.path().join("replyflow.toml"), "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n")
        .expect("written");
    let file = folder.path().join("flows/fine.yaml");
    std::fs::write(&file, FINE).expect("written");
    let watching = Watching::start(folder.path());

    let first = watching.until("1 file checked");
    assert!(first.lines().next().is_some_and(|head| head.ends_with(" watching; Ctrl-C ends it")), "{first}");
    assert!(!first.contains('\u{1b}'), "a pipe gets no colours and is never cleared: {first:?}");

    // A line above moves what was there; only what the change brought is new.
    std::fs::write(&file, FINE.replace("end: done", "go: nowhere")).expect("written");
    let broken = watching.until("1 error in 1 file");
    assert!(broken.contains(" flows/fine.yaml changed\n") && broken.contains("\n+ error[RF104]"), "{broken}");
    std::fs::write(folder.path().join("flows/more.yaml"), FINE.replace("fine", "more").replace("hello", "{{ x"))
        .expect("written");
    let more = watching.until("in 2 files");
    assert!(more.contains(" flows/more.yaml is new\n") && more.contains("\nerror[RF104]"), "{more}");

    std::fs::remove_file(folder.path().join("flows/more.yaml")).expect("gone");
    std::fs::write(&file, FINE).expect("written");
    let good = watching.until("1 file checked");
    assert!(good.contains("\n- error[RF104] flows/fine.yaml:6:") && !good.contains("\n+ "), "{good}");
    assert_eq!(watching.interrupt(), Some(0));
}
