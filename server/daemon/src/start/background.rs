//! What goes on beside requests: renewing certificates, publishing revocations, noticing losses.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mdm_core::evaluation::Concern;
use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::DeviceId;
use mdm_core::ports::StoreUnavailable;
use mdm_core::time::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::announce::Announcer;
use crate::pki::CRL_LIFE;
use crate::server::Server;

/// How often certificates, the revocation list and what is of no use are looked at.
const UPKEEP: Duration = Duration::from_mins(1);
/// Devices, or commands of one, looked at together.
const PAGE: usize = 1000;
/// How often lost exchanges are told.
const LOSSES: Duration = Duration::from_secs(5);

/// Starts everything; it ends when `stopped` becomes true.
pub(super) fn start(
    server: &Server,
    announcer: &Arc<Announcer>,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let (pusher, seen) = (Arc::clone(&server.pusher), Arc::clone(&server.seen));
    vec![
        tokio::spawn(pusher.run(server.services.clone(), stopped.clone())),
        tokio::spawn(seen.run(stopped.clone())),
        tokio::spawn(evaluate(server.clone())),
        tokio::spawn(wake_waiting(server.clone())),
        tokio::spawn(upkeep(server.clone(), stopped.clone())),
        tokio::spawn(losses(
            server.clone(),
            Arc::clone(announcer),
            stopped.clone(),
        )),
    ]
}

/// Waits for `time`, or for the stop. False when it is the stop.
async fn rest(stopped: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        _ = stopped.wait_for(|stop| *stop) => false,
    }
}

/// Makes up for evaluations that a stop cut short.
async fn evaluate(server: Server) {
    let scopes = match server.store.assignments(None).await {
        Ok(all) => all.into_iter().map(|a| a.scope).collect::<BTreeSet<_>>(),
        Err(error) => return tracing::error!(%error, "assignments were not evaluated"),
    };
    for scope in scopes {
        let everything = Concern::everything();
        if let Err(error) = server.services.evaluate(&scope, &everything).await {
            tracing::error!(%error, %scope, "assignments were not evaluated");
        }
    }
}

/// Wakes devices whose commands waited while the server was down: pushes live in memory only.
async fn wake_waiting(server: Server) {
    if !server.pusher.is_configured() {
        return;
    }
    let mut after = None;
    loop {
        let page = match server.store.devices(None, after.as_ref(), PAGE).await {
            Ok(page) => page,
            Err(error) => {
                return tracing::error!(%error, "devices with waiting commands were not woken");
            }
        };
        let Some(last) = page.last() else { return };
        after = Some(last.id.clone());
        for device in page {
            if let Err(error) = wake(&server, &device.id).await {
                return tracing::error!(%error, "devices with waiting commands were not woken");
            }
        }
    }
}

async fn wake(server: &Server, device: &DeviceId) -> Result<(), StoreUnavailable> {
    let waiting = server.store.commands(device, true, PAGE).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    for channel in server.store.channels(device).await? {
        if channel.active && waiting.iter().any(|c| c.channel == channel.id) {
            server.services.waker.wake(&channel);
        }
    }
    Ok(())
}

async fn upkeep(server: Server, mut stopped: watch::Receiver<bool>) {
    let mut published = server.clock.now();
    while rest(&mut stopped, UPKEEP).await {
        let now = server.clock.now();
        if let Err(error) = server.store.sweep(now).await {
            tracing::error!(%error, "old challenges and links were not swept away");
        }
        if now.seconds_since(published) >= CRL_LIFE.whole_seconds() / 2 {
            match publish(&server, now).await {
                Ok(()) => published = now,
                Err(reason) => tracing::error!(%reason, "the revocation list was not renewed"),
            }
        }
        let (pki, ids) = (Arc::clone(&server.pki), Arc::clone(&server.ids));
        match tokio::task::spawn_blocking(move || pki.renew(&ids, now)).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                let text = "a server certificate was renewed; the root is the same";
                let event = NewEvent::new(now, &server.config.scope, Kind::LeafRenewed, text);
                if let Err(error) = server.services.note(vec![event]).await {
                    tracing::error!(%error, "an event could not be written");
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "a server certificate was not renewed"),
            Err(error) => tracing::error!(%error, "a server certificate was not renewed"),
        }
    }
}

async fn publish(server: &Server, now: Timestamp) -> Result<(), String> {
    let revoked = server.store.revoked().await.map_err(|e| e.to_string())?;
    server
        .pki
        .publish_crl(&revoked, now)
        .map_err(|e| e.to_string())?;
    let text = format!(
        "a revocation list with {} entries was published",
        revoked.len()
    );
    let event = NewEvent::new(now, &server.config.scope, Kind::CrlPublished, text);
    server
        .services
        .note(vec![event])
        .await
        .map_err(|e| e.to_string())
}

async fn losses(server: Server, announcer: Arc<Announcer>, mut stopped: watch::Receiver<bool>) {
    let mut told = 0;
    while rest(&mut stopped, LOSSES).await {
        let lost = server.exchanges.lost();
        if lost > told {
            announcer.lost(lost - told).await;
            told = lost;
        }
    }
}
