//! Carrying out commands (Apple: "Commands and queries").

use plist::{Dictionary, Value};

use super::device::AppleDevice;
use super::inventory;
use super::journal::Event;
use super::{Channel, DeviceError, ErrorChain, How};
use crate::document::Ask as _;

/// What comes of a command.
#[derive(Debug)]
pub(super) enum Outcome {
    Acknowledged(Dictionary),
    AcknowledgedThen(After),
    NotNow,
    FormatError,
    Error(ErrorChain),
}

/// What a device does once its report was answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    Erase,
    Restart,
    Leave,
    Declarations(Vec<u8>),
}

/// Commands a locked iPhone or iPad puts off.
const PUT_OFF_WHILE_LOCKED: [&str; 6] = [
    "InstallProfile",
    "InstallProvisioningProfile",
    "SecurityInfo",
    "CertificateList",
    "InstallApplication",
    "ManagedMediaList",
];
/// Commands a Mac carries out even in Power Nap.
const DONE_IN_POWER_NAP: [&str; 9] = [
    "DeleteUser",
    "DeviceLock",
    "EraseDevice",
    "RestartDevice",
    "ShutDownDevice",
    "UserList",
    "ActivationLockBypassCode",
    "ClearActivationLockBypassCode",
    "UnlockUserAccount",
];

/// The right in `AccessRights` a command needs; 0 for none.
fn right(request_type: &str) -> i64 {
    match request_type {
        "ProfileList" => 1,
        "InstallProfile" | "RemoveProfile" => 2,
        "DeviceLock" | "ClearPasscode" | "RestartDevice" => 4,
        "EraseDevice" => 8,
        "DeviceInformation" => 16,
        "SecurityInfo" => 1024,
        "Settings" => 2048,
        _ => 0,
    }
}

impl AppleDevice {
    /// Whether a command has to wait because of the state the device is in.
    pub(super) fn puts_off(&self, channel: Channel, request_type: &str) -> bool {
        if !self.persona.platform.is_macos() {
            return self.locked && PUT_OFF_WHILE_LOCKED.contains(&request_type);
        }
        let keychain =
            channel == Channel::User && ["InstallProfile", "RemoveProfile"].contains(&request_type);
        (self.power_nap && !DONE_IN_POWER_NAP.contains(&request_type))
            || (self.keychain_locked && keychain)
    }

    /// Carries a command out.
    pub(super) async fn execute(
        &mut self,
        channel: Channel,
        request_type: &str,
        request: &Dictionary,
    ) -> Outcome {
        let rights = self
            .enrollment
            .as_ref()
            .map_or(0, |enrollment| enrollment.payload.access_rights);
        let needed = right(request_type);
        if rights & needed != needed {
            let text = format!("The server has no right to send “{request_type}”.");
            return Outcome::Error(ErrorChain::one("MCMDMErrorDomain", 12000, text));
        }
        match request_type {
            "InstallProfile" => self.install_profile(channel, request).await,
            "RemoveProfile" => self.remove_profile(channel, request),
            "ProfileList" => Outcome::Acknowledged(inventory::profile_list(
                self,
                channel,
                request.truth("ManagedOnly"),
            )),
            "CertificateList" => Outcome::Acknowledged(inventory::certificate_list(self)),
            "DeviceInformation" => Outcome::Acknowledged(inventory::device_information(
                self,
                &request.texts("Queries"),
            )),
            "SecurityInfo" => Outcome::Acknowledged(inventory::security_info(self)),
            "DeviceLock" => {
                self.locked = true;
                let mut keys = Dictionary::new();
                keys.insert(
                    "MessageResult".into(),
                    if self.passcode {
                        "Success"
                    } else {
                        "NoPasscodeSet"
                    }
                    .into(),
                );
                Outcome::Acknowledged(keys)
            }
            "ClearPasscode" if request.data("UnlockToken") != Some(&self.unlock_token()) => {
                Outcome::Error(ErrorChain::one(
                    "MCMDMErrorDomain",
                    12000,
                    "“UnlockToken” is not this device's.",
                ))
            }
            "ClearPasscode" => {
                self.passcode = false;
                self.locked = false;
                Outcome::Acknowledged(Dictionary::new())
            }
            "EraseDevice" => Outcome::AcknowledgedThen(After::Erase),
            "RestartDevice" => Outcome::AcknowledgedThen(After::Restart),
            "Settings" => settings(request),
            "DeclarativeManagement" => {
                let data = request.data("Data").unwrap_or_default().to_vec();
                Outcome::AcknowledgedThen(After::Declarations(data))
            }
            other => {
                let text = format!("“{other}” is not a valid request type.");
                Outcome::Error(ErrorChain::one("MCMDMErrorDomain", 12021, text))
            }
        }
    }

    async fn install_profile(&mut self, channel: Channel, request: &Dictionary) -> Outcome {
        let Some(payload) = request.data("Payload") else {
            return Outcome::FormatError;
        };
        match self.install(payload, channel, How::Mdm).await {
            Ok(()) => Outcome::Acknowledged(Dictionary::new()),
            Err(chain) => Outcome::Error(chain),
        }
    }

    fn remove_profile(&mut self, channel: Channel, request: &Dictionary) -> Outcome {
        let Some(identifier) = request.text("Identifier") else {
            return Outcome::FormatError;
        };
        if self
            .enrollment
            .as_ref()
            .is_some_and(|e| e.payload.profile_identifier == identifier)
        {
            return Outcome::AcknowledgedThen(After::Leave);
        }
        let complain =
            |code, text: String| Outcome::Error(ErrorChain::one("MCMDMErrorDomain", code, text));
        match self
            .store
            .find(identifier, channel)
            .map(|installed| installed.managed)
        {
            None => complain(
                12075,
                format!("The profile “{identifier}” is not installed."),
            ),
            Some(false) => complain(12013, format!("The profile “{identifier}” is not managed.")),
            Some(true) => {
                self.uninstall(identifier, channel);
                Outcome::Acknowledged(Dictionary::new())
            }
        }
    }

    /// What was put off until the report had been answered.
    pub(super) async fn carry_out(
        &mut self,
        channel: Channel,
        after: After,
    ) -> Result<(), DeviceError> {
        match after {
            After::Nothing => Ok(()),
            After::Erase => {
                self.wipe();
                self.note(Event::Erased);
                Ok(())
            }
            After::Restart => {
                self.locked = !self.persona.platform.is_macos() && self.passcode;
                self.note(Event::Restarted);
                Ok(())
            }
            After::Leave => {
                self.leave("the server removed the enrollment profile");
                Ok(())
            }
            After::Declarations(data) => self.synchronize_declarations(channel, &data).await,
        }
    }
}

/// Each setting is answered with a status of its own.
fn settings(request: &Dictionary) -> Outcome {
    let items = request
        .get("Settings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let answers = items.map(|item| {
        let mut answer = Dictionary::new();
        let name = item
            .as_dictionary()
            .and_then(|item| item.text("Item"))
            .unwrap_or_default();
        answer.insert("Item".into(), name.into());
        answer.insert("Status".into(), "Acknowledged".into());
        Value::Dictionary(answer)
    });
    let mut keys = Dictionary::new();
    keys.insert("Settings".into(), Value::Array(answers.collect()));
    Outcome::Acknowledged(keys)
}
