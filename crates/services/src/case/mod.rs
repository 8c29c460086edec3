//! A case from its first draft to its last document: states, rows, events.

mod state;

pub use state::{EDGES, Event, State, step};
