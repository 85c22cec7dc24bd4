//! Starting and stopping a server: the one place that puts everything together.

mod background;
mod bind;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mdm_core::code::Code;
use mdm_core::event::{Kind, NewEvent};
use mdm_core::ports::{Clock, Ids, Store, StoreUnavailable};
use mdm_core::service::enrollment::NewCode;
use mdm_core::service::{ServiceError, Services};
use mdm_payloads::Secret;
use mdm_store::exchanges::ExchangeStore;
use mdm_store::sqlite::{OpenError, Options, SqliteStore};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin;
use crate::advertised::{Advertised, AdvertisedError};
use crate::announce::Announcer;
use crate::banner::{Banner, Notice};
use crate::clock::SystemClock;
use crate::config::{Complaints, Config, Push};
use crate::devices::Devices;
use crate::directory::{Directory, FileError};
use crate::edge::{
    App, Apps, Limits, Listener, Network, Role, Serving, SniMap, TlsPort, TlsSetupError, serve,
};
use crate::encode::{AppleEncoder, Dialects, WindowsEncoder};
use crate::enrollment::{EnrollmentProfiles, PLACEHOLDER_TOPIC};
use crate::identity::Identities;
use crate::ids::{NoRandomness, RandomIds};
use crate::pki::{Pki, PkiError};
use crate::push::{PushSetupError, Pusher};
use crate::ready::{Ready, ReadyError};
use crate::render::Renderer;
use crate::seen::LastSeen;
use crate::server::{Server, Urls};

use bind::{BindError, Bound};

/// The label of the code that is printed at start.
const START_CODE: &str = "printed at start";
const TOKEN_FILE: &str = "admin.token";
const ROOT_FILE: &str = "root.pem";

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is wrong.
    #[error("the configuration is wrong")]
    Config(#[from] Complaints),
    /// The directory of an ephemeral server exists already.
    #[error("`{0}` exists already; an ephemeral server removes its directory when it stops")]
    Exists(String),
    /// Files fail.
    #[error(transparent)]
    File(#[from] FileError),
    /// Storage does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Storage fails.
    #[error(transparent)]
    Storage(#[from] StoreUnavailable),
    /// The name changed.
    #[error(transparent)]
    Advertised(#[from] AdvertisedError),
    /// There is no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// There are no certificates.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// An address cannot be used.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Push cannot be set up.
    #[error(transparent)]
    Push(#[from] PushSetupError),
    /// The ready file cannot be written.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// The first records cannot be written.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl StartError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Advertised(AdvertisedError::Changed { .. }) => Some(
                "use another data directory, or --change-name to leave those devices behind"
                    .to_owned(),
            ),
            Self::Store(OpenError::Locked { .. }) => {
                Some("stop the other server, or give this one another --data directory".to_owned())
            }
            Self::Bind(error) => Some(error.hint().to_owned()),
            _ => None,
        }
    }
}

/// A server at work. Dropping it ends everything at once; [`Running::stop`] ends it in order.
pub struct Running {
    /// Where it is reached.
    pub ready: Ready,
    /// What a person wants to know of it.
    pub banner: Banner,
    server: Server,
    serving: Serving,
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    remove: Option<std::path::PathBuf>,
}

/// Starts a server. Must be called within a multi-threaded tokio runtime.
pub async fn start(config: Config) -> Result<Running, StartError> {
    config.validate()?;
    let path = config.data.path.clone();
    if config.data.ephemeral && path.exists() {
        return Err(StartError::Exists(path.display().to_string()));
    }
    let directory = Directory::open(&path)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = Arc::new(RandomIds::new()?);
    // The store locks the directory: nothing else may be read or written before.
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Options::default())?);
    let exchanges = Arc::new(ExchangeStore::open(
        &path,
        mdm_store::exchanges::Options::default(),
    )?);
    let devices = store.devices(None, None, 100_000).await?.len();
    let wanted = Advertised {
        name: config.advertised().to_owned(),
        public_url: config
            .public_url
            .as_ref()
            .map(|u| u.to_string().trim_end_matches('/').to_owned()),
        instance: uuid::Builder::from_random_bytes(ids.bytes()).into_uuid(),
    };
    let advertised = Arc::new(Advertised::settle(
        &directory,
        wanted,
        config.change_name,
        devices,
    )?);
    let bound = Bound::bind(&config).await?;
    let urls = Arc::new(bound.urls(&config));
    let addresses = bind::addresses(&config);
    let now = clock.now();
    let pki = {
        let names = config
            .names
            .iter()
            .cloned()
            .chain(config.mtls_name())
            .collect::<Vec<_>>();
        let (directory, ids) = (directory.clone(), Arc::clone(&ids));
        tokio::task::spawn_blocking(move || Pki::open(&directory, &names, &addresses, &ids, now))
            .await
            .unwrap_or(Err(PkiError::Interrupted))?
    };
    let pki = Arc::new(pki);
    directory.write(ROOT_FILE, &pki.authority().certificate_pem())?;
    let token = Arc::new(token(&directory, &ids)?);
    let config = Arc::new(config);
    let server = compose(Parts {
        config,
        store,
        exchanges,
        clock,
        ids,
        pki,
        advertised,
        urls,
        token,
    })?;
    serve_it(server, bound, &directory).await
}

