//! What the stories about simulated Windows devices share: a server, devices that trust it, profiles.

use std::net::{IpAddr, Ipv4Addr};

use mdm_simulators::trust;
use mdm_simulators::windows::{
    Environment as World, Event, Invitation, Persona, Version, WindowsDevice,
};
use serde_json::{Value, json};

use crate::environment::{Environment, Options};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server with simulated Windows devices around it.
#[derive(Debug)]
pub(crate) struct WindowsLab {
    pub(crate) server: Environment,
}

/// A device that is enrolled and has had its first session.
#[derive(Debug)]
pub(crate) struct EnrolledPc {
    pub(crate) device: WindowsDevice,
    /// What the server calls it.
    pub(crate) id: String,
}

/// The user whose devices these are.
pub(crate) fn ada() -> Value {
    json!({ "user_principal_name": "ada@example.com", "mail": "ada@example.com", "full_name": "Ada & <Söhne>" })
}

impl WindowsLab {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self {
            server: Environment::start(Options::with(arguments)),
        }
    }

    /// A device out of its box, on which the lab's root was installed by hand.
    pub(crate) fn device(&self, version: Version, seed: u64) -> WindowsDevice {
        let roots = trust::roots(&std::fs::read(self.server.ca_file()).unwrap()).unwrap();
        WindowsDevice::new(
            Persona::from_seed(version, seed),
            World::new(roots).at(HERE),
        )
    }

    /// Where enrollment begins.
    pub(crate) fn discovery(&self) -> String {
        format!(
            "{}/EnrollmentServer/Discovery.svc",
            self.server.device_url()
        )
    }

    /// A new code for one of Ada's simulated devices.
    pub(crate) fn code(&self) -> String {
        let body = json!({ "simulated": true, "user": ada() });
        let minted = self.server.api_ok("POST", "/api/v1/codes", Some(&body));
        minted["code"].as_str().unwrap().to_owned()
    }

    /// With a code as the password.
    pub(crate) fn invitation(&self) -> Invitation {
        Invitation::with_password(&self.discovery(), "ada@example.com", &self.code())
    }

    /// Enrolls a device of Ada's and lets it do what is queued for every new device.
    pub(crate) async fn enroll(&self, version: Version, seed: u64) -> EnrolledPc {
        let mut device = self.device(version, seed);
        device.enroll(&self.invitation()).await.unwrap();
        let id = self.id_of(&device);
        device.poll().await.unwrap();
        EnrolledPc { device, id }
    }

    /// What the server calls a device.
    pub(crate) fn id_of(&self, device: &WindowsDevice) -> String {
        let list = self.server.api_ok("GET", "/api/v1/devices", None);
        let found = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["udid"] == device.persona().device_id.as_str());
        found.unwrap_or_else(|| panic!("{list:#}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn show(&self, id: &str) -> Value {
        self.server
            .api_ok("GET", &format!("/api/v1/devices/{id}"), None)
    }

    /// Writes the profiles for a version: root, identity, Exchange, and IMAP where there is such a type.
    pub(crate) fn put_profiles(&self, version: Version) {
        let phone81 = version == Version::Phone81;
        let (platform, exchange) = if phone81 {
            ("windowsphone81", "windowsphone81_exchange")
        } else {
            ("windows10", "windows10_exchange")
        };
        for profile in [
            json!({ "id": "root", "type": "trusted_certificate", "display_name": "Lab root", "platform": platform,
                "lab_root": true }),
            json!({ "id": "client", "type": "scep_certificate", "display_name": "Identity & <co>", "platform": platform,
                "root_certificate": "root", "extended_key_usages": ["client_authentication"],
                "custom_subject_alternative_names": [{ "san_type": "email_address", "name": "{{EmailAddress}}" }] }),
            json!({ "id": "exchange", "type": exchange, "display_name": "Exchange", "host_name": "mail.example.com",
                "account_name": "Work & <é>" }),
        ] {
            self.put(&profile);
        }
        if !phone81 {
            self.put(&imap("smtp.example.com"));
        }
    }

    pub(crate) fn put(&self, profile: &Value) {
        let path = format!("/api/v1/profiles/{}", profile["id"].as_str().unwrap());
        self.server.api_ok("PUT", &path, Some(profile));
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

    /// Delivers what a profile says now.
    #[track_caller]
    pub(crate) fn again(&self, delivery: &str) {
        let path = format!("/api/v1/deliveries/{delivery}/redeliver");
        self.server.api_ok("POST", &path, Some(&json!({})));
    }

    pub(crate) fn delivery(&self, id: &str) -> Value {
        self.server
            .api_ok("GET", &format!("/api/v1/deliveries/{id}"), None)
    }

    /// State and reason of a delivery.
    #[track_caller]
    pub(crate) fn is(&self, delivery: &str, state: &str, reason: Option<&str>) {
        let found = self.delivery(delivery);
        let reason_found = found["reason"]["code"].as_str();
        assert_eq!(
            (found["state"].as_str(), reason_found),
            (Some(state), reason),
            "{found:#}"
        );
    }

    /// Which of the truths about a delivery are known.
    pub(crate) fn truths(&self, delivery: &str) -> [bool; 3] {
        let found = self.delivery(delivery);
        ["acknowledged", "read_back", "identity_issued"]
            .map(|truth| !found["evidence"][truth].is_null())
    }
}

/// The IMAP profile with this outgoing server.
pub(crate) fn imap(host: &str) -> Value {
    json!({ "id": "imap", "type": "windows_mail", "display_name": "IMAP", "account_name": "Lab & <mail>",
        "account_type": "imap", "incoming_server": { "host_name": "imap.example.com", "port": 993 },
        "outgoing_server": { "host_name": host, "port": 465 } })
}

impl EnrolledPc {
    /// Sessions until nothing more changes, a bounded number of them.
    pub(crate) async fn settle(&mut self) {
        for _ in 0..6 {
            self.device.poll().await.unwrap();
        }
    }

    /// Addresses of the accounts with the hosts they have.
    pub(crate) fn accounts(&self) -> Vec<String> {
        let accounts = self.device.accounts();
        accounts
            .iter()
            .map(|account| account.host.clone())
            .collect()
    }

    /// How often this happened.
    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        let entries = self.device.journal().iter();
        entries.filter(|entry| wanted(&entry.event)).count()
    }
}
