//! A disk that can be full: a small file system of its own, in memory, whose size is changed while it is used. Mounting one needs root; where that may
//! not be there is none, and the run says so.

use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What it holds when there is room.
const ROOM: &str = "size=4g";
/// What is left of it when it is full: something small may still be written, something larger not.
const LEFT_KIB: u64 = 96;
/// Tries to make it as small as what is in it, which grows meanwhile.
const TRIES: usize = 10;

/// A mounted one; it is gone when this is dropped.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// One of its own, if that may be.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        mount(&["-t", "tmpfs", "-o", ROOM, "tmpfs"], folder.path()).then_some(Disk { folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Hardly a byte more has room.
    pub fn fill(&self) {
        let small = (0..TRIES).any(|_| {
            let options = format!("remount,size={}k", self.used_kib() + LEFT_KIB);
            mount(&["-o", &options], self.path())
        });
        assert!(small, "the disk cannot be made as small as what is on it");
    }

    /// There is room again.
    pub fn free(&self) {
        assert!(mount(&["-o", &format!("remount,{ROOM}")], self.path()), "the disk cannot be made larger");
    }

    fn used_kib(&self) -> u64 {
        let df = Command::new("df").args(["-k", "--output=used"]).arg(self.path()).output().expect("df");
        let text = String::from_utf8_lossy(&df.stdout).into_owned();
        text.lines().last().and_then(|line| line.trim().parse().ok()).expect("a number")
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(arguments).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
