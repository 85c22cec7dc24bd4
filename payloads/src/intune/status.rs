//! How a profile stands on a device, in the portal's words and Graph's.

/// A word of the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalStatus {
    /// Applied.
    Succeeded,
    /// The device answered with an error, or its value drifted.
    Error,
    /// Another profile sets another value.
    Conflict,
    /// Not checked in, or delivered and not yet reported.
    Pending,
    /// Not for this device.
    NotApplicable,
}

/// Graph's `complianceStatus` of a profile on a device, for a user, or of one setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ComplianceStatus {
    /// Nothing is known; what the portal calls pending.
    Unknown = 0,
    /// Not for this device.
    NotApplicable = 1,
    /// Applied.
    Compliant = 2,
    /// Applied by us, over another value.
    Remediated = 3,
    /// The value drifted.
    NonCompliant = 4,
    /// The device answered with an error.
    Error = 5,
    /// Another profile sets another value.
    Conflict = 6,
    /// No longer assigned.
    NotAssigned = 7,
}

/// A counter of Graph's `deviceConfigurationDeviceOverview`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// `pendingCount`.
    Pending,
    /// `notApplicableCount`.
    NotApplicable,
    /// `notApplicablePlatformCount`.
    NotApplicablePlatform,
    /// `successCount`.
    Success,
    /// `errorCount`.
    Error,
    /// `failedCount`.
    Failed,
    /// `conflictCount`.
    Conflict,
}

impl PortalStatus {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Error => "Error",
            Self::Conflict => "Conflict",
            Self::Pending => "Pending",
            Self::NotApplicable => "Not applicable",
        }
    }
}

impl ComplianceStatus {
    /// Every status, by number.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::NotApplicable,
        Self::Compliant,
        Self::Remediated,
        Self::NonCompliant,
        Self::Error,
        Self::Conflict,
        Self::NotAssigned,
    ];

    /// Graph's number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Graph's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotApplicable => "notApplicable",
            Self::Compliant => "compliant",
            Self::Remediated => "remediated",
            Self::NonCompliant => "nonCompliant",
            Self::Error => "error",
            Self::Conflict => "conflict",
            Self::NotAssigned => "notAssigned",
        }
    }

    /// The portal's word; `None` where the portal does not show the profile.
    pub fn portal(self) -> Option<PortalStatus> {
        match self {
            Self::Unknown => Some(PortalStatus::Pending),
            Self::NotApplicable => Some(PortalStatus::NotApplicable),
            Self::Compliant | Self::Remediated => Some(PortalStatus::Succeeded),
            Self::NonCompliant | Self::Error => Some(PortalStatus::Error),
            Self::Conflict => Some(PortalStatus::Conflict),
            Self::NotAssigned => None,
        }
    }

    /// The counter it counts for; `by_platform` where a profile is not applicable because it is written for another platform.
    pub fn counter(self, by_platform: bool) -> Option<Counter> {
        match self {
            Self::Unknown => Some(Counter::Pending),
            Self::NotApplicable if by_platform => Some(Counter::NotApplicablePlatform),
            Self::NotApplicable => Some(Counter::NotApplicable),
            Self::Compliant | Self::Remediated => Some(Counter::Success),
            Self::NonCompliant => Some(Counter::Failed),
            Self::Error => Some(Counter::Error),
            Self::Conflict => Some(Counter::Conflict),
            Self::NotAssigned => None,
        }
    }
}

impl Counter {
    /// Graph's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pendingCount",
            Self::NotApplicable => "notApplicableCount",
            Self::NotApplicablePlatform => "notApplicablePlatformCount",
            Self::Success => "successCount",
            Self::Error => "errorCount",
            Self::Failed => "failedCount",
            Self::Conflict => "conflictCount",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_in_three_vocabularies() {
        let told: Vec<_> = ComplianceStatus::ALL
            .iter()
            .map(|status| {
                format!(
                    "{} {} {} {}",
                    status.number(),
                    status.as_str(),
                    status.portal().map_or("-", PortalStatus::as_str),
                    status.counter(false).map_or("-", Counter::as_str)
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        0 unknown Pending pendingCount
        1 notApplicable Not applicable notApplicableCount
        2 compliant Succeeded successCount
        3 remediated Succeeded successCount
        4 nonCompliant Error failedCount
        5 error Error errorCount
        6 conflict Conflict conflictCount
        7 notAssigned - -
        ");
        assert_eq!(
            ComplianceStatus::NotApplicable.counter(true),
            Some(Counter::NotApplicablePlatform)
        );
    }
}
