//! SQLite: a pool of readers and one writer that commits in groups. Transactions wait in line for the writer; each is a
//! savepoint inside one real transaction, which is committed (one fsync) when nobody waits any more or the group is full.
//! `commit()` returns only after that, so an answer is never given for a row that a power cut could take back.

use super::OpenError;
use super::value::{Row, Value};
use base::Fault;
use futures_util::TryStreamExt;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, Column, ConnectOptions, Connection, Executor, Row as _, TypeInfo, ValueRef};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// Transactions that share one fsync at most; above this the first ones would wait too long.
const GROUP_MAX: usize = 256;
/// What SQLite says of a disk (or a store) that is full, and of a transaction that it ended because of that.
const FULL: &str = "database or disk is full";
const NO_TX: &str = "no transaction is active";
const NO_SAVEPOINT: &str = "no such savepoint";
/// From so many arguments on it matters how a statement writes their places.
const MANY: usize = 32;
const READERS_MAX: u32 = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Lite {
    readers: SqlitePool,
    writer: Arc<Mutex<Writer>>,
    waiting: Arc<AtomicUsize>,
}

struct Writer {
    /// Absent after `close`, or after a failed commit: an fsync that failed once must never be trusted again.
    connection: Option<SqliteConnection>,
    in_group: bool,
    committed: Vec<oneshot::Sender<Result<(), String>>>,
}

pub(super) struct LiteTx {
    writer: Option<OwnedMutexGuard<Writer>>,
    waiting: Arc<AtomicUsize>,
}

impl Lite {
    pub(super) async fn open(path: &Path) -> Result<Lite, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", "-2000")
            .disable_statement_logging();
        let unusable =
            |cause: sqlx::Error| OpenError::Unusable { place: path.display().to_string(), cause: cause.to_string() };
        let connection = options.connect().await.map_err(unusable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .idle_timeout(Duration::from_secs(60))
            .connect_with(options.read_only(true))
            .await
            .map_err(unusable)?;
        let writer = Writer { connection: Some(connection), in_group: false, committed: Vec::new() };
        Ok(Lite { readers, writer: Arc::new(Mutex::new(writer)), waiting: Arc::new(AtomicUsize::new(0)) })
    }

    pub(super) async fn query(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        let mut connection = self.readers.acquire().await.map_err(reading)?;
        fetch(&mut connection, sql, args).await
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        if let Some(connection) = writer.connection.take()
            && let Err(cause) = connection.close().await
        {
            tracing::warn!(%cause, "closing the store");
        }
    }
}

/// Waits in line and opens a savepoint. In a task of its own: a caller that is dropped half-way (a browser that goes away)
/// must not leave a place in the line or a `BEGIN` behind that nobody ends. What the task opened is then undone by `Drop`.
pub(super) async fn begin(lite: &Lite) -> Result<LiteTx, Fault> {
    let (writer, waiting) = (lite.writer.clone(), lite.waiting.clone());
    to_the_end(async move {
        waiting.fetch_add(1, Ordering::SeqCst);
        let writer = writer.lock_owned().await;
        waiting.fetch_sub(1, Ordering::SeqCst);
        let mut tx = LiteTx { writer: Some(writer), waiting };
        let guard = tx.writer();
        if !guard.in_group {
            run(guard.connection()?, "BEGIN IMMEDIATE").await?;
            guard.in_group = true;
        }
        run(guard.connection()?, "SAVEPOINT one").await?;
        Ok(tx)
    })
    .await
}

/// Runs to its end even if nobody waits for it any more.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    tokio::spawn(work).await.map_err(|cause| Fault::new("write to the store", cause))?
}

impl Writer {
    fn connection(&mut self) -> Result<&mut SqliteConnection, Fault> {
        self.connection.as_mut().ok_or_else(|| Fault::new("write to the store", "the store is closed"))
    }

    /// Ends the group: one fsync for all, then everybody learns of it.
    async fn commit_group(&mut self) {
        let outcome = match self.connection() {
            Ok(connection) => run(connection, "COMMIT").await.map_err(|fault| fault.to_string()),
            Err(fault) => Err(fault.to_string()),
        };
        match outcome {
            Err(cause) => self.give_up(&cause).await,
            Ok(()) => self.end_group(&Ok(())),
        }
    }