/// What is needed before anything can be put together.
struct Parts {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    exchanges: Arc<ExchangeStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<RandomIds>,
    pki: Arc<Pki>,
    advertised: Arc<Advertised>,
    urls: Arc<Urls>,
    token: Arc<Secret>,
}

/// Puts the services together.
fn compose(parts: Parts) -> Result<(Server, Arc<EnrollmentProfiles>), StartError> {
    let renderer = Arc::new(Renderer {
        store: Arc::clone(&parts.store),
        pki: Arc::clone(&parts.pki),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids),
        urls: Arc::clone(&parts.urls),
        advertised: Arc::clone(&parts.advertised),
        organization: parts.config.organization.clone(),
    });
    let pusher = Pusher::new(&parts.config.push, Arc::clone(&parts.clock))?;
    let enrollments = Arc::new(EnrollmentProfiles {
        renderer: Arc::clone(&renderer),
        topic: pusher.topic().unwrap_or(PLACEHOLDER_TOPIC).to_owned(),
        allow_destructive: parts.config.allow_destructive,
    });
    let identities = Arc::new(Identities::new(
        Arc::clone(&parts.pki),
        parts.config.clock_tolerance,
    ));
    let services = Services {
        store: Arc::clone(&parts.store),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids) as Arc<dyn Ids>,
        encoder: Arc::new(Dialects {
            apple: AppleEncoder {
                renderer: Arc::clone(&renderer),
                enrollments: Arc::clone(&enrollments),
                allow_destructive: parts.config.allow_destructive,
            },
            windows: WindowsEncoder {
                renderer: Arc::clone(&renderer),
                allow_destructive: parts.config.allow_destructive,
            },
        }),
        waker: Arc::clone(&pusher) as Arc<dyn mdm_core::ports::Waker>,
        committed: Arc::clone(&identities) as Arc<dyn mdm_core::ports::Committed>,
        targetings: mdm_core::service::Targetings::default(),
    };
    let seen = Arc::new(LastSeen::new(Arc::clone(&parts.store)));
    let server = Server {
        config: parts.config,
        services,
        store: parts.store,
        exchanges: parts.exchanges,
        pki: parts.pki,
        clock: parts.clock,
        ids: parts.ids,
        renderer,
        identities,
        pusher,
        seen,
        advertised: parts.advertised,
        urls: parts.urls,
        token: parts.token,
    };
    Ok((server, enrollments))
}

