//! The demo's mailbox: an SMTP server that takes every mail for anybody and delivers it to nobody, and a page that shows
//! them. It listens on loopback only and is never part of a real deployment.

mod letter;
mod page;
mod serve;
mod shelf;
mod smtp;
#[cfg(test)]
mod tests;

pub use letter::Letter;
pub use shelf::Shelf;

use crate::phrases::Phrases;
use axum::Router;
use axum::routing::get;
use host::http::Shutdown;
use tokio::net::TcpListener;

static WORDS: Phrases = Phrases::new(include_str!("../texts/mailbox.toml"));

/// The page that lists the mails.
pub fn router(shelf: Shelf) -> Router {
    Router::new()
        .route("/", get(page::list))
        .route("/mails/{name}", get(page::show))
        .route("/mailbox.css", get(page::style))
        .fallback(page::nothing_here)
        .with_state(shelf)
}

/// Takes mails until the shutdown.
pub async fn serve(listener: TcpListener, shelf: Shelf, shutdown: Shutdown) {
    serve::accept(listener, shelf, shutdown).await;
}
