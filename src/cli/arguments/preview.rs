//! `replyflow preview`: what can be asked.

use super::Format;
use super::contact_files::Service;
use clap::Args;

pub(super) const EXAMPLES: &str = "\
The service must run: it is asked through its API, with a key that may read contacts (`replyflow key create`) in REPLYFLOW_KEY.
Nothing is sent and nothing is kept.

Examples:
  replyflow preview spring-sale --with what=shoes --language es
  replyflow preview spring-sale --with what=shoes --contact phone:+447700900123
  replyflow preview --text 'See you at six.' --country GB

Exit codes: 0 fine · 1 the service could not be reached · 2 it was not understood";

/// `replyflow preview`
#[derive(Debug, Args)]
pub struct Preview {
    /// The notification
    #[arg(value_name = "NOTIFICATION", required_unless_present = "text", conflicts_with = "text")]
    pub notification: Option<String>,
    /// A text instead, as it stands there
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Whether the text is marketing
    #[arg(long, requires = "text")]
    pub marketing: bool,
    /// A value of the notification: NAME=VALUE, where VALUE is JSON or else a text
    #[arg(long, value_name = "NAME=VALUE")]
    pub with: Vec<String>,
    /// For whom: the contact's key, or an address such as phone:+447700900123
    #[arg(long, value_name = "CONTACT", conflicts_with_all = ["language", "country"])]
    pub contact: Option<String>,
    /// Without a contact: in which language
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Without a contact: the country whose price counts
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// Only on these channels
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
}
