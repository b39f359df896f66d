//! What fakes of Twilio's API have in common: a server on a free port, and the answer that a message was taken.

use actix_web::web::{Data, PayloadConfig, to};
use actix_web::{App, FromRequest, Handler, HttpResponse, HttpServer, Responder};
use std::sync::Arc;

/// Serves every request by this, with one worker on a thread of its own. Gives where it is.
pub fn serve<S, F, Args>(state: Arc<S>, answer: F) -> String
where
    S: Send + Sync + 'static,
    F: Handler<Args> + Send,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    let (tell, told) = std::sync::mpsc::channel();
    let data = Data::from(state);
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let app = App::new().app_data(Data::clone(&data)).app_data(PayloadConfig::new(1 << 20));
                app.default_service(to(answer.clone()))
            });
            let server = server
                .workers(1)
                .keep_alive(std::time::Duration::from_secs(75))
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a free port");
            tell.send(server.addrs()[0].port()).expect("the bench waits");
            server.run().await.expect("the fake provider runs");
        });
    });
    format!("http://127.0.0.1:{}", told.recv().expect("the fake provider starts"))
}

/// The message of this number was taken.
pub fn created(n: u64) -> HttpResponse {
    HttpResponse::Created()
        .content_type("application/json")
        .body(format!(r#"{{"sid":"SM{n:032x}","status":"queued","num_segments":"1","error_code":null,"error_message":null}}"#))
}
