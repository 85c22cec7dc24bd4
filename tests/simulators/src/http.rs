//! A small HTTPS client: keep-alive, whole bodies within a bound, roots that are given, perhaps a client certificate.

mod client;
mod error;
mod tls;

pub use client::{Client, ClientOptions, Protocol, Resolve, Response, percent_encode};
pub use error::HttpError;

pub(crate) use client::Target;
pub(crate) use tls::{client_config, tls_identity};
