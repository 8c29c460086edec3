//! Test vectors made by others, judged: any folder with a `cases.json` (and a `soap/cases.json`) of the field's layout. What
//! a case is and what it expects stands in those files alone: nothing here knows a file by its name, a new file is a new
//! test. `cargo xtask vectors` and one test of this crate run it.

mod case;
mod judging;
mod kinds;
pub mod report;
pub mod soap;

pub use case::Case;
pub use judging::{Row, State, differences, is_code};

use case::Folder;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// In which spelling error codes are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codes {
    /// Since 7.8.
    #[default]
    Current,
    /// Until 7.7.
    Before,
}

/// Where the vectors lie beside a checkout.
pub fn default_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/xroad")
}

/// Judges every case of the folder: those of `cases.json`, then the end-to-end ones of `soap/cases.json`.
pub fn judge_all(folder: &Path, codes: Codes) -> Result<Vec<Row>, String> {
    let mut rows = judge_folder(folder, codes)?;
    rows.extend(soap::judge_folder(folder, codes)?);
    Ok(rows)
}

/// Judges every case of the folder's `cases.json`. An error is one of the folder itself.
pub fn judge_folder(folder: &Path, codes: Codes) -> Result<Vec<Row>, String> {
    let folder = Folder::open(folder)?;
    Ok(folder.cases()?.iter().map(|case| judging::judge(&folder, case, codes)).collect())
}

/// Judges one case: the operation that its kind names, over data that the caller may have changed.
pub fn run(folder: &Path, case: &Value, changed: Option<&[u8]>) -> Result<Value, String> {
    let folder = Folder::open(folder)?;
    let case = Case { folder: &folder, case, changed };
    kinds::run(&case).map_err(|refused| refused.to_string())
}

/// The cases of a folder, as they stand there.
pub fn cases(folder: &Path) -> Result<Vec<Value>, String> {
    Folder::open(folder)?.cases()
}
