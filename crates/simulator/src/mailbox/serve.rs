//! The sockets under the conversation: limits, waits, and nothing that the machine should decide.

use super::shelf::Shelf;
use super::smtp::{COMMAND_BYTES_MAX, LINE_BYTES_MAX, MAIL_BYTES_MAX, MailLine, Next, Session, greeting, mail_line};
use base::Fault;
use host::http::Shutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How long a client may be silent (RFC 5321 §4.5.3.2 allows it minutes).
const SILENCE_MAX: Duration = Duration::from_secs(300);
const CONNECTIONS_MAX: usize = 64;

pub(super) async fn accept(listener: TcpListener, shelf: Shelf, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(cause) => {
                tracing::warn!(%cause, "accepting a mail client");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!("too many mail clients at once; one was turned away");
            continue;
        };
        let (shelf, shutdown) = (shelf.clone(), shutdown.clone());
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = converse(stream, &shelf) => if let Err(fault) = ended {
                    tracing::debug!(%fault, "a mail client went away");
                },
                () = shutdown.wait() => {}
            }
        });
    }
}

type Reader = BufReader<tokio::net::tcp::OwnedReadHalf>;

async fn converse(stream: TcpStream, shelf: &Shelf) -> Result<(), Fault> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut session = Session::default();
    let mut say = greeting();
    loop {
        write.write_all(say.as_bytes()).await.map_err(gone)?;
        let Some(line) = line(&mut read, COMMAND_BYTES_MAX).await? else { return Ok(()) };
        let next = match line {
            Line::Whole(bytes) => match std::str::from_utf8(&bytes) {
                Ok(command) => session.command(command),
                Err(_) => Next::Reply("500 5.5.2 not text\r\n".into()),
            },
            Line::TooLong | Line::BareLineFeed => Next::Reply("500 5.5.2 line too long or without CR\r\n".into()),
        };
        say = match next {
            Next::Reply(text) => text,
            Next::Close(text) => return write.write_all(text.as_bytes()).await.map_err(gone),
            Next::ReadMail(text) => {
                write.write_all(text.as_bytes()).await.map_err(gone)?;
                let Some(mail) = mail(&mut read).await? else { return Ok(()) };
                let envelope = session.take_envelope();
                match mail {
                    Mail::TooLarge => "552 5.3.4 too large\r\n".into(),
                    Mail::Malformed => "554 5.6.0 a line is too long or ends without CR\r\n".into(),
                    // "250" only after the mail is on disk: from here on it is our duty (§6.1).
                    Mail::Whole(bytes) => match shelf.put(&envelope.sender, &envelope.recipients, &bytes).await {
                        Ok(()) => "250 2.0.0 kept\r\n".into(),
                        Err(fault) => {
                            tracing::error!(%fault, "keeping a mail");
                            "451 4.3.0 cannot keep it now\r\n".into()
                        }
                    },
                }
            }
        };
    }
}

enum Line {
    /// Without its CRLF.
    Whole(Vec<u8>),
    TooLong,
    BareLineFeed,
}

/// One line; `None` at the end of the conversation. A line that is too long is read to its end and forgotten.
async fn line(read: &mut Reader, bytes_max: usize) -> Result<Option<Line>, Fault> {
    let mut bytes = Vec::new();
    let mut too_long = false;
    loop {
        let room = u64::try_from(bytes_max + 1 - bytes.len()).expect("small");
        let mut limited = (&mut *read).take(room);
        let reading = tokio::time::timeout(SILENCE_MAX, limited.read_until(b'\n', &mut bytes));
        let count = reading.await.map_err(|_| gone("silence"))?.map_err(gone)?;
        if count == 0 {
            return Ok(None);
        }
        if bytes.last() == Some(&b'\n') {
            break;
        }
        if bytes.len() > bytes_max {
            too_long = true;
            bytes.clear();
        }
    }
    bytes.pop();
    Ok(Some(match bytes.pop() {
        _ if too_long => Line::TooLong,
        Some(b'\r') => Line::Whole(bytes),
        // A line feed alone ends no line (§2.3.8); to accept it is how mails are smuggled into one another.
        _ => Line::BareLineFeed,
    }))
}

enum Mail {
    Whole(Vec<u8>),
    TooLarge,
    Malformed,
}

/// The mail's lines up to the dot; `None` when the client went away before it.
async fn mail(read: &mut Reader) -> Result<Option<Mail>, Fault> {
    let (mut bytes, mut malformed, mut too_large) = (Vec::new(), false, false);
    while let Some(line) = line(read, LINE_BYTES_MAX).await? {
        let Line::Whole(line) = line else {
            malformed = true;
            continue;
        };
        match mail_line(&line) {
            MailLine::End if too_large => return Ok(Some(Mail::TooLarge)),
            MailLine::End if malformed => return Ok(Some(Mail::Malformed)),
            MailLine::End => return Ok(Some(Mail::Whole(bytes))),
            MailLine::Line(_) if bytes.len() + line.len() + 2 > MAIL_BYTES_MAX => {
                too_large = true;
                bytes.clear();
            }
            MailLine::Line(_) if too_large => {}
            MailLine::Line(line) => {
                bytes.extend_from_slice(line);
                bytes.extend_from_slice(b"\r\n");
            }
        }
    }
    Ok(None)
}

fn gone(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("talk to a mail client", cause)
}
