//! Profiles as a device gets them: rendered for a user and a device, with their identities and
//! roots, checked against Apple's schema, signed.

mod material;
pub(crate) mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use mdm_certs::cms::SignError;
use mdm_core::certificate::Certificate;
use mdm_core::delivery::{Delivery, Expected, IdentityIssued, Reason};
use mdm_core::device::{Device, Platform};
use mdm_core::event::NewEvent;
use mdm_core::id::DeliveryId;
use mdm_core::ports::{Clock, Encoded, NotEncodable, Record, Store, StoreUnavailable};
use mdm_core::profile::StoredProfile;
use mdm_payloads::apple::schema::{OsVersion, Target, check_profile};
use mdm_payloads::apple::{self, Identifiers, Input, Options};
use mdm_payloads::{DeviceFacts, Finding, Level, Subject, User};

use crate::advertised::Advertised;
use crate::chain::chain;
use crate::digest::fingerprint;
use crate::ids::RandomIds;
use crate::pki::Pki;
use crate::server::Urls;

pub use material::root_material;

/// Makes profiles.
pub struct Renderer {
    /// Storage, for the profiles that a profile names.
    pub store: Arc<dyn Store>,
    /// Certificates.
    pub pki: Arc<Pki>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and secrets.
    pub ids: Arc<RandomIds>,
    /// Where this server is.
    pub urls: Arc<Urls>,
    /// What devices were told of this server.
    pub advertised: Arc<Advertised>,
    /// The organization named in profiles.
    pub organization: String,
}

/// A profile as a device gets it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The property list.
    pub xml: Vec<u8>,
    /// The same, signed.
    pub signed: Vec<u8>,
    /// What is to be said of it.
    pub findings: Vec<Finding>,
    /// Records that have to be written with it.
    pub records: Vec<Record>,
    /// Events that have to be written with it.
    pub events: Vec<NewEvent>,
    /// What a device should list once it is installed.
    pub expected: Expected,
    /// An identity that was issued for it.
    pub identity: Option<IdentityIssued>,
}

/// For whom and for what a profile is rendered.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// The user.
    pub user: Option<&'a User>,
    /// The device, when it is enrolled.
    pub device: Option<&'a Device>,
    /// The device or user channel, or the link, that identifiers are derived from.
    pub channel: &'a str,
    /// The delivery; none for a preview, which leaves no trace.
    pub delivery: Option<&'a DeliveryId>,
    /// Counted up to force new accounts.
    pub generation: u32,
}

impl From<Rendered> for Encoded {
    fn from(rendered: Rendered) -> Self {
        Self {
            wire: rendered.signed,
            keep: true,
            records: rendered.records,
            events: rendered.events,
            expected: Some(rendered.expected),
            identity: rendered.identity,
        }
    }
}

impl Renderer {
    /// The start of every `PayloadIdentifier`.
    pub fn prefix(&self) -> String {
        format!(
            "mockmdm.{}",
            &self.advertised.instance.simple().to_string()[..8]
        )
    }

    /// What a device would get, without consequences: no challenge counts, no certificate is issued.
    pub async fn preview(
        &self,
        profile: &StoredProfile,
        user: Option<&User>,
        device: Option<&Device>,
    ) -> Result<Rendered, NotEncodable> {
        let channel = device.map_or("preview", |d| d.id.as_str());
        let user = user.or_else(|| device.and_then(|d| d.user.as_ref()));
        let recipient = Recipient {
            user,
            device,
            channel,
            delivery: None,
            generation: 1,
        };
        self.render(profile, recipient).await
    }

    /// Renders the profile of a delivery to a device.
    pub async fn for_delivery(
        &self,
        delivery: &Delivery,
        device: &Device,
        channel: &str,
    ) -> Result<Rendered, NotEncodable> {
        let profile = self
            .store
            .profile(&delivery.profile)
            .await
            .map_err(|e| unavailable(&e))?;
        let Some(profile) = profile else {
            return Err(refuse(format!(
                "profile `{}` does not exist any more",
                delivery.profile
            )));
        };
        let recipient = Recipient {
            user: device.user.as_ref(),
            device: Some(device),
            channel,
            delivery: Some(&delivery.id),
            generation: delivery.generation,
        };
        self.render(&profile, recipient).await
    }

