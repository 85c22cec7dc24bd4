//! Provisioning documents: a good one, and each rule broken once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{EnrollError, code};
use super::provisioning::{Expected, Provisioning, read, thumbprint};
use crate::cms::testing::self_signed;

fn document(change: impl Fn(String) -> String) -> (Vec<u8>, Vec<u8>) {
    let (identity, _) = self_signed(0, "D & 1");
    let (hash, der) = (
        thumbprint(identity.certificate()),
        STANDARD.encode(identity.certificate()),
    );
    let key = identity.key().public_key_to_der().unwrap();
    let text = format!(
        r#"<wap-provisioningdoc version="1.1"><characteristic type="CertificateStore"><characteristic type="Root"><characteristic type="System"><characteristic type="{hash}"><parm name="EncodedCertificate" value="{der}"/></characteristic></characteristic></characteristic><characteristic type="My"><characteristic type="User"><characteristic type="{hash}"><parm name="EncodedCertificate" value="{der}"/><characteristic type="PrivateKeyContainer"/></characteristic></characteristic><characteristic type="WSTEP"><characteristic type="Renew"><parm name="ROBOSupport" value="true" datatype="boolean"/><parm name="RenewPeriod" value="42" datatype="integer"/></characteristic></characteristic></characteristic></characteristic><characteristic type="APPLICATION"><parm name="APPID" value="w7"/><parm name="PROVIDER-ID" value="mdm"/><parm name="NAME" value="Lab"/><parm name="ADDR" value="https://mdm.example/M"/><parm name="SSLCLIENTCERTSEARCHCRITERIA" value="Subject=CN%3D%22D%20%26%201%22&amp;Stores=My%5CUser"/><characteristic type="APPAUTH"><parm name="AAUTHLEVEL" value="CLIENT"/><parm name="AAUTHTYPE" value="DIGEST"/><parm name="AAUTHSECRET" value="s"/><parm name="AAUTHDATA" value="AAAA"/></characteristic><characteristic type="APPAUTH"><parm name="AAUTHLEVEL" value="APPSRV"/><parm name="AAUTHTYPE" value="BASIC"/><parm name="AAUTHNAME" value="n"/><parm name="AAUTHSECRET" value="t"/></characteristic></characteristic><characteristic type="DMClient"><characteristic type="Provider"><characteristic type="mdm"><parm name="UPN" value="a@b" datatype="string"/><characteristic type="Poll"><parm name="NumberOfFirstRetries" value="0" datatype="integer"/><parm name="IntervalForFirstSetOfRetries" value="1" datatype="integer"/><parm name="IntervalForRemainingScheduledRetries" value="60" datatype="integer"/></characteristic></characteristic></characteristic></characteristic></wap-provisioningdoc>"#
    );
    (change(text).into_bytes(), key)
}

fn taken(change: impl Fn(String) -> String, phone81: bool) -> Result<Provisioning, EnrollError> {
    let (text, key) = document(change);
    let expected = Expected {
        public_key: &key,
        renews: None,
        phone81,
    };
    read(&text, &expected)
}

#[test]
fn a_good_document() {
    let taken = taken(|text| text, false).unwrap();
    let account = taken.account.unwrap();
    assert_eq!(
        (account.provider_id.as_str(), account.name.as_str()),
        ("mdm", "Lab")
    );
    assert_eq!(
        account.search.unwrap().subject,
        [("CN".to_owned(), "D & 1".to_owned())]
    );
    assert_eq!(account.client.unwrap().name, "n");
    assert_eq!(account.server.unwrap().name, "mdm");
    assert_eq!(
        taken.renewal.get("Renew/RenewPeriod").map(String::as_str),
        Some("42")
    );
    assert_eq!(taken.dm_client.get("UPN").map(String::as_str), Some("a@b"));
}

