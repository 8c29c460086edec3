//! The e-service engine: catalogue, forms, once-only evidence, cases, decisions, documents, feedback. It knows no ministry:
//! every service is a folder of the country, and other parts are reached through the ports in `ports`.

pub mod calendar;
pub mod case;
pub mod catalogue;
pub mod decision;
pub mod evidence;
pub mod form;
pub mod ports;
mod refusal;
pub mod rule;
mod services;
pub mod view;

pub use refusal::{FieldProblem, Outcome, Refusal};
pub use services::Services;
