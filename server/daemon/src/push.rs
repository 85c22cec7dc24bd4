//! Push: asks Apple's service to tell a device that something waits for it.
//!
//! [`Pusher`] is the domain's [`Waker`]: [`Waker::wake`] only makes a note in the agenda, so it
//! never waits. [`Pusher::run`] works the agenda off. The domain's services need a waker and
//! a pusher needs the services (to load the channel, to append events, to retire a token); that
//! circle is cut by handing the services to [`Pusher::run`] rather than to [`Pusher::new`].

mod agenda;
mod alarms;
mod client;
mod flight;
#[cfg(test)]
pub(crate) mod lab;
mod pace;
mod quiet;
mod roots;
mod setup_error;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;
use mdm_apple::identifier::Topic;
use mdm_certs::push_certificate::PushCertificate;
use mdm_core::channel::Channel;
use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::Scope;
use mdm_core::ports::{Clock, Waker};
use mdm_core::service::Services;
use mdm_core::time::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::config;

use agenda::Agenda;
use client::Client;
use flight::Flight;
use pace::Pace;
use quiet::Quiet;

pub use setup_error::PushSetupError;

/// Channels that may wait for a push, and as many for a reminder.
const CAPACITY: usize = 10_000;
/// Pushes on their way at once.
const CONCURRENT: usize = 64;
/// A push certificate that ends within this is spoken of at start.
const ENDS_SOON: i64 = 30 * 24 * 3600;

/// Wakes devices by Apple's push service, or does not.
pub struct Pusher {
    mode: Mode,
    pace: Pace,
    agenda: Mutex<Agenda>,
    quiet: Mutex<Quiet>,
    /// Something was added to the agenda.
    asked: Notify,
    clock: Arc<dyn Clock>,
}

enum Mode {
    /// Nobody said how devices are woken.
    Unconfigured,
    /// They are not: they poll.
    None,
    Apns(Box<Apns>),
}

/// The service, and for whom we may push.
struct Apns {
    client: Client,
    topic: Topic,
    subject: String,
    not_after: Timestamp,
}

impl Pusher {
    /// Reads the push certificate and the roots, and connects to nobody yet.
    pub fn new(push: &config::Push, clock: Arc<dyn Clock>) -> Result<Arc<Self>, PushSetupError> {
        Self::with_pace(push, clock, Pace::DEFAULT)
    }

    fn with_pace(
        push: &config::Push,
        clock: Arc<dyn Clock>,
        pace: Pace,
    ) -> Result<Arc<Self>, PushSetupError> {
        let mode = match push {
            config::Push::Unconfigured => Mode::Unconfigured,
            config::Push::None => Mode::None,
            config::Push::Apns(apns) => Mode::Apns(Box::new(Apns::open(apns, pace)?)),
        };
        Ok(Arc::new(Self {
            mode,
            pace,
            agenda: Mutex::new(Agenda::new(CAPACITY)),
            quiet: Mutex::new(Quiet::new(pace.quiet)),
            asked: Notify::new(),
            clock,
        }))
    }

    /// The topic devices enroll with; none without a push certificate.
    pub fn topic(&self) -> Option<&str> {
        match &self.mode {
            Mode::Apns(apns) => Some(apns.topic.as_str()),
            Mode::Unconfigured | Mode::None => None,
        }
    }

    /// Until when Apple accepts the push certificate.
    pub fn not_after(&self) -> Option<Timestamp> {
        match &self.mode {
            Mode::Apns(apns) => Some(apns.not_after),
            Mode::Unconfigured | Mode::None => None,
        }
    }

    /// Whether devices can be woken.
    pub fn is_configured(&self) -> bool {
        self.topic().is_some()
    }