    /// The group is undone. On a full disk the next one may be tried: nothing of it was synced. After any other failure
    /// what reached the disk is unknown; only a restart that reads it back may go on (performance.md: fsync errors).
    async fn give_up(&mut self, cause: &str) {
        let undone = match self.connection() {
            // SQLite may have ended the transaction itself: then there is nothing to undo.
            Ok(connection) => run(connection, "ROLLBACK").await.err().is_none_or(|fault| fault.cause.contains(NO_TX)),
            Err(_) => false,
        };
        if undone && cause.contains(FULL) {
            tracing::error!(cause, "the store could not commit");
        } else {
            tracing::error!(cause, "the store could not commit and takes no more writes");
            self.connection = None;
        }
        self.end_group(&Err(cause.to_owned()));
    }

    fn end_group(&mut self, outcome: &Result<(), String>) {
        self.in_group = false;
        for sender in self.committed.drain(..) {
            // A caller that went away no longer asks for the outcome.
            let _gone = sender.send(outcome.clone());
        }
    }

    async fn undo_savepoint(&mut self) -> Result<(), Fault> {
        let connection = self.connection()?;
        run(connection, "ROLLBACK TO one").await?;
        run(connection, "RELEASE one").await
    }

    /// After a savepoint ended: the group ends too unless somebody waits to join it.
    async fn end_turn(&mut self, waiting: &AtomicUsize) {
        if self.in_group && (waiting.load(Ordering::SeqCst) == 0 || self.committed.len() >= GROUP_MAX) {
            self.commit_group().await;
        }
    }
}

impl LiteTx {
    fn writer(&mut self) -> &mut Writer {
        self.writer.as_mut().expect("held until commit, rollback or drop")
    }

    pub(super) async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, Fault> {
        let connection = self.writer().connection()?;
        let done = match in_order(sql, args.len()) {
            Some(sql) => connection.execute(sqlx::query_with(AssertSqlSafe(sql), arguments(args)?)).await,
            None => connection.execute(sqlx::query_with(sql, arguments(args)?)).await,
        };
        Ok(done.map_err(writing)?.rows_affected())
    }

    pub(super) async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        fetch(self.writer().connection()?, sql, args).await
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<(), Fault> {
        self.writer().connection()?.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map_err(writing)?;
        Ok(())
    }

    /// In a task of its own, as `begin`: between the savepoint's release and the group's end nothing may be dropped.
    pub(super) async fn commit(self) -> Result<(), Fault> {
        to_the_end(self.commit_in_group()).await
    }

    async fn commit_in_group(mut self) -> Result<(), Fault> {
        let (sender, receiver) = oneshot::channel();
        let writer = self.writer();
        run(writer.connection()?, "RELEASE one").await?;
        writer.committed.push(sender);
        let mut guard = self.writer.take().expect("held until now");
        guard.end_turn(&self.waiting).await;
        drop(guard);
        receiver
            .await
            .map_err(|_| Fault::new("write to the store", "the writer went away"))?
            .map_err(|cause| Fault::new("write to the store", cause))
    }

    pub(super) async fn rollback(mut self) {
        let mut guard = self.writer.take().expect("held until now");
        let waiting = self.waiting.clone();
        let undone = to_the_end(async move {
            undo(&mut guard, &waiting).await;
            Ok(())
        });
        if let Err(fault) = undone.await {
            tracing::error!(%fault, "undoing a transaction");
        }
    }
}

async fn undo(writer: &mut Writer, waiting: &AtomicUsize) {
    if let Err(fault) = writer.undo_savepoint().await {
        // A full disk ends the whole transaction, and the savepoint with it.
        let cause = if fault.cause.contains(NO_SAVEPOINT) { FULL.to_owned() } else { fault.to_string() };
        writer.give_up(&cause).await;
    }
    writer.end_turn(waiting).await;
}

/// A request that was cancelled or failed leaves its savepoint behind: it is undone before the next one gets the writer.
impl Drop for LiteTx {
    fn drop(&mut self) {
        let Some(mut guard) = self.writer.take() else { return };
        let waiting = self.waiting.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { undo(&mut guard, &waiting).await });
        } else {
            // Without a runtime the process is ending; SQLite undoes what was not committed.
            guard.connection = None;
        }
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Fault> {
    connection.execute(sqlx::raw_sql(sql)).await.map_err(writing)?;
    Ok(())
}

async fn fetch(connection: &mut SqliteConnection, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
    let mut stream = connection.fetch(sqlx::query_with(sql, arguments(args)?));
    let mut columns: Option<Arc<HashMap<String, usize>>> = None;
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(reading)? {
        let names = columns.get_or_insert_with(|| Arc::new(names(&row))).clone();
        rows.push(Row::new(names, values(&row)?));
    }
    Ok(rows)
}

fn names(row: &SqliteRow) -> HashMap<String, usize> {
    row.columns().iter().map(|column| (column.name().to_owned(), column.ordinal())).collect()
}

