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
        .covered
        .iter()
        .flat_map(|(flow, covered)| covered.parts().map(|(what, part)| (flow, what, part.missed.clone())))
        .filter(|(_, _, missed)| !missed.is_empty())
        .map(|(flow, what, missed)| format!("{flow}: {what} {missed:?}"))
        .collect();
    assert!(missed.is_empty(), "no case goes through\n{}", missed.join("\n"));
}