async fn serve_it(
    (server, enrollments): (Server, Arc<EnrollmentProfiles>),
    bound: Bound,
    directory: &Directory,
) -> Result<Running, StartError> {
    let now = server.clock.now();
    server
        .pki
        .publish_crl(&server.store.revoked().await?, now)?;
    let code = start_code(&server).await?;
    let announcer = Arc::new(Announcer::new(
        server.services.clone(),
        Arc::clone(&server.clock),
        server.config.scope.clone(),
    ));
    let (stopping, stopped) = watch::channel(false);
    let tasks = background::start(&server, &announcer, &stopped);
    let listeners = listeners(&server, bound)?;
    let limits = Limits {
        exempt_networks: exempt(&server.config),
        ..Limits::default()
    };
    let apps = Apps {
        devices: App::Whole(Arc::new(Devices::new(
            server.clone(),
            enrollments,
            Arc::clone(&announcer),
        ))),
        admin: App::Router(admin::router(server.clone())),
    };
    let serving = serve(listeners, apps, limits, announcer);
    let started = NewEvent::new(
        now,
        &server.config.scope,
        Kind::ServerStarted,
        "the server answers requests",
    )
    .fact("device_url", server.urls.device.clone());
    server.services.note(vec![started]).await?;
    let ready = Ready {
        bootstrap_url: server.urls.bootstrap.clone(),
        device_url: server.urls.device.clone(),
        mtls_url: server.urls.mtls.clone(),
        verify_url: None,
        admin_url: server.urls.admin.clone(),
        imaps: None,
        smtps: None,
        ca_file: directory.file(ROOT_FILE),
        token_file: directory.file(TOKEN_FILE),
        pid: std::process::id(),
    };
    ready.write(&directory.file(Ready::FILE))?;
    if let Some(file) = &server.config.ready_file {
        ready.write(file)?;
    }
    let banner = banner(&server, code.as_ref());
    let remove = server
        .config
        .data
        .ephemeral
        .then(|| directory.path().to_owned());
    Ok(Running {
        ready,
        banner,
        server,
        serving,
        stopping,
        tasks,
        remove,
    })
}

impl Running {
    /// Stops in order: no new requests, those in progress finish, everything is on disk. Takes at
    /// most ten seconds.
    pub async fn stop(self) {
        let now = self.server.clock.now();
        let event = NewEvent::new(
            now,
            &self.server.config.scope,
            Kind::ServerStopping,
            "the server was asked to stop",
        );
        if let Err(error) = self.server.services.note(vec![event]).await {
            tracing::error!(%error, "the stop could not be recorded");
        }
        let drained = self.serving.stop().await;
        if drained.cut_off > 0 {
            tracing::warn!(connections = drained.cut_off, "connections were cut off");
        }
        self.stopping.send_replace(true);
        for task in self.tasks {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), task).await;
        }
        self.server.exchanges.flush().await;
        let ready = self.server.config.data.path.join(Ready::FILE);
        remove_file(&ready);
        if let Some(file) = &self.server.config.ready_file {
            remove_file(file);
        }
        drop(self.server);
        if let Some(directory) = self.remove
            && let Err(error) = std::fs::remove_dir_all(&directory)
        {
            tracing::warn!(%error, directory = %directory.display(), "the ephemeral directory was not removed");
        }
    }

    /// The server, for whoever embeds it.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

fn remove_file(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %path.display(), "a file was not removed");
    }
}

fn token(directory: &Directory, ids: &RandomIds) -> Result<Secret, FileError> {
    if let Some(text) = directory
        .read(TOKEN_FILE)?
        .map(|t| t.trim().to_owned())
        .filter(|t| t.len() >= 32)
    {
        return Ok(Secret::from(text));
    }
    let token = ids.secret();
    directory.write(TOKEN_FILE, &format!("{token}\n"))?;
    Ok(Secret::from(token))
}

