//! Archiving: time-stamped messages leave the log as containers in linked archives. What an archive holds is decided by the
//! store before it is written, and its name by what it holds; so a crash anywhere repeats nothing and leaves nothing out:
//! the same archive is written again under the same name.

use super::{
    envelope::Envelope,
    export_into,
    linking::{Link, Linking, archive_name, container_name},
};
use crate::messagelog::{Grouping, LogRecord, MessageLog, place_of};
use base::{Fault, Timestamp};
use formats::identifier::ClientId;
use host::{args, store::Row};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, Write},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Records that one round looks at. A round ends before the next begins, so this bounds the memory.
const ROUND_RECORDS_MAX: i64 = 10_000;
/// Records that are read and written at a stretch.
const CHUNK_RECORDS: usize = 64;
const COPY_BYTES: usize = 64 * 1024;

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("archive the message log", cause)
}

/// An archive under way.
struct Writing {
    zip: Box<ZipWriter<File>>,
    linking: Linking,
    size_bytes: u64,
    records: i64,
    first: u64,
    last: u64,
    from: Timestamp,
    until: Timestamp,
    /// What containers are read through: one for all, because thousands of short-lived ones leave the heap full of holes.
    block: Vec<u8>,
}

impl MessageLog {
    /// Archives what is time-stamped and not yet archived. Returns the names of the new archives.
    pub async fn archive(&self) -> Result<Vec<String>, Fault> {
        let outcome = self.archive_rounds().await;
        self.note_archiving(outcome.is_err());
        outcome
    }

    async fn archive_rounds(&self) -> Result<Vec<String>, Fault> {
        let _turn = self.keeping().lock().await;
        self.catch_up().await?;
        let mut names = Vec::new();
        loop {
            // Where a round ends is written down before anything of it is archived.
            let (done, stamped) = (self.mark("archived").await?, self.mark("stamped").await?);
            let mut end = self.mark("archiving").await?;
            if end <= done {
                end = stamped.min(done + ROUND_RECORDS_MAX);
                if end <= done {
                    return Ok(names);
                }
                self.set_mark("archiving", end).await?;
            }
            for (group, rows) in self.groups(done, end).await? {
                self.archive_group(&group, &rows, &mut names).await?;
            }
            self.set_mark("archived", end).await?;
        }
    }

    /// The records of a round by group, each group in the order of the log.
    async fn groups(&self, done: i64, end: i64) -> Result<BTreeMap<String, Vec<Row>>, Fault> {
        let sql = "SELECT number, segment, position, subject FROM exchange_log_entry
             WHERE number > $1 AND number <= $2 ORDER BY number";
        let grouping = self.policy().archive_grouping;
        let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in self.rows(sql, &args![done, end]).await? {
            groups.entry(group_of(grouping, row.text("subject"))).or_default().push(row);
        }
        Ok(groups)
    }

    async fn archive_group(&self, group: &str, rows: &[Row], names: &mut Vec<String>) -> Result<(), Fault> {
        let sql = "SELECT name, place, digest, last_number FROM exchange_archive WHERE group_name = $1
             ORDER BY place DESC LIMIT 1";
        let last = self.rows(sql, &args![group]).await?;
        let (mut link, mut place, archived) = last.first().map_or((None, 0, 0), |row| {
            let link = Link { digest: row.text("digest").to_owned(), archive: row.text("name").to_owned() };
            (Some(link), row.int("place"), row.int("last_number"))
        });
        // An interrupted round begins behind what it kept.
        let mut next = rows.iter().take_while(|row| row.int("number") <= archived).count();
        while next < rows.len() {
            let mut writing: Option<Writing> = None;
            while next < rows.len() {
                let chunk = &rows[next..rows.len().min(next + CHUNK_RECORDS)];
                let (grown, added) = self.add(writing.take(), link.clone(), chunk).await?;
                writing = Some(grown);
                next += added;
                if added < chunk.len() || writing.as_ref().is_some_and(|writing| self.is_full(writing)) {
                    break;
                }
            }
            place += 1;
            let writing = writing.expect("there was a row");
            link = Some(self.keep(group, place, link.as_ref(), writing).await?);
            names.extend(link.as_ref().map(|link| link.archive.clone()));
        }
        Ok(())
    }

    fn is_full(&self, writing: &Writing) -> bool {
        writing.size_bytes > self.policy().archive_bytes_max
    }

