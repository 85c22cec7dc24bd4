//! Issuance: which certificate request is granted, and what an issued certificate changes.

use crate::certificate::{Certificate, Policy, Purpose, Revocation, RevocationReason};
use crate::challenge::{Asked, Challenge, ChallengeRefused, Verdict};
use crate::delivery::IdentityIssued;
use crate::event::{Kind, NewEvent};
use crate::id::{ChallengeId, DeviceId, Fingerprint, Scope, Serial, Version};
use crate::ports::{Commit, Kept, Record};
use crate::service::enrollment::provisional;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

/// A certificate request, as far as a decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// SHA-256 of its challenge, when it carries one.
    pub challenge: Option<ChallengeId>,
    /// SHA-256 of its public key, lower-case hex.
    pub key_sha256: String,
    /// `transactionID`.
    pub transaction: String,
    /// The certificate that signed it, when that is not the transient self-signed one: a renewal.
    pub signer: Option<Fingerprint>,
    /// The request itself, DER: kept while it waits for approval.
    pub csr: Vec<u8>,
    /// Its subject as text, for the record.
    pub subject: String,
}

/// What a granted certificate is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Where it belongs.
    pub scope: Scope,
    /// What for.
    pub purpose: Purpose,
    /// What it carries beside the request.
    pub policy: Policy,
    /// Whose it is, when known.
    pub device: Option<DeviceId>,
    /// The challenge that allows it, bound to the request.
    pub challenge: Option<Challenge>,
    /// The certificate it renews.
    pub renews: Option<Fingerprint>,
}

/// The decision on a request.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "one decision per request, soon gone"
)]
pub enum Decision {
    /// Issue this.
    Issue(Grant),
    /// Answer with this one again.
    Repeat(Certificate),
    /// Answer PENDING.
    Pending,
    /// Refuse, for this reason.
    Refuse(Refusal),
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its challenge does not allow it.
    #[error(transparent)]
    Challenge(#[from] ChallengeRefused),
    /// The certificate that signed it is not one of ours.
    #[error("the certificate that signed the renewal is not one of ours")]
    ForeignSigner,
    /// It was revoked.
    #[error("certificate {0}, which signed the renewal, was revoked")]
    RevokedSigner(Serial),
    /// Its time is over.
    #[error("certificate {0}, which signed the renewal, expired at {1}")]
    ExpiredSigner(Serial, Timestamp),
    /// There is no such waiting request.
    #[error("no request waits in this transaction")]
    NothingWaits,
}

/// A certificate that was made for a grant.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// Its serial number.
    pub serial: Serial,
    /// Its subject as text.
    pub subject: String,
    /// DER in base64.
    pub der: String,
    /// Its own first moment.
    pub not_before: Timestamp,
    /// Its own last moment.
    pub not_after: Timestamp,
}

/// The key under which a waiting request is kept.
fn waiting_key(transaction: &str, key_sha256: &str) -> String {
    format!("scep:{transaction}:{key_sha256}")
}

/// A request that waits for approval, as it is kept.
#[derive(serde::Serialize, serde::Deserialize)]
struct Waiting {
    challenge: Option<ChallengeId>,
    signer: Option<Fingerprint>,
    csr: Vec<u8>,
    subject: String,
}

