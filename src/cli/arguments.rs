//! The command line: what can be asked, with examples. Nothing here does anything.

mod admin;
mod broadcast;
mod channel;
mod check;
mod contact_files;
mod contacts;
mod explore;
mod fmt;
mod graph;
mod key;
mod leaving;
mod media;
mod new;
mod preview;
mod publish;
mod replay;
mod schema;
mod suppress;
mod test;
mod test_data;

pub use admin::{Admin, Backup, ByState, Check as StoreCheck, Drain, FlowHold, Move, Restore, Stuck};
pub use broadcast::{All, Brief, Broadcast, New as NewBroadcast, NewSchedule, One, Schedule};
pub use channel::Channel;
pub use check::{Check, CheckFormat};
pub use contact_files::{Export as ContactsExport, FileFormat, Import as ContactsImport, Service};
pub use contacts::Contacts;
pub use explore::{Cases, Explore};
pub use fmt::Fmt;
pub use graph::Graph;
pub use key::Key;
pub use leaving::{Delete as ContactDelete, Merge as ContactMerge};
pub use media::Media;
pub use new::{New, Template};
pub use preview::Preview;
pub use publish::{Publications, Publish};
pub use replay::Replay;
pub use schema::{Schema, SchemaKind};
pub use suppress::{Add as SuppressAdd, Export as SuppressExport, List as SuppressList, Remove as SuppressRemove, Suppress};
pub use test::{Test, TestFormat};
pub use test_data::{Delete as TestDataDelete, TestData};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Two-way conversations over SMS and WhatsApp, self-hosted.
#[derive(Debug, Parser)]
#[command(name = "replyflow", version, about, after_help = EXAMPLES, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Arguments {
    /// The project's file; else replyflow.toml in this folder or the nearest one above it
    #[arg(long, global = true, value_name = "FILE", env = "REPLYFLOW_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  replyflow check                      check every flow of the project
  replyflow test flows/payment.test.yaml
  replyflow explore menu               walk every way of a flow
  replyflow chat menu                  talk to a flow at the terminal
  replyflow why menu welcome 2         what a reply would be taken for
  replyflow serve                      run the service

Exit codes: 0 fine · 1 something is wrong or failed · 2 the command or the configuration was not understood";

const WHY: &str = "\
The question is asked and answered as in a conversation, by the same engine; nothing is sent and nothing is kept.

Examples:
  replyflow why menu welcome \"opening ours\"
  replyflow why payment how_to_pay \"2\" --channel main-whatsapp --set order_id=A1 --set amount=499
  replyflow why nps rate \"diez\" --language es --format json