    /// Adds records to an archive, which is begun if there is none, until it is full. Returns how many were added. All of
    /// them in one go on one thread: a thread each would leave its memory behind.
    async fn add(
        &self,
        writing: Option<Writing>,
        previous: Option<Link>,
        rows: &[Row],
    ) -> Result<(Writing, usize), Fault> {
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let number = u64::try_from(row.int("number")).map_err(failed)?;
            found.push((place_of(row), self.stamp_of(number).await?));
        }
        let log = self.clone();
        let add = move || {
            let (mut writing, mut added) = (writing, 0);
            for (place, stamp) in found {
                let record = LogRecord { stamp, ..log.read_record(place)? };
                let writing = match &mut writing {
                    Some(writing) => writing,
                    None => writing.insert(Writing::begin(log.folder(), previous.as_ref(), &record)?),
                };
                writing.add(log.folder(), &record)?;
                added += 1;
                if log.is_full(writing) {
                    break;
                }
            }
            Ok((writing.expect("there was a row"), added))
        };
        tokio::task::spawn_blocking(add).await.map_err(failed)?
    }

    /// The archive is durable in the object store before its row says that it is there.
    async fn keep(&self, group: &str, place: i64, previous: Option<&Link>, writing: Writing) -> Result<Link, Fault> {
        let (records, first, last) = (writing.records, writing.first, writing.last);
        let envelope = Envelope::of(self, group)?;
        let name = archive_name(group, writing.from, writing.until, writing.linking.last());
        let link = Link { digest: writing.linking.last().to_owned(), archive: format!("{name}{}", envelope.ending()) };
        let finished = tokio::task::spawn_blocking(move || writing.finish()).await.map_err(failed)??;
        self.archives().put_with(&link.archive, move |out| envelope.write(finished, out)).await?;
        let mut tx = self.store().begin().await?;
        tx.execute(
            "INSERT INTO exchange_archive (name, place, group_name, first_number, last_number, records, at, previous, digest)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &args![
                &link.archive,
                place,
                group,
                first,
                last,
                records,
                self.now(),
                previous.map_or("-", |link| &link.digest),
                &link.digest
            ],
        )
        .await?;
        tx.commit().await?;
        tracing::info!(archive = link.archive, records, "messages were archived");
        Ok(link)
    }
}

fn group_of(grouping: Grouping, subject: &str) -> String {
    match grouping {
        Grouping::None => String::new(),
        Grouping::Subsystem => subject.to_owned(),
        Grouping::Member => {
            ClientId::parse(subject).map_or_else(|| subject.to_owned(), |client| client.member_id().to_string())
        }
    }
}

/// A file that ends with its last reader, whatever ends the process.
pub(crate) fn unnamed(folder: &std::path::Path) -> Result<File, Fault> {
    use base::Chance;
    let path = folder.join(format!("archiving-{}", base::SystemChance.hex(8)));
    let open = || {
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path).map(|()| file)
    };
    open().map_err(failed)
}

impl Writing {
    fn begin(folder: &std::path::Path, previous: Option<&Link>, record: &LogRecord) -> Result<Writing, Fault> {
        Ok(Writing {
            zip: Box::new(ZipWriter::new(unnamed(folder)?)),
            linking: Linking::after(previous),
            size_bytes: 0,
            records: 0,
            first: record.number,
            last: record.number,
            from: record.at,
            until: record.at,
            block: vec![0; COPY_BYTES],
        })
    }

    fn add(&mut self, folder: &std::path::Path, record: &LogRecord) -> Result<(), Fault> {
        let mut container = export_into(record, unnamed(folder)?)?;
        let (sha512, size_bytes) = digest(&mut container, &mut self.block).map_err(failed)?;
        let name = container_name(record);
        self.zip.start_file(name.as_str(), options(record.at)).map_err(failed)?;
        std::io::copy(&mut container, &mut self.zip).map_err(failed)?;
        self.linking.add(&name, &sha512);
        self.size_bytes += size_bytes;
        self.records += 1;
        (self.last, self.until) = (record.number, record.at);
        Ok(())
    }

    /// The whole archive, to be read from its beginning.
    fn finish(mut self) -> Result<File, Fault> {
        self.zip.start_file("linkinginfo", options(self.until)).map_err(failed)?;
        self.zip.write_all(&self.linking.into_bytes()).map_err(failed)?;
        let mut file = (*self.zip).finish().map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(file)
    }
}

/// Containers are packed already. Times are the records', so that the same records make the same archive.
fn options(at: Timestamp) -> SimpleFileOptions {
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let time = zip::DateTime::from_date_and_time(
        u16::try_from(at.year()).unwrap_or(1980),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    );
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(time.unwrap_or_default())
        .large_file(true)
}

/// SHA-512 and length; the file stands at its beginning afterwards.
fn digest(file: &mut File, block: &mut [u8]) -> std::io::Result<(Vec<u8>, u64)> {
    file.rewind()?;
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA512);
    let mut size_bytes = 0;
    loop {
        let count = file.read(block)?;
        if count == 0 {
            break;
        }
        context.update(&block[..count]);
        size_bytes += count as u64;
    }
    file.rewind()?;
    Ok((context.finish().as_ref().to_vec(), size_bytes))
}
