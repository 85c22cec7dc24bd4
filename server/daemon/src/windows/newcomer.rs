//! What a device says of itself when it enrolls.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::USER_AGENT;
use http::request::Parts;
use mdm_certs::csr::Csr;
use mdm_certs::oid;
use mdm_core::device::{Device, Hardware, Platform};
use mdm_core::ports::Ids as _;
use mdm_core::service::windows_enrollment::Newcomer;
use mdm_core::windows::{Context, Credential, Dialect, PROVIDER_ID, WindowsEnrollment};
use mdm_payloads::Secret;
use mdm_windows::enrollment::{AdditionalContext, EnrollmentType};

use super::WindowsRefused;
use crate::server::Server;

/// The longest text of a device that is kept, in characters.
const LONGEST: usize = 255;
/// The longest `DeviceID`, in bytes: it becomes the common name of its certificate (X.520, `ub-common-name`).
const LONGEST_ID: usize = 64;
/// What a device says that is a credential, or a blob of somebody else's.
const NOT_KEPT: [&str; 3] = [
    "EnrollmentData",
    "OfflineAutoPilotEnrollmentCorrelator",
    "ZeroTouchProvisioning",
];

/// A device as it describes itself.
#[derive(Debug)]
pub(super) struct Description {
    /// `DeviceID`.
    pub(super) device_id: String,
    hardware_id: Option<String>,
    context: Context,
    platform: Platform,
    dialect: Dialect,
    hardware: Hardware,
    information: BTreeMap<String, String>,
    request_version: Option<String>,
    os_edition: Option<String>,
    user_agent: Option<String>,
}

impl Description {
    /// Reads it from the request and, for old phones, from what the certificate request names.
    pub(super) fn new(
        said: &AdditionalContext,
        csr: &Csr,
        head: &Parts,
    ) -> Result<Self, WindowsRefused> {
        let text = |name: &str| said.first(name).map(cut);
        let device_id = match said.device_id() {
            Some(id) => id.to_owned(),
            None => requested_id(csr).ok_or(WindowsRefused::Data {
                name: "DeviceID",
                wrong: "is missing, and the certificate request does not name it",
            })?,
        };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=LONGEST_ID).contains(&device_id.len()) || !device_id.bytes().all(legal) {
            return Err(WindowsRefused::Data {
                name: "DeviceID",
                wrong: "is not of 1 to 64 letters, digits or `-_.`",
            });
        }
        let context = match said.enrollment_type() {
            Some(EnrollmentType::Device) => Context::Device,
            Some(EnrollmentType::Full | EnrollmentType::Other(_)) | None => Context::User,
        };
        let os_version = text("OSVersion").or_else(|| text("ApplicationVersion"));
        let phone = said.first("DeviceType") == Some("WindowsPhone");
        let old = os_version.as_deref().is_some_and(|v| v.starts_with("8."));
        let hardware = Hardware {
            udid: Some(device_id.clone()),
            product_name: text("DeviceType"),
            device_name: text("DeviceName"),
            os_version,
            imei: text("IMEI"),
            ..Hardware::default()
        };
        Ok(Self {
            device_id,
            hardware_id: said.hardware_id().map(cut),
            context,
            platform: if phone {
                Platform::WindowsPhone
            } else {
                Platform::Windows
            },
            dialect: if phone && old {
                Dialect::WindowsPhone81
            } else {
                Dialect::Windows10
            },
            hardware,
            information: information(said),
            request_version: text("RequestVersion"),
            os_edition: text("OSEdition"),
            user_agent: head
                .headers
                .get(USER_AGENT)
                .map(|value| cut(&String::from_utf8_lossy(value.as_bytes()))),
        })
    }

    /// The record of the device, with credentials made for it.
    pub(super) fn newcomer(&self, server: &Server, upn: Option<String>) -> Newcomer {
        let credential = |name: &str| Credential {
            name: name.to_owned(),
            secret: Secret::from(server.ids.secret()),
            nonce: Secret::from(STANDARD.encode(server.ids.bytes::<16>())),
        };
        Newcomer {
            platform: self.platform,
            hardware: self.hardware.clone(),
            information: self.information.clone(),
            windows: WindowsEnrollment {
                device_id: self.device_id.clone(),
                hardware_id: self.hardware_id.clone(),
                context: self.context,
                provider_id: PROVIDER_ID.to_owned(),
                dialect: self.dialect,
                upn,
                request_version: self.request_version.clone(),
                os_edition: self.os_edition.clone(),
                user_agent: self.user_agent.clone(),
                client: credential(&self.device_id),
                server: credential(PROVIDER_ID),
                weakest_proof: server.config.windows.proof,
                login: None,
                renewed: None,
            },
        }
    }
}

/// Everything said, values of one name joined.
fn information(said: &AdditionalContext) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in said.items() {
        if value.is_empty() || NOT_KEPT.contains(&name) || all.len() >= Device::MOST_FACTS {
            continue;
        }
        let known = all.entry(cut(name)).or_default();
        if known.split(", ").any(|before| before == value) {
            continue;
        }
        let joined = if known.is_empty() {
            value.to_owned()
        } else {
            format!("{known}, {value}")
        };
        *known = cut(&joined);
    }
    all
}

/// The `DeviceID` in the certificate request: the octets of its own extension, or what follows `!` in its subject. Both end
/// in a NUL on some clients.
fn requested_id(csr: &Csr) -> Option<String> {
    let own = |text: &str| {
        let text = text.trim_end_matches('\0').trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let named = csr
        .extension(oid::WINDOWS_DEVICE_ID)
        .and_then(|extension| std::str::from_utf8(&extension.value).ok())
        .and_then(own);
    named.or_else(|| {
        let subject = csr.subject_text();
        let (_, id) = subject.split_once('!')?;
        own(id.trim_end_matches("\\00"))
    })
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_names_the_device_where_the_message_does_not() {
        for der in [
            &include_bytes!("../../../../tests/fixtures/windows/requests/sha1.der")[..],
            include_bytes!("../../../../tests/fixtures/windows/requests/sha256.der"),
        ] {
            let csr = Csr::parse(der).unwrap();
            let id = requested_id(&csr);
            assert_eq!(id.as_deref(), Some("0123456789ABCDEF0123456789ABCDEF"));
        }
    }
}
