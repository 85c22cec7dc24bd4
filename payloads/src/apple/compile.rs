//! From a profile to the document a device installs.

use std::collections::{BTreeMap, BTreeSet};

use plist::{Dictionary, Value};

use super::{
    channel::{Channel, channel},
    document::{Document, Head, Payload, Unwritable},
    exchange, mail,
};
use crate::{
    complaint::Complaints,
    identifiers::{Identifiers, PayloadUuid, Role},
    material::{IdentityMaterial, NotACertificate, RootMaterial, RootName},
    platform::Platform,
    profile::Profile,
    profile_id::ProfileId,
    settings::{ReferenceKind, Settings},
    subject::Subject,
    trusted::TrustedCertificate,
    variable::RenderError,
};

/// Everything a document is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Who sends it, shown to the user.
    pub organization: &'a str,
    /// What its identifiers are derived from.
    pub identifiers: &'a Identifiers,
    /// For whom it is rendered.
    pub subject: Subject<'a>,
    /// The identity for each profile it names, or for the profile itself if that describes one. More than needed may be given.
    pub identities: &'a BTreeMap<ProfileId, IdentityMaterial>,
    /// The certificates to deliver with it. All are delivered, equal ones once.
    pub roots: &'a [RootMaterial],
    /// What the user is told and may do.
    pub options: &'a Options,
}

/// What the user is told, and how the profile goes away (Apple, `TopLevel`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// A text the user must agree to where the profile is installed by hand.
    pub consent_text: Option<String>,
    /// The user cannot remove the profile (supervised devices and macOS).
    pub removal_disallowed: bool,
    /// Seconds after which the device removes the profile.
    pub duration_until_removal: Option<u32>,
}

/// Why a profile cannot be compiled for a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The profile makes no sense.
    #[error("compiling profile `{profile}`: it is not valid")]
    Invalid {
        /// The profile.
        profile: ProfileId,
        /// What is wrong.
        #[source]
        source: Complaints,
    },
    /// The profile is written for devices of another kind.
    #[error("compiling profile `{profile}`: it is written for {platform}, which is not Apple's")]
    Platform {
        /// The profile.
        profile: ProfileId,
        /// Its platform.
        platform: Platform,
    },
    /// A value is missing that the user or the device should have.
    #[error("compiling profile `{profile}`")]
    Render {
        /// The profile.
        profile: ProfileId,
        /// What is missing.
        #[source]
        source: RenderError,
    },
    /// No identity was given for a profile that is named.
    #[error("compiling profile `{profile}`: there is no identity for `{identity}`")]
    NoIdentity {
        /// The profile.
        profile: ProfileId,
        /// The profile that describes the identity.
        identity: ProfileId,
    },
    /// A certificate that is named was not given.
    #[error("compiling profile `{profile}`: there is no certificate for `{root}`")]
    NoRoot {
        /// The profile.
        profile: ProfileId,
        /// Where it should come from.
        root: RootName,
    },
    /// Something given as a certificate is none.
    #[error("compiling profile `{profile}`")]
    Certificate {
        /// The profile.
        profile: ProfileId,
        /// Which.
        #[source]
        source: NotACertificate,
    },
    /// A value cannot be written.
    #[error("compiling profile `{profile}`")]
    Unwritable {
        /// The profile.
        profile: ProfileId,
        /// Which.
        #[source]
        source: Unwritable,
    },
}

/// The `PayloadUUID` of each identity in the document.
#[derive(Debug)]
pub(super) struct IdentityUuids<'a> {
    profile: &'a ProfileId,
    uuids: BTreeMap<&'a ProfileId, PayloadUuid>,
}

impl IdentityUuids<'_> {
    pub(super) fn get(&self, id: &ProfileId) -> Result<&PayloadUuid, CompileError> {
        self.uuids.get(id).ok_or_else(|| CompileError::NoIdentity {
            profile: self.profile.clone(),
            identity: id.clone(),
        })
    }

    pub(super) fn render_error(&self, source: RenderError) -> CompileError {
        CompileError::Render {
            profile: self.profile.clone(),
            source,
        }
    }
}

/// Makes the document: certificates first, then identities, then the account, which names the identities by `PayloadUUID`.
///
/// A device resolves such a reference within one document only, so all of it travels together. No account password is ever written.
pub fn compile(input: &Input<'_>) -> Result<Document, CompileError> {
    let profile = input.profile;
    let complaints = profile.validate();
    if !complaints.is_empty() {
        return Err(CompileError::Invalid {
            profile: profile.id.clone(),
            source: Complaints(complaints),
        });
    }
    let platform = profile.settings.platform();
    if !platform.is_apple() {
        return Err(CompileError::Platform {
            profile: profile.id.clone(),
            platform,
        });
    }
    let mut payloads = roots(input)?;
    let identities = identities(input, &mut payloads)?;
    payloads.extend(account(input, &identities)?);
    let head = Head {
        identifier: input.identifiers.profile_identifier(&profile.id),
        uuid: input.identifiers.profile_uuid(&profile.id),
        display_name: &profile.display_name,
        description: profile.description.as_deref(),
        organization: input.organization,
    };
    let mut more = input.options.keys();
    if platform == Platform::Macos {
        let scope = match channel(&profile.settings) {
            Channel::Device => "System",
            Channel::User => "User",
        };
        more.push(("PayloadScope", scope.into()));
    }
    Document::new(head, more, payloads).map_err(|source| CompileError::Unwritable {
        profile: profile.id.clone(),
        source,
    })
}

