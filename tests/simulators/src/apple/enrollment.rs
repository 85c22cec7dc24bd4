//! Enrolling, enrolling again, and leaving (Apple: "MDM", "Check-in").

use bytes::Bytes;
use http::Method;
use plist::{Dictionary, Value};

use super::device::AppleDevice;
use super::error::excerpt;
use super::install::{How, Prepared};
use super::journal::Event;
use super::transport::{CHECK_IN, Verdict, judge};
use super::{Channel, DeviceError, ErrorChain, Profile};
use crate::document::{self, Ask as _};
use crate::entropy::{labelled, uuid};
use crate::identity::Identity;

const INVENTORY: i64 = 16;
const LOCK: i64 = 4;
const PER_USER: &str = "com.apple.mdm.per-user-connections";

/// The `com.apple.mdm` payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdmPayload {
    /// Identifier of the profile that carries it.
    pub profile_identifier: String,
    /// `IdentityCertificateUUID`.
    pub identity_uuid: String,
    /// `Topic`.
    pub topic: String,
    /// `ServerURL`.
    pub server_url: String,
    /// `CheckInURL`, or the server URL if there is none.
    pub check_in_url: String,
    /// `SignMessage`.
    pub sign_message: bool,
    /// `AccessRights`.
    pub access_rights: i64,
    /// `ServerCapabilities`.
    pub capabilities: Vec<String>,
    /// `CheckOutWhenRemoved`.
    pub check_out_when_removed: bool,
}

impl MdmPayload {
    /// Reads the payload of a profile, if it has one.
    pub fn of(profile: &Profile) -> Result<Option<Self>, ErrorChain> {
        let Some(payload) = profile.payload("com.apple.mdm") else {
            return Ok(None);
        };
        let settings = &payload.settings;
        let refuse = |text: &str| Err(ErrorChain::one("MCMDMErrorDomain", 12000, text));
        let server_url = settings.text_or_empty("ServerURL");
        let check_in_url = settings
            .text("CheckInURL")
            .unwrap_or(&server_url)
            .to_owned();
        if !server_url.starts_with("https://") || !check_in_url.starts_with("https://") {
            return refuse("“ServerURL” and “CheckInURL” must be https URLs.");
        }
        let access_rights = settings.number("AccessRights").unwrap_or(0);
        if !(1..=8191).contains(&access_rights)
            || (access_rights & 2 != 0 && access_rights & 1 == 0)
        {
            return refuse("“AccessRights” is not a valid set of rights.");
        }
        if !settings
            .text_or_empty("Topic")
            .starts_with("com.apple.mgmt.")
        {
            return Err(ErrorChain::one(
                "MCMDMErrorDomain",
                12022,
                "“Topic” is not one of MDM.",
            ));
        }
        Ok(Some(Self {
            profile_identifier: profile.identifier.clone(),
            identity_uuid: settings.text_or_empty("IdentityCertificateUUID"),
            topic: settings.text_or_empty("Topic"),
            server_url,
            check_in_url,
            sign_message: settings.truth("SignMessage"),
            access_rights,
            capabilities: settings.texts("ServerCapabilities"),
            check_out_when_removed: settings.truth("CheckOutWhenRemoved"),
        }))
    }

    fn per_user(&self) -> bool {
        self.capabilities
            .iter()
            .any(|capability| capability == PER_USER)
    }

    /// Whether `new` may replace this one: some keys never change, and rights never grow.
    pub(super) fn may_become(&self, new: &Self) -> Result<(), ErrorChain> {
        let complain = |text: &str| Err(ErrorChain::one("MCMDMErrorDomain", 12012, text));
        if self.topic != new.topic {
            return complain("“Topic” cannot change.");
        }
        if self.server_url != new.server_url || self.check_in_url != new.check_in_url {
            return complain("“ServerURL” and “CheckInURL” cannot change.");
        }
        if self.per_user() != new.per_user() {
            return complain("“ServerCapabilities” cannot change that much.");
        }
        if new.access_rights & !self.access_rights != 0 {
            return complain("“AccessRights” cannot grow.");
        }
        Ok(())
    }
}

/// An enrollment.
#[derive(Debug, Clone)]
pub struct Enrollment {
    /// What was agreed.
    pub payload: MdmPayload,
    /// Identity of the device towards the server.
    pub identity: Identity,
    /// Whether there is a user channel.
    pub user_channel: bool,
    /// How often the device enrolled so far; tokens and magics are new each time.
    pub generation: u32,
}

impl AppleDevice {
    /// Enrolls with the bytes of a profile, signed or not, as a person does who opens it.
    pub async fn enroll(&mut self, profile: &[u8]) -> Result<(), DeviceError> {
        self.install(profile, Channel::Device, How::Interactive)
            .await
            .map_err(DeviceError::Install)?;
        if self.enrollment.is_some() {
            Ok(())
        } else {
            Err(DeviceError::NotEnrolled)
        }
    }

