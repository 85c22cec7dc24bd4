//! Identities a device asks for by SCEP (Microsoft, `ClientCertificateInstall` CSP and `CertificateStore` CSP).

use super::{
    compile::{CompileError, Input},
    leaf::{self, Leaf},
    operation::{Format, NodeOp, Unit},
    plan::{Plan, Rank, Scope},
    read_back::{Comparison, ReadBack},
    root::{hexadecimal, thumbprint},
    schema::System,
    wait::{StatusMeaning, Wait},
};
use crate::{
    certificate_names::{CertificateNames, SanType},
    distinguished_name::Attribute,
    extended_key_usage::ExtendedKeyUsage,
    identifiers::Role,
    identity::{
        CertificateStore, HashAlgorithm, KeyStorageProvider, KeyUsage, ScepCertificate,
        ValidityScale,
    },
    material::{IdentityMaterial, RootName, ScepMaterial},
};

/// The length of a SHA-1 digest.
const SHA1_OCTETS: usize = 20;

/// The names of nodes that differ between the two providers. The misspelled ones are the real ones.
struct Names {
    path: &'static str,
    hash_algorithm: &'static str,
    ca_thumbprint: &'static str,
    thumbprint: &'static str,
    key_length: Format,
}

const CLIENT_CERTIFICATE_INSTALL: Names = Names {
    path: "ClientCertificateInstall/SCEP",
    hash_algorithm: "HashAlgorithm",
    ca_thumbprint: "CAThumbprint",
    thumbprint: "CertThumbprint",
    key_length: Format::Int,
};

/// The only one before Windows 10 build 10586, hence on Windows Phone 8.1.
const CERTIFICATE_STORE: Names = Names {
    path: "CertificateStore/MY/SCEP",
    hash_algorithm: "HashAlgrithm",
    ca_thumbprint: "CAThumbPrint",
    thumbprint: "CertThumbPrint",
    key_length: Format::Chr,
};

/// The request: everything that is asked for, then `Enroll`, in one Atomic. The device acknowledges at once and goes on by itself.
///
/// A request cannot be changed, so an update takes it away with its certificate and makes another.
pub(super) fn plan(settings: &ScepCertificate, input: &Input<'_>) -> Result<Plan, CompileError> {
    let id = &input.profile.id;
    let Some(IdentityMaterial::Scep(material)) = input.identities.get(id) else {
        return Err(CompileError::NoIdentity {
            profile: id.clone(),
        });
    };
    let (scope, names) = match (input.target.system, settings.terms.certificate_store) {
        (System::Windows10, CertificateStore::User) => (Scope::User, CLIENT_CERTIFICATE_INSTALL),
        (System::Windows10, CertificateStore::Machine) => {
            (Scope::Device, CLIENT_CERTIFICATE_INSTALL)
        }
        (System::WindowsPhone81, _) => (Scope::Device, CERTIFICATE_STORE),
    };
    let unique = input.identifiers.payload_uuid(id, Role::Identity(id));
    let node = format!("{}/Vendor/MSFT/{}/{unique}", scope.root(), names.path);
    let leaves = leaves(settings, material, &names, unique.as_str(), input)?;
    let made = std::iter::once(NodeOp::add_node(&node));
    let run = std::iter::once(NodeOp::exec(format!("{node}/Install/Enroll")));
    let request = Unit::Atomic(made.chain(leaf::adds(&node, &leaves)).chain(run).collect());
    let remove = Unit::Single(NodeOp::delete(&node));
    let thumbprint = format!("{node}/{}", names.thumbprint);
    Ok(Plan {
        scope,
        rank: Rank::Identity,
        install: vec![request.clone()],
        update: vec![remove.clone(), request],
        remove: vec![remove],
        wait: Some(Wait {
            status: format!("{node}/Status"),
            meaning: StatusMeaning::Scep,
            error_code: Some(format!("{node}/ErrorCode")),
            thumbprint: thumbprint.clone(),
        }),
        read_back: vec![ReadBack {
            uri: thumbprint,
            expected: None,
            comparison: Comparison::Present,
        }],
        node,
    })
}