Exit codes: 0 something wants the reply · 1 nothing does · 2 the question cannot be asked";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service
    #[command(
        after_help = "Examples:\n  replyflow serve\n  REPLYFLOW_SERVER__LISTEN=0.0.0.0:80 replyflow serve --config /etc/replyflow.toml"
    )]
    Serve(Serve),
    /// Find mistakes in flows, notifications and tests before anybody meets them
    #[command(after_help = check::EXAMPLES)]
    Check(Check),
    /// Write flows, notifications and tests in the one form that there is for each meaning
    #[command(after_help = fmt::EXAMPLES)]
    Fmt(Fmt),
    /// Print the JSON Schema of a kind of file, for editors
    #[command(after_help = schema::EXAMPLES)]
    Schema(Schema),
    /// Run conversation tests on a virtual clock
    #[command(after_help = test::EXAMPLES)]
    Test(Test),
    /// Walk every way of a flow with made-up replies, and say what is never reached, never ends or fails
    #[command(after_help = explore::EXAMPLES)]
    Explore(Explore),
    /// Talk to a flow at the terminal, or from a pipe
    #[command(
        after_help = "Examples:\n  replyflow chat menu\n  replyflow chat payment --channel main-whatsapp\n  printf 'hi\\n2\\n' | replyflow chat menu"
    )]
    Chat(Chat),
    /// Play recorded conversations against a draft of a flow and say where its answers differ
    #[command(after_help = replay::EXAMPLES)]
    Replay(Replay),
    /// Say what a reply to a question would be taken for, and why
    #[command(after_help = WHY)]
    Why(Why),
    /// Write a flow and its test to begin with
    #[command(after_help = new::EXAMPLES)]
    New(New),
    /// Draw a flow as an SVG picture
    #[command(after_help = graph::EXAMPLES)]
    Graph(Graph),
    /// Make flows go live: check them, show what changes and whom it meets, and publish them
    #[command(after_help = publish::EXAMPLES)]
    Publish(Publish),
    /// Say who published what of a flow, when and why
    #[command(after_help = publish::LIST)]
    Publications(Publications),
    /// The record of everything that happened
    Journal {
        /// What to do with it
        #[command(subcommand)]
        command: Journal,
    },
    /// The people whom the service talks with
    Contacts {
        /// What to do with them
        #[command(subcommand)]
        command: Contacts,
    },
    /// The files that contacts sent
    Media {
        /// What to do with them
        #[command(subcommand)]
        command: Media,
    },
    /// What one message would look like on each channel, what it costs, and whether it would be sent
    #[command(after_help = preview::EXAMPLES)]
    Preview(Preview),
    /// Addresses that nothing is written to
    Suppress {
        /// What to do with the list
        #[command(subcommand)]
        command: Suppress,
    },
    /// What keys for test made: contacts and what happened to them
    TestData {
        /// What to do with it
        #[command(subcommand)]
        command: TestData,
    },
    /// Messages to many
    #[command(after_help = broadcast::EXAMPLES)]
    Broadcast {
        /// What to do
        #[command(subcommand)]
        command: Broadcast,
    },
    /// Messages to many, again and again
    #[command(after_help = broadcast::SCHEDULES)]
    Schedule {
        /// What to do
        #[command(subcommand)]
        command: Schedule,
    },
    /// The store as a whole, for engineers
    Admin {
        /// What to do with it
        #[command(subcommand)]
        command: Admin,
    },
    /// What could not be done and waits for a decision
    Failed {
        /// What to do with it
        #[command(subcommand)]
        command: Failed,
    },
    /// Who may call the API
    Key {
        /// What to do
        #[command(subcommand)]
        command: Key,
    },
    /// Who is told of alerts
    Alert {
        /// What to do
        #[command(subcommand)]
        command: Alert,
    },
    /// The virtual numbers
    Channel {
        /// What to do with them
        #[command(subcommand)]
        command: Channel,
    },
    /// Print the URLs of the flows' webhooks and of the sources; they hold secrets
    Webhooks,
    /// Look for what would go wrong in production
    #[command(
        after_help = "Examples:\n  replyflow doctor\n  replyflow doctor --format json | jq '.findings[] | select(.level != \"fine\")'\n  REPLYFLOW_STORE__URL=redis://10.0.0.5 replyflow doctor\n\nExit codes: 0 nothing is wrong, warnings there may be · 1 something is · 2 the configuration was not understood"
    )]
    Doctor {
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Ask a running service whether it takes webhooks: for containers and supervisors
    #[command(
        after_help = "Examples:\n  replyflow health\n  replyflow health --url http://10.0.0.7:8080\n\nExit codes: 0 it does · 1 it does not, or does not answer"
    )]
    Health {
        /// Where it is; else where the project's file says that it listens
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
}

/// `replyflow serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Do not read flows again when their files change; SIGHUP still makes it
    #[arg(long)]
    pub no_watch: bool,
}

/// How what a command says is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For editors and pipelines
    Json,
}

/// `replyflow chat`
#[derive(Debug, Args)]
pub struct Chat {
    /// The flow
    #[arg(value_name = "FLOW")]
    pub flow: String,
    /// On this channel; else the first one of the flow
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
}

/// `replyflow why`
#[derive(Debug, Args)]
pub struct Why {
    /// The flow, or its file
    #[arg(value_name = "FLOW")]
    pub flow: String,
    /// A state of it that asks something
    #[arg(value_name = "STATE")]
    pub state: String,
    /// What the contact writes
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    pub text: String,
    /// On this channel; else the first one of the flow
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// The contact's language; else the flow's first
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// When it is written, such as 2026-03-02T10:00:00Z; else now
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// A variable that the question or its choices read; can be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub given: Vec<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow journal`
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Print it as JSON lines, oldest first
    #[command(after_help = "It holds phone numbers and texts: treat it as you treat your customers' data.\n\n\
                      Examples:\n  replyflow journal export > journal.jsonl\n  \
                      replyflow journal export --since 2026-03-02T10:00:00Z | jq -c '.events[]'")]
    Export {
        /// Only from this moment on
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only of this contact
        #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
        contact: Option<String>,
    },
}

