use time::Duration;

use crate::{
    soap::{Action, Reply},
    xml::{Name, Ns, WriteError, Writer},
};

/// The one policy of a `GetPoliciesResponse` ([MS-XCEP] 3.1.4.1.1.2): how the device makes its key and its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `policyID`.
    pub id: String,
    /// `commonName`, of the policy and not of the certificate.
    pub name: String,
    /// How long the certificate will be valid, in whole seconds.
    pub validity: Duration,
    /// How long before its end it should be renewed, in whole seconds.
    pub renewal: Duration,
    /// The length of the RSA key, in bits.
    pub key_bits: u16,
    /// What the request is signed with.
    pub hash: Hash,
}

/// What the device signs its request with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256; the request then also asks for the use "client authentication".
    Sha256,
    /// No word about it: clients then use SHA-1.
    Unsaid,
}

impl Policy {
    /// The message, to be sent with `Content-Length`.
    pub fn encode(&self, reply: &Reply) -> Result<String, WriteError> {
        reply.envelope(Action::GetPolicies, None, |w| {
            w.element(xcep("GetPoliciesResponse"), &[], |w| {
                w.element(xcep("response"), &[], |w| {
                    w.leaf(xcep("policyID"), &self.id);
                    w.leaf(xcep("policyFriendlyName"), &self.name);
                    nil(w, &["nextUpdateHours", "policiesNotChanged"]);
                    w.element(xcep("policies"), &[], |w| {
                        w.element(xcep("policy"), &[], |w| self.policy(w));
                    });
                });
                nil(w, &["cAs"]);
                w.element(xcep("oIDs"), &[], oids);
            });
        })
    }

    fn policy(&self, w: &mut Writer) {
        w.leaf(xcep("policyOIDReference"), "0");
        nil(w, &["cAs"]);
        w.element(xcep("attributes"), &[], |w| {
            w.leaf(xcep("commonName"), &self.name);
            w.leaf(xcep("policySchema"), "3");
            w.element(xcep("certificateValidity"), &[], |w| {
                w.leaf(
                    xcep("validityPeriodSeconds"),
                    &self.validity.whole_seconds().to_string(),
                );
                w.leaf(
                    xcep("renewalPeriodSeconds"),
                    &self.renewal.whole_seconds().to_string(),
                );
            });
            w.element(xcep("permission"), &[], |w| {
                w.leaf(xcep("enroll"), "true");
                w.leaf(xcep("autoEnroll"), "false");
            });
            w.element(xcep("privateKeyAttributes"), &[], |w| {
                w.leaf(xcep("minimalKeyLength"), &self.key_bits.to_string());
                nil(
                    w,
                    &[
                        "keySpec",
                        "keyUsageProperty",
                        "permissions",
                        "algorithmOIDReference",
                    ],
                );
                w.element(xcep("cryptoProviders"), &[], |w| {
                    w.leaf(xcep("provider"), "Microsoft Platform Crypto Provider");
                    w.leaf(xcep("provider"), "Microsoft Software Key Storage Provider");
                });
            });
            w.element(xcep("revision"), &[], |w| {
                w.leaf(xcep("majorRevision"), "101");
                w.leaf(xcep("minorRevision"), "0");
            });
            nil(
                w,
                &[
                    "supersededPolicies",
                    "privateKeyFlags",
                    "subjectNameFlags",
                    "enrollmentFlags",
                    "generalFlags",
                ],
            );
            match self.hash {
                Hash::Sha256 => w.leaf(xcep("hashAlgorithmOIDReference"), "0"),
                Hash::Unsaid => nil(w, &["hashAlgorithmOIDReference"]),
            }
            nil(
                w,
                &["rARequirements", "keyArchivalAttributes", "extensions"],
            );
        });
    }
}