impl Services {
    /// Decides on a request. Nothing is issued yet; [`Services::issued`] records what the caller
    /// makes of a grant.
    pub async fn decide_request(&self, request: &Request) -> Result<Decision, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let challenge = match &request.challenge {
                Some(id) => self.store.challenge(id).await?,
                None => None,
            };
            let Some(challenge) = challenge else {
                return self.decide_renewal(request, now).await;
            };
            // A renewal may carry the challenge of the first request again: certmonger sends it, and
            // macOS renews with the challenge of its profile. What counts then is the certificate
            // that signed it.
            if challenge.issued.is_some() && self.is_signed_by_ours(request).await? {
                return self.decide_renewal(request, now).await;
            }
            let asked = Asked {
                key_sha256: &request.key_sha256,
                transaction: &request.transaction,
            };
            match challenge.decide(asked, now) {
                Verdict::Issue(challenge) => {
                    return Ok(Decision::Issue(Grant {
                        scope: challenge.scope.clone(),
                        purpose: challenge.purpose.clone(),
                        policy: challenge.policy.clone(),
                        device: challenge.device.clone(),
                        renews: None,
                        challenge: Some(challenge),
                    }));
                }
                Verdict::Repeat(fingerprint) => {
                    let certificate = self.store.certificate(&fingerprint).await?;
                    return certificate
                        .map(Decision::Repeat)
                        .ok_or_else(|| ServiceError::not_found("certificate", fingerprint));
                }
                Verdict::Refuse(reason) => return Ok(Decision::Refuse(reason.into())),
                Verdict::Pending(challenge) => {
                    if self.hold(request, challenge, now).await? {
                        return Ok(Decision::Pending);
                    }
                }
            }
        }
        Err(ServiceError::Contended("challenge"))
    }

    async fn hold(
        &self,
        request: &Request,
        challenge: Challenge,
        now: Timestamp,
    ) -> Result<bool, ServiceError> {
        let waiting = Waiting {
            challenge: request.challenge.clone(),
            signer: request.signer.clone(),
            csr: request.csr.clone(),
            subject: request.subject.clone(),
        };
        let event = NewEvent::new(
            now,
            &challenge.scope,
            Kind::CertificatePending,
            format!("the request for `{}` waits for approval", request.subject),
        )
        .fact("transaction", request.transaction.clone());
        let kept = Kept {
            key: waiting_key(&request.transaction, &request.key_sha256),
            bytes: serde_json::to_vec(&waiting).ok(),
        };
        let commit = Commit {
            records: vec![Record::Challenge(challenge)],
            kept: vec![kept],
            events: vec![event],
            ..Commit::default()
        };
        self.write(commit).await
    }

    async fn is_signed_by_ours(&self, request: &Request) -> Result<bool, ServiceError> {
        Ok(match &request.signer {
            Some(signer) => self.store.certificate(signer).await?.is_some(),
            None => false,
        })
    }

    async fn decide_renewal(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Decision, ServiceError> {
        let Some(signer) = &request.signer else {
            let missing = request.challenge.is_none();
            let reason = if missing {
                ChallengeRefused::Missing
            } else {
                ChallengeRefused::Unknown
            };
            return Ok(Decision::Refuse(reason.into()));
        };
        let Some(old) = self.store.certificate(signer).await? else {
            return Ok(Decision::Refuse(Refusal::ForeignSigner));
        };
        if old.revoked.is_some() {
            return Ok(Decision::Refuse(Refusal::RevokedSigner(old.serial)));
        }
        if old.not_after <= now {
            return Ok(Decision::Refuse(Refusal::ExpiredSigner(
                old.serial,
                old.not_after,
            )));
        }
        let repeated = self
            .store
            .certificate_by_transaction(&request.transaction, &request.key_sha256)
            .await?;
        if let Some(repeated) = repeated.filter(|c| c.renews.as_ref() == Some(signer)) {
            return Ok(Decision::Repeat(repeated));
        }
        Ok(Decision::Issue(Grant {
            scope: old.scope,
            purpose: old.purpose,
            policy: old.policy,
            device: old.device,
            challenge: None,
            renews: Some(old.fingerprint),
        }))
    }

    /// The request that waits in a transaction, for a poll that is signed by the same key.
    pub async fn waiting_request(
        &self,
        transaction: &str,
        key_sha256: &str,
    ) -> Result<Option<Request>, ServiceError> {
        let Some(bytes) = self
            .store
            .kept(&waiting_key(transaction, key_sha256))
            .await?
        else {
            return Ok(None);
        };
        Ok(serde_json::from_slice::<Waiting>(&bytes)
            .ok()
            .map(|w| Request {
                challenge: w.challenge,
                key_sha256: key_sha256.to_owned(),
                transaction: transaction.to_owned(),
                signer: w.signer,
                csr: w.csr,
                subject: w.subject,
            }))
    }

    /// Records a certificate that was made for `grant`. `None` means that another answer to the
    /// same request was faster: decide again, and answer with that one.
    pub async fn issued(
        &self,
        grant: &Grant,
        request: &Request,
        made: &Made,
    ) -> Result<Option<Certificate>, ServiceError> {
        let now = self.clock.now();
        let mut commit = Commit::default();
        let certificate = self
            .record_issued(grant, request, made, now, &mut commit)
            .await?;
        commit.kept.push(Kept {
            key: waiting_key(&request.transaction, &request.key_sha256),
            bytes: None,
        });
        Ok(self.write(commit).await?.then_some(certificate))
    }

    /// Puts an issued certificate, and all it changes, into `commit`.
    pub async fn record_issued(
        &self,
        grant: &Grant,
        request: &Request,
        made: &Made,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<Certificate, ServiceError> {
        let mut certificate = logged(grant, request, made, now);
        if let Some(mut challenge) = grant.challenge.clone() {
            challenge.issued = Some(made.fingerprint.clone());
            commit.records.push(Record::Challenge(challenge));
        }
        match &grant.purpose {
            Purpose::MdmIdentity {
                code,
                reality,
                replaces,
            } => {
                if replaces.is_none() && grant.renews.is_none() {
                    let code = match code {
                        Some(code) => self.store.code(code).await?,
                        None => None,
                    };
                    let id = self.ids.device();
                    let device = provisional(
                        id,
                        &grant.scope,
                        code.as_ref(),
                        *reality,
                        made.fingerprint.clone(),
                        now,
                    );
                    certificate.device = Some(device.id.clone());
                    commit.events.push(
                        NewEvent::new(
                            now,
                            &grant.scope,
                            Kind::EnrollmentIdentityIssued,
                            "a device's identity was issued; it has not checked in yet",
                        )
                        .device(&device.id)
                        .certificate(&made.serial),
                    );
                    commit.records.push(Record::Device(device));
                } else if let Some(id) = &grant.device
                    && grant.renews.is_some()
                    && let Some(mut device) = self.store.device(id).await?
                {
                    let used = match &device.identity {
                        Some(identity) => self.store.certificate(identity).await?,
                        None => None,
                    };
                    if used.is_some_and(|used| gives_way(&used, grant.renews.as_ref())) {
                        device.identity = Some(made.fingerprint.clone());
                        commit.records.push(Record::Device(device));
                    }
                }
            }
            Purpose::ProfileIdentity { delivery, .. } => {
                if let Some(mut delivery) = self.store.delivery(delivery).await? {
                    delivery.evidence.identity_issued = Some(IdentityIssued {
                        at: now,
                        serial: made.serial.clone(),
                        fingerprint: made.fingerprint.clone(),
                    });
                    commit.records.push(Record::Delivery(delivery));
                }
            }
        }
        let mut event = issued_event(&certificate, now);
        if let Purpose::ProfileIdentity { delivery, profile } = &grant.purpose {
            event = event.delivery(delivery, profile);
        }
        commit.events.push(event);
        commit
            .records
            .push(Record::Certificate(certificate.clone()));
        Ok(certificate)
    }

    /// The event that tells of a refused request. Whoever asked may ask without end, so the caller
    /// decides whether it is written.
    pub async fn refusal(
        &self,
        request: &Request,
        why: &Refusal,
    ) -> Result<NewEvent, ServiceError> {
        let now = self.clock.now();
        let scope = match &request.challenge {
            Some(id) => self
                .store
                .challenge(id)
                .await?
                .map(|c| c.scope)
                .unwrap_or_default(),
            None => Scope::default(),
        };
        Ok(NewEvent::new(
            now,
            &scope,
            Kind::CertificateRefused,
            format!("the request for `{}` was refused: {why}", request.subject),
        )
        .fact("transaction", request.transaction.clone()))
    }

    /// Revokes a certificate. Doing it again changes nothing.
    pub async fn revoke(
        &self,
        serial: &Serial,
        reason: RevocationReason,
    ) -> Result<Certificate, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let Some(mut certificate) = self.store.certificate_by_serial(serial).await? else {
                return Err(ServiceError::not_found("certificate", serial));
            };
            if certificate.revoked.is_some() {
                return Ok(certificate);
            }
            certificate.revoked = Some(Revocation { at: now, reason });
            let mut event = NewEvent::new(
                now,
                &certificate.scope,
                Kind::CertificateRevoked,
                format!(
                    "certificate {serial} of `{}` was revoked",
                    certificate.subject
                ),
            )
            .certificate(serial);
            if let Some(device) = &certificate.device {
                event = event.device(device);
            }
            let commit = Commit {
                records: vec![Record::Certificate(certificate.clone())],
                events: vec![event],
                ..Commit::default()
            };
            if self.write(commit).await? {
                return Ok(certificate);
            }
        }
        Err(ServiceError::Contended("certificate"))
    }
}

