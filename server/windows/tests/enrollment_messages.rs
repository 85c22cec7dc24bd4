//! What clients of each version send, and what hostile ones might.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test"
)]

use mdm_windows::{
    discovery::{AuthPolicy, Discover},
    enrollment::{CertificateRequest, EnrollmentType, RequestSecurityToken, RequestType},
    policy::GetPolicies,
    secret::Password,
    soap::{Refusal, TokenKind, Unreadable},
    xml::Budget,
};

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/../../tests/fixtures/windows/enrollment/{name}.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn discover(document: &str) -> Result<Discover, Unreadable> {
    Discover::decode(document.as_bytes(), Budget::default()).map(|envelope| envelope.body)
}

fn enroll(document: &str) -> Result<RequestSecurityToken, Unreadable> {
    RequestSecurityToken::decode(document.as_bytes(), Budget::default())
        .map(|envelope| envelope.body)
}

/// The problem and its causes, as a log shows them.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

#[test]
fn every_client_is_understood() {
    use AuthPolicy::{Certificate, Federated, OnPremise};
    let passkey = || AuthPolicy::Other("Passkey".to_owned());
    for (name, version, device, edition, policies) in [
        ("8.1", None, None, None, vec![]),
        ("phone-8.1", Some("2.0"), Some("WindowsPhone"), None, vec![]),
        (
            "10-mobile",
            Some("3.0"),
            Some("WindowsPhone"),
            Some("104"),
            vec![OnPremise, Federated],
        ),
        (
            "10-19043",
            Some("4.0"),
            Some("CIMClient_Windows"),
            Some("48"),
            vec![OnPremise, Federated],
        ),
        (
            "11-22631",
            Some("6.0"),
            Some("CIMClient_Windows"),
            Some("4"),
            vec![Federated],
        ),
        (
            "11-25h2",
            Some("9.0"),
            Some("CIMClient_Windows"),
            Some("101"),
            vec![OnPremise, Federated, Certificate, passkey()],
        ),
    ] {
        let read = discover(&fixture(&format!("discover-{name}"))).unwrap();
        assert_eq!(
            read.email_address.as_deref(),
            Some("adele@lab.example"),
            "{name}"
        );
        assert_eq!(
            read.request_version.map(|v| v.to_string()).as_deref(),
            version,
            "{name}"
        );
        assert_eq!(read.device_type.as_deref(), device, "{name}");
        assert_eq!(read.os_edition.as_deref(), edition, "{name}");
        assert_eq!(read.auth_policies, policies, "{name}");
        assert_eq!(read.unknown.len(), usize::from(name == "11-25h2"), "{name}");
    }
}

#[test]
fn what_is_not_known_is_kept_as_written() {
    let read = discover(&fixture("discover-11-25h2")).unwrap();
    let later = &read.unknown[0];
    assert_eq!(later.local, "Later");
    assert_eq!(
        later.raw.expose(),
        "<Later xmlns=\"urn:example:later\">kept</Later>"
    );
}

#[test]
fn the_header_is_read() {
    let document = fixture("discover-phone-8.1");
    let read = Discover::decode(document.as_bytes(), Budget::default()).unwrap();
    assert_eq!(
        read.message_id.unwrap().as_str(),
        "urn:uuid: 748132ec-a575-4329-b01b-6171a9cf8478"
    );
    assert_eq!(
        read.to.as_deref(),
        Some("https://enterpriseenrollment.lab.example:443/EnrollmentServer/Discovery.svc")
    );
    assert_eq!(
        read.reply_to.as_deref(),
        Some("http://www.w3.org/2005/08/addressing/anonymous")
    );
    assert_eq!(read.security, None);
}

