//! Events between flows: RF508, an event that nobody emits; RF509, a key that the runs do not have.

use super::across::{Across, File};
use super::nearest;
use crate::config::project::Project;
use crate::flow::definition::{AnytimeTrigger, Flow, Trigger};
use crate::flow::parse::MentionKind;
use std::collections::BTreeSet;

/// RF508. Where events come from outside nobody but the project can know their names: without `[events] names` only a name that
/// is nearly that of an event which a flow emits is suspicious.
pub(super) fn unknown(files: &[File<'_>], project: &Project, across: &mut Across) {
    let mentions = files.iter().flat_map(|file| &file.reading.mentions);
    let emitted = mentions.filter(|m| m.kind == MentionKind::Emitted).map(|m| &*m.name);
    let sent = project.sources.iter().flat_map(|source| source.events()).copied().filter(|name| !name.ends_with('.'));
    let known: BTreeSet<&str> = emitted.chain(project.events.iter().map(|name| name.as_str())).chain(sent).collect();
    let names: Vec<&str> = known.iter().copied().collect();
    for file in files {
        for mention in file.reading.mentions.iter().filter(|m| m.kind == MentionKind::Event) {
            let name = &*mention.name;
            if known.contains(name) || project.sources.iter().any(|source| source.sends(name)) {
                continue;
            }
            let slip = names.iter().copied().find(|other| is_slip(name, other));
            if slip.is_none() && project.events.is_empty() {
                continue;
            }
            let help = match slip.or_else(|| nearest(name, &names)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it in `names` of [events] in replyflow.toml if another system sends it".to_owned(),
            };
            let message = format!("Nobody emits or declares the event `{name}`");
            across.add(file, 508, mention.at, mention.width, message, help);
        }
    }
}

/// Whether one name was meant to be the other: signs aside, or one or two letters of a long name, not its numbers.
fn is_slip(name: &str, other: &str) -> bool {
    let bare = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let (name, other) = (bare(name), bare(other));
    let allowed = if name.chars().count() < 12 { 1 } else { 2 };
    let near = name.chars().count() > 3 && name.chars().count().abs_diff(other.chars().count()) <= allowed;
    near && digits(&name) == digits(&other) && strsim::damerau_levenshtein(&name, &other) <= allowed
}

/// RF509. A run has the key of its start. A keyword may begin runs without one as long as some start gives one.
pub(super) fn keys(file: &File<'_>, across: &mut Across) {
    let flow: &Flow = file.flow;
    let wanted = flow.anytime.iter().find_map(|entry| match &entry.trigger {
        AnytimeTrigger::Event { name, key: Some(_), .. } => Some((name, entry.at)),
        _ => None,
    });
    let Some((event, at)) = wanted else { return };
    let some_key = flow.starts.iter().any(|start| start.key.is_some());
    for start in flow.starts.iter().filter(|start| start.key.is_none()) {
        let could = matches!(start.trigger, Trigger::Event(_) | Trigger::Webhook(_));
        if could || !some_key {
            let message =
                format!("`{event}` on line {} looks for a run by its `key`, but this start gives the run none", at.line);
            across.add(file, 509, start.at, 0, message, "give this start the same `key`, or leave `key` out in `anytime`");
        }
    }
}
