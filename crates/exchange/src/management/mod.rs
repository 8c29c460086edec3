//! Management services (reference §2.11): security servers ask the central server to register, change and delete what it
//! publishes of them. A request comes signed, is decided by the register's facts, and changes the published configuration.

mod approvals;
mod decide;
mod envelope;
mod ledger;
mod refusal;
mod request;
mod service;
mod verify;

pub use decide::{Origin, Policy};
pub use envelope::{Envelope, Piece, sign, write};
pub use ledger::{RequestView, Status};
pub use refusal::{ManagementFault, ManagementRefusal};
pub use request::{Asked, ManagementRequest, SERVICE_CODES, request_number};
pub use service::{Door, EXCHANGE_PATH, ManagementParts, ManagementService};
