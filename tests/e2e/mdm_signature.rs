//! A device played by OpenSSL: it signs each message as `Mdm-Signature` (Apple, "Authenticating Devices"), detached, with
//! each digest devices use, and in BER with indefinite lengths.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plist::Value;
use serde_json::json;

use crate::environment::Environment;
use crate::mobileconfig::{enrollment, path, payloads, read, text, verified};
use crate::program::openssl;

const CHECK_IN: &str = "application/x-apple-aspen-mdm-checkin";
const REPORT: &str = "application/x-apple-aspen-mdm; charset=UTF-8";
const UDID: &str = "00008030-00E2E0SIGNATURE1";

/// How a message is signed.
const STREAMED: &[&str] = &["-md", "sha256", "-stream"];
const SHA_1: &[&str] = &["-md", "sha1"];
const WITHOUT_CAPABILITIES: &[&str] = &["-md", "sha512", "-nosmimecap"];

struct Device<'a> {
    env: &'a Environment,
    identity: PathBuf,
    topic: String,
}

impl<'a> Device<'a> {
    /// A device that installed an enrollment profile with a PKCS#12 identity.
    fn new(env: &'a Environment) -> Self {
        let user = json!({ "user": { "user_principal_name": "ada@example.com" } });
        let minted = env.api_ok("POST", "/api/v1/codes", Some(&user));
        let profile = enrollment(env, minted["code"].as_str().unwrap(), "&identity=pkcs12");
        let topic = text(&payloads(&profile, "com.apple.mdm")[0], "Topic").to_owned();
        let payload = &payloads(&profile, "com.apple.security.pkcs12")[0];
        let (file, identity) = (
            env.folder().join("identity.p12"),
            env.folder().join("identity.pem"),
        );
        fs::write(&file, payload["PayloadContent"].as_data().expect("a file")).unwrap();
        let password = format!("pass:{}", text(payload, "Password"));
        openssl([
            "pkcs12",
            "-legacy",
            "-nodes",
            "-clcerts",
            "-in",
            path(&file),
            "-out",
            path(&identity),
        ])
        .args(["-passin", &password])
        .run()
        .ok();
        Self {
            env,
            identity,
            topic,
        }
    }

    fn message(&self, entries: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
             <key>UDID</key><string>{UDID}</string><key>Topic</key><string>{}</string>{entries}</dict></plist>\n",
            self.topic
        )
        .into_bytes()
    }

    fn sign(&self, body: &[u8], how: &[&str]) -> Vec<u8> {
        openssl([
            "cms",
            "-sign",
            "-binary",
            "-outform",
            "DER",
            "-signer",
            path(&self.identity),
        ])
        .args(how)
        .input(body)
        .run()
        .ok()
        .stdout
    }

    /// PUTs a message under a signature; gives the status and the body.
    fn put(&self, to: &str, media: &str, body: &[u8], signature: &[u8]) -> (String, Vec<u8>) {
        let (sent, got) = (
            self.env.folder().join("sent"),
            self.env.folder().join("got"),
        );
        fs::write(&sent, body).unwrap();
        fs::write(&got, b"").unwrap();
        let data = format!("@{}", path(&sent));
        let signed = format!("Mdm-Signature: {}", STANDARD.encode(signature));
        let media = format!("Content-Type: {media}");
        let url = format!("{}{to}", self.env.device_url());
        let status = self.env.curl(&[
            "--request",
            "PUT",
            "--data-binary",
            &data,
            "--header",
            &signed,
            "--header",
            &media,
            "--output",
            path(&got),
            "--write-out",
            "%{http_code}",
            &url,
        ]);
        (status.ok().text, fs::read(&got).unwrap())
    }

    #[track_caller]
    fn accepted(&self, to: &str, media: &str, body: &[u8], how: &[&str]) -> Vec<u8> {
        let (status, answer) = self.put(to, media, body, &self.sign(body, how));
        assert_eq!(
            status,
            "200",
            "{how:?}: {}",
            String::from_utf8_lossy(&answer)
        );
        answer
    }

    /// Enrolls; gives what the server calls the device.
    fn enroll(&self) -> String {
        let hello = self.message(
            "<key>MessageType</key><string>Authenticate</string><key>ProductName</key><string>iPhone15,2</string>\
             <key>OSVersion</key><string>17.4.1</string><key>SerialNumber</key><string>E2E &amp; &lt;é&gt;</string>",
        );
        let signature = self.sign(&hello, STREAMED);
        assert_eq!(
            signature[..2],
            [0x30, 0x80],
            "OpenSSL streams with indefinite lengths"
        );
        assert_eq!(
            self.put("/mdm/checkin", CHECK_IN, &hello, &signature).0,
            "200"
        );
        let token = self.message(
            "<key>MessageType</key><string>TokenUpdate</string><key>PushMagic</key><string>magic</string>\
             <key>Token</key><data>PEaenWxYddN6Q/NT1PiOYfz4EsZu7jRXRlpAsNpBU+A=</data>",
        );
        assert!(
            self.accepted("/mdm/checkin", CHECK_IN, &token, SHA_1)
                .is_empty()
        );
        self.env.wait("kind=enrollment.completed&since=0");
        let list = self.env.api_ok("GET", "/api/v1/devices", None);
        assert_eq!(list["items"][0]["udid"], UDID, "{list:#}");
        list["items"][0]["id"].as_str().unwrap().to_owned()
    }

    fn report(&self, entries: &str, how: &[&str]) -> Vec<u8> {
        self.accepted("/mdm/connect", REPORT, &self.message(entries), how)
    }
}