#[test]
fn every_credential_is_read_and_none_is_printed() {
    for (name, username, kind, secret) in [
        ("onpremise", Some("adele@lab.example"), None, "p&<"),
        ("federated", None, Some(TokenKind::User), "opaque"),
        ("entra", None, Some(TokenKind::Jwt), "eyJ"),
        ("certificate", None, Some(TokenKind::X509), "SignatureValue"),
    ] {
        let document = fixture(&format!("policies-{name}"));
        let read = GetPolicies::decode(document.as_bytes(), Budget::default()).unwrap();
        assert_eq!(read.body, GetPolicies::default(), "{name}");
        let shown = format!("{read:?}");
        assert!(!shown.contains(secret), "{shown}");
        let security = read.security.unwrap();
        let user = security.username;
        assert_eq!(
            user.as_ref().map(|user| user.username.as_str()),
            username,
            "{name}"
        );
        let password = user.and_then(|user| user.password);
        let expected = username.map(|_| " p&<\"é ");
        assert_eq!(password.as_ref().map(Password::expose), expected, "{name}");
        let mut tokens = security.tokens.into_iter();
        let token = tokens.next();
        assert_eq!(
            token.as_ref().map(|token| token.kind.clone()),
            kind,
            "{name}"
        );
        if name == "federated" {
            assert_eq!(
                token.unwrap().content.expose(),
                b"opaque token of the login page"
            );
        }
        assert_eq!(
            security.unknown.len(),
            if name == "certificate" { 2 } else { 0 },
            "{name}"
        );
    }
}

#[test]
fn every_certificate_request_is_handed_on() {
    for (name, kind, device, enrollment, items) in [
        (
            "issue-onpremise",
            RequestType::Issue,
            Some("0123456789ABCDEF0123456789ABCDEF"),
            Some(EnrollmentType::Full),
            17,
        ),
        (
            "issue-federated",
            RequestType::Issue,
            Some("0123456789ABCDEF0123456789ABCDEF"),
            Some(EnrollmentType::Device),
            17,
        ),
        ("issue-phone-8.1", RequestType::Issue, None, None, 2),
        ("renew", RequestType::Renew, None, None, 2),
        ("renew-other-type", RequestType::Renew, None, None, 1),
    ] {
        let read = enroll(&fixture(name)).unwrap();
        assert_eq!(read.request_type, kind, "{name}");
        assert_eq!(read.context.device_id(), device, "{name}");
        assert_eq!(read.context.enrollment_type(), enrollment, "{name}");
        assert_eq!(read.context.items().count(), items, "{name}");
        let (CertificateRequest::Pkcs10(der) | CertificateRequest::Pkcs7(der)) =
            &read.certificate_request;
        // One DER sequence with a length of two octets, whole.
        assert_eq!(der[..2], [0x30, 0x82], "{name}");
        assert_eq!(
            usize::from(der[2]) * 256 + usize::from(der[3]) + 4,
            der.len(),
            "{name}"
        );
        let signed = matches!(read.certificate_request, CertificateRequest::Pkcs7(_));
        assert_eq!(signed, kind == RequestType::Renew, "{name}");
    }
}

#[test]
fn a_name_can_have_many_values() {
    let context = enroll(&fixture("issue-onpremise")).unwrap().context;
    let addresses: Vec<_> = context.all("MAC").collect();
    assert_eq!(
        addresses,
        [
            "02-00-00-00-00-01",
            "02-00-00-00-00-02",
            "02-00-00-00-00-01"
        ]
    );
    assert_eq!(context.first("DeviceName"), Some("LAB-<é>-1"));
    assert_eq!(context.all("IMEI").collect::<Vec<_>>(), [""]);
    assert_eq!(context.first("IMEI"), None);
    assert_eq!(context.hardware_id().map(str::len), Some(64));
}

