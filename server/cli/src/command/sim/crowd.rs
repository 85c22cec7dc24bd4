//! Many devices at once: a bounded number of tasks, a bar that counts them, and devices that go on polling.

use std::future::Future;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use mdm_simulators::apple::{AppleDevice, DeviceError, Persona, Platform};
use mdm_simulators::windows::{self, WindowsDevice};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::lab::{Authentication, Lab};
use crate::failure::Failure;

/// Tasks at once. More only wait for each other.
const AT_ONCE: usize = 16;

/// Devices to be.
#[derive(Debug)]
pub(super) struct Order {
    /// What they are.
    pub(super) platform: Platform,
    /// How many.
    pub(super) count: usize,
    /// Seed of the first; each next one has the next seed.
    pub(super) seed: u64,
    /// How they show who they are.
    pub(super) authentication: Authentication,
    /// Principal name of the user they all belong to.
    pub(super) user: Option<String>,
}

impl Order {
    /// Enrolls them, in the order of their seeds.
    pub(super) async fn enroll(&self, lab: &Lab) -> Result<Vec<AppleDevice>, Failure> {
        let tasks = (self.seed..).take(self.count).map(|seed| {
            let (lab, authentication) = (lab.clone(), self.authentication);
            let user = self.user.as_deref().map(super::lab::user);
            let persona = Persona::from_seed(self.platform, seed);
            async move { lab.enroll(persona, authentication, user).await }
        });
        together(&bar("enrolling", self.count), tasks).await
    }
}

/// Windows devices to be.
#[derive(Debug)]
pub(super) struct WindowsOrder {
    /// What they are.
    pub(super) version: windows::Version,
    /// How many.
    pub(super) count: usize,
    /// Seed of the first; each next one has the next seed.
    pub(super) seed: u64,
    /// Principal name of the user they all belong to.
    pub(super) user: Option<String>,
}

impl WindowsOrder {
    /// Enrolls them, in the order of their seeds.
    pub(super) async fn enroll(&self, lab: &Lab) -> Result<Vec<WindowsDevice>, Failure> {
        let tasks = (self.seed..).take(self.count).map(|seed| {
            let lab = lab.clone();
            let user = self.user.as_deref().map(super::lab::user);
            let persona = windows::Persona::from_seed(self.version, seed);
            async move { lab.enroll_windows(persona, user).await }
        });
        together(&bar("enrolling", self.count), tasks).await
    }
}

/// A bar on standard error, where that is a terminal.
pub(super) fn bar(what: &'static str, count: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX)).with_message(what);
    match ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len}") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// Runs tasks, a bounded number at once; their results in the order of the tasks, or the first failure.
pub(super) async fn together<T, F>(
    bar: &ProgressBar,
    tasks: impl Iterator<Item = F>,
) -> Result<Vec<T>, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let mut tasks = tasks.enumerate();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((place, task)) = tasks.next()
        {
            running.spawn(async move { (place, task.await) });
        }
        let Some(finished) = running.join_next().await else {
            break;
        };
        let (place, result) =
            finished.map_err(|error| Failure::simulation("simulating devices", error))?;
        done.push((place, result?));
        bar.inc(1);
    }
    bar.finish_and_clear();
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

/// A simulated device that polls.
pub(in crate::command) trait Poll: Send + 'static {
    /// Polls once. Says whether the device goes on: a failure does not end it, an ended enrollment does.
    fn turn(&mut self) -> impl Future<Output = bool> + Send;
}

impl Poll for AppleDevice {
    async fn turn(&mut self) -> bool {
        match self.poll().await {
            Ok(_) => self.enrollment().is_some(),
            Err(DeviceError::Unenrolled(_) | DeviceError::NotEnrolled) => false,
            Err(error) => {
                warn(&self.persona().device_name, &error);
                true
            }
        }
    }
}

impl Poll for WindowsDevice {
    async fn turn(&mut self) -> bool {
        match self.poll().await {
            Ok(_) => self.enrollment().is_some(),
            Err(windows::DeviceError::NotEnrolled) => false,
            Err(error) => {
                warn(&self.persona().device_name, &error);
                self.enrollment().is_some()
            }
        }
    }
}

fn warn(device: &str, error: &dyn std::error::Error) {
    let cause = error.source().map(ToString::to_string);
    tracing::warn!(device, %error, cause, "a simulated device could not poll");
}

/// Lets devices poll, each after every `pause`, until none is enrolled any more.
pub(in crate::command) async fn attend<D: Poll>(devices: Vec<D>, pause: Duration) {
    let mut polling = JoinSet::new();
    for device in devices {
        polling.spawn(poll(device, pause));
    }
    while polling.join_next().await.is_some() {}
}

async fn poll<D: Poll>(mut device: D, pause: Duration) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !device.turn().await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn results_keep_their_order_and_the_crowd_its_bound() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..100).map(|number| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..number % 7 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(number)
            }
        });
        let done = together(&ProgressBar::hidden(), tasks).await.unwrap();
        assert_eq!(done, (0..100).collect::<Vec<_>>());
        let most = most.load(Ordering::SeqCst);
        assert!((2..=AT_ONCE).contains(&most), "{most} at once");
    }

    #[tokio::test]
    async fn the_first_failure_counts() {
        let tasks = (0..100).map(|number| async move {
            if number == 3 {
                Err(Failure::usage("three", "take another"))
            } else {
                Ok(number)
            }
        });
        let failure = together(&ProgressBar::hidden(), tasks).await.unwrap_err();
        assert_eq!(failure.to_string(), "three");
    }
}
