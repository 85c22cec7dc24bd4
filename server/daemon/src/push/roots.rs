//! Whom the push service has to be vouched for by.

use std::path::{Path, PathBuf};

use mdm_certs::pem;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::setup_error::PushSetupError;

/// Where systems keep the roots they trust, as one PEM file each: Debian, Arch and Alpine; Fedora
/// and Red Hat, new and old; SUSE; macOS and the BSDs.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The roots of `ca_file`; without one, those of this system, which vouch for Apple's service.
pub(super) fn load(ca_file: Option<&Path>) -> Result<RootCertStore, PushSetupError> {
    match ca_file {
        Some(file) => read(file),
        None => first(&SYSTEM.map(PathBuf::from)),
    }
}

/// The roots of the first of these files that exists.
fn first(files: &[PathBuf]) -> Result<RootCertStore, PushSetupError> {
    files
        .iter()
        .find(|file| file.is_file())
        .map_or(Err(PushSetupError::NoSystemRoots), |file| read(file))
}

/// What cannot be a root is left out, as long as one is left: systems keep odd old ones.
fn read(file: &Path) -> Result<RootCertStore, PushSetupError> {
    let bytes = std::fs::read(file).map_err(|source| PushSetupError::File {
        path: file.to_owned(),
        source,
    })?;
    let blocks = pem::decode_all(pem::CERTIFICATE, &String::from_utf8_lossy(&bytes));
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(blocks.into_iter().map(CertificateDer::from));
    if added == 0 {
        return Err(PushSetupError::NoRoots {
            path: file.to_owned(),
        });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_empty_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate <&\"é").unwrap();
        let missing = folder.path().join("missing.pem");
        for (found, complaint) in [
            (load(Some(&missing)), format!("push: reading `{}`", missing.display())),
            (load(Some(&empty)), format!("push: `{}` has no certificate of an authority", empty.display())),
            (first(&[missing.clone(), empty.clone()]), format!("push: `{}` has no certificate of an authority", empty.display())),
            (
                first(&[missing]),
                "push: this system has no list of trusted roots where one is known to be; name a PEM file with the root \
                 of the push service"
                    .to_owned(),
            ),
        ] {
            assert_eq!(found.unwrap_err().to_string(), complaint);
        }
    }
}
