//! Evaluation: what assignments want of devices is done, a batch of devices at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use mdm_payloads::field_class::Class;

use crate::channel::Channel;
use crate::delivery::{Delivery, DeliveryState, Reason, Wanted};
use crate::device::{Device, DeviceState};
use crate::evaluation::{Change, Concern, Targeting, decide};
use crate::event::Kind;
use crate::id::{DeviceId, Scope};
use crate::lifecycle::{Event, on};
use crate::ports::{Commit, DeliveryFilter, Record};
use crate::profile::StoredProfile;
use crate::service::turn::about;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

/// Devices whose changes are committed together.
const BATCH: usize = 500;

/// What one batch made.
#[derive(Default)]
struct Batch {
    commit: Commit,
    woken: Vec<Channel>,
}

impl Services {
    /// Makes deliveries follow the assignments on every device of a scope that may be concerned. Answers with how many
    /// devices something was changed for.
    pub async fn evaluate(&self, scope: &Scope, concern: &Concern) -> Result<usize, ServiceError> {
        if concern.is_empty() {
            return Ok(0);
        }
        let mut changed = 0;
        let mut after: Option<DeviceId> = None;
        let holders = self.holders(scope, concern).await?;
        let targeting = self.targeting(scope).await?;
        let assigned = concern
            .profiles
            .iter()
            .any(|id| targeting.assignments().contains_key(id));
        if !concern.everything && concern.users.is_empty() && holders.is_empty() && !assigned {
            return Ok(0);
        }
        loop {
            let page = self
                .store
                .devices(Some(scope), after.as_ref(), BATCH)
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            let targeting = self.targeting(scope).await?;
            let concerned: Vec<Device> = page
                .into_iter()
                .filter(|device| device.state == DeviceState::Enrolled)
                .filter(|device| {
                    concern.everything
                        || concern.of_user(device)
                        || holders.contains(&device.id)
                        || targeting
                            .targeted(device)
                            .iter()
                            .any(|t| concern.profiles.contains(&t.profile.id))
                })
                .collect();
            changed += self.evaluate_batch(scope, concerned).await?;
        }
        Ok(changed)
    }

    /// Makes the deliveries of one device follow the assignments.
    pub async fn evaluate_device(&self, id: &DeviceId) -> Result<(), ServiceError> {
        let Some(device) = self.store.device(id).await? else {
            return Err(ServiceError::not_found("device", id));
        };
        if device.state == DeviceState::Enrolled {
            let scope = device.scope.clone();
            self.evaluate_batch(&scope, vec![device]).await?;
        }
        Ok(())
    }

    /// The devices that have an assigned delivery of a profile that is concerned.
    async fn holders(
        &self,
        scope: &Scope,
        concern: &Concern,
    ) -> Result<BTreeSet<DeviceId>, ServiceError> {
        let mut holders = BTreeSet::new();
        if concern.everything {
            return Ok(holders);
        }
        for profile in &concern.profiles {
            let filter = DeliveryFilter {
                scope: Some(scope.clone()),
                profile: Some(profile.clone()),
                ..DeliveryFilter::default()
            };
            let all = self.store.deliveries(&filter, usize::MAX).await?;
            holders.extend(
                all.iter()
                    .filter(|d| d.wanted == Wanted::Assigned)
                    .filter_map(|d| d.device().cloned()),
            );
        }
        Ok(holders)
    }

    /// Evaluates these devices, all in one commit. Where another commit was faster, it is done again by halves, so that
    /// one busy device does not hold up the others; and where an assignment changed meanwhile, all over again.
    async fn evaluate_batch(
        &self,
        scope: &Scope,
        devices: Vec<Device>,
    ) -> Result<usize, ServiceError> {
        let mut changed = 0;
        let mut waiting: Vec<(Vec<Device>, usize)> = vec![(devices, 0)];
        while let Some((devices, attempt)) = waiting.pop() {
            if devices.is_empty() {
                continue;
            }
            if attempt >= ATTEMPTS {
                return Err(ServiceError::Contended("device"));
            }
            let targeting = self.targeting(scope).await?;
            let (batch, touched) = self.decide_batch(&targeting, &devices).await?;
            let written = self.write(batch.commit).await?;
            if written {
                changed += touched;
                for channel in &batch.woken {
                    self.waker.wake(channel);
                }
            }
            let settled = written && Arc::ptr_eq(&targeting, &self.targeting(scope).await?);
            if !settled {
                let mut again = Vec::with_capacity(devices.len());
                for device in &devices {
                    again.extend(self.store.device(&device.id).await?);
                }
                again.retain(|device| device.state == DeviceState::Enrolled);
                let second = again.split_off(again.len() / 2);
                waiting.extend([(again, attempt + 1), (second, attempt + 1)]);
            }
        }
        Ok(changed)
    }

