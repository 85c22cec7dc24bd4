use super::RequestVersion;
use crate::{
    soap::{Action, Reply},
    xml::{Ns, WriteError},
};

/// `DiscoverResult` ([MS-MDE2] 3.1.4.1.2): where and how to enroll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverResult {
    /// How to authenticate: one of what the device offered.
    pub authentication: Authentication,
    /// `EnrollmentVersion`: [`RequestVersion::answered`] of what the client sent.
    pub version: Option<RequestVersion>,
    /// Where to send `GetPolicies`; HTTPS, on the host of the next. Without it the device asks for none.
    pub policy_url: Option<String>,
    /// Where to send `RequestSecurityToken`; HTTPS.
    pub enrollment_url: String,
}

/// How to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Name and password, typed on the device.
    OnPremise,
    /// The login page at this address; HTTPS.
    Federated {
        /// The address.
        login_url: String,
    },
    /// A certificate from a provisioning package.
    Certificate,
}

impl DiscoverResult {
    /// The message, to be sent with `Content-Length`.
    pub fn encode(&self, reply: &Reply) -> Result<String, WriteError> {
        let ns = Ns::Discovery;
        let (policy, login) = match &self.authentication {
            Authentication::OnPremise => ("OnPremise", None),
            Authentication::Federated { login_url } => ("Federated", Some(login_url)),
            Authentication::Certificate => ("Certificate", None),
        };
        reply.envelope(Action::Discover, None, |w| {
            w.element((ns, "DiscoverResponse"), &[], |w| {
                w.element((ns, "DiscoverResult"), &[], |w| {
                    w.leaf((ns, "AuthPolicy"), policy);
                    if let Some(version) = self.version {
                        w.leaf((ns, "EnrollmentVersion"), &version.to_string());
                    }
                    if let Some(url) = &self.policy_url {
                        w.leaf((ns, "EnrollmentPolicyServiceUrl"), url);
                    }
                    w.leaf((ns, "EnrollmentServiceUrl"), &self.enrollment_url);
                    if let Some(url) = login {
                        w.leaf((ns, "AuthenticationServiceUrl"), url);
                    }
                });
            });
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test")]
mod tests {
    use super::{Authentication, DiscoverResult, Reply};
    use crate::soap::ActivityId;

    fn encoded(authentication: Authentication) -> String {
        let result = DiscoverResult {
            authentication,
            version: "4.0".parse().ok(),
            policy_url: Some("https://mdm.lab.example/EnrollmentServer/Policy.svc".to_owned()),
            enrollment_url: "https://mdm.lab.example/EnrollmentServer/Enrollment.svc".to_owned(),
        };
        let reply = Reply {
            relates_to: "urn:uuid: 748132ec-a575-4329-b01b-6171a9cf8478"
                .parse()
                .ok(),
            activity: ActivityId::new([7; 16]),
        };
        result.encode(&reply).unwrap().replace("><", ">\n<")
    }

    #[test]
    fn on_premise() {
        insta::assert_snapshot!(encoded(Authentication::OnPremise), @r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
        <s:Header>
        <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse</a:Action>
        <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
        <a:RelatesTo>urn:uuid: 748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
        </s:Header>
        <s:Body>
        <DiscoverResponse xmlns="http://schemas.microsoft.com/windows/management/2012/01/enrollment">
        <DiscoverResult>
        <AuthPolicy>OnPremise</AuthPolicy>
        <EnrollmentVersion>4.0</EnrollmentVersion>
        <EnrollmentPolicyServiceUrl>https://mdm.lab.example/EnrollmentServer/Policy.svc</EnrollmentPolicyServiceUrl>
        <EnrollmentServiceUrl>https://mdm.lab.example/EnrollmentServer/Enrollment.svc</EnrollmentServiceUrl>
        </DiscoverResult>
        </DiscoverResponse>
        </s:Body>
        </s:Envelope>
        "#);
    }

    #[test]
    fn federated() {
        let login_url = "https://mdm.lab.example/Login?a=1&b=<\"é\">".to_owned();
        insta::assert_snapshot!(encoded(Authentication::Federated { login_url }), @r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
        <s:Header>
        <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse</a:Action>
        <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
        <a:RelatesTo>urn:uuid: 748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
        </s:Header>
        <s:Body>
        <DiscoverResponse xmlns="http://schemas.microsoft.com/windows/management/2012/01/enrollment">
        <DiscoverResult>
        <AuthPolicy>Federated</AuthPolicy>
        <EnrollmentVersion>4.0</EnrollmentVersion>
        <EnrollmentPolicyServiceUrl>https://mdm.lab.example/EnrollmentServer/Policy.svc</EnrollmentPolicyServiceUrl>
        <EnrollmentServiceUrl>https://mdm.lab.example/EnrollmentServer/Enrollment.svc</EnrollmentServiceUrl>
        <AuthenticationServiceUrl>https://mdm.lab.example/Login?a=1&amp;b=&lt;"é"&gt;</AuthenticationServiceUrl>
        </DiscoverResult>
        </DiscoverResponse>
        </s:Body>
        </s:Envelope>
        "#);
    }

    #[test]
    fn certificate() {
        insta::assert_snapshot!(encoded(Authentication::Certificate), @r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
        <s:Header>
        <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse</a:Action>
        <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
        <a:RelatesTo>urn:uuid: 748132ec-a575-4329-b01b-6171a9cf8478</a:RelatesTo>
        </s:Header>
        <s:Body>
        <DiscoverResponse xmlns="http://schemas.microsoft.com/windows/management/2012/01/enrollment">
        <DiscoverResult>
        <AuthPolicy>Certificate</AuthPolicy>
        <EnrollmentVersion>4.0</EnrollmentVersion>
        <EnrollmentPolicyServiceUrl>https://mdm.lab.example/EnrollmentServer/Policy.svc</EnrollmentPolicyServiceUrl>
        <EnrollmentServiceUrl>https://mdm.lab.example/EnrollmentServer/Enrollment.svc</EnrollmentServiceUrl>
        </DiscoverResult>
        </DiscoverResponse>
        </s:Body>
        </s:Envelope>
        "#);
    }
}
