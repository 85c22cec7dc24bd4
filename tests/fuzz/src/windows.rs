//! Enrollment messages of Windows.

use mdm_windows::discovery::Discover;
use mdm_windows::enrollment::RequestSecurityToken;
use mdm_windows::policy::GetPolicies;
use mdm_windows::xml::Budget;

/// A discovery request from anybody.
pub fn windows_discover(body: &[u8]) {
    if let Ok(request) = Discover::decode(body, Budget::default()) {
        let _ = format!("{request:?}");
        let _ = request
            .body
            .request_version
            .map(|v| v.answered().to_string());
    }
}

/// A request for policies, with its security header.
pub fn windows_policies(body: &[u8]) {
    if let Ok(request) = GetPolicies::decode(body, Budget::default()) {
        let _ = format!("{request:?}");
    }
}

/// A request for a certificate, with everything that the device says of itself.
pub fn windows_enrollment(body: &[u8]) {
    if let Ok(request) = RequestSecurityToken::decode(body, Budget::default()) {
        let _ = format!("{request:?}");
        let said = &request.body.context;
        let _ = (said.device_id(), said.hardware_id(), said.enrollment_type());
        assert!(
            said.items()
                .all(|(name, _)| said.all(name).next().is_some())
        );
    }
}
