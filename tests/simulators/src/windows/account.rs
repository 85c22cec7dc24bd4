//! The management account in the tree: what an enrollment plants there, and what sessions read of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::sha::sha256;

use super::device::WindowsDevice;
use super::journal::Event;
use super::path::Path;
use super::provisioning::{Context, Credential, Provisioning, thumbprint};
use super::schema::Schema;
use super::store::{ItemKind, StoreName};
use crate::entropy::hex;
use crate::identity::Identity;

/// The name of an account below `DMAcc`: a constant and SHA-256 of the server's name in UTF-16, in upper case.
pub(super) fn account_name(provider: &str) -> String {
    let utf16: Vec<u8> = provider.encode_utf16().flat_map(u16::to_le_bytes).collect();
    format!("0x0000800c{}", hex(&sha256(&utf16)).to_uppercase())
}

/// Which of the two credentials of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// What the device proves itself with.
    Client,
    /// What the server proves itself with.
    Server,
}

impl Whose {
    fn node(self, provider: &str) -> Path {
        let object = match self {
            Self::Client => "CLCRED",
            Self::Server => "SRVCRED",
        };
        Path::of(&[
            "SyncML",
            "DMAcc",
            &account_name(provider),
            "AppAuth",
            object,
        ])
    }
}

impl WindowsDevice {
    /// Plants what a provisioning document brought.
    pub(super) fn plant(&mut self, taken: &Provisioning) {
        let Some(enrollment) = self.enrollment.clone() else {
            return;
        };
        let provider = enrollment.provider_id().to_owned();
        for (store, place, der) in [
            (StoreName::Root, "ROOT", &taken.root),
            (StoreName::Ca, "CA", &taken.intermediate),
        ] {
            if let Some(der) = der {
                let node = certificates(&[place, "System", &thumbprint(der)]);
                let tree = &mut self.managed.tree;
                tree.put(node.join("EncodedCertificate"), "b64", STANDARD.encode(der));
                let kind = ItemKind::Certificate(der.clone());
                self.managed.stores.put(store, false, &node, kind);
            }
        }
        self.plant_identity(&enrollment.identity, enrollment.context);
        for (name, value) in &taken.renewal {
            self.put(certificates(&["MY", "WSTEP"]).join(name), value);
        }
        let client = Path::of(&[
            "Device", "Vendor", "MSFT", "DMClient", "Provider", &provider,
        ]);
        self.managed.tree.put_interior(client.parent());
        self.managed.tree.put_interior(client.clone());
        for (name, value) in &taken.dm_client {
            self.put(client.join(name), value);
        }
        let account = Path::of(&["SyncML", "DMAcc", &account_name(&provider)]);
        self.put(account.join("AppID"), "w7");
        self.put(account.join("ServerID"), &provider);
        self.put(account.join("Name"), &enrollment.account.name);
        self.put(
            account.join("AppAddr/SRVADDR/Addr"),
            &enrollment.account.address,
        );
        for (whose, credential) in [
            (Whose::Client, &enrollment.account.client),
            (Whose::Server, &enrollment.account.server),
        ] {
            if let Some(credential) = credential {
                let node = whose.node(&provider);
                self.put(node.join("AAuthType"), &credential.kind);
                self.put(node.join("AAuthName"), &credential.name);
                self.put(node.join("AAuthSecret"), &credential.secret);
                self.put(node.join("AAuthData"), &STANDARD.encode(&credential.nonce));
            }
        }
    }

    fn put(&mut self, path: Path, value: &str) {
        let format = Schema::windows().find(path.segments());
        let format = format.map_or("chr", |spec| spec.format.as_str());
        for count in 1..path.len() {
            self.managed.tree.put_interior(path.first(count));
        }
        self.managed.tree.put(path, format, value);
    }

