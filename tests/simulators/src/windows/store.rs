//! Certificate stores of the device and its user.

use openssl::x509::X509;

use super::path::Path;
use super::provisioning::thumbprint;
use crate::identity::{Identity, common_name};

/// A store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreName {
    /// Trusted roots.
    Root,
    /// Intermediates.
    Ca,
    /// Certificates with keys.
    My,
    /// Any other.
    Other,
}

/// What one item is.
#[derive(Debug, Clone)]
pub enum ItemKind {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A certificate with its key.
    Identity(Identity),
}

/// An item of a store.
#[derive(Debug, Clone)]
pub struct Item {
    /// Which store it is in.
    pub store: StoreName,
    /// Whether the store is the user's, not the machine's.
    pub of_user: bool,
    /// The node that brought it.
    pub origin: String,
    /// What it is.
    pub kind: ItemKind,
    pub(crate) node: Path,
}

impl Item {
    /// The certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        match &self.kind {
            ItemKind::Certificate(der) => der,
            ItemKind::Identity(identity) => identity.certificate(),
        }
    }

    /// SHA-1 of the certificate, 40 digits in upper case.
    pub fn thumbprint(&self) -> String {
        thumbprint(self.certificate())
    }

    /// Common name of the certificate.
    pub fn common_name(&self) -> String {
        X509::from_der(self.certificate())
            .map(|x509| common_name(x509.subject_name()))
            .unwrap_or_default()
    }

    /// The identity, if it is one.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.kind {
            ItemKind::Identity(identity) => Some(identity),
            ItemKind::Certificate(_) => None,
        }
    }
}

/// All items, oldest first.
#[derive(Debug, Clone, Default)]
pub struct CertificateStores(Vec<Item>);

impl CertificateStores {
    /// All items.
    pub fn items(&self) -> &[Item] {
        &self.0
    }

    /// All identities.
    pub fn identities(&self) -> Vec<&Identity> {
        self.0.iter().filter_map(Item::identity).collect()
    }

    /// Trusted roots, in DER.
    pub fn roots(&self) -> Vec<Vec<u8>> {
        let roots = self.0.iter().filter(|item| item.store == StoreName::Root);
        roots.map(|item| item.certificate().to_vec()).collect()
    }

    /// The item with this thumbprint.
    pub fn find(&self, thumbprint: &str) -> Option<&Item> {
        self.0
            .iter()
            .find(|item| item.thumbprint().eq_ignore_ascii_case(thumbprint))
    }

    /// Puts an item in place of the one its node brought before.
    pub(crate) fn put(&mut self, store: StoreName, of_user: bool, node: &Path, kind: ItemKind) {
        self.0.retain(|item| item.node != *node);
        self.0.push(Item {
            store,
            of_user,
            origin: node.to_string(),
            kind,
            node: node.clone(),
        });
    }

    /// Removes what came from nodes within this place.
    pub(crate) fn remove_within(&mut self, path: &Path) {
        self.0.retain(|item| !item.node.is_within(path));
    }
}
