//! The documents that make a device trust the server, and put it under the server's management.

use plist::Value;
use uuid::Uuid;

use super::{
    access_rights::AccessRights,
    compile::Options,
    document::{Document, Head, Payload, Unwritable},
};
use crate::{
    address::is_url,
    identifiers::PayloadUuid,
    material::{IdentityMaterial, NotACertificate, RootMaterial},
};

/// What the identifiers of both documents are derived from. They are the same for every device, so that a document sent again replaces the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentIdentifiers {
    /// The server.
    pub instance: Uuid,
    /// What every `PayloadIdentifier` begins with, in reverse-DNS style.
    pub prefix: String,
}

impl EnrollmentIdentifiers {
    fn identifier(&self, path: &str) -> String {
        format!("{}.{path}", self.prefix)
    }

    fn uuid(&self, path: &str) -> PayloadUuid {
        PayloadUuid::derive(self.instance, &[path])
    }

    fn roots(&self, path: &str, roots: &[RootMaterial]) -> Result<Vec<Payload>, NotACertificate> {
        roots
            .iter()
            .map(|root| {
                let path = format!("{path}.root.{}", root.name);
                root.payload(self.identifier(&path), self.uuid(&path))
            })
            .collect()
    }
}

/// What the server can do, told to the device (Apple, "MDM", `ServerCapabilities`). It cannot change while the device is enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerCapabilities {
    /// It talks to the users of a Mac as well; without this there is no user channel, and macOS takes mail accounts on that channel only.
    pub per_user_connections: bool,
    /// It keeps bootstrap tokens.
    pub bootstrap_token: bool,
    /// It answers `GetToken`.
    pub token: bool,
}

impl Default for ServerCapabilities {
    fn default() -> Self {
        Self {
            per_user_connections: true,
            bootstrap_token: true,
            token: false,
        }
    }
}

/// Everything an enrollment profile is made of.
#[derive(Debug, Clone, Copy)]
pub struct Enrollment<'a> {
    /// What its identifiers are derived from.
    pub identifiers: &'a EnrollmentIdentifiers,
    /// Who manages, shown to the user.
    pub organization: &'a str,
    /// The name people see.
    pub display_name: &'a str,
    /// What the user is told.
    pub description: Option<&'a str>,
    /// The identity the device authenticates with.
    pub identity: &'a IdentityMaterial,
    /// The push topic, `com.apple.mgmt.` and more; equal to the user id in the subject of the push certificate.
    pub topic: &'a str,
    /// Where the device asks for commands; https.
    pub server_url: &'a str,
    /// Where it checks in; https.
    pub check_in_url: &'a str,
    /// Every message is signed with the identity, for servers behind something that ends TLS.
    pub sign_message: bool,
    /// What the server may do.
    pub access_rights: AccessRights,
    /// What the server can do.
    pub server_capabilities: ServerCapabilities,
    /// The certificates to trust, the server's own among them.
    pub roots: &'a [RootMaterial],
    /// What the user must agree to, and how the profile goes away.
    pub options: &'a Options,
}

/// Why an enrollment profile cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentError {
    /// A URL that is not https; a device refuses it.
    #[error("making the enrollment profile: `{key}` is `{url}`, expected an https URL")]
    Url {
        /// The key.
        key: &'static str,
        /// The URL.
        url: String,
    },
    /// A topic that no push certificate has.
    #[error(
        "making the enrollment profile: the topic is `{topic}`, expected one beginning with com.apple.mgmt."
    )]
    Topic {
        /// The topic.
        topic: String,
    },
    /// Something given as a certificate is none.
    #[error("making the enrollment profile")]
    Certificate(#[from] NotACertificate),
    /// A value cannot be written.
    #[error("making the enrollment profile")]
    Unwritable(#[from] Unwritable),
}

/// The trust profile: certificates and nothing else.
///
/// Installed by hand on iOS it still needs the switch under Settings, General, About, Certificate Trust Settings.
pub fn trust_profile(
    identifiers: &EnrollmentIdentifiers,
    organization: &str,
    display_name: &str,
    roots: &[RootMaterial],
) -> Result<Document, EnrollmentError> {
    let head = Head {
        identifier: identifiers.identifier("trust"),
        uuid: identifiers.uuid("trust"),
        display_name,
        description: None,
        organization,
    };
    let payloads = identifiers.roots("trust", roots)?;
    Ok(Document::new(head, Vec::new(), payloads)?)
}

/// The enrollment profile (Apple, "MDM"): certificates, the identity, and the payload that names it.
///
/// `PayloadScope` is left out: with `System` a Mac gets no user channel.
pub fn enrollment_profile(enrollment: &Enrollment<'_>) -> Result<Document, EnrollmentError> {
    for (key, url) in [
        ("ServerURL", enrollment.server_url),
        ("CheckInURL", enrollment.check_in_url),
    ] {
        if !is_url(url, &["https://"]) {
            return Err(EnrollmentError::Url {
                key,
                url: url.to_owned(),
            });
        }
    }
    if !enrollment.topic.starts_with("com.apple.mgmt.") {
        return Err(EnrollmentError::Topic {
            topic: enrollment.topic.to_owned(),
        });
    }
    let identifiers = enrollment.identifiers;
    let mut payloads = identifiers.roots("enrollment", enrollment.roots)?;
    let identity = enrollment.identity.payload(
        identifiers.identifier("enrollment.identity"),
        identifiers.uuid("enrollment.identity"),
    );
    let mdm = mdm_payload(enrollment, identity.uuid());
    payloads.extend([identity, mdm]);
    let head = Head {
        identifier: identifiers.identifier("enrollment"),
        uuid: identifiers.uuid("enrollment"),
        display_name: enrollment.display_name,
        description: enrollment.description,
        organization: enrollment.organization,
    };
    Ok(Document::new(head, enrollment.options.keys(), payloads)?)
}

fn mdm_payload(enrollment: &Enrollment<'_>, identity: &PayloadUuid) -> Payload {
    let mut payload = Payload::new(
        "com.apple.mdm",
        enrollment.identifiers.identifier("enrollment.mdm"),
        enrollment.identifiers.uuid("enrollment.mdm"),
        enrollment.display_name,
    );
    payload.put("IdentityCertificateUUID", identity.as_str());
    payload.put("Topic", enrollment.topic);
    payload.put("ServerURL", enrollment.server_url);
    payload.put("CheckInURL", enrollment.check_in_url);
    payload.put("SignMessage", enrollment.sign_message);
    payload.put("CheckOutWhenRemoved", true);
    payload.put("AccessRights", enrollment.access_rights.bits());
    let ServerCapabilities {
        per_user_connections,
        bootstrap_token,
        token,
    } = enrollment.server_capabilities;
    let capabilities = [
        (per_user_connections, "com.apple.mdm.per-user-connections"),
        (bootstrap_token, "com.apple.mdm.bootstraptoken"),
        (token, "com.apple.mdm.token"),
    ];
    let names = capabilities
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, name)| Value::from(name));
    payload.put("ServerCapabilities", Value::Array(names.collect()));
    payload
}
