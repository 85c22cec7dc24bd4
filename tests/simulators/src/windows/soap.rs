//! SOAP 1.2 as the enrollment client speaks it: requests are written, answers are read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Hresult;
use super::error::{EnrollError, code, excerpt};
use super::xml::{self, Element};
use crate::http::Response;

pub(crate) const ENVELOPE: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(crate) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
pub(crate) const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(crate) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(crate) const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
pub(crate) const CONTEXT: &str = "http://schemas.xmlsoap.org/ws/2006/12/authorization";
pub(crate) const ENROLLMENT: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Base of every action.
const ACTIONS: &str = "http://schemas.microsoft.com/windows/";
/// A constant of the client, not a number of the message.
const TOKEN_ID: &str = "uuid-cc1ccc1f-2fba-4bcf-b063-ffc0cac77917-4";
const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";
const USER_TOKEN: &str = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken";

/// Prefixes as Windows writes them.
const PREFIXES: [(&str, &str); 7] = [
    (ADDRESSING, "a"),
    (ENVELOPE, "s"),
    (UTILITY, "u"),
    (SECURITY, "wsse"),
    (TRUST, "wst"),
    (CONTEXT, "ac"),
    (XSI, "xsi"),
];

/// What a request proves who asks with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// User name and password.
    Password(String, String),
    /// What the login page gave.
    Opaque(String),
}

/// One of the three exchanges.
pub(crate) struct Exchange {
    /// Name for error messages.
    pub(crate) step: &'static str,
    /// Action of the request, below the common base.
    pub(crate) action: &'static str,
    /// Action of the answer, likewise.
    pub(crate) answer: &'static str,
    /// `MessageID`, a constant of the client for each exchange.
    pub(crate) message_id: &'static str,
}

/// The three exchanges ([MS-MDE2] 3.1, [MS-XCEP] 3.1, [MS-WSTEP] 3.1).
pub(crate) const DISCOVER: Exchange = Exchange {
    step: "discovery",
    action: "management/2012/01/enrollment/IDiscoveryService/Discover",
    answer: "management/2012/01/enrollment/IDiscoveryService/DiscoverResponse",
    message_id: "urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478",
};
pub(crate) const POLICIES: Exchange = Exchange {
    step: "policies",
    action: "pki/2009/01/enrollmentpolicy/IPolicy/GetPolicies",
    answer: "pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse",
    message_id: "urn:uuid:72048b64-0f19-448f-8c2e-b4c661860aa0",
};
pub(crate) const TOKEN: Exchange = Exchange {
    step: "certificate",
    action: "pki/2009/01/enrollment/RST/wstep",
    answer: "pki/2009/01/enrollment/RSTRC/wstep",
    message_id: "urn:uuid:0d5a1441-5891-453b-becf-a2e5f6ea3749",
};

/// Writes a request.
pub(crate) fn request(
    exchange: &Exchange,
    to: &str,
    token: Option<&Token>,
    body: Element,
) -> String {
    let must = |element: Element| element.attribute(ENVELOPE, "mustUnderstand", "1");
    let mut header = Element::new(ENVELOPE, "Header")
        .with(must(Element::leaf(
            ADDRESSING,
            "Action",
            format!("{ACTIONS}{}", exchange.action),
        )))
        .with(Element::leaf(ADDRESSING, "MessageID", exchange.message_id))
        .with(
            Element::new(ADDRESSING, "ReplyTo")
                .text_child("Address", "http://www.w3.org/2005/08/addressing/anonymous"),
        )
        .with(must(Element::leaf(ADDRESSING, "To", to)));
    if let Some(token) = token {
        let token = match token {
            Token::Password(name, password) => Element::new(SECURITY, "UsernameToken")
                .attribute(UTILITY, "Id", TOKEN_ID)
                .text_child("Username", name)
                .with(Element::leaf(SECURITY, "Password", password).attribute(
                    SECURITY,
                    "Type",
                    PASSWORD_TEXT,
                )),
            Token::Opaque(text) => binary(USER_TOKEN, &STANDARD.encode(text)),
        };
        header = header.with(must(Element::new(SECURITY, "Security").with(token)));
    }
    let envelope = Element::new(ENVELOPE, "Envelope")
        .with(header)
        .with(Element::new(ENVELOPE, "Body").with(body));
    xml::write(&envelope, &PREFIXES)
}

