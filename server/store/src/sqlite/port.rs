//! The domain's port, one method after the other.

use std::sync::Arc;

use async_trait::async_trait;
use mdm_core::assignment::Assignment;
use mdm_core::certificate::Certificate;
use mdm_core::challenge::Challenge;
use mdm_core::channel::Channel;
use mdm_core::code::Code;
use mdm_core::command::Command;
use mdm_core::delivery::Delivery;
use mdm_core::device::Device;
use mdm_core::event::Event;
use mdm_core::group::Group;
use mdm_core::id::{
    ChallengeId, ChannelId, CodeText, CommandUuid, DeliveryId, DeviceId, Fingerprint, GroupId,
    LinkToken, ProfileId, PromptId, Scope, Serial, UserId,
};
use mdm_core::link::Link;
use mdm_core::ports::{
    Commit, CommitError, DeliveryFilter, EventFilter, Follow, Queue, Store, StoreUnavailable,
};
use mdm_core::profile::StoredProfile;
use mdm_core::prompt::Prompt;
use mdm_core::session::Session;
use mdm_core::settings::ScopeSettings;
use mdm_core::time::Timestamp;
use mdm_core::user::StoredUser;

use super::directory::Listed;
use super::row::{Row, by_key};
use super::{
    SqliteStore, admission, certificate, channel, command, delivery, device, directory, event,
    profile,
};

impl SqliteStore {
    fn get<R: Row>(&self, key: &str) -> Result<Option<R>, StoreUnavailable> {
        self.readers.read(
            || format!("reading the {} `{key}`", R::KIND),
            |conn| by_key(conn, key),
        )
    }

