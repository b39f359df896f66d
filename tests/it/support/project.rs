//! Projects as their configuration says.

use replyflow::config::project::Project;
use replyflow::config::{Environment, Secrets, Settings};
use std::fs;

/// The project of a configuration; panics with all mistakes.
pub fn of(toml: &str) -> Project {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("replyflow.toml");
    fs::write(&path, toml).expect("written");
    match Settings::load(Some(&path), &Environment::default(), Secrets::Tolerated) {
        Ok(settings) => settings.project,
        Err(mistakes) => panic!("{mistakes:?}"),
    }
}
