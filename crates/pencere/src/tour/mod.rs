//! The journeys without a browser: a person's steps over HTTP against a running country, and what must be true at the end.

pub mod browser;
pub mod html;
pub mod report;
