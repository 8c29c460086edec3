//! One portable SQL text on SQLite (embedded default) and PostgreSQL (scale). The seam is the driver: parts write one text
//! with `$1, $2 …`, and never ask which database is behind it. Rules of the common ground: `docs/STORE.md`.

mod lite;
mod migrate;
mod postgres;
mod value;

pub use migrate::{Migration, OpenError};
pub use value::{Row, Value};

use base::Fault;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a store's rows live.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of its own; its folder must exist.
    Sqlite(PathBuf),
    /// A schema of its own in a database that must exist.
    Postgres { url: String, schema: String },
}

/// A handle to one store; cloning shares it.
#[derive(Clone)]
pub struct Store {
    driver: Driver,
}

#[derive(Clone)]
enum Driver {
    Lite(Arc<lite::Lite>),
    Postgres(postgres::Postgres),
}

/// A transaction. Dropping it undoes it. On SQLite it holds the only writer, so nothing slow may be awaited while it lives.
pub struct Tx {
    inner: Inner,
}

enum Inner {
    Lite(lite::LiteTx),
    Postgres(postgres::PostgresTx),
}

impl Store {
    /// Opens the store and brings its tables up to date. `migrations` lists what each part brings, `host`'s own come first.
    pub async fn open(location: &Location, migrations: &[&[Migration]]) -> Result<Store, OpenError> {
        let plan = migrate::plan(migrations);
        let driver = match location {
            Location::Sqlite(path) => Driver::Lite(Arc::new(lite::Lite::open(path).await?)),
            Location::Postgres { url, schema } => Driver::Postgres(postgres::Postgres::open(url, schema).await?),
        };
        let store = Store { driver };
        migrate::apply(&store, &plan).await?;
        Ok(store)
    }

    /// Reads committed rows without waiting for the writer.
    pub async fn query(&self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        match &self.driver {
            Driver::Lite(lite) => lite.query(sql, args).await,
            Driver::Postgres(postgres) => postgres.query(sql, args).await,
        }
    }

    /// As `query`, for at most one row; a second row is a bug in the query.
    pub async fn query_opt(&self, sql: &'static str, args: &[Value]) -> Result<Option<Row>, Fault> {
        Ok(at_most_one(sql, self.query(sql, args).await?))
    }

    pub async fn begin(&self) -> Result<Tx, Fault> {
        let inner = match &self.driver {
            Driver::Lite(lite) => Inner::Lite(lite::begin(lite).await?),
            Driver::Postgres(postgres) => Inner::Postgres(postgres.begin().await?),
        };
        Ok(Tx { inner })
    }

    /// Waits for what runs and closes the files or connections.
    pub async fn close(&self) {
        match &self.driver {
            Driver::Lite(lite) => lite.close().await,
            Driver::Postgres(postgres) => postgres.close().await,
        }
    }

    fn translate(&self, ddl: &str) -> String {
        match &self.driver {
            Driver::Lite(_) => lite::translate(ddl),
            Driver::Postgres(_) => ddl.to_owned(),
        }
    }
}

impl Tx {
    /// Runs one statement; the number of rows it touched.
    pub async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, Fault> {
        match &mut self.inner {
            Inner::Lite(tx) => tx.execute(sql, args).await,
            Inner::Postgres(tx) => tx.execute(sql, args).await,
        }
    }

    /// Reads inside the transaction: sees what it wrote.
    pub async fn query(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, Fault> {
        match &mut self.inner {
            Inner::Lite(tx) => tx.query(sql, args).await,
            Inner::Postgres(tx) => tx.query(sql, args).await,
        }
    }

    pub async fn query_opt(&mut self, sql: &'static str, args: &[Value]) -> Result<Option<Row>, Fault> {
        Ok(at_most_one(sql, self.query(sql, args).await?))
    }

    /// When this returns without a fault, the rows survive a power cut.
    pub async fn commit(self) -> Result<(), Fault> {
        match self.inner {
            Inner::Lite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
    }

    pub async fn rollback(self) {
        match self.inner {
            Inner::Lite(tx) => tx.rollback().await,
            Inner::Postgres(tx) => tx.rollback().await,
        }
    }

    /// Statements of a migration: text of ours, several statements, no parameters.
    async fn batch(&mut self, sql: String) -> Result<(), Fault> {
        match &mut self.inner {
            Inner::Lite(tx) => tx.batch(sql).await,
            Inner::Postgres(tx) => tx.batch(sql).await,
        }
    }
}

fn at_most_one(sql: &str, mut rows: Vec<Row>) -> Option<Row> {
    assert!(rows.len() <= 1, "at most one row was promised: {sql}");
    rows.pop()
}

/// The arguments of a statement, in the order of `$1, $2 …`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { [$($crate::store::Value::from($value)),*] };
}

#[cfg(test)]
mod tests;
