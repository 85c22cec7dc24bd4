//! Simulated iPhones that are enrolled and have nothing left to do.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use mdm_simulators::apple::{AppleDevice, Environment, Persona, Platform, Transport};
use mdm_simulators::http::{Client, ClientOptions};
use mdm_simulators::load::{Kind, Limit, Load, LoadReport};
use mdm_simulators::progress::Progress;
use mdm_simulators::trust;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Error;
use crate::server::Server;

/// Enrollments at once.
const AT_ONCE: usize = 16;

/// Devices, in the order of their seeds.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// The devices.
    pub(crate) devices: Vec<AppleDevice>,
    environment: Environment,
    invitation: String,
    client: Client,
}

impl Crowd {
    /// Nobody yet; they will be enrolled with this server.
    pub(crate) async fn new(server: &Server) -> Result<Self, Error> {
        let client = Client::new(ClientOptions::default())?;
        let roots = trust::roots(&client.get(&server.admin("ca.pem")?).await?.body)?;
        let wanted = json!({"simulated": true, "uses": 1_000_000, "label": "a crowd"});
        let minted = post(&client, &server.admin("codes")?, &wanted).await?;
        let invitation = minted.get("url").and_then(Value::as_str);
        Ok(Self {
            devices: Vec::new(),
            environment: Environment::new(roots).at(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            invitation: invitation
                .ok_or("a code comes without an address")?
                .to_owned(),
            client,
        })
    }

    /// Enrolls until there are so many, or until the time is over.
    pub(crate) async fn enroll(&mut self, count: usize, patience: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        let mut running = JoinSet::new();
        let mut seed = self.devices.len();
        loop {
            while running.len() < AT_ONCE && seed < count && Instant::now() < deadline {
                let persona = Persona::from_seed(Platform::Ios, u64::try_from(seed)?);
                let device = AppleDevice::new(persona, self.environment.clone());
                running.spawn(enroll(device, self.invitation.clone()));
                seed += 1;
            }
            match running.join_next().await {
                Some(enrolled) => self.devices.push(enrolled??),
                None => return Ok(()),
            }
        }
    }

    /// Where the devices send what they send from now on: elsewhere, or to their own server again.
    pub(crate) fn redirect(&mut self, origin: Option<&str>) {
        let transport = Transport {
            origin: origin.map(str::to_owned),
            ..Transport::default()
        };
        for device in &mut self.devices {
            device.set_transport(transport.clone());
        }
    }

    /// Queues commands, evenly over the devices.
    pub(crate) async fn queue(&self, server: &Server, count: usize) -> Result<(), Error> {
        let mut running = JoinSet::new();
        let ids = self.ids(server).await?;
        for id in ids.iter().cycle().take(count) {
            if running.len() >= AT_ONCE * 4 {
                running.join_next().await.transpose()?.transpose()?;
            }
            let url = server.admin(&format!("devices/{id}/commands"))?;
            let client = self.client.clone();
            running.spawn(async move {
                post(&client, &url, &json!({"item": {"type": "security_info"}})).await
            });
        }
        while let Some(queued) = running.join_next().await {
            queued??;
        }
        Ok(())
    }

    /// The server's ids of its devices.
    async fn ids(&self, server: &Server) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        let mut after = String::new();
        loop {
            let page = self
                .client
                .get(&server.admin(&format!("devices?limit=1000{after}"))?)
                .await?;
            let page: Value = serde_json::from_slice(&page.body)?;
            let items = page
                .get("items")
                .and_then(Value::as_array)
                .ok_or("a page has no items")?;
            ids.extend(
                items
                    .iter()
                    .filter_map(|item| Some(item.get("id")?.as_str()?.to_owned())),
            );
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(ids),
            }
        }
    }

    /// Puts load on whoever the devices talk to. Only 200 counts.
    pub(crate) async fn load(
        &self,
        connections: usize,
        kind: Kind,
        limit: Limit,
    ) -> Result<LoadReport, Error> {
        let load = Load {
            connections,
            kind,
            limit,
            progress: Progress::default(),
        };
        let report = load.run(&self.devices).await?;
        if report.failures.is_empty() && report.statuses.keys().all(|status| *status == 200) {
            Ok(report)
        } else {
            Err(format!(
                "not all was answered with 200: {:?} {:?}",
                report.statuses, report.failures
            )
            .into())
        }
    }
}

async fn enroll(mut device: AppleDevice, invitation: String) -> Result<AppleDevice, Error> {
    device.enroll_from(&invitation).await?;
    device.poll().await?;
    // Its connections are closed with this.
    device.set_transport(Transport::default());
    Ok(device)
}

pub(crate) async fn post(client: &Client, url: &str, body: &Value) -> Result<Value, Error> {
    let headers = [("Content-Type", "application/json")];
    let answer = client
        .send(Method::POST, url, &headers, Bytes::from(body.to_string()))
        .await?;
    if answer.status.is_success() {
        Ok(serde_json::from_slice(&answer.body)?)
    } else {
        Err(format!(
            "{url}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        )
        .into())
    }
}
