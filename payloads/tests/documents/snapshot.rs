//! One snapshot of each type.

use serde_json::json;

use crate::sample::{
    compile_for, compiled, hostile, ios_exchange, ios_mail, macos_exchange, macos_mail, payload,
    text, with,
};

#[test]
fn ios_exchange_with_identity() {
    let json = with(
        ios_exchange(),
        json!({ "authentication_method": "certificate", "identity_certificate": "scep",
            "duration_of_email_to_sync": "one_week" }),
    );
    insta::assert_snapshot!(text(&compiled(json)), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
 <key>PayloadType</key>
 <string>Configuration</string>
 <key>PayloadVersion</key>
 <integer>1</integer>
 <key>PayloadIdentifier</key>
 <string>org.example.profile.mail</string>
 <key>PayloadUUID</key>
 <string>256D9B13-DCD8-505C-BB01-9F417A1B398A</string>
 <key>PayloadDisplayName</key>
 <string>Mail</string>
 <key>PayloadOrganization</key>
 <string>Example &amp; Söhne</string>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.mail.root.lab</string>
   <key>PayloadUUID</key>
   <string>3ADA345A-E92D-5CC6-8773-B7C0724D4219</string>
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
   <string>org.example.profile.mail.identity.scep</string>
   <key>PayloadUUID</key>
   <string>A6E8081A-2C15-5FB7-9A21-78853AF59A3A</string>
   <key>PayloadDisplayName</key>
   <string>Identity</string>
   <key>PayloadContent</key>
   <dict>
    <key>URL</key>
    <string>https://mdm.example.com/scep</string>
    <key>Subject</key>
    <array>
     <array>
      <array>
       <string>CN</string>
       <string>ada@example.com</string>
      </array>
     </array>
     <array>
      <array>
       <string>1.2.840.113549.1.9.1</string>
       <string>ada.l@example.com</string>
      </array>
     </array>
    </array>
    <key>Challenge</key>
    <string>challenge-1</string>
    <key>Keysize</key>
    <integer>2048</integer>
    <key>Key Type</key>
    <string>RSA</string>
    <key>Key Usage</key>
    <integer>5</integer>
    <key>CAFingerprint</key>
    <data>q6urq6urq6urq6urq6urq6urq6s=</data>
    <key>Retries</key>
    <integer>3</integer>
    <key>RetryDelay</key>
    <integer>10</integer>
    <key>SubjectAltName</key>
    <dict>
     <key>rfc822Name</key>
     <string>ada.l@example.com</string>
     <key>ntPrincipalName</key>
     <string>ada@example.com</string>
    </dict>
   </dict>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.eas.account</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.mail.account</string>
   <key>PayloadUUID</key>
   <string>F2C11774-F0FE-5678-8A91-B5099E7E2BD4</string>
   <key>PayloadDisplayName</key>
   <string>Example</string>
   <key>Host</key>
   <string>mail.example.com</string>
   <key>SSL</key>
   <true/>
   <key>UserName</key>
   <string>ada@example.com</string>
   <key>EmailAddress</key>
   <string>ada.l@example.com</string>
   <key>OAuth</key>
   <false/>
   <key>allowMailDrop</key>
   <false/>
   <key>PayloadCertificateUUID</key>
   <string>A6E8081A-2C15-5FB7-9A21-78853AF59A3A</string>
   <key>EnableMail</key>
   <true/>
   <key>EnableMailUserOverridable</key>
   <true/>
   <key>EnableContacts</key>
   <true/>
   <key>EnableContactsUserOverridable</key>
   <true/>
   <key>EnableCalendars</key>
   <true/>
   <key>EnableCalendarsUserOverridable</key>
   <true/>
   <key>EnableReminders</key>
   <true/>
   <key>EnableRemindersUserOverridable</key>
   <true/>
   <key>EnableNotes</key>
   <true/>
   <key>EnableNotesUserOverridable</key>
   <true/>
   <key>MailNumberOfPastDaysToSync</key>
   <integer>7</integer>
   <key>PreventMove</key>
   <false/>
   <key>PreventAppSheet</key>
   <false/>
   <key>disableMailRecentsSyncing</key>
   <false/>
  </dict>
 </array>
</dict>
</plist>
"#);
}

#[test]
fn macos_exchange_with_hostile_text() {
    let json = with(
        macos_exchange(),
        json!({ "display_name": "Mail & <é>", "description": "\"'", "account_name": "]]>&",
            "authentication_method": "certificate", "identity_certificate": "scep" }),
    );
    let document = compile_for(&hostile(), json).unwrap();
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
 <string>org.example.profile.mail</string>
 <key>PayloadUUID</key>
 <string>256D9B13-DCD8-505C-BB01-9F417A1B398A</string>
 <key>PayloadDisplayName</key>
 <string>Mail &amp; &lt;é&gt;</string>
 <key>PayloadDescription</key>
 <string>&quot;&apos;</string>
 <key>PayloadOrganization</key>
 <string>Example &amp; Söhne</string>
 <key>PayloadScope</key>
 <string>User</string>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.mail.root.lab</string>
   <key>PayloadUUID</key>
   <string>3ADA345A-E92D-5CC6-8773-B7C0724D4219</string>
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
   <string>org.example.profile.mail.identity.scep</string>
   <key>PayloadUUID</key>
   <string>A6E8081A-2C15-5FB7-9A21-78853AF59A3A</string>
   <key>PayloadDisplayName</key>
   <string>Identity</string>
   <key>PayloadContent</key>
   <dict>
    <key>URL</key>
    <string>https://mdm.example.com/scep</string>
    <key>Subject</key>
    <array>
     <array>
      <array>
       <string>CN</string>
       <string>a&amp;b&lt;c&gt;&quot;d&apos;é@example.com</string>
      </array>
     </array>
     <array>
      <array>
       <string>1.2.840.113549.1.9.1</string>
       <string>]]&gt;&amp;amp;&lt;é@example.com</string>
      </array>
     </array>
    </array>
    <key>Challenge</key>
    <string>challenge-1</string>
    <key>Keysize</key>
    <integer>2048</integer>
    <key>Key Type</key>
    <string>RSA</string>
    <key>Key Usage</key>
    <integer>5</integer>
    <key>CAFingerprint</key>
    <data>q6urq6urq6urq6urq6urq6urq6s=</data>
    <key>Retries</key>
    <integer>3</integer>
    <key>RetryDelay</key>
    <integer>10</integer>
    <key>SubjectAltName</key>
    <dict>
     <key>rfc822Name</key>
     <string>]]&gt;&amp;amp;&lt;é@example.com</string>
     <key>ntPrincipalName</key>
     <string>a&amp;b&lt;c&gt;&quot;d&apos;é@example.com</string>
    </dict>
    <key>KeyIsExtractable</key>
    <false/>
   </dict>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.ews.account</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.mail.account</string>
   <key>PayloadUUID</key>
   <string>F2C11774-F0FE-5678-8A91-B5099E7E2BD4</string>
   <key>PayloadDisplayName</key>
   <string>]]&gt;&amp;</string>
   <key>Host</key>
   <string>mail.example.com</string>
   <key>SSL</key>
   <true/>
   <key>UserName</key>
   <string>a&amp;b&lt;c&gt;&quot;d&apos;é@example.com</string>
   <key>EmailAddress</key>
   <string>]]&gt;&amp;amp;&lt;é@example.com</string>
   <key>OAuth</key>
   <false/>
   <key>allowMailDrop</key>
   <false/>
   <key>PayloadCertificateUUID</key>
   <string>A6E8081A-2C15-5FB7-9A21-78853AF59A3A</string>
  </dict>
 </array>
