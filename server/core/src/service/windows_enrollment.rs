//! Windows enrollment: who may enroll, what an issued certificate makes of a device, and its renewal.
//!
//! A device enrolls in two steps that are far apart: who it is, is asked with every message, while only the last one uses up
//! what lets it in. The certificate is made in between by the caller, as for SCEP.

mod ticket;

use std::collections::BTreeMap;

use self::ticket::refused_login;
pub use self::ticket::{Ticket, TicketRefused};
use crate::certificate::{Certificate, Policy, Purpose};
use crate::challenge::{Asked, Challenge, ChallengeRefused, Verdict};
use crate::code::Code;
use crate::device::{Device, DeviceState, Hardware, Platform};
use crate::event::{Kind, NewEvent};
use crate::id::{DeviceId, Fingerprint, Scope};
use crate::ports::{Commit, Kept, Record};
use crate::service::enrollment::{Admission, EnrollmentError, provisional};
use crate::service::issuance::{Grant, Made, Request, issued_event, logged};
use crate::service::{ServiceError, Services};
use crate::time::Timestamp;
use crate::windows::WindowsEnrollment;

/// Why an identity is not renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRenewed {
    /// It is none of ours, or none of a Windows device.
    #[error("the certificate {0} is no identity of a Windows device of this server")]
    Foreign(Fingerprint),
    /// The device has another one, or left.
    #[error("the device does not use the certificate {0} any more")]
    Replaced(Fingerprint),
    /// It was revoked.
    #[error("the certificate {0} was revoked")]
    Revoked(Fingerprint),
    /// Its time is over: only a new enrollment helps.
    #[error("the certificate {0} ended at {1}")]
    Ended(Fingerprint, Timestamp),
}

/// What is decided on a request for a first certificate.
#[derive(Debug, Clone, PartialEq)]
pub enum Enrolling {
    /// The same request came before: answer with the same again.
    Again(Box<Enrolled>),
    /// Make a certificate, and record it by [`Services::windows_enrolled`].
    Issue(Box<Admitted>),
}

/// What is decided on a renewal.
#[derive(Debug, Clone, PartialEq)]
pub enum Renewing {
    /// The same request came before: answer with the same again.
    Again(Box<Enrolled>),
    /// Make a certificate for this device, and record it by [`Services::windows_renewed`].
    Issue {
        /// The device.
        device: Box<Device>,
        /// The certificate that is renewed.
        old: Box<Certificate>,
    },
    /// Refuse.
    Refuse(NotRenewed),
}

/// A device and the certificate it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// The device.
    pub device: Device,
    /// The certificate.
    pub certificate: Certificate,
}

/// Somebody who is let in, and what that uses up.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// Into what.
    pub admission: Admission,
    code: Option<Code>,
    login: Option<Challenge>,
}

/// A device that enrolls.
#[derive(Debug, Clone, PartialEq)]
pub struct Newcomer {
    /// Its system.
    pub platform: Platform,
    /// What it says of itself; `udid` is its `DeviceID`.
    pub hardware: Hardware,
    /// What else it says of itself, by name.
    pub information: BTreeMap<String, String>,
    /// The rest of it.
    pub windows: WindowsEnrollment,
}

/// In the certificate log, what tells the request for a first certificate from a renewal and from SCEP.
fn transaction(device_id: &str) -> String {
    format!("wstep:{device_id}")
}

fn renewal_transaction(old: &Fingerprint) -> String {
    format!("wstep-renew:{old}")
}

/// Under which key the last device with this hardware is kept.
fn hardware_key(hardware_id: &str) -> String {
    let tag = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, hardware_id.as_bytes());
    format!("hardware:{}", tag.simple())
}

impl Services {
    /// Decides on a request for a first certificate: of the device that calls itself `device_id`, for a key with this
    /// SHA-256. The same request may come again, because devices retry; it uses nothing up.
    pub async fn decide_windows_enrollment(
        &self,
        ticket: &Ticket,
        open: bool,
        device_id: &str,
        key_sha256: &str,
    ) -> Result<Enrolling, EnrollmentError> {
        let now = self.clock.now();
        let transaction = transaction(device_id);
        if let Some(again) = self.same_again(&transaction, key_sha256, now).await?
            && self.let_in_before(ticket, open, &again.device).await?
        {
            return Ok(Enrolling::Again(Box::new(again)));
        }
        let admission = self.windows_ticket(ticket, open).await?;
        let code = match ticket {
            Ticket::Code(text) => Some(self.live_code(text, now).await?),
            Ticket::None | Ticket::User(_) | Ticket::Login(_) | Ticket::Certificate(_) => None,
        };
        let login = match ticket {
            Ticket::Login(id) => {
                let asked = Asked {
                    key_sha256,
                    transaction: &transaction,
                };
                match self.login(id).await?.decide(asked, now) {
                    Verdict::Issue(login) | Verdict::Pending(login) => Some(login),
                    // It led to a certificate that does not count any more.
                    Verdict::Repeat(_) => {
                        let used = ChallengeRefused::BoundToAnother(transaction);
                        return Err(refused_login(used));
                    }
                    Verdict::Refuse(why) => return Err(refused_login(why)),
                }
            }
            Ticket::None | Ticket::Code(_) | Ticket::User(_) | Ticket::Certificate(_) => None,
        };
        Ok(Enrolling::Issue(Box::new(Admitted {
            admission,
            code,
            login,
        })))
    }

