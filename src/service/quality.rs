//! What a provider says of a number as a whole: flagged, no longer flagged, other limits. While a number is flagged broadcasts over it wait, because each more
//! that people block makes it worse; conversations go on.

use super::core::Core;
use super::holds::told;
use super::inbox::Received;
use crate::domain::hold::{ChannelChange, Hold, HoldKind};
use crate::domain::journal::AlertLevel;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::{NumberEvent, NumberQuality};
use crate::store::Answer;
use std::sync::Arc;

impl Core {
    /// A provider said something of a number. Told again it changes nothing, and what was told before is not told twice.
    pub(super) async fn receive_quality(self: &Arc<Self>, said: NumberQuality) -> Answer<Received> {
        let at = said.at.unwrap_or_else(|| self.store_now());
        let id = format!("{}-{}", said.word, said.at.map_or_else(|| self.random_bits().to_string(), |at| at.0.to_string()));
        let limit = said.limit.as_deref().map(|limit| format!(" Its limit is {limit}.")).unwrap_or_default();
        let Some(channel) = said.channel.as_ref().and_then(|name| self.channel(name)).map(|channel| channel.name.clone()) else {
            let say = format!(
                "A provider says {} of the number {}, which no channel here is known to have: nothing is held back. Give the channel's \
                 `number`.{limit}",
                said.word, said.number
            );
            tracing::warn!(word = said.word, "a number was judged that is no channel's");
            self.warn_teams(("quality", &said.number, Some(&id)), AlertLevel::Warning, &say).await?;
            return Ok(Received::Noted);
        };
        let (what, level, say) = match said.event {
            NumberEvent::Flagged => {
                let hold = Hold { since: at, by: "provider".to_owned(), reason: said.limit.clone() };
                self.hold(&channel, HoldKind::Flagged, &hold).await?;
                let say = format!(
                    "The number of channel `{channel}` is flagged: too many people block or report it. Broadcasts over it wait until it is \
                     no longer; conversations go on.{limit}"
                );
                (ChannelChange::Flagged, AlertLevel::Urgent, say)
            }
            NumberEvent::Unflagged => {
                if self.is_older(&channel, said.at) {
                    return Ok(Received::Noted);
                }
                self.unhold(&channel, HoldKind::Flagged).await?;
                let say = format!("The number of channel `{channel}` is no longer flagged: broadcasts over it go on.{limit}");
                (ChannelChange::Unflagged, AlertLevel::Info, say)
            }
            NumberEvent::Lowered | NumberEvent::Other => {
                let level = if said.event == NumberEvent::Lowered { AlertLevel::Warning } else { AlertLevel::Info };
                let say = format!("The provider says {} of the number of channel `{channel}`.{limit}", said.word);
                (ChannelChange::Limit, level, say)
            }
        };
        tracing::warn!(%channel, word = said.word, limit = said.limit, "the provider judged a number");
        let reason = [Some(said.word), said.limit].into_iter().flatten().collect::<Vec<_>>().join(", ");
        self.journal_channel(told(&channel, what, "provider", Some(reason)), &id).await?;
        self.warn_teams(("quality", channel.as_str(), Some(&id)), level, &say).await?;
        Ok(Received::Noted)
    }

    /// Whether it was said before the number was flagged: what is delivered late ends nothing.
    fn is_older(&self, channel: &ChannelName, at: Option<Millis>) -> bool {
        let flagged = self.held(channel, HoldKind::Flagged);
        matches!((flagged, at), (Some(hold), Some(at)) if at < hold.since)
    }
}
