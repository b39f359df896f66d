//! `GET /media/NAME`: files that contacts sent. Whoever has the name may have the file, and nobody can guess one. What comes
//! back is never shown as a page of ours: a contact chose its bytes.

use super::error::Failure;
use super::web::Web;
use crate::service::media;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use bytes::BytesMut;
use futures_util::stream::unfold;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Gives a file.
pub async fn get(web: Data<Web>, name: Path<String>) -> Result<HttpResponse, Failure> {
    web.buckets.files.take().map_err(|after| Failure::TooMany { after })?;
    let folder = web.files.as_deref().ok_or(Failure::NotFound)?;
    let place = media::kept(folder, &name).ok_or(Failure::NotFound)?;
    let file = File::open(place).await.map_err(|_| Failure::NotFound)?;
    let size = file.metadata().await.map_err(|_| Failure::NotFound)?.len();
    let pieces = unfold(file, |mut file| async {
        let mut piece = BytesMut::with_capacity(PIECE);
        match file.read_buf(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(piece.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    });
    Ok(HttpResponse::Ok()
        .content_type(media::type_of(&name))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        .insert_header(("Content-Security-Policy", "default-src 'none'; sandbox"))
        .insert_header(("Cache-Control", "private, max-age=31536000, immutable"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .no_chunking(size)
        .streaming(pieces))
}
