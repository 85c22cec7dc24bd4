//! Enrollment: codes, check-in messages, and which identity may speak for which device.
//!
//! Apple's rules for the association of certificates with enrollments: a certificate serves one
//! device and its user channels; an unknown certificate of a known device is legal only through
//! `Authenticate` or an announced replacement; one certificate under two device names is a clone.

use mdm_payloads::{Secret, User};

use crate::certificate::{Certificate, Policy, Purpose};
use crate::challenge::{Approval, Challenge};
use crate::channel::{Channel, Owner, PushAddress};
use crate::code::{Code, CodeRefused};
use crate::command::{Item, Origin};
use crate::delivery::{DeliveryState, Reason};
use crate::device::{Device, DeviceState, Hardware, Platform, Reality, Replacement};
use crate::event::{Kind, NewEvent};
use crate::id::{ChallengeId, ChannelId, CodeText, DeviceId, Fingerprint, Scope, Version};
use crate::ports::{Commit, DeliveryFilter, Key, Record};
use crate::service::commands::{cancelled, queued_event};
use crate::service::turn::about;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

/// Why a device is not admitted. The text is for the log: it says exactly why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// Its code does not let it in.
    #[error(transparent)]
    Code(#[from] CodeRefused),
    /// The certificate is not in the certificate log, or is for something else.
    #[error("certificate {0} is not a device identity of this server")]
    NotAnIdentity(Fingerprint),
    /// It belongs to another device.
    #[error(
        "certificate {fingerprint} belongs to the device `{owner}`, but `{claimed}` uses it: a clone, or a restored backup"
    )]
    Clone {
        /// The certificate.
        fingerprint: Fingerprint,
        /// Whose it is.
        owner: String,
        /// Who uses it.
        claimed: String,
    },
    /// The device has another one.
    #[error(
        "device `{udid}` uses certificate {fingerprint}, but is bound to another; it has to send Authenticate first"
    )]
    NotBound {
        /// The device.
        udid: String,
        /// What it uses.
        fingerprint: Fingerprint,
    },
    /// It skipped a step.
    #[error("device `{udid}` sent {message} while its enrollment is `{state}`")]
    OutOfOrder {
        /// The device.
        udid: String,
        /// What it sent.
        message: &'static str,
        /// How far it got.
        state: &'static str,
    },
    /// Its user has no channel.
    #[error("user `{user}` of device `{udid}` has no channel: TokenUpdate comes first")]
    UnknownUser {
        /// The device.
        udid: String,
        /// The user.
        user: String,
    },
}

/// Either a refusal of the device, or a failure of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentError {
    /// The device is refused.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The service fails.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<crate::ports::StoreUnavailable> for EnrollmentError {
    fn from(cause: crate::ports::StoreUnavailable) -> Self {
        Self::Service(cause.into())
    }
}

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

/// Who sends a check-in message or a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The certificate it proved to hold.
    pub fingerprint: Fingerprint,
    /// `UDID` or `EnrollmentID`.
    pub udid: String,
    /// The user, on a user channel.
    pub user: Option<SenderUser>,
}

/// The user part of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderUser {
    /// What tells users of one device apart.
    pub key: String,
    /// `UserShortName`.
    pub short_name: Option<String>,
    /// `UserLongName`.
    pub long_name: Option<String>,
}

/// What `TokenUpdate` says.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenUpdate {
    /// Where to push.
    pub push: PushAddress,
    /// `UnlockToken` in base64, when there is one.
    pub unlock_token: Option<Secret>,
    /// `AwaitingConfiguration`.
    pub awaiting_configuration: bool,
}

/// How long a challenge of an enrollment profile may be used, in seconds: a person installs it.
const ENROLLMENT_CHALLENGE_SECONDS: i64 = 24 * 3600;

/// Whether `fingerprint` may speak for `device`, which calls itself `udid`.
pub fn associate(
    device: &Device,
    fingerprint: &Fingerprint,
    udid: &str,
    now: Timestamp,
) -> Result<(), NotAdmitted> {
    if let Some(owner) = device.hardware.udid.as_deref()
        && owner != udid
    {
        return Err(NotAdmitted::Clone {
            fingerprint: fingerprint.clone(),
            owner: owner.to_owned(),
            claimed: udid.to_owned(),
        });
    }
    let replacing = device
        .replacement
        .as_ref()
        .is_some_and(|r| r.expires_at > now && r.identity.as_ref() == Some(fingerprint));
    if device.identity.as_ref() == Some(fingerprint) || replacing {
        return Ok(());
    }
    Err(NotAdmitted::NotBound {
        udid: udid.to_owned(),
        fingerprint: fingerprint.clone(),
    })
}

