//! The arguments of `replyflow channel`.

use clap::Subcommand;

const TEST: &str = "\
It asks the provider whether the credentials are good, where there is a call for that which costs nothing, says which URLs are entered
there (they may hold a secret), and waits for somebody to write. `replyflow serve` must run for that.

Examples:
  replyflow channel test main-sms
  replyflow channel test main-sms --no-wait

Exit codes: 0 all is well · 1 the credentials are refused, or nothing came · 2 there is no such channel";

const PAUSE: &str = "\
It is written into the store: every instance obeys within about a second, also after a restart. Messages go over the channel's stand_ins; without
one they wait, and fail visibly when they get too old (send.max_age). Broadcasts wait as long as it takes.

Examples:
  replyflow channel pause main-sms --reason \"the carrier moves the number\"

Exit codes: 0 it is paused · 2 there is no such channel";

const RESUME: &str = "\
What waits leaves within half a minute.

Examples:
  replyflow channel resume main-sms
  replyflow channel resume main-whatsapp --flagged

Exit codes: 0 it is not held back by this any more · 2 there is no such channel";

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
    /// Let nothing leave over the channel until it is resumed; what people write still comes in
    #[command(after_help = PAUSE)]
    Pause {
        /// The channel
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for whoever looks later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let messages leave again
    #[command(after_help = RESUME)]
    Resume {
        /// The channel
        #[arg(value_name = "NAME")]
        name: String,
        /// Let broadcasts leave although the provider has flagged the number
        #[arg(long)]
        flagged: bool,
        /// Why, for whoever looks later
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}
