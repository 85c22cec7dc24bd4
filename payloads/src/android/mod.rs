//! What an Android device is given: certificates first, then an account by the keys of the app that holds it.
//!
//! [`compile()`] makes a [`Plan`] of pure values; which agent carries it is decided elsewhere.

mod compile;
mod gmail;
mod knox;
mod nine;
mod plan;
mod restriction;

pub use compile::{CompileError, Input, alias, compile};
pub use plan::{AppConfiguration, CertificateNeed, KnoxAccount, KnoxPolicy, Plan, Target};
pub use restriction::{Bundle, Restriction};
