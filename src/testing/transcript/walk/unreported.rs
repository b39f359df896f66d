//! Messages whose report did not come in time, or that were read. In a test every message is delivered at once, and no more, unless a
//! step says otherwise.

use super::{Block, Walk};
use crate::domain::id::EffectId;
use crate::domain::message::DeliveryStatus;
use crate::domain::time::Millis;
use crate::domain::way::{Step as Came, Way};
use crate::testing::script::Step;

impl Walk<'_> {
    /// Says after a message how far it came, where its notification moved on because that was not far enough.
    pub(super) fn unreported(&mut self, way: &Way) {
        let waited = |came| matches!(came, Came::MovedOn | Came::UsedUp);
        let Some(effect) = way.effect.filter(|effect| waited(way.step) && !self.failed.contains(effect)) else { return };
        let Some(place) = self.blocks.iter().position(|block| block.sent.contains(&effect)) else { return };
        if self.blocks[place].sent.last() != Some(&effect) {
            return self.lose("a report did not come for one of several messages".to_owned());
        }
        let status = if self.delivered.contains(&effect) { DeliveryStatus::Delivered } else { DeliveryStatus::Sent };
        self.blocks.insert(place + 1, Block { input: Some(Step::Status(status)), ..Block::default() });
    }

    /// Says of a message that fails in the end that it had not arrived when the next thing came or time passed.
    pub(super) fn underway(&mut self, at: Millis, effect: EffectId) {
        let Some(place) = self.blocks.iter().position(|block| block.sent.contains(&effect)) else { return };
        let meanwhile = place + 1 < self.blocks.len() || at > self.clock;
        if meanwhile && !self.delivered.contains(&effect) {
            self.blocks.insert(place + 1, Block { input: Some(Step::Status(DeliveryStatus::Sent)), ..Block::default() });
        }
    }

    /// Says that a message was read, where its notification waited for that.
    pub(super) fn read_at_last(&mut self, at: Millis, way: &Way) {
        let Some(effect) = way.effect.filter(|effect| way.step == Came::Arrived && self.read.contains(effect)) else { return };
        if self.last_sent.as_ref().is_none_or(|(last, _)| *last != effect) {
            return self.lose("an earlier message than the last one was read".to_owned());
        }
        self.came(at, Some(Step::Status(DeliveryStatus::Read)));
    }
}