    /// What a person should know of the push certificate now: in words, and what can be done.
    pub fn notices(&self) -> Vec<(String, Option<String>)> {
        let Mode::Apns(apns) = &self.mode else {
            return Vec::new();
        };
        let left = apns.not_after.seconds_since(self.clock.now());
        let verb = if left <= 0 { "ended" } else { "ends" };
        if left > ENDS_SOON {
            return Vec::new();
        }
        let text = format!(
            "the push certificate `{}` {verb} at {}",
            apns.subject, apns.not_after
        );
        let hint = "renew it in Apple's Push Certificates Portal under the same account; a new one instead of a renewed \
                    one has another topic, and every device must enroll again";
        vec![(text, Some(hint.to_owned()))]
    }

    /// Sends what is asked for until `stopped` becomes true. What waits then is dropped: a push is
    /// a hint, and a device that is not woken comes by itself in time.
    pub async fn run(self: Arc<Self>, services: Services, mut stopped: watch::Receiver<bool>) {
        let mut flights = JoinSet::new();
        let mut refusals_told: Option<Instant> = None;
        loop {
            let now = Instant::now();
            while flights.len() < CONCURRENT {
                let Some(departure) = self.agenda().depart(now) else {
                    break;
                };
                flights.spawn(Flight::new(Arc::clone(&self), departure).fly(services.clone()));
            }
            if refusals_told.is_none_or(|at| now.duration_since(at) >= Duration::from_secs(1)) {
                let refused = self.agenda().refused();
                if refused > 0 {
                    refusals_told = Some(now);
                    flight::record(&services, too_many(services.clock.now(), refused)).await;
                }
            }
            let next = self.agenda().next().filter(|_| flights.len() < CONCURRENT);
            tokio::select! {
                () = async { let _ = stopped.wait_for(|stop| *stop).await; } => break,
                () = self.asked.notified() => {}
                Some(_) = flights.join_next() => {}
                () = at(next) => {}
            }
        }
        // The rest is aborted when the set is dropped.
        let landed = async { while flights.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(self.pace.goodbye, landed).await;
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a way to this channel. One that enrolled with another topic counts, so that
    /// it is told why it is not woken.
    fn reaches(&self, channel: &Channel) -> bool {
        self.is_configured() && channel.active && channel.push.is_some()
    }
}

impl Waker for Pusher {
    fn wake(&self, channel: &Channel) {
        if self.reaches(channel) {
            self.agenda().ask(&channel.id, Instant::now());
            self.asked.notify_one();
        }
    }

    fn wake_after(&self, channel: &Channel, seconds: u32) {
        if self.reaches(channel) {
            let at = Instant::now() + Duration::from_secs(u64::from(seconds));
            self.agenda().ask_later(&channel.id, at);
            self.asked.notify_one();
        }
    }
}

impl Apns {
    fn open(config: &config::Apns, pace: Pace) -> Result<Self, PushSetupError> {
        let path = config.certificate.clone();
        let bytes = std::fs::read(&path).map_err(|source| PushSetupError::File {
            path: path.clone(),
            source,
        })?;
        let password = config.password.as_ref().map(config::Secret::expose);
        let certificate = PushCertificate::from_file(&bytes, password)
            .map_err(|source| PushSetupError::Certificate { path, source })?;
        let topic = certificate.topic().parse().map_err(PushSetupError::Topic)?;
        let endpoint = config
            .endpoint
            .clone()
            .unwrap_or(Uri::from_static(client::APPLE));
        let roots = roots::load(config.ca_file.as_deref())?;
        Ok(Self {
            client: Client::new(&endpoint, roots, &certificate, pace)?,
            topic,
            subject: certificate.subject().to_owned(),
            not_after: certificate.not_after().into(),
        })
    }
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher")
            .field("topic", &self.topic())
            .finish_non_exhaustive()
    }
}

fn too_many(now: Timestamp, refused: u64) -> NewEvent {
    let text = format!("{refused} pushes were dropped: more than {CAPACITY} channels wait for one");
    NewEvent::new(now, &Scope::default(), Kind::LimitHit, text)
        .fact("rule", "push.waiting")
        .fact("count", refused)
}

/// Waits until then; for ever when there is no such time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => pending().await,
    }
}
