//! A SCEP client (RFC 8894), as an Apple device has one: capabilities, CA certificate, request, polling, renewal.

mod client;
mod error;
mod message;
mod payload;
mod request;
mod subject;

pub use client::{Authority, Existing, Method, Options, Renewal, ScepClient};
pub use error::{FailInfo, ScepError};
pub use payload::{Enrollment, PayloadError};
pub use request::certificate_request;
pub use subject::{AltNames, Subject};

pub(crate) use request::self_signed_certificate;
