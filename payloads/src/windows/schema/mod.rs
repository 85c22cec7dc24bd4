//! The management tree Microsoft publishes, and checks against it.
//!
//! The facts come from `tests/fixtures/windows-csp/nodes.json`, compiled in. What is compiled from a profile is refused when an error is
//! found; what somebody wrote by hand may be sent all the same, since a test may want to see what a device does with it.

mod check;
mod rule;
mod table;
mod target;
mod unit;
mod uri;
mod value;

pub use check::check;
pub use table::paths;
pub use target::{System, Target};
pub use unit::{check_plan, check_unit};
