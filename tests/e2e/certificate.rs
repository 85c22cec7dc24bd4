//! Certificates, as OpenSSL shows them.

use std::path::Path;

use crate::environment::Environment;
use crate::mobileconfig::path;
use crate::program::openssl;

/// What `openssl x509` says of the first certificate of a PEM file; `what` are its options, such as `-subject`.
#[track_caller]
pub(crate) fn shown(file: &Path, what: &[&str]) -> String {
    let shown = openssl(["x509", "-noout", "-nameopt", "RFC2253", "-in", path(file)])
        .args(what)
        .run()
        .ok();
    String::from_utf8(shown.stdout).unwrap()
}

/// Its serial number, in upper-case hex.
#[track_caller]
pub(crate) fn serial(file: &Path) -> String {
    shown(file, &["-serial"])
        .trim()
        .trim_start_matches("serial=")
        .to_owned()
}

/// Its chain must lead to the root of this server, for this purpose, such as `sslclient`.
#[track_caller]
pub(crate) fn chains(env: &Environment, file: &Path, purpose: &str) {
    let ca = env.ca_file();
    openssl([
        "verify",
        "-x509_strict",
        "-purpose",
        purpose,
        "-CAfile",
        path(&ca),
        path(file),
    ])
    .run()
    .ok();
}

/// What an identity of a device may be used for.
const IDENTITY: &str = "\
X509v3 Basic Constraints: critical
    CA:FALSE
X509v3 Key Usage: critical
    Digital Signature, Key Encipherment
X509v3 Extended Key Usage: 
    TLS Web Client Authentication
";

/// It must be what every identity of a device is, and be named as it was asked for.
#[track_caller]
pub(crate) fn is_identity(env: &Environment, file: &Path, subject: &str) {
    chains(env, file, "sslclient");
    let extensions = ["-ext", "basicConstraints,keyUsage,extendedKeyUsage"];
    assert_eq!(shown(file, &extensions), IDENTITY);
    assert_eq!(
        shown(file, &["-subject"]).trim(),
        format!("subject={subject}")
    );
}
