//! `replyflow admin`: what can be asked.

use super::{Format, Service};
use clap::{Args, Subcommand};
use std::path::PathBuf;

const MOVE: &str = "\
Stop every instance first. Contacts, messages that wait, what was seen, flows and all else are copied, and then both stores are compared, thing
by thing. Cut off, the same command goes on. The store that is moved keeps everything and is marked, so that nothing starts on it again; files
of contacts and the record stay where they are. A target with a login, TLS, Sentinels or several nodes is a file like replyflow.toml that has
the new [store].

Examples:
  replyflow admin move --to redis://10.0.0.5:6379
  replyflow admin move --to new.toml              with the [store] of this file
  replyflow admin move --to /var/lib/replyflow    into a folder, as an embedded store
  replyflow admin move --give-up                  the store of the project is used again

Exit codes: 0 moved, and both are the same · 1 not moved, or not wholly · 2 the command or a configuration was not understood";

const BACKUP: &str = "\
It may run while the service does: the store is copied as it is at one moment, then the record. The folder has your customers' data and the
store's secret; only its owner may look into it. Files of contacts (store.media) are not in it: copy their folder after this.

Examples:
  replyflow admin backup /backups/2026-03-02

Exit codes: 0 made · 1 not made · 2 the store is none that this can copy";

const RESTORE: &str = "\
Stop the service first. The store is then as it was when the backup was made: nobody knows what was received and sent since. What waited to be
sent is therefore treated as perhaps sent, and broadcasts and schedules are paused.

Examples:
  replyflow admin restore /backups/2026-03-02
  replyflow admin restore /backups/2026-03-02 --replace        what is there is set aside
  replyflow admin restore /backups/2026-03-02 --nothing-sent   the service has not run since

Exit codes: 0 put back · 1 not put back · 2 the store is none that this can put back";

const CHECK: &str = "\
Every contact, mailbox and lane is read once, not faster than `--per-second`; what looks wrong is looked at twice more, seconds later. Nothing is
changed but with `--mend`, which has the service look at what nobody looks at. Interrupted (Ctrl-C), it says what it found so far and where to go on.

Examples:
  replyflow admin check
  replyflow admin check --older 1h --per-second 500 --format json
  replyflow admin check --runs        count live runs as well: the service must be stopped

Exit codes: 0 nothing is wrong · 1 something is, or it was interrupted · 2 the command was not understood";

const DRAIN: &str = "\
Through the API of the instance, with a key in REPLYFLOW_KEY that may do operations:read and operations:write. The instance says that it is not ready,
takes no new work and ends what it has in hand; the process goes on, and a restart ends the drain. What comes in all the same is stored for others.

Examples:
  replyflow admin drain --url http://10.0.0.7:8080
  replyflow admin drain --url http://10.0.0.7:8080 --wait 5m --reason \"a new kernel\"
  replyflow admin drain --url http://10.0.0.7:8080 --resume

Exit codes: 0 it is empty, or works again as --resume wants it · 1 it is not empty yet, was restarted or resumed meanwhile, or cannot be reached · 2 the
command was not understood";

const PAUSE: &str = "\
It is written into the store: every instance obeys within about a second, also after a restart. What would begin a run begins none, and the journal says why;
broadcasts of the flow wait. Live runs go on.

Examples:
  replyflow admin flow pause payment --reason \"the gateway is away\"

Exit codes: 0 it is paused · 1 the store cannot be reached · 2 there is no such flow";

const RESUME: &str = "\
What was refused meanwhile is not made up for; broadcasts go on.

Examples:
  replyflow admin flow resume payment

Exit codes: 0 it is not paused any more · 1 the store cannot be reached · 2 there is no such flow";

