//! Messages of Windows: enrollment, and management sessions.

use mdm_windows::discovery::Discover;
use mdm_windows::enrollment::RequestSecurityToken;
use mdm_windows::policy::GetPolicies;
use mdm_windows::syncml::{Encoding, Message, Operation};
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

/// A message of a session, in either encoding, and commands as a person writes them.
pub fn windows_syncml(body: &[u8]) {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        if let Ok(message) = Message::decode(body, encoding, Budget::default()) {
            let _ = format!("{message:?}");
            let _ = message.repeated_cmd_ref();
        }
    }
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(operations) = Operation::read(text, Budget::default())
    {
        for operation in &operations {
            assert!(operation.size().is_ok(), "what was read can be sent");
            let _ = operation.nodes();
        }
    }
}
