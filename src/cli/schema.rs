//! `replyflow schema`

use super::Stop;
use super::arguments::{Schema, SchemaKind};
use crate::flow::keys;
use crate::{config, flow};
use std::io::{self, Write as _};

pub(super) fn run(schema: &Schema) -> Result<(), Stop> {
    let schema = match schema.kind {
        SchemaKind::Openapi => {
            writeln!(io::stdout(), "{}", crate::http::openapi::json())?;
            return Ok(());
        }
        SchemaKind::Flow => flow::schema::of(&keys::FLOW),
        SchemaKind::Notification => flow::schema::of(&keys::NOTIFICATION),
        SchemaKind::Test => flow::schema::of(&keys::TEST),
        SchemaKind::Config => config::schema(),
    };
    writeln!(io::stdout(), "{schema:#}")?;
    Ok(())
}
