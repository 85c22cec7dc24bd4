//! From a profile to the operations that put it on a device.

use std::collections::BTreeMap;

use super::schema::Target;
use crate::{
    complaint::Complaints,
    finding::Finding,
    identifiers::Identifiers,
    material::{IdentityMaterial, NotACertificate, RootMaterial, RootName},
    platform::Platform,
    profile::Profile,
    profile_id::ProfileId,
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
    /// The server's own root for the profile itself, if it asks for that. More than needed may be given: every certificate is a delivery
    /// of its own.
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
        "compiling profile `{profile}`: there is no SHA-1 thumbprint of the certificate authority"
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
    /// The device's management tree does not take what was compiled.
    #[error("compiling profile `{profile}`: {}", .findings.first().map_or_else(String::new, |finding| format!("{}: {}", finding.at, finding.text)))]
    Refused {
        /// The profile.
        profile: ProfileId,
        /// What it does not take; never empty.
        findings: Vec<Finding>,
    },
}