#[test]
fn prefixes_mean_nothing_and_namespaces_everything() {
    let document = fixture("issue-onpremise");
    let odd = document
        .replace("xmlns:s=", "xmlns:odd=")
        .replace("<s:", "<odd:")
        .replace("</s:", "</odd:")
        .replace(" s:mustUnderstand", " odd:mustUnderstand")
        .replace("xmlns:wst=", "xmlns:s=")
        .replace("<wst:", "<s:")
        .replace("</wst:", "</s:");
    assert_ne!(odd, document);
    assert_eq!(enroll(&odd).unwrap(), enroll(&document).unwrap());
    for (from, to, complaint) in [
        (
            "http://www.w3.org/2003/05/soap-envelope",
            "http://schemas.xmlsoap.org/soap/envelope/",
            "request: `Envelope` expected, not `Envelope` of another namespace",
        ),
        (
            "http://www.w3.org/2005/08/addressing\"",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing\"",
            "request: `Action` is missing or empty",
        ),
        (
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512\"",
            "http://schemas.xmlsoap.org/ws/2005/02/trust\"",
            "request: `RequestSecurityToken` expected, not `RequestSecurityToken` of another namespace",
        ),
    ] {
        let error = enroll(&document.replace(from, to)).unwrap_err();
        assert_eq!(error.problem.to_string(), complaint);
    }
}

#[test]
fn a_bad_request_is_refused_with_what_was_expected() {
    let valid = fixture("issue-onpremise");
    let token = "<wsse:UsernameToken u:Id=\"x\"><wsse:Username>a</wsse:Username></wsse:UsernameToken></wsse:Security>";
    let request_type = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</";
    for (from, to, complaint, refusal) in [
        (
            "RST/wstep</a:Action>",
            "RST/other</a:Action>",
            "request: action is not `http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep`",
            Refusal::ActionMismatch,
        ),
        (
            "<wsse:Username>adele@lab.example</wsse:Username>",
            "",
            "request: security header cannot be read: request: `Username` is missing or empty",
            Refusal::InvalidSecurity,
        ),
        (
            "</wsse:Security>",
            token,
            "request: security header cannot be read: request: `UsernameToken` is there twice",
            Refusal::InvalidSecurity,
        ),
        (
            "0d5a1441-5891-453b-becf-a2e5f6ea3749</a:MessageID>",
            "0d5a1441-5891-453b-becf-a2e5f6ea3749</a:MessageID><a:MessageID>second</a:MessageID>",
            "request: `MessageID` is there twice",
            Refusal::MessageFormat,
        ),
        (
            "urn:uuid:0d5a1441-5891-453b-becf-a2e5f6ea3749</a:MessageID>",
            " </a:MessageID>",
            "request: `MessageID` cannot be echoed: message identifier is not of 1 to 512 bytes",
            Refusal::MessageFormat,
        ),
        (
            request_type,
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Cancel</",
            "request: `RequestType` is not Issue or Renew of WS-Trust 1.3",
            Refusal::MessageFormat,
        ),
        (
            request_type,
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Renew</",
            "request: `BinarySecurityToken/@ValueType` is not PKCS7, as for a renewal",
            Refusal::MessageFormat,
        ),
        (
            "enrollment#PKCS10",
            "enrollment#PKCS7",
            "request: `BinarySecurityToken/@ValueType` is not PKCS10, as for a first certificate",
            Refusal::MessageFormat,
        ),
        (
            "base64binary\">",
            "base64binary\">!",
            "request: `BinarySecurityToken` is not base64: Invalid symbol 33, offset 0.",
            Refusal::MessageFormat,
        ),
        (
            "<ac:ContextItem Name=\"Locale\">",
            "<ac:ContextItem>",
            "request: `ContextItem/@Name` is missing or empty",
            Refusal::MessageFormat,
        ),
        (
            "</wst:RequestSecurityToken>",
            "</wst:RequestSecurityToken><more/>",
            "request: `nothing more` expected, not `more`",
            Refusal::MessageFormat,
        ),
        (
            "<wst:TokenType>",
            "<!DOCTYPE x><wst:TokenType>",
            "request cannot be read as XML",
            Refusal::MessageFormat,
        ),
    ] {
        let document = valid.replacen(from, to, 1);
        assert_ne!(document, valid, "{from}");
        let error = enroll(&document).unwrap_err();
        let shown = chain(&error.problem);
        assert!(shown.starts_with(complaint), "{shown}\nis not\n{complaint}");
        assert_eq!(error.problem.refusal(), refusal, "{complaint}");
        assert!(!error.problem.is_limit(), "{complaint}");
    }
}

