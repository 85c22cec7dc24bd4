//! Profiles for Windows devices: each is a plan of its own, with its own identity or root and nobody else's.

use mdm_core::delivery::{Delivery, IdentityIssued};
use mdm_core::device::Device;
use mdm_core::event::NewEvent;
use mdm_core::ports::{NotEncodable, Record};
use mdm_core::windows::Dialect;
use mdm_payloads::Subject;
use mdm_payloads::apple::Identifiers;
use mdm_payloads::windows::schema::{System, Target};
use mdm_payloads::windows::{CompileError, Input, Plan, compile};

use super::{Recipient, Renderer, device_facts, material, refuse, unavailable};
use crate::chain::chain;

/// A plan and what has to be written with it.
#[derive(Debug)]
pub struct Planned {
    /// What is done on the device.
    pub plan: Plan,
    /// Records that have to be written with it.
    pub records: Vec<Record>,
    /// Events that have to be written with it.
    pub events: Vec<NewEvent>,
    /// An identity that was issued for it.
    pub identity: Option<IdentityIssued>,
}

impl Renderer {
    /// The plan of a delivery to a device.
    pub async fn plan_of(
        &self,
        delivery: &Delivery,
        device: &Device,
    ) -> Result<Planned, NotEncodable> {
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
        let to = Recipient {
            user: device.user.as_ref(),
            device: Some(device),
            channel: device.id.as_str(),
            delivery: Some(&delivery.id),
            generation: delivery.generation,
        };
        let facts = device_facts(to.device);
        let subject = Subject {
            user: to.user,
            device: &facts,
        };
        let material = self.own_material(&profile, to, subject).await?;
        let identifiers = Identifiers {
            instance: self.advertised.instance,
            prefix: self.prefix(),
            channel: to.channel.to_owned(),
            generation: to.generation,
            revision: u64::from(profile.revision),
        };
        let plan = compile(&Input {
            profile: &profile.profile,
            identifiers: &identifiers,
            subject,
            identities: &material.identities,
            roots: &material.roots,
            target: &target(device),
        })
        .map_err(|error| not_compiled(&error))?;
        Ok(Planned {
            plan,
            records: material.records,
            events: material.events,
            identity: material.identity,
        })
    }
}

/// What operations for a device are checked against.
pub(crate) fn target(device: &Device) -> Target {
    let phone = device
        .windows
        .as_ref()
        .is_some_and(|w| w.dialect == Dialect::WindowsPhone81);
    Target {
        system: if phone {
            System::WindowsPhone81
        } else {
            System::Windows10
        },
        build: device
            .hardware
            .os_version
            .as_deref()
            .and_then(|version| version.parse().ok()),
    }
}

/// A profile that cannot be compiled, with the missing attribute told apart.
fn not_compiled(error: &CompileError) -> NotEncodable {
    match error {
        CompileError::Render { source, .. } => material::not_rendered(source),
        other => refuse(chain(other)),
    }
}
