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
            let what = format!("the profile has another revision on the device (PayloadUUID {})", found.uuid);
            Some(missing(delivery, what, now))
        }
        None => Some(missing(delivery, format!("the device lists no profile `{}`", expected.identifier), now)),
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
    if let Some(root) = expected.certificates.iter().find(|f| !listed.iter().any(|c| c.fingerprint == **f)) {
        return Some(missing(delivery, format!("the device lists no certificate with SHA-256 {root}"), now));
    }
    if expected.identities > 0 {
        let identity = delivery.evidence.identity_issued.as_ref().map(|i| i.fingerprint.clone());
        let there = identity
            .as_ref()
            .is_some_and(|f| listed.iter().any(|c| c.is_identity && c.fingerprint == *f));
        if !there {
            let what = match identity {
                Some(f) => format!("the device lists no identity with SHA-256 {f}"),
                None => "the profile carries an identity, and none was issued by this server".to_owned(),
            };
            return Some(missing(delivery, what, now));
        }
    }
    let mut delivery = delivery;
    delivery.evidence.read_back = Some(now);
    let text = format!("profile `{}` and its certificates are on the device", delivery.profile);
    let event = about(&delivery, Kind::DeliveryReadBack, text, now);
    Some((delivery, Some(event)))
}

fn awaits(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Installed | DeliveryState::UpdatePending)
        && delivery.evidence.read_back.is_none()
}

fn missing(delivery: Delivery, what: String, now: Timestamp) -> (Delivery, Option<NewEvent>) {
    let text = format!("profile `{}` was acknowledged, but {what}", delivery.profile);
    let delivery = delivery.into_state(DeliveryState::Drifted, Some(Reason::NotOnDevice { what }), now);
    let event = about(&delivery, Kind::DeliveryDrifted, text, now);
    (delivery, Some(event))
}