/// A `BinarySecurityToken` of this type.
pub(crate) fn binary(value_type: &str, base64: &str) -> Element {
    Element::leaf(SECURITY, "BinarySecurityToken", base64)
        .attribute("", "ValueType", value_type)
        .attribute("", "EncodingType", format!("{SECURITY}#base64binary"))
}

/// Checks an answer as the client does and gives the element in its body.
pub(crate) fn answer(exchange: &Exchange, response: &Response) -> Result<Element, EnrollError> {
    let step = exchange.step;
    let fail = |code, reason: String| Err(EnrollError::new(step, code, reason));
    let status = response.status.as_u16();
    if response.status.is_redirection() {
        return fail(code::REDIRECT, "the answer is a redirection".to_owned());
    }
    if response.header("transfer-encoding").is_some() {
        return fail(code::NETWORK, "the answer is chunked".to_owned());
    }
    let length = response.header("content-length").map(str::parse::<usize>);
    if length != Some(Ok(response.body.len())) {
        return fail(
            code::NETWORK,
            "the answer has no Content-Length that is its own".to_owned(),
        );
    }
    if status == 200 && response.body.is_empty() {
        return fail(code::EMPTY_ANSWER, "the answer is empty".to_owned());
    }
    let kind = response.header("content-type").unwrap_or_default();
    let soap = kind.starts_with("application/soap+xml");
    if !matches!(status, 200 | 500) || !soap {
        // A bare status is all its owner gets to see.
        let code = if status == 200 {
            code::MESSAGE_FORMAT
        } else {
            Hresult(0x8019_0000 + u32::from(status))
        };
        return fail(
            code,
            format!("HTTP status {status}, {kind}: {}", excerpt(&response.body)),
        );
    }
    let envelope = match xml::read(&response.body) {
        Ok(envelope) if envelope.is(ENVELOPE, "Envelope") => envelope,
        Ok(_) => return fail(code::MESSAGE_FORMAT, "the answer is no envelope".to_owned()),
        Err(error) => return fail(code::MESSAGE_FORMAT, error.to_string()),
    };
    let body = envelope.child(ENVELOPE, "Body");
    if let Some(fault) = body.and_then(|body| body.child(ENVELOPE, "Fault")) {
        return Err(fault_error(step, fault));
    }
    let header = envelope.child(ENVELOPE, "Header");
    let action = header.and_then(|header| header.child(ADDRESSING, "Action"));
    let wanted = format!("{ACTIONS}{}", exchange.answer);
    if action.map(Element::trimmed) != Some(wanted.as_str()) {
        return fail(
            code::UNKNOWN,
            format!("the answer's Action is not {wanted}"),
        );
    }
    let relates = header.and_then(|header| header.child(ADDRESSING, "RelatesTo"));
    if relates.map(|element| element.text.as_str()) != Some(exchange.message_id) {
        return fail(
            code::MESSAGE_FORMAT,
            "the answer's RelatesTo is not the request's MessageID".to_owned(),
        );
    }
    match body.map(|body| body.children.as_slice()) {
        Some([only]) if status == 200 => Ok(only.clone()),
        _ => fail(
            code::MESSAGE_FORMAT,
            "the answer's Body has no single element".to_owned(),
        ),
    }
}

