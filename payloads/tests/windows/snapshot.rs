//! One snapshot of each compiler, on each system that has it.

use serde_json::json;

use crate::sample::{
    compile_for, compiled, compiled_on_phone, exchange, hostile, identifiers, mail, phone_exchange,
    pkcs, scep, text, trusted, windows_10, with,
};

#[test]
fn active_sync() {
    let json = with(
        exchange(),
        json!({ "username_source": "sam_account_name", "email_address_source": "primary_smtp_address",
            "duration_of_email_to_sync": "one_month", "email_sync_schedule": "as_messages_arrive",
            "sync_tasks": false, "require_ssl": false }),
    );
    let plan = compile_for(
        Some(&hostile()),
        &identifiers(),
        &windows_10("10.0.22631"),
        json,
    )
    .unwrap();
    insta::assert_snapshot!(text(&plan), @r#"
./User/Vendor/MSFT/ActiveSync/Accounts/%7B2B0A79CB-D753-5C05-9150-F17A178E2566%7D User Mail
install, atomic
  Add node .
  Add chr EmailAddress = ]]>&amp;<é@example.com
  Add chr AccountName = A & B <"é">
  Add chr AccountType = Exchange
  Add chr ServerName = mail.example.com
  Add chr UserName = s<a>&m"é
  Add chr Domain = C&<"É
  Add chr Options/UseSSL = 0
  Add chr Options/MailAgeFilter = 5
  Add chr Options/Schedule = -1
  Add chr Options/ContentTypes/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D/Enabled = 1
  Add chr Options/ContentTypes/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D/Enabled = 1
  Add chr Options/ContentTypes/%7B4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad%7D/Enabled = 1
  Add chr Options/ContentTypes/%7B783ae4f6-4c12-4423-8270-66361260d4f1%7D/Enabled = 0
update, atomic
  Replace chr EmailAddress = ]]>&amp;<é@example.com
  Replace chr AccountName = A & B <"é">
  Replace chr ServerName = mail.example.com
  Replace chr Domain = C&<"É
  Replace chr Options/UseSSL = 0
  Replace chr Options/MailAgeFilter = 5
  Replace chr Options/Schedule = -1
  Replace chr Options/ContentTypes/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D/Enabled = 1
  Replace chr Options/ContentTypes/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D/Enabled = 1
  Replace chr Options/ContentTypes/%7B4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad%7D/Enabled = 1
  Replace chr Options/ContentTypes/%7B783ae4f6-4c12-4423-8270-66361260d4f1%7D/Enabled = 0
remove, single
  Delete .
read EmailAddress Text ]]>&amp;<é@example.com
read AccountName Text A & B <"é">
read AccountType Text Exchange
read ServerName CaseInsensitive mail.example.com
read UserName Text s<a>&m"é
read Domain CaseInsensitive C&<"É
read Options/UseSSL Boolean 0
read Options/MailAgeFilter Number 5
read Options/Schedule Number -1
read Options/ContentTypes/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D/Enabled Boolean 1
read Options/ContentTypes/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D/Enabled Boolean 1
read Options/ContentTypes/%7B4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad%7D/Enabled Boolean 1
read Options/ContentTypes/%7B783ae4f6-4c12-4423-8270-66361260d4f1%7D/Enabled Boolean 0
"#);
}

