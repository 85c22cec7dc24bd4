//! Certificates and a second program for tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use this module"
)]

use std::path::Path;
use std::process::Command;

use openssl::x509::X509;

use crate::identity::Identity;
use crate::keys::KeyPool;
use crate::scep::self_signed_certificate;

/// A self-signed certificate with a key of the pool.
pub(crate) fn self_signed(key: u64, common_name: &str) -> (Identity, X509) {
    let key = KeyPool::committed().key(key).unwrap();
    let subject = crate::scep::Subject::common_name(common_name);
    let der = self_signed_certificate(
        &subject,
        &key,
        crate::entropy::Clock::system().now(),
        &[7; 16],
    )
    .unwrap();
    let x509 = X509::from_der(&der).unwrap();
    (Identity::new(der, key, Vec::new()).unwrap(), x509)
}

/// Runs OpenSSL's command in a folder; gives its output, or its complaint.
pub(crate) fn openssl(folder: &Path, arguments: &str) -> Result<String, String> {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said + &String::from_utf8_lossy(&output.stderr))
    }
}