/// A fault as the code Windows shows ([MS-MDE2] 2.2.9, the table of subcodes and that of error types).
fn fault_error(step: &'static str, fault: &Element) -> EnrollError {
    let subcode = fault
        .path(ENVELOPE, &["Code", "Subcode", "Value"])
        .map(Element::trimmed)
        .unwrap_or_default();
    let subcode = subcode.rsplit(':').next().unwrap_or_default();
    let detail = fault
        .child(ENVELOPE, "Detail")
        .and_then(|detail| detail.child(ENROLLMENT, "DeviceEnrollmentServiceError"));
    let error_type = detail
        .and_then(|detail| detail.child(ENROLLMENT, "ErrorType"))
        .map(Element::trimmed)
        .unwrap_or_default();
    let typed = match error_type {
        "DeviceCapReached" => Some(0x8018_0013),
        "DeviceNotSupported" => Some(0x8018_0014),
        "NotSupported" => Some(0x8018_0015),
        "NotEligibleToRenew" => Some(0x8018_0016),
        "InMaintenance" => Some(0x8018_0017),
        "UserLicense" => Some(0x8018_0018),
        "InvalidEnrollmentData" => Some(0x8018_0019),
        "CustomServerError" => Some(0x8018_0032),
        _ => None,
    };
    let code = typed.map_or_else(
        || match subcode {
            "MessageFormat" => code::MESSAGE_FORMAT,
            "Authentication" => code::AUTHENTICATION,
            "Authorization" => code::AUTHORIZATION,
            "CertificateRequest" => code::CERTIFICATE_REQUEST,
            "EnrollmentServer" => code::ENROLLMENT_SERVER,
            "InternalServiceFault" => code::INTERNAL_SERVICE,
            "InvalidSecurity" => code::INVALID_SECURITY,
            _ => code::UNKNOWN,
        },
        Hresult,
    );
    let reason = fault
        .path(ENVELOPE, &["Reason", "Text"])
        .map(Element::trimmed)
        .unwrap_or_default();
    EnrollError::new(step, code, format!("fault {subcode}: {reason}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let mut map = http::HeaderMap::new();
        map.insert(
            "content-type",
            "application/soap+xml; charset=utf-8".parse().unwrap(),
        );
        map.insert("content-length", body.len().into());
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            if value.is_empty() {
                map.remove(name);
            } else {
                map.insert(name, value.parse().unwrap());
            }
        }
        Response {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: Bytes::from(body.to_owned()),
        }
    }

    fn envelope(action: &str, relates: &str, body: &str) -> String {
        format!(
            "<x:Envelope xmlns:x='{ENVELOPE}' xmlns:y='{ADDRESSING}'><x:Header><y:Action>\n{action}\n</y:Action>\
             <y:RelatesTo>{relates}</y:RelatesTo></x:Header><x:Body>{body}</x:Body></x:Envelope>"
        )
    }

    #[test]
    fn answers_and_what_windows_shows() {
        let action = format!("{ACTIONS}{}", DISCOVER.answer);
        let good = envelope(&action, DISCOVER.message_id, "<Done/>");
        assert_eq!(
            answer(&DISCOVER, &response(200, &[], &good)).unwrap().name,
            "Done"
        );
        let fault = |subcode: &str, kind: &str| {
            envelope(
                "",
                "",
                &format!(
                    "<x:Fault><x:Code><x:Value>x:Receiver</x:Value><x:Subcode><x:Value>{subcode}</x:Value></x:Subcode>\
                     </x:Code><x:Reason><x:Text>No &amp; no</x:Text></x:Reason><x:Detail><DeviceEnrollmentServiceError \
                     xmlns='{ENROLLMENT}'><ErrorType>{kind}</ErrorType></DeviceEnrollmentServiceError></x:Detail></x:Fault>"
                ),
            )
        };
        for (answered, shown) in [
            (
                response(200, &[], ""),
                "0x80180029 in discovery: the answer is empty",
            ),
            (
                response(200, &[("transfer-encoding", "chunked")], &good),
                "0x80180010 in discovery: the answer is chunked",
            ),
            (
                response(200, &[("content-length", "")], &good),
                "0x80180010 in discovery: the answer has no Content-Length that is its own",
            ),
            (
                response(302, &[], ""),
                "0x8018001A in discovery: the answer is a redirection",
            ),
            (
                response(404, &[("content-type", "text/plain")], "no"),
                "0x80190194 in discovery: HTTP status 404, text/plain: no",
            ),
            (
                response(200, &[], &envelope("urn:x", DISCOVER.message_id, "<Done/>")),
                "0x80180008 in discovery: the answer's Action is not http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse",
            ),
            (
                response(200, &[], &envelope(&action, "urn:uuid:0", "<Done/>")),
                "0x80180001 in discovery: the answer's RelatesTo is not the request's MessageID",
            ),
            (
                response(200, &[], &envelope(&action, DISCOVER.message_id, "")),
                "0x80180001 in discovery: the answer's Body has no single element",
            ),
            (
                response(200, &[], "<a/>"),
                "0x80180001 in discovery: the answer is no envelope",
            ),
            (
                response(500, &[], &fault("x:Authentication", "")),
                "0x80180002 in discovery: fault Authentication: No & no",
            ),
            (
                response(500, &[], &fault("a:InternalServiceFault", "")),
                "0x80180006 in discovery: fault InternalServiceFault: No & no",
            ),
            (
                response(500, &[], &fault("x:EnrollmentServer", "DeviceCapReached")),
                "0x80180013 in discovery: fault EnrollmentServer: No & no",
            ),
        ] {
            let error = answer(&DISCOVER, &answered).unwrap_err();
            assert_eq!(error.to_string(), format!("enrollment failed with {shown}"));
        }
    }
}