    async fn decide_batch(
        &self,
        targeting: &Targeting,
        devices: &[Device],
    ) -> Result<(Batch, usize), ServiceError> {
        let now = self.clock.now();
        let ids: Vec<DeviceId> = devices.iter().map(|d| d.id.clone()).collect();
        let current = self.store.current_deliveries(&ids).await?;
        let mut batch = Batch::default();
        let mut touched = 0;
        for (device, current) in devices.iter().zip(current) {
            let mut device = device.clone();
            let mut learned = false;
            if let Some(known) = targeting.user_of(&device)
                && device.user.as_ref() != Some(&known.user)
            {
                device.user = Some(known.user.clone());
                learned = true;
            }
            let changes = decide(targeting, &device, current);
            if changes.is_empty() && !learned {
                continue;
            }
            touched += 1;
            for change in changes {
                self.carry_out(change, &device, now, &mut batch).await?;
            }
            // Its version counts up: of two who decide on the deliveries of one device, the second decides again.
            batch.commit.records.push(Record::Device(device));
        }
        Ok((batch, touched))
    }

    async fn carry_out(
        &self,
        change: Change,
        device: &Device,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<(), ServiceError> {
        let commit = &mut batch.commit;
        match change {
            Change::Deliver { profile, delivery } => {
                let mut asked = None;
                let delivery = match delivery {
                    Some(mut delivery) => {
                        let (class, prompt) = match delivery.applied_revision {
                            Some(applied) => profile.since(applied),
                            None => (Class::None, None),
                        };
                        asked = prompt;
                        if delivery.state == DeliveryState::RemovalPending
                            || class == Class::Recreate
                        {
                            delivery.generation += 1;
                        }
                        self.drop_command(&delivery, now, commit).await?;
                        delivery
                    }
                    None => self.assigned(device, &profile, now),
                };
                let (delivery, woken) =
                    self.target(delivery, device, &profile, now, commit).await?;
                if let Some(kind) = asked
                    && delivery.state != DeliveryState::NotApplicable
                {
                    self.expect_prompt(&delivery, kind, now, commit).await?;
                }
                batch.woken.extend(woken);
            }
            Change::Withhold {
                profile,
                delivery,
                why,
            } => {
                let delivery = if let Some(delivery) = delivery {
                    self.drop_command(&delivery, now, commit).await?;
                    delivery
                } else {
                    let mut new = self.assigned(device, &profile, now);
                    new.history.clear();
                    new
                };
                let reason = Some(Reason::from(why));
                let delivery = delivery.into_state(DeliveryState::NotApplicable, reason, now);
                let text = format!("profile `{}` does not apply: {why}", delivery.profile);
                let event = about(&delivery, Kind::DeliveryNotApplicable, text, now);
                commit.events.push(event);
                commit.records.push(Record::Delivery(delivery));
            }
            Change::Note { profile, delivery } => {
                self.happened(delivery, Event::EditedUnseen(profile.revision), now, commit);
            }
            Change::Keep(delivery) => self.happened(delivery, Event::Kept, now, commit),
            Change::Remove(delivery, reason) => {
                let woken = self.end(delivery, reason, now, commit).await?;
                batch.woken.extend(woken);
            }
            Change::Block(delivery) => {
                self.drop_command(&delivery, now, commit).await?;
                let delivery = delivery.into_state(
                    DeliveryState::RemovalBlocked,
                    Some(Reason::OnlyProfile),
                    now,
                );
                let text = format!(
                    "profile `{}` stays: it is the only mail profile of the device",
                    delivery.profile
                );
                let event = about(&delivery, Kind::DeliveryRemovalBlocked, text, now);
                commit.events.push(event);
                commit.records.push(Record::Delivery(delivery));
            }
            Change::Forget(delivery) => {
                self.happened(delivery, Event::Untargeted, now, commit);
            }
        }
        Ok(())
    }

    /// Writes what an event makes of a delivery; one that does not fit changes nothing.
    #[allow(clippy::unused_self, reason = "reads as the other steps do")]
    fn happened(&self, delivery: Delivery, event: Event, now: Timestamp, commit: &mut Commit) {
        if let Ok(delivery) = on(delivery, event, now) {
            commit.records.push(Record::Delivery(delivery));
        }
    }

    fn assigned(&self, device: &Device, profile: &StoredProfile, now: Timestamp) -> Delivery {
        Delivery {
            wanted: Wanted::Assigned,
            ..self.new_delivery(device, profile, None, now)
        }
    }
}
