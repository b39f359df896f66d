//! The arguments of `replyflow channel`.

use clap::Subcommand;

const TEST: &str = "\
It asks the provider whether the credentials are good, where there is a call for that which costs nothing, says which URLs are entered
there (they may hold a secret), and waits for somebody to write. `replyflow serve` must run for that.

Examples:
  replyflow channel test main-sms
  replyflow channel test main-sms --no-wait

Exit codes: 0 all is well · 1 the credentials are refused, or nothing came · 2 there is no such channel";

/// `replyflow channel`
#[derive(Debug, Subcommand)]
pub enum Channel {
    /// Test the credentials, show the webhook's URLs, and explain the first message that arrives
    #[command(after_help = TEST)]
    Test {
        /// The channel
        #[arg(value_name = "NAME")]
        name: String,
        /// How long a message is waited for
        #[arg(long, value_name = "DURATION", default_value = "5m")]
        wait: String,
        /// Do not wait for a message
        #[arg(long)]
        no_wait: bool,
    },
}
