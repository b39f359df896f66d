//! `[publish]`: what makes a flow go live.

use super::section::Section;

/// Where a service takes its flows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishFrom {
    /// What is right in the folder goes live at the start and when it changes.
    Folder,
    /// Only what somebody publishes, by `replyflow publish` or the API.
    Call,
}

pub(super) fn read(section: Section<'_>) -> PublishFrom {
    let from = section.word("from", &[("folder", PublishFrom::Folder), ("call", PublishFrom::Call)]);
    section.finish();
    from
}