#[test]
fn each_rule_has_its_code() {
    let cases: [(&str, &str, &str); 19] = [
        (
            r#"version="1.1""#,
            r#"version="1.0""#,
            "0x80180023 in provisioning: no wap-provisioningdoc of version 1.1",
        ),
        (
            "</wap-",
            "</wab-",
            "0x80180023 in provisioning: document is not well-formed",
        ),
        (
            r#"type="DMClient""#,
            r#"type="Passport""#,
            "0x80180023 in provisioning: unknown section `Passport`",
        ),
        (
            r#"<characteristic type="PrivateKeyContainer"/>"#,
            "",
            "0x80180024 in provisioning: no PrivateKeyContainer",
        ),
        (
            r#"type="Root""#,
            r#"type="Boot""#,
            "0x8018001E in provisioning: unknown certificate store `boot/system`",
        ),
        (
            r#"value="MII"#,
            "value=\"\n MII",
            "0x8018001E in provisioning: EncodedCertificate is not base64 without line breaks",
        ),
        (
            r#"value="w7""#,
            r#"value="w4""#,
            "0x8018001F in provisioning: APPID is not w7",
        ),
        (
            "https://",
            "http://",
            "0x8018001F in provisioning: ADDR is no https URL",
        ),
        (
            r#""PROVIDER-ID" value="mdm""#,
            r#""PROVIDER-ID" value="other""#,
            "0x80180020 in provisioning: DMClient names another PROVIDER-ID",
        ),
        (
            "PROVIDER-ID",
            "PROVIDERID",
            "0x8018001F in provisioning: no PROVIDER-ID",
        ),
        (
            r#"name="NAME""#,
            r#"name="INIT""#,
            "0x8018001F in provisioning: INIT must not be used",
        ),
        (
            "My%5CUser",
            "Mine",
            "0x8018001F in provisioning: SSLCLIENTCERTSEARCHCRITERIA cannot be read",
        ),
        (
            r#"value="AAAA""#,
            r#"value="?""#,
            "0x8018001F in provisioning: AAUTHDATA is not base64",
        ),
        (
            r#"value="BASIC""#,
            r#"value="HMAC""#,
            "0x8018001F in provisioning: AAUTHTYPE is neither BASIC nor DIGEST",
        ),
        (
            r#"value="APPSRV""#,
            r#"value="OTHER""#,
            "0x8018001F in provisioning: AAUTHLEVEL is neither APPSRV nor CLIENT",
        ),
        (
            r#"value="42""#,
            r#"value="x""#,
            "0x8007065D in provisioning: `RenewPeriod` is not of its datatype",
        ),
        (
            r#"value="true""#,
            r#"value="1""#,
            "0x8007065D in provisioning: `ROBOSupport` is not of its datatype",
        ),
        (
            r#"SetOfRetries" value="1""#,
            r#"SetOfRetries" value="0""#,
            "",
        ),
        (
            r#"type="System""#,
            r#"type="Other""#,
            "0x8018001E in provisioning: unknown certificate store `root/other`",
        ),
    ];
    for (from, to, expected) in cases {
        let result = taken(|text| text.replace(from, to), false);
        if expected.is_empty() {
            result.unwrap();
            continue;
        }
        let error = result.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("enrollment failed with {expected}")),
            "{from}: {error}"
        );
    }
    let zero = |text: String| {
        text.replace(r#"value="60""#, r#"value="0""#)
            .replace(r#"SetOfRetries" value="1""#, r#"SetOfRetries" value="0""#)
    };
    assert_eq!(taken(zero, false).unwrap_err().code, code::DM_CLIENT);
    assert_eq!(taken(|text| text, true).unwrap_err().code, code::DM_CLIENT);
    let hash = thumbprint(self_signed(0, "D & 1").0.certificate());
    let wrong = taken(|text| text.replace(&hash, "00"), false);
    assert_eq!(wrong.unwrap_err().code, code::NO_CERTIFICATE_FOR_KEY);
    let (text, _) = document(|text| text);
    let expected = Expected {
        public_key: b"another",
        renews: None,
        phone81: false,
    };
    assert_eq!(
        read(&text, &expected).unwrap_err().code,
        code::NO_CERTIFICATE_FOR_KEY
    );
}
