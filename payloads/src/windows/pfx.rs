//! Identities that are sent with their key (Microsoft, `ClientCertificateInstall` CSP, `PFXCertInstall`).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    compile::{CompileError, Input},
    leaf::{self, Leaf},
    operation::{Format, NodeOp, Unit},
    plan::{Plan, Rank, Scope},
    read_back::{Comparison, ReadBack},
    scep::key_protection,
    wait::{StatusMeaning, Wait},
};
use crate::{
    identifiers::Role,
    identity::{CertificateStore, KeyStorageProvider, PkcsCertificate},
    material::{IdentityMaterial, Pkcs12Material},
    secret::Secret,
};

/// The file with its password. Writing the file imports it, so it comes last; writing it again imports it again.
pub(super) fn plan(settings: &PkcsCertificate, input: &Input<'_>) -> Result<Plan, CompileError> {
    let id = &input.profile.id;
    let Some(IdentityMaterial::Pkcs12(material)) = input.identities.get(id) else {
        return Err(CompileError::NoIdentity {
            profile: id.clone(),
        });
    };
    let scope = match settings.terms.certificate_store {
        CertificateStore::User => Scope::User,
        CertificateStore::Machine => Scope::Device,
    };
    // Which nodes there are depends on what keeps the key.
    let provider = settings.terms.key_storage_provider.unwrap_or_default();
    let location = key_protection(provider).to_string();
    let unique = input
        .identifiers
        .known_by(id, Role::Identity(id), &[&location]);
    let node = format!(
        "{}/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/{unique}",
        scope.root()
    );
    let leaves = leaves(settings, material, location, unique.as_str());
    let thumbprint = format!("{node}/Thumbprint");
    let mut read_back = leaf::read_back(&node, &leaves);
    read_back.push(ReadBack {
        uri: thumbprint.clone(),
        expected: None,
        comparison: Comparison::Present,
    });
    Ok(Plan {
        scope,
        rank: Rank::Identity,
        install: vec![leaf::install(&node, &leaves)],
        update: vec![leaf::update(&node, &leaves)],
        remove: vec![Unit::Single(NodeOp::delete(&node))],
        wait: Some(Wait {
            status: format!("{node}/Status"),
            meaning: StatusMeaning::Import,
            error_code: None,
            thumbprint,
        }),
        read_back,
        node,
    })
}

fn leaves(
    settings: &PkcsCertificate,
    material: &Pkcs12Material,
    location: String,
    unique: &str,
) -> Vec<Leaf> {
    let mut leaves = vec![Leaf::new(
        "KeyLocation",
        Format::Int,
        location,
        Comparison::Number,
    )];
    match settings.terms.key_storage_provider.unwrap_or_default() {
        KeyStorageProvider::UsePassportForWorkKspOtherwiseFail => {
            leaves.push(Leaf::text("ContainerName", unique));
        }
        KeyStorageProvider::UseSoftwareKsp => {
            let exportable = settings.terms.key_is_extractable.unwrap_or(false);
            leaves.push(Leaf::new(
                "PFXKeyExportable",
                Format::Bool,
                exportable.to_string(),
                Comparison::Boolean,
            ));
        }
        KeyStorageProvider::UseTpmKspOtherwiseUseSoftwareKsp
        | KeyStorageProvider::UseTpmKspOtherwiseFail => {}
    }
    leaves.extend([
        Leaf::new(
            "PFXCertPassword",
            Format::Chr,
            material.password.clone(),
            Comparison::Masked,
        ),
        // The password is as it is, not encrypted with a certificate of the device.
        Leaf::unread("PFXCertPasswordEncryptionType", Format::Int, "0"),
        Leaf::unread(
            "PFXCertBlob",
            Format::Bin,
            Secret::from(STANDARD.encode(material.der.as_bytes())),
        ),
    ]);
    leaves
}