    fn plant_identity(&mut self, identity: &Identity, context: Context) {
        let thumbprint = thumbprint(identity.certificate());
        let store = match context {
            Context::User => "User",
            Context::System => "System",
        };
        let node = certificates(&["MY", store, &thumbprint]);
        let der = STANDARD.encode(identity.certificate());
        let tree = &mut self.managed.tree;
        tree.put(node.join("EncodedCertificate"), "b64", der);
        tree.put(
            certificates(&["MY", "WSTEP", "CertThumprint"]),
            "chr",
            thumbprint,
        );
        let kind = ItemKind::Identity(identity.clone());
        let of_user = context == Context::User;
        self.managed.stores.put(StoreName::My, of_user, &node, kind);
    }

    /// Puts a renewed certificate in place of the one before.
    pub(super) fn replace_identity(&mut self, identity: &Identity) {
        let Some(enrollment) = &mut self.enrollment else {
            return;
        };
        let context = enrollment.context;
        let old = std::mem::replace(&mut enrollment.identity, identity.clone());
        let store = match context {
            Context::User => "User",
            Context::System => "System",
        };
        let node = certificates(&["MY", store, &thumbprint(old.certificate())]);
        self.managed.tree.remove(&node);
        self.managed.stores.remove_within(&node);
        self.plant_identity(identity, context);
        self.note(Event::Renewed {
            thumbprint: thumbprint(identity.certificate()),
        });
    }

    /// A credential as it is now: the server may have changed it.
    pub(super) fn credential(&self, whose: Whose) -> Option<Credential> {
        let node = whose.node(self.enrollment.as_ref()?.provider_id());
        let text = |name: &str| self.managed.tree.text(&node.join(name)).map(str::to_owned);
        Some(Credential {
            kind: text("AAuthType")?,
            name: text("AAuthName")?,
            secret: text("AAuthSecret")?,
            nonce: STANDARD.decode(text("AAuthData")?).ok()?,
        })
    }

    /// Keeps the nonce of the next digest.
    pub(super) fn keep_nonce(&mut self, whose: Whose, base64: &str) {
        if let Some(enrollment) = &self.enrollment {
            let node = whose.node(enrollment.provider_id()).join("AAuthData");
            self.put(node, base64);
        }
    }

    /// A value below `DMClient/Provider/<PROVIDER-ID>`.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        let provider = self.enrollment.as_ref()?.provider_id();
        let client = Path::of(&["Device", "Vendor", "MSFT", "DMClient", "Provider", provider]);
        self.managed.tree.text(&client.join(name))
    }

    /// The poll schedule: number of sessions (0 is without end) and minutes between them, for each of the three sets.
    pub fn poll_schedule(&self) -> [(u64, u64); 3] {
        let number = |name: &str, otherwise: u64| {
            let text = self.setting(&format!("Poll/{name}"));
            text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
        };
        [
            (
                number("NumberOfFirstRetries", 10),
                number("IntervalForFirstSetOfRetries", 15),
            ),
            (
                number("NumberOfSecondRetries", 0),
                number("IntervalForSecondSetOfRetries", 0),
            ),
            (
                number("NumberOfRemainingScheduledRetries", 0),
                number("IntervalForRemainingScheduledRetries", 0),
            ),
        ]
    }

    /// The certificate shown in TLS: the one the account's criteria find.
    pub(super) fn shown_identity(&self) -> Option<Identity> {
        let enrollment = self.enrollment.as_ref()?;
        let search = enrollment.account.search.as_ref()?;
        let mut wanted = search.subject.clone();
        let subject = enrollment.identity.x509().subject_name();
        let mut found: Vec<(String, String)> = subject
            .entries()
            .filter_map(|entry| {
                let kind = entry.object().nid().short_name().ok()?;
                Some((kind.to_owned(), entry.data().to_string().ok()?))
            })
            .collect();
        wanted.sort();
        found.sort();
        let fits = search.store == enrollment.context && wanted == found;
        fits.then(|| enrollment.identity.clone())
    }
}

fn certificates(names: &[&str]) -> Path {
    let whole = [&["Device", "Vendor", "MSFT", "CertificateStore"], names].concat();
    Path::of(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_named_by_their_server() {
        // `printf '%s' Fleet | iconv -t UTF-16LE | sha256sum`
        assert_eq!(
            account_name("Fleet"),
            "0x0000800cABF8CA7D87C0FA21BB21B896AE2C8468CA07710326415228ACF2392EA1327077"
        );
    }
}
