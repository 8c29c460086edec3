//! Results of the method: on the report's own answers (`report`) and on the running country (`live`). Both are plain
//! functions to the same sheet, so that the two stand side by side.

mod live;
mod print;
mod report;
mod sheet;

pub use live::{Observation, Observations, asks, live};
pub use report::report;
pub use sheet::{
    Basis, ComponentScore, Conflict, ConflictValue, Judged, Mark, QuestionScore, Score, ServiceScore, Sheet,
};
