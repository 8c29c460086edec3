//! The asking side: an information system beside its security server that asks without end, each question once and under
//! an identifier of its own, and says what came of it.

use crate::load::{ask, connect};
use crate::process::program;
use crate::question::{Wording, question};
use crate::world::World;
use bytes::Bytes;
use http_body_util::Full;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 6;
const PAUSE: Duration = Duration::from_millis(15);
/// How long an information system waits for its answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// By message identifier: whether the answer came.
pub type Asked = BTreeMap<String, bool>;

fn request(number: u64) -> (String, http::Request<Full<Bytes>>) {
    if number.is_multiple_of(2) {
        return (format!("{number:010}"), question(Wording::Soap, 1_000).request(number));
    }
    let id = format!("rest-{number}");
    let mut request = question(Wording::Rest, 1_000).request(number);
    request.headers_mut().insert("x-road-id", http::HeaderValue::try_from(&id).expect("plain letters"));
    (id, request)
}

/// The role: asks until it is killed or told to stop by the end of its input, and prints one line a question.
pub async fn ask_until_told(world: World) {
    let numbers = Arc::new(AtomicU64::new(1));
    let tasks: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(connection(world.asker(), numbers.clone()))).collect();
    let told = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
    drop(told.await);
    numbers.store(u64::MAX / 2, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("a connection's task runs to its end");
    }
}

async fn connection(address: String, numbers: Arc<AtomicU64>) {
    let mut kept = None;
    loop {
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        if number >= u64::MAX / 2 {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        let mut sender = match kept.take() {
            Some(sender) => sender,
            None => match connect(&address).await {
                Ok(sender) => sender,
                Err(_) => continue,
            },
        };
        let (id, request) = request(number);
        say(&format!("asks {id}"));
        let outcome = tokio::time::timeout(PATIENCE, ask(&mut sender, request)).await;
        let answered = match outcome {
            Ok(Ok((status, body))) => {
                kept = Some(sender);
                let wording = if number.is_multiple_of(2) { Wording::Soap } else { Wording::Rest };
                question(wording, 1_000).is_answer(status, &body)
            }
            _ => false,
        };
        say(&format!("{} {id}", if answered { "answered" } else { "failed" }));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // When the reader is gone the run is over.
    let _told = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[derive(Default)]
struct Seen {
    asked: Asked,
    answers: u64,
}

/// The asking process, as the run sees it.
pub struct Asking {
    child: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: JoinHandle<()>,
}

impl Asking {
    pub fn start(namespace: &str, specification: &Path) -> Asking {
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(program())
            .args(["role", "asking"])
            .arg(specification)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let output = BufReader::new(child.stdout.take().expect("asked for a pipe"));
        let seen: Arc<(Mutex<Seen>, Condvar)> = Arc::default();
        let noting = seen.clone();
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                note(&noting, &line);
            }
        });
        Asking { child, seen, reader }
    }

    /// Waits for the next question that is answered, and says how long that took.
    pub fn answered_within(&self, most: Duration) -> Result<Duration, String> {
        let begun = Instant::now();
        let (seen, more) = &*self.seen;
        let before = seen.lock().expect("a lock").answers;
        let guard = seen.lock().expect("a lock");
        let (_guard, outcome) = more.wait_timeout_while(guard, most, |seen| seen.answers == before).expect("a lock");
        if outcome.timed_out() {
            return Err(format!("no question was answered for {} s", most.as_secs()));
        }
        Ok(begun.elapsed())
    }

    /// Lets the last questions end and returns what came of each.
    pub fn end(mut self) -> Asked {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends");
        self.reader.join().expect("the reader ends with its pipe");
        std::mem::take(&mut self.seen.0.lock().expect("a lock").asked)
    }
}

fn note((seen, more): &(Mutex<Seen>, Condvar), line: &str) {
    let mut seen = seen.lock().expect("a lock");
    match line.split_once(' ') {
        Some(("answered", id)) => {
            seen.asked.insert(id.to_owned(), true);
            seen.answers += 1;
            more.notify_all();
        }
        Some(("asks" | "failed", id)) => {
            seen.asked.entry(id.to_owned()).or_insert(false);
        }
        _ => {}
    }
}
