//! What devices are answered: one adapter per protocol between the wire and the domain.

mod checkin;
mod connect;
mod enroll;
mod handler;
mod pages;
mod scep;
mod sender;

pub use handler::Devices;
pub(crate) use handler::{Asked, Knowledge};
pub(crate) use pages::{escape, page};
pub(crate) use scep::{blocking, crypto};
