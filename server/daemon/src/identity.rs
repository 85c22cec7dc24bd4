//! Who speaks: from a signed message or a client certificate to a device.
//!
//! Apple, "Pass an Identity Certificate Through a Proxy": the device signs the body of each message
//! with its identity (`Mdm-Signature`), or presents it in the TLS handshake. Neither is trusted by
//! itself: the certificate has to be ours, in time, for client authentication, and not revoked.

mod cache;

use std::sync::Arc;

use http::HeaderMap;
use mdm_certs::mdm_signature::{self, MdmSignatureError};
use mdm_certs::oid::CLIENT_AUTH;
use mdm_certs::trust::{Untrusted, check_identity};
use mdm_certs::x509::{CertificateFacts, MalformedCertificate};
use mdm_core::device::Device;
use mdm_core::id::{Fingerprint, Serial};
use mdm_core::ports::{Committed, Key, Record};
use mdm_core::service::Services;
use mdm_core::service::enrollment::EnrollmentError;
use mdm_core::time::Timestamp;

use crate::edge::{Absent, ClientCertificate, Conn};
use crate::pki::Pki;

use cache::{Bindings, Keys, KnownKey};

/// The header that carries a signature over the body.
const MDM_SIGNATURE: &str = "mdm-signature";

/// Which identities speak for which devices.
#[derive(Debug)]
pub struct Identities {
    pki: Arc<Pki>,
    tolerance: time::Duration,
    keys: Keys,
    bindings: Bindings,
}

/// An identity that is proven and trusted; whose it is, is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The certificate.
    pub fingerprint: Fingerprint,
}

/// The device behind an identity.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The device.
    pub device: Arc<Device>,
    /// The certificate was revoked.
    pub revoked: Option<Serial>,
}

