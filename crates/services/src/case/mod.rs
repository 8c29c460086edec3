//! A case from its first draft to its last document: states, the legal clock, rows.

pub mod deadline;
mod facts;
pub(crate) mod parts;
pub(crate) mod row;
mod state;

pub(crate) use facts::Dossier;
pub(crate) use row::{Case, Source};
pub use state::{EDGES, Event, State, step};
