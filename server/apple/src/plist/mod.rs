//! Property lists: read as XML events under a budget, written with a fixed key order.
//!
//! Format: Apple's `PropertyList-1.0.dtd` and the page "About Information Property List Files".

mod budget;
mod error;
mod excerpt;
mod fields;
mod prologue;
mod read;
mod scalar;
mod value;
mod write;

pub use budget::{Budget, Limit};
pub use error::{PlistError, Position, Problem};
pub(crate) use excerpt::excerpt;
pub use fields::FieldError;
pub(crate) use fields::Fields;
pub use read::{Scalars, read, read_with};
pub use value::{Dict, Value};
pub use write::write;
