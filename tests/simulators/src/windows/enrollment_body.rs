//! Bodies of the enrollment requests, as each version writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::device::Login;
use super::enrollment::{DISCOVERY_NS, Invitation, POLICY_NS, TOKEN_TYPE};
use super::provisioning::Context;
use super::soap::{self, CONTEXT, TRUST, XSI};
use super::xml::Element;
use super::{Persona, Version};

/// `Discover` ([MS-MDE2] 3.1.4.1.1).
pub(super) fn discover_request(persona: &Persona, email: &str) -> Element {
    // The samples of the phone end the namespace with a slash.
    let ns = if persona.version == Version::Phone81 {
        format!("{DISCOVERY_NS}/")
    } else {
        DISCOVERY_NS.to_owned()
    };
    let mut request = Element::new(&ns, "request").text_child("EmailAddress", email);
    if let Some(edition) = &persona.os_edition {
        request = request.text_child("OSEdition", edition);
    }
    request = request
        .text_child("RequestVersion", &persona.request_version)
        .text_child("DeviceType", &persona.device_type)
        .text_child("ApplicationVersion", &persona.os_version);
    let offered = persona.auth_policies();
    if !offered.is_empty() {
        let mut policies = Element::new(&ns, "AuthPolicies");
        for policy in offered {
            policies = policies.text_child("AuthPolicy", *policy);
        }
        request = request.with(policies);
    }
    Element::new(&ns, "Discover").with(request)
}

/// `GetPolicies` ([MS-XCEP] 3.1.4.1.1.1).
pub(super) fn policies_request() -> Element {
    let nil = |name: &str| Element::new(POLICY_NS, name).attribute(XSI, "nil", "true");
    let client = Element::new(POLICY_NS, "client")
        .with(nil("lastUpdate"))
        .with(nil("preferredLanguage"));
    Element::new(POLICY_NS, "GetPolicies")
        .with(client)
        .with(nil("requestFilter"))
}

/// `RequestSecurityToken` ([MS-WSTEP] 3.1.4.1).
pub(super) fn token_request(
    kind: &str,
    value_type: &str,
    content: &[u8],
    items: Vec<(&'static str, String)>,
) -> Element {
    let mut context = Element::new(CONTEXT, "AdditionalContext");
    for (name, value) in items {
        let item = Element::new(CONTEXT, "ContextItem")
            .attribute("", "Name", name)
            .text_child("Value", value);
        context = context.with(item);
    }
    Element::new(TRUST, "RequestSecurityToken")
        .text_child("TokenType", TOKEN_TYPE)
        .text_child("RequestType", format!("{TRUST}/{kind}"))
        .with(soap::binary(value_type, &STANDARD.encode(content)))
        .with(context)
}

/// What each version says about itself beside its request.
pub(super) fn context_items(
    persona: &Persona,
    invitation: &Invitation,
    login: Login,
) -> Vec<(&'static str, String)> {
    let kind = match invitation.context {
        Context::User => "Full",
        Context::System => "Device",
    };
    let phone = vec![
        ("DeviceID", persona.device_id.clone()),
        ("DeviceType", persona.device_type.clone()),
        ("ApplicationVersion", persona.os_version.clone()),
    ];
    if persona.version == Version::Phone81 {
        return phone;
    }
    let mut items = vec![
        ("UXInitiated", "true".to_owned()),
        ("HWDevID", persona.hardware_id.clone()),
        ("Locale", persona.locale.clone()),
        ("TargetedUserLoggedIn", (login == Login::User).to_string()),
        ("OSEdition", persona.os_edition.clone().unwrap_or_default()),
        ("DeviceName", persona.device_name.clone()),
        // Windows lists every card, the first one twice.
        ("MAC", persona.mac.clone()),
        ("MAC", persona.mac.clone()),
        ("EnrollmentType", kind.to_owned()),
        ("OSVersion", persona.os_version.clone()),
        ("NotInOobe", "false".to_owned()),
        ("RequestVersion", persona.request_version.clone()),
    ];
    items.extend(phone);
    items
}