const IDLE: &str = "<key>Status</key><string>Idle</string>";

#[test]
fn a_device_made_of_openssl_enrolls_and_gets_a_profile() {
    let env = Environment::ephemeral();
    let device = Device::new(&env);
    let id = device.enroll();
    env.put_profile(
        "id = \"eas\"\ntype = \"ios_exchange\"\ndisplay_name = \"EAS & <é>\"\nhost_name = \"mail.example.com\"\n\
         account_name = \"Example\"\nemail_address_source = \"user_principal_name\"\n",
    );
    let wanted = json!({ "device": id, "profile": "eas" });
    env.api_ok("POST", "/api/v1/deliveries", Some(&wanted));

    // Whatever the server asks for its own sake first is answered with an error, which must not stop the queue.
    let mut command = device.report(IDLE, STREAMED);
    for how in [SHA_1, WITHOUT_CAPABILITIES, STREAMED]
        .into_iter()
        .cycle()
        .take(12)
    {
        let wire = read(&command);
        let request = wire["Command"].as_dictionary().expect("a command");
        let uuid = text(&wire, "CommandUUID");
        if text(request, "RequestType") == "InstallProfile" {
            let signed = request["Payload"].as_data().expect("a profile");
            let profile = read(&verified(&env, signed));
            assert_eq!(text(&profile, "PayloadDisplayName"), "EAS & <é>");
            device.report(&answer("Acknowledged", uuid), how);
            env.wait("kind=delivery.acknowledged&since=0");
            return;
        }
        command = device.report(&answer("Error", uuid), how);
    }
    panic!("no profile came");
}

fn answer(status: &str, uuid: &str) -> String {
    format!(
        "<key>Status</key><string>{status}</string><key>CommandUUID</key><string>{uuid}</string>"
    )
}

#[test]
fn a_message_that_was_not_signed_like_this_is_refused_but_never_with_401() {
    let env = Environment::ephemeral();
    let device = Device::new(&env);
    device.enroll();
    let body = device.message(IDLE);
    let good = device.sign(&body, STREAMED);
    let stranger = Stranger::new(env.folder());
    let mut changed = body.clone();
    changed.push(b'\n');
    for (what, body, signature) in [
        ("another body", &changed, good.clone()),
        ("an end missing", &body, good[..good.len() - 40].to_vec()),
        ("no signature at all", &body, Vec::new()),
        ("a stranger's", &body, stranger.sign(&body)),
        (
            "the body inside",
            &body,
            device.sign(&body, &["-nodetach", "-nocerts"]),
        ),
    ] {
        let (status, answer) = device.put("/mdm/connect", REPORT, body, &signature);
        assert!(
            ["400", "403"].contains(&status.as_str()),
            "{what}: {status} {}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert!(env.events_of("request.refused").len() >= 5);
    let left = Value::from_reader_xml(&device.report(IDLE, STREAMED)[..]);
    assert!(left.is_ok(), "the device is still managed");
}

/// Somebody with a certificate of their own making.
struct Stranger(PathBuf);

impl Stranger {
    fn new(folder: &Path) -> Self {
        let file = folder.join("stranger.pem");
        openssl([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=stranger",
            "-days",
            "2",
        ])
        .args([
            "-keyout",
            path(&file),
            "-out",
            path(&folder.join("stranger.crt")),
        ])
        .run()
        .ok();
        let certificate = fs::read_to_string(folder.join("stranger.crt")).unwrap();
        let key = fs::read_to_string(&file).unwrap();
        fs::write(&file, key + &certificate).unwrap();
        Self(file)
    }

    fn sign(&self, body: &[u8]) -> Vec<u8> {
        openssl([
            "cms",
            "-sign",
            "-binary",
            "-outform",
            "DER",
            "-signer",
            path(&self.0),
        ])
        .input(body)
        .run()
        .ok()
        .stdout
    }
}