    async fn all<R: Listed + Send + 'static>(
        &self,
        what: &'static str,
        scope: Option<&Scope>,
    ) -> Result<Vec<R>, StoreUnavailable> {
        let scope = scope.cloned();
        self.readers
            .list(what, move |conn| directory::list(conn, scope.as_ref()))
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<u64, CommitError> {
        if commit.is_empty() {
            return Ok(self.newest.newest());
        }
        self.writer.commit(commit).await
    }

    async fn touch(&self, seen: Vec<(DeviceId, Timestamp)>) -> Result<(), StoreUnavailable> {
        if self.seen.gather(seen) {
            self.writer.wake()
        } else {
            Ok(())
        }
    }

    async fn sweep(&self, now: Timestamp) -> Result<(), StoreUnavailable> {
        self.writer.sweep(now).await
    }

    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn device_by_udid(&self, udid: &str) -> Result<Option<Device>, StoreUnavailable> {
        self.readers.read(
            || "reading a device by its UDID".to_owned(),
            |conn| device::by_udid(conn, udid),
        )
    }

    async fn devices(
        &self,
        scope: Option<&Scope>,
        after: Option<&DeviceId>,
        limit: usize,
    ) -> Result<Vec<Device>, StoreUnavailable> {
        let (scope, after) = (scope.cloned(), after.cloned());
        self.readers
            .list("devices", move |conn| {
                device::list(conn, scope.as_ref(), after.as_ref(), limit)
            })
            .await
    }

    async fn last_seen(&self, id: &DeviceId) -> Result<Option<Timestamp>, StoreUnavailable> {
        if let Some(at) = self.seen.of(id) {
            return Ok(Some(at));
        }
        self.readers.read(
            || format!("reading when `{id}` was last heard of"),
            |conn| device::last_seen(conn, id),
        )
    }

    async fn channel(&self, id: &ChannelId) -> Result<Option<Channel>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn channels(&self, device: &DeviceId) -> Result<Vec<Channel>, StoreUnavailable> {
        self.readers.read(
            || format!("reading the channels of `{device}`"),
            |conn| channel::of_device(conn, device),
        )
    }

    async fn queue(
        &self,
        channel: &ChannelId,
        new_session: bool,
        limit: usize,
    ) -> Result<Option<Queue>, StoreUnavailable> {
        if let Some(queue) = self.queues.get(channel, limit) {
            return Ok(Some(queue));
        }
        let seen = self.queues.generation();
        let head = self.readers.read(
            || format!("reading the queue of `{channel}`"),
            |conn| channel::head(conn, channel, new_session, limit),
        )?;
        Ok(head.map(|head| {
            let queue = head.queue(new_session, limit);
            self.queues.put(head, seen);
            queue
        }))
    }

    async fn command(&self, uuid: &CommandUuid) -> Result<Option<Command>, StoreUnavailable> {
        self.get(uuid.as_str())
    }

    async fn commands(
        &self,
        device: &DeviceId,
        open_only: bool,
        limit: usize,
    ) -> Result<Vec<Command>, StoreUnavailable> {
        let device = device.clone();
        self.readers
            .list("commands", move |conn| {
                command::of_device(conn, &device, open_only, limit)
            })
            .await
    }

    async fn kept(&self, key: &str) -> Result<Option<Vec<u8>>, StoreUnavailable> {
        self.readers.read(
            || format!("reading the kept message `{key}`"),
            |conn| command::kept(conn, key),
        )
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreUnavailable> {
        let filter = filter.clone();
        self.readers
            .list("deliveries", move |conn| {
                delivery::list(conn, &filter, limit)
            })
            .await
    }

    async fn current_deliveries(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<Vec<Delivery>>, StoreUnavailable> {
        let devices = devices.to_vec();
        self.readers
            .list("deliveries", move |conn| {
                devices
                    .iter()
                    .map(|id| delivery::current(conn, id))
                    .collect()
            })
            .await
    }

    async fn user(&self, id: &UserId) -> Result<Option<StoredUser>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn users(&self, scope: Option<&Scope>) -> Result<Vec<StoredUser>, StoreUnavailable> {
        self.all("users", scope).await
    }

    async fn group(&self, id: &GroupId) -> Result<Option<Group>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn groups(&self, scope: Option<&Scope>) -> Result<Vec<Group>, StoreUnavailable> {
        self.all("groups", scope).await
    }

    async fn assignment(
        &self,
        profile: &ProfileId,
    ) -> Result<Option<Assignment>, StoreUnavailable> {
        self.get(profile.as_str())
    }

    async fn assignments(
        &self,
        scope: Option<&Scope>,
    ) -> Result<Vec<Assignment>, StoreUnavailable> {
        self.all("assignments", scope).await
    }

    async fn prompt(&self, id: &PromptId) -> Result<Option<Prompt>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn prompts(&self, scope: Option<&Scope>) -> Result<Vec<Prompt>, StoreUnavailable> {
        self.all("prompts", scope).await
    }

    async fn settings(&self, scope: &Scope) -> Result<Option<ScopeSettings>, StoreUnavailable> {
        self.get(scope.as_str())
    }

    async fn profile(&self, id: &ProfileId) -> Result<Option<StoredProfile>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn profiles(
        &self,
        scope: Option<&Scope>,
    ) -> Result<Vec<StoredProfile>, StoreUnavailable> {
        let scope = scope.cloned();
        self.readers
            .list("profiles", move |conn| profile::list(conn, scope.as_ref()))
            .await
    }

    async fn code(&self, code: &CodeText) -> Result<Option<Code>, StoreUnavailable> {
        self.get(code.as_str())
    }

    async fn codes(&self) -> Result<Vec<Code>, StoreUnavailable> {
        self.readers.list("codes", admission::codes).await
    }

    async fn challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>, StoreUnavailable> {
        self.get(id.as_str())
    }

    async fn certificate(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Certificate>, StoreUnavailable> {
        self.get(fingerprint.as_str())
    }

    async fn certificate_by_serial(
        &self,
        serial: &Serial,
    ) -> Result<Option<Certificate>, StoreUnavailable> {
        self.readers.read(
            || format!("reading the certificate with serial number `{serial}`"),
            |conn| certificate::by_serial(conn, serial),
        )
    }

    async fn certificate_by_transaction(
        &self,
        transaction: &str,
        key_sha256: &str,
    ) -> Result<Option<Certificate>, StoreUnavailable> {
        self.readers.read(
            || "reading a certificate by its transaction".to_owned(),
            |conn| certificate::by_transaction(conn, transaction, key_sha256),
        )
    }

    async fn certificates(
        &self,
        device: Option<&DeviceId>,
        limit: usize,
    ) -> Result<Vec<Certificate>, StoreUnavailable> {
        let device = device.cloned();
        self.readers
            .list("certificates", move |conn| {
                certificate::list(conn, device.as_ref(), limit)
            })
            .await
    }

    async fn revoked(&self) -> Result<Vec<Certificate>, StoreUnavailable> {
        self.readers
            .list("revoked certificates", certificate::revoked)
            .await
    }

    async fn session(&self, device: &DeviceId) -> Result<Option<Session>, StoreUnavailable> {
        self.get(device.as_str())
    }

    async fn link(&self, token: &LinkToken) -> Result<Option<Link>, StoreUnavailable> {
        // The token is a secret, so that no error names it.
        self.readers.read(
            || "reading a link".to_owned(),
            |conn| by_key(conn, token.as_str()),
        )
    }

    async fn events(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Event>, StoreUnavailable> {
        let filter = filter.clone();
        self.readers
            .list("events", move |conn| {
                event::list(conn, after, &filter, limit)
            })
            .await
    }

    async fn event_range(&self) -> Result<(u64, u64), StoreUnavailable> {
        self.readers
            .read(|| "reading the range of events".to_owned(), event::range)
    }

    fn newest_event(&self) -> Arc<dyn Follow> {
        Arc::clone(&self.newest) as Arc<dyn Follow>
    }
}
