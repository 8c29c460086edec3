//! The e-service engine: catalogue, forms, once-only evidence, cases, decisions, documents, feedback. It knows no ministry:
//! every service is a folder of the country, and other parts are reached through the ports in `ports`.

mod apply;
pub mod calendar;
pub mod case;
pub mod catalogue;
pub mod decision;
pub mod document;
pub mod evidence;
pub mod form;
mod jobs;
pub mod ports;
mod refusal;
pub mod rule;
mod schema;
mod services;
pub mod view;
mod work;

pub use refusal::{FieldProblem, Outcome, Refusal};
pub use schema::MIGRATIONS;
pub use services::{Services, Setup};

#[cfg(test)]
mod tests;