/// `replyflow admin flow`
#[derive(Debug, Subcommand)]
pub enum FlowHold {
    /// Let no run of the flow begin until it is resumed; live runs go on
    #[command(after_help = PAUSE)]
    Pause {
        /// The flow
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for whoever looks later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let runs of the flow begin again
    #[command(after_help = RESUME)]
    Resume {
        /// The flow
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for whoever looks later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// `replyflow admin drain`
#[derive(Debug, Args)]
pub struct Drain {
    /// Where it is
    #[command(flatten)]
    pub service: Service,
    /// How long it is waited for until nothing is in hand; 0s: not at all
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    pub wait: String,
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Let it work again
    #[arg(long, conflicts_with = "reason")]
    pub resume: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

const CONTACTS: &str = "\
It reads the record, beside a running service, which follows what happens by a second or two. With --state it lists the contacts by their keys, the
newest run first; `GET /v1/contacts/KEY/conversation` says all of one of them.

Examples:
  replyflow admin contacts                                  how many are where
  replyflow admin contacts --flow payment
  replyflow admin contacts --flow payment --state how_to_pay

Exit codes: 0 said · 1 the record cannot be read · 2 the command was not understood";

/// `replyflow admin contacts`
#[derive(Debug, Args)]
pub struct ByState {
    /// Only of this flow
    #[arg(long, value_name = "NAME")]
    pub flow: Option<String>,
    /// Who is in this state of it
    #[arg(long, value_name = "NAME", requires = "flow")]
    pub state: Option<String>,
    /// Test contacts and those whom a simulator plays, instead of live ones
    #[arg(long)]
    pub test: bool,
    /// How the result is written: as a table, or as JSON lines
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

const STUCK: &str = "\
Through the API of an instance, with a key in REPLYFLOW_KEY that may do operations:read: the instance knows which providers are left alone. `replyflow admin
check` looks through the whole store instead, and finds what nobody will ever look at.

Examples:
  replyflow admin stuck
  replyflow admin stuck --older 1h --format json

Exit codes: 0 nothing is stuck · 1 something is, or the instance cannot be reached · 2 the command was not understood";

/// `replyflow admin stuck`
#[derive(Debug, Args)]
pub struct Stuck {
    /// Where it is
    #[command(flatten)]
    pub service: Service,
    /// Overdue for longer than this
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub older: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub limit: u16,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow admin`
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Say which contacts and lanes should have been begun long ago, since when, and why they were not
    #[command(after_help = STUCK)]
    Stuck(Stuck),
    /// Say in which states of which flows contacts are, or who is in one of them
    #[command(after_help = CONTACTS)]
    Contacts(ByState),
    /// Take an instance out of work without stopping it, and say when it is empty
    #[command(after_help = DRAIN)]
    Drain(Drain),
    /// Pause and resume flows
    Flow {
        /// What to do
        #[command(subcommand)]
        command: FlowHold,
    },
    /// Copy the embedded store and the record into a new folder, also while the service runs
    #[command(after_help = BACKUP)]
    Backup(Backup),
    /// Put a backup back
    #[command(after_help = RESTORE)]
    Restore(Restore),
    /// Look through the store for what must not be and what is stuck, also while the service runs
    #[command(after_help = CHECK)]
    Check(Check),
    /// Move the store of the project into another one, of the same kind or not
    #[command(after_help = MOVE)]
    Move(Move),
}

/// `replyflow admin move`
#[derive(Debug, Args)]
pub struct Move {
    /// Where to: the URL of a Redis, a file with a [store], or a folder
    #[arg(long, value_name = "URL|FILE|FOLDER", required_unless_present = "give_up")]
    pub to: Option<String>,
    /// Do not move it, or not any more: take the mark away that keeps it from being used
    #[arg(long, conflicts_with = "to")]
    pub give_up: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow admin backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// A folder that is not there yet
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow admin restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder of a backup
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Set aside the store and the record that are there
    #[arg(long)]
    pub replace: bool,
    /// Nothing was sent since the backup was made: what waits is sent as if nothing had happened
    #[arg(long)]
    pub nothing_sent: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow admin check`
#[derive(Debug, Args)]
pub struct Check {
    /// What waits for longer than this is stuck
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub older: String,
    /// Things that are read in a second at most
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(10..))]
    pub per_second: u32,
    /// Go on where an interrupted check was
    #[arg(long, value_name = "PLACE")]
    pub from: Option<String>,
    /// Have the service look at what nobody looks at
    #[arg(long)]
    pub mend: bool,
    /// Count live runs too, which only a store that nobody works on allows
    #[arg(long, conflicts_with = "from")]
    pub runs: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
