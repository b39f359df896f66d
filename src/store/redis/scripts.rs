//! The scripts: files beside this one, put together here, named by their content in Redis.

use std::fmt;

/// The scripts by name. Each is one atomic operation of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Script {
    /// Stores an input once and claims the contact.
    Accept,
    /// Takes a contact.
    Claim,
    /// Gives a contact back.
    Release,
    /// One turn.
    Commit,
    /// Leases what is due.
    Due,
    /// Takes the head of a lane.
    Start,
    /// Ends the head of a lane.
    Settle,
    /// A delivery report.
    Report,
    /// A request that takes effect once.
    Request,
    /// Rate permits.
    Permits,
    /// "Too fast".
    SlowDown,
    /// A message of a channel's day.
    Spend,
    /// What holds a channel back, by what was said of it.
    Judge,
    /// The end of what holds a channel back.
    Unhold,
    /// A subscriber's cursor.
    Advance,
    /// Retry of a failed effect.
    FailedEffect,
    /// Retry of a set-aside input.
    FailedInput,
    /// Forgetting of either.
    FailedDrop,
    /// A publication of a flow.
    Publish,
    /// What is current of every flow.
    Current,
    /// The deletion of a contact.
    Forget,
    /// Stops work on a contact that is to be moved.
    Freeze,
    /// Inputs that count as seen.
    Remember,
    /// The end of a move.
    Flip,
    /// An address that leads to a contact.
    Link,
    /// The suppression list.
    List,
    /// What this user may not do.
    Rights,
}

/// Frees memory or must go on when Redis is full, so that it can drain.
const DRAINS: &str = "#!lua flags=allow-oom\n";
/// Refused before its first write when Redis is full.
const REFUSED_WHEN_FULL: &str = "#!lua\n";

/// Writes nothing, so a full Redis answers too.
const READS: &str = "#!lua flags=no-writes\n";

const NOW: &str = include_str!("lua/_now.lua");
const HAND: &str = include_str!("lua/_hand.lua");
const PACED: &str = include_str!("lua/_paced.lua");
const HINT: &str = include_str!("lua/_hint.lua");
const LEAVE: &str = include_str!("lua/_leave.lua");
const ONLY: &str = include_str!("lua/_only.lua");

/// Name, first line, parts, in the order of the enum.
const SOURCES: [(Script, &str, &[&str]); 27] = [
    (Script::Accept, REFUSED_WHEN_FULL, &[NOW, HAND, HINT, ONLY, include_str!("lua/accept.lua")]),
    (Script::Claim, DRAINS, &[NOW, HAND, include_str!("lua/claim.lua")]),
    (Script::Release, DRAINS, &[NOW, include_str!("lua/release.lua")]),
    (Script::Commit, DRAINS, &[NOW, HINT, PACED, LEAVE, include_str!("lua/commit.lua")]),
    (Script::Due, DRAINS, &[NOW, include_str!("lua/due.lua")]),
    (Script::Start, DRAINS, &[NOW, PACED, include_str!("lua/start.lua")]),
    (Script::Settle, DRAINS, &[NOW, HAND, PACED, include_str!("lua/settle.lua")]),
    (Script::Report, REFUSED_WHEN_FULL, &[NOW, HAND, include_str!("lua/report.lua")]),
    (Script::Request, REFUSED_WHEN_FULL, &[NOW, LEAVE, include_str!("lua/request.lua")]),
    (Script::Permits, DRAINS, &[NOW, include_str!("lua/permits.lua")]),
    (Script::SlowDown, DRAINS, &[NOW, include_str!("lua/slow_down.lua")]),
    (Script::Spend, DRAINS, &[NOW, LEAVE, include_str!("lua/spend.lua")]),
    (Script::Judge, DRAINS, &[include_str!("lua/judge.lua")]),
    (Script::Unhold, DRAINS, &[include_str!("lua/unhold.lua")]),
    (Script::Advance, DRAINS, &[NOW, include_str!("lua/advance.lua")]),
    (Script::FailedEffect, REFUSED_WHEN_FULL, &[NOW, HINT, include_str!("lua/failed_effect.lua")]),
    (Script::FailedInput, REFUSED_WHEN_FULL, &[NOW, HINT, include_str!("lua/failed_input.lua")]),
    (Script::FailedDrop, DRAINS, &[NOW, include_str!("lua/failed_drop.lua")]),
    (Script::Publish, REFUSED_WHEN_FULL, &[include_str!("lua/publish.lua")]),
    (Script::Current, READS, &[include_str!("lua/current.lua")]),
    (Script::Forget, DRAINS, &[LEAVE, include_str!("lua/forget.lua")]),
    (Script::Freeze, DRAINS, &[include_str!("lua/freeze.lua")]),
    (Script::Remember, DRAINS, &[ONLY, include_str!("lua/remember.lua")]),
    (Script::Flip, DRAINS, &[LEAVE, include_str!("lua/flip.lua")]),
    (Script::Link, REFUSED_WHEN_FULL, &[NOW, include_str!("lua/link.lua")]),
    (Script::List, REFUSED_WHEN_FULL, &[include_str!("lua/list.lua")]),
    (Script::Rights, DRAINS, &[include_str!("lua/rights.lua")]),
];

