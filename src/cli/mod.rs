//! Commands. Each reads the configuration, calls what does the work, and says what came of it.

pub mod arguments;
pub mod render;

mod admin;
mod alert;
mod broadcast;
mod channel;
mod chat;
mod check;
mod contact_files;
mod contacts;
mod doctor;
mod explore;
mod failed;
mod flows;
mod fmt;
mod graph;
mod health;
mod journal;
mod keep;
mod key;
mod leaving;
mod media;
mod new;
mod preview;
mod publish;
mod replace_file;
mod replay;
mod schema;
mod serve;
mod service_api;
mod side_by_side;
mod signals;
mod suppress;
mod test;
mod test_data;
mod watch;
mod webhooks;
mod why;

use crate::config::{Environment, Mistakes, Secrets, Settings, find_file};
use arguments::{Arguments, Command};
use std::fmt::Display;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
enum Stop {
    /// It did, and found something wrong, which it has said.
    Found,
    /// Nobody reads any more what it says.
    Unheard,
    /// The configuration was not understood.
    Mistakes(Mistakes),
    /// Something failed: one line, and perhaps what to do.
    Failed(String, Option<String>),
    /// What was asked for cannot be asked: one line, and perhaps what can be.
    Unasked(String, Option<String>),
}

impl Stop {
    fn failed(what: impl Display) -> Self {
        Stop::Failed(what.to_string(), None)
    }

    /// The same where nothing was done because it was asked for wrongly.
    fn into_unasked(self) -> Self {
        match self {
            Stop::Failed(what, hint) => Stop::Unasked(what, hint),
            other => other,
        }
    }

    /// Says why, where that has not been done; gives the code to exit with.
    fn say(self) -> u8 {
        let (what, hint, code) = match self {
            Stop::Found | Stop::Unheard => return 1,
            Stop::Failed(what, hint) => (what, hint, 1),
            Stop::Unasked(what, hint) => (what, hint, 2),
            Stop::Mistakes(mistakes) => {
                eprintln!("{mistakes}");
                let n = mistakes.list.len();
                let what = format!("the configuration has {n} mistake{}", if n == 1 { "" } else { "s" });
                (what, None, 2)
            }
        };
        eprintln!("replyflow: {what}");
        if let Some(hint) = hint {
            eprintln!("  {hint}");
        }
        code
    }

    fn with_hint(what: impl Display, hint: impl Into<String>) -> Self {
        Stop::Failed(what.to_string(), Some(hint.into()))
    }
}

impl From<Mistakes> for Stop {
    fn from(mistakes: Mistakes) -> Self {
        Stop::Mistakes(mistakes)
    }
}

/// Output that nobody reads any more (`| head`) is no failure worth a word.
impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Stop::Unheard,
            _ => Stop::failed(error),
        }
    }
}

/// Runs a command to its end.
pub fn run(arguments: Arguments) -> ExitCode {
    let project = Project { file: arguments.config, environment: environment() };
    let result = match arguments.command {
        Command::Serve(serve) => serve::run(&project, &serve),
        Command::Check(check) => check::run(&project, &check),
        Command::Fmt(fmt) => fmt::run(&project, &fmt),
        Command::Schema(schema) => schema::run(&schema),
        Command::Test(test) => test::run(&project, &test),
        Command::Explore(explore) => explore::run(&project, &explore),
        Command::Chat(chat) => chat::run(&project, &chat),
        Command::Replay(replay) => replay::run(&project, &replay),
        Command::Graph(graph) => graph::run(&project, &graph),
        Command::New(new) => new::run(&project, &new),
        Command::Why(why) => why::run(&project, &why),
        Command::Publish(publish) => publish::run(&project, &publish),
        Command::Publications(publications) => publish::list(&project, &publications),
        Command::Journal { command } => journal::run(&project, &command),
        Command::Contacts { command } => contacts::run(&project, &command),
        Command::Media { command } => media::run(&project, &command),
        Command::Preview(asked) => preview::run(&project, &asked),
        Command::Suppress { command } => suppress::run(&project, &command),
        Command::TestData { command } => test_data::run(&project, &command),
        Command::Admin { command } => admin::run(&project, &command),
        Command::Failed { command } => failed::run(&project, &command),
        Command::Key { command } => key::run(&project, &command),
        Command::Broadcast { command } => broadcast::broadcast(&project, &command),
        Command::Schedule { command } => broadcast::schedule(&project, &command),
        Command::Alert { command } => alert::run(&project, &command),
        Command::Channel { command } => channel::run(&project, &command),
        Command::Webhooks => webhooks::run(&project),
        Command::Doctor { format } => doctor::run(&project, format),
        Command::Health { url } => health::run(&project, url.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => ExitCode::from(stop.say()),
    }
}

/// Where the configuration comes from.
struct Project {
    file: Option<PathBuf>,
    environment: Environment,
}

impl Project {
    /// The project's file: the one that was named, else the nearest one.
    fn file(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| find_file(&std::env::current_dir().ok()?))
    }

    fn load(&self, secrets: Secrets) -> Result<Settings, Stop> {
        Ok(Settings::load(self.file().as_deref(), &self.environment, secrets)?)
    }
}

/// Variables that are text; others can be none of ours.
fn environment() -> Environment {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

fn style() -> render::Style {
    render::Style::of(std::io::stdout().is_terminal(), std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()))
}

/// A runtime for commands that talk to a store.
fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Stop::failed)
}
