//! Keys for unit tests (see `ORIGIN.md`), and the `openssl` program as a second opinion.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use openssl::pkey::PKey;
use openssl::x509::X509;
use tempfile::TempDir;

use crate::cms::Identity;

/// The certificate and private key `name`, PEM.
fn pem(name: &str) -> (&'static str, &'static str) {
    match name {
        "ra" => (include_str!("ra.pem"), include_str!("ra.key.pem")),
        "device" => (include_str!("device.pem"), include_str!("device.key.pem")),
        "p256" => (include_str!("p256.pem"), include_str!("p256.key.pem")),
        "weak" => (include_str!("weak.pem"), include_str!("weak.key.pem")),
        _ => panic!("no key `{name}`"),
    }
}

/// The certificate `name`, DER.
pub(crate) fn certificate(name: &str) -> Vec<u8> {
    let certificate = X509::from_pem(pem(name).0.as_bytes()).unwrap();
    certificate.to_der().unwrap()
}

/// The identity `name`.
pub(crate) fn identity(name: &str) -> Arc<Identity> {
    let key = PKey::private_key_from_pem(pem(name).1.as_bytes()).unwrap();
    Arc::new(Identity::new(certificate(name), key).unwrap())
}

/// A directory in which `openssl` finds all keys (`ra.pem`, `ra.key.pem`, ...) and leaves its files.
pub(crate) struct OpenSsl(TempDir);

impl OpenSsl {
    pub(crate) fn new() -> Self {
        let shell = Self(TempDir::new().unwrap());
        for name in ["ra", "device", "p256", "weak"] {
            let (certificate, key) = pem(name);
            shell.write(&format!("{name}.pem"), certificate.as_bytes());
            shell.write(&format!("{name}.key.pem"), key.as_bytes());
        }
        shell
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Runs `openssl` with the words of `command`.
    pub(crate) fn try_run(&self, command: &str) -> Output {
        Command::new("openssl")
            .args(command.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("the openssl program runs")
    }

    /// Runs `openssl`, which must succeed, and returns its standard output.
    pub(crate) fn run(&self, command: &str) -> Vec<u8> {
        let output = self.try_run(command);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {command}: {complaint}");
        output.stdout
    }
}