/// A script's text and the name by which Redis knows it.
#[derive(Debug, Clone)]
pub struct Source {
    /// The text.
    pub text: String,
    /// SHA-1 of the text, in hexadecimal.
    pub sha: String,
}

/// All scripts, ready to be called.
#[derive(Debug, Clone)]
pub struct Scripts(Vec<Source>);

/// A change of a script's text that found nothing to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchText {
    /// The script.
    pub script: Script,
    /// The text that is not in it.
    pub text: String,
}

impl fmt::Display for NoSuchText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} does not hold `{}`", self.script, self.text)
    }
}

impl Default for Scripts {
    fn default() -> Self {
        Scripts(SOURCES.iter().map(|(_, first, parts)| Source::new(format!("{first}{}", parts.concat()))).collect())
    }
}

impl Source {
    fn new(text: String) -> Self {
        use sha1::Digest as _;
        let sha = hex::encode(sha1::Sha1::digest(text.as_bytes()));
        Source { text, sha }
    }
}

impl Scripts {
    /// One script.
    pub fn get(&self, script: Script) -> &Source {
        &self.0[script as usize]
    }

    /// The commands that scripts run, each once, in order.
    pub fn commands(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for (source, call) in self.0.iter().flat_map(|source| [(source, "redis.call('"), (source, "leave('")]) {
            all.extend(source.text.split(call).skip(1).filter_map(|rest| rest.split('\'').next()));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// All scripts with a piece of text before the first command of each.
    #[doc(hidden)]
    pub fn begun_with(text: &str) -> Self {
        let begun = |source: Source| {
            let (first, rest) = source.text.split_once('\n').unwrap_or(("", &source.text));
            Source::new(format!("{first}\n{text}\n{rest}"))
        };
        Scripts(Scripts::default().0.into_iter().map(begun).collect())
    }

    /// The scripts with pieces of text replaced: deliberate defects that a simulation must catch.
    #[doc(hidden)]
    pub fn patched(patches: &[(Script, &str, &str)]) -> Result<Self, NoSuchText> {
        let mut scripts = Scripts::default();
        for &(script, from, to) in patches {
            let source = &mut scripts.0[script as usize];
            if !source.text.contains(from) {
                return Err(NoSuchText { script, text: from.to_owned() });
            }
            *source = Source::new(source.text.replace(from, to));
        }
        Ok(scripts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_enum_and_a_patch_must_fit() {
        for (i, (script, ..)) in SOURCES.iter().enumerate() {
            assert_eq!(*script as usize, i);
        }
        let plain = Scripts::default();
        let patched = Scripts::patched(&[(Script::Commit, "return {'stale'}", "return {'gone'}")]).expect("fits");
        assert_ne!(plain.get(Script::Commit).sha, patched.get(Script::Commit).sha);
        assert_eq!(plain.get(Script::Settle).sha, patched.get(Script::Settle).sha);
        assert!(Scripts::patched(&[(Script::Commit, "no such text", "")]).is_err());
    }

    /// A command that `rights` does not try could be refused in the middle of a script.
    #[test]
    fn every_command_is_tried_before() {
        let scripts = Scripts::default();
        for command in scripts.commands() {
            assert!(scripts.get(Script::Rights).text.contains(&format!("try('{command}'")), "{command}");
        }
    }
}
