//! XML as device management speaks it: a namespace-aware reader under a budget, and a writer of elements.
//!
//! Names are matched by namespace and local name, never by prefix. Trees are not built; what is read is handed on
//! element by element.

mod budget;
mod character;
mod element;
mod namespace;
mod read_error;
mod reader;
mod writer;

pub use budget::Budget;
pub use element::{Attribute, Element};
pub use namespace::{Name, Ns};
pub use read_error::ReadError;
pub use reader::{Node, Reader};
pub use writer::{WriteError, Writer};
