use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::node::{characteristic, parm};
use crate::{
    secret::{Password, Token},
    xml::Writer,
};

/// What the server proves itself to the device with (`AAUTHLEVEL` `CLIENT`): always a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCredential {
    /// The server's password on the device.
    pub secret: Password,
    /// The first nonce.
    pub nonce: Token,
}

/// What the device proves itself to the server with (`AAUTHLEVEL` `APPSRV`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredential {
    /// How.
    pub scheme: Scheme,
    /// The device's name at the server.
    pub name: String,
    /// Its password there.
    pub secret: Password,
}

/// How a device proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Name and password as they are.
    Basic,
    /// A digest of them and a nonce, which begins with this one.
    Digest {
        /// The nonce.
        nonce: Token,
    },
}

impl ServerCredential {
    pub(super) fn write(&self, w: &mut Writer) {
        characteristic(w, "APPAUTH", |w| {
            parm(w, "AAUTHLEVEL", "CLIENT");
            parm(w, "AAUTHTYPE", "DIGEST");
            parm(w, "AAUTHSECRET", self.secret.expose());
            parm(w, "AAUTHDATA", &BASE64_STANDARD.encode(self.nonce.expose()));
        });
    }
}

impl ClientCredential {
    pub(super) fn write(&self, w: &mut Writer) {
        let (scheme, nonce) = match &self.scheme {
            Scheme::Basic => ("BASIC", None),
            Scheme::Digest { nonce } => ("DIGEST", Some(nonce)),
        };
        characteristic(w, "APPAUTH", |w| {
            parm(w, "AAUTHLEVEL", "APPSRV");
            parm(w, "AAUTHTYPE", scheme);
            parm(w, "AAUTHNAME", &self.name);
            parm(w, "AAUTHSECRET", self.secret.expose());
            if let Some(nonce) = nonce {
                parm(w, "AAUTHDATA", &BASE64_STANDARD.encode(nonce.expose()));
            }
        });
    }
}
