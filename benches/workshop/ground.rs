//! What several parts measure on: one large flow, understood, in a project without a file system.

use super::flows;
use replyflow::config::project::Project;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::address::{Address, E164};
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Millis;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::definition::Flow;
use replyflow::flow::load::Sources;
use replyflow::testing::World;
use std::sync::Arc;

/// States of the flow besides its last.
pub const STATES: usize = 990;
/// 2026-01-05T12:00:00Z.
pub const NOW: Millis = Millis(1_767_614_400_000);

/// The flow with all that it needs.
pub struct Ground {
    pub flow: Arc<Flow>,
    pub catalog: Arc<Catalog>,
    pub project: Arc<Project>,
    pub channel: ChannelName,
}

impl Ground {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        flows::write(folder.path(), 1, STATES).expect("a project");
        let settings = Settings::load(Some(&folder.path().join("replyflow.toml")), &Environment::new(), Secrets::Tolerated);
        let project = Arc::new(settings.unwrap_or_else(|mistakes| panic!("{mistakes}")).project);
        let checked = check_project(&Sources::read(folder.path()).expect("readable"), &project);
        let flows: Vec<Arc<Flow>> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
        let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
        let flow = flows.iter().max_by_key(|flow| flow.states.len()).expect("a flow").clone();
        let channel = flow.channels.first().expect("a channel").clone();
        Ground { catalog: Arc::new(Catalog::new(flows, &current)), flow, project, channel }
    }

    pub fn world(&self) -> World {
        World::new(self.catalog.clone(), self.project.clone(), NOW)
    }

    /// One of many phones.
    pub fn phone(n: usize) -> Address {
        Address::Phone(E164::parse(&format!("+4477{:08}", n + 1)).expect("a phone"))
    }
}