/// The entry of a new certificate in the log.
pub(super) fn logged(grant: &Grant, request: &Request, made: &Made, now: Timestamp) -> Certificate {
    Certificate {
        fingerprint: made.fingerprint.clone(),
        version: Version(0),
        serial: made.serial.clone(),
        scope: grant.scope.clone(),
        subject: made.subject.clone(),
        purpose: grant.purpose.clone(),
        policy: grant.policy.clone(),
        device: grant.device.clone(),
        challenge: grant.challenge.as_ref().map(|c| c.id.clone()),
        key_sha256: request.key_sha256.clone(),
        transaction: Some(request.transaction.clone()).filter(|t| !t.is_empty()),
        renews: grant.renews.clone(),
        der: made.der.clone(),
        issued_at: now,
        not_before: made.not_before,
        not_after: made.not_after,
        revoked: None,
    }
}

/// The event that tells of it.
pub(super) fn issued_event(certificate: &Certificate, now: Timestamp) -> NewEvent {
    let Certificate {
        serial, subject, ..
    } = certificate;
    let event = NewEvent::new(
        now,
        &certificate.scope,
        Kind::CertificateIssued,
        format!("certificate {serial} issued for `{subject}`"),
    )
    .certificate(serial)
    .fact("subject", subject.clone())
    .fact("not_after", certificate.not_after.to_string())
    .fact(
        "transaction",
        certificate.transaction.clone().unwrap_or_default(),
    );
    match &certificate.device {
        Some(device) => event.device(device),
        None => event,
    }
}