    async fn same_again(
        &self,
        transaction: &str,
        key_sha256: &str,
        now: Timestamp,
    ) -> Result<Option<Enrolled>, ServiceError> {
        let found = self
            .store
            .certificate_by_transaction(transaction, key_sha256)
            .await?;
        let Some(certificate) = found.filter(|c| c.revoked.is_none() && c.not_after > now) else {
            return Ok(None);
        };
        let device = match &certificate.device {
            Some(id) => self.store.device(id).await?,
            None => None,
        };
        Ok(device
            .filter(|d| d.state != DeviceState::Removed)
            .filter(|d| d.is_windows_identity(&certificate.fingerprint))
            .map(|device| Enrolled {
                device,
                certificate,
            }))
    }

    /// Records the certificate that was made for a newcomer, and the device. `None` means that somebody else was
    /// faster with something that this depends on: decide again.
    pub async fn windows_enrolled(
        &self,
        admitted: &Admitted,
        newcomer: Newcomer,
        policy: &Policy,
        key_sha256: &str,
        made: &Made,
    ) -> Result<Option<Enrolled>, EnrollmentError> {
        let now = self.clock.now();
        let mut commit = Commit::default();
        let admission = &admitted.admission;
        if let Some(code) = &admitted.code {
            self.redeem(&code.code, now, &mut commit).await?;
        }
        let device_id = newcomer.windows.device_id.clone();
        let known = self
            .store
            .device_by_udid(&device_id)
            .await?
            .filter(|device| device.windows.is_some());
        self.note_hardware(
            &newcomer,
            known.as_ref(),
            &admission.scope,
            now,
            &mut commit,
        )
        .await?;
        let user = match (&admission.user, &newcomer.windows.upn) {
            (Some(user), _) => Some(user.clone()),
            (None, Some(upn)) => Some(self.named(upn).await?),
            (None, None) => None,
        };
        let device = if let Some(known) = known {
            self.known_again(known, admission, now, &mut commit).await?
        } else {
            let id = self.ids.device();
            let identity = made.fingerprint.clone();
            provisional(id, &admission.scope, None, admission.reality, identity, now)
        };
        let device = Device {
            platform: newcomer.platform,
            state: DeviceState::IdentityIssued,
            state_since: now,
            code: admission.code.clone(),
            user,
            identity: Some(made.fingerprint.clone()),
            hardware: newcomer.hardware,
            information: newcomer.information,
            windows: Some(Box::new(newcomer.windows)),
            ..device
        };
        let grant = Grant {
            scope: admission.scope.clone(),
            purpose: Purpose::MdmIdentity {
                code: admission.code.clone(),
                reality: admission.reality,
                replaces: None,
            },
            policy: policy.clone(),
            device: Some(device.id.clone()),
            challenge: admitted.login.clone(),
            renews: None,
        };
        let request = request(&transaction(&device_id), key_sha256, made);
        let certificate = logged(&grant, &request, made, now);
        if let Some(mut login) = admitted.login.clone() {
            login.issued = Some(made.fingerprint.clone());
            commit.records.push(Record::Challenge(login));
        }
        commit.events.push(issued_event(&certificate, now));
        commit.events.push(
            NewEvent::new(
                now,
                &admission.scope,
                Kind::EnrollmentIdentityIssued,
                "a Windows device was enrolled; its first session has not come yet",
            )
            .device(&device.id)
            .certificate(&made.serial)
            .fact("udid", device_id)
            .fact("platform", device.platform.as_str()),
        );
        if let Some(hardware_id) = device
            .windows
            .as_ref()
            .and_then(|windows| windows.hardware_id.as_deref())
        {
            commit.kept.push(Kept {
                key: hardware_key(hardware_id),
                bytes: Some(device.id.as_str().as_bytes().to_vec()),
            });
        }
        commit.records.push(Record::Device(device.clone()));
        commit
            .records
            .push(Record::Certificate(certificate.clone()));
        Ok(self.write(commit).await?.then_some(Enrolled {
            device,
            certificate,
        }))
    }

