//! Which identity may speak for which device.
//!
//! Apple's rules for the association of certificates with enrollments: a certificate serves one
//! device and its user channels; an unknown certificate of a known device is legal only through
//! `Authenticate` or an announced replacement; one certificate under two device names is a clone.

use super::channels::channel_id;
use super::{EnrollmentError, Sender};
use crate::certificate::{Certificate, Purpose};
use crate::code::CodeRefused;
use crate::device::{Device, DeviceState};
use crate::event::{Kind, NewEvent};
use crate::id::{ChannelId, Fingerprint};
use crate::service::windows_enrollment::TicketRefused;
use crate::service::{ServiceError, Services};
use crate::time::Timestamp;

/// Why a device is not admitted. The text is for the log: it says exactly why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// Its code does not let it in.
    #[error(transparent)]
    Code(#[from] CodeRefused),
    /// What a Windows device shows does not let it in.
    #[error(transparent)]
    Ticket(#[from] TicketRefused),
    /// The certificate is not in the certificate log, or is for something else.
    #[error("certificate {0} is not a device identity of this server")]
    NotAnIdentity(Fingerprint),
    /// It belongs to another device.
    #[error(
        "certificate {fingerprint} belongs to the device `{owner}`, but `{claimed}` uses it: a clone, or a restored backup"
    )]
    Clone {
        /// The certificate.
        fingerprint: Fingerprint,
        /// Whose it is.
        owner: String,
        /// Who uses it.
        claimed: String,
    },
    /// The device has another one.
    #[error(
        "device `{udid}` uses certificate {fingerprint}, but is bound to another; it has to send Authenticate first"
    )]
    NotBound {
        /// The device.
        udid: String,
        /// What it uses.
        fingerprint: Fingerprint,
    },
    /// It skipped a step.
    #[error("device `{udid}` sent {message} while its enrollment is `{state}`")]
    OutOfOrder {
        /// The device.
        udid: String,
        /// What it sent.
        message: &'static str,
        /// How far it got.
        state: &'static str,
    },
    /// Its user has no channel.
    #[error("user `{user}` of device `{udid}` has no channel: TokenUpdate comes first")]
    UnknownUser {
        /// The device.
        udid: String,
        /// The user.
        user: String,
    },
}

/// Whether `fingerprint` may speak for `device`, which calls itself `udid`.
pub fn associate(
    device: &Device,
    fingerprint: &Fingerprint,
    udid: &str,
    now: Timestamp,
) -> Result<(), NotAdmitted> {
    if let Some(owner) = device.hardware.udid.as_deref()
        && owner != udid
    {
        return Err(NotAdmitted::Clone {
            fingerprint: fingerprint.clone(),
            owner: owner.to_owned(),
            claimed: udid.to_owned(),
        });
    }
    let replacing = device
        .replacement
        .as_ref()
        .is_some_and(|r| r.expires_at > now && r.identity.as_ref() == Some(fingerprint));
    if device.identity.as_ref() == Some(fingerprint) || replacing {
        return Ok(());
    }
    Err(NotAdmitted::NotBound {
        udid: udid.to_owned(),
        fingerprint: fingerprint.clone(),
    })
}

/// Whether a certificate was issued for the replacement that was announced for this device and still
/// counts. With any other one the device was enrolled anew meanwhile, by a person.
pub(super) fn is_announced(device: &Device, certificate: &Certificate, now: Timestamp) -> bool {
    let announced = device
        .replacement
        .as_ref()
        .is_some_and(|r| r.expires_at > now);
    let Purpose::MdmIdentity { replaces, .. } = &certificate.purpose else {
        return false;
    };
    announced
        && replaces.as_ref() == Some(&device.id)
        && device.identity.as_ref() != Some(&certificate.fingerprint)
}

/// Ends a replacement that both sides confirmed, or whose time is over. The new identity counts
/// alone once it sent `TokenUpdate` and the command that carried it was acknowledged, in either
/// order.
pub(in crate::service) fn settle(device: &mut Device, now: Timestamp, events: &mut Vec<NewEvent>) {
    let Some(replacement) = &device.replacement else {
        return;
    };
    if replacement.token_updated && replacement.acknowledged {
        if let Some(identity) = replacement.identity.clone() {
            device.identity = Some(identity);
        }
        device.replacement = None;
        events.push(
            NewEvent::new(
                now,
                &device.scope,
                Kind::EnrollmentReplaced,
                "the device uses its new identity",
            )
            .device(&device.id),
        );
    } else if replacement.expires_at <= now {
        device.replacement = None;
    }
}

