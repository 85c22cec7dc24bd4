//! Graph's numbers for compliance, management and certificates of a device.

/// Declares an enumeration of Microsoft Graph: variants, numbers, names.
macro_rules! graph_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $number,)*
        }

        impl $name {
            /// Every member.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Graph's number.
            pub fn number(self) -> u8 {
                self as u8
            }

            /// Graph's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

graph_enum! {
    /// Whether a device is compliant (`complianceState`).
    ComplianceState {
        /// Not evaluated.
        Unknown = 0 "unknown",
        /// Compliant.
        Compliant = 1 "compliant",
        /// Not compliant.
        Noncompliant = 2 "noncompliant",
        /// Policies contradict each other.
        Conflict = 3 "conflict",
        /// The evaluation failed.
        Error = 4 "error",
        /// Not compliant, and not yet treated so.
        InGracePeriod = 254 "inGracePeriod",
        /// Another product decides.
        ConfigManager = 255 "configManager",
    }
}

graph_enum! {
    /// How the management of a device stands (`managementState`).
    ManagementState {
        /// Managed.
        Managed = 0 "managed",
        /// To be retired.
        RetirePending = 1 "retirePending",
        /// Retiring failed.
        RetireFailed = 2 "retireFailed",
        /// To be wiped.
        WipePending = 3 "wipePending",
        /// Wiping failed.
        WipeFailed = 4 "wipeFailed",
        /// Not well.
        Unhealthy = 5 "unhealthy",
        /// To be deleted.
        DeletePending = 6 "deletePending",
        /// Told to retire.
        RetireIssued = 7 "retireIssued",
        /// Told to wipe.
        WipeIssued = 8 "wipeIssued",
        /// Wiping was called off.
        WipeCanceled = 9 "wipeCanceled",
        /// Retiring was called off.
        RetireCanceled = 10 "retireCanceled",
        /// Seen, not enrolled.
        Discovered = 11 "discovered",
    }
}

graph_enum! {
    /// How far a certificate got (`certificateIssuanceState`). The way of success is 1, 5, 9, 12, 18; each failure names its hop.
    CertificateIssuanceState {
        /// Nothing is known.
        Unknown = 0 "unknown",
        /// The device was given a challenge.
        ChallengeIssued = 1 "challengeIssued",
        /// No challenge could be made.
        ChallengeIssueFailed = 2 "challengeIssueFailed",
        /// The device could not make a request.
        RequestCreationFailed = 3 "requestCreationFailed",
        /// The device could not hand in its request.
        RequestSubmitFailed = 4 "requestSubmitFailed",
        /// The challenge was accepted.
        ChallengeValidationSucceeded = 5 "challengeValidationSucceeded",
        /// The challenge was refused.
        ChallengeValidationFailed = 6 "challengeValidationFailed",
        /// The authority refused.
        IssueFailed = 7 "issueFailed",
        /// The authority waits for somebody.
        IssuePending = 8 "issuePending",
        /// Issued.
        Issued = 9 "issued",
        /// The device could not read the response.
        ResponseProcessingFailed = 10 "responseProcessingFailed",
        /// The device waits for the response.
        ResponsePending = 11 "responsePending",
        /// The device has it.
        EnrollmentSucceeded = 12 "enrollmentSucceeded",
        /// The device needs none.
        EnrollmentNotNeeded = 13 "enrollmentNotNeeded",
        /// Revoked.
        Revoked = 14 "revoked",
        /// No longer targeted.
        RemovedFromCollection = 15 "removedFromCollection",
        /// Renewed, and seen.
        RenewVerified = 16 "renewVerified",
        /// The device could not install it.
        InstallFailed = 17 "installFailed",
        /// Installed.
        Installed = 18 "installed",
        /// The device could not delete it.
        DeleteFailed = 19 "deleteFailed",
        /// Deleted.
        Deleted = 20 "deleted",
        /// A renewal was asked for.
        RenewalRequested = 21 "renewalRequested",
        /// Asked for.
        Requested = 22 "requested",
    }
}

graph_enum! {
    /// How a revocation stands (`certificateRevocationStatus`).
    RevokeStatus {
        /// Not revoked.
        None = 0 "none",
        /// To be revoked.
        Pending = 1 "pending",
        /// The authority was told.
        Issued = 2 "issued",
        /// The authority refused.
        Failed = 3 "failed",
        /// Revoked.
        Revoked = 4 "revoked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_graphs() {
        let way: Vec<_> = CertificateIssuanceState::ALL
            .iter()
            .filter(|state| [1, 5, 9, 12, 18].contains(&state.number()))
            .map(|state| state.as_str())
            .collect();
        assert_eq!(
            way,
            [
                "challengeIssued",
                "challengeValidationSucceeded",
                "issued",
                "enrollmentSucceeded",
                "installed"
            ]
        );
        assert_eq!(ComplianceState::InGracePeriod.number(), 254);
        assert_eq!(ManagementState::Discovered.number(), 11);
        assert_eq!(RevokeStatus::Revoked.as_str(), "revoked");
    }
}
