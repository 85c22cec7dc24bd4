#![allow(clippy::unwrap_used, reason = "test")]

use super::{Action, Fault, Refusal, Reply};
use crate::soap::ActivityId;

fn encoded(refusal: Refusal, reason: &str) -> String {
    let reply = Reply {
        relates_to: Some(
            "urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478"
                .parse()
                .unwrap(),
        ),
        activity: ActivityId::new([7; 16]),
    };
    let reason = reason.to_owned();
    Fault { refusal, reason }
        .encode(Action::RequestSecurityToken, &reply)
        .unwrap()
}

/// One element a line; between them the message has nothing.
fn lines(document: &str) -> String {
    document.replace("><", ">\n<")
}

#[test]
fn a_refusal_by_subcode() {
    insta::assert_snapshot!(lines(&encoded(Refusal::Authentication, "no user & < > \" é")), @r#"
    <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
    <s:Header>
    <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep</a:Action>
    <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
    <a:RelatesTo>urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
    </s:Header>
    <s:Body>
    <s:Fault>
    <s:Code>
    <s:Value>s:Receiver</s:Value>
    <s:Subcode>
    <s:Value>s:Authentication</s:Value>
    </s:Subcode>
    </s:Code>
    <s:Reason>
    <s:Text xml:lang="en-US">0x80180002: no user &amp; &lt; &gt; " é</s:Text>
    </s:Reason>
    </s:Fault>
    </s:Body>
    </s:Envelope>
    "#);
}

#[test]
fn a_refusal_of_the_dispatcher() {
    insta::assert_snapshot!(lines(&encoded(Refusal::InvalidSecurity, "twice")), @r#"
    <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
    <s:Header>
    <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep</a:Action>
    <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
    <a:RelatesTo>urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
    </s:Header>
    <s:Body>
    <s:Fault>
    <s:Code>
    <s:Value>s:Receiver</s:Value>
    <s:Subcode>
    <s:Value xmlns:a="http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher">a:InvalidSecurity</s:Value>
    </s:Subcode>
    </s:Code>
    <s:Reason>
    <s:Text xml:lang="en-US">0x80180007: twice</s:Text>
    </s:Reason>
    </s:Fault>
    </s:Body>
    </s:Envelope>
    "#);
}

#[test]
fn a_refusal_by_error_type() {
    insta::assert_snapshot!(lines(&encoded(Refusal::DeviceCapReached, "5 devices")), @r#"
    <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
    <s:Header>
    <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep</a:Action>
    <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
    <a:RelatesTo>urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
    </s:Header>
    <s:Body>
    <s:Fault>
    <s:Code>
    <s:Value>s:Receiver</s:Value>
    <s:Subcode>
    <s:Value>s:Authorization</s:Value>
    </s:Subcode>
    </s:Code>
    <s:Reason>
    <s:Text xml:lang="en-US">0x80180013: 5 devices</s:Text>
    </s:Reason>
    <s:Detail>
    <DeviceEnrollmentServiceError xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollment">
    <ErrorType>DeviceCapReached</ErrorType>
    <Message>5 devices</Message>
    <TraceId>07070707-0707-0707-0707-070707070707</TraceId>
    </DeviceEnrollmentServiceError>
    </s:Detail>
    </s:Fault>
    </s:Body>
    </s:Envelope>
    "#);
}

#[test]
fn a_text_for_the_user() {
    let message = "call us & < > \" é".to_owned();
    let document = encoded(Refusal::CustomServerError { message }, "lab");
    insta::assert_snapshot!(lines(&document), @r#"
    <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
    <s:Header>
    <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep</a:Action>
    <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
    <a:RelatesTo>urn:uuid:748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
    </s:Header>
    <s:Body>
    <s:Fault>
    <s:Code>
    <s:Value>s:Receiver</s:Value>
    <s:Subcode>
    <s:Value>s:Authorization</s:Value>
    </s:Subcode>
    </s:Code>
    <s:Reason>
    <s:Text xml:lang="en-US">0x80180032: lab</s:Text>
    </s:Reason>
    <s:Detail>
    <DeviceEnrollmentServiceError xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollment">
    <ErrorType>CustomServerError</ErrorType>
    <Message>call us &amp; &lt; &gt; " é</Message>
    <TraceId>07070707-0707-0707-0707-070707070707</TraceId>
    </DeviceEnrollmentServiceError>
    </s:Detail>
    </s:Fault>
    </s:Body>
    </s:Envelope>
    "#);
}

#[test]
fn every_refusal_has_its_code() {
    for (refusal, hresult, subcode, error_type) in [
        (
            Refusal::MessageFormat,
            "0x80180001",
            "s:MessageFormat",
            None,
        ),
        (
            Refusal::Authentication,
            "0x80180002",
            "s:Authentication",
            None,
        ),
        (
            Refusal::Authorization,
            "0x80180003",
            "s:Authorization",
            None,
        ),
        (
            Refusal::CertificateRequest,
            "0x80180004",
            "s:CertificateRequest",
            None,
        ),
        (
            Refusal::EnrollmentServer,
            "0x80180005",
            "s:EnrollmentServer",
            None,
        ),
        (
            Refusal::InternalServiceFault,
            "0x80180006",
            "a:InternalServiceFault",
            None,
        ),
        (
            Refusal::InvalidSecurity,
            "0x80180007",
            "a:InvalidSecurity",
            None,
        ),
        (
            Refusal::ActionMismatch,
            "0x80180008",
            "a:ActionMismatch",
            None,
        ),
        (
            Refusal::EndpointUnavailable,
            "0x80180008",
            "a:EndpointUnavailable",
            None,
        ),
        (
            Refusal::DeviceCapReached,
            "0x80180013",
            "s:Authorization",
            Some("DeviceCapReached"),
        ),
        (
            Refusal::DeviceNotSupported,
            "0x80180014",
            "s:Authorization",
            Some("DeviceNotSupported"),
        ),
        (
            Refusal::NotSupported,
            "0x80180015",
            "s:Authorization",
            Some("NotSupported"),
        ),
        (
            Refusal::NotEligibleToRenew,
            "0x80180016",
            "s:Authorization",
            Some("NotEligibleToRenew"),
        ),
        (
            Refusal::InMaintenance,
            "0x80180017",
            "s:EnrollmentServer",
            Some("InMaintenance"),
        ),
        (
            Refusal::UserLicense,
            "0x80180018",
            "s:Authorization",
            Some("UserLicense"),
        ),
        (
            Refusal::InvalidEnrollmentData,
            "0x80180019",
            "s:Authorization",
            Some("InvalidEnrollmentData"),
        ),
        (
            Refusal::CustomServerError {
                message: "m".to_owned(),
            },
            "0x80180032",
            "s:Authorization",
            Some("CustomServerError"),
        ),
    ] {
        assert_eq!(refusal.hresult().to_string(), hresult);
        assert!(refusal.hresult().meaning().is_some(), "{hresult}");
        let document = encoded(refusal, "r");
        assert!(
            document.contains(&format!(">{subcode}</s:Value></s:Subcode>")),
            "{document}"
        );
        assert!(
            document.contains(&format!(">{hresult}: r</s:Text>")),
            "{document}"
        );
        let typed = error_type.map(|name| format!("<ErrorType>{name}</ErrorType>"));
        match typed {
            Some(typed) => assert!(document.contains(&typed), "{document}"),
            None => assert!(!document.contains("Detail"), "{document}"),
        }
    }
}
