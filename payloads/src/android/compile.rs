//! From a profile to what an Android device is given.

use super::{
    gmail, knox, nine,
    plan::{CertificateNeed, Plan, Target},
};
use crate::{
    complaint::Complaints,
    exchange::EmailSyncDuration,
    platform::Platform,
    profile::Profile,
    profile_id::ProfileId,
    settings::{ReferenceKind, Settings},
    subject::Subject,
    variable::RenderError,
};

/// Everything a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Who sends it.
    pub organization: &'a str,
    /// For whom it is rendered.
    pub subject: Subject<'a>,
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
    #[error("compiling profile `{profile}`: it is written for {platform}, which is not Android")]
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
}

/// What the compilers of accounts share.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) organization: &'a str,
    pub(super) subject: Subject<'a>,
}

impl Context<'_> {
    pub(super) fn alias(&self, identity: &ProfileId) -> String {
        alias(identity, &self.subject.device.device_id)
    }
}

/// The alias under which the identity of a profile lies in the key store of a device: the same in every profile that names it, another
/// on every device.
pub fn alias(identity: &ProfileId, device_id: &str) -> String {
    format!("mockmdm.{identity}.{device_id}")
}

/// How far back mail is synchronised, in Exchange ActiveSync's numbers (`[MS-ASCMD]`, `FilterType`), which all three apps use.
/// `None` where nothing is said.
pub(super) fn sync_window(duration: EmailSyncDuration) -> Option<i32> {
    match duration {
        EmailSyncDuration::UserDefined => None,
        EmailSyncDuration::Unlimited => Some(0),
        EmailSyncDuration::OneDay => Some(1),
        EmailSyncDuration::ThreeDays => Some(2),
        EmailSyncDuration::OneWeek => Some(3),
        EmailSyncDuration::TwoWeeks => Some(4),
        EmailSyncDuration::OneMonth => Some(5),
    }
}

/// Makes the plan. No account password is ever in it.
pub fn compile(input: &Input<'_>) -> Result<Plan, CompileError> {
    let profile = input.profile;
    let platform = profile.settings.platform();
    if !platform.is_android() {
        return Err(CompileError::Platform {
            profile: profile.id.clone(),
            platform,
        });
    }
    let complaints = profile.validate();
    if !complaints.is_empty() {
        return Err(CompileError::Invalid {
            profile: profile.id.clone(),
            source: Complaints(complaints),
        });
    }
    let context = Context {
        organization: input.organization,
        subject: input.subject,
    };
    let account = account(&profile.settings, &context).map_err(|source| CompileError::Render {
        profile: profile.id.clone(),
        source,
    })?;
    let package = match &account {
        Some(Target::App(app)) => Some(app.package.clone()),
        Some(Target::Knox(_)) | None => None,
    };
    Ok(Plan {
        certificates: certificates(profile, package.as_deref(), &context),
        account,
    })
}

fn account(settings: &Settings, context: &Context<'_>) -> Result<Option<Target>, RenderError> {
    match settings {
        Settings::KnoxExchange(settings) => {
            knox::account(settings, context).map(|account| Some(Target::Knox(account)))
        }
        Settings::AndroidWorkGmail(settings) => {
            gmail::configuration(settings, context).map(|app| Some(Target::App(app)))
        }
        Settings::AndroidWorkNine(settings) => {
            nine::configuration(settings, context).map(|app| Some(Target::App(app)))
        }
        _ => Ok(None),
    }
}

/// What must be there first: the profile itself where it is a certificate, and what it names; each once.
fn certificates(
    profile: &Profile,
    package: Option<&str>,
    context: &Context<'_>,
) -> Vec<CertificateNeed> {
    let root = |id: &ProfileId| CertificateNeed::Root {
        profile: id.clone(),
    };
    let identity = |id: &ProfileId| CertificateNeed::Identity {
        profile: id.clone(),
        alias: context.alias(id),
        grant: package.map(str::to_owned),
    };
    let references = profile.settings.references();
    let mut needs: Vec<CertificateNeed> = Vec::new();
    let mut add = |need| {
        if !needs.contains(&need) {
            needs.push(need);
        }
    };
    for reference in &references {
        if reference.kind == ReferenceKind::Root {
            add(root(reference.id));
        }
    }
    match &profile.settings {
        Settings::TrustedCertificate(_) => add(root(&profile.id)),
        settings if settings.is_identity() => add(identity(&profile.id)),
        _ => {}
    }
    for reference in &references {
        match reference.kind {
            ReferenceKind::Identity | ReferenceKind::Smime => add(identity(reference.id)),
            ReferenceKind::Root => {}
        }
    }
    needs
}
