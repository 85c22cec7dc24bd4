//! Load from enrolled devices: requests signed before the clock starts, sent over connections that are kept.

mod connection;
mod lines;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;

pub use lines::Lines;
pub use report::{Latency, LoadReport};

use self::connection::{Connection, Prepared};
use self::report::Tally;
use crate::apple::{AppleDevice, Channel, DeviceError, Presigned};
use crate::document::{self, Ask as _};
use crate::http::HttpError;
use crate::progress::{Progress, Step};

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Idle polls, again and again.
    IdlePolls,
    /// Acknowledgements: rounds of one for every device that has a command. Commands are fetched and acknowledgements
    /// signed between the rounds, while the clock stands still.
    Acknowledgements,
}

/// When it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// After so many requests.
    Requests(u64),
    /// After so much time on the clock.
    Time(Duration),
}

/// A load to be put on a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// Connections in parallel.
    pub connections: usize,
    /// What is sent.
    pub kind: Kind,
    /// When it ends.
    pub limit: Limit,
    /// Who is told how far it is.
    pub progress: Progress,
}

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No device, or no connection.
    #[error("a load needs at least one device and one connection")]
    Nothing,
    /// A request could not be made.
    #[error("request of a device could not be made")]
    Device(#[from] DeviceError),
    /// A connection could not be prepared.
    #[error("connection could not be prepared")]
    Http(#[from] HttpError),
    /// A command could not be fetched.
    #[error("command of a device could not be fetched: {0}")]
    Fetch(String),
    /// A connection's task ended unexpectedly.
    #[error("a connection's task ended unexpectedly")]
    Task(#[source] tokio::task::JoinError),
}

/// Requests of one connection, each with the index of its device.
type Requests = Vec<(usize, Prepared)>;

impl Load {
    /// Puts the load on the server the devices are enrolled with. Devices must be enrolled.
    pub async fn run(&self, devices: &[AppleDevice]) -> Result<LoadReport, LoadError> {
        if devices.is_empty() || self.connections == 0 {
            return Err(LoadError::Nothing);
        }
        let total = match self.limit {
            Limit::Requests(total) => Some(total),
            Limit::Time(_) => None,
        };
        self.progress.tell(Step::Started {
            what: format!("load by {} devices", devices.len()),
            total,
        });
        let tally = match self.kind {
            Kind::IdlePolls => self.idle_polls(devices).await?,
            Kind::Acknowledgements => self.acknowledgements(devices).await?,
        };
        self.progress.tell(Step::Finished);
        Ok(tally.into_report())
    }

    async fn idle_polls(&self, devices: &[AppleDevice]) -> Result<Tally, LoadError> {
        let idle = |device: &AppleDevice| device.presign_idle(Channel::Device);
        let (mut connections, requests) =
            self.prepare(devices, |_, device| idle(device).map(Some))?;
        let mut tally = Tally::default();
        self.round(&mut connections, requests, true, &mut tally)
            .await?;
        Ok(tally)
    }

    async fn acknowledgements(&self, devices: &[AppleDevice]) -> Result<Tally, LoadError> {
        let (mut connections, idles) = self.prepare(devices, |_, device| {
            device.presign_idle(Channel::Device).map(Some)
        })?;
        let mut waiting: Vec<Option<Bytes>> = vec![None; devices.len()];
        for (connection, requests) in connections.iter_mut().zip(&idles) {
            for (device, request) in requests {
                let (status, body) = connection
                    .exchange(request)
                    .await
                    .map_err(LoadError::Fetch)?;
                if status == 200
                    && let Some(slot) = waiting.get_mut(*device)
                {
                    *slot = Some(body);
                }
            }
        }
        let mut tally = Tally::default();
        loop {
            let acknowledge = |index: usize, device: &AppleDevice| {
                let body = waiting
                    .get(index)
                    .cloned()
                    .flatten()
                    .filter(|body| !body.is_empty());
                let uuid = body.and_then(|body| {
                    document::read(&body)
                        .ok()?
                        .text("CommandUUID")
                        .map(str::to_owned)
                });
                uuid.map(|uuid| device.presign_acknowledgement(Channel::Device, &uuid))
                    .transpose()
            };
            let (_, requests) = self.prepare(devices, acknowledge)?;
            if requests.iter().all(Vec::is_empty) || self.is_over(&tally) {
                return Ok(tally);
            }
            waiting = vec![None; devices.len()];
            for (device, body) in self
                .round(&mut connections, requests, false, &mut tally)
                .await?
            {
                if let Some(slot) = waiting.get_mut(device) {
                    *slot = Some(body);
                }
            }
        }
    }

    fn is_over(&self, tally: &Tally) -> bool {
        match self.limit {
            Limit::Requests(limit) => tally.requests() >= limit,
            Limit::Time(limit) => tally.elapsed >= limit,
        }
    }

    /// Distributes devices over connections and makes their requests. Without signatures a connection stands for one
    /// device, whose certificate it shows.
    fn prepare(
        &self,
        devices: &[AppleDevice],
        request: impl Fn(usize, &AppleDevice) -> Result<Option<Presigned>, DeviceError>,
    ) -> Result<(Vec<Connection>, Vec<Requests>), LoadError> {
        let count = self.connections.min(devices.len());
        let mut connections: Vec<Connection> = Vec::with_capacity(count);
        let mut all: Vec<Requests> = (0..count).map(|_| Vec::new()).collect();
        for (index, device) in devices.iter().enumerate() {
            let place = index % count;
            let enrollment = device.enrollment().ok_or(DeviceError::NotEnrolled)?;
            let made = request(index, device)?;
            if connections.len() == place {
                let target = made
                    .as_ref()
                    .map_or(enrollment.payload.server_url.as_str(), |made| {
                        made.url.as_str()
                    });
                let unsigned = made.as_ref().is_some_and(|made| made.signature.is_none());
                connections.push(Connection::new(
                    device,
                    target,
                    unsigned.then_some(&enrollment.identity),
                )?);
            }
            let Some(made) = made else { continue };
            if let Some(requests) = all.get_mut(place)
                && (made.signature.is_some() || requests.is_empty())
            {
                requests.push((index, Prepared::new(&made)?));
            }
        }
        Ok((connections, all))
    }

    /// Sends the requests of all connections at once, over and over or each once; gives the answers' bodies if once.
    async fn round(
        &self,
        connections: &mut Vec<Connection>,
        requests: Vec<Requests>,
        over_and_over: bool,
        tally: &mut Tally,
    ) -> Result<Vec<(usize, Bytes)>, LoadError> {
        for connection in connections.iter_mut() {
            connection.open().await.map_err(LoadError::Fetch)?;
        }
        let sent = Arc::new(AtomicU64::new(tally.requests()));
        let started = Instant::now();
        let before = tally.elapsed;
        let mut tasks = JoinSet::new();
        let pairs = std::mem::take(connections).into_iter().zip(requests);
        for (place, (mut connection, requests)) in pairs.enumerate() {
            let (sent, limit, progress) = (Arc::clone(&sent), self.limit, self.progress.clone());
            tasks.spawn(async move {
                let (mut tally, mut bodies) = (Tally::default(), Vec::new());
                'all: loop {
                    for (device, request) in &requests {
                        let number = sent.fetch_add(1, Ordering::Relaxed);
                        let over = match limit {
                            Limit::Requests(limit) => number >= limit,
                            Limit::Time(limit) => before + started.elapsed() >= limit,
                        };
                        if over {
                            break 'all;
                        }
                        let begun = Instant::now();
                        let answer = connection.exchange(request).await;
                        tally.count(&answer, begun.elapsed());
                        if let Ok((200, body)) = answer
                            && !over_and_over
                        {
                            bodies.push((*device, body));
                        }
                        if number % 1_000 == 999 {
                            progress.tell(Step::Advanced { done: number + 1 });
                        }
                    }
                    if !over_and_over || requests.is_empty() {
                        break;
                    }
                }
                (place, connection, tally, bodies)
            });
        }
        let mut bodies = Vec::new();
        let mut returned = Vec::new();
        while let Some(done) = tasks.join_next().await {
            let (place, connection, one, some) = done.map_err(LoadError::Task)?;
            tally.add(one);
            bodies.extend(some);
            returned.push((place, connection));
        }
        tally.elapsed = before + started.elapsed();
        returned.sort_by_key(|(place, _)| *place);
        *connections = returned
            .into_iter()
            .map(|(_, connection)| connection)
            .collect();
        Ok(bodies)
    }
}
