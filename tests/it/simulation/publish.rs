//! Publications while a run goes on: operators publish one version of a flow or the other, perhaps two of them at the same time, and instances follow.

use super::flows::{Content, Flows};
use super::shared::{Instance, Shared};
use bytes::Bytes;
use replyflow::domain::publication::Publication;
use replyflow::store::{Answer, Publish, Published, Store};
use std::sync::Arc;

/// Puts a version, and makes it the current one if nothing was published since.
pub async fn put(store: &dyn Store, content: &Content, base: u64, by: &str) -> Answer<Published> {
    let Content { name, version, bytes } = content;
    store.put_version(*version, bytes.clone()).await?;
    let said = Publication { by: by.to_owned(), ..Publication::unknown(*version) };
    let body = Bytes::from(said.encode());
    store.publish(Publish { name: name.clone(), version: *version, base, body }).await
}

/// One operator, or two who know nothing of each other.
pub fn publish(shared: &Arc<Shared>, flows: &'static Flows) {
    let operators = shared.dice().one(&[1, 2, 2]);
    for _ in 0..operators {
        let Instance { number, core, .. } = shared.an_instance();
        let by = format!("operator {}", shared.dice().below(1_000_000));
        let task = async move {
            let current = core.store().current().await.expect("the store answers");
            let Some(stands) = current.into_iter().find(|one| one.name == flows.other.name) else { return };
            let content = flows.instead_of(stands.version);
            // As whoever asks does: the same again, until it is answered.
            while put(core.store(), content, stands.number, &by).await.is_err() {}
        };
        shared.begin("publish", Some(number), Box::pin(task));
    }
}
