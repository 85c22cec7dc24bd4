//! Read-back: what the device lists, held against what was acknowledged. Pure.

use crate::delivery::{Delivery, DeliveryState, Reason};
use crate::event::{Kind, NewEvent};
use crate::report::{ListedCertificate, ListedProfile};
use crate::service::turn::about;
use crate::time::Timestamp;

/// Holds a list of profiles against one delivery of the same channel. `None` when the list says
/// nothing new of it.
pub(super) fn profiles(
    delivery: Delivery,
    listed: &[ListedProfile],
    now: Timestamp,
) -> Option<(Delivery, Option<NewEvent>)> {
    if !awaits(&delivery) {
        return None;
    }
    let expected = delivery.expected.clone()?;
    match listed.iter().find(|p| p.identifier == expected.identifier) {
        Some(found) if found.uuid.eq_ignore_ascii_case(&expected.uuid) => {
            let mut delivery = delivery;
            if let Some(expected) = &mut delivery.expected {
                expected.listed = true;
            }
            Some((delivery, None))
        }
        Some(found) => {
            let what = format!(
                "the profile has another revision on the device (PayloadUUID {})",
                found.uuid
            );
            Some(missing(delivery, what, now))
        }
        None => Some(missing(
            delivery,
            format!("the device lists no profile `{}`", expected.identifier),
            now,
        )),
    }
}

/// Holds a list of certificates against one delivery whose profile was listed.
pub(super) fn certificates(
    delivery: Delivery,
    listed: &[ListedCertificate],
    now: Timestamp,
) -> Option<(Delivery, Option<NewEvent>)> {
    if !awaits(&delivery) {
        return None;
    }
    let expected = delivery.expected.clone().filter(|e| e.listed)?;
    if let Some(root) = expected
        .certificates
        .iter()
        .find(|f| !listed.iter().any(|c| c.fingerprint == **f))
    {
        return Some(missing(
            delivery,
            format!("the device lists no certificate with SHA-256 {root}"),
            now,
        ));
    }
    if expected.identities > 0 {
        let identity = delivery
            .evidence
            .identity_issued
            .as_ref()
            .map(|i| i.fingerprint.clone());
        let there = identity
            .as_ref()
            .is_some_and(|f| listed.iter().any(|c| c.is_identity && c.fingerprint == *f));
        if !there {
            let what = match identity {
                Some(f) => format!("the device lists no identity with SHA-256 {f}"),
                None => {
                    "the profile carries an identity, and none was issued by this server".to_owned()
                }
            };
            return Some(missing(delivery, what, now));
        }
    }
    let mut delivery = delivery;
    delivery.evidence.read_back = Some(now);
    let text = format!(
        "profile `{}` and its certificates are on the device",
        delivery.profile
    );
    let event = about(&delivery, Kind::DeliveryReadBack, text, now);
    Some((delivery, Some(event)))
}

fn awaits(delivery: &Delivery) -> bool {
    matches!(
        delivery.state,
        DeliveryState::Installed | DeliveryState::UpdatePending
    ) && delivery.evidence.read_back.is_none()
}

fn missing(delivery: Delivery, what: String, now: Timestamp) -> (Delivery, Option<NewEvent>) {
    let text = format!(
        "profile `{}` was acknowledged, but {what}",
        delivery.profile
    );
    let delivery = delivery.into_state(
        DeliveryState::Drifted,
        Some(Reason::NotOnDevice { what }),
        now,
    );
    let event = about(&delivery, Kind::DeliveryDrifted, text, now);
    (delivery, Some(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Evidence, Expected, IdentityIssued, Target, Wanted};
    use crate::id::{Scope, Version};

    const NOW: Timestamp = Timestamp(5000);

    fn delivery(listed: bool, identities: u32) -> Delivery {
        Delivery {
            id: "y-1".parse().unwrap(),
            version: Version(1),
            scope: Scope::default(),
            profile: "mail".parse().unwrap(),
            target: Target::Channel {
                device: "d-1".parse().unwrap(),
                channel: "d-1".parse().unwrap(),
            },
            wanted: Wanted::Direct,
            state: DeliveryState::Installed,
            reason: None,
            desired_revision: 1,
            applied_revision: Some(1),
            generation: 1,
            evidence: Evidence {
                identity_issued: (identities > 0).then(|| IdentityIssued {
                    at: Timestamp(0),
                    serial: "01".parse().unwrap(),
                    fingerprint: "ff".parse().unwrap(),
                }),
                ..Evidence::default()
            },
            expected: Some(Expected {
                identifier: "m.mail".into(),
                uuid: "AB-1".into(),
                certificates: vec!["aa".parse().unwrap()],
                identities,
                listed,
            }),
            command: None,
            errors: Vec::new(),
            attempts: 1,
            not_now: 0,
            created_at: Timestamp(0),
            state_since: Timestamp(0),
            history: Vec::new(),
        }
    }

    fn listed(identifier: &str, uuid: &str) -> ListedProfile {
        ListedProfile {
            identifier: identifier.into(),
            uuid: uuid.into(),
            managed: true,
        }
    }

    fn certificate(fingerprint: &str, is_identity: bool) -> ListedCertificate {
        ListedCertificate {
            fingerprint: fingerprint.parse().unwrap(),
            common_name: String::new(),
            is_identity,
        }
    }

    #[test]
    fn a_listed_profile_waits_for_its_certificates_and_a_missing_one_drifted() {
        for (list, state, seen) in [
            (
                vec![listed("other", "X"), listed("m.mail", "ab-1")],
                DeliveryState::Installed,
                true,
            ),
            (
                vec![listed("m.mail", "AB-2")],
                DeliveryState::Drifted,
                false,
            ),
            (vec![], DeliveryState::Drifted, false),
        ] {
            let (after, event) = profiles(delivery(false, 0), &list, NOW).unwrap();
            assert_eq!(after.state, state, "{list:?}");
            assert_eq!(after.expected.unwrap().listed, seen, "{list:?}");
            assert_eq!(event.is_some(), state == DeliveryState::Drifted, "{list:?}");
            assert_eq!(after.evidence.read_back, None, "{list:?}");
        }
    }

    #[test]
    fn read_back_needs_the_root_and_the_identity_with_its_key() {
        for (identities, list, read) in [
            (0, vec![certificate("aa", false)], true),
            (0, vec![certificate("bb", false)], false),
            (
                1,
                vec![certificate("aa", false), certificate("ff", true)],
                true,
            ),
            (
                1,
                vec![certificate("aa", false), certificate("ff", false)],
                false,
            ),
            (1, vec![certificate("aa", false)], false),
        ] {
            let (after, event) = certificates(delivery(true, identities), &list, NOW).unwrap();
            assert_eq!(after.evidence.read_back, read.then_some(NOW), "{list:?}");
            let kind = if read {
                Kind::DeliveryReadBack
            } else {
                Kind::DeliveryDrifted
            };
            assert_eq!(event.unwrap().kind, kind, "{list:?}");
        }
    }

    #[test]
    fn lists_say_nothing_of_what_is_read_back_or_not_installed() {
        let mut done = delivery(true, 0);
        done.evidence.read_back = Some(Timestamp(1));
        assert_eq!(profiles(done.clone(), &[], NOW), None);
        assert_eq!(certificates(done, &[], NOW), None);
        let mut sent = delivery(false, 0);
        sent.state = DeliveryState::Sent;
        assert_eq!(profiles(sent, &[], NOW), None);
        assert_eq!(
            certificates(delivery(false, 0), &[], NOW),
            None,
            "its profile was not listed"
        );
    }
}
