//! The sample flows: no mistakes, no warnings, all their conversations as written, every state and outcome gone through.

use crate::support::conversations::play_project;
use std::fs;
use std::path::Path;

#[test]
fn the_sample_flows_go_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let toml = fs::read_to_string(root.join("replyflow.toml")).expect("the sample project");
    let played = play_project(root, &crate::support::project::of(&toml));
    played.assert_good();
    let missed: Vec<String> = played
        .missed
        .iter()
        .filter(|(_, missed)| !missed.states.is_empty() || !missed.outcomes.is_empty())
        .map(|(flow, missed)| format!("{flow}: {:?} {:?}", missed.states, missed.outcomes))
        .collect();
    assert!(missed.is_empty(), "no case goes through\n{}", missed.join("\n"));
}
