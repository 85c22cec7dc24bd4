//! The mock's own TLS certificate: a root and a leaf for `localhost`, both P-256, made by OpenSSL.

use std::time::SystemTime;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use crate::identity::Identity;

/// A root and a leaf signed by it.
pub(super) struct Certificates {
    pub(super) root: X509,
    pub(super) leaf: Identity,
}

/// Makes both, valid from a day before `now` for ninety days.
pub(super) fn make(now: SystemTime) -> Result<Certificates, ErrorStack> {
    let (root_key, leaf_key) = (key()?, key()?);
    let mut root = builder(now, "Mock APNs root", 1, &root_key)?;
    let subject = root_name("Mock APNs root")?;
    root.set_issuer_name(&subject)?;
    root.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    root.append_extension(
        KeyUsage::new()
            .critical()
            .key_cert_sign()
            .crl_sign()
            .build()?,
    )?;
    root.sign(&root_key, MessageDigest::sha256())?;
    let root = root.build();

    let mut leaf = builder(now, "localhost", 2, &leaf_key)?;
    leaf.set_issuer_name(root.subject_name())?;
    let names = SubjectAlternativeName::new()
        .dns("localhost")
        .ip("127.0.0.1")
        .ip("::1")
        .build(&leaf.x509v3_context(Some(&root), None))?;
    leaf.append_extension(names)?;
    leaf.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    leaf.sign(&root_key, MessageDigest::sha256())?;
    let der = leaf.build().to_der()?;
    let leaf = Identity::new(der, leaf_key, Vec::new()).map_err(|_| ErrorStack::get())?;
    Ok(Certificates { root, leaf })
}

fn key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn root_name(text: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, text)?;
    Ok(name.build())
}

fn builder(
    now: SystemTime,
    common_name: &str,
    serial: u32,
    key: &PKey<Private>,
) -> Result<X509Builder, ErrorStack> {
    let seconds = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or(0);
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let (number, name) = (BigNum::from_u32(serial)?, root_name(common_name)?);
    let serial = Asn1Integer::from_bn(&number)?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(&name)?;
    let (from, to) = (
        Asn1Time::from_unix(seconds - 86_400)?,
        Asn1Time::from_unix(seconds + 90 * 86_400)?,
    );
    builder.set_not_before(&from)?;
    builder.set_not_after(&to)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}
