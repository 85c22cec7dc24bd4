//! A profile without enrollment: fetched by a one-time link, as on the first day of a tester.

use mdm_simulators::apple::Platform;
use serde_json::json;

use crate::apple_lab::{Lab, ada};
use crate::program::openssl;

#[tokio::test]
async fn a_profile_fetched_by_link_is_installed_and_never_counts_as_acknowledged() {
    let lab = Lab::start();
    lab.put_profiles();
    let minted = lab.server.api_ok(
        "POST",
        "/api/v1/links",
        Some(&json!({ "profile": "exchange", "user": ada(), "qr": true })),
    );
    let url = minted["url"].as_str().unwrap().to_owned();
    let delivery = minted["delivery"]["id"].as_str().unwrap().to_owned();
    assert!(minted["qr_svg"].as_str().unwrap().contains("<svg "));
    assert_eq!(lab.delivery(&delivery)["state"], "queued");

    let mut phone = lab.device(Platform::Ios, 1);
    phone.install_from_link(&url).await.unwrap();
    let known = lab.reaches(&delivery, "evidence=identity_issued");
    assert_eq!(known["state"], "downloaded");
    assert_eq!(known["evidence"]["acknowledged"], json!(null));
    assert_eq!(known["evidence"]["read_back"], json!(null));
    assert!(
        known["target"]["link"].is_null(),
        "the link lets in whoever knows it"
    );
    let [account] = phone.accounts() else {
        panic!("{:#?}", phone.accounts())
    };
    assert_eq!(account.address, "ada@example.com");
    let identity = phone.identity_of(account).unwrap();
    assert_eq!(
        known["evidence"]["identity_issued"]["fingerprint"],
        identity.fingerprint()
    );
    let devices = lab.server.api_ok("GET", "/api/v1/devices", None);
    assert_eq!(devices["items"], json!([]), "nobody enrolled");

    // A browser that asks again gets the same bytes, signed.
    let client = lab.client();
    let again = client.get(&url).await.unwrap();
    let once_more = client.get(&url).await.unwrap();
    assert_eq!(again.status, 200);
    assert_eq!(again.body, once_more.body);
    assert_eq!(
        again.header("content-type"),
        Some("application/x-apple-aspen-config")
    );
    assert_eq!(again.header("cache-control"), Some("no-store"));
    let file = lab.server.folder().join("linked.mobileconfig");
    std::fs::write(&file, &again.body).unwrap();
    let verify = ["cms", "-verify", "-inform", "DER", "-purpose", "any", "-in"];
    let ca = lab.server.ca_file();
    let text = openssl(verify.iter().map(AsRef::as_ref).chain([
        file.as_os_str(),
        "-CAfile".as_ref(),
        ca.as_os_str(),
    ]))
    .run()
    .ok()
    .text;
    assert!(
        text.contains("<string>com.apple.eas.account</string>"),
        "{text}"
    );
    assert!(text.contains("<string>ada@example.com</string>"), "{text}");
    assert_eq!(lab.server.events_of("delivery.downloaded").len(), 1);
    assert_eq!(lab.server.events_of("certificate.issued").len(), 1);

    // Whoever else gets hold of the profile gets no identity: its challenge is bound to the first key.
    let mut thief = lab.device(Platform::Ios, 2);
    let refused = thief.install_from_link(&url).await.unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("MCSCEPErrorDomain"), "{why}");
    assert!(thief.accounts().is_empty());
    assert_eq!(lab.server.events_of("certificate.refused").len(), 1);
}

#[tokio::test]
async fn links_that_give_nothing_say_so() {
    let lab = Lab::start();
    lab.put_profiles();
    let base = lab.server.device_url();
    let client = lab.client();
    for token in [
        "no-such-link",
        "%00",
        "a%2Fb",
        "é",
        "..%2f..",
        &"x".repeat(5000),
    ] {
        let answer = client.get(&format!("{base}/p/{token}")).await;
        // What cannot be sent needs no answer.
        if let Ok(answer) = answer {
            let status = answer.status.as_u16();
            assert!([400, 404, 414].contains(&status), "{token}: {status}");
        }
    }
    let unknown = client
        .get(&format!("{base}/p/nosuchlink23456789abcdefghijk"))
        .await
        .unwrap();
    assert_eq!(unknown.status, 404);
    assert_eq!(
        String::from_utf8_lossy(&unknown.body).lines().next(),
        Some("this link is not known")
    );

    // A profile that needs a user and has none is not lost: the link stays as it was.
    let minted = json!({ "profile": "password" });
    let minted = lab.server.api_ok("POST", "/api/v1/links", Some(&minted));
    for _ in 0..2 {
        let answer = client.get(minted["url"].as_str().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 409, "{text}");
        assert!(text.contains("user of the device is not known"), "{text}");
    }

    // One that was taken back gives nothing any more.
    let minted = json!({ "profile": "password", "user": ada() });
    let minted = lab.server.api_ok("POST", "/api/v1/links", Some(&minted));
    let id = minted["delivery"]["id"].as_str().unwrap();
    lab.server
        .api_ok("DELETE", &format!("/api/v1/deliveries/{id}"), None);
    let gone = client.get(minted["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(gone.status, 404);
    let nobody = lab.server.api(
        "POST",
        "/api/v1/links",
        Some(&json!({ "profile": "no-such" })),
    );
    assert_eq!(nobody.0, 404, "{}", nobody.1);
}

#[tokio::test]
async fn a_mac_takes_a_container_by_link() {
    let lab = Lab::start();
    lab.put_profiles();
    let url = lab.server.link("mac-mail", &ada());
    let mut mac = lab.device(Platform::Macos, 1);
    mac.install_from_link(&url).await.unwrap();
    assert_eq!(mac.identities().len(), 1);
    assert_eq!(mac.accounts()[0].host, "imap.example.com");
    let list = lab
        .server
        .api_ok("GET", "/api/v1/deliveries?profile=mac-mail", None);
    let known = &list["items"][0];
    assert_eq!(known["state"], "downloaded");
    assert_eq!(
        known["evidence"]["identity_issued"]["fingerprint"],
        mac.identities()[0].fingerprint()
    );
}
