//! The sample flows and their project, read once.

use replyflow::config::project::Project;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// All flows of the repository in their current version, and the settings beside them.
pub static SAMPLES: LazyLock<(Arc<Catalog>, Arc<Project>)> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = super::project::of(&fs::read_to_string(root.join("replyflow.toml")).expect("the sample project"));
    let checked = check_project(&Sources::read(root).expect("readable"), &project);
    let flows: Vec<_> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    (Arc::new(Catalog::new(flows, &current)), Arc::new(project))
});
