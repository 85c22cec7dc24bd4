//! Everything that a request may need, put together once at start.

use std::sync::Arc;

use mdm_core::ports::{Clock, Store};
use mdm_core::service::Services;
use mdm_payloads::Secret;
use mdm_store::exchanges::ExchangeStore;

use crate::advertised::Advertised;
use crate::config::Config;
use crate::identity::Identities;
use crate::ids::RandomIds;
use crate::pki::Pki;
use crate::push::Pusher;
use crate::render::Renderer;
use crate::seen::LastSeen;

/// Where this server is reached, as devices and people are told. No URL ends with a slash.
#[derive(Debug, Clone)]
pub struct Urls {
    /// Plain HTTP; none when that listener is off.
    pub bootstrap: Option<String>,
    /// HTTPS, under the advertised name.
    pub device: String,
    /// HTTPS that asks for a client certificate.
    pub mtls: Option<String>,
    /// The admin API.
    pub admin: String,
}

impl Urls {
    /// Where certificates are asked for.
    pub fn scep(&self) -> String {
        format!("{}/scep", self.device)
    }

    /// Where the revocation list is, over plain HTTP where that is served.
    pub fn crl(&self) -> String {
        format!(
            "{}/pki/crl",
            self.bootstrap.as_deref().unwrap_or(&self.device)
        )
    }

    /// Where a device begins: trust first.
    pub fn landing(&self) -> String {
        self.bootstrap
            .clone()
            .unwrap_or_else(|| self.device.clone())
    }
}

/// One server.
#[derive(Clone)]
pub struct Server {
    /// What it was told.
    pub config: Arc<Config>,
    /// The domain.
    pub services: Services,
    /// Storage, for reading.
    pub store: Arc<dyn Store>,
    /// The recorded exchanges.
    pub exchanges: Arc<ExchangeStore>,
    /// Its certificates.
    pub pki: Arc<Pki>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its identifiers.
    pub ids: Arc<RandomIds>,
    /// Makes profiles.
    pub renderer: Arc<Renderer>,
    /// Which identities speak for which devices.
    pub identities: Arc<Identities>,
    /// Wakes devices.
    pub pusher: Arc<Pusher>,
    /// When devices were last heard of.
    pub seen: Arc<LastSeen>,
    /// What devices were told.
    pub advertised: Arc<Advertised>,
    /// Where it is reached.
    pub urls: Arc<Urls>,
    /// What opens the admin API off loopback, and its dangerous parts everywhere.
    pub token: Arc<Secret>,
}
