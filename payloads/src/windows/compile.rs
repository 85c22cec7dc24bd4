//! From a profile to the operations that put it on a device.

use std::collections::BTreeMap;

use super::{
    active_sync, email2, pfx,
    plan::Plan,
    root, scep,
    schema::{self, Target},
};
use crate::{
    complaint::Complaints,
    finding::{Finding, Level},
    identifiers::Identifiers,
    material::{IdentityMaterial, NotACertificate, RootMaterial, RootName},
    platform::Platform,
    profile::Profile,
    profile_id::ProfileId,
    settings::{Settings, SettingsType},
    subject::Subject,
    variable::RenderError,
};

/// Everything a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// What the names of its nodes are derived from; another generation makes another account or identity.
    pub identifiers: &'a Identifiers,
    /// For whom it is rendered.
    pub subject: Subject<'a>,
    /// The identity for the profile itself, if it describes one. More than needed may be given.
    pub identities: &'a BTreeMap<ProfileId, IdentityMaterial>,
    /// The server's own root for a profile that asks for it, and the root of a SCEP server that is not ours. More than needed may be given:
    /// every certificate is a delivery of its own.
    pub roots: &'a [RootMaterial],
    /// The device.
    pub target: &'a Target,
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
    #[error(
        "compiling profile `{profile}`: it is written for {platform}, and the device is {device}"
    )]
    Platform {
        /// The profile.
        profile: ProfileId,
        /// Its platform.
        platform: Platform,
        /// The platform of the device.
        device: Platform,
    },
    /// Nothing on Windows takes a profile of its type.
    #[error("compiling profile `{profile}`: a profile of type {kind} cannot be put on Windows")]
    Unsupported {
        /// The profile.
        profile: ProfileId,
        /// Its type.
        kind: SettingsType,
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
    /// No identity of the kind the profile describes was given for it.
    #[error("compiling profile `{profile}`: there is no identity for it")]
    NoIdentity {
        /// The profile.
        profile: ProfileId,
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
    /// An identity was given without the SHA-1 digest of the authority's certificate, by which Windows recognises it.
    #[error(
        "compiling profile `{profile}`: there is no SHA-1 thumbprint of the certificate authority; name its certificate as `root_certificate`"
    )]
    NoThumbprint {
        /// The profile.
        profile: ProfileId,
    },
    /// A value is longer than its node holds.
    #[error(
        "compiling profile `{profile}`: `{node}` holds at most {longest} characters, not {length}"
    )]
    TooLong {
        /// The profile.
        profile: ProfileId,
        /// The node.
        node: String,
        /// The number of characters there are.
        length: usize,
        /// The number of characters it holds.
        longest: usize,
    },
    /// A value holds a character that its node gives another meaning.
    #[error("compiling profile `{profile}`: `{node}` cannot hold `{character}` within a name")]
    Unwritable {
        /// The profile.
        profile: ProfileId,
        /// The node.
        node: String,
        /// The character.
        character: char,
    },
    /// The device's management tree does not take what was compiled.
    #[error("compiling profile `{profile}`: {}", .findings.first().map_or_else(String::new, |finding| format!("{}: {}", finding.at, finding.text)))]
    Refused {
        /// The profile.
        profile: ProfileId,
        /// What it does not take; never empty.
        findings: Vec<Finding>,
    },
}

impl Input<'_> {
    pub(super) fn render_error(&self, source: RenderError) -> CompileError {
        CompileError::Render {
            profile: self.profile.id.clone(),
            source,
        }
    }
}

/// Makes the plan: what puts the profile on the device, changes it there, takes it away, and shows that it is there.
///
/// Every operation of it passed [`schema::check_plan`] for the device. No account password is ever written, and no identity is linked to
/// an account: Windows has no node for that.
pub fn compile(input: &Input<'_>) -> Result<Plan, CompileError> {
    let profile = input.profile;
    let complaints = profile.validate();
    if !complaints.is_empty() {
        return Err(CompileError::Invalid {
            profile: profile.id.clone(),
            source: Complaints(complaints),
        });
    }
    let device = input.target.system;
    let platform = profile.settings.platform();
    // Windows 10 Mobile takes accounts written for Windows Phone 8.1, unless they say otherwise.
    let fits = platform == device.platform()
        || matches!(&profile.settings, Settings::WindowsPhone81Exchange(settings)
            if !settings.apply_only_to_windows_phone81);
    let elsewhere = || CompileError::Platform {
        profile: profile.id.clone(),
        platform,
        device: device.platform(),
    };
    if !fits {
        return Err(elsewhere());
    }
    let plan = match &profile.settings {
        Settings::Windows10Exchange(settings) => {
            active_sync::plan(&settings.account, input).map_err(|e| input.render_error(e))?
        }
        Settings::WindowsPhone81Exchange(settings) => {
            active_sync::plan(&settings.account, input).map_err(|e| input.render_error(e))?
        }
        Settings::WindowsMail(settings) => email2::plan(settings, input)?,
        Settings::TrustedCertificate(settings) => root::plan(settings, input)?,
        Settings::ScepCertificate(settings) => scep::plan(settings, input)?,
        Settings::PkcsCertificate(settings) => pfx::plan(settings, input)?,
        Settings::IosExchange(_)
        | Settings::MacosExchange(_)
        | Settings::IosMail(_)
        | Settings::MacosMail(_)
        | Settings::KnoxExchange(_)
        | Settings::AndroidWorkGmail(_)
        | Settings::AndroidWorkNine(_) => return Err(elsewhere()),
        Settings::ImportedPkcs(_) | Settings::DerivedCredential(_) => {
            return Err(CompileError::Unsupported {
                profile: profile.id.clone(),
                kind: profile.settings.kind(),
            });
        }
    };
    let findings: Vec<_> = schema::check_plan(&plan, input.target)
        .into_iter()
        .filter(|finding| finding.level == Level::Error)
        .collect();
    if findings.is_empty() {
        Ok(plan)
    } else {
        Err(CompileError::Refused {
            profile: profile.id.clone(),
            findings,
        })
    }
}
