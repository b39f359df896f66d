//! What a provider can do as this release speaks to it: a row of `docs/providers/README.md`, which is made from here.

/// Where delivery reports come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reports {
    /// There are none.
    None,
    /// To the URL that is entered at the provider.
    AtProvider,
    /// To the URL that goes with each message.
    WithEach,
    /// Over the connection by which messages leave.
    OverBind,
}

/// What a webhook is believed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: for trying things out.
    Nothing,
    /// A signature, in these words.
    Signature(&'static str),
    /// A secret in the URL, and what an operator sets beside it.
    Guard,
    /// Nothing is posted: we log in there.
    Bind,
}

/// What a provider can do on one kind of channel. What the trait itself answers (a check of credentials, looking up a send,
/// recognising a repeat) is not said again here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Files of contacts are taken.
    pub media_in: bool,
    /// Files are sent.
    pub media_out: bool,
    /// Buttons are sent as such.
    pub buttons: bool,
    /// Lists are sent as such.
    pub lists: bool,
    /// Approved templates are sent.
    pub templates: bool,
    /// Places are sent as such.
    pub location: bool,
    /// How delivery reports come.
    pub reports: Reports,
    /// What a webhook is believed by.
    pub proof: Proof,
    /// What was written by the provider's documents alone: no recorded request of it shows it.
    pub documented_only: &'static [&'static str],
}

impl Features {
    /// Texts and nothing else.
    pub const NONE: Features = Features {
        media_in: false,
        media_out: false,
        buttons: false,
        lists: false,
        templates: false,
        location: false,
        reports: Reports::None,
        proof: Proof::Nothing,
        documented_only: &[],
    };
}