impl Options {
    pub(super) fn keys(&self) -> Vec<(&'static str, Value)> {
        let mut keys = Vec::new();
        if let Some(text) = &self.consent_text {
            let consent =
                Dictionary::from_iter([("default".to_owned(), Value::from(text.as_str()))]);
            keys.push(("ConsentText", Value::Dictionary(consent)));
        }
        if self.removal_disallowed {
            keys.push(("PayloadRemovalDisallowed", true.into()));
        }
        if let Some(seconds) = self.duration_until_removal {
            keys.push(("DurationUntilRemoval", f64::from(seconds).into()));
        }
        keys
    }
}

/// The certificates: those given, and the one the profile itself is.
fn roots(input: &Input<'_>) -> Result<Vec<Payload>, CompileError> {
    let profile = input.profile;
    let missing = |root: RootName| CompileError::NoRoot {
        profile: profile.id.clone(),
        root,
    };
    for reference in profile.settings.references() {
        let root = RootName::Profile(reference.id.clone());
        if reference.kind == ReferenceKind::Root
            && !input.roots.iter().any(|given| given.name == root)
        {
            return Err(missing(root));
        }
    }
    let own = match &profile.settings {
        Settings::TrustedCertificate(settings) if settings.lab_root => {
            if !input.roots.iter().any(|given| given.name == RootName::Lab) {
                return Err(missing(RootName::Lab));
            }
            None
        }
        Settings::TrustedCertificate(settings) => Some(
            own_root(profile, settings)
                .ok_or_else(|| missing(RootName::Profile(profile.id.clone())))?,
        ),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    own.iter()
        .chain(input.roots)
        .filter(|root| seen.insert(root.der.as_bytes()))
        .map(|root| {
            let role = Role::Root(&root.name);
            root.payload(
                input.identifiers.payload_identifier(&profile.id, role),
                input.identifiers.payload_uuid(&profile.id, role),
            )
            .map_err(|source| CompileError::Certificate {
                profile: profile.id.clone(),
                source,
            })
        })
        .collect()
}

fn own_root(profile: &Profile, settings: &TrustedCertificate) -> Option<RootMaterial> {
    Some(RootMaterial {
        name: RootName::Profile(profile.id.clone()),
        der: settings.certificate()?,
        display_name: profile.display_name.clone(),
        file_name: settings.cert_file_name.clone(),
    })
}

/// Adds each identity the profile needs, once.
fn identities<'a>(
    input: &Input<'a>,
    payloads: &mut Vec<Payload>,
) -> Result<IdentityUuids<'a>, CompileError> {
    let profile = input.profile;
    let mut needed: Vec<&ProfileId> = Vec::new();
    if profile.settings.is_identity() {
        needed.push(&profile.id);
    }
    needed.extend(
        profile
            .settings
            .references()
            .iter()
            .filter(|reference| reference.kind != ReferenceKind::Root)
            .map(|reference| reference.id),
    );
    let mut uuids = BTreeMap::new();
    for id in needed {
        if uuids.contains_key(id) {
            continue;
        }
        let material = input
            .identities
            .get(id)
            .ok_or_else(|| CompileError::NoIdentity {
                profile: profile.id.clone(),
                identity: id.clone(),
            })?;
        let role = Role::Identity(id);
        let payload = material.payload(
            input.identifiers.payload_identifier(&profile.id, role),
            input.identifiers.payload_uuid(&profile.id, role),
        );
        uuids.insert(id, payload.uuid().clone());
        payloads.push(payload);
    }
    Ok(IdentityUuids {
        profile: &profile.id,
        uuids,
    })
}

/// The account, if the profile is one.
fn account(
    input: &Input<'_>,
    identities: &IdentityUuids<'_>,
) -> Result<Option<Payload>, CompileError> {
    let start = |payload_type, name: &str| {
        Payload::new(
            payload_type,
            input
                .identifiers
                .payload_identifier(&input.profile.id, Role::Account),
            input
                .identifiers
                .payload_uuid(&input.profile.id, Role::Account),
            name,
        )
    };
    let subject = &input.subject;
    let payload = match &input.profile.settings {
        Settings::IosExchange(settings) => {
            let mut payload = start(exchange::EAS, &settings.account.account_name);
            exchange::write_eas(settings, subject, identities, &mut payload)?;
            payload
        }
        Settings::MacosExchange(settings) => {
            let mut payload = start(exchange::EWS, &settings.account.account_name);
            exchange::write_ews(settings, subject, identities, &mut payload)?;
            payload
        }
        Settings::IosMail(settings) => {
            let mut payload = start(mail::MAIL, &settings.account.account_name);
            mail::write_ios(settings, subject, identities, &mut payload)?;
            payload
        }
        Settings::MacosMail(settings) => {
            let mut payload = start(mail::MAIL, &settings.account.account_name);
            mail::write_macos(settings, subject, identities, &mut payload)?;
            payload
        }
        Settings::TrustedCertificate(_)
        | Settings::ScepCertificate(_)
        | Settings::PkcsCertificate(_)
        | Settings::ImportedPkcs(_)
        | Settings::DerivedCredential(_)
        | Settings::Windows10Exchange(_)
        | Settings::WindowsPhone81Exchange(_)
        | Settings::WindowsMail(_)
        | Settings::KnoxExchange(_)
        | Settings::AndroidWorkGmail(_)
        | Settings::AndroidWorkNine(_) => return Ok(None),
    };
    Ok(Some(payload))
}
