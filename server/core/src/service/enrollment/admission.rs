//! Who is let in to fetch an enrollment profile: codes, and the challenge inside the profile.

use mdm_payloads::User;

use super::{EnrollmentError, NotAdmitted};
use crate::certificate::{Policy, Purpose};
use crate::challenge::{Approval, Challenge};
use crate::code::{Code, CodeRefused};
use crate::device::Reality;
use crate::event::{Kind, NewEvent};
use crate::id::{ChallengeId, CodeText, DeviceId, Scope, Version};
use crate::ports::{Commit, Record};
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

/// What a new code is to be.
#[derive(Debug, Clone, Default)]
pub struct NewCode {
    /// Into which scope.
    pub scope: Option<Scope>,
    /// For a simulator.
    pub simulated: bool,
    /// For whose devices.
    pub user: Option<User>,
    /// A note.
    pub label: Option<String>,
    /// How often.
    pub uses: Option<u32>,
    /// How often SCEP answers PENDING first.
    pub pending_polls: u32,
    /// How long, in minutes.
    pub minutes: Option<u32>,
}

/// Who was let in to fetch an enrollment profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// The code that let it in.
    pub code: Option<CodeText>,
    /// Real or simulated.
    pub reality: Reality,
    /// Into which scope.
    pub scope: Scope,
    /// Whose device.
    pub user: Option<User>,
    /// How often SCEP answers PENDING first.
    pub pending_polls: u32,
}

impl Admission {
    /// Of whoever comes, under open enrollment.
    pub(in crate::service) fn open() -> Self {
        Self {
            code: None,
            reality: Reality::Real,
            scope: Scope::default(),
            user: None,
            pending_polls: 0,
        }
    }

    /// What a code allows.
    pub(in crate::service) fn by(code: &Code) -> Self {
        Self {
            code: Some(code.code.clone()),
            reality: code.reality,
            scope: code.scope.clone(),
            user: code.user.clone(),
            pending_polls: code.pending_polls,
        }
    }
}

/// How long a challenge of an enrollment profile may be used, in seconds: a person installs it.
const ENROLLMENT_CHALLENGE_SECONDS: i64 = 24 * 3600;

impl Services {
    /// Makes an enrollment code.
    pub async fn mint_code(&self, new: NewCode) -> Result<Code, ServiceError> {
        let now = self.clock.now();
        let code = Code {
            code: self.ids.code(),
            version: Version(0),
            scope: new.scope.unwrap_or_default(),
            reality: if new.simulated {
                Reality::Simulated
            } else {
                Reality::Real
            },
            user: new.user,
            label: new.label,
            created_at: now,
            expires_at: new.minutes.map(|m| now.plus_seconds(i64::from(m) * 60)),
            uses_left: new.uses,
            pending_polls: new.pending_polls,
        };
        let event = NewEvent::new(
            now,
            &code.scope,
            Kind::CodeMinted,
            "an enrollment code was made",
        )
        .fact(
            "reality",
            serde_json::to_value(code.reality).unwrap_or_default(),
        );
        let commit = Commit {
            records: vec![Record::Code(code.clone())],
            events: vec![event],
            ..Commit::default()
        };
        if self.write(commit).await? {
            Ok(code)
        } else {
            Err(ServiceError::Contended("code"))
        }
    }

    /// Lets somebody fetch an enrollment profile, by code or under open enrollment.
    pub async fn admit(
        &self,
        code: Option<&CodeText>,
        open: bool,
    ) -> Result<Admission, EnrollmentError> {
        let Some(text) = code else {
            if open {
                let admission = Admission::open();
                self.note(vec![fetched(&admission, self.clock.now())])
                    .await?;
                return Ok(admission);
            }
            return Err(NotAdmitted::from(CodeRefused::Missing).into());
        };
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let code = self
                .store
                .code(text)
                .await?
                .ok_or(NotAdmitted::from(CodeRefused::Unknown))?;
            let code = code.redeem(now).map_err(NotAdmitted::from)?;
            let admission = Admission::by(&code);
            let event = fetched(&admission, now);
            let records = if code.uses_left.is_some() {
                vec![Record::Code(code)]
            } else {
                Vec::new()
            };
            if self
                .write(Commit {
                    records,
                    events: vec![event],
                    ..Commit::default()
                })
                .await?
            {
                return Ok(admission);
            }
        }
        Err(ServiceError::Contended("code").into())
    }
}

fn fetched(admission: &Admission, now: Timestamp) -> NewEvent {
    NewEvent::new(
        now,
        &admission.scope,
        Kind::EnrollmentProfileFetched,
        "an enrollment profile was fetched",
    )
    .fact(
        "reality",
        serde_json::to_value(admission.reality).unwrap_or_default(),
    )
}

/// The challenge of an enrollment profile.
pub fn enrollment_challenge(
    id: ChallengeId,
    admission: &Admission,
    replaces: Option<&DeviceId>,
    now: Timestamp,
) -> Challenge {
    Challenge {
        id,
        version: Version(0),
        scope: admission.scope.clone(),
        purpose: Purpose::MdmIdentity {
            code: admission.code.clone(),
            reality: admission.reality,
            replaces: replaces.cloned(),
        },
        policy: Policy::mdm_identity(),
        device: replaces.cloned(),
        expires_at: now.plus_seconds(ENROLLMENT_CHALLENGE_SECONDS),
        approval: match admission.pending_polls {
            0 => Approval::Automatic,
            polls => Approval::After { polls },
        },
        bound: None,
        issued: None,
    }
}