    /// Fetches an enrollment profile and enrolls with it.
    pub async fn enroll_from(&mut self, url: &str) -> Result<(), DeviceError> {
        let profile = self.fetch_profile(url).await?;
        self.enroll(&profile).await
    }

    /// Fetches a profile as Safari does and installs it, without MDM.
    pub async fn install_from_link(&mut self, url: &str) -> Result<(), DeviceError> {
        let profile = self.fetch_profile(url).await?;
        let channel = if self.persona.platform.is_macos() {
            Channel::User
        } else {
            Channel::Device
        };
        self.install(&profile, channel, How::Interactive)
            .await
            .map_err(DeviceError::Install)
    }

    async fn fetch_profile(&mut self, url: &str) -> Result<Bytes, DeviceError> {
        let what = "profile";
        let failed = |source| DeviceError::Http {
            what: what.to_owned(),
            source,
        };
        let client = self.client(None, &[]).map_err(failed)?;
        let answer = client
            .send(Method::GET, url, &[], Bytes::new())
            .await
            .map_err(failed)?;
        if answer.status.as_u16() == 200 {
            return Ok(answer.body);
        }
        let (status, body) = (answer.status.as_u16(), excerpt(&answer.body));
        Err(DeviceError::Refused {
            what: what.to_owned(),
            status,
            body,
        })
    }

    /// Push token of a channel.
    pub fn push_token(&self, channel: Channel) -> Vec<u8> {
        labelled(
            &self.persona.seed,
            channel.label("token"),
            u64::from(self.enrollments),
        )
        .to_vec()
    }

