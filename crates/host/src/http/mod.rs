//! HTTP in and out: one accept loop (plain or TLS), one client. Every body, header block and wait has a limit.

mod body;
mod client;
mod serve;

pub use body::{Aborted, BodySender, Gone, SendBody};
pub use client::{Client, Remedy, never_arrived};
pub use serve::{PeerAddress, PeerCertificates, serve, serve_tls};

use std::sync::Arc;
use tokio::sync::watch;

/// What a connection reads ahead, and so the longest block of headers, at both ends.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Told once to everybody: finish what is under way and end.
#[derive(Clone, Debug)]
pub struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    pub fn new() -> Shutdown {
        Shutdown { sender: Arc::new(watch::channel(false).0) }
    }

    pub fn trigger(&self) {
        self.sender.send_replace(true);
    }

    pub fn is_triggered(&self) -> bool {
        *self.sender.borrow()
    }

    /// Returns when the end was told, at once if it was told before.
    pub async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _told = receiver.wait_for(|told| *told).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Shutdown::new()
    }
}

#[cfg(test)]
mod tests;
