//! The floor's log: one thread appends what is queued and syncs once for all of it.

use bytes::Bytes;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

type Entry = (Bytes, oneshot::Sender<()>);

pub struct Log {
    queue: Sender<Entry>,
}

impl Log {
    pub fn open(path: &Path) -> Log {
        let file = File::create(path).expect("the folder can be written");
        let (queue, entries) = channel();
        std::thread::spawn(move || write_all(file, &entries));
        Log { queue }
    }

    /// Returns when the record is on the disk.
    pub async fn write(&self, record: Bytes) {
        let (done, written) = oneshot::channel();
        self.queue.send((record, done)).expect("the writer lives as long as the process");
        written.await.expect("the writer answers");
    }
}

fn write_all(mut file: File, entries: &Receiver<Entry>) {
    let mut buffer = Vec::new();
    while let Ok(first) = entries.recv() {
        buffer.clear();
        let mut waiting = Vec::new();
        for (record, done) in std::iter::once(first).chain(std::iter::from_fn(|| entries.try_recv().ok())) {
            buffer.extend_from_slice(&u32::try_from(record.len()).expect("records are small").to_be_bytes());
            buffer.extend_from_slice(&record);
            waiting.push(done);
        }
        file.write_all(&buffer).and_then(|()| file.sync_data()).expect("the disk takes it");
        for done in waiting {
            // Whoever waited may have been ended with its connection.
            let _gone = done.send(());
        }
    }
}
