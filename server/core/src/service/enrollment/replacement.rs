//! An announced replacement of a device's enrollment, and the purge of a device.

use crate::command::{Item, Origin};
use crate::delivery::{DeliveryState, Reason};
use crate::device::{Device, Replacement};
use crate::event::{Kind, NewEvent};
use crate::id::{ChannelId, DeviceId};
use crate::ports::{Commit, DeliveryFilter, Key, Record};
use crate::service::commands::queued_event;
use crate::service::{ATTEMPTS, ServiceError, Services};

impl Services {
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
            device.replacement = Some(Replacement::announced(now));
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
        for _ in 0..ATTEMPTS {
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
                return Ok(());
            }
        }
        Err(ServiceError::Contended("device"))
    }
}
