//! Certificates and identities of a device, each with the profile it came from.

use openssl::x509::X509;

use crate::identity::{Identity, common_name, fingerprint};

/// What one item is.
#[derive(Debug, Clone)]
pub enum ItemKind {
    /// A root, in DER, and whether TLS trusts it.
    Root {
        /// The certificate.
        der: Vec<u8>,
        /// Installed through MDM, or switched on in the certificate trust settings.
        trusted: bool,
    },
    /// Another certificate, in DER.
    Certificate(Vec<u8>),
    /// A certificate with its key.
    Identity(Identity),
}

/// An item of the keychain.
#[derive(Debug, Clone)]
pub struct Item {
    /// Identifier of the profile it belongs to.
    pub profile: String,
    /// UUID of the payload it came from.
    pub payload_uuid: String,
    /// What it is.
    pub kind: ItemKind,
}

impl Item {
    /// The certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        match &self.kind {
            ItemKind::Root { der, .. } | ItemKind::Certificate(der) => der,
            ItemKind::Identity(identity) => identity.certificate(),
        }
    }

    /// Common name of the certificate.
    pub fn common_name(&self) -> String {
        X509::from_der(self.certificate())
            .map(|x509| common_name(x509.subject_name()))
            .unwrap_or_default()
    }

    /// SHA-256 of the certificate in hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.certificate())
    }

    /// The identity, if it is one.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.kind {
            ItemKind::Identity(identity) => Some(identity),
            ItemKind::Root { .. } | ItemKind::Certificate(_) => None,
        }
    }
}

/// All items, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Keychain(Vec<Item>);

impl Keychain {
    /// All items.
    pub fn items(&self) -> &[Item] {
        &self.0
    }

    /// All identities.
    pub fn identities(&self) -> Vec<&Identity> {
        self.0.iter().filter_map(Item::identity).collect()
    }

    /// The identity a payload of a profile brought.
    pub fn identity(&self, profile: &str, payload_uuid: &str) -> Option<&Identity> {
        let wanted = |item: &&Item| {
            item.profile == profile && item.payload_uuid.eq_ignore_ascii_case(payload_uuid)
        };
        self.0.iter().find(wanted).and_then(Item::identity)
    }

    /// Roots that TLS trusts, in DER.
    pub fn trusted_roots(&self) -> Vec<Vec<u8>> {
        let trusted = self.0.iter().filter_map(|item| match &item.kind {
            ItemKind::Root { der, trusted: true } => Some(der.clone()),
            _ => None,
        });
        trusted.collect()
    }

    /// Switches full trust on for a root, as in Settings, General, About, Certificate Trust Settings. Says whether
    /// there is such a root.
    pub fn trust_fully(&mut self, wanted: &str) -> bool {
        let mut found = false;
        for item in &mut self.0 {
            if let ItemKind::Root { der, trusted } = &mut item.kind
                && fingerprint(der).eq_ignore_ascii_case(wanted)
            {
                *trusted = true;
                found = true;
            }
        }
        found
    }

    /// Puts the items of a profile in place of those it had before.
    pub(super) fn replace(&mut self, profile: &str, items: Vec<Item>) {
        self.remove(profile);
        self.0.extend(items);
    }

    /// Removes the items of a profile.
    pub(super) fn remove(&mut self, profile: &str) {
        self.0.retain(|item| item.profile != profile);
    }
}
