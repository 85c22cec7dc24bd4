//! Simulated PCs that are enrolled and have nothing left to do.

use std::net::{IpAddr, Ipv4Addr};

use mdm_simulators::http::{Client, ClientOptions};
use mdm_simulators::trust;
use mdm_simulators::windows::{
    Environment, Invitation, Login, Persona, PreparedRequest, Services, SessionReport, Shown,
    Version, WindowsDevice,
};
use serde_json::{Value, json};

use crate::Error;
use crate::crowd::post;
use crate::server::Server;

/// Sessions after which an enrolled device has told what it is asked first.
const FIRST: usize = 3;
/// Seeds of devices whose enrollments are only sent, not taken.
const UNHEARD: u64 = 1_000_000;

/// Devices, in the order of their seeds.
pub(crate) struct Computers {
    devices: Vec<WindowsDevice>,
    /// What they trust.
    pub(crate) environment: Environment,
    /// Where they enroll.
    pub(crate) origin: String,
    invitation: Invitation,
    client: Client,
}

impl Computers {
    /// None yet; they will be enrolled with this server.
    pub(crate) async fn new(server: &Server) -> Result<Self, Error> {
        let client = Client::new(ClientOptions::default())?;
        let roots = trust::roots(&client.get(&server.admin("ca.pem")?).await?.body)?;
        let wanted = json!({"simulated": true, "label": "computers"});
        let minted = post(&client, &server.admin("codes")?, &wanted).await?;
        let text = |name: &str| minted.get(name).and_then(Value::as_str);
        let code = text("code").ok_or("a code has no text")?;
        let url = text("url").ok_or("a code comes without an address")?;
        let origin = origin(url);
        let discovery = format!("{origin}/EnrollmentServer/Discovery.svc");
        Ok(Self {
            devices: Vec::new(),
            environment: Environment::new(roots).at(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            origin,
            invitation: Invitation::with_password(&discovery, "ada@lab.example", code),
            client,
        })
    }

    fn device(&self, seed: u64) -> WindowsDevice {
        let persona = Persona::from_seed(Version::Windows10, seed);
        WindowsDevice::new(persona, self.environment.clone())
    }

    /// Requests of so many enrollments, each of another device.
    pub(crate) fn enrollments(&self, count: usize) -> Result<Vec<Vec<PreparedRequest>>, Error> {
        let services = Services {
            policies: format!("{}/EnrollmentServer/Policy.svc", self.origin),
            enrollment: format!("{}/EnrollmentServer/Enrollment.svc", self.origin),
        };
        let seeds = UNHEARD..UNHEARD + u64::try_from(count)?;
        let prepared = seeds.map(|seed| {
            let device = self.device(seed);
            Ok(device.prepare_enrollment(&self.invitation, &services)?)
        });
        prepared.collect()
    }

    /// Enrolls so many, and lets them tell what they are asked first.
    pub(crate) async fn enroll(&mut self, count: usize) -> Result<(), Error> {
        for seed in 0..u64::try_from(count)? {
            let mut device = self.device(seed);
            device.enroll(&self.invitation).await?;
            for _ in 0..FIRST {
                device.poll().await?;
            }
            self.devices.push(device);
        }
        Ok(())
    }

    /// Where their sessions go.
    pub(crate) fn managed(&self) -> String {
        let enrolled = self.devices.iter().find_map(WindowsDevice::enrollment);
        enrolled.map_or_else(String::new, |enrollment| {
            origin(&enrollment.account.address)
        })
    }

    /// Who is logged in on all of them.
    pub(crate) fn log_in(&mut self, login: Login) {
        for device in &mut self.devices {
            device.set_login(login);
        }
    }

    /// First messages of the next sessions of each device.
    pub(crate) fn messages(
        &mut self,
        shown: Shown,
        rounds: usize,
    ) -> Result<Vec<Vec<PreparedRequest>>, Error> {
        let all = self.devices.iter_mut().map(|device| {
            let sessions = (0..rounds).map(|_| device.prepare_session(shown));
            Ok(sessions.collect::<Result<_, _>>()?)
        });
        all.collect()
    }

    /// Takes the answers to first messages, each of its device.
    pub(crate) fn take(&mut self, answers: &[Vec<u8>]) -> Result<(), Error> {
        for (device, answer) in self.devices.iter_mut().zip(answers) {
            device.take_quiet_answer(answer)?;
        }
        Ok(())
    }

    /// Queues commands for the first device, and lets it have a session.
    pub(crate) async fn busy(
        &mut self,
        server: &Server,
        commands: usize,
    ) -> Result<SessionReport, Error> {
        let device = self.devices.first_mut().ok_or("no device is enrolled")?;
        let udid = &device.persona().device_id;
        let page = self
            .client
            .get(&server.admin("devices?limit=1000")?)
            .await?;
        let page: Value = serde_json::from_slice(&page.body)?;
        let items = page.get("items").and_then(Value::as_array);
        let id = items.into_iter().flatten().find_map(|item| {
            let named = item.get("udid").and_then(Value::as_str);
            let id = item.get("id").and_then(Value::as_str);
            id.filter(|_| named == Some(udid.as_str()))
        });
        let id = id.ok_or("the server does not list the first device")?;
        let url = server.admin(&format!("devices/{id}/commands"))?;
        let get = "<Get><Item><Target><LocURI>./DevDetail/SwV</LocURI></Target></Item></Get>";
        for _ in 0..commands {
            post(&self.client, &url, &json!({"syncml": get})).await?;
        }
        Ok(device.poll().await?)
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    url.split('/').take(3).collect::<Vec<_>>().join("/")
}
