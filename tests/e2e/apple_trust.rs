//! Certificates that are genuine and all the same nobody's: of another time, another purpose, another root.

use std::path::Path;

use mdm_simulators::apple::{Platform, Transport};
use mdm_simulators::identity::Identity;

use crate::apple_lab::{Enrolled, Lab};
use crate::environment::{Environment, Options};
use crate::program::openssl;

const IDLE: &str = "<key>Status</key><string>Idle</string>";

/// A client certificate by the lab's own root, valid for these moments (`YYMMDDHHMMSSZ`), made by OpenSSL.
fn forged(root: &Path, name: &str, from: &str, to: &str) -> Identity {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("index.txt", "");
    write("serial", "4a4a4a4a4a4a4a4a\n");
    write(
        "ca.cnf",
        "[ca]\ndefault_ca=lab\n[lab]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n\
         default_md=sha256\npolicy=any\nx509_extensions=client\n[any]\ncommonName=supplied\n\
         [client]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n",
    );
    let root = root.display().to_string();
    let subject = format!("/CN={name}");
    let run = |words: &str, more: &[&str]| {
        let words = words.split(' ').chain(more.iter().copied());
        openssl(words).at(folder.path()).run().ok();
    };
    run(
        "req -newkey rsa:2048 -nodes -keyout key.pem -out ask.pem -subj",
        &[&subject],
    );
    run(
        "ca -batch -notext -config ca.cnf -in ask.pem -out made.pem -startdate",
        &[from, "-enddate", to, "-cert", &root, "-keyfile", &root],
    );
    run(
        "pkcs12 -export -in made.pem -inkey key.pem -out made.p12 -passout pass:x",
        &[],
    );
    let container = std::fs::read(folder.path().join("made.p12")).unwrap();
    Identity::from_pkcs12(&container, "x").unwrap()
}

/// A moment that many minutes from now, as OpenSSL's `ca` takes it.
fn minutes_from_now(minutes: i64) -> String {
    let date = crate::program::Program::find("date").unwrap();
    let when = format!("{minutes} minutes");
    let ran = date.with(["-u", "-d", &when, "+%y%m%d%H%M%SZ"]).run().ok();
    ran.text.trim().to_owned()
}

#[tokio::test]
async fn certificates_of_another_time_are_refused_beyond_the_tolerance() {
    let lab = Lab {
        server: Environment::start(Options::kept()),
    };
    let root = lab.server.folder().join("data/ca/ca.pem");
    for (name, from, to, expected) in [
        ("expired", -60, -20, "(expired)"),
        ("not yet", 20, 60, "(not_yet_valid)"),
        // Within ten minutes it is a matter of clocks; that the certificate was never issued counts then.
        (
            "just expired",
            -60,
            -5,
            "is not a device identity of this server",
        ),
        ("almost", 5, 60, "is not a device identity of this server"),
    ] {
        let identity = forged(&root, name, &minutes_from_now(from), &minutes_from_now(to));
        let (status, text) = lab.wire(identity, "WIRE-1").report(IDLE).await;
        assert_eq!(status, 400, "{name}: {text}");
        assert!(text.contains(expected), "{name}: {text}");
    }
    let told = lab.server.events_of("request.refused");
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[tokio::test]
async fn an_identity_for_mail_is_none_for_management() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&id, "exchange");
    device.poll().await.unwrap();
    lab.reaches(&delivery, "evidence=read_back");
    let mail = device.identity_of(&device.accounts()[0]).unwrap().clone();
    let wire = lab.wire(mail, &device.persona().udid);
    for (status, text) in [wire.report(IDLE).await, wire.authenticate().await] {
        assert_eq!(status, 400, "{text}");
        assert!(
            text.contains("is not a device identity of this server"),
            "{text}"
        );
    }
    // One for signing mail is not even for showing to a server.
    let delivery = lab.deliver(&id, "smime");
    device.poll().await.unwrap();
    lab.reaches(&delivery, "evidence=read_back");
    let all = device.identities();
    let smime = (*all.last().unwrap()).clone();
    let (status, text) = lab.wire(smime, &device.persona().udid).report(IDLE).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("is not accepted"), "{text}");
}

#[tokio::test]
async fn the_two_ways_to_prove_an_identity_give_the_same_answers() {
    let lab = Lab::start();
    let mac = lab.device(Platform::Macos, 1);
    let mut mac = lab
        .enroll_at(mac, &format!("{}&auth=mtls", lab.invitation()))
        .await;
    // The same identity, signing, on the listener that asks for no certificate.
    let wire = lab.wire_of(&mac.device);
    assert_eq!(wire.idle().await, "");
    // A certificate of another server, shown in the handshake, is refused with a reason instead of a broken handshake.
    let other = Lab::start();
    let mut stranger = lab.wire(other.identity().await, &wire.udid);
    stranger.base = lab.server.mtls_url();
    stranger.client = lab.client_with(Some(stranger.identity.clone()));
    let (status, text) = stranger.report(IDLE).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("enrolled with another server"), "{text}");
    // A clone is a clone on either.
    let mut clone = lab.wire_of(&mac.device);
    clone.base = lab.server.mtls_url();
    clone.client = lab.client_with(Some(clone.identity.clone()));
    clone.udid = "SOMEBODY-ELSE".to_owned();
    let (status, text) = clone.report(IDLE).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("a clone, or a restored backup"), "{text}");
    mac.device.set_transport(Transport::default());
    mac.device.poll().await.unwrap();
}
