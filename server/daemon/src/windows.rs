//! Windows devices. Enrollment: discovery, policies, the certificate with its provisioning document, the login page.
//! Management: sessions.
//!
//! The handlers are methods of [`crate::devices::Devices`], which routes, records and refuses for them.

mod dialogue;
mod discovery;
mod enrollment;
mod framing;
#[cfg(test)]
mod lab;
mod login;
mod management;
mod newcomer;
mod pages;
mod policy;
#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod protocol_tests;
mod provisioning;
mod refused;
#[cfg(test)]
mod session_tests;
mod ticket;

#[doc(hidden)]
pub use login::read_form;
pub use refused::WindowsRefused;

use mdm_windows::soap::{Envelope, Reply as Header, Unreadable};
use mdm_windows::xml::{Budget, WriteError};

use crate::devices::Knowledge;
use crate::respond::{Dialect, Failure, Reply, whole};

/// What one enrollment message may cost: what the route lets through, and far more nodes than a client sends.
const BUDGET: Budget = Budget {
    depth: 64,
    nodes: 10_000,
    bytes: 256 * 1024,
};

/// Takes a decoded request, so that whatever is answered from here on relates to it.
fn related<B>(
    read: Result<Envelope<B>, Unreadable>,
    known: &mut Knowledge,
) -> Result<Envelope<B>, Failure> {
    let message = match &read {
        Ok(envelope) => envelope.message_id.as_ref(),
        Err(unreadable) => unreadable.message_id.as_ref(),
    };
    if let Dialect::Soap(soap) = &mut known.dialect {
        soap.relate(message);
    }
    read.map_err(|unreadable| WindowsRefused::from(unreadable.problem).into())
}

/// An answer of SOAP, in one piece with its length.
fn answer(
    known: &Knowledge,
    encode: impl FnOnce(&Header) -> Result<String, WriteError>,
) -> Result<Reply, Failure> {
    let Dialect::Soap(soap) = &known.dialect else {
        return Err(Failure::Crypto {
            doing: "answering a SOAP request",
            cause: "its route is none of SOAP".to_owned(),
        });
    };
    let text = encode(&soap.header).map_err(|error| Failure::Crypto {
        doing: "writing an answer to a Windows device",
        cause: error.to_string(),
    })?;
    Ok(whole(
        http::StatusCode::OK,
        crate::respond::SOAP_MEDIA_TYPE,
        text,
    ))
}
