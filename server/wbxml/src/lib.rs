//! A bounded WBXML codec with the token tables of SyncML and its meta information.
//!
//! WBXML is the binary spelling of XML that OMA DM and Exchange ActiveSync speak ("WAP Binary XML Content Format",
//! WAP-192-WBXML-20010725-a, versions 1.1 to 1.3). What an element is called depends on the document's [`Dialect`],
//! a table of code pages; the codec itself knows no vocabulary.
//!
//! ```
//! use mdm_wbxml::{Budget, Document, Event, decode, encode, syncml};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut document = Document::new(&syncml::SYNCML_1_2);
//! document.events = vec![
//!     Event::start("SYNCML:SYNCML1.2", "SyncML"),
//!     Event::text("hello"),
//!     Event::End,
//! ];
//! let bytes = encode(&document)?;
//! assert_eq!(bytes, b"\x03\xa4\x01\x6a\x00\x6d\x03hello\0\x01");
//! assert_eq!(decode(&bytes, syncml::DIALECTS, &Budget::default())?, document);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod budget;
mod cursor;
mod dialect;
mod document;
mod event;
mod read_error;
mod reader;
mod string_table;
pub mod syncml;
mod token;
mod writer;

pub use budget::Budget;
pub use dialect::{Dialect, Page};
pub use document::{Document, PublicId, Version};
pub use event::{Event, Name};
pub use read_error::ReadError;
pub use reader::decode;
pub use writer::{WriteError, encode};
