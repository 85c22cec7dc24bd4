//! Trusted certificates: roots, and intermediates that servers forget to send.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    complaint::Complaint,
    der::{self, Der},
    platform::Platform,
    properties::properties,
};

/// Where Windows keeps a certificate (Microsoft Graph, `certificateDestinationStore`). Users have no store for roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationStore {
    /// The device's roots.
    ComputerCertStoreRoot,
    /// The device's intermediates.
    ComputerCertStoreIntermediate,
    /// The user's intermediates.
    UserCertStoreIntermediate,
}

properties! {
    /// A certificate a device is to trust, or an intermediate it is to know (Microsoft Graph, `iosTrustedRootCertificate` and
    /// `windows81TrustedRootCertificate`).
    pub struct TrustedCertificate {
        shared {}
        own {
            /// The platform it is delivered to.
            platform: Platform,
            /// The certificate, as PEM or as base64 of its DER.
            trusted_root_certificate: Option<String> = None,
            /// Deliver the server's own root instead.
            lab_root: bool = false,
            /// The file name shown with it.
            cert_file_name: Option<String> = None,
            /// windows10: where it is kept; unless set, a self-issued certificate among the device's roots, another among its intermediates.
            destination_store: Option<DestinationStore> = None,
        }
    }
}

impl TrustedCertificate {
    /// The certificate; `None` for the server's own root, or when it does not decode.
    pub fn certificate(&self) -> Option<Der> {
        let text = self.trusted_root_certificate.as_deref()?;
        let body = match text.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----")?.0,
            None => text,
        };
        let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = STANDARD.decode(base64).ok()?;
        der::certificate_kind(&bytes)?;
        Some(Der::from(bytes))
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        let path = "trusted_root_certificate";
        match (&self.trusted_root_certificate, self.lab_root) {
            (Some(_), true) => complaints.push(Complaint::new(
                path,
                "a certificate",
                "nothing while `lab_root` is true",
            )),
            (None, false) => complaints.push(Complaint::new(
                path,
                "nothing",
                "a certificate, or `lab_root = true`",
            )),
            (Some(_), false) if self.certificate().is_none() => complaints.push(Complaint::new(
                path,
                "a text that does not decode",
                "one X.509 certificate, as PEM or as base64 of its DER",
            )),
            (Some(_), false) | (None, true) => {}
        }
        if self.destination_store.is_some() && self.platform != Platform::Windows10 {
            complaints.push(Complaint::new(
                "destination_store",
                "a value",
                format!(
                    "nothing on {}; it is a property of windows10",
                    self.platform
                ),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::tests::{ROOT, bytes};

    #[test]
    fn reads_pem_and_base64() {
        let pem = format!(
            "Subject: x\n-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----\n",
            &ROOT[..64],
            &ROOT[64..]
        );
        for (text, decodes) in [
            (ROOT.to_owned(), true),
            (pem.clone(), true),
            (pem.replace("END", "FIN"), false),
            ("AAAA".to_owned(), false),
            ("not base64".to_owned(), false),
        ] {
            let settings = TrustedCertificate {
                platform: Platform::Ios,
                trusted_root_certificate: Some(text.clone()),
                lab_root: false,
                cert_file_name: None,
                destination_store: None,
            };
            let expected = decodes.then(|| bytes(ROOT));
            assert_eq!(
                settings.certificate().map(|der| der.as_bytes().to_vec()),
                expected,
                "{text}"
            );
            let mut complaints = Vec::new();
            settings.complain(&mut complaints);
            assert_eq!(complaints.is_empty(), decodes, "{text}");
        }
    }
}