/// Whether the identity that a device uses gives way to a renewal of `renewed`: it is that one, or
/// an earlier renewal of it, whose answer was lost. The renewal of an identity that the device left
/// behind changes nothing.
fn gives_way(used: &Certificate, renewed: Option<&Fingerprint>) -> bool {
    renewed.is_some() && (Some(&used.fingerprint) == renewed || used.renews.as_ref() == renewed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Reality;

    #[test]
    fn only_the_identity_in_use_gives_way_to_its_renewal() {
        for (renews, renewed, gives) in [
            (None, Some("aa"), true),
            (Some("bb"), Some("bb"), true),
            (Some("bb"), Some("cc"), false),
            (None, Some("bb"), false),
            (None, None, false),
        ] {
            let used = Certificate {
                fingerprint: "aa".parse().unwrap(),
                version: Version(1),
                serial: "01".parse().unwrap(),
                scope: Scope::default(),
                subject: String::new(),
                purpose: Purpose::MdmIdentity {
                    code: None,
                    reality: Reality::Real,
                    replaces: None,
                },
                policy: Policy::mdm_identity(),
                device: None,
                challenge: None,
                key_sha256: String::new(),
                transaction: None,
                renews: renews.map(|f| f.parse().unwrap()),
                der: String::new(),
                issued_at: Timestamp(0),
                not_before: Timestamp(0),
                not_after: Timestamp(0),
                revoked: None,
            };
            let renewed = renewed.map(|f| f.parse().unwrap());
            assert_eq!(
                gives_way(&used, renewed.as_ref()),
                gives,
                "{renews:?} {renewed:?}"
            );
        }
    }
}
