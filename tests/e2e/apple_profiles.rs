//! The profiles that the stories about Apple devices deliver.

/// One profile of each kind, for both platforms.
pub(crate) const PROFILES: [&str; 11] = [
    r#"
    id = "root"
    type = "trusted_certificate"
    display_name = "Lab root"
    platform = "ios"
    lab_root = true
    "#,
    r#"
    id = "client"
    type = "scep_certificate"
    display_name = "Client identity & <co>"
    platform = "ios"
    root_certificate = "root"
    subject_name_format_string = "CN={{UserPrincipalName}},O=Lab"
    extended_key_usages = ["client_authentication"]
    certificate_validity_period_value = 10
    custom_subject_alternative_names = [{ san_type = "email_address", name = "{{EmailAddress}}" }]
    "#,
    r#"
    id = "smime"
    type = "pkcs_certificate"
    display_name = "S/MIME identity"
    platform = "ios"
    subject_name_format_string = "CN={{UserPrincipalName}}"
    extended_key_usages = ["email_protection"]
    custom_subject_alternative_names = [{ san_type = "email_address", name = "{{EmailAddress}}" }]
    "#,
    r#"
    id = "exchange"
    type = "ios_exchange"
    display_name = "Exchange"
    host_name = "mail.example.com"
    account_name = "Work & <é>"
    authentication_method = "certificate"
    identity_certificate = "client"
    root_certificates = ["root"]
    "#,
    r#"
    id = "password"
    type = "ios_exchange"
    display_name = "Exchange by password"
    host_name = "mail.example.com"
    account_name = "Work"
    "#,
    r#"
    id = "mail"
    type = "ios_mail"
    display_name = "IMAP"
    account_type = "imap"
    account_name = "Lab mail"
    incoming_server = { host_name = "imap.example.com" }
    outgoing_server = { host_name = "smtp.example.com" }
    root_certificates = ["root"]
    require_smime = true
    smime_signing_enabled = true
    smime_signing_certificate = "smime"
    smime_encryption_certificate = "smime"
    "#,
    r#"
    id = "mac-root"
    type = "trusted_certificate"
    display_name = "Lab root"
    platform = "macos"
    lab_root = true
    "#,
    r#"
    id = "mac-client"
    type = "scep_certificate"
    display_name = "Client identity"
    platform = "macos"
    root_certificate = "mac-root"
    "#,
    r#"
    id = "mac-p12"
    type = "pkcs_certificate"
    display_name = "Client identity"
    platform = "macos"
    "#,
    r#"
    id = "mac-exchange"
    type = "macos_exchange"
    display_name = "Exchange"
    host_name = "mail.example.com"
    account_name = "Work"
    authentication_method = "certificate"
    identity_certificate = "mac-client"
    root_certificates = ["mac-root"]
    "#,
    r#"
    id = "mac-mail"
    type = "macos_mail"
    display_name = "IMAP"
    account_type = "imap"
    account_name = "Lab mail"
    incoming_server = { host_name = "imap.example.com" }
    outgoing_server = { host_name = "smtp.example.com" }
    identity_certificate = "mac-p12"
    root_certificates = ["mac-root"]
    "#,
];
