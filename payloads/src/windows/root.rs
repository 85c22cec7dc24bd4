//! Trusted certificates (Microsoft, `RootCATrustedCertificates` CSP and `CertificateStore` CSP).

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    compile::{CompileError, Input},
    operation::{Format, NodeOp, Unit, Verb},
    plan::{Plan, Rank, Scope},
    read_back::{Comparison, ReadBack},
    schema::System,
};
use crate::{
    der::{CertificateKind, Der, certificate_kind},
    material::{NotACertificate, RootName},
    trusted::{DestinationStore, TrustedCertificate},
};

/// The certificate, below a node named by its SHA-1 thumbprint, which is made with it.
pub(super) fn plan(settings: &TrustedCertificate, input: &Input<'_>) -> Result<Plan, CompileError> {
    let (name, der) = certificate(settings, input)?;
    let Some(kind) = certificate_kind(der.as_bytes()) else {
        return Err(CompileError::Certificate {
            profile: input.profile.id.clone(),
            source: NotACertificate { name },
        });
    };
    let store = settings.destination_store.unwrap_or(match kind {
        CertificateKind::SelfIssued => DestinationStore::ComputerCertStoreRoot,
        CertificateKind::Issued => DestinationStore::ComputerCertStoreIntermediate,
    });
    let (scope, path) = match (input.target.system, store) {
        (System::Windows10, DestinationStore::ComputerCertStoreRoot) => {
            (Scope::Device, "RootCATrustedCertificates/Root")
        }
        (System::Windows10, DestinationStore::ComputerCertStoreIntermediate) => {
            (Scope::Device, "RootCATrustedCertificates/CA")
        }
        // The user's tree has no `Root`.
        (System::Windows10, DestinationStore::UserCertStoreIntermediate) => {
            (Scope::User, "RootCATrustedCertificates/CA")
        }
        (System::WindowsPhone81, DestinationStore::ComputerCertStoreRoot) => {
            (Scope::Device, "CertificateStore/ROOT/System")
        }
        (
            System::WindowsPhone81,
            DestinationStore::ComputerCertStoreIntermediate
            | DestinationStore::UserCertStoreIntermediate,
        ) => (Scope::Device, "CertificateStore/CA/System"),
    };
    let node = format!(
        "{}/Vendor/MSFT/{path}/{}",
        scope.root(),
        thumbprint(der.as_bytes())
    );
    let leaf = format!("{node}/EncodedCertificate");
    let text = STANDARD.encode(der.as_bytes());
    let write = |verb| {
        let operation = NodeOp::write(verb, &leaf, Format::B64, text.as_str());
        vec![Unit::Single(operation)]
    };
    Ok(Plan {
        scope,
        rank: Rank::Root,
        install: write(Verb::Add),
        update: write(Verb::Replace),
        remove: vec![Unit::Single(NodeOp::delete(&node))],
        wait: None,
        read_back: vec![ReadBack {
            uri: leaf.clone(),
            expected: Some(text.as_str().into()),
            comparison: Comparison::Der,
        }],
        node,
    })
}

fn certificate(
    settings: &TrustedCertificate,
    input: &Input<'_>,
) -> Result<(RootName, Der), CompileError> {
    let (root, der) = if settings.lab_root {
        let mut given = input.roots.iter();
        let lab = given.find(|root| root.name == RootName::Lab);
        (RootName::Lab, lab.map(|root| root.der.clone()))
    } else {
        let own = RootName::Profile(input.profile.id.clone());
        (own, settings.certificate())
    };
    match der {
        Some(der) => Ok((root, der)),
        None => Err(CompileError::NoRoot {
            profile: input.profile.id.clone(),
            root,
        }),
    }
}

/// The SHA-1 digest by which Windows names a certificate, in upper-case hexadecimal.
pub(super) fn thumbprint(der: &[u8]) -> String {
    hexadecimal(&sha1_smol::Sha1::from(der).digest().bytes())
}

/// Upper-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}
