//! Who is let in by name and password, and who is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_certs::md5::md5;
use mdm_core::package::Greeting;
use mdm_core::windows::Proof;

use super::dialogue::Sender;
use super::lab::{DEVICE, Lab, answers, hello, wire};

const PASSWORD: &str = "the pass:word & <\u{e9}>";

/// The digest as the specification has it, written here once more (OMA Device Management Security).
fn digest(nonce: &str) -> String {
    let inner = STANDARD.encode(md5(format!("{DEVICE}:{PASSWORD}").as_bytes()).unwrap());
    let mut outer = format!("{inner}:").into_bytes();
    outer.extend(STANDARD.decode(nonce).unwrap());
    STANDARD.encode(md5(&outer).unwrap())
}

fn cred(kind: &str, data: &str) -> String {
    format!(
        "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">{kind}</Type></Meta>\
         <Data>{data}</Data></Cred></SyncHdr>"
    )
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

fn code(reply: &str) -> &str {
    between(reply, "<Data>", "</Data>").unwrap()
}

fn nonce(reply: &str) -> Option<String> {
    between(reply, "<NextNonce xmlns=\"syncml:metinf\">", "</NextNonce>").map(str::to_owned)
}

async fn lab(weakest: Proof) -> Lab {
    let mut lab = Lab::new().await;
    let credential = lab.device().await.windows.unwrap().client;
    lab.sender = Sender::Presents {
        credential,
        weakest,
    };
    lab
}

async fn say(lab: &Lab, session: &str, number: u32, cred: &str) -> (Greeting, String) {
    let device = lab.device().await;
    let mut lab_sender = lab.sender.clone();
    if let Sender::Presents { credential, .. } = &mut lab_sender {
        *credential = device.windows.unwrap().client;
    }
    let text = wire(session, number, &hello("user"), true).replace("</SyncHdr>", cred);
    let spoken = lab.send_as(text.as_bytes(), lab_sender).await;
    (spoken.greeting, String::from_utf8(spoken.bytes).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_is_asked_for_checked_and_used_up() {
    let lab = lab(Proof::Digest).await;
    let (_, reply) = say(&lab, "1", 1, "</SyncHdr>").await;
    assert_eq!(code(&reply), "407");
    let first = nonce(&reply).unwrap();
    assert!(reply.contains("syncml:auth-md5"), "{reply}");
    assert!(!reply.contains("<Get>"), "nothing is asked of a stranger");

    let (_, reply) = say(&lab, "1", 2, &cred("syncml:auth-md5", &digest("AAAA"))).await;
    assert_eq!(code(&reply), "401");
    assert_eq!(nonce(&reply).as_ref(), Some(&first), "it was not used up");

    let right = cred("syncml:auth-md5", &digest(&first));
    let (_, reply) = say(&lab, "1", 3, &right).await;
    assert_eq!(code(&reply), "212");
    let second = nonce(&reply).unwrap();
    assert_ne!(second, first);
    let (body, asked) = answers(&reply, &|_, _, _| (200, None));
    assert_eq!(asked.len(), 14);

    // They hold for the session, and not for the next one.
    let text = wire("1", 4, &body, true);
    let spoken = lab.send(text.as_bytes()).await;
    assert_eq!(spoken.greeting, Greeting::Authenticated { nonce: None });
    let (_, reply) = say(&lab, "2", 1, &right).await;
    assert_eq!(code(&reply), "401", "the old nonce is used up");
    let (greeting, _) = say(&lab, "2", 2, &cred("syncml:auth-md5", &digest(&second))).await;
    assert!(greeting.lets_in());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_three_tries_and_disturbs_nobody() {
    let mut lab = Lab::new().await;
    lab.say("1", 1, &hello("user")).await;
    let before = lab
        .running
        .server()
        .store
        .session(&lab.id)
        .await
        .unwrap()
        .unwrap();
    let credential = lab.device().await.windows.unwrap().client;
    lab.sender = Sender::Presents {
        credential,
        weakest: Proof::Digest,
    };
    let wrong = cred("syncml:auth-md5", &digest("AAAA"));
    let mut codes = Vec::new();
    for number in 1..=5 {
        let (greeting, reply) = say(&lab, "guess", number, &wrong).await;
        assert!(!greeting.lets_in());
        codes.push((code(&reply).to_owned(), nonce(&reply).is_some()));
    }
    let challenged = ("401".to_owned(), true);
    let refused = ("401".to_owned(), false);
    assert_eq!(
        codes,
        [&challenged, &challenged, &challenged, &refused, &refused].map(Clone::clone)
    );
    let after = lab
        .running
        .server()
        .store
        .session(&lab.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((after.id, after.running), (before.id, before.running));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_weaker_than_wanted_does_not_count() {
    let basic = cred(
        "syncml:auth-basic",
        &STANDARD.encode(format!("{DEVICE}:{PASSWORD}")),
    );
    let nonce = "bm9uY2Ugb2YgMTYgYnl0";
    let md5 = cred("syncml:auth-md5", &digest(nonce));
    let wrong = cred("syncml:auth-basic", &STANDARD.encode(format!("{DEVICE}:x")));
    for (weakest, cred, expected) in [
        (Proof::Digest, &basic, "401"),
        (Proof::Digest, &md5, "212"),
        (Proof::Basic, &basic, "212"),
        (Proof::Basic, &md5, "212"),
        (Proof::Basic, &wrong, "401"),
    ] {
        let lab = lab(weakest).await;
        let (_, reply) = say(&lab, "1", 1, cred).await;
        assert_eq!(code(&reply), expected, "{weakest:?} {cred}");
    }
    let mut lab = Lab::new().await;
    lab.sender = Sender::Unproven;
    for cred in [&basic, &md5] {
        let (greeting, reply) = say(&lab, "1", 1, cred).await;
        assert_eq!(greeting, Greeting::Refused { missing: true });
        assert!(!reply.contains("<Chal>"), "{reply}");
    }
}