/// The code that is printed: the one of before, or a new one.
async fn start_code(server: &Server) -> Result<Option<Code>, StartError> {
    if server.config.open_enrollment {
        return Ok(None);
    }
    let now = server.clock.now();
    let kept = server.store.codes().await?.into_iter().find(|c| {
        c.label.as_deref() == Some(START_CODE)
            && c.scope == server.config.scope
            && c.clone().redeem(now).is_ok()
    });
    if kept.is_some() {
        return Ok(kept);
    }
    let new = NewCode {
        scope: Some(server.config.scope.clone()),
        label: Some(START_CODE.to_owned()),
        ..NewCode::default()
    };
    Ok(Some(server.services.mint_code(new).await?))
}

fn listeners(server: &Server, bound: Bound) -> Result<Vec<Listener>, StartError> {
    let hint = server.pki.authority().facts().subject_der.clone();
    let port = |role: Role| -> Result<Option<Arc<ArcSwap<TlsPort>>>, StartError> {
        let mut names = SniMap::new(role);
        if let (Role::Device, Some(name)) = (role, server.config.mtls_name()) {
            names = names.with(&name, Role::Mtls);
        }
        let port = TlsPort::new(names, server.pki.leaves(), vec![hint.clone()])?;
        Ok(Some(Arc::new(ArcSwap::from_pointee(port))))
    };
    let mut listeners = Vec::new();
    if let Some(socket) = bound.bootstrap {
        listeners.push(Listener {
            socket,
            role: Role::Bootstrap,
            tls: None,
        });
    }
    for socket in bound.device {
        listeners.push(Listener {
            socket,
            role: Role::Device,
            tls: port(Role::Device)?,
        });
    }
    if let Some(socket) = bound.mtls {
        listeners.push(Listener {
            socket,
            role: Role::Mtls,
            tls: port(Role::Mtls)?,
        });
    }
    // Off loopback the admin API is never plain: its token would travel readable.
    let tls = if bound.admin_is_loopback {
        None
    } else {
        port(Role::Admin)?
    };
    listeners.push(Listener {
        socket: bound.admin,
        role: Role::Admin,
        tls,
    });
    Ok(listeners)
}

fn exempt(config: &Config) -> Vec<Network> {
    Network::LOOPBACK
        .into_iter()
        .chain(config.exempt_networks.iter().copied())
        .collect()
}

fn banner(server: &Server, code: Option<&Code>) -> Banner {
    let authority = server.pki.authority();
    let mut notices = Vec::new();
    match &server.config.push {
        Push::Unconfigured => notices.push(Notice {
            text: "Apple push is not configured: enrolled devices cannot be woken".to_owned(),
            hint: Some(
                "give --push-certificate FILE, or --push none for devices that poll; profiles by one-time link need no push"
                    .to_owned(),
            ),
        }),
        Push::None => {}
        Push::Apns(_) => notices.extend(server.pusher.notices().into_iter().map(|(text, hint)| Notice { text, hint })),
    }
    if server.config.allow_destructive {
        notices.push(Notice {
            text: "destructive commands are allowed: erase and lock reach every enrolled device that granted them".to_owned(),
            hint: None,
        });
    }
    if server.config.open_enrollment {
        notices.push(Notice {
            text: "enrollment is open: devices need no code".to_owned(),
            hint: None,
        });
    }
    Banner {
        name: server.advertised.name.clone(),
        other_names: server.config.names.iter().skip(1).cloned().collect(),
        data: server.config.data.path.clone(),
        ephemeral: server.config.data.ephemeral,
        ca_subject: authority.facts().subject.clone(),
        ca_sha256: authority.fingerprint().to_string(),
        code: code.map(|c| c.code.to_string()),
        landing_url: code.map_or_else(
            || server.urls.landing(),
            |c| format!("{}/?code={}", server.urls.landing(), c.code),
        ),
        push_topic: server.pusher.topic().map(str::to_owned),
        notices,
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}
