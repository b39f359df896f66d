//! What a provider says of a number as a whole: flagged, no longer flagged, other limits. While a number is flagged broadcasts over it wait, because each more
//! that people block makes it worse; conversations go on.

use super::core::Core;
use super::holds::told;
use super::inbox::Received;
use crate::domain::hold::{ChannelChange, Hold, HoldKind};
use crate::domain::journal::AlertLevel;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use crate::provider::{NumberEvent, NumberQuality};
use crate::store::Answer;
use std::sync::Arc;

/// So far ahead of our clock a provider's may be. What claims to be later still counts as of then, so that one odd time does not decide for years.
const AHEAD: Span = Span::days(1);

/// When it counts as said: by the provider's clock; without a time, when it came.
fn counts_at(at: Option<Millis>, now: Millis) -> Millis {
    at.unwrap_or(now).min(now + AHEAD)
}

impl Core {
    /// A provider said something of a number. Told again it changes nothing, and what was told before is not told twice. Webhooks come late and in
    /// any order: of what begins a hold and what ends it the latest counts, by the provider's clock; at one time, what begins it.
    pub(super) async fn receive_quality(self: &Arc<Self>, said: NumberQuality) -> Answer<Received> {
        let at = counts_at(said.at, self.store_now());
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
                if !self.judge(&channel, at, Some(&hold)).await? {
                    return Ok(passed_over(&channel, &said));
                }
                let say = format!(
                    "The number of channel `{channel}` is flagged: too many people block or report it. Broadcasts over it wait until it is \
                     no longer; conversations go on.{limit}"
                );
                (ChannelChange::Flagged, AlertLevel::Urgent, say)
            }
            NumberEvent::Unflagged => {
                if self.was_flagged_after(&channel, at) || !self.judge(&channel, at, None).await? {
                    return Ok(passed_over(&channel, &said));
                }
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

    /// Whether the number was flagged later than that. The store says so, too, but not of what an earlier release held back: that has no mark.
    fn was_flagged_after(&self, channel: &ChannelName, at: Millis) -> bool {
        self.held(channel, HoldKind::Flagged).is_some_and(|hold| at < hold.since)
    }
}

/// What came late: something later decided already, or somebody ended by hand what it began.
fn passed_over(channel: &ChannelName, said: &NumberQuality) -> Received {
    tracing::info!(%channel, word = said.word, "what was said of a number came after something later, and changes nothing");
    Received::Noted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_far_ahead_counts_as_of_tomorrow_and_none_as_now() {
        let now = Millis(1_795_229_990_000);
        assert_eq!(counts_at(None, now), now);
        for at in [now + Span::hours(-30), now + Span::minutes(5)] {
            assert_eq!(counts_at(Some(at), now), at, "by the provider's clock");
        }
        assert_eq!(counts_at(Some(now + Span::days(9_000)), now), now + Span::days(1));
    }
}
