//! The arguments of `replyflow schema`.

use clap::{Args, ValueEnum};

/// What `replyflow schema --help` shows below the options.
pub(super) const EXAMPLES: &str = "\
JSON Schema (draft 7), for editors that complete keys and show what they mean. Put this first in a flow:

  # yaml-language-server: $schema=../flow.schema.json

Examples:
  replyflow schema flow > flow.schema.json
  replyflow schema config > replyflow.schema.json
  replyflow schema openapi > openapi.json

Exit codes: 0 fine · 2 there is no such schema";

/// `replyflow schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// What it describes
    #[arg(value_enum, value_name = "KIND")]
    pub kind: SchemaKind,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// flows/NAME.yaml
    Flow,
    /// templates/NAME.yaml
    Notification,
    /// flows/NAME.test.yaml
    Test,
    /// replyflow.toml
    Config,
    /// The API: OpenAPI 3.1
    Openapi,
}