fn leaves(
    settings: &ScepCertificate,
    material: &ScepMaterial,
    names: &Names,
    unique: &str,
    input: &Input<'_>,
) -> Result<Vec<Leaf>, CompileError> {
    let terms = &settings.terms;
    let text =
        |name: &str, value: String| Leaf::unread(format!("Install/{name}"), Format::Chr, value);
    let number = |name: &str, value: u32| {
        Leaf::unread(format!("Install/{name}"), Format::Int, value.to_string())
    };
    let servers = match settings.scep_server_urls.as_slice() {
        [] => material.url.clone(),
        urls => urls.join(";"),
    };
    let usages: Vec<_> = terms
        .extended_key_usages
        .iter()
        .map(ExtendedKeyUsage::oid)
        .collect();
    let authority = authority(settings, material, input)?;
    let provider = terms.key_storage_provider.unwrap_or_default();
    let bits = material.key_size.bits().to_string();
    let mut leaves = vec![
        text("ServerURL", servers),
        Leaf::unread("Install/Challenge", Format::Chr, material.challenge.clone()),
        text("EKUMapping", usages.join("+")),
        number("KeyUsage", key_usage_bits(&material.key_usage)),
        text("SubjectName", subject_name(&material.names.subject)),
        number("KeyProtection", key_protection(provider)),
        // Minutes on this wire; one is the least.
        number("RetryDelay", material.retry_delay.div_ceil(60).max(1)),
        number("RetryCount", material.retries.into()),
        Leaf::unread("Install/KeyLength", names.key_length, bits),
        text(names.hash_algorithm, hash(terms.hash_algorithm).to_owned()),
        text(names.ca_thumbprint, authority),
    ];
    if !material.names.alternatives.is_empty() {
        let alternatives =
            alternative_names(&material.names).ok_or_else(|| CompileError::Unwritable {
                profile: input.profile.id.clone(),
                node: "SubjectAlternativeNames".to_owned(),
                character: ';',
            })?;
        leaves.push(text("SubjectAlternativeNames", alternatives));
    }
    match input.target.system {
        System::Windows10 => {
            // What has no unit is left to the authority, which holds to the terms in any case.
            if let Some(unit) = valid_period(terms.certificate_validity_period_scale) {
                leaves.push(text("ValidPeriod", unit.to_owned()));
                let units = terms.certificate_validity_period_value;
                leaves.push(number("ValidPeriodUnits", units));
            }
            if provider == KeyStorageProvider::UsePassportForWorkKspOtherwiseFail {
                leaves.push(text("ContainerName", unique.to_owned()));
            }
        }
        // Its `ValidPeriod` can only be read.
        System::WindowsPhone81 => {}
    }
    Ok(leaves)
}

/// The SHA-1 thumbprint of the authority: the one given, else that of the root the profile names.
fn authority(
    settings: &ScepCertificate,
    material: &ScepMaterial,
    input: &Input<'_>,
) -> Result<String, CompileError> {
    if let Some(digest) = material.ca_fingerprint.as_deref()
        && digest.len() == SHA1_OCTETS
    {
        return Ok(hexadecimal(digest));
    }
    let named = settings.terms.root_certificate.clone();
    let named = named.map(RootName::Profile);
    input
        .roots
        .iter()
        .find(|root| Some(&root.name) == named.as_ref())
        .map(|root| thumbprint(root.der.as_bytes()))
        .ok_or_else(|| CompileError::NoThumbprint {
            profile: input.profile.id.clone(),
        })
}

/// `KeyUsage`: the bits of RFC 5280 section 4.2.1.3 as one octet, the first the highest.
fn key_usage_bits(usages: &[KeyUsage]) -> u32 {
    usages.iter().fold(0, |bits, usage| {
        bits | match usage {
            KeyUsage::DigitalSignature => 0x80,
            KeyUsage::KeyEncipherment => 0x20,
        }
    })
}

/// `KeyProtection`, and `KeyLocation` of a PKCS#12 file.
pub(super) fn key_protection(provider: KeyStorageProvider) -> u32 {
    match provider {
        KeyStorageProvider::UseTpmKspOtherwiseFail => 1,
        KeyStorageProvider::UseTpmKspOtherwiseUseSoftwareKsp => 2,
        KeyStorageProvider::UseSoftwareKsp => 3,
        KeyStorageProvider::UsePassportForWorkKspOtherwiseFail => 4,
    }
}

