//! Certificates and key containers that come as values of nodes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::asn1::Asn1TimeRef;
use openssl::x509::X509;

use super::device::WindowsDevice;
use super::journal::Event;
use super::operation::{INVALID_ARGUMENT, Outcome};
use super::path::Path;
use super::provisioning::thumbprint;
use super::store::{ItemKind, StoreName};
use crate::identity::{Identity, IdentityError, common_name};

/// Windows' "the specified network password is not correct".
const WRONG_PASSWORD: u32 = 0x8007_0056;
/// Windows' "the data is invalid".
const INVALID_DATA: u32 = 0x8007_000D;
/// 1.2.840.113549.1.5.13 in DER: password-based encryption of the second generation (RFC 8018).
const PBES2: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
/// First build that opens such containers.
const FIRST_PBES2: (u32, u32, u32) = (10, 0, 16299);

impl WindowsDevice {
    /// Installs what a value brings. `None` for an ordinary value, and for a certificate whose node is yet to be set;
    /// an outcome where something is wrong with it, or the node is done with.
    pub(super) fn install(&mut self, path: &Path, data: &str) -> Option<Outcome> {
        let of_user = matches!(path.segment(0), "User" | "Others");
        match path.name() {
            "EncodedCertificate" => self.install_certificate(path, of_user, data),
            "PFXCertBlob" => self.import(path, of_user, data),
            _ => None,
        }
    }

    /// A certificate below a node that is named by its SHA-1.
    fn install_certificate(&mut self, path: &Path, of_user: bool, data: &str) -> Option<Outcome> {
        let entry = path.parent();
        let Ok(der) = STANDARD.decode(data) else {
            return Some(Outcome::failed(INVALID_DATA));
        };
        let Ok(x509) = X509::from_der(&der) else {
            return Some(Outcome::failed(INVALID_DATA));
        };
        if !thumbprint(&der).eq_ignore_ascii_case(entry.name()) {
            return Some(Outcome::failed(INVALID_ARGUMENT));
        }
        let store = match path.segment(4).to_lowercase().as_str() {
            "root" => StoreName::Root,
            "ca" => StoreName::Ca,
            "my" => StoreName::My,
            _ => StoreName::Other,
        };
        let kind = ItemKind::Certificate(der);
        self.managed.stores.put(store, of_user, &entry, kind);
        for (name, value) in [
            ("IssuedBy", common_name(x509.issuer_name())),
            ("IssuedTo", common_name(x509.subject_name())),
            ("ValidFrom", time(x509.not_before())),
            ("ValidTo", time(x509.not_after())),
            ("TemplateName", String::new()),
        ] {
            self.managed.tree.put(entry.join(name), "chr", value);
        }
        None
    }

    /// A PKCS#12 container; its password must be there before it.
    fn import(&mut self, path: &Path, of_user: bool, data: &str) -> Option<Outcome> {
        let node = path.parent();
        let password = self.managed.tree.text(&node.join("PFXCertPassword"));
        let password = password.unwrap_or_default().to_owned();
        let compact: String = data.split_whitespace().collect();
        let modern = |bytes: &[u8]| bytes.windows(PBES2.len()).any(|window| window == PBES2);
        let opened = match STANDARD.decode(compact) {
            Err(_) => Err(INVALID_DATA),
            Ok(bytes) if self.persona.build < FIRST_PBES2 && modern(&bytes) => Err(WRONG_PASSWORD),
            Ok(bytes) => Identity::from_pkcs12(&bytes, &password).map_err(|error| match error {
                IdentityError::Password(_) => WRONG_PASSWORD,
                _ => INVALID_DATA,
            }),
        };
        match opened {
            Ok(identity) => {
                let thumbprint = thumbprint(identity.certificate());
                self.note(Event::IdentityObtained {
                    node: node.to_string(),
                    thumbprint: thumbprint.clone(),
                });
                let tree = &mut self.managed.tree;
                tree.put(node.join("Thumbprint"), "chr", thumbprint);
                tree.put(node.join("Status"), "int", "0");
                let kind = ItemKind::Identity(identity);
                self.managed.stores.put(StoreName::My, of_user, &node, kind);
                None
            }
            Err(error) => {
                let status = error.cast_signed().to_string();
                self.managed.tree.put(node.join("Status"), "int", status);
                self.note(Event::IdentityFailed {
                    node: node.to_string(),
                    reason: format!("container could not be imported: 0x{error:08X}"),
                });
                Some(Outcome::failed(error))
            }
        }
    }
}

/// A time as OpenSSL prints it; nothing compares it.
fn time(time: &Asn1TimeRef) -> String {
    time.to_string()
}
