//! Putting the values into the parts of a message.

use crate::flow::definition::Chosen;
use crate::flow::expression::{EvalError, Scope};
use crate::layout::Rendered;

/// Puts the values in. What a value holds is never rendered again.
pub fn render(chosen: Chosen<'_>, scope: &dyn Scope) -> Result<Rendered, EvalError> {
    let text = chosen.text.map(|text| text.render(scope)).transpose()?.unwrap_or_default();
    let url = chosen.media.map(|url| url.render(scope)).transpose()?.filter(|url| !url.trim().is_empty());
    let media = match url {
        Some(url) => Some((url, chosen.media_name.map(|name| name.render(scope)).transpose()?)),
        None => None,
    };
    let footer = chosen.footer.map(|text| text.render(scope)).transpose()?.filter(|text| !text.is_empty());
    Ok(Rendered { text, media, footer })
}
