//! A wire between two security servers that can be cut or slowed: it carries bytes and understands none, so that what is
//! lost is lost at any byte of a handshake, a request or an answer.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the asking server to the answering one.
    There,
    /// Back again.
    Back,
}

/// What happens to the bytes that come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Every connection ends when so many more bytes went this way.
    Cut(Way, u64),
    /// Every piece waits before it goes on.
    Slow(Duration),
    /// New connections are taken and ended at once.
    Closed,
}

/// One wire; all its connections have the same weather.
pub struct Relay {
    weather: Mutex<Weather>,
    /// Told to every connection that it is over.
    over: watch::Sender<u64>,
    pub connections: AtomicU64,
}

impl Relay {
    /// Takes what comes to `listener` to `target`.
    pub fn between(listener: TcpListener, target: String) -> Arc<Relay> {
        let relay = Arc::new(Relay {
            weather: Mutex::new(Weather::Fair),
            over: watch::Sender::new(0),
            connections: AtomicU64::new(0),
        });
        tokio::spawn(relay.clone().accept(listener, target));
        relay
    }

    pub fn set(&self, weather: Weather) {
        *self.weather.lock().expect("a lock") = weather;
    }

    /// Ends every connection there is.
    pub fn cut_now(&self) {
        self.over.send_modify(|count| *count += 1);
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, target: String) {
        while let Ok((near, _)) = listener.accept().await {
            self.connections.fetch_add(1, Ordering::SeqCst);
            if *self.weather.lock().expect("a lock") == Weather::Closed {
                continue;
            }
            let Ok(far) = TcpStream::connect(&target).await else { continue };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(self.clone().carry(Way::There, near_in, far_out));
            tokio::spawn(self.clone().carry(Way::Back, far_in, near_out));
        }
    }

    async fn carry(self: Arc<Self>, way: Way, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut over = self.over.subscribe();
        let mut piece = vec![0; 4096];
        loop {
            let count = tokio::select! {
                read = from.read(&mut piece) => read.unwrap_or(0),
                _ = over.changed() => return,
            };
            if count == 0 {
                return;
            }
            let goes_on = self.let_through(way, count);
            let through = goes_on.unwrap_or(count);
            let weather = *self.weather.lock().expect("a lock");
            if let Weather::Slow(pause) = weather {
                tokio::time::sleep(pause).await;
            }
            if to.write_all(&piece[..through]).await.is_err() {
                return;
            }
            if goes_on.is_some() {
                self.cut_now();
                return;
            }
        }
    }

    /// How many of the bytes still go through if this is where the wire is cut.
    fn let_through(&self, way: Way, count: usize) -> Option<usize> {
        let mut weather = self.weather.lock().expect("a lock");
        let Weather::Cut(cut, left) = *weather else { return None };
        if cut != way {
            return None;
        }
        if left >= count as u64 {
            *weather = Weather::Cut(cut, left - count as u64);
            return None;
        }
        *weather = Weather::Fair;
        usize::try_from(left).ok()
    }
}