    /// Push magic of a channel.
    pub fn push_magic(&self, channel: Channel) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(
            &labelled(
                &self.persona.seed,
                channel.label("magic"),
                u64::from(self.enrollments),
            )[..16],
        );
        uuid(&bytes)
    }

    /// What unlocks a phone whose passcode is forgotten.
    pub(super) fn unlock_token(&self) -> Vec<u8> {
        labelled(&self.persona.seed, "unlock token", 0).to_vec()
    }

    /// Runs Authenticate and `TokenUpdate` for a prepared enrollment profile; nothing is installed if that fails.
    pub(super) async fn check_in(
        &mut self,
        prepared: &Prepared,
        payload: MdmPayload,
    ) -> Result<Enrollment, ErrorChain> {
        let found = prepared.identity(&payload.identity_uuid).cloned();
        let identity = found.ok_or_else(|| {
            ErrorChain::one(
                "MCMDMErrorDomain",
                12000,
                "“IdentityCertificateUUID” names no identity of the profile.",
            )
        })?;
        let previous = self.enrollments;
        self.enrollments += 1;
        let user_channel = self.persona.platform.is_macos() && self.logged_in && payload.per_user();
        let enrollment = Enrollment {
            payload,
            identity,
            user_channel,
            generation: self.enrollments,
        };
        let roots = if self.persona.platform.is_macos() {
            prepared.roots()
        } else {
            Vec::new()
        };
        let done = self.introduce(&enrollment, &roots).await;
        if done.is_err() {
            self.enrollments = previous;
        }
        done.map(|()| enrollment).map_err(|error| {
            let cause = std::error::Error::source(&error)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            ErrorChain::one(
                "MCMDMErrorDomain",
                12002,
                format!("The server did not accept the check-in ({error}{cause})."),
            )
        })
    }

    async fn introduce(
        &mut self,
        enrollment: &Enrollment,
        roots: &[Vec<u8>],
    ) -> Result<(), DeviceError> {
        let authenticate = self.authenticate(enrollment);
        self.tell(
            enrollment,
            Channel::Device,
            "Authenticate",
            authenticate,
            roots,
        )
        .await?;
        let update = self.token_update(enrollment, Channel::Device);
        self.tell(enrollment, Channel::Device, "TokenUpdate", update, roots)
            .await?;
        if enrollment.user_channel {
            let update = self.token_update(enrollment, Channel::User);
            self.tell(enrollment, Channel::User, "TokenUpdate", update, roots)
                .await?;
        }
        Ok(())
    }

    /// A person logs in at an enrolled Mac: the user channel opens.
    pub async fn log_in(&mut self) -> Result<(), DeviceError> {
        self.logged_in = true;
        let mut enrollment = self.enrollment.clone().ok_or(DeviceError::NotEnrolled)?;
        if !self.persona.platform.is_macos() || !enrollment.payload.per_user() {
            return Err(DeviceError::NoUserChannel);
        }
        let update = self.token_update(&enrollment, Channel::User);
        self.tell(&enrollment, Channel::User, "TokenUpdate", update, &[])
            .await?;
        enrollment.user_channel = true;
        self.enrollment = Some(enrollment);
        Ok(())
    }

    /// The owner removes the enrollment profile: `CheckOut` if the server wanted it, then everything managed goes.
    pub async fn remove_mdm_profile(&mut self) -> Result<(), DeviceError> {
        let enrollment = self.enrollment.clone().ok_or(DeviceError::NotEnrolled)?;
        if enrollment.payload.check_out_when_removed {
            // Best effort, once: whatever the answer, the device leaves.
            let _ = self
                .tell(
                    &enrollment,
                    Channel::Device,
                    "CheckOut",
                    Dictionary::new(),
                    &[],
                )
                .await;
        }
        self.leave("the enrollment profile was removed");
        Ok(())
    }

    /// Forgets the enrollment and everything MDM installed.
    pub(super) fn leave(&mut self, reason: &str) {
        let Some(enrollment) = self.enrollment.take() else {
            return;
        };
        let managed: Vec<_> = self
            .store
            .all()
            .iter()
            .filter(|one| {
                one.managed || one.profile.identifier == enrollment.payload.profile_identifier
            })
            .map(|one| (one.profile.identifier.clone(), one.channel))
            .collect();
        for (identifier, channel) in managed {
            self.uninstall(&identifier, channel);
        }
        self.unreported.clear();
        self.declarations.clear();
        self.wants_poll = false;
        self.note(Event::Unenrolled {
            reason: reason.to_owned(),
        });
    }

    /// Sends a check-in message and gives the answer's body.
    pub(super) async fn tell(
        &mut self,
        enrollment: &Enrollment,
        channel: Channel,
        message: &str,
        mut keys: Dictionary,
        roots: &[Vec<u8>],
    ) -> Result<Bytes, DeviceError> {
        keys.insert("MessageType".into(), message.into());
        keys.insert("Topic".into(), enrollment.payload.topic.clone().into());
        self.name_channel(&mut keys, channel);
        let body = document::write(keys)?;
        let request = self.presign(enrollment, &enrollment.payload.check_in_url, CHECK_IN, body)?;
        let answer = self
            .put(message, request, &enrollment.identity, roots)
            .await?;
        let status = answer.status.as_u16();
        self.note(Event::CheckIn {
            message: message.to_owned(),
            channel,
            status,
        });
        match judge(message, &answer) {
            Verdict::Done(body) => Ok(body),
            Verdict::Refused(error) => Err(error),
            Verdict::Unenroll(reason) => {
                self.leave(&reason);
                Err(DeviceError::Unenrolled(reason))
            }
        }
    }

    /// Says who is talking: the device, or its user.
    pub(super) fn name_channel(&self, keys: &mut Dictionary, channel: Channel) {
        keys.insert("UDID".into(), self.persona.udid.clone().into());
        if let (Channel::User, Some(user)) = (channel, &self.persona.user) {
            keys.insert("UserID".into(), user.id.clone().into());
            keys.insert("UserShortName".into(), user.short_name.clone().into());
            keys.insert("UserLongName".into(), user.long_name.clone().into());
        }
    }

    fn authenticate(&self, enrollment: &Enrollment) -> Dictionary {
        let mut keys = Dictionary::new();
        if enrollment.payload.access_rights & INVENTORY != 0 {
            let persona = &self.persona;
            let mut put = |key: &str, text: &str| keys.insert(key.to_owned(), text.into());
            put("OSVersion", &persona.os_version);
            put("BuildVersion", &persona.build_version);
            put("ProductName", &persona.product_name);
            put("SerialNumber", &persona.serial_number);
            if let Some(imei) = &persona.imei {
                put("IMEI", imei);
            }
            if persona.platform.is_macos() {
                put("DeviceName", &persona.device_name);
                put("Model", &persona.product_name);
                put("ModelName", &persona.model_name);
            }
        }
        keys
    }

    fn token_update(&self, enrollment: &Enrollment, channel: Channel) -> Dictionary {
        let mut keys = Dictionary::new();
        keys.insert("Token".into(), Value::Data(self.push_token(channel)));
        keys.insert("PushMagic".into(), self.push_magic(channel).into());
        let phone = !self.persona.platform.is_macos();
        if channel == Channel::Device {
            keys.insert("AwaitingConfiguration".into(), false.into());
            if phone && enrollment.payload.access_rights & LOCK != 0 {
                keys.insert("UnlockToken".into(), Value::Data(self.unlock_token()));
            }
        } else {
            keys.insert("NotOnConsole".into(), false.into());
        }
        keys
    }
}
