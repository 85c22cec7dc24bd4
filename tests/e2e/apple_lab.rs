//! What the stories about Apple devices share: a server, simulated devices that trust it, profiles, and raw requests.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mdm_simulators::apple::{AppleDevice, Entry, Environment as World, Event, Persona, Platform};
use mdm_simulators::cms::{Digest, SigningTime, mdm_signature};
use mdm_simulators::http::{Client, ClientOptions, Resolve, Response};
use mdm_simulators::identity::Identity;
use mdm_simulators::trust;
use serde_json::{Value, json};

use crate::environment::{Environment, Options};

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

    fn client_with(&self, identity: Option<Identity>) -> Client {
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

/// A device's messages, one by one, signed as a device signs them.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) identity: Identity,
    pub(crate) udid: String,
}

impl Wire {
    /// A message with the sender's UDID and these keys, in XML.
    pub(crate) fn body(&self, keys: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
             <key>UDID</key><string>{}</string>{keys}</dict></plist>\n",
            self.udid
        )
    }

    /// The `Mdm-Signature` of a body.
    pub(crate) fn sign(&self, body: &str) -> String {
        let when = SigningTime::At(SystemTime::now());
        mdm_signature(body.as_bytes(), &self.identity, Digest::Sha256, when).unwrap()
    }

    /// Sends exactly this.
    pub(crate) async fn put(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (u16, String) {
        let url = format!("{}{path}", self.base);
        let answer = self
            .client
            .send(::http::Method::PUT, &url, headers, body.into());
        let answer: Response = answer.await.unwrap();
        (
            answer.status.as_u16(),
            String::from_utf8_lossy(&answer.body).into_owned(),
        )
    }

    /// A check-in message of this type.
    pub(crate) async fn check_in(&self, message_type: &str, keys: &str) -> (u16, String) {
        let keys = format!("<key>MessageType</key><string>{message_type}</string>{keys}");
        let body = self.body(&keys);
        let kind = ("content-type", "application/x-apple-aspen-mdm-checkin");
        let signature = self.sign(&body);
        self.put("/mdm/checkin", &[kind, ("mdm-signature", &signature)], body)
            .await
    }

    /// `Authenticate` and `TokenUpdate` of an iPhone.
    pub(crate) async fn enroll(&self) {
        assert_eq!(self.authenticate().await.0, 200);
        assert_eq!(self.token_update().await.0, 200);
    }

    /// `Authenticate` of an iPhone.
    pub(crate) async fn authenticate(&self) -> (u16, String) {
        self.check_in(
            "Authenticate",
            "<key>Topic</key><string>com.apple.mgmt.test</string>\
             <key>ProductName</key><string>iPhone17,1</string>\
             <key>OSVersion</key><string>26.1</string>\
             <key>SerialNumber</key><string>WIRE&lt;1&gt;</string>",
        )
        .await
    }

    /// `TokenUpdate`.
    pub(crate) async fn token_update(&self) -> (u16, String) {
        self.check_in(
            "TokenUpdate",
            "<key>Topic</key><string>com.apple.mgmt.test</string>\
             <key>Token</key><data>c2VjcmV0IHRva2Vu</data>\
             <key>PushMagic</key><string>secret magic</string>",
        )
        .await
    }

    /// A report with these keys.
    pub(crate) async fn report(&self, keys: &str) -> (u16, String) {
        let body = self.body(keys);
        let signature = self.sign(&body);
        let kind = ("content-type", "application/x-apple-aspen-mdm");
        self.put("/mdm/connect", &[kind, ("mdm-signature", &signature)], body)
            .await
    }

    /// `Idle`; what comes is the next command, or nothing.
    pub(crate) async fn idle(&self) -> String {
        let (status, body) = self.report("<key>Status</key><string>Idle</string>").await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The answer to a command; what comes is the next command, or nothing.
    pub(crate) async fn answer(&self, uuid: &str, status: &str, keys: &str) -> String {
        let keys = format!(
            "<key>Status</key><string>{status}</string><key>CommandUUID</key><string>{uuid}</string>{keys}"
        );
        let (status, body) = self.report(&keys).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Acknowledges until nothing comes any more.
    pub(crate) async fn drain(&self) {
        let mut command = self.idle().await;
        while !command.is_empty() {
            command = self.answer(&uuid_of(&command), "Acknowledged", "").await;
        }
    }
}

/// `CommandUUID` of a command.
#[track_caller]
pub(crate) fn uuid_of(command: &str) -> String {
    let value = text_between(command, "<key>CommandUUID</key>", "</string>");
    value.trim_start().trim_start_matches("<string>").to_owned()
}

/// What stands between two texts.
#[track_caller]
pub(crate) fn text_between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let found = text
        .split_once(from)
        .and_then(|(_, rest)| rest.split_once(to));
    found
        .unwrap_or_else(|| panic!("no `{from}`…`{to}` in {text}"))
        .0
}

/// Which of a device's experiences `wanted` picks, in order.
pub(crate) fn journal<T>(device: &AppleDevice, wanted: impl Fn(&Event) -> Option<T>) -> Vec<T> {
    let entries = device.journal().iter();
    entries
        .filter_map(|Entry { event, .. }| wanted(event))
        .collect()
}

/// One profile of each kind, for both platforms.
pub(crate) const PROFILES: [&str; 11] = [
    r#"
    id = "root"
    type = "trusted_certificate"
    display_name = "Lab root"
    platform = "ios"
    lab_root = true
    "#,
    r#"
    id = "client"
    type = "scep_certificate"
    display_name = "Client identity & <co>"
    platform = "ios"
    root_certificate = "root"
    subject_name_format_string = "CN={{UserPrincipalName}},O=Lab"
    extended_key_usages = ["client_authentication"]
    certificate_validity_period_value = 10
    custom_subject_alternative_names = [{ san_type = "email_address", name = "{{EmailAddress}}" }]
    "#,
    r#"
    id = "smime"
    type = "pkcs_certificate"
    display_name = "S/MIME identity"
    platform = "ios"
    subject_name_format_string = "CN={{UserPrincipalName}}"
    extended_key_usages = ["email_protection"]
    custom_subject_alternative_names = [{ san_type = "email_address", name = "{{EmailAddress}}" }]
    "#,
    r#"
    id = "exchange"
    type = "ios_exchange"
    display_name = "Exchange"
    host_name = "mail.example.com"
    account_name = "Work & <é>"
    authentication_method = "certificate"
    identity_certificate = "client"
    root_certificates = ["root"]
    "#,
    r#"
    id = "password"
    type = "ios_exchange"
    display_name = "Exchange by password"
    host_name = "mail.example.com"
    account_name = "Work"
    "#,
    r#"
    id = "mail"
    type = "ios_mail"
    display_name = "IMAP"
    account_type = "imap"
    account_name = "Lab mail"
    incoming_server = { host_name = "imap.example.com" }
    outgoing_server = { host_name = "smtp.example.com" }
    root_certificates = ["root"]
    require_smime = true
    smime_signing_enabled = true
    smime_signing_certificate = "smime"
    smime_encryption_certificate = "smime"
    "#,
    r#"
    id = "mac-root"
    type = "trusted_certificate"
    display_name = "Lab root"
    platform = "macos"
    lab_root = true
    "#,
    r#"
    id = "mac-client"
    type = "scep_certificate"
    display_name = "Client identity"
    platform = "macos"
    root_certificate = "mac-root"
    "#,
    r#"
    id = "mac-p12"
    type = "pkcs_certificate"
    display_name = "Client identity"
    platform = "macos"
    "#,
    r#"
    id = "mac-exchange"
    type = "macos_exchange"
    display_name = "Exchange"
    host_name = "mail.example.com"
    account_name = "Work"
    authentication_method = "certificate"
    identity_certificate = "mac-client"
    root_certificates = ["mac-root"]
    "#,
    r#"
    id = "mac-mail"
    type = "macos_mail"
    display_name = "IMAP"
    account_type = "imap"
    account_name = "Lab mail"
    incoming_server = { host_name = "imap.example.com" }
    outgoing_server = { host_name = "smtp.example.com" }
    identity_certificate = "mac-p12"
    root_certificates = ["mac-root"]
    "#,
];
