//! Accepting connections, and stopping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::census::Census;
use super::connection::{Shared, run};
use super::stage::{Stage, reached};
use super::{Apps, LimitSink, Limits, Role, TlsPort};

/// How long accepting rests when the process has no file descriptor left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// A bound socket and what it is for.
#[derive(Debug)]
pub struct Listener {
    /// Bound beforehand, so that failing to bind is the caller's to explain.
    pub socket: TcpListener,
    /// The role of plain connections; with TLS the [`TlsPort`] chooses.
    pub role: Role,
    /// `None` for plain HTTP. The value may be replaced at any time; open connections keep what they have.
    pub tls: Option<Arc<ArcSwap<TlsPort>>>,
}

/// What a connection needs of its listener.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) role: Role,
    pub(super) tls: Option<Arc<ArcSwap<TlsPort>>>,
}

/// A server at work. Dropping it ends everything at once.
#[derive(Debug)]
pub struct Serving {
    stage: watch::Sender<Stage>,
    census: Arc<Census>,
    drain_time: Duration,
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that had to be cut off; 0 after a clean stop.
    pub cut_off: usize,
}

/// Starts accepting on every listener. Must be called within a tokio runtime.
pub fn serve(
    listeners: Vec<Listener>,
    apps: Apps,
    limits: Limits,
    sink: Arc<dyn LimitSink>,
) -> Serving {
    let (sender, stage) = watch::channel(Stage::Serving);
    let drain_time = limits.drain_time;
    let shared = Arc::new(Shared::new(apps, limits, sink, stage));
    for Listener { socket, role, tls } in listeners {
        let port = Arc::new(Port { role, tls });
        tokio::spawn(accept(Arc::clone(&shared), port, socket));
    }
    Serving {
        stage: sender,
        census: Arc::clone(&shared.census),
        drain_time,
    }
}

impl Serving {
    /// Stops accepting, lets requests in progress finish within [`Limits::drain_time`], cuts off the rest, and returns when
    /// nothing is left.
    pub async fn stop(self) -> Drained {
        self.stage.send_replace(Stage::Draining);
        if tokio::time::timeout(self.drain_time, self.stage.closed())
            .await
            .is_ok()
        {
            return Drained { cut_off: 0 };
        }
        let cut_off = self.census.connections();
        self.stage.send_replace(Stage::Ended);
        self.stage.closed().await;
        Drained { cut_off }
    }
}

async fn accept(shared: Arc<Shared>, port: Arc<Port>, socket: TcpListener) {
    let mut stage = shared.stage.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            () = reached(&mut stage, Stage::Draining) => return,
            accepted = socket.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // A connection reset before we took it is the peer's affair; out of descriptors is ours, and passes.
                tracing::warn!(%error, role = %port.role, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        match shared.census.admit(peer.ip(), &shared.limits) {
            Ok(counted) => {
                let (shared, port) = (Arc::clone(&shared), Arc::clone(&port));
                tokio::spawn(async move {
                    // Its receiver tells the server that this connection is still there.
                    run(shared, port, stream, peer, counted).await;
                });
            }
            Err(rule) => shared.sink.limit_hit(rule, peer.ip()),
        }
    }
}