</dict>
</plist>
"#);
    let account = payload(&document, "com.apple.ews.account");
    assert_eq!(account["UserName"], "a&b<c>\"d'é@example.com");
    assert_eq!(account["EmailAddress"], "]]>&amp;<é@example.com");
    assert_eq!(account["PayloadDisplayName"], "]]>&");
    let scep = payload(&document, "com.apple.security.scep");
    assert_eq!(
        scep["PayloadContent"]["Subject"],
        json!([
            [["CN", "a&b<c>\"d'é@example.com"]],
            [["1.2.840.113549.1.9.1", "]]>&amp;<é@example.com"]]
        ])
    );
    assert_eq!(account["PayloadCertificateUUID"], scep["PayloadUUID"]);
}

#[test]
fn ios_mail_with_smime() {
    let json = with(
        ios_mail(),
        json!({ "require_smime": true, "smime_signing_enabled": true, "smime_signing_certificate": "pkcs" }),
    );
    insta::assert_snapshot!(text(&compiled(json)), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
 <key>PayloadType</key>
 <string>Configuration</string>
 <key>PayloadVersion</key>
 <integer>1</integer>
 <key>PayloadIdentifier</key>
 <string>org.example.profile.imap</string>
 <key>PayloadUUID</key>
 <string>EC59B643-8C8C-59B4-9917-22FFFAD9C163</string>
 <key>PayloadDisplayName</key>
 <string>IMAP</string>
 <key>PayloadOrganization</key>
 <string>Example &amp; Söhne</string>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.imap.root.lab</string>
   <key>PayloadUUID</key>
   <string>922A44D3-16B5-5E7C-8EF1-21FF4EA66AF1</string>
   <key>PayloadDisplayName</key>
   <string>Test Root</string>
   <key>PayloadCertificateFileName</key>
   <string>root.cer</string>
   <key>PayloadContent</key>
   <data>(root)</data>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.pkcs12</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.imap.identity.pkcs</string>
   <key>PayloadUUID</key>
   <string>75C1C146-56BC-50FC-8EF7-27B9358996B1</string>
   <key>PayloadDisplayName</key>
   <string>S/MIME</string>
   <key>PayloadContent</key>
   <data>MAA=</data>
   <key>Password</key>
   <string>p12-password</string>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.mail.managed</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.imap.account</string>
   <key>PayloadUUID</key>
   <string>E47AC3C3-9C58-5959-B861-C5946366D2D9</string>
   <key>PayloadDisplayName</key>
   <string>Example</string>
   <key>EmailAccountType</key>
   <string>EmailTypeIMAP</string>
   <key>EmailAccountDescription</key>
   <string>Example</string>
   <key>EmailAccountName</key>
   <string>Ada Lovelace</string>
   <key>EmailAddress</key>
   <string>ada@example.com</string>
   <key>IncomingMailServerAuthentication</key>
   <string>EmailAuthPassword</string>
   <key>IncomingMailServerHostName</key>
   <string>imap.example.com</string>
   <key>IncomingMailServerPortNumber</key>
   <integer>993</integer>
   <key>IncomingMailServerUseSSL</key>
   <true/>
   <key>IncomingMailServerUsername</key>
   <string>ada@example.com</string>
   <key>OutgoingMailServerAuthentication</key>
   <string>EmailAuthPassword</string>
   <key>OutgoingMailServerHostName</key>
   <string>smtp.example.com</string>
   <key>OutgoingMailServerPortNumber</key>
   <integer>465</integer>
   <key>OutgoingMailServerUseSSL</key>
   <true/>
   <key>OutgoingMailServerUsername</key>
   <string>ada@example.com</string>
   <key>disableMailRecentsSyncing</key>
   <false/>
   <key>allowMailDrop</key>
   <false/>
   <key>PreventMove</key>
   <false/>
   <key>PreventAppSheet</key>
   <false/>
   <key>SMIMESigningEnabled</key>
   <true/>
   <key>SMIMESigningUserOverrideable</key>
   <false/>
   <key>SMIMESigningCertificateUUID</key>
   <string>75C1C146-56BC-50FC-8EF7-27B9358996B1</string>
   <key>SMIMESigningCertificateUUIDUserOverrideable</key>
   <false/>
   <key>SMIMEEncryptByDefault</key>
   <false/>
   <key>SMIMEEncryptByDefaultUserOverrideable</key>
   <false/>
   <key>SMIMEEncryptionCertificateUUIDUserOverrideable</key>
   <false/>
   <key>SMIMEEnableEncryptionPerMessageSwitch</key>
   <false/>
  </dict>
 </array>
</dict>
</plist>
"#);
}

#[test]
fn macos_mail_by_pop() {
    let json = with(
        macos_mail(),
        json!({ "account_type": "pop", "outgoing_server": {
            "host_name": "smtp.example.com", "authentication": "none", "use_ssl": false } }),
    );
    insta::assert_snapshot!(text(&compiled(json)), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
 <key>PayloadType</key>
 <string>Configuration</string>
 <key>PayloadVersion</key>
 <integer>1</integer>
 <key>PayloadIdentifier</key>
 <string>org.example.profile.imap</string>
 <key>PayloadUUID</key>
 <string>EC59B643-8C8C-59B4-9917-22FFFAD9C163</string>
 <key>PayloadDisplayName</key>
 <string>IMAP</string>
 <key>PayloadOrganization</key>
 <string>Example &amp; Söhne</string>
 <key>PayloadScope</key>
 <string>User</string>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.imap.root.lab</string>
   <key>PayloadUUID</key>
   <string>922A44D3-16B5-5E7C-8EF1-21FF4EA66AF1</string>
   <key>PayloadDisplayName</key>
   <string>Test Root</string>
   <key>PayloadCertificateFileName</key>
   <string>root.cer</string>
   <key>PayloadContent</key>
   <data>(root)</data>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.mail.managed</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.imap.account</string>
   <key>PayloadUUID</key>
   <string>E47AC3C3-9C58-5959-B861-C5946366D2D9</string>
   <key>PayloadDisplayName</key>
   <string>Example</string>
   <key>EmailAccountType</key>
   <string>EmailTypePOP</string>
   <key>EmailAccountDescription</key>
   <string>Example</string>
   <key>EmailAccountName</key>
   <string>Ada Lovelace</string>
   <key>EmailAddress</key>
   <string>ada@example.com</string>
   <key>IncomingMailServerAuthentication</key>
   <string>EmailAuthPassword</string>
   <key>IncomingMailServerHostName</key>
   <string>imap.example.com</string>
   <key>IncomingMailServerPortNumber</key>
   <integer>993</integer>
   <key>IncomingMailServerUseSSL</key>
   <true/>
   <key>IncomingMailServerUsername</key>
   <string>ada@example.com</string>
   <key>OutgoingMailServerAuthentication</key>
   <string>EmailAuthNone</string>
   <key>OutgoingMailServerHostName</key>
   <string>smtp.example.com</string>
   <key>OutgoingMailServerUseSSL</key>
   <false/>
   <key>disableMailRecentsSyncing</key>
   <false/>
   <key>allowMailDrop</key>
   <false/>
  </dict>
 </array>
</dict>
</plist>
"#);
}
