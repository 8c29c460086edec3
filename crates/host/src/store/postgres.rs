//! PostgreSQL: a pool; every transaction is its own, the server groups the commits. Each store has a schema of its own.

use super::OpenError;
use super::value::{Row, Value};
use base::Fault;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Column, ConnectOptions, Executor, Row as _, TypeInfo, ValueRef};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const CONNECTIONS_MAX: u32 = 16;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Postgres {
    pool: PgPool,
}

pub(super) struct PostgresTx {
    inner: sqlx::Transaction<'static, sqlx::Postgres>,
}

impl Postgres {
    pub(super) async fn open(url: &str, schema: &str) -> Result<Postgres, OpenError> {
        let plain = !schema.is_empty() && schema.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // The address may hold a password, so the message names the schema only.
        let unusable = |cause: String| OpenError::Unusable { place: format!("schema {schema}"), cause };
        if !plain {
            return Err(unusable("a schema name is letters, digits and underscores".to_owned()));
        }
        let options: PgConnectOptions = url.parse().map_err(|cause: sqlx::Error| unusable(cause.to_string()))?;
        let options = options.options([("search_path", schema)]).disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await
            .map_err(|cause| unusable(cause.to_string()))?;
        let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
        pool.execute(sqlx::raw_sql(AssertSqlSafe(create))).await.map_err(|cause| unusable(cause.to_string()))?;
        Ok(Postgres { pool })
    }

    pub(super) async fn query(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        let rows = self.pool.fetch_all(sqlx::query_with(sql, arguments(args)?)).await.map_err(reading)?;
        read(&rows)
    }

    pub(super) async fn begin(&self) -> Result<PostgresTx, Fault> {
        Ok(PostgresTx { inner: self.pool.begin().await.map_err(writing)? })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl PostgresTx {
    pub(super) async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, Fault> {
        let done = self.inner.execute(sqlx::query_with(sql, arguments(args)?)).await.map_err(writing)?;
        Ok(done.rows_affected())
    }

    pub(super) async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        read(&self.inner.fetch_all(sqlx::query_with(sql, arguments(args)?)).await.map_err(reading)?)
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<(), Fault> {
        self.inner.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map_err(writing)?;
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), Fault> {
        self.inner.commit().await.map_err(writing)
    }

    pub(super) async fn rollback(self) {
        if let Err(cause) = self.inner.rollback().await {
            // The server undoes what was not committed when the connection ends.
            tracing::warn!(%cause, "undoing a transaction");
        }
    }
}

fn read(rows: &[PgRow]) -> Result<Vec<Row>, Fault> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names: HashMap<String, usize> =
        first.columns().iter().map(|column| (column.name().to_owned(), column.ordinal())).collect();
    let names = Arc::new(names);
    rows.iter().map(|row| Ok(Row::new(names.clone(), values(row)?))).collect()
}

fn values(row: &PgRow) -> Result<Vec<Value>, Fault> {
    (0..row.len())
        .map(|place| {
            let raw = row.try_get_raw(place).map_err(reading)?;
            let info = raw.type_info().into_owned();
            match info.name() {
                "INT8" => row.try_get::<Option<i64>, _>(place).map(Value::Integer),
                "INT4" => row.try_get::<Option<i32>, _>(place).map(|number| Value::Integer(number.map(i64::from))),
                "BOOL" => row.try_get::<Option<bool>, _>(place).map(|truth| Value::Integer(truth.map(i64::from))),
                "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(place).map(Value::Bytes),
                "TEXT" | "VARCHAR" | "NAME" => row.try_get::<Option<String>, _>(place).map(Value::Text),
                // SUM over BIGINT is NUMERIC here and INTEGER on SQLite: write CAST(SUM(x) AS BIGINT).
                other => panic!("the column type {other} is not in the common ground (docs/STORE.md)"),
            }
            .map_err(reading)
        })
        .collect()
}

fn arguments(args: &[Value]) -> Result<PgArguments, Fault> {
    let mut arguments = PgArguments::default();
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

fn reading(cause: sqlx::Error) -> Fault {
    Fault::passing("read from the store", cause)
}

fn writing(cause: sqlx::Error) -> Fault {
    Fault::passing("write to the store", cause)
}
