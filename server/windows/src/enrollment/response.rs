use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    provisioning::Document,
    soap::{Action, Reply, Timestamp},
    xml::{Ns, WriteError},
};

/// `RequestSecurityTokenResponseCollection` ([MS-WSTEP] 3.1.4.1.3): the certificate and how the device is managed,
/// both in one provisioning document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The document.
    pub document: Document,
    /// From when until when the answer holds.
    pub timestamp: Timestamp,
}

const TOKEN_TYPE: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken";
const VALUE_TYPE: &str = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc";
const ENCODING_TYPE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary";

impl Issued {
    /// The message, to be sent with `Content-Length`.
    pub fn encode(&self, reply: &Reply) -> Result<String, WriteError> {
        let token = BASE64_STANDARD.encode(self.document.as_str());
        reply.envelope(Action::RequestSecurityToken, Some(self.timestamp), |w| {
            w.element(
                (Ns::Trust, "RequestSecurityTokenResponseCollection"),
                &[],
                |w| {
                    w.element((Ns::Trust, "RequestSecurityTokenResponse"), &[], |w| {
                        w.leaf((Ns::Trust, "TokenType"), TOKEN_TYPE);
                        w.empty((Ns::Enrollment, "DispositionMessage"), &[]);
                        w.element((Ns::Trust, "RequestedSecurityToken"), &[], |w| {
                            w.leaf_with(
                                (Ns::Security, "BinarySecurityToken"),
                                &[
                                    ((Ns::Bare, "ValueType"), VALUE_TYPE),
                                    ((Ns::Bare, "EncodingType"), ENCODING_TYPE),
                                ],
                                &token,
                            );
                        });
                        w.leaf((Ns::Enrollment, "RequestID"), "0");
                    });
                },
            );
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Issued, Reply};
    use crate::{
        provisioning::{Certificate, Identity, ProviderId, Renewed, Store, Thumbprint},
        soap::{ActivityId, Timestamp},
    };
    use time::macros::datetime;

    #[test]
    fn around_a_document() {
        let provider: ProviderId = "mockmdm".parse().unwrap();
        let renewed = Renewed {
            identity: Identity {
                certificate: Certificate {
                    der: vec![0x30, 0],
                    thumbprint: Thumbprint::new([0xab; 20]),
                },
                store: Store::User,
            },
            provider,
        };
        let issued = Issued {
            document: renewed.document().unwrap(),
            timestamp: Timestamp::around(datetime!(2024-03-01 12:00 UTC)),
        };
        let reply = Reply {
            relates_to: "urn:uuid:0d5a1441-5891-453b-becf-a2e5f6ea3749".parse().ok(),
            activity: ActivityId::new([7; 16]),
        };
        let document = issued.encode(&reply).unwrap().replace("><", ">\n<");
        insta::assert_snapshot!(document, @r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
        <s:Header>
        <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RSTRC/wstep</a:Action>
        <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
        <a:RelatesTo>urn:uuid:0d5a1441-5891-453b-becf-a2e5f6ea3749</a:RelatesTo>
        <o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" s:mustUnderstand="1">
        <u:Timestamp u:Id="_0">
        <u:Created>2024-03-01T11:55:00.000Z</u:Created>
        <u:Expires>2024-03-01T12:05:00.000Z</u:Expires>
        </u:Timestamp>
        </o:Security>
        </s:Header>
        <s:Body>
        <RequestSecurityTokenResponseCollection xmlns="http://docs.oasis-open.org/ws-sx/ws-trust/200512">
        <RequestSecurityTokenResponse>
        <TokenType>http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken</TokenType>
        <DispositionMessage xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollment"/>
        <RequestedSecurityToken>
        <o:BinarySecurityToken xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" ValueType="http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">PHdhcC1wcm92aXNpb25pbmdkb2MgdmVyc2lvbj0iMS4xIj48Y2hhcmFjdGVyaXN0aWMgdHlwZT0iQ2VydGlmaWNhdGVTdG9yZSI+PGNoYXJhY3RlcmlzdGljIHR5cGU9Ik15Ij48Y2hhcmFjdGVyaXN0aWMgdHlwZT0iVXNlciI+PGNoYXJhY3RlcmlzdGljIHR5cGU9IkFCQUJBQkFCQUJBQkFCQUJBQkFCQUJBQkFCQUJBQkFCQUJBQkFCQUIiPjxwYXJtIG5hbWU9IkVuY29kZWRDZXJ0aWZpY2F0ZSIgdmFsdWU9Ik1BQT0iLz48Y2hhcmFjdGVyaXN0aWMgdHlwZT0iUHJpdmF0ZUtleUNvbnRhaW5lciIvPjwvY2hhcmFjdGVyaXN0aWM+PC9jaGFyYWN0ZXJpc3RpYz48L2NoYXJhY3RlcmlzdGljPjwvY2hhcmFjdGVyaXN0aWM+PGNoYXJhY3RlcmlzdGljIHR5cGU9IkFQUExJQ0FUSU9OIj48cGFybSBuYW1lPSJQUk9WSURFUi1JRCIgdmFsdWU9Im1vY2ttZG0iLz48L2NoYXJhY3RlcmlzdGljPjwvd2FwLXByb3Zpc2lvbmluZ2RvYz4=</o:BinarySecurityToken>
        </RequestedSecurityToken>
        <RequestID xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollment">0</RequestID>
        </RequestSecurityTokenResponse>
        </RequestSecurityTokenResponseCollection>
        </s:Body>
        </s:Envelope>
        "#);
    }
}
