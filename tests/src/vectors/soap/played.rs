//! Playing an information system, or the other security server: whatever is asked, the answer of the moment is given, also
//! one that breaks off.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// Largest request that is read.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// More than is sent: the connection ends before the answer does.
    pub stated_length: Option<u64>,
}

/// What is played at the moment, and what was seen.
#[derive(Debug, Default)]
pub struct Stage {
    answer: Mutex<Answer>,
    action: Mutex<Option<String>>,
}

impl Stage {
    pub fn play(&self, answer: Answer) {
        *self.answer.lock().expect("nobody fails with the lock") = answer;
        *self.action.lock().expect("nobody fails with the lock") = None;
    }

    /// The SOAPAction of the last request.
    pub fn seen_action(&self) -> Option<String> {
        self.action.lock().expect("nobody fails with the lock").clone()
    }

    /// Answers every connection until the listener's task ends.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, tls: Option<TlsAcceptor>) {
        while let Ok((stream, _)) = listener.accept().await {
            let (stage, tls) = (self.clone(), tls.clone());
            tokio::spawn(async move {
                // A peer that goes away while it is answered is part of the play.
                match tls {
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => drop(stage.answer_one(stream).await),
                        Err(refused) => drop(refused),
                    },
                    None => drop(stage.answer_one(stream).await),
                }
            });
        }
    }

    async fn answer_one(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let head = read_request(&mut stream).await?;
        let action = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("soapaction").then(|| value.trim().to_owned())
        });
        *self.action.lock().expect("nobody fails with the lock") = action;
        let Answer { status, content_type, body, stated_length } =
            self.answer.lock().expect("nobody fails with the lock").clone();
        let kind = content_type.map_or(String::new(), |kind| format!("content-type: {kind}\r\n"));
        let length = stated_length.unwrap_or(body.len() as u64);
        let head = format!("HTTP/1.1 {status} played\r\n{kind}content-length: {length}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    }
}

/// The head of a request; its body is read and forgotten.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut read = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        read.extend_from_slice(&buffer[..count]);
        let end = read.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            if is_whole(&head, &read[end + 4..]) || count == 0 {
                return Ok(head);
            }
        }
        if count == 0 || read.len() > REQUEST_BYTES_MAX {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn is_whole(head: &str, body: &[u8]) -> bool {
    let value = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
    };
    match value("content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => value("transfer-encoding").is_none() || body.ends_with(b"0\r\n\r\n"),
    }
}
