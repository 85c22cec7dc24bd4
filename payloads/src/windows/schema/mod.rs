//! The management tree Microsoft publishes, and checks against it.

mod target;

pub use target::{InvalidOsBuild, OsBuild, System, Target};