#[test]
fn active_sync_on_a_phone() {
    insta::assert_snapshot!(text(&compiled_on_phone(phone_exchange())), @r#"
./User/Vendor/MSFT/ActiveSync/Accounts/%7B2949AEB8-6DEA-58BE-95C3-6AE7227963F5%7D User Mail
install, atomic
  Add node .
  Add chr EmailAddress = ada@example.com
  Add chr AccountName = A & B <"é">
  Add chr AccountType = Exchange
  Add chr ServerName = mail.example.com
  Add chr UserName = ada@example.com
  Add chr Options/UseSSL = 1
  Add chr Options/MailAgeFilter = 3
  Add chr Options/Schedule = -1
  Add chr Options/ContentTypes/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D/Enabled = 1
  Add chr Options/ContentTypes/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D/Enabled = 1
  Add chr Options/ContentTypes/%7B4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad%7D/Enabled = 1
  Add chr Options/ContentTypes/%7B783ae4f6-4c12-4423-8270-66361260d4f1%7D/Enabled = 1
update, atomic
  Replace chr EmailAddress = ada@example.com
  Replace chr AccountName = A & B <"é">
  Replace chr ServerName = mail.example.com
  Replace chr Options/UseSSL = 1
  Replace chr Options/ContentTypes/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D/Enabled = 1
  Replace chr Options/ContentTypes/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D/Enabled = 1
  Replace chr Options/ContentTypes/%7B4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad%7D/Enabled = 1
  Replace chr Options/ContentTypes/%7B783ae4f6-4c12-4423-8270-66361260d4f1%7D/Enabled = 1
remove, single
  Delete .
read EmailAddress Text ada@example.com
read AccountName Text A & B <"é">
read AccountType Text Exchange
read ServerName CaseInsensitive mail.example.com
read UserName Text ada@example.com
read Options/UseSSL Boolean 1
read Options/ContentTypes/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D/Enabled Boolean 1
read Options/ContentTypes/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D/Enabled Boolean 1
read Options/ContentTypes/%7B4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad%7D/Enabled Boolean 1
read Options/ContentTypes/%7B783ae4f6-4c12-4423-8270-66361260d4f1%7D/Enabled Boolean 1
"#);
}

#[test]
fn imap() {
    let json = with(
        mail(),
        json!({ "username_source": "sam_account_name", "duration_of_email_to_sync": "unlimited", "sync_interval": 120,
            "largest_attachment": 250, "message_size": 512, "keep_deleted_on_server": true, "cellular_only": true }),
    );
    let plan = compile_for(
        Some(&hostile()),
        &identifiers(),
        &windows_10("10.0.19045"),
        json,
    )
    .unwrap();
    insta::assert_snapshot!(text(&plan), @r#"
./User/Vendor/MSFT/EMAIL2/%7B502E57BA-C3E2-59E6-A6E5-DFB084E92A9E%7D User Mail
install, atomic
  Add node .
  Add chr ACCOUNTTYPE = Email
  Add chr SERVICENAME = A & B <"é">
  Add chr SERVICETYPE = IMAP4
  Add chr AUTHNAME = s<a>&m"é
  Add chr DOMAIN = C&<"É
  Add chr REPLYADDR = a&b<c>"d'é@example.com
  Add chr NAME = É <&"'> Ω
  Add chr INSERVER = imap.example.com:993
  Add chr OUTSERVER = smtp.example.com:465
  Add chr AUTHREQUIRED = 1
  Add chr SYNCINGCONTENTTYPES = 0x2
  Add chr DWNDAY = -1
  Add chr LINGER = 120
  Add chr KEEPMAX = 250
  Add chr RETRIEVE = 512
  Add chr SERVERDELETEACTION = 2
  Add chr CELLULARONLY = 1
  Add chr TAGPROPS/8128000B = 1
  Add chr TAGPROPS/812C000B = 1
update, atomic
  Replace chr AUTHNAME = s<a>&m"é
  Replace chr DOMAIN = C&<"É
  Replace chr REPLYADDR = a&b<c>"d'é@example.com
  Replace chr NAME = É <&"'> Ω
  Replace chr INSERVER = imap.example.com:993
  Replace chr OUTSERVER = smtp.example.com:465
  Replace chr AUTHREQUIRED = 1
  Replace chr SYNCINGCONTENTTYPES = 0x2
  Replace chr DWNDAY = -1
  Replace chr LINGER = 120
  Replace chr KEEPMAX = 250
  Replace chr RETRIEVE = 512
  Replace chr SERVERDELETEACTION = 2
  Replace chr CELLULARONLY = 1
  Replace chr TAGPROPS/8128000B = 1
  Replace chr TAGPROPS/812C000B = 1
remove, single
  Delete .
read ACCOUNTTYPE Text Email
read SERVICENAME Text A & B <"é">
read SERVICETYPE Text IMAP4
read AUTHNAME Text s<a>&m"é
read DOMAIN Text C&<"É
read REPLYADDR Text a&b<c>"d'é@example.com
read NAME Text É <&"'> Ω
read INSERVER CaseInsensitive imap.example.com:993
read OUTSERVER CaseInsensitive smtp.example.com:465
read AUTHREQUIRED Boolean 1
read SYNCINGCONTENTTYPES Number 0x2
read DWNDAY Number -1
read LINGER Number 120
read KEEPMAX Number 250
read RETRIEVE Number 512
read SERVERDELETEACTION Number 2
read CELLULARONLY Boolean 1
read TAGPROPS/8128000B Boolean 1
read TAGPROPS/812C000B Boolean 1
"#);
}

#[test]
fn pop() {
    let json = with(
        mail(),
        json!({ "account_type": "pop", "incoming_server": { "host_name": "::1", "port": 110, "use_ssl": false, "username": "{{UserName}}" },
            "outgoing_server": { "host_name": "smtp.example.com", "authentication": "none" } }),
    );
    insta::assert_snapshot!(text(&compiled(json)), @r#"
./User/Vendor/MSFT/EMAIL2/%7B0C2B75DA-2216-5F06-BE1A-65C716295A07%7D User Mail
install, atomic
  Add node .
  Add chr ACCOUNTTYPE = Email
  Add chr SERVICENAME = A & B <"é">
  Add chr SERVICETYPE = POP3
  Add chr AUTHNAME = ada
  Add chr REPLYADDR = ada@example.com
  Add chr NAME = Ada Lovelace
  Add chr INSERVER = [::1]:110
  Add chr OUTSERVER = smtp.example.com
  Add chr AUTHREQUIRED = 0
  Add chr SYNCINGCONTENTTYPES = 0x2
  Add chr TAGPROPS/8128000B = 0
  Add chr TAGPROPS/812C000B = 1
update, atomic
  Replace chr AUTHNAME = ada
  Replace chr REPLYADDR = ada@example.com
  Replace chr NAME = Ada Lovelace
  Replace chr INSERVER = [::1]:110
  Replace chr OUTSERVER = smtp.example.com
  Replace chr AUTHREQUIRED = 0
  Replace chr SYNCINGCONTENTTYPES = 0x2
  Replace chr TAGPROPS/8128000B = 0
  Replace chr TAGPROPS/812C000B = 1
remove, single
  Delete .
read ACCOUNTTYPE Text Email
read SERVICENAME Text A & B <"é">
read SERVICETYPE Text POP3
read AUTHNAME Text ada
read REPLYADDR Text ada@example.com
read NAME Text Ada Lovelace
read INSERVER CaseInsensitive [::1]:110
read OUTSERVER CaseInsensitive smtp.example.com
read AUTHREQUIRED Boolean 0
read SYNCINGCONTENTTYPES Number 0x2
read TAGPROPS/8128000B Boolean 0
read TAGPROPS/812C000B Boolean 1
"#);
}

#[test]
fn trusted_certificate() {
    insta::assert_snapshot!(text(&compiled(trusted("windows10"))), @r#"
./Device/Vendor/MSFT/RootCATrustedCertificates/Root/8876B5590AB68E04E669B3515A91ED773DB3F45A Device Root
install, single
  Add b64 EncodedCertificate = (root)
update, single
  Replace b64 EncodedCertificate = (root)
remove, single
  Delete .
read EncodedCertificate Der (root)
"#);
    insta::assert_snapshot!(text(&compiled_on_phone(trusted("windowsphone81"))), @r#"
./Device/Vendor/MSFT/CertificateStore/ROOT/System/8876B5590AB68E04E669B3515A91ED773DB3F45A Device Root
install, single
  Add b64 EncodedCertificate = (root)
update, single
  Replace b64 EncodedCertificate = (root)
remove, single
  Delete .
read EncodedCertificate Der (root)
"#);
}

#[test]
fn scep_request() {
    let json = with(
        scep("windows10"),
        json!({ "subject_name_format_string": "CN={{UserPrincipalName}},O=\"Example, Söhne & <Co>\"",
            "hash_algorithm": "sha2", "scep_server_urls": ["https://a.example/scep", "https://b.example/scep"],
            "root_certificate": "other", "retries": 5, "retry_delay": 61,
            "custom_subject_alternative_names": [
                { "san_type": "user_principal_name", "name": "{{UserPrincipalName}}" },
                { "san_type": "domain_name_service", "name": "büro.example" },
                { "san_type": "universal_resource_identifier", "name": "https://x.example/?a&b" } ],
            "extended_key_usages": ["client_authentication", "email_protection"] }),
    );
    let plan = compile_for(
        Some(&hostile()),
        &identifiers(),
        &windows_10("10.0.19045"),
        json,
    )
    .unwrap();
    insta::assert_snapshot!(text(&plan), @r#"
./User/Vendor/MSFT/ClientCertificateInstall/SCEP/FC069CA7-7174-5251-9FD3-4D33C9DBF7EE User Identity
install, atomic
  Add node .
  Add chr Install/ServerURL = https://a.example/scep;https://b.example/scep
  Add chr Install/Challenge = ch<all&enge"é
  Add chr Install/EKUMapping = 1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.4
  Add int Install/KeyUsage = 160
  Add chr Install/SubjectName = CN="a&b<c>""d'é@example.com",O="Example, Söhne & <Co>"
  Add int Install/KeyProtection = 2
  Add int Install/RetryDelay = 2
  Add int Install/RetryCount = 5
  Add int Install/KeyLength = 2048
  Add chr Install/HashAlgorithm = SHA-2
  Add chr Install/CAThumbprint = 39B2C5177FDF5C0304DDB0BF160B147D8A4AC957
  Add chr Install/SubjectAlternativeNames = 11+a&b<c>"d'é@example.com;3+büro.example;7+https://x.example/?a&b
  Add chr Install/ValidPeriod = Days
  Add int Install/ValidPeriodUnits = 30
  Exec null Install/Enroll
update, single
  Delete .
update, atomic
  Add node .
  Add chr Install/ServerURL = https://a.example/scep;https://b.example/scep
  Add chr Install/Challenge = ch<all&enge"é
  Add chr Install/EKUMapping = 1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.4
  Add int Install/KeyUsage = 160
  Add chr Install/SubjectName = CN="a&b<c>""d'é@example.com",O="Example, Söhne & <Co>"
  Add int Install/KeyProtection = 2
  Add int Install/RetryDelay = 2
  Add int Install/RetryCount = 5
  Add int Install/KeyLength = 2048
  Add chr Install/HashAlgorithm = SHA-2
  Add chr Install/CAThumbprint = 39B2C5177FDF5C0304DDB0BF160B147D8A4AC957
  Add chr Install/SubjectAlternativeNames = 11+a&b<c>"d'é@example.com;3+büro.example;7+https://x.example/?a&b
  Add chr Install/ValidPeriod = Days
  Add int Install/ValidPeriodUnits = 30
  Exec null Install/Enroll
remove, single
  Delete .
wait Scep Status ErrorCode CertThumbprint
read CertThumbprint Present
"#);
}

#[test]
fn scep_request_on_a_phone() {
    let json = with(
        scep("windowsphone81"),
        json!({ "hash_algorithm": "sha1", "certificate_store": "machine" }),
    );
    insta::assert_snapshot!(text(&compiled_on_phone(json)), @r#"
./Device/Vendor/MSFT/CertificateStore/MY/SCEP/FC069CA7-7174-5251-9FD3-4D33C9DBF7EE Device Identity
install, atomic
  Add node .
  Add chr Install/ServerURL = https://mdm.example.com/scep
  Add chr Install/Challenge = ch<all&enge"é
  Add chr Install/EKUMapping = 1.3.6.1.5.5.7.3.2
  Add int Install/KeyUsage = 160
  Add chr Install/SubjectName = CN=ada@example.com,E=ada.l@example.com
  Add int Install/KeyProtection = 2
  Add int Install/RetryDelay = 1
  Add int Install/RetryCount = 3
  Add chr Install/KeyLength = 2048
  Add chr Install/HashAlgrithm = SHA-1
  Add chr Install/CAThumbPrint = ABABABABABABABABABABABABABABABABABABABAB
  Add chr Install/SubjectAlternativeNames = 2+ada.l@example.com;11+ada@example.com
  Exec null Install/Enroll
update, single
  Delete .
update, atomic
  Add node .
  Add chr Install/ServerURL = https://mdm.example.com/scep
  Add chr Install/Challenge = ch<all&enge"é
  Add chr Install/EKUMapping = 1.3.6.1.5.5.7.3.2
  Add int Install/KeyUsage = 160
  Add chr Install/SubjectName = CN=ada@example.com,E=ada.l@example.com
  Add int Install/KeyProtection = 2
  Add int Install/RetryDelay = 1
  Add int Install/RetryCount = 3
  Add chr Install/KeyLength = 2048
  Add chr Install/HashAlgrithm = SHA-1
  Add chr Install/CAThumbPrint = ABABABABABABABABABABABABABABABABABABABAB
  Add chr Install/SubjectAlternativeNames = 2+ada.l@example.com;11+ada@example.com
  Exec null Install/Enroll
remove, single
  Delete .
wait Scep Status ErrorCode CertThumbPrint
read CertThumbPrint Present
"#);
}

#[test]
fn pkcs12() {
    let json = with(
        pkcs(),
        json!({ "certificate_store": "machine", "key_storage_provider": "use_software_ksp", "key_is_extractable": true }),
    );
    insta::assert_snapshot!(text(&compiled(json)), @r#"
./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/89F39053-1FB4-5725-95BF-BA737EB243D0 Device Identity
install, atomic
  Add node .
  Add int KeyLocation = 3
  Add bool PFXKeyExportable = true
  Add chr PFXCertPassword = p12<pass&word"é
  Add int PFXCertPasswordEncryptionType = 0
  Add bin PFXCertBlob = MAA=
update, atomic
  Replace int KeyLocation = 3
  Replace bool PFXKeyExportable = true
  Replace chr PFXCertPassword = p12<pass&word"é
  Replace int PFXCertPasswordEncryptionType = 0
  Replace bin PFXCertBlob = MAA=
remove, single
  Delete .
wait Import Status Thumbprint
read KeyLocation Number 3
read PFXKeyExportable Boolean true
read PFXCertPassword Masked
read Thumbprint Present
"#);
}
