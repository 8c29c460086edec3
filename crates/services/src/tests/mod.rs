//! Store tests of the use cases, each on SQLite and on PostgreSQL.

mod journeys;
mod refusals;
mod texts;
mod world;