/// `replyflow alert`
#[derive(Debug, Subcommand)]
pub enum Alert {
    /// Tell a team that this is a test, by each of its ways, and say what came of it
    #[command(after_help = "It tells for itself, beside a running service, and tries each way once.\n\n\
                      Examples:\n  replyflow alert test                 every team that is told of something\n  \
                      replyflow alert test payments\n\nExit codes: 0 all were told · 1 one was not")]
    Test {
        /// The team; else every one
        #[arg(value_name = "TEAM")]
        team: Option<String>,
    },
}

/// `replyflow failed`
#[derive(Debug, Subcommand)]
pub enum Failed {
    /// Show what failed, oldest first
    List {
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Do it again
    #[command(after_help = "Examples:\n  replyflow failed retry 4kXl0aQ3…\n  replyflow failed retry --all")]
    Retry(Which),
    /// Forget it
    Drop(Which),
}

/// Which of the failed things.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// As `failed list` shows it
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// All of them
    #[arg(long)]
    pub all: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent_and_its_help_is_whole() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_long_help().to_string();
        for word in [
            "serve",
            "check",
            "test",
            "explore",
            "chat",
            "replay",
            "why",
            "publish",
            "publications",
            "broadcast",
            "schedule",
            "journal",
            "contacts",
            "suppress",
            "test-data",
            "admin",
            "failed",
            "key",
            "alert",
            "webhooks",
            "doctor",
            "--config",
            "Exit codes",
        ] {
            assert!(help.contains(word), "{word}");
        }
    }

    #[test]
    fn commands_are_read() {
        let read = |line: &str| Arguments::try_parse_from(line.split(' '));
        let Ok(Arguments { command: Command::Check(check), config }) =
            read("replyflow check flows a.yaml --format json --config x.toml")
        else {
            panic!("check")
        };
        assert_eq!((check.paths.len(), check.format, config), (2, CheckFormat::Json, Some("x.toml".into())));
        assert!(matches!(read("replyflow failed retry --all"), Ok(Arguments { command: Command::Failed { .. }, .. })));
        assert!(read("replyflow publish menu nps --share 5% --note why --dry-run").is_ok());
        assert!(read("replyflow publish --rollback menu --to 0123456789abcdef --runs move -y").is_ok());
        // One contact's name in 64 begins with a dash.
        assert!(read("replyflow failed retry 00112233445566778899.-zJ3cQxv1nYyM0b7p2TqAw").is_ok());
        assert!(read("replyflow broadcast create --flow sale --query x --set a=1 --morning 09:00").is_ok());
        assert!(read("replyflow schedule create --notification news --query x --every week --on mon,thu --at 09:00").is_ok());
        assert!(read("replyflow journal export --contact -zJ3cQxv1nYyM0b7p2TqAw").is_ok());
        assert!(read("replyflow why menu welcome -2 --set a=1 --set b=2").is_ok(), "a reply can begin with a dash");
        for bad in [
            "replyflow",
            "replyflow sreve",
            "replyflow chat",
            "replyflow check --format xml",
            "replyflow check --explain RF104 --watch",
            "replyflow why menu",
            "replyflow failed retry",
            "replyflow alert",
            "replyflow failed drop a --all",
            "replyflow publish --rollback",
            "replyflow publish menu --share 100%",
            "replyflow publish menu --share 10% --rollback",
            "replyflow publish menu --to 0000000000000001",
            "replyflow publish menu --runs away",
            "replyflow publications",
            "replyflow broadcast create --query x",
            "replyflow broadcast create --flow a --notification b --query x",
            "replyflow broadcast create --flow a",
            "replyflow broadcast create --flow a --query x --contact y",
            "replyflow schedule create --flow a --query x --at 09:00",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