/// Why nobody was recognised. Answered with 400: a 401 would make the device unenroll.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unproven {
    /// Neither a signature nor a certificate came.
    #[error("the request carries no Mdm-Signature header{0}")]
    Nothing(&'static str),
    /// The header occurs twice.
    #[error("the request carries more than one Mdm-Signature header")]
    Twice,
    /// The signature does not hold.
    #[error("the Mdm-Signature does not hold")]
    Signature(#[from] MdmSignatureError),
    /// The client certificate cannot be read.
    #[error("the client certificate cannot be read")]
    Certificate(#[from] MalformedCertificate),
    /// It is not to be trusted.
    #[error("the certificate {fingerprint} is not accepted ({})", source.reason())]
    Untrusted {
        /// The certificate.
        fingerprint: String,
        /// Why.
        source: Untrusted,
    },
}

impl Identities {
    /// Recognises nobody yet. `tolerance` is how far the clock of a device may be off.
    pub fn new(pki: Arc<Pki>, tolerance: std::time::Duration) -> Self {
        let tolerance = time::Duration::try_from(tolerance).unwrap_or(time::Duration::MAX);
        Self {
            pki,
            tolerance,
            keys: Keys::default(),
            bindings: Bindings::default(),
        }
    }

    /// Proves who sent a message: by certificate where one was presented, else by signature.
    pub fn prove(
        &self,
        conn: &Conn,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Proven, Unproven> {
        match &conn.certificate {
            ClientCertificate::Presented(chain) => {
                let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
                let fingerprint = mdm_certs::x509::Fingerprint::of(leaf);
                if let Some(known) = self.keys.get(&fingerprint)
                    && self.in_time(&known, now)
                {
                    return Ok(Proven {
                        fingerprint: known.fingerprint,
                    });
                }
                let facts = CertificateFacts::parse(leaf)?;
                let key = facts_key(&facts)?;
                self.trust(&facts, key, now)
            }
            ClientCertificate::Absent(absent) => self.by_signature(*absent, headers, body, now),
        }
    }

    fn by_signature(
        &self,
        absent: Absent,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Proven, Unproven> {
        let mut values = headers.get_all(MDM_SIGNATURE).iter();
        let Some(header) = values.next() else {
            return Err(Unproven::Nothing(match absent {
                Absent::NotRequested => ", and this listener asks for no client certificate",
                Absent::NotOffered => ", and the device presented no client certificate when asked",
            }));
        };
        if values.next().is_some() {
            return Err(Unproven::Twice);
        }
        let known = std::cell::OnceCell::new();
        let signer = mdm_signature::verify(header.as_bytes(), body, |fingerprint| {
            let found = self.keys.get(fingerprint)?;
            let key = Arc::clone(&found.key);
            let _ = known.set(found);
            Some(key)
        })?;
        if let Some(known) = known.into_inner()
            && self.in_time(&known, now)
        {
            return Ok(Proven {
                fingerprint: known.fingerprint,
            });
        }
        let facts = CertificateFacts::parse(&signer.der)?;
        self.trust(&facts, signer.public_key, now)
    }

    fn in_time(&self, known: &KnownKey, now: Timestamp) -> bool {
        let now = now.to_datetime();
        known.not_before.saturating_sub(self.tolerance) <= now
            && now <= known.not_after.saturating_add(self.tolerance)
    }

    fn trust(
        &self,
        facts: &CertificateFacts,
        key: Arc<mdm_certs::cms::PublicKey>,
        now: Timestamp,
    ) -> Result<Proven, Unproven> {
        let hex = facts.fingerprint.to_string();
        check_identity(
            facts,
            self.pki.anchors(),
            now.to_datetime(),
            self.tolerance,
            CLIENT_AUTH,
        )
        .map_err(|source| Unproven::Untrusted {
            fingerprint: hex.clone(),
            source,
        })?;
        let Ok(fingerprint) = hex.parse::<Fingerprint>() else {
            return Err(Unproven::Nothing(""));
        };
        self.keys.put(
            facts.fingerprint,
            KnownKey {
                fingerprint: fingerprint.clone(),
                key,
                not_before: facts.validity.not_before,
                not_after: facts.validity.not_after,
            },
        );
        Ok(Proven { fingerprint })
    }

    /// The device that a proven identity speaks for.
    pub async fn bound(
        &self,
        services: &Services,
        proven: &Proven,
    ) -> Result<Bound, EnrollmentError> {
        if let Some(bound) = self.bindings.get(&proven.fingerprint) {
            return Ok(bound);
        }
        let seen = self.bindings.generation();
        let (certificate, device) = services.identify(&proven.fingerprint).await?;
        let revoked = certificate
            .revoked
            .is_some()
            .then(|| certificate.serial.clone());
        let bound = Bound {
            device: Arc::new(device),
            revoked,
        };
        self.bindings.put(&proven.fingerprint, &bound, seen);
        Ok(bound)
    }
}

fn facts_key(facts: &CertificateFacts) -> Result<Arc<mdm_certs::cms::PublicKey>, Unproven> {
    mdm_certs::cms::PublicKey::from_info(&facts.spki_der)
        .map(Arc::new)
        .map_err(|e| Unproven::Signature(MdmSignatureError::Key(e)))
}

impl Committed for Identities {
    fn concerns(&self, record: &Record) -> bool {
        match record {
            Record::Device(_) | Record::Certificate(_) => true,
            Record::Channel(_)
            | Record::Command(_)
            | Record::Delivery(_)
            | Record::Profile(_)
            | Record::Code(_)
            | Record::Challenge(_)
            | Record::Link(_)
            | Record::Session(_)
            | Record::User(_)
            | Record::Group(_)
            | Record::Assignment(_)
            | Record::Settings(_)
            | Record::Prompt(_) => false,
        }
    }

    fn committed(&self, records: &[Record], deleted: &[Key]) {
        for record in records {
            if let Record::Device(device) = record {
                self.bindings.forget_device(&device.id);
            } else if let Record::Certificate(certificate) = record {
                self.bindings.forget(&certificate.fingerprint);
            }
        }
        for key in deleted {
            if let Key::Device(id) = key {
                self.bindings.forget_device(id);
            }
        }
    }
}
