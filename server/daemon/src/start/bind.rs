//! Sockets and the addresses they lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::config::Config;
use crate::server::Urls;

/// An address that cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("listening at {address} for `{setting}`")]
pub struct BindError {
    /// Which setting names it.
    pub setting: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// Why not.
    #[source]
    pub source: std::io::Error,
}

impl BindError {
    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self.source.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there; choose another address, or port 0 for any"
            }
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a permission; choose a higher port"
            }
            std::io::ErrorKind::AddrNotAvailable => "this host does not have that address",
            _ => "choose another address",
        }
    }
}

/// The sockets of one server.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) bootstrap: Option<TcpListener>,
    pub(super) device: Vec<TcpListener>,
    pub(super) mtls: Option<TcpListener>,
    pub(super) admin: TcpListener,
    pub(super) admin_is_loopback: bool,
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| BindError {
            setting,
            address,
            source,
        })
}

impl Bound {
    /// Binds what is configured.
    pub(super) async fn bind(config: &Config) -> Result<Self, BindError> {
        let mut device = Vec::new();
        for address in &config.listen {
            device.push(listen("listen", *address).await?);
        }
        let bootstrap = match config.bootstrap {
            Some(address) => Some(listen("bootstrap", address).await?),
            None => None,
        };
        let mtls = match config.mtls {
            Some(address) => Some(listen("mtls", address).await?),
            None => None,
        };
        let admin = listen("admin", config.admin).await?;
        Ok(Self {
            bootstrap,
            device,
            mtls,
            admin,
            admin_is_loopback: config.admin.ip().is_loopback(),
        })
    }

    /// Where the sockets are reached: under the advertised name, with the ports that were bound.
    pub(super) fn urls(&self, config: &Config) -> Urls {
        let name = host(config.advertised());
        let port = |socket: &TcpListener| socket.local_addr().map_or(0, |a| a.port());
        let https = |port: u16| {
            if port == 443 {
                format!("https://{name}")
            } else {
                format!("https://{name}:{port}")
            }
        };
        let http = |port: u16| {
            if port == 80 {
                format!("http://{name}")
            } else {
                format!("http://{name}:{port}")
            }
        };
        let device_port = self.device.first().map_or(0, port);
        let public = config
            .public_url
            .as_ref()
            .map(|u| u.to_string().trim_end_matches('/').to_owned());
        let admin = self.admin.local_addr().unwrap_or(config.admin);
        let admin_host = if admin.ip().is_unspecified() {
            name.clone()
        } else {
            host(&admin.ip().to_string())
        };
        let scheme = if self.admin_is_loopback {
            "http"
        } else {
            "https"
        };
        Urls {
            bootstrap: self.bootstrap.as_ref().map(|s| http(port(s))),
            device: public.unwrap_or_else(|| https(device_port)),
            // Without a listener of its own, mutual TLS is asked for by name on the device port.
            mtls: match (&self.mtls, config.mtls_name()) {
                (Some(socket), _) => Some(https(port(socket))),
                (None, Some(name)) => Some(format!("https://{name}:{device_port}")),
                (None, None) => None,
            },
            admin: format!("{scheme}://{admin_host}:{}", admin.port()),
        }
    }
}

/// A name as it stands in a URL: an IPv6 address goes into brackets.
fn host(name: &str) -> String {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => name.to_owned(),
    }
}

/// The addresses under which a TLS certificate has to be good: those of this host's interfaces,
/// or the loopback alone when nothing else is listened at.
pub(super) fn addresses(config: &Config) -> Vec<IpAddr> {
    let mut all = vec![
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let listened = || config.listen.iter().chain(&config.mtls);
    for address in listened()
        .map(SocketAddr::ip)
        .filter(|ip| !ip.is_unspecified())
    {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    if listened().any(|a| a.ip().is_unspecified()) {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let mut own: Vec<IpAddr> = interfaces
            .iter()
            .filter(|i| !i.is_link_local())
            .map(if_addrs::Interface::ip)
            .collect();
        own.sort_unstable();
        for address in own {
            if !all.contains(&address) {
                all.push(address);
            }
        }
    }
    all
}
