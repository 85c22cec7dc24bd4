//! ASN.1 in its basic and distinguished encodings (X.690): a bounded reader for what peers send, a
//! writer for what we send.

mod reader;
mod tag;
mod writer;

pub use reader::{DerError, Element, MAX_DEPTH, MAX_NODES, Reader};
pub use tag::Tag;
pub use writer::{Writer, encode};