#[test]
fn a_refusal_knows_what_it_relates_to() {
    let document = fixture("discover-10-19043").replace(">4.0<", ">four<");
    let error = discover(&document).unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "request: `RequestVersion` is not a number from 1.0 to 99.9"
    );
    let id = error.message_id.unwrap();
    assert_eq!(id.as_str(), "urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478");
}

#[test]
fn lists_and_texts_are_bounded() {
    let issue = fixture("issue-onpremise");
    let item = "<ac:ContextItem Name=\"a\"><ac:Value>b</ac:Value></ac:ContextItem>";
    let discovery = fixture("discover-10-19043");
    let many = |from: &str, more: &str, times: usize, document: &str| {
        document.replacen(from, &format!("{}{from}", more.repeat(times)), 1)
    };
    for (error, complaint) in [
        (
            enroll(&many("</ac:AdditionalContext>", item, 1_000, &issue)).unwrap_err(),
            "request: more than 512 of `ContextItem`",
        ),
        (
            enroll(&issue.replace("p&amp;", &"x".repeat(65_537))).unwrap_err(),
            "request: security header cannot be read",
        ),
        (
            enroll(&many("</s:Header>", "<x/>", 33, &issue)).unwrap_err(),
            "request: more than 32 of `Header/*`",
        ),
        (
            discover(&many(
                "</AuthPolicies>",
                "<AuthPolicy>x</AuthPolicy>",
                40,
                &discovery,
            ))
            .unwrap_err(),
            "request: more than 32 of `AuthPolicy`",
        ),
        (
            discover(&many("@lab.example<", "x", 1_025, &discovery)).unwrap_err(),
            "request: `EmailAddress` is longer than 1024 bytes",
        ),
    ] {
        assert_eq!(error.problem.to_string(), complaint);
        assert!(error.problem.is_limit(), "{complaint}");
    }
}

#[test]
fn truncated_anywhere_they_are_refused() {
    for name in [
        "discover-11-25h2",
        "policies-certificate",
        "issue-phone-8.1",
        "renew-other-type",
    ] {
        let document = fixture(name);
        let document = document.trim_end().as_bytes();
        for end in 0..document.len() {
            let part = &document[..end];
            let budget = Budget::default();
            assert!(Discover::decode(part, budget).is_err(), "{name} {end}");
            assert!(GetPolicies::decode(part, budget).is_err(), "{name} {end}");
            assert!(
                RequestSecurityToken::decode(part, budget).is_err(),
                "{name} {end}"
            );
        }
    }
}

#[test]
fn a_million_nested_elements_are_refused_wherever_they_stand() {
    let budget = Budget {
        bytes: usize::MAX,
        ..Budget::default()
    };
    let nest = "<x>".repeat(1_000_001);
    for (name, place) in [
        ("discover-11-25h2", "<Later "),
        ("policies-onpremise", "<client>"),
        ("issue-phone-8.1", "<wst:TokenType>"),
        ("issue-phone-8.1", "<a:ReplyTo>"),
        ("issue-phone-8.1", "<wsse:UsernameToken "),
    ] {
        let document = fixture(name).replacen(place, &format!("{nest}{place}"), 1);
        let document = document.as_bytes();
        let problem = match name {
            "discover-11-25h2" => Discover::decode(document, budget).unwrap_err().problem,
            "policies-onpremise" => GetPolicies::decode(document, budget).unwrap_err().problem,
            _ => {
                RequestSecurityToken::decode(document, budget)
                    .unwrap_err()
                    .problem
            }
        };
        let shown = chain(&problem);
        assert!(
            shown.contains("more than 64 elements are open"),
            "{name} {place} {shown}"
        );
    }
}

#[test]
fn a_token_of_a_hundred_megabytes_is_not_looked_at() {
    let document = fixture("issue-onpremise").replacen(
        "base64binary\">",
        &format!("base64binary\">{}", "A".repeat(100_000_000)),
        1,
    );
    let error = enroll(&document).unwrap_err();
    let shown = chain(&error.problem);
    assert!(shown.ends_with("is longer than 4194304"), "{shown}");
}