/// Groups of [MS-XCEP] 3.1.4.1.3.16: 1 hashes, 3 public keys, 9 templates.
/// Differs: the hash is of group 4, under which Windows looks for it when it signs; 1 is accepted as well.
fn oids(w: &mut Writer) {
    oid(w, "2.16.840.1.101.3.4.2.1", "4", "0", "szOID_NIST_sha256");
    oid(w, "1.2.840.113549.1.1.1", "3", "1", "szOID_RSA_RSA");
}

const fn xcep(local: &'static str) -> Name {
    (Ns::Policy, local)
}

fn nil(w: &mut Writer, names: &[&'static str]) {
    for name in names {
        w.empty(xcep(name), &[((Ns::SchemaInstance, "nil"), "true")]);
    }
}

fn oid(w: &mut Writer, value: &str, group: &str, reference: &str, name: &str) {
    w.element(xcep("oID"), &[], |w| {
        w.leaf(xcep("value"), value);
        w.leaf(xcep("group"), group);
        w.leaf(xcep("oIDReferenceID"), reference);
        w.leaf(xcep("defaultName"), name);
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test")]
mod tests {
    use super::{Hash, Policy, Reply};
    use crate::soap::ActivityId;
    use time::Duration;

    fn encoded(hash: Hash, name: &str) -> String {
        let policy = Policy {
            id: "lab".to_owned(),
            name: name.to_owned(),
            validity: Duration::days(365),
            renewal: Duration::days(42),
            key_bits: 2048,
            hash,
        };
        let reply = Reply {
            relates_to: "urn:uuid:72048b64-0f19-448f-8c2e-b4c661860aa0".parse().ok(),
            activity: ActivityId::new([7; 16]),
        };
        policy.encode(&reply).unwrap().replace("><", ">\n<")
    }

    #[test]
    fn with_sha_256() {
        insta::assert_snapshot!(encoded(Hash::Sha256, "Lab & < > \" é"), @r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <s:Header>
        <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse</a:Action>
        <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
        <a:RelatesTo>urn:uuid:72048b64-0f19-448f-8c2e-b4c661860aa0</a:RelatesTo>
        </s:Header>
        <s:Body>
        <GetPoliciesResponse xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy">
        <response>
        <policyID>lab</policyID>
        <policyFriendlyName>Lab &amp; &lt; &gt; " é</policyFriendlyName>
        <nextUpdateHours xsi:nil="true"/>
        <policiesNotChanged xsi:nil="true"/>
        <policies>
        <policy>
        <policyOIDReference>0</policyOIDReference>
        <cAs xsi:nil="true"/>
        <attributes>
        <commonName>Lab &amp; &lt; &gt; " é</commonName>
        <policySchema>3</policySchema>
        <certificateValidity>
        <validityPeriodSeconds>31536000</validityPeriodSeconds>
        <renewalPeriodSeconds>3628800</renewalPeriodSeconds>
        </certificateValidity>
        <permission>
        <enroll>true</enroll>
        <autoEnroll>false</autoEnroll>
        </permission>
        <privateKeyAttributes>
        <minimalKeyLength>2048</minimalKeyLength>
        <keySpec xsi:nil="true"/>
        <keyUsageProperty xsi:nil="true"/>
        <permissions xsi:nil="true"/>
        <algorithmOIDReference xsi:nil="true"/>
        <cryptoProviders>
        <provider>Microsoft Platform Crypto Provider</provider>
        <provider>Microsoft Software Key Storage Provider</provider>
        </cryptoProviders>
        </privateKeyAttributes>
        <revision>
        <majorRevision>101</majorRevision>
        <minorRevision>0</minorRevision>
        </revision>
        <supersededPolicies xsi:nil="true"/>
        <privateKeyFlags xsi:nil="true"/>
        <subjectNameFlags xsi:nil="true"/>
        <enrollmentFlags xsi:nil="true"/>
        <generalFlags xsi:nil="true"/>
        <hashAlgorithmOIDReference>0</hashAlgorithmOIDReference>
        <rARequirements xsi:nil="true"/>
        <keyArchivalAttributes xsi:nil="true"/>
        <extensions xsi:nil="true"/>
        </attributes>
        </policy>
        </policies>
        </response>
        <cAs xsi:nil="true"/>
        <oIDs>
        <oID>
        <value>2.16.840.1.101.3.4.2.1</value>
        <group>4</group>
        <oIDReferenceID>0</oIDReferenceID>
        <defaultName>szOID_NIST_sha256</defaultName>
        </oID>
        <oID>
        <value>1.2.840.113549.1.1.1</value>
        <group>3</group>
        <oIDReferenceID>1</oIDReferenceID>
        <defaultName>szOID_RSA_RSA</defaultName>
        </oID>
        </oIDs>
        </GetPoliciesResponse>
        </s:Body>
        </s:Envelope>
        "#);
    }

    #[test]
    fn without_a_word_about_the_hash() {
        insta::assert_snapshot!(encoded(Hash::Unsaid, "Lab"), @r#"
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <s:Header>
        <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse</a:Action>
        <ActivityId xmlns="http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics" CorrelationId="07070707-0707-0707-0707-070707070707">07070707-0707-0707-0707-070707070707</ActivityId>
        <a:RelatesTo>urn:uuid:72048b64-0f19-448f-8c2e-b4c661860aa0</a:RelatesTo>
        </s:Header>
        <s:Body>
        <GetPoliciesResponse xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy">
        <response>
        <policyID>lab</policyID>
        <policyFriendlyName>Lab</policyFriendlyName>
        <nextUpdateHours xsi:nil="true"/>
        <policiesNotChanged xsi:nil="true"/>
        <policies>
        <policy>
        <policyOIDReference>0</policyOIDReference>
        <cAs xsi:nil="true"/>
        <attributes>
        <commonName>Lab</commonName>
        <policySchema>3</policySchema>
        <certificateValidity>
        <validityPeriodSeconds>31536000</validityPeriodSeconds>
        <renewalPeriodSeconds>3628800</renewalPeriodSeconds>
        </certificateValidity>
        <permission>
        <enroll>true</enroll>
        <autoEnroll>false</autoEnroll>
        </permission>
        <privateKeyAttributes>
        <minimalKeyLength>2048</minimalKeyLength>
        <keySpec xsi:nil="true"/>
        <keyUsageProperty xsi:nil="true"/>
        <permissions xsi:nil="true"/>
        <algorithmOIDReference xsi:nil="true"/>
        <cryptoProviders>
        <provider>Microsoft Platform Crypto Provider</provider>
        <provider>Microsoft Software Key Storage Provider</provider>
        </cryptoProviders>
        </privateKeyAttributes>
        <revision>
        <majorRevision>101</majorRevision>
        <minorRevision>0</minorRevision>
        </revision>
        <supersededPolicies xsi:nil="true"/>
        <privateKeyFlags xsi:nil="true"/>
        <subjectNameFlags xsi:nil="true"/>
        <enrollmentFlags xsi:nil="true"/>
        <generalFlags xsi:nil="true"/>
        <hashAlgorithmOIDReference xsi:nil="true"/>
        <rARequirements xsi:nil="true"/>
        <keyArchivalAttributes xsi:nil="true"/>
        <extensions xsi:nil="true"/>
        </attributes>
        </policy>
        </policies>
        </response>
        <cAs xsi:nil="true"/>
        <oIDs>
        <oID>
        <value>2.16.840.1.101.3.4.2.1</value>
        <group>4</group>
        <oIDReferenceID>0</oIDReferenceID>
        <defaultName>szOID_NIST_sha256</defaultName>
        </oID>
        <oID>
        <value>1.2.840.113549.1.1.1</value>
        <group>3</group>
        <oIDReferenceID>1</oIDReferenceID>
        <defaultName>szOID_RSA_RSA</defaultName>
        </oID>
        </oIDs>
        </GetPoliciesResponse>
        </s:Body>
        </s:Envelope>
        "#);
    }
}
