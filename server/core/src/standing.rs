//! How a delivery stands, in Intune's words: Graph's `complianceStatus` and the numeric code of its error.

use mdm_payloads::intune::{ComplianceStatus, ErrorCode};

use crate::delivery::{Delivery, DeliveryState};

/// Graph's status of a delivery (`deviceConfigurationDeviceStatus.status`). While an update or a removal is under way, the
/// last one is kept.
pub fn status(delivery: &Delivery) -> ComplianceStatus {
    match delivery.state {
        DeliveryState::NotTargeted
        | DeliveryState::RemovalPending
        | DeliveryState::Removed
        | DeliveryState::Gone => ComplianceStatus::NotAssigned,
        DeliveryState::NotApplicable => ComplianceStatus::NotApplicable,
        DeliveryState::WaitingDependency
        | DeliveryState::Queued
        | DeliveryState::Notified
        | DeliveryState::Sent
        | DeliveryState::Deferred
        | DeliveryState::Downloaded
        | DeliveryState::AwaitingUser => ComplianceStatus::Unknown,
        DeliveryState::Installed | DeliveryState::UpdatePending | DeliveryState::RemovalBlocked => {
            ComplianceStatus::Compliant
        }
        DeliveryState::Error => ComplianceStatus::Error,
        DeliveryState::Conflict => ComplianceStatus::Conflict,
        DeliveryState::Drifted => ComplianceStatus::NonCompliant,
    }
}

/// The code that Intune shows for the device's last complaint, the innermost of its chain.
pub fn error_code(delivery: &Delivery) -> Option<ErrorCode> {
    let last = delivery.errors.last()?;
    if last.domain == "SyncML" {
        return u16::try_from(last.code).ok().map(ErrorCode::syncml);
    }
    // Apple's domains are named alike; what this server or a Windows log says has no number of Intune's.
    let apple = last.domain.ends_with("ErrorDomain");
    u32::try_from(last.code)
        .ok()
        .filter(|_| apple)
        .map(ErrorCode::apple)
}
