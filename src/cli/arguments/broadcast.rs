//! `replyflow broadcast` and `replyflow schedule`: what can be asked.

use super::Format;
use super::contact_files::{FileFormat, Service};
use clap::{Args, Subcommand};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
The service must run: it is asked over its API, with a key that may send broadcasts (`replyflow key create NAME --scope
broadcasts:read,broadcasts:write`, and contacts:read,contacts:write for --file) in REPLYFLOW_KEY.

Examples:
  replyflow broadcast dry-run --notification sale --query 'tag = vip'
  replyflow broadcast create --notification sale --query 'tag = vip' --morning 09:00 --holdout 10
  replyflow broadcast create --flow survey --file people.csv --rate 20
  replyflow broadcast create --flow survey --contact phone:+447700900123 --set order=A1
  replyflow broadcast show b_0f1e2d3c4b5a6978
  replyflow broadcast pause b_0f1e2d3c4b5a6978

Exit codes: 0 fine · 1 it could not be done, or the service could not be reached · 2 the command was not understood, or what it asks for is wrong";

pub(super) const SCHEDULES: &str = "\
Examples:
  replyflow schedule create --notification news --query 'topic = news' --every week --on mon,thu --at 09:00
  replyflow schedule create --flow checkup --query 'tag = patient' --every month --day 1 --at 10:00 --zone contact
  replyflow schedule pause s_0f1e2d3c4b5a6978";

/// What is sent, and to whom.
#[derive(Debug, Args)]
pub struct Brief {
    /// The flow that begins with each contact
    #[arg(long, value_name = "NAME", conflicts_with = "notification", required_unless_present = "notification")]
    pub flow: Option<String>,
    /// The notification that each contact is sent
    #[arg(long, value_name = "NAME")]
    pub notification: Option<String>,
    /// A value for what it needs; JSON, or else text; can be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub given: Vec<String>,
    /// For those for whom this holds
    #[arg(long, value_name = "QUERY", conflicts_with_all = ["contacts", "file"], required_unless_present_any = ["contacts", "file"])]
    pub query: Option<String>,
    /// For this contact: a key, or phone:, email:, id: and an address; can be given several times
    #[arg(long = "contact", value_name = "CONTACT", conflicts_with = "file", allow_hyphen_values = true)]
    pub contacts: Vec<String>,
    /// For the contacts of this file, which is imported first: CSV with a line of names, or JSON lines
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How the file is written; else by its ending
    #[arg(long, value_enum, requires = "file")]
    pub file_format: Option<FileFormat>,
    /// Contacts a second at most
    #[arg(long, value_name = "N")]
    pub rate: Option<u32>,
    /// Percent of the contacts that get nothing
    #[arg(long, value_name = "PERCENT")]
    pub holdout: Option<u8>,
    /// Arms that are compared, as JSON: '[{"name": "a", "share": 50, "with": {…}}, …]'
    #[arg(long, value_name = "JSON")]
    pub arms: Option<String>,
    /// Whether somebody who had it before gets it again: never, always, or such as 'after 30d'
    #[arg(long, value_name = "RULE")]
    pub again: Option<String>,
    /// What people call it
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
    /// How what becomes of it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// When a broadcast begins.
#[derive(Debug, Args)]
pub struct New {
    /// What is sent, and to whom
    #[command(flatten)]
    pub brief: Brief,
    /// When it begins, such as 2026-03-02T10:00:00Z; else now
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The time of day at which each contact gets it, in their own time zone
    #[arg(long, value_name = "HH:MM")]
    pub morning: Option<String>,
}

/// One thing by its id.
#[derive(Debug, Args)]
pub struct One {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// All of them.
#[derive(Debug, Args)]
pub struct All {
    /// How many at most, the newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow broadcast`
#[derive(Debug, Subcommand)]
pub enum Broadcast {
    /// Send something to many
    Create(Box<New>),
    /// Say who would be passed over and why, what would be sent, and what that costs
    DryRun(Box<New>),
    /// Show broadcasts, the newest first
    List(All),
    /// Show one and how far it is
    Show(One),
    /// Stop one for a while: within seconds nothing more is handed over
    Pause(One),
    /// Let one go on where it was
    Resume(One),
    /// End one for good
    Cancel(One),
}

/// When a schedule makes broadcasts.
#[derive(Debug, Args)]
pub struct NewSchedule {
    /// What is sent, and to whom
    #[command(flatten)]
    pub brief: Brief,
    /// How often: day, week or month
    #[arg(long, value_name = "HOW")]
    pub every: String,
    /// Of a week: on which days, such as mon,thu
    #[arg(long, value_name = "DAYS", value_delimiter = ',')]
    pub on: Vec<String>,
    /// Of a month: on which day
    #[arg(long, value_name = "DAY")]
    pub day: Option<u8>,
    /// At which time of day
    #[arg(long, value_name = "HH:MM")]
    pub at: String,
    /// In whose time zone: project or contact
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
}

/// `replyflow schedule`
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Make broadcasts again and again
    Create(Box<NewSchedule>),
    /// Show schedules, the newest first
    List(All),
    /// Show one
    Show(One),
    /// Make no more broadcasts for a while
    Pause(One),
    /// Make broadcasts again, from the next time on
    Resume(One),
    /// End one
    Delete(One),
}