    /// Renders a profile.
    pub async fn render(
        &self,
        profile: &StoredProfile,
        to: Recipient<'_>,
    ) -> Result<Rendered, NotEncodable> {
        let facts = device_facts(to.device);
        let subject = Subject {
            user: to.user,
            device: &facts,
        };
        let material = self.material(profile, to, subject).await?;
        let identifiers = Identifiers {
            instance: self.advertised.instance,
            prefix: self.prefix(),
            channel: to.channel.to_owned(),
            generation: to.generation,
            revision: u64::from(profile.revision),
        };
        let document = apple::compile(&Input {
            profile: &profile.profile,
            organization: &self.organization,
            identifiers: &identifiers,
            subject,
            identities: &material.identities,
            roots: &material.roots,
            options: &Options::default(),
        })
        .map_err(|e| material::not_compiled(&e))?;
        let target = Target {
            platform: profile.profile.settings.platform(),
            os_version: to.device.and_then(os_version),
            channel: Some(apple::channel(&profile.profile.settings)),
        };
        let findings = check_profile(document.dictionary(), &target);
        if let Some(worst) = findings.iter().find(|f| f.level == Level::Error) {
            return Err(refuse(format!(
                "{} at {}: {}",
                worst.rule, worst.at, worst.text
            )));
        }
        let expected = Expected {
            identifier: document.payload_identifier().to_owned(),
            uuid: document.payload_uuid().as_str().to_owned(),
            certificates: material
                .roots
                .iter()
                .filter_map(|r| fingerprint(r.der.as_bytes()))
                .collect(),
            identities: material.own,
            listed: false,
        };
        let xml = document.to_xml();
        let signed = self
            .sign(&xml)
            .map_err(|e| refuse(format!("signing the profile failed: {e}")))?;
        Ok(Rendered {
            xml,
            signed,
            findings,
            records: material.records,
            events: material.events,
            expected,
            identity: material.identity,
        })
    }

    /// Signs a profile.
    pub fn sign(&self, xml: &[u8]) -> Result<Vec<u8>, SignError> {
        self.pki.sign_profile(xml, self.clock.now())
    }
}

/// Records that a certificate was issued while rendering.
fn issued_record(certificate: Certificate, records: &mut Vec<Record>) {
    records.push(Record::Certificate(certificate));
}

fn device_facts(device: Option<&Device>) -> DeviceFacts {
    let Some(device) = device else {
        return DeviceFacts::default();
    };
    let h = &device.hardware;
    DeviceFacts {
        device_id: device.id.as_str().to_owned(),
        serial_number: h.serial_number.clone(),
        imei: h.imei.clone(),
        meid: h.meid.clone(),
        udid: h.udid.clone(),
        device_name: h
            .device_name
            .clone()
            .or_else(|| device.information.get("DeviceName").cloned()),
        ..DeviceFacts::default()
    }
}

fn os_version(device: &Device) -> Option<OsVersion> {
    // The schema has no versions for systems it does not name, such as those of a watch.
    matches!(
        device.platform,
        Platform::Ios | Platform::Ipados | Platform::Macos
    )
    .then(|| device.hardware.os_version.as_deref()?.parse().ok())
    .flatten()
}

/// A profile that cannot be delivered.
pub(crate) fn refuse(text: String) -> NotEncodable {
    NotEncodable {
        passing: false,
        reason: Reason::NotDeliverable { text: text.clone() },
        text,
    }
}

fn unavailable(cause: &StoreUnavailable) -> NotEncodable {
    NotEncodable {
        passing: true,
        ..refuse(chain(cause))
    }
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renderer")
            .field("advertised", &self.advertised)
            .finish_non_exhaustive()
    }
}

/// Identities by the profile that describes them.
type Identities = BTreeMap<mdm_core::id::ProfileId, apple::IdentityMaterial>;
