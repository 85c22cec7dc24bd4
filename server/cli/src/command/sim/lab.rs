//! The server as simulated devices see it: whom they trust, where it is, and a code that lets them in.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use mdm_simulators::apple::{AppleDevice, Environment, Persona, Sign, Transport};
use mdm_simulators::trust;
use mdm_simulators::windows::{self, Invitation, WindowsDevice};
use serde_json::{Value, json};

use crate::client::Client;
use crate::device::all;
use crate::failure::Failure;
use crate::field::text;
use crate::target::Target;

/// The server as simulated devices see it. Cheap to clone for many of them.
#[derive(Debug, Clone)]
pub(crate) struct Lab {
    /// The admin API.
    pub(crate) client: Client,
    environment: Environment,
    device: String,
    mtls: Option<String>,
}

/// How a device shows the server who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// It signs each request.
    Signature,
    /// It shows its certificate in the TLS handshake.
    MutualTls,
}

impl Authentication {
    /// In words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "Mdm-Signature",
            Self::MutualTls => "mutual TLS",
        }
    }
}

impl Lab {
    /// Asks the server for its root and its addresses. Devices of a server on this machine reach it at the loopback
    /// address, whatever name it has.
    pub(crate) async fn open(client: Client) -> Result<Self, Failure> {
        let server = client.get(&Target::new(&["server"])).await?;
        let pem = client.bytes(&Target::new(&["ca.pem"])).await?;
        let roots = trust::roots(&pem)
            .map_err(|error| Failure::simulation("reading the server's root", error))?;
        let mut environment = Environment::new(roots);
        if client.is_local() {
            environment = environment.at(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let url = |name: &str| {
            server
                .pointer(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let (device, mtls) = (url("/urls/device").unwrap_or_default(), url("/urls/mtls"));
        Ok(Self {
            client,
            environment,
            device,
            mtls,
        })
    }

    /// A code for one device, of this user if there is one; what happens on it never counts as real.
    async fn invite(&self, user: Option<Value>) -> Result<Value, Failure> {
        let mut body = json!({"simulated": true, "uses": 1, "label": "a simulated device"});
        if let (Some(user), Some(body)) = (user, body.as_object_mut()) {
            body.insert("user".to_owned(), user);
        }
        self.client.post(&Target::new(&["codes"]), &body).await
    }

    /// Enrolls a device with a code of its own, and lets it answer what the server asks first.
    pub(crate) async fn enroll(
        &self,
        persona: Persona,
        authentication: Authentication,
        user: Option<Value>,
    ) -> Result<AppleDevice, Failure> {
        let mut environment = self.environment.clone();
        if authentication == Authentication::MutualTls {
            let Some(origin) = self.mtls.clone() else {
                return Err(Failure::usage(
                    "the server has no listener for mutual TLS",
                    "leave `--mtls` out, or start the server with `--mtls ADDRESS`",
                ));
            };
            environment.transport = Transport {
                sign: Sign::Never,
                origin: Some(origin),
                ..Transport::default()
            };
        }
        let url = text(&self.invite(user).await?, "url");
        let name = persona.device_name.clone();
        let mut device = AppleDevice::new(persona, environment);
        let failed = |error| Failure::simulation(format!("enrolling `{name}`"), error);
        device.enroll_from(&url).await.map_err(failed)?;
        device.poll().await.map_err(failed)?;
        Ok(device)
    }

    /// Enrolls a Windows device with a code of its own, typed as a password, and lets it have its first session.
    pub(crate) async fn enroll_windows(
        &self,
        persona: windows::Persona,
        user: Option<Value>,
    ) -> Result<WindowsDevice, Failure> {
        let name = user.as_ref().map(|user| text(user, "user_principal_name"));
        let name = name.unwrap_or_else(|| format!("{}@sim.test", persona.device_name));
        let minted = self.invite(user).await?;
        let url = format!("{}/EnrollmentServer/Discovery.svc", self.device);
        let invitation = Invitation::with_password(&url, &name, &text(&minted, "code"));
        let mut environment = windows::Environment::new(self.environment.roots.clone());
        environment.resolve = self.environment.resolve;
        let failed = format!("enrolling `{}`", persona.device_name);
        let mut device = WindowsDevice::new(persona, environment);
        let failed = |error| Failure::simulation(failed.clone(), error);
        device.enroll(&invitation).await.map_err(failed)?;
        device.poll().await.map_err(failed)?;
        Ok(device)
    }

    /// The server's ids of its devices, by UDID.
    pub(crate) async fn ids(&self) -> Result<BTreeMap<String, String>, Failure> {
        let devices = all(&self.client, &Target::new(&["devices"])).await?;
        let pairs = devices
            .iter()
            .map(|device| (text(device, "udid"), text(device, "id")));
        Ok(pairs.collect())
    }
}

/// A user as the API takes one, reached under the principal name.
pub(crate) fn user(principal_name: &str) -> Value {
    json!({"user_principal_name": principal_name, "mail": principal_name})
}
