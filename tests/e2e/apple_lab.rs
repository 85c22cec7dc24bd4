//! What the stories about Apple devices share: a server, simulated devices that trust it, profiles, and raw requests.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_simulators::apple::{AppleDevice, Entry, Environment as World, Event, Persona, Platform};
use mdm_simulators::http::{Client, ClientOptions, Resolve};
use mdm_simulators::identity::Identity;
use mdm_simulators::trust;
use serde_json::{Value, json};

use crate::apple_profiles::PROFILES;
use crate::apple_wire::text_between;
use crate::environment::{Environment, Options};

pub(crate) use crate::apple_wire::{Wire, uuid_of};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server with simulated devices around it.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) server: Environment,
}

/// A device that is enrolled and has nothing left to do.
#[derive(Debug)]
pub(crate) struct Enrolled {
    pub(crate) device: AppleDevice,
    /// What the server calls it.
    pub(crate) id: String,
}

/// The user whose devices these are. Her name is hostile to whoever writes XML by hand.
pub(crate) fn ada() -> Value {
    json!({
        "user_principal_name": "ada@example.com",
        "mail": "ada@example.com",
        "full_name": "Ada & <Söhne> \"é\"",
    })
}

impl Lab {
    /// An ephemeral server.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// An ephemeral server with more arguments.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self {
            server: Environment::start(Options::with(arguments)),
        }
    }

    /// The roots of the lab, in DER.
    pub(crate) fn roots(&self) -> Vec<Vec<u8>> {
        trust::roots(&std::fs::read(self.server.ca_file()).unwrap()).unwrap()
    }

    /// A device out of its box, whose owner trusts the lab.
    pub(crate) fn device(&self, platform: Platform, seed: u64) -> AppleDevice {
        AppleDevice::new(
            Persona::from_seed(platform, seed),
            World::new(self.roots()).at(HERE),
        )
    }

    /// The address of an enrollment profile, with a new code for Ada's simulated devices.
    pub(crate) fn invitation(&self) -> String {
        self.invitation_with(&json!({ "simulated": true, "user": ada() }))
    }

    /// The address of an enrollment profile, with a new code like this.
    pub(crate) fn invitation_with(&self, code: &Value) -> String {
        let minted = self.server.api_ok("POST", "/api/v1/codes", Some(code));
        minted["url"].as_str().unwrap().to_owned()
    }

    /// Enrolls a device of Ada's and lets it do what is queued for every new device.
    pub(crate) async fn enroll(&self, platform: Platform, seed: u64) -> Enrolled {
        let device = self.device(platform, seed);
        self.enroll_at(device, &self.invitation()).await
    }

    /// Enrolls a device with the profile at an address.
    pub(crate) async fn enroll_at(&self, mut device: AppleDevice, url: &str) -> Enrolled {
        device.enroll_from(url).await.unwrap();
        device.poll().await.unwrap();
        let id = self.id_of(&device);
        Enrolled { device, id }
    }

    /// What the server calls a device.
    pub(crate) fn id_of(&self, device: &AppleDevice) -> String {
        let list = self.server.api_ok("GET", "/api/v1/devices", None);
        let items = list["items"].as_array().unwrap();
        let found = items
            .iter()
            .find(|item| item["udid"] == device.persona().udid.as_str());
        found.unwrap_or_else(|| panic!("{list:#}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// What the server knows of a device.
    pub(crate) fn show(&self, id: &str) -> Value {
        self.server
            .api_ok("GET", &format!("/api/v1/devices/{id}"), None)
    }

    /// Writes all profiles of [`PROFILES`].
    pub(crate) fn put_profiles(&self) {
        for profile in PROFILES {
            self.server.put_profile(profile);
        }
    }

    /// Delivers a profile and says which delivery that is.
    #[track_caller]
    pub(crate) fn deliver(&self, device: &str, profile: &str) -> String {
        let body = json!({ "device": device, "profile": profile });
        let made = self
            .server
            .api_ok("POST", "/api/v1/deliveries", Some(&body));
        made["id"].as_str().unwrap().to_owned()
    }

    /// A delivery as it stands.
    pub(crate) fn delivery(&self, id: &str) -> Value {
        self.server
            .api_ok("GET", &format!("/api/v1/deliveries/{id}"), None)
    }

    /// Waits for a delivery.
    #[track_caller]
    pub(crate) fn reaches(&self, delivery: &str, what: &str) -> Value {
        let answer = self.server.wait(&format!("delivery={delivery}&{what}"));
        answer["delivery"].clone()
    }

    /// Queues a command and gives its UUID.
    #[track_caller]
    pub(crate) fn queue(&self, device: &str, item: &Value) -> String {
        let path = format!("/api/v1/devices/{device}/commands");
        let made = self
            .server
            .api_ok("POST", &path, Some(&json!({ "item": item })));
        made["uuid"].as_str().unwrap().to_owned()
    }

    /// A command as it stands.
    pub(crate) fn command(&self, uuid: &str) -> Value {
        self.server
            .api_ok("GET", &format!("/api/v1/commands/{uuid}"), None)
    }

    /// A client that shows no certificate.
    pub(crate) fn client(&self) -> Client {
        self.client_with(None)
    }

    /// A client that shows this certificate.
    pub(crate) fn client_with(&self, identity: Option<Identity>) -> Client {
        Client::new(ClientOptions {
            roots: self.roots(),
            identity,
            resolve: Resolve::Always(HERE),
            ..ClientOptions::default()
        })
        .unwrap()
    }

    /// An identity for a device that this story plays itself: issued, never checked in.
    pub(crate) async fn identity(&self) -> Identity {
        let url = format!("{}&identity=pkcs12&signed=false", self.invitation());
        let answer = self.client().get(&url).await.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let password = text_between(&text, "<key>Password</key>", "</string>");
        let password = password.trim_start().trim_start_matches("<string>");
        let at = text.find("com.apple.security.pkcs12").unwrap();
        // The container is the only `data` beside the roots, and the only one in the payload with the password.
        let containers = text
            .split("<data>")
            .skip(1)
            .filter_map(|part| part.split("</data>").next());
        let identity = containers
            .map(|data| data.split_whitespace().collect::<String>())
            .filter_map(|data| STANDARD.decode(data).ok())
            .find_map(|der| Identity::from_pkcs12(&der, password).ok());
        identity.unwrap_or_else(|| panic!("no identity near {at} of {text}"))
    }

    /// A device that this story plays itself, with this identity and UDID.
    pub(crate) fn wire(&self, identity: Identity, udid: &str) -> Wire {
        Wire {
            client: self.client(),
            base: self.server.device_url(),
            identity,
            udid: udid.to_owned(),
        }
    }

    /// A simulated device's identity in the hands of this story.
    pub(crate) fn wire_of(&self, device: &AppleDevice) -> Wire {
        let identity = device.enrollment().unwrap().identity.clone();
        self.wire(identity, &device.persona().udid)
    }
}

/// Which of a device's experiences `wanted` picks, in order.
pub(crate) fn journal<T>(device: &AppleDevice, wanted: impl Fn(&Event) -> Option<T>) -> Vec<T> {
    let entries = device.journal().iter();
    entries
        .filter_map(|Entry { event, .. }| wanted(event))
        .collect()
}
