//! The enrollment and trust profiles.

use mdm_payloads::{
    Platform,
    apple::{
        AccessRights, Document, IdentityMaterial, Options, ScepMaterial,
        enrollment::{
            Enrollment, EnrollmentError, EnrollmentIdentifiers, ServerCapabilities,
            enrollment_profile, trust_profile,
        },
        schema::{Target, check_profile},
    },
    certificate_names::CertificateNames,
};
use serde_json::json;
use uuid::Uuid;

use crate::sample::{lab_root, payload, text};

fn identifiers() -> EnrollmentIdentifiers {
    EnrollmentIdentifiers {
        instance: Uuid::from_u128(1),
        prefix: "org.example".into(),
    }
}

fn enroll(topic: &str, server_url: &str) -> Result<Document, EnrollmentError> {
    let identity = IdentityMaterial::Scep(ScepMaterial::new(
        "Device identity",
        "https://mdm.example.com/scep?a=1&b=2",
        CertificateNames::default(),
        "challenge-1".into(),
    ));
    enrollment_profile(&Enrollment {
        identifiers: &identifiers(),
        organization: "Example & Söhne",
        display_name: "Management <test>",
        description: Some("é"),
        identity: &identity,
        topic,
        server_url,
        check_in_url: "https://mdm.example.com/mdm/checkin",
        sign_message: true,
        access_rights: AccessRights::default(),
        server_capabilities: ServerCapabilities::default(),
        roots: &[lab_root()],
        options: &Options {
            consent_text: Some("May we?".into()),
            ..Options::default()
        },
    })
}

const TOPIC: &str = "com.apple.mgmt.External.00000000-0000-4000-8000-000000000000";
const SERVER: &str = "https://mdm.example.com/mdm/connect";

#[test]
fn enrollment() {
    let document = enroll(TOPIC, SERVER).unwrap();
    insta::assert_snapshot!(text(&document), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
 <key>PayloadType</key>
 <string>Configuration</string>
 <key>PayloadVersion</key>
 <integer>1</integer>
 <key>PayloadIdentifier</key>
 <string>org.example.enrollment</string>
 <key>PayloadUUID</key>
 <string>DDA6007C-DFCE-5707-9081-B2F3265D975A</string>
 <key>PayloadDisplayName</key>
 <string>Management &lt;test&gt;</string>
 <key>PayloadDescription</key>
 <string>é</string>
 <key>PayloadOrganization</key>
 <string>Example &amp; Söhne</string>
 <key>ConsentText</key>
 <dict>
  <key>default</key>
  <string>May we?</string>
 </dict>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.enrollment.root.lab</string>
   <key>PayloadUUID</key>
   <string>C9515571-830D-52C5-B060-3AE70B239C40</string>
   <key>PayloadDisplayName</key>
   <string>Test Root</string>
   <key>PayloadCertificateFileName</key>
   <string>root.cer</string>
   <key>PayloadContent</key>
   <data>(root)</data>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.scep</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.enrollment.identity</string>
   <key>PayloadUUID</key>
   <string>9D103F68-609E-5C3D-A605-B89AD6381F83</string>
   <key>PayloadDisplayName</key>
   <string>Device identity</string>
   <key>PayloadContent</key>
   <dict>
    <key>URL</key>
    <string>https://mdm.example.com/scep?a=1&amp;b=2</string>
    <key>Subject</key>
    <array/>
    <key>Challenge</key>
    <string>challenge-1</string>
    <key>Keysize</key>
    <integer>2048</integer>
    <key>Key Type</key>
    <string>RSA</string>
    <key>Key Usage</key>
    <integer>5</integer>
    <key>Retries</key>
    <integer>3</integer>
    <key>RetryDelay</key>
    <integer>10</integer>
   </dict>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.mdm</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.enrollment.mdm</string>
   <key>PayloadUUID</key>
   <string>079FC477-24DC-5E63-B305-49D71E71F2A4</string>
   <key>PayloadDisplayName</key>
   <string>Management &lt;test&gt;</string>
   <key>IdentityCertificateUUID</key>
   <string>9D103F68-609E-5C3D-A605-B89AD6381F83</string>
   <key>Topic</key>
   <string>com.apple.mgmt.External.00000000-0000-4000-8000-000000000000</string>
   <key>ServerURL</key>
   <string>https://mdm.example.com/mdm/connect</string>
   <key>CheckInURL</key>
   <string>https://mdm.example.com/mdm/checkin</string>
   <key>SignMessage</key>
   <true/>
   <key>CheckOutWhenRemoved</key>
   <true/>
   <key>AccessRights</key>
   <integer>8179</integer>
   <key>ServerCapabilities</key>
   <array>
    <string>com.apple.mdm.per-user-connections</string>
    <string>com.apple.mdm.bootstraptoken</string>
   </array>
  </dict>
 </array>
</dict>
</plist>
"#);
    assert_eq!(document, enroll(TOPIC, SERVER).unwrap());
    let mdm = payload(&document, "com.apple.mdm");
    let scep = payload(&document, "com.apple.security.scep");
    assert_eq!(mdm["IdentityCertificateUUID"], scep["PayloadUUID"]);
    assert_eq!(mdm["AccessRights"], json!(8179));
    for platform in [Platform::Ios, Platform::Macos] {
        let target = Target {
            platform,
            os_version: None,
            channel: None,
        };
        assert_eq!(check_profile(document.dictionary(), &target), []);
    }
}

#[test]
fn trust() {
    let document = trust_profile(&identifiers(), "Example", "Trust", &[lab_root()]).unwrap();
    insta::assert_snapshot!(text(&document), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
 <key>PayloadType</key>
 <string>Configuration</string>
 <key>PayloadVersion</key>
 <integer>1</integer>
 <key>PayloadIdentifier</key>
 <string>org.example.trust</string>
 <key>PayloadUUID</key>
 <string>62387FC1-F3CD-5D3D-924B-EEDB7E0A89B9</string>
 <key>PayloadDisplayName</key>
 <string>Trust</string>
 <key>PayloadOrganization</key>
 <string>Example</string>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.trust.root.lab</string>
   <key>PayloadUUID</key>
   <string>77409546-3CC4-5198-ABF4-53C9A71B7792</string>
   <key>PayloadDisplayName</key>
   <string>Test Root</string>
   <key>PayloadCertificateFileName</key>
   <string>root.cer</string>
   <key>PayloadContent</key>
   <data>(root)</data>
  </dict>
 </array>
</dict>
</plist>
"#);
}

#[test]
fn refuses_what_a_device_would_refuse() {
    for (topic, server, expected) in [
        (
            "com.example",
            SERVER,
            "making the enrollment profile: the topic is `com.example`, expected one beginning with com.apple.mgmt.",
        ),
        (
            TOPIC,
            "http://mdm.example.com",
            "making the enrollment profile: `ServerURL` is `http://mdm.example.com`, expected an https URL",
        ),
    ] {
        assert_eq!(enroll(topic, server).unwrap_err().to_string(), expected);
    }
}
