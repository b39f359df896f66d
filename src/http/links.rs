//! Links to files in what the API and the pages answer: whatever is kept has lasting names, which open nothing, and whoever may read the answer
//! may have the file. A link is as long as the name that it stands for, so an answer is as long as it was.

use super::web::Web;
use crate::service::Core;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Whose answers hold what is kept. Never files themselves: a contact chose their bytes.
const ROUTES: [&str; 3] = ["/v1/", "/phone", "/simulator"];

/// Wraps a request.
pub async fn around<B: MessageBody + Unpin>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<WithLinks<B>>, actix_web::Error> {
    let holds = ROUTES.iter().any(|route| request.path().starts_with(route));
    let core = request.app_data::<Data<Web>>().filter(|_| holds).map(|web| Arc::clone(&web.core));
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| WithLinks { body, core }))
}

/// A body whose lasting names become links. Each piece is looked at by itself: our lists are cut between rows.
pub struct WithLinks<B> {
    body: B,
    core: Option<Arc<Core>>,
}

impl<B> WithLinks<B> {
    fn linked(core: Option<&Core>, piece: Bytes) -> Bytes {
        core.and_then(|core| core.answering(&piece)).unwrap_or(piece)
    }
}

impl<B: MessageBody + Unpin> MessageBody for WithLinks<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let piece = ready!(Pin::new(&mut self.body).poll_next(context));
        Poll::Ready(piece.map(|piece| piece.map(|piece| Self::linked(self.core.as_deref(), piece))))
    }
}