impl Services {
    /// The device that a certificate speaks for.
    pub async fn identify(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<(Certificate, Device), EnrollmentError> {
        let unknown = || NotAdmitted::NotAnIdentity(fingerprint.clone());
        let certificate = self
            .store
            .certificate(fingerprint)
            .await?
            .ok_or_else(unknown)?;
        if !matches!(certificate.purpose, Purpose::MdmIdentity { .. }) {
            return Err(unknown().into());
        }
        let id = certificate.device.as_ref().ok_or_else(unknown)?;
        let device = self.store.device(id).await?.ok_or_else(unknown)?;
        Ok((certificate, device))
    }

    /// The device and channel behind a sender of reports, or of check-in messages that change
    /// nothing here.
    pub async fn admit_sender(
        &self,
        device: &Device,
        sender: &Sender,
        message: &'static str,
        now: Timestamp,
    ) -> Result<ChannelId, EnrollmentError> {
        if let Err(refusal) = associate(device, &sender.fingerprint, &sender.udid, now) {
            self.note_refusal(device, &refusal, now).await?;
            return Err(refusal.into());
        }
        let early = match device.state {
            DeviceState::IdentityIssued => true,
            DeviceState::Authenticated => message != "TokenUpdate" && message != "CheckOut",
            DeviceState::Removed => message != "CheckOut",
            DeviceState::Enrolled => false,
        };
        if early {
            return Err(NotAdmitted::OutOfOrder {
                udid: sender.udid.clone(),
                message,
                state: device.state.as_str(),
            }
            .into());
        }
        Ok(channel_id(&device.id, sender.user.as_ref()))
    }

    pub(super) async fn note_refusal(
        &self,
        device: &Device,
        refusal: &NotAdmitted,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let event = NewEvent::new(
            now,
            &device.scope,
            Kind::EnrollmentRefused,
            refusal.to_string(),
        )
        .device(&device.id);
        self.note(vec![event]).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::provisional;
    use super::*;
    use crate::certificate::Policy;
    use crate::device::{Reality, Replacement};
    use crate::id::{Scope, Version};

    fn device(identity: &str, replacement: Option<Replacement>) -> Device {
        let mut device = provisional(
            "d-1".parse().unwrap(),
            &Scope::default(),
            None,
            Reality::Real,
            identity.parse().unwrap(),
            Timestamp(0),
        );
        device.hardware.udid = Some("U1".into());
        device.replacement = replacement;
        device
    }

    fn replacement(identity: Option<&str>, token_updated: bool, acknowledged: bool) -> Replacement {
        Replacement {
            identity: identity.map(|i| i.parse().unwrap()),
            token_updated,
            acknowledged,
            expires_at: Timestamp(1000),
        }
    }

    #[test]
    fn who_may_speak_for_a_device() {
        for (device, certificate, udid, now, refused) in [
            (device("aa", None), "aa", "U1", 0, None),
            (device("aa", None), "aa", "U2", 0, Some("a clone")),
            (
                device("aa", None),
                "bb",
                "U1",
                0,
                Some("is bound to another"),
            ),
            (
                device("aa", Some(replacement(Some("bb"), false, false))),
                "bb",
                "U1",
                0,
                None,
            ),
            (
                device("aa", Some(replacement(Some("bb"), false, false))),
                "aa",
                "U1",
                0,
                None,
            ),
            (
                device("aa", Some(replacement(Some("bb"), false, false))),
                "bb",
                "U1",
                1000,
                Some("is bound to another"),
            ),
            (
                device("aa", Some(replacement(None, false, false))),
                "bb",
                "U1",
                0,
                Some("is bound to another"),
            ),
        ] {
            let outcome = associate(&device, &certificate.parse().unwrap(), udid, Timestamp(now));
            let text = format!("{certificate} {udid} {now} {:?}", device.replacement);
            match refused {
                None => assert_eq!(outcome, Ok(()), "{text}"),
                Some(part) => assert!(outcome.unwrap_err().to_string().contains(part), "{text}"),
            }
        }
    }

    #[test]
    fn a_replacement_counts_when_both_sides_confirmed_it_and_ends_with_its_time() {
        for (given, now, identity, left) in [
            (replacement(Some("bb"), true, true), 0, "bb", false),
            (replacement(Some("bb"), true, false), 0, "aa", true),
            (replacement(Some("bb"), false, true), 0, "aa", true),
            (replacement(Some("bb"), true, false), 1000, "aa", false),
        ] {
            let mut device = device("aa", Some(given.clone()));
            let mut events = Vec::new();
            settle(&mut device, Timestamp(now), &mut events);
            assert_eq!(
                device.identity.as_ref().map(Fingerprint::as_str),
                Some(identity),
                "{given:?}"
            );
            assert_eq!(device.replacement.is_some(), left, "{given:?}");
            assert_eq!(events.len(), usize::from(identity == "bb"), "{given:?}");
        }
    }

    #[test]
    fn a_replacement_is_told_from_an_enrollment_by_hand_by_its_certificate() {
        for (fingerprint, replaces, pending, now, announced) in [
            ("bb", Some("d-1"), true, 0, true),
            ("bb", Some("d-1"), true, 1000, false),
            ("bb", Some("d-1"), false, 0, false),
            ("bb", Some("d-2"), true, 0, false),
            ("bb", None, true, 0, false),
            ("aa", Some("d-1"), true, 0, false),
        ] {
            let device = device("aa", pending.then(|| replacement(None, false, false)));
            let certificate = Certificate {
                fingerprint: fingerprint.parse().unwrap(),
                version: Version(1),
                serial: "01".parse().unwrap(),
                scope: Scope::default(),
                subject: String::new(),
                purpose: Purpose::MdmIdentity {
                    code: None,
                    reality: Reality::Real,
                    replaces: replaces.map(|id| id.parse().unwrap()),
                },
                policy: Policy::mdm_identity(),
                device: Some(device.id.clone()),
                challenge: None,
                key_sha256: String::new(),
                transaction: None,
                renews: None,
                der: String::new(),
                issued_at: Timestamp(0),
                not_before: Timestamp(0),
                not_after: Timestamp(0),
                revoked: None,
            };
            assert_eq!(
                is_announced(&device, &certificate, Timestamp(now)),
                announced,
                "{fingerprint} {replaces:?} {pending} {now}"
            );
        }
    }
}
