//! Large bodies: 100 MB up and 100 MB down through both servers, one and four at once; the rate of each direction, and how
//! much memory the larger server takes over what it had idle.

use crate::process::Role;
use crate::question::{CLIENT, PROVIDER};
use crate::row::Row;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

pub const BODY_BYTES: u64 = 100_000_000;
/// What the information system answers with what comes, while it comes.
pub const CONTENT_TYPE: &str = "application/octet-stream";
const CHUNK_BYTES: usize = 64 * 1024;
const LOOK: Duration = Duration::from_millis(50);

/// The same bytes again and again, up to the size.
struct Repeated {
    chunk: Bytes,
    left: u64,
}

impl Body for Repeated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = usize::try_from(self.left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        self.left -= size as u64;
        Poll::Ready(Some(Ok(Frame::data(self.chunk.slice(..size)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Sends one body and takes its echo; how many bytes came back.
async fn echoed(address: String) -> Result<u64, String> {
    let text = |cause: &dyn std::fmt::Display| cause.to_string();
    let stream = TcpStream::connect(&address).await.map_err(|cause| text(&cause))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|cause| text(&cause))?;
    tokio::spawn(connection);
    let chunk: Bytes = (0..CHUNK_BYTES).map(|place| u8::try_from(place % 251).expect("below 251")).collect();
    let request = http::Request::post(format!("/r1/{PROVIDER}/page"))
        .header("content-type", CONTENT_TYPE)
        .header("x-road-client", CLIENT)
        .header("host", "127.0.0.1")
        .body(Repeated { chunk, left: BODY_BYTES })
        .map_err(|cause| text(&cause))?;
    let response = sender.send_request(request).await.map_err(|cause| text(&cause))?;
    let status = response.status();
    let mut body = response.into_body();
    let (mut size, mut last) = (0, Bytes::new());
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|cause| text(&cause))?.into_data() {
            size += data.len() as u64;
            last = data;
        }
    }
    if status.is_success() { Ok(size) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&last))) }
}

pub async fn measured(name: String, servers: &[&Role], address: &str, streams: usize) -> Row {
    let resident = || servers.iter().map(|server| server.resident_mib()).fold(0.0, f64::max);
    let spent = || servers.iter().map(|server| server.cpu_us()).collect::<Vec<_>>();
    let (idle, before, begun) = (resident(), spent(), Instant::now());
    let tasks: Vec<_> = (0..streams).map(|_| tokio::spawn(echoed(address.to_owned()))).collect();
    let mut peak = idle;
    while tasks.iter().any(|task| !task.is_finished()) {
        peak = peak.max(resident());
        tokio::time::sleep(LOOK).await;
    }
    let took_s = begun.elapsed().as_secs_f64();
    for task in tasks {
        let size = task.await.expect("a stream's task runs to its end").expect("an echo");
        assert_eq!(size, BODY_BYTES, "what came back is what was sent");
    }
    let megabytes = BODY_BYTES as f64 * streams as f64 / 1e6;
    let dearer = spent().iter().zip(before).map(|(after, before)| after - before).fold(0.0, f64::max);
    Row {
        name,
        cpu_us_per_exchange: Some(dearer / streams as f64),
        rss_mib: Some(peak),
        note: format!("{:.0} MB/s each way, {:.0} MiB over idle", megabytes / took_s, peak - idle),
        ..Row::default()
    }
}
