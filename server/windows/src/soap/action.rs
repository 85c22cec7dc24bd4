/// The three operations of enrollment, each with the actions (WS-Addressing 1.0 section 3.2) of its two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `Discover` ([MS-MDE2] 3.1).
    Discover,
    /// `GetPolicies` ([MS-XCEP] 3.1.4.1).
    GetPolicies,
    /// `RequestSecurityToken` ([MS-WSTEP] 3.1.4.1), for issue and renewal.
    RequestSecurityToken,
}

impl Action {
    /// The action of the request.
    pub const fn request(self) -> &'static str {
        match self {
            Self::Discover => {
                "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/Discover"
            }
            Self::GetPolicies => {
                "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPolicies"
            }
            Self::RequestSecurityToken => {
                "http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep"
            }
        }
    }

    /// The action of the response, faults included.
    pub const fn response(self) -> &'static str {
        match self {
            Self::Discover => {
                "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse"
            }
            Self::GetPolicies => {
                "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse"
            }
            Self::RequestSecurityToken => {
                "http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep"
            }
        }
    }
}
