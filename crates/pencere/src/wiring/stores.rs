//! Which store a part gets: files of the data directory on one machine, schemas of one PostgreSQL where several processes
//! share the state. One store a security domain, so that no part can read another's rows by mistake.

use crate::place::Place;
use host::store::{Location, Migration, Store};
use std::path::Path;

/// Where the rows of the country live.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stores {
    /// SQLite files in the data directory.
    Files,
    /// Schemas in this database: `postgres://user@host:port/database`.
    Postgres(String),
}

impl Stores {
    /// Opens the store of that name with these parts' tables.
    pub async fn open(&self, place: &Place, name: &str, parts: &[&[Migration]]) -> Result<Store, String> {
        let location = self.location(&place.room("stores")?, name);
        Store::open(&location, parts).await.map_err(|cause| cause.to_string())
    }

    pub fn location(&self, folder: &Path, name: &str) -> Location {
        match self {
            Stores::Files => Location::Sqlite(folder.join(format!("{name}.db"))),
            Stores::Postgres(url) => {
                Location::Postgres { url: url.clone(), schema: format!("pencere_{}", name.replace('-', "_")) }
            }
        }
    }
}