fn values(row: &SqliteRow) -> Result<Vec<Value>, Fault> {
    (0..row.len())
        .map(|place| {
            let raw = row.try_get_raw(place).map_err(reading)?;
            if raw.is_null() {
                return Ok(Value::Text(None));
            }
            let info = raw.type_info().into_owned();
            match info.name() {
                "INTEGER" => row.try_get::<i64, _>(place).map(|number| Value::Integer(Some(number))),
                "TEXT" => row.try_get::<String, _>(place).map(|text| Value::Text(Some(text))),
                _ => row.try_get::<Vec<u8>, _>(place).map(|bytes| Value::Bytes(Some(bytes))),
            }
            .map_err(reading)
        })
        .collect()
}

/// By place and length of a statement.
type Written = HashMap<(usize, usize), Option<Arc<str>>>;

/// A statement of many rows with `?` in the places of `$1, $2 …`, if these stand there each once and in their order. SQLite
/// looks for the name of every numbered place among all of them, which costs the square of their number.
fn in_order(sql: &'static str, count: usize) -> Option<Arc<str>> {
    static WRITTEN: LazyLock<RwLock<Written>> = LazyLock::new(RwLock::default);
    if count < MANY {
        return None;
    }
    // Statements live as long as the program: place and length say which it is.
    let key = (sql.as_ptr() as usize, sql.len());
    if let Some(known) = WRITTEN.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(&key) {
        return known.clone();
    }
    let written: Option<Arc<str>> = with_question_marks(sql, count).map(Arc::from);
    WRITTEN.write().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(key, written.clone());
    written
}

fn with_question_marks(sql: &str, count: usize) -> Option<String> {
    // A text in quotes could hold anything.
    if sql.contains(['\'', '"', '?']) {
        return None;
    }
    let mut pieces = sql.split('$');
    let mut out = pieces.next()?.to_owned();
    for (number, piece) in (1..).zip(pieces) {
        let rest = piece.strip_prefix(&format!("{number}"))?;
        if number > count || rest.starts_with(|next: char| next.is_ascii_digit()) {
            return None;
        }
        out.push('?');
        out.push_str(rest);
    }
    Some(out)
}

fn arguments(args: &[Value]) -> Result<SqliteArguments, Fault> {
    let mut arguments = SqliteArguments::default();
    for arg in args {
        match arg {
            Value::Integer(number) => arguments.add(*number),
            Value::Text(text) => arguments.add(text.clone()),
            Value::Bytes(bytes) => arguments.add(bytes.clone()),
        }
        .map_err(|cause| Fault::new("bind an argument", cause))?;
    }
    Ok(arguments)
}

/// The common DDL in SQLite's words: its STRICT tables know INTEGER and BLOB where the common text says BIGINT and BYTEA.
pub(super) fn translate(ddl: &str) -> String {
    let mut out = String::with_capacity(ddl.len() + 64);
    let mut in_table = false;
    for line in ddl.lines() {
        if line.trim_start().starts_with("CREATE TABLE") {
            in_table = true;
        }
        let line = line.replace("BIGINT", "INTEGER").replace("BYTEA", "BLOB");
        if in_table && line.trim_end().ends_with(");") {
            in_table = false;
            out.push_str(line.trim_end().trim_end_matches(';'));
            out.push_str(" STRICT;\n");
        } else {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn reading(cause: sqlx::Error) -> Fault {
    Fault::passing("read from the store", cause)
}

fn writing(cause: sqlx::Error) -> Fault {
    Fault::passing("write to the store", cause)
}

#[cfg(test)]
mod tests {
    use super::with_question_marks;

    #[test]
    fn places_in_their_order_become_question_marks_and_no_others() {
        for (sql, count, expected) in [
            ("INSERT INTO a (b, c) VALUES ($1, $2)", 2, Some("INSERT INTO a (b, c) VALUES (?, ?)")),
            (
                "VALUES ($1),($2),($3),($4),($5),($6),($7),($8),($9),($10)",
                10,
                Some("VALUES (?),(?),(?),(?),(?),(?),(?),(?),(?),(?)"),
            ),
            ("VALUES ($2, $1)", 2, None),
            ("SELECT $1 WHERE a = $1", 1, None),
            ("SELECT $1, $2", 1, None),
            ("SELECT $10", 1, None),
            ("SELECT '$1', $1", 1, None),
            ("SELECT $1 = \"a\"", 1, None),
            ("SELECT ?, $1", 2, None),
        ] {
            assert_eq!(with_question_marks(sql, count).as_deref(), expected, "{sql}");
        }
    }
}
