//! The words that every room shares: instants, chance, identifiers, money, languages, refusals and faults.
//! No input or output happens here, and nothing here knows a part of the product.

pub mod chance;
pub mod clock;
pub mod dataservice;
pub mod fault;
pub mod fold;
pub mod hex;
pub mod id;
pub mod lang;
pub mod money;
pub mod pin;
pub mod signer;

pub use chance::{Chance, SeededChance, SystemChance};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use fault::{Failure, Fault, Refusal};
pub use hex::hex;
pub use id::Id;
pub use lang::{Lang, Localized, fill};
pub use money::Money;
pub use pin::Pin;
pub use signer::{Algorithm, Signer};

/// A day without a time, as laws and registers count them.
pub type Date = jiff::civil::Date;
