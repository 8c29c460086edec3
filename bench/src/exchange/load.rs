//! The load: a fixed number of kept connections, each sending its next request when the last was answered, or at given
//! times. Latencies are of whole exchanges; in the paced form they count from the time at which the request was due.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// What is asked: the same but for its number.
pub trait Question: Send + Sync {
    fn request(&self, number: u64) -> http::Request<Full<Bytes>>;

    /// Whether this is the answer that was expected.
    fn is_answer(&self, status: http::StatusCode, body: &[u8]) -> bool;
}

#[derive(Clone)]
pub struct Load {
    pub address: String,
    pub connections: usize,
    pub time: Duration,
    /// Requests per second over all connections; `None` is as fast as they are answered.
    pub rate: Option<f64>,
}

#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Sorted.
    latencies_us: Vec<u64>,
    pub took_s: f64,
}

impl Measured {
    pub fn count(&self) -> usize {
        self.latencies_us.len()
    }

    pub fn per_second(&self) -> f64 {
        self.count() as f64 / self.took_s
    }

    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        let place = (self.count() as f64 * quantile) as usize;
        self.latencies_us.get(place.min(self.count().saturating_sub(1))).map_or(0.0, |us| *us as f64 / 1000.0)
    }
}

pub async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|cause| cause.to_string())?;
    stream.set_nodelay(true).map_err(|cause| cause.to_string())?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|cause| cause.to_string())?;
    tokio::spawn(connection);
    Ok(sender)
}

/// One request and its whole answer.
pub async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: http::Request<Full<Bytes>>,
) -> Result<(http::StatusCode, Bytes), String> {
    let response = sender.send_request(request).await.map_err(|cause| cause.to_string())?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|cause| cause.to_string())?;
    Ok((status, body.to_bytes()))
}

impl Load {
    /// Runs; any answer that is not the expected one ends the measurement, because it would measure something else.
    pub async fn run(&self, question: &Arc<dyn Question>, numbers: &Arc<AtomicU64>) -> Measured {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..self.connections)
            .map(|place| tokio::spawn(self.clone().connection(place, begun, question.clone(), numbers.clone())))
            .collect();
        let mut latencies_us = Vec::new();
        for task in tasks {
            latencies_us.extend(task.await.expect("a connection's task runs to its end"));
        }
        latencies_us.sort_unstable();
        Measured { latencies_us, took_s: begun.elapsed().as_secs_f64() }
    }

    async fn connection(
        self,
        place: usize,
        begun: Instant,
        question: Arc<dyn Question>,
        numbers: Arc<AtomicU64>,
    ) -> Vec<u64> {
        let mut sender = connect(&self.address).await.expect("the measured port is open");
        let mut latencies_us = Vec::new();
        let mut due = begun;
        for turn in 0_u32.. {
            if let Some(rate) = self.rate {
                let after = (place as f64 + f64::from(turn) * self.connections as f64) / rate;
                due = begun + Duration::from_secs_f64(after);
                tokio::time::sleep_until(due.into()).await;
            } else {
                due = Instant::now().max(due);
            }
            if begun.elapsed() >= self.time {
                break;
            }
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let (status, body) = ask(&mut sender, question.request(number)).await.expect("an answer");
            assert!(question.is_answer(status, &body), "{status}: {}", String::from_utf8_lossy(&body));
            latencies_us.push(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        latencies_us
    }
}
