//! What the store says is published, and the flows that follow from it.

use super::versions::{Here, LoadError, stored_version};
use crate::config::project::Project;
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::domain::publication::{How, OldRuns, Publication};
use crate::flow::catalog::{Catalog, Standing};
use crate::flow::check::Checked;
use crate::flow::definition::Flow;
use crate::store::{Answer, Current, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a flow stands in the store.
#[derive(Debug, Clone)]
pub struct Stands {
    /// The number of the last publication; 0: none was numbered.
    pub number: u64,
    /// What it says.
    pub said: Publication,
}

/// How every flow stands, by name.
pub async fn read_standings(store: &dyn Store) -> Answer<BTreeMap<Slug, Stands>> {
    Ok(store.current().await?.into_iter().map(read).collect())
}

fn read(current: Current) -> (Slug, Stands) {
    let Current { name, version, number, body } = current;
    let unknown = || Publication::unknown(version);
    let said = if body.is_empty() { unknown() } else { said(&name, number, &body).unwrap_or_else(unknown) };
    (name, Stands { number, said })
}

/// What a publication says; nothing if it cannot be read, which is no reason to stop conversations.
pub(super) fn said(flow: &Slug, number: u64, body: &[u8]) -> Option<Publication> {
    let read = Publication::decode(body);
    read.inspect_err(|error| tracing::error!(%flow, number, %error, "a publication cannot be read")).ok()
}

/// Where flows may be found before the store is asked.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    /// What was just read of the folder.
    pub checked: Option<&'a Checked>,
    /// What runs already.
    pub catalog: Option<&'a Catalog>,
}

impl Known<'_> {
    fn find(&self, name: &Slug, id: VersionId) -> Option<Arc<Flow>> {
        let read = self.checked.and_then(|checked| checked.flows.get(name)).map(|(flow, _)| flow);
        read.filter(|flow| flow.version == id).or_else(|| self.catalog?.version(id)).cloned()
    }
}

/// What runs.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub flows: Vec<Arc<Flow>>,
    pub standings: Vec<Standing>,
    /// Published versions that cannot be used here, and why.
    pub lost: BTreeMap<Slug, (VersionId, LoadError)>,
}

/// Which flows run here, by what is published.
pub(super) async fn run_of(
    store: &dyn Store,
    project: &Project,
    standings: BTreeMap<Slug, Stands>,
    here: &Here,
    known: &Known<'_>,
) -> Answer<Running> {
    let mut running = Running::default();
    for (name, stands) in standings {
        let said = stands.said;
        let runs = match here {
            Here::All => true,
            // What was deleted in the folder begins nothing any more; what never was in a folder is not missed there.
            Here::Folder(names) => names.contains(&name) || said.how != How::Folder && said.folder.is_none(),
        };
        // Of what begins no more runs only that its runs end is of interest.
        if !runs || (said.retired && said.runs != OldRuns::End) {
            continue;
        }
        let mut standing = Standing::from(&said);
        for id in [Some(said.whole), said.trial.map(|trial| trial.version)].into_iter().flatten() {
            let found = match known.find(&name, id) {
                Some(flow) => Ok(flow),
                None => stored_version(store, id, project).await.map(Arc::new),
            };
            match found {
                Ok(flow) => running.flows.push(flow),
                Err(LoadError::Store(error)) => return Err(error),
                Err(why) => {
                    running.lost.insert(name.clone(), (id, why));
                    // Without the version of a share the others go on; without the whole one nothing does.
                    standing.trial = None;
                    break;
                }
            }
        }
        if running.flows.iter().any(|flow| flow.version == said.whole) {
            running.standings.push(standing);
        } else if let Some(before) = known.catalog.and_then(|catalog| catalog.current(name.as_str())).filter(|_| !said.retired) {
            // It cannot run here: what ran until now goes on.
            running.standings.push(Standing::from(before.version));
            running.flows.push(Arc::clone(before));
        }
    }
    Ok(running)
}
