//! What devices are answered: one adapter per protocol between the wire and the domain.

mod checkin;
mod connect;
mod enroll;
mod handler;
mod pages;
mod scep;
mod sender;

pub use handler::Devices;