/// Ends a replacement that both sides confirmed, or whose time is over. The new identity counts
/// alone once it sent `TokenUpdate` and the command that carried it was acknowledged, in either
/// order.
pub(super) fn settle(device: &mut Device, now: Timestamp, events: &mut Vec<NewEvent>) {
    let Some(replacement) = &device.replacement else {
        return;
    };
    if replacement.token_updated && replacement.acknowledged {
        if let Some(identity) = replacement.identity.clone() {
            device.identity = Some(identity);
        }
        device.replacement = None;
        events.push(
            NewEvent::new(
                now,
                &device.scope,
                Kind::EnrollmentReplaced,
                "the device uses its new identity",
            )
            .device(&device.id),
        );
    } else if replacement.expires_at <= now {
        device.replacement = None;
    }
}

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
                return Ok(Admission {
                    code: None,
                    reality: Reality::Real,
                    scope: Scope::default(),
                    user: None,
                    pending_polls: 0,
                });
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
            let admission = Admission {
                code: Some(code.code.clone()),
                reality: code.reality,
                scope: code.scope.clone(),
                user: code.user.clone(),
                pending_polls: code.pending_polls,
            };
            let event = NewEvent::new(
                now,
                &code.scope,
                Kind::EnrollmentProfileFetched,
                "an enrollment profile was fetched",
            )
            .fact(
                "reality",
                serde_json::to_value(code.reality).unwrap_or_default(),
            );
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

    /// The device that a certificate speaks for.
    pub async fn identify(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<(Certificate, Device), EnrollmentError> {
        let unknown = || NotAdmitted::NotAnIdentity(fingerprint.clone());
        let certificate = self
            .store
            .certificate(fingerprint)
            .await?
            .ok_or_else(unknown)?;
        if !matches!(certificate.purpose, Purpose::MdmIdentity { .. }) {
            return Err(unknown().into());
        }
        let id = certificate.device.as_ref().ok_or_else(unknown)?;
        let device = self.store.device(id).await?.ok_or_else(unknown)?;
        Ok((certificate, device))
    }

    /// `Authenticate`: enrollment starts, or starts anew.
    pub async fn authenticate(
        &self,
        sender: &Sender,
        topic: &str,
        hardware: &Hardware,
    ) -> Result<Device, EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (certificate, bound) = self.identify(&sender.fingerprint).await?;
            if let Some(owner) = bound.hardware.udid.as_deref()
                && owner != sender.udid
            {
                let refusal = NotAdmitted::Clone {
                    fingerprint: sender.fingerprint.clone(),
                    owner: owner.to_owned(),
                    claimed: sender.udid.clone(),
                };
                self.note_refusal(&bound, &refusal, now).await?;
                return Err(refusal.into());
            }
            let known = match &bound.hardware.udid {
                Some(_) => None,
                None => self
                    .store
                    .device_by_udid(&sender.udid)
                    .await?
                    .filter(|d| d.id != bound.id),
            };
            let mut commit = Commit::default();
            let device = match known {
                Some(known) => {
                    let mut certificate = certificate;
                    certificate.device = Some(known.id.clone());
                    commit.records.push(Record::Certificate(certificate));
                    commit.deleted.push(Key::Device(bound.id.clone()));
                    self.restart(known, &bound, sender, now, &mut commit)
                        .await?
                }
                None if bound.state == DeviceState::IdentityIssued => bound,
                None => {
                    let again = bound.clone();
                    self.restart(bound, &again, sender, now, &mut commit)
                        .await?
                }
            };
            let mut device = describe(device, sender, topic, hardware);
            let replacing = device
                .replacement
                .as_ref()
                .is_some_and(|r| r.expires_at > now);
            if !replacing {
                device.state = DeviceState::Authenticated;
                device.state_since = now;
                device.identity = Some(sender.fingerprint.clone());
            }
            commit.events.push(
                NewEvent::new(
                    now,
                    &device.scope,
                    Kind::EnrollmentAuthenticated,
                    format!("{} sent Authenticate", name_of(&device)),
                )
                .device(&device.id)
                .fact("udid", sender.udid.clone())
                .fact("platform", device.platform.as_str()),
            );
            commit.records.push(Record::Device(device.clone()));
            if self.write(commit).await? {
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// A known device enrolls again: with an announced replacement nothing is lost; otherwise its
    /// queues are emptied and its deliveries are gone, on every channel.
    async fn restart(
        &self,
        mut device: Device,
        newcomer: &Device,
        sender: &Sender,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<Device, ServiceError> {
        if let Some(replacement) = &mut device.replacement
            && replacement.expires_at > now
        {
            replacement.identity = Some(sender.fingerprint.clone());
            return Ok(device);
        }
        device.replacement = None;
        let fresh = device.state != DeviceState::Authenticated;
        device.code = newcomer.code.clone().or(device.code);
        device.user = newcomer.user.clone().or(device.user);
        device.scope = newcomer.scope.clone();
        device.reality = newcomer.reality;
        device.unlock_token = None;
        device.bootstrap_token = None;
        if fresh {
            self.leave(&device, now, commit).await?;
            commit.events.push(
                NewEvent::new(
                    now,
                    &device.scope,
                    Kind::EnrollmentRestarted,
                    "a known device enrolls again: its queues were emptied",
                )
                .device(&device.id),
            );
        }
        Ok(device)
    }

    /// Cancels what a device's queues hold, ends its deliveries and silences its channels.
    async fn leave(
        &self,
        device: &Device,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        for command in self.store.commands(&device.id, true, usize::MAX).await? {
            cancelled(command, now, commit);
        }
        for mut channel in self.store.channels(&device.id).await? {
            channel.active = false;
            channel.outstanding = None;
            channel.push = None;
            channel.read_back_queued = false;
            channel.owes_push = false;
            commit.records.push(Record::Channel(channel));
        }
        let filter = DeliveryFilter {
            device: Some(device.id.clone()),
            ..DeliveryFilter::default()
        };
        for delivery in self.store.deliveries(&filter, usize::MAX).await? {
            if delivery.state.is_live() {
                let delivery =
                    delivery.into_state(DeliveryState::Gone, Some(Reason::DeviceLeft), now);
                let text = format!(
                    "profile `{}` is gone with its device's enrollment",
                    delivery.profile
                );
                commit
                    .events
                    .push(about(&delivery, Kind::DeliveryGone, text, now));
                commit.records.push(Record::Delivery(delivery));
            }
        }
        Ok(())
    }

    /// `TokenUpdate`: the device, or one of its users, can be reached.
    pub async fn token_update(
        &self,
        sender: &Sender,
        update: &TokenUpdate,
    ) -> Result<Device, EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (_, mut device) = self.identify(&sender.fingerprint).await?;
            self.admit_sender(&device, sender, "TokenUpdate", now)
                .await?;
            let mut commit = Commit::default();
            let id = channel_id(&device.id, sender.user.as_ref());
            let old = self.store.channel(&id).await?;
            let appeared = old.as_ref().is_none_or(|c| !c.active);
            let mut channel = old.unwrap_or_else(|| new_channel(&device, id, sender.user.as_ref()));
            channel.active = true;
            channel.push = Some(update.push.clone());
            channel.token_updated_at = Some(now);
            let mut queued = None;
            if sender.user.is_none() {
                device.awaiting_configuration = update.awaiting_configuration;
                if update.unlock_token.is_some() {
                    device.unlock_token.clone_from(&update.unlock_token);
                }
                if let Some(replacement) = &mut device.replacement
                    && replacement.identity.as_ref() == Some(&sender.fingerprint)
                {
                    replacement.token_updated = true;
                }
                settle(&mut device, now, &mut commit.events);
                if device.state != DeviceState::Enrolled {
                    device.state = DeviceState::Enrolled;
                    device.state_since = now;
                    let text = format!("{} is enrolled", name_of(&device));
                    commit.events.push(
                        NewEvent::new(now, &device.scope, Kind::EnrollmentCompleted, text)
                            .device(&device.id),
                    );
                    let inventory = Item::DeviceInformation {
                        queries: Vec::new(),
                    };
                    queued = Some(self.command(&channel, inventory, Origin::Inventory, now));
                }
                commit.records.push(Record::Device(device.clone()));
            } else if appeared {
                let text = format!("user `{}` has a channel of their own", user_name(sender));
                commit.events.push(
                    NewEvent::new(now, &device.scope, Kind::EnrollmentUserAdded, text)
                        .device(&device.id),
                );
                self.release_for_user(&device, &channel, now, &mut commit)
                    .await?;
            }
            commit.events.push(
                NewEvent::new(
                    now,
                    &device.scope,
                    Kind::EnrollmentTokenUpdated,
                    "a push token was received",
                )
                .device(&device.id)
                .fact("channel", channel.id.as_str()),
            );
            if let Some(command) = queued {
                commit.events.push(queued_event(&command, now));
                commit.records.push(Record::Command(command));
            }
            commit.records.push(Record::Channel(channel.clone()));
            if self.write(commit).await? {
                self.waker.wake(&channel);
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// Queues deliveries that waited for a user to log in.
    async fn release_for_user(
        &self,
        device: &Device,
        channel: &Channel,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        let filter = DeliveryFilter {
            device: Some(device.id.clone()),
            state: Some(DeliveryState::Deferred),
            ..DeliveryFilter::default()
        };
        for mut delivery in self.store.deliveries(&filter, usize::MAX).await? {
            if delivery.reason != Some(Reason::NoUserSession) {
                continue;
            }
            delivery.target = crate::delivery::Target::Channel {
                device: device.id.clone(),
                channel: channel.id.clone(),
            };
            self.queue_install(delivery, channel, now, commit);
        }
        Ok(())
    }

    /// `CheckOut`: the device, or one of its users, left.
    pub async fn check_out(&self, sender: &Sender) -> Result<Device, EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (_, mut device) = self.identify(&sender.fingerprint).await?;
            self.admit_sender(&device, sender, "CheckOut", now).await?;
            let mut commit = Commit::default();
            let text = if let Some(user) = &sender.user {
                if let Some(mut channel) = self
                    .store
                    .channel(&ChannelId::user(&device.id, &user.key))
                    .await?
                {
                    channel.active = false;
                    channel.push = None;
                    commit.records.push(Record::Channel(channel));
                }
                format!("user `{}` left the device", user_name(sender))
            } else {
                self.leave(&device, now, &mut commit).await?;
                device.state = DeviceState::Removed;
                device.state_since = now;
                commit.records.push(Record::Device(device.clone()));
                format!(
                    "{} left: its management profile was removed",
                    name_of(&device)
                )
            };
            commit.events.push(
                NewEvent::new(now, &device.scope, Kind::EnrollmentCheckedOut, text)
                    .device(&device.id),
            );
            if self.write(commit).await? {
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// Stores the bootstrap token (base64), or deletes it when it is `None`.
    pub async fn set_bootstrap_token(
        &self,
        sender: &Sender,
        token: Option<Secret>,
    ) -> Result<(), EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (_, mut device) = self.identify(&sender.fingerprint).await?;
            self.admit_sender(&device, sender, "SetBootstrapToken", now)
                .await?;
            let text = if token.is_some() {
                "a bootstrap token was stored"
            } else {
                "the bootstrap token was deleted"
            };
            device.bootstrap_token.clone_from(&token);
            let event = NewEvent::new(now, &device.scope, Kind::EnrollmentBootstrapToken, text)
                .device(&device.id);
            let commit = Commit {
                records: vec![Record::Device(device)],
                events: vec![event],
                ..Commit::default()
            };
            if self.write(commit).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// The device and channel behind a sender of reports, or of check-in messages that change
    /// nothing here.
    pub async fn admit_sender(
        &self,
        device: &Device,
        sender: &Sender,
        message: &'static str,
        now: Timestamp,
    ) -> Result<ChannelId, EnrollmentError> {
        if let Err(refusal) = associate(device, &sender.fingerprint, &sender.udid, now) {
            self.note_refusal(device, &refusal, now).await?;
            return Err(refusal.into());
        }
        let early = match device.state {
            DeviceState::IdentityIssued => true,
            DeviceState::Authenticated => message != "TokenUpdate" && message != "CheckOut",
            DeviceState::Removed => message != "CheckOut",
            DeviceState::Enrolled => false,
        };
        if early {
            return Err(NotAdmitted::OutOfOrder {
                udid: sender.udid.clone(),
                message,
                state: device.state.as_str(),
            }
            .into());
        }
        Ok(channel_id(&device.id, sender.user.as_ref()))
    }

    async fn note_refusal(
        &self,
        device: &Device,
        refusal: &NotAdmitted,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let event = NewEvent::new(
            now,
            &device.scope,
            Kind::EnrollmentRefused,
            refusal.to_string(),
        )
        .device(&device.id);
        self.note(vec![event]).await
    }

    /// Starts the replacement of a device's enrollment: its enrollment profile is sent again, and
    /// both identities are accepted until the new one is confirmed or half an hour passed.
    pub async fn renew_enrollment(&self, id: &DeviceId) -> Result<Device, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let Some(mut device) = self.store.device(id).await? else {
                return Err(ServiceError::not_found("device", id));
            };
            let Some(channel) = self
                .store
                .channel(&ChannelId::device(id))
                .await?
                .filter(|c| c.active)
            else {
                return Err(ServiceError::Conflict {
                    what: format!("device `{id}` is not enrolled"),
                    hint: "only an enrolled device can be given a new enrollment profile",
                });
            };
            device.replacement = Some(Replacement {
                identity: None,
                token_updated: false,
                acknowledged: false,
                expires_at: now.plus_seconds(Replacement::WINDOW_SECONDS),
            });
            let command = self.command(&channel, Item::ReplaceEnrollment, Origin::Operator, now);
            let commit = Commit {
                events: vec![queued_event(&command, now)],
                records: vec![Record::Device(device.clone()), Record::Command(command)],
                ..Commit::default()
            };
            if self.write(commit).await? {
                self.waker.wake(&channel);
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device"))
    }

    /// Purges a device: its record, channels and commands, and what events say of it.
    pub async fn forget(&self, id: &DeviceId) -> Result<(), ServiceError> {
        let Some(device) = self.store.device(id).await? else {
            return Err(ServiceError::not_found("device", id));
        };
        let now = self.clock.now();
        let mut commit = Commit::default();
        let filter = DeliveryFilter {
            device: Some(id.clone()),
            ..DeliveryFilter::default()
        };
        for delivery in self.store.deliveries(&filter, usize::MAX).await? {
            if delivery.state.is_live() {
                let delivery =
                    delivery.into_state(DeliveryState::Gone, Some(Reason::DeviceLeft), now);
                commit.records.push(Record::Delivery(delivery));
            }
        }
        commit.deleted.push(Key::Device(id.clone()));
        commit.events.push(NewEvent::new(
            now,
            &device.scope,
            Kind::DeviceForgotten,
            "a device was forgotten, with everything known of it",
        ));
        if self.write(commit).await? {
            Ok(())
        } else {
            Err(ServiceError::Contended("device"))
        }
    }
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

/// A device of which nothing is known but that its identity was issued.
pub(super) fn provisional(
    id: DeviceId,
    scope: &Scope,
    code: Option<&Code>,
    reality: Reality,
    identity: Fingerprint,
    now: Timestamp,
) -> Device {
    Device {
        id,
        version: Version(0),
        scope: scope.clone(),
        platform: Platform::Unknown,
        reality,
        state: DeviceState::IdentityIssued,
        state_since: now,
        created_at: now,
        hardware: Hardware::default(),
        code: code.map(|c| c.code.clone()),
        user: code.and_then(|c| c.user.clone()),
        topic: None,
        identity: Some(identity),
        replacement: None,
        awaiting_configuration: false,
        unlock_token: None,
        bootstrap_token: None,
        information: std::collections::BTreeMap::new(),
    }
}

fn describe(mut device: Device, sender: &Sender, topic: &str, hardware: &Hardware) -> Device {
    device.hardware = hardware.clone();
    device.hardware.udid = Some(sender.udid.clone());
    device.topic = Some(topic.to_owned());
    if let Some(product) = &hardware.product_name {
        device.platform = Platform::from_product(product);
    }
    device
}

fn channel_id(device: &DeviceId, user: Option<&SenderUser>) -> ChannelId {
    match user {
        Some(user) => ChannelId::user(device, &user.key),
        None => ChannelId::device(device),
    }
}

fn new_channel(device: &Device, id: ChannelId, user: Option<&SenderUser>) -> Channel {
    let owner = match user {
        None => Owner::Device,
        Some(user) => Owner::User {
            key: user.key.clone(),
            short_name: user.short_name.clone(),
            long_name: user.long_name.clone(),
        },
    };
    Channel {
        id,
        version: Version(0),
        scope: device.scope.clone(),
        device: device.id.clone(),
        owner,
        active: true,
        push: None,
        outstanding: None,
        session: 1,
        owes_push: false,
        refusals: 0,
        read_back_queued: false,
        token_updated_at: None,
    }
}

fn user_name(sender: &Sender) -> String {
    sender.user.as_ref().map_or_else(String::new, |u| {
        u.short_name.clone().unwrap_or_else(|| u.key.clone())
    })
}

fn name_of(device: &Device) -> String {
    let h = &device.hardware;
    let name = h.device_name.as_ref().or(h.product_name.as_ref()).cloned();
    match (name, &h.serial_number) {
        (Some(name), Some(serial)) => format!("{name} ({serial})"),
        (Some(name), None) => name,
        (None, Some(serial)) => format!("device {serial}"),
        (None, None) => format!("device {}", device.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(identity: &str, replacement: Option<Replacement>) -> Device {
        let mut device = provisional(
            "d-1".parse().unwrap(),
            &Scope::default(),
            None,
            Reality::Real,
            identity.parse().unwrap(),
            Timestamp(0),
        );
        device.hardware.udid = Some("U1".into());
        device.replacement = replacement;
        device
    }

    fn replacement(identity: Option<&str>, token_updated: bool, acknowledged: bool) -> Replacement {
        Replacement {
            identity: identity.map(|i| i.parse().unwrap()),
            token_updated,
            acknowledged,
            expires_at: Timestamp(1000),
        }
    }

    #[test]
    fn who_may_speak_for_a_device() {
        for (device, certificate, udid, now, refused) in [
            (device("aa", None), "aa", "U1", 0, None),
            (device("aa", None), "aa", "U2", 0, Some("a clone")),
            (
                device("aa", None),
                "bb",
                "U1",
                0,
                Some("is bound to another"),
            ),
            (
                device("aa", Some(replacement(Some("bb"), false, false))),
                "bb",
                "U1",
                0,
                None,
            ),
            (
                device("aa", Some(replacement(Some("bb"), false, false))),
                "aa",
                "U1",
                0,
                None,
            ),
            (
                device("aa", Some(replacement(Some("bb"), false, false))),
                "bb",
                "U1",
                1000,
                Some("is bound to another"),
            ),
            (
                device("aa", Some(replacement(None, false, false))),
                "bb",
                "U1",
                0,
                Some("is bound to another"),
            ),
        ] {
            let outcome = associate(&device, &certificate.parse().unwrap(), udid, Timestamp(now));
            let text = format!("{certificate} {udid} {now} {:?}", device.replacement);
            match refused {
                None => assert_eq!(outcome, Ok(()), "{text}"),
                Some(part) => assert!(outcome.unwrap_err().to_string().contains(part), "{text}"),
            }
        }
    }

    #[test]
    fn a_replacement_counts_when_both_sides_confirmed_it_and_ends_with_its_time() {
        for (given, now, identity, left) in [
            (replacement(Some("bb"), true, true), 0, "bb", false),
            (replacement(Some("bb"), true, false), 0, "aa", true),
            (replacement(Some("bb"), false, true), 0, "aa", true),
            (replacement(Some("bb"), true, false), 1000, "aa", false),
        ] {
            let mut device = device("aa", Some(given.clone()));
            let mut events = Vec::new();
            settle(&mut device, Timestamp(now), &mut events);
            assert_eq!(
                device.identity.as_ref().map(Fingerprint::as_str),
                Some(identity),
                "{given:?}"
            );
            assert_eq!(device.replacement.is_some(), left, "{given:?}");
            assert_eq!(events.len(), usize::from(identity == "bb"), "{given:?}");
        }
    }
}