    /// A device enrolls again under the name it has: nothing of before counts any more.
    async fn known_again(
        &self,
        mut device: Device,
        admission: &Admission,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<Device, ServiceError> {
        self.leave(&device, None, now, commit).await?;
        device.scope = admission.scope.clone();
        device.reality = admission.reality;
        commit.events.push(
            NewEvent::new(
                now,
                &device.scope,
                Kind::EnrollmentRestarted,
                "a known device enrolls again: its queues were emptied",
            )
            .device(&device.id),
        );
        Ok(device)
    }

    /// Tells when another one that is still enrolled says the same: two
    /// virtual machines made from one image, or one machine whose old enrollment was never ended.
    async fn note_hardware(
        &self,
        newcomer: &Newcomer,
        known: Option<&Device>,
        scope: &Scope,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        let Some(hardware_id) = &newcomer.windows.hardware_id else {
            return Ok(());
        };
        let key = hardware_key(hardware_id);
        let last = self.store.kept(&key).await?;
        let last = last
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.parse::<DeviceId>().ok());
        if let Some(id) = last
            && known.is_none_or(|known| known.id != id)
            && let Some(other) = self.store.device(&id).await?
            && other.state != DeviceState::Removed
        {
            let text = format!(
                "`{}` says the same HWDevID as `{id}`, which is still enrolled: a clone, kept apart as a device of its own, \
                 or the same machine enrolled anew",
                newcomer.windows.device_id
            );
            commit.events.push(
                NewEvent::new(now, scope, Kind::EnrollmentCloned, text)
                    .device(&id)
                    .fact("udid", newcomer.windows.device_id.clone()),
            );
        }
        Ok(())
    }

    /// Decides on a renewal that was signed with `signer`, for a key with this SHA-256.
    pub async fn decide_windows_renewal(
        &self,
        signer: &Fingerprint,
        key_sha256: &str,
    ) -> Result<Renewing, ServiceError> {
        let now = self.clock.now();
        let foreign = || Renewing::Refuse(NotRenewed::Foreign(signer.clone()));
        let Some(old) = self.store.certificate(signer).await? else {
            return Ok(foreign());
        };
        let device = match &old.device {
            Some(id) => self.store.device(id).await?,
            None => None,
        };
        let Some(device) = device.filter(|device| device.windows.is_some()) else {
            return Ok(foreign());
        };
        let refused = if old.revoked.is_some() {
            Some(NotRenewed::Revoked(signer.clone()))
        } else if device.state == DeviceState::Removed || !device.is_windows_identity(signer) {
            Some(NotRenewed::Replaced(signer.clone()))
        } else if old.not_after <= now {
            Some(NotRenewed::Ended(signer.clone(), old.not_after))
        } else {
            None
        };
        if let Some(refused) = refused {
            return Ok(Renewing::Refuse(refused));
        }
        let again = self
            .same_again(&renewal_transaction(signer), key_sha256, now)
            .await?;
        Ok(match again {
            Some(again) => Renewing::Again(Box::new(again)),
            None => Renewing::Issue {
                device: Box::new(device),
                old: Box::new(old),
            },
        })
    }

    /// Records the certificate that was made for a renewal; the old one counts until the new one is seen. `None`
    /// means: decide again.
    pub async fn windows_renewed(
        &self,
        device: &Device,
        old: &Certificate,
        policy: &Policy,
        key_sha256: &str,
        made: &Made,
    ) -> Result<Option<Enrolled>, ServiceError> {
        let now = self.clock.now();
        let mut device = device.clone();
        device.seen_with(&old.fingerprint);
        let grant = Grant {
            scope: old.scope.clone(),
            purpose: old.purpose.clone(),
            policy: policy.clone(),
            device: Some(device.id.clone()),
            challenge: None,
            renews: Some(old.fingerprint.clone()),
        };
        let request = request(&renewal_transaction(&old.fingerprint), key_sha256, made);
        let certificate = logged(&grant, &request, made, now);
        if let Some(windows) = device.windows.as_deref_mut() {
            windows.renewed = Some(made.fingerprint.clone());
        }
        let event = NewEvent::new(
            now,
            &device.scope,
            Kind::EnrollmentRenewed,
            format!(
                "certificate {} takes the place of {} once it is seen",
                made.serial, old.serial
            ),
        )
        .device(&device.id)
        .certificate(&made.serial);
        let commit = Commit {
            records: vec![
                Record::Device(device.clone()),
                Record::Certificate(certificate.clone()),
            ],
            events: vec![issued_event(&certificate, now), event],
            ..Commit::default()
        };
        Ok(self.write(commit).await?.then_some(Enrolled {
            device,
            certificate,
        }))
    }
}

/// What the log keeps of a request of ours.
fn request(transaction: &str, key_sha256: &str, made: &Made) -> Request {
    Request {
        challenge: None,
        key_sha256: key_sha256.to_owned(),
        transaction: transaction.to_owned(),
        signer: None,
        csr: Vec::new(),
        subject: made.subject.clone(),
    }
}
