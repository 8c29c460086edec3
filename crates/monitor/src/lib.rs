//! monitor: how well the state serves, by the report's own method and from evidence of the running country; statistics per
//! e-service and the monthly bulletin. It reads operational records only, through the port `Evidence`, and knows no ministry.

pub mod bulletin;
pub mod evidence;
pub mod fraction;
pub mod methodology;
pub mod month;
pub mod probe;
pub mod register;
pub mod score;
pub mod snapshot;
pub mod usage;

mod daily;
mod kept;
mod monitor;
mod monthly;
mod own;
mod record;
mod refusal;
mod schema;

pub use bulletin::Bulletin;
pub use evidence::{Ask, Evidence, Fact, Pointer, Sources, Window};
pub use fraction::Fraction;
pub use kept::{FRESH_US, PREVIOUS_US};
pub use methodology::Methodology;
pub use monitor::{EvidenceRecord, Monitor, Scoreboard};
pub use month::Month;
pub use monthly::OFFLINE_USERS_MAX;
pub use refusal::{Failure, Refusal};
pub use register::{Register, Registered};
pub use schema::MIGRATIONS;
