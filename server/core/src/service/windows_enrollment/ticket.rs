//! What a Windows device shows to be let in, and whom that is.

use mdm_payloads::User;

use crate::certificate::{Policy, Purpose};
use crate::challenge::{Approval, Challenge, ChallengeRefused};
use crate::code::{Code, CodeRefused};
use crate::device::{Device, Reality};
use crate::id::{ChallengeId, CodeText, Fingerprint, UserId, Version};
use crate::ports::{Commit, Record};
use crate::service::enrollment::{Admission, EnrollmentError, NotAdmitted};
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

/// What a device shows to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticket {
    /// Nothing.
    None,
    /// An enrollment code, typed where a password is asked for.
    Code(CodeText),
    /// Name and password of a user: the caller compared the password with that of the record.
    User(UserId),
    /// What the login page gave it, by its SHA-256.
    Login(ChallengeId),
    /// A certificate of ours whose possession was not proven.
    Certificate(Fingerprint),
}

/// Why a ticket or a certificate does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketRefused {
    /// The login is over, or was used by another device.
    #[error("the login does not count")]
    Login(#[source] ChallengeRefused),
    /// There is no such user any more.
    #[error("there is no user `{0}`")]
    User(UserId),
    /// What was typed is neither the user's password nor a code.
    #[error("the password is not the one that the user `{0}` has, and it is no enrollment code")]
    Password(UserId),
    /// The certificate is not one of ours, or does not count any more.
    #[error("the certificate {0} lets nobody in: it is not one of ours, has ended or was revoked")]
    Certificate(Fingerprint),
}

/// How long what the login page hands out may first be used, in seconds.
const LOGIN_SECONDS: i64 = 30 * 60;

impl Services {
    /// Who a ticket lets in. Nothing is used up.
    pub async fn windows_ticket(
        &self,
        ticket: &Ticket,
        open: bool,
    ) -> Result<Admission, EnrollmentError> {
        let now = self.clock.now();
        match ticket {
            Ticket::Code(text) => Ok(Admission::by(&self.live_code(text, now).await?)),
            Ticket::User(id) => {
                let user = self.store.user(id).await?;
                let user =
                    user.ok_or_else(|| NotAdmitted::from(TicketRefused::User(id.clone())))?;
                Ok(Admission {
                    scope: user.scope,
                    user: Some(user.user),
                    ..Admission::open()
                })
            }
            Ticket::None if open => Ok(Admission::open()),
            Ticket::None => Err(NotAdmitted::from(CodeRefused::Missing).into()),
            Ticket::Login(id) => {
                let login = self.login(id).await?;
                if login.bound.is_none() && login.expires_at <= now {
                    return Err(refused_login(ChallengeRefused::Expired(login.expires_at)));
                }
                self.login_admission(&login).await
            }
            Ticket::Certificate(fingerprint) => self.certificate_admission(fingerprint, now).await,
        }
    }

    pub(super) async fn live_code(
        &self,
        text: &CodeText,
        now: Timestamp,
    ) -> Result<Code, EnrollmentError> {
        let code = self.store.code(text).await?;
        let code = code.ok_or(NotAdmitted::from(CodeRefused::Unknown))?;
        code.clone().redeem(now).map_err(NotAdmitted::from)?;
        Ok(code)
    }

    pub(super) async fn login(&self, id: &ChallengeId) -> Result<Challenge, EnrollmentError> {
        let found = self.store.challenge(id).await?;
        found
            .filter(|login| matches!(login.purpose, Purpose::MdmIdentity { replaces: None, .. }))
            .ok_or_else(|| refused_login(ChallengeRefused::Unknown))
    }

    async fn login_admission(&self, login: &Challenge) -> Result<Admission, EnrollmentError> {
        let Purpose::MdmIdentity { code, reality, .. } = &login.purpose else {
            return Err(refused_login(ChallengeRefused::Unknown));
        };
        let user = match code {
            Some(code) => self.store.code(code).await?.and_then(|code| code.user),
            None => None,
        };
        Ok(Admission {
            code: code.clone(),
            reality: *reality,
            scope: login.scope.clone(),
            user,
            pending_polls: 0,
        })
    }

