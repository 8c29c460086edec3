//! The log-in pages: begin, prove with card or phone, say whom you act for, return to the client. Each method is one pure file
//! (what is signed, how it is judged) and one with its routes.

pub mod begin;
pub mod card;
pub mod card_route;
pub mod choose;
pub mod phone;
pub mod phone_route;
