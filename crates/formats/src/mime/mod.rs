//! Multipart bodies (RFC 2046 §5.1) and the parameters of content types (RFC 2045 §5.1). Parts are places in the received
//! bytes: what is signed is never copied into another form. Bare LF and a missing last boundary are tolerated, because
//! signed configurations in the field have them.

mod content_type;
mod multipart;
mod splitter;

pub use content_type::ContentType;
pub use multipart::{MimeError, Part, PartReader, read_all, write_end, write_head, write_part};
pub use splitter::{Splitter, Step};
