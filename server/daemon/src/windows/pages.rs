//! `/enroll/windows`: what a person does on the device.

use std::fmt::Write as _;

use mdm_windows::provisioning::Thumbprint;

use crate::devices::{Asked, Devices, escape, page};
use crate::edge::Query;
use crate::respond::Reply;

impl Devices {
    /// The steps, the link that opens Windows' own dialog, and what to run where there is no dialog.
    pub(crate) fn enroll_windows_page(&self, asked: Asked<'_>) -> Reply {
        let server = &self.server;
        let query = Query::new(asked.head.uri.query());
        let user = query.get("user").ok().flatten().unwrap_or_default();
        let link = enrollment_link(&server.urls.device, &user);
        let sha1 = Thumbprint::new(server.pki.authority().fingerprint_sha1()).to_string();
        let body = format!(
            "<h1>Enroll Windows</h1><p>This page opened without a warning, so the device trusts the lab and reaches it.\
             <ol><li>Windows Pro, Enterprise or Education; signed in as an administrator that is not the built-in one; not managed \
             by anybody else.\
             <li><a href=\"{link}\">Open the enrollment dialog</a>, or go to Settings &rsaquo; Accounts &rsaquo; Access work or school \
             &rsaquo; Enroll only in device management. Where a server is asked for, it is <code>{device}</code>.\
             <li>User name: the user whose mail profiles this device is to get. Password: the enrollment code.\
             <li>Its first session follows within a minute.</ol>\
             <p>SHA-1 of the root, which Windows shows as its thumbprint: <code class=hash>{sha1}</code>\
             <p>Its SHA-256: <code class=hash>{sha256}</code>\
             <p>In an elevated PowerShell, this installs the root if it is the right one:\
             <pre class=hash>{script}</pre>",
            link = escape(&link),
            device = escape(&server.urls.device),
            sha256 = server.pki.authority().fingerprint(),
            script = escape(&script(&server.urls.landing(), &sha1)),
        );
        page("Enroll Windows", &body)
    }
}

/// The link of Windows' own dialog (page "Mobile device enrollment", "Deep link enrollment").
pub(crate) fn enrollment_link(device_url: &str, user: &str) -> String {
    let mut link = format!(
        "ms-device-enrollment:?mode=mdm&servername={}",
        percent(&format!("{device_url}/EnrollmentServer/Discovery.svc"))
    );
    if !user.is_empty() {
        link += "&username=";
        link += &percent(user);
    }
    link
}

/// Installs the root after a look at its thumbprint.
fn script(landing: &str, sha1: &str) -> String {
    format!(
        "$f = \"$env:TEMP\\mockmdm-root.cer\"\n\
         Invoke-WebRequest '{landing}/trust/root.der' -OutFile $f -UseBasicParsing\n\
         $c = New-Object Security.Cryptography.X509Certificates.X509Certificate2 $f\n\
         if ($c.Thumbprint -eq '{sha1}') {{ Import-Certificate $f -CertStoreLocation Cert:\\LocalMachine\\Root }}\n\
         else {{ Write-Error \"another root: $($c.Thumbprint)\" }}"
    )
}

/// Everything but unreserved characters percent-encoded (RFC 3986 section 2.3).
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_holds_any_name() {
        assert_eq!(
            enrollment_link("https://lab.local:8443", "a&b=\u{e9}@lab"),
            "ms-device-enrollment:?mode=mdm&servername=https%3A%2F%2Flab.local%3A8443%2FEnrollmentServer%2FDiscovery.svc\
             &username=a%26b%3D%C3%A9%40lab"
        );
        let script = script("http://lab.local:8480", "AB");
        assert!(
            script.contains("'http://lab.local:8480/trust/root.der'")
                && script.contains("-eq 'AB'")
        );
    }
}