fn hash(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha1 => "SHA-1",
        HashAlgorithm::Sha2 => "SHA-2",
    }
}

fn valid_period(scale: ValidityScale) -> Option<&'static str> {
    match scale {
        ValidityScale::Minutes | ValidityScale::Hours => None,
        ValidityScale::Days => Some("Days"),
        ValidityScale::Months => Some("Months"),
        ValidityScale::Years => Some("Years"),
    }
}

/// A subject as Windows reads one (Microsoft, `CertStrToName`): values with anything that could be mistaken are quoted, quotes doubled.
fn subject_name(subject: &[Attribute]) -> String {
    let parts: Vec<_> = subject
        .iter()
        .map(|attribute| {
            let value = &attribute.value;
            let quoted = value.trim() != value
                || value.contains([',', '+', '=', '"', '\n', '<', '>', '#', ';']);
            let name = attribute.kind.windows_name();
            if quoted {
                format!("{name}=\"{}\"", value.replace('"', "\"\""))
            } else {
                format!("{name}={value}")
            }
        })
        .collect();
    parts.join(",")
}

/// `type+value;type+value` with Windows' numbers (Microsoft, `AlternativeNameType`); `None` where a value holds the separator.
fn alternative_names(names: &CertificateNames) -> Option<String> {
    let mut parts = Vec::new();
    for name in &names.alternatives {
        let kind = match name.kind {
            SanType::EmailAddress => 2,
            SanType::DomainNameService => 3,
            SanType::UniversalResourceIdentifier => 7,
            SanType::UserPrincipalName => 11,
        };
        if name.value.contains(';') {
            return None;
        }
        parts.push(format!("{kind}+{}", name.value));
    }
    Some(parts.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        distinguished_name,
        subject::{DeviceFacts, Subject},
    };

    #[test]
    fn subjects() {
        let device = DeviceFacts::default();
        let subject = Subject {
            user: None,
            device: &device,
        };
        for (text, expected) in [
            ("CN=Ada Lovelace,O=Example", "CN=Ada Lovelace,O=Example"),
            (
                "CN=\"Lovelace, Ada\",OU=a+b",
                "CN=\"Lovelace, Ada\",OU=\"a+b\"",
            ),
            ("CN=é<&\\\">", "CN=\"é<&\"\">\""),
            (
                "E=a@b.example,ST=Z,DC=x,UID=7",
                "E=a@b.example,S=Z,DC=x,0.9.2342.19200300.100.1.1=7",
            ),
            ("CN=#1;2", "CN=\"#1;2\""),
        ] {
            let rendered = distinguished_name::render(text, &subject).unwrap();
            assert_eq!(subject_name(&rendered), expected);
        }
    }

    #[test]
    fn numbers() {
        for (usages, bits) in [
            (vec![KeyUsage::DigitalSignature], 128),
            (vec![KeyUsage::KeyEncipherment], 32),
            (
                vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment],
                160,
            ),
        ] {
            assert_eq!(key_usage_bits(&usages), bits);
        }
        for (provider, number) in [
            (KeyStorageProvider::UseTpmKspOtherwiseUseSoftwareKsp, 2),
            (KeyStorageProvider::UseTpmKspOtherwiseFail, 1),
            (KeyStorageProvider::UsePassportForWorkKspOtherwiseFail, 4),
            (KeyStorageProvider::UseSoftwareKsp, 3),
        ] {
            assert_eq!(key_protection(provider), number, "{provider:?}");
        }
        for (scale, unit) in [
            (ValidityScale::Minutes, None),
            (ValidityScale::Hours, None),
            (ValidityScale::Days, Some("Days")),
            (ValidityScale::Months, Some("Months")),
            (ValidityScale::Years, Some("Years")),
        ] {
            assert_eq!(valid_period(scale), unit, "{scale:?}");
        }
        assert_eq!(hash(HashAlgorithm::Sha1), "SHA-1");
        assert_eq!(hash(HashAlgorithm::Sha2), "SHA-2");
    }
}
