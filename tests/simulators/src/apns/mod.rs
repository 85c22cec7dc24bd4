//! A mock of Apple's push service: it checks the request as Apple does, answers as it is told, and wakes simulated
//! devices (Apple: "Sending notification requests to APNs").

mod certificate;
mod request;
mod server;

pub use request::{PushRequest, Scripted};
pub use server::{ApnsError, MockApns, Subscription};
