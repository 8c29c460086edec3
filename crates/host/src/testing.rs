//! For tests only (feature `testing`): fresh stores on both databases, folders that go away.

use crate::store::{Location, Migration, Store};
use base::Chance;
use std::path::{Path, PathBuf};

/// A folder that is removed when dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> TempDir {
        let path = std::env::temp_dir().join(format!("pencere-test-{}", base::SystemChance.hex(8)));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        TempDir(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for TempDir {
    fn default() -> Self {
        TempDir::new()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A test's rest in the temporary folder harms nobody.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

/// The address of the PostgreSQL that the tests use; `cargo xtask test` starts one and sets it.
#[expect(clippy::disallowed_methods, reason = "tests are told where PostgreSQL is by their runner")]
pub fn postgres_url() -> String {
    std::env::var("PENCERE_TEST_POSTGRES")
        .expect("PENCERE_TEST_POSTGRES is not set: run the tests through `cargo xtask test`, which starts PostgreSQL")
}

/// A fresh store on SQLite and one on PostgreSQL with the same tables. Store tests loop over both.
pub async fn stores(migrations: &[&[Migration]]) -> Vec<Store> {
    let lite = TempDir::new();
    let path = lite.path().join("store.db");
    // The folder outlives the test's handle on it; the operating system clears the temporary folder.
    std::mem::forget(lite);
    let schema = format!("test_{}", base::SystemChance.hex(8));
    let mut stores = Vec::new();
    for location in [Location::Sqlite(path), Location::Postgres { url: postgres_url(), schema }] {
        stores.push(Store::open(&location, migrations).await.expect("a fresh store opens"));
    }
    stores
}