    async fn certificate_admission(
        &self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<Admission, EnrollmentError> {
        let found = self.store.certificate(fingerprint).await?;
        let Some(certificate) = found.filter(|c| c.revoked.is_none() && c.not_after > now) else {
            return Err(NotAdmitted::from(TicketRefused::Certificate(fingerprint.clone())).into());
        };
        let owner = match &certificate.device {
            Some(id) => self.store.device(id).await?,
            None => None,
        };
        let reality = match (&certificate.purpose, &owner) {
            (_, Some(device)) => device.reality,
            (Purpose::MdmIdentity { reality, .. }, None) => *reality,
            (Purpose::ProfileIdentity { .. }, None) => Reality::Real,
        };
        Ok(Admission {
            code: None,
            reality,
            scope: certificate.scope,
            user: owner.and_then(|device| device.user),
            pending_polls: 0,
        })
    }

    /// Lets somebody in at the login page: uses up the code, and remembers what the page hands out, of which `id` is
    /// the SHA-256.
    pub async fn windows_login(
        &self,
        ticket: &Ticket,
        open: bool,
        id: &ChallengeId,
    ) -> Result<(), EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let admission = self.windows_ticket(ticket, open).await?;
            let mut commit = Commit::default();
            if let Some(text) = &admission.code {
                self.redeem(text, now, &mut commit).await?;
            }
            commit.records.push(Record::Challenge(Challenge {
                id: id.clone(),
                version: Version(0),
                scope: admission.scope,
                purpose: Purpose::MdmIdentity {
                    code: admission.code,
                    reality: admission.reality,
                    replaces: None,
                },
                policy: Policy::mdm_identity(),
                device: None,
                expires_at: now.plus_seconds(LOGIN_SECONDS),
                approval: Approval::Automatic,
                bound: None,
                issued: None,
            }));
            if self.write(commit).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Contended("code").into())
    }

    pub(super) async fn redeem(
        &self,
        text: &CodeText,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), EnrollmentError> {
        let code = self.live_code(text, now).await?;
        let code = code.redeem(now).map_err(NotAdmitted::from)?;
        if code.uses_left.is_some() {
            commit.records.push(Record::Code(code));
        }
        Ok(())
    }

    /// Whether a ticket is the one that let this device in, even if it is used up by now.
    pub(super) async fn let_in_before(
        &self,
        ticket: &Ticket,
        open: bool,
        device: &Device,
    ) -> Result<bool, EnrollmentError> {
        Ok(match ticket {
            Ticket::None => open && device.code.is_none(),
            Ticket::Code(text) => device.code.as_ref() == Some(text),
            Ticket::User(id) => {
                let whose = device.user.as_ref();
                let whose = whose.and_then(|user| UserId::of(&user.user_principal_name).ok());
                device.code.is_none() && whose.as_ref() == Some(id)
            }
            Ticket::Login(id) => self.login(id).await?.issued == device.identity,
            Ticket::Certificate(_) => false,
        })
    }

    /// The user of a device for which nothing else says whose it is: the one whose name was typed, as the directory
    /// knows them.
    pub(super) async fn named(&self, upn: &str) -> Result<User, ServiceError> {
        let known = match UserId::of(upn) {
            Ok(id) => self.store.user(&id).await?,
            Err(_) => None,
        };
        Ok(known.map_or_else(|| typed(upn), |known| known.user))
    }
}

/// What is known of somebody by the name alone.
fn typed(upn: &str) -> User {
    User {
        user_principal_name: upn.to_owned(),
        mail: upn.contains('@').then(|| upn.to_owned()),
        ..User::default()
    }
}

pub(super) fn refused_login(why: ChallengeRefused) -> EnrollmentError {
    NotAdmitted::from(TicketRefused::Login(why)).into()
}
