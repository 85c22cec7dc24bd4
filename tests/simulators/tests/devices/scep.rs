//! The SCEP client against a server that was not written here.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mdm_simulators::apple::{AppleDevice, Persona, Platform};
use mdm_simulators::cms::{Cipher, Digest};
use mdm_simulators::entropy::{Clock, Entropy};
use mdm_simulators::http::{Client, ClientOptions};
use mdm_simulators::identity::Identity;
use mdm_simulators::keys::KeyPool;
use mdm_simulators::scep::{Enrollment, Method, Options, Renewal, ScepClient, ScepError, Subject};
use openssl::hash::{MessageDigest, hash};
use openssl::x509::X509;

use crate::canned::{Canned, profile};
use crate::programs::openssl;

struct Server {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian's `scepserver`, or nothing where it is not installed; under CI that is a failure.
fn scepserver() -> Option<Server> {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("scepserver")
        .args(["ca", "-init", "-depot", "d"])
        .current_dir(folder.path())
        .output();
    if made.is_err() {
        #[expect(
            clippy::disallowed_methods,
            reason = "only the environment says whether this is CI"
        )]
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "scepserver is not installed");
        println!("skipped: scepserver not installed");
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let number = port.to_string();
    let child = Command::new("scepserver")
        .args([
            "-depot",
            "d",
            "-port",
            &number,
            "-challenge",
            "SECRET",
            "-allowrenew",
            "0",
        ])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server {
        child,
        url: format!("http://127.0.0.1:{port}/scep"),
        folder,
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "scepserver does not listen");
        std::thread::yield_now();
    }
    Some(server)
}

fn ask(server: &Server, name: &str) -> Enrollment {
    let mut ask = Enrollment::new(&server.url, Subject::common_name(name));
    ask.challenge = Some("SECRET".to_owned());
    ask.key_usage = 5;
    ask
}

async fn enroll(
    options: Options,
    ask: &Enrollment,
    key: u64,
    existing: Option<&Identity>,
) -> Result<Identity, ScepError> {
    let client = ScepClient::new(Client::new(ClientOptions::default()).unwrap(), options);
    let key = KeyPool::committed().key(key).unwrap();
    let mut entropy = Entropy::from_seed(format!("{ask:?}{options:?}").as_bytes());
    client
        .enroll(ask, key, existing, Clock::system().now(), &mut entropy)
        .await
}

fn verify(folder: &Path, identity: &Identity) {
    let x509 = X509::from_der(identity.certificate()).unwrap();
    std::fs::write(folder.join("issued.pem"), x509.to_pem().unwrap()).unwrap();
    openssl(folder, "verify -CAfile d/ca.pem issued.pem").unwrap();
}

#[tokio::test]
async fn scepserver_issues_whatever_the_choices() {
    let Some(server) = scepserver() else { return };
    let (der, post) = (Options::default(), Method::Post);
    for (number, options) in [
        der,
        Options {
            cipher: Cipher::Aes256,
            digest: Digest::Sha1,
            method: post,
            ..der
        },
        Options {
            cipher: Cipher::TripleDes,
            method: Method::Get,
            ..der
        },
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Phone {number} & <Söhne>");
        let identity = enroll(options, &ask(&server, &name), number as u64, None).await;
        let identity = identity.unwrap_or_else(|error| panic!("{options:?}: {error:?}"));
        assert_eq!(identity.common_name(), name);
        verify(server.folder.path(), &identity);
    }
}

#[tokio::test]
async fn scepserver_renews() {
    let Some(server) = scepserver() else { return };
    for renewal in [Renewal::RenewalReq, Renewal::PkcsReq] {
        let options = Options {
            renewal,
            ..Options::default()
        };
        // This server wants its challenge even from who renews.
        let ask = ask(&server, &format!("{renewal:?}"));
        let first = enroll(options, &ask, 5, None).await.unwrap();
        let second = enroll(options, &ask, 6, Some(&first)).await.unwrap();
        assert_ne!(first.fingerprint(), second.fingerprint());
        assert_ne!(first.serial(), second.serial());
        verify(server.folder.path(), &second);
    }
}

#[tokio::test]
async fn refusals_are_typed() {
    let Some(server) = scepserver() else { return };
    let mut wrong = ask(&server, "Wrong");
    wrong.challenge = Some("GUESS".to_owned());
    let error = enroll(Options::default(), &wrong, 7, None)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "SCEP server refused: badRequest (2)");
    assert_eq!(error.apple_code(), 22013);

    let mut pinned = ask(&server, "Pinned");
    let ca = X509::from_pem(&std::fs::read(server.folder.path().join("d/ca.pem")).unwrap())
        .unwrap()
        .to_der()
        .unwrap();
    pinned.ca_fingerprint = Some(hash(MessageDigest::sha1(), &ca).unwrap().to_vec());
    enroll(Options::default(), &pinned, 7, None).await.unwrap();
    pinned.ca_fingerprint = Some(vec![0; 32]);
    let error = enroll(Options::default(), &pinned, 7, None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "CA certificate has another fingerprint than the payload names"
    );

    let sha512 = Options {
        digest: Digest::Sha512,
        ..Options::default()
    };
    let error = enroll(sha512, &ask(&server, "Sha512"), 7, None)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "server does not offer SHA-512");
}

#[tokio::test]
async fn a_phone_enrolls_with_an_identity_of_scepserver() {
    let Some(scep) = scepserver() else { return };
    let server = Canned::start().await;
    let payloads = |challenge: &str| {
        serde_json::json!([
            {"PayloadType": "com.apple.security.scep", "PayloadIdentifier": "e.scep", "PayloadUUID": "ID",
             "PayloadContent": {"URL": scep.url, "Challenge": challenge, "Keysize": 2048, "Key Usage": 5,
             "Subject": [[["O", "Lab & <Söhne>"]], [["CN", "Phone \"7\""]]]}},
            {"PayloadType": "com.apple.mdm", "PayloadIdentifier": "e.mdm", "PayloadUUID": "MDM",
             "IdentityCertificateUUID": "ID", "Topic": "com.apple.mgmt.test", "ServerURL": server.url("/mdm/connect"),
             "SignMessage": true, "AccessRights": 19},
        ])
    };
    let mut environment = server.environment.clone();
    environment.transport.present_certificate = false;
    let mut phone = AppleDevice::new(Persona::from_seed(Platform::Ios, 7), environment);
    let error = phone
        .enroll(&profile("e", payloads("GUESS")))
        .await
        .unwrap_err();
    let chain = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        chain.contains("MCSCEPErrorDomain 22013: SCEP server refused: badRequest (2)"),
        "{chain}"
    );
    assert!(server.seen().is_empty() && phone.profiles().is_empty());

    phone
        .enroll(&profile("e", payloads("SECRET")))
        .await
        .unwrap();
    assert_eq!(phone.identities()[0].common_name(), "Phone \"7\"");
    verify(scep.folder.path(), phone.identities()[0]);
    let told: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.text("MessageType"))
        .collect();
    assert_eq!(told, ["Authenticate", "TokenUpdate"]);
}
