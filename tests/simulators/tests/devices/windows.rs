//! Windows devices against a server of canned answers, over real TLS: what leaves is read by xmllint, OpenSSL and libwbxml.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_simulators::windows::{
    Behaviour, Cause, DeviceError, Event, Invitation, Login, Rule, Script, Version, WindowsDevice,
};

use crate::programs::openssl;
use crate::windows_server::WindowsServer;

fn command(verb: &str, id: &str, uri: &str, format: &str, data: &str) -> String {
    format!(
        "<{verb}><CmdID>{id}</CmdID><Item><Target><LocURI>{uri}</LocURI></Target><Meta><Format xmlns=\"syncml:metinf\">{format}\
         </Format></Meta><Data>{data}</Data></Item></{verb}>"
    )
}

fn get(id: &str, uri: &str) -> String {
    format!("<Get><CmdID>{id}</CmdID><Item><Target><LocURI>{uri}</LocURI></Target></Item></Get>")
}

fn script(rule: Rule) -> Script {
    Script {
        rules: vec![rule],
        ..Script::default()
    }
}

fn statuses(report: &mdm_simulators::windows::SessionReport) -> Vec<u16> {
    report
        .commands
        .iter()
        .map(|(_, _, status)| *status)
        .collect()
}

fn aborted(device: &WindowsDevice) -> Option<String> {
    device
        .journal()
        .iter()
        .rev()
        .find_map(|entry| match &entry.event {
            Event::SessionAborted { reason, .. } => Some(reason.clone()),
            _ => None,
        })
}

const SITE: &str = "./Vendor/MSFT/DMClient/Provider/lab/HelpWebsite";

#[tokio::test]
async fn every_version_enrolls_and_other_programs_read_what_it_says() {
    let server = WindowsServer::start().await;
    let folder = server.canned.folder.path();
    for version in Version::ALL {
        let mut device = server.device(version, 7);
        device.enroll(&server.invitation()).await.unwrap();
        assert_eq!(device.enrollment().unwrap().provider_id(), "lab");
        let seen = server.canned.seen();
        let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/EnrollmentServer/Discovery.svc",
                "/EnrollmentServer/Discovery.svc",
                "/Policy",
                "/Enrollment"
            ]
        );
        for seen in &seen[1..] {
            std::fs::write(folder.join("m.xml"), &seen.body).unwrap();
            let mut lint = Command::new("xmllint");
            lint.current_dir(folder).args(["--noout", "m.xml"]);
            assert!(lint.status().unwrap().success());
        }
        let discover = String::from_utf8_lossy(&seen[1].body).into_owned();
        if version == Version::Windows11Next {
            insta::assert_snapshot!(discover.split_once("<s:Body>").unwrap().1, @r#"<Discover xmlns="http://schemas.microsoft.com/windows/management/2012/01/enrollment"><request><EmailAddress>a&amp;b@lab.example</EmailAddress><OSEdition>48</OSEdition><RequestVersion>9.0</RequestVersion><DeviceType>CIMClient_Windows</DeviceType><ApplicationVersion>10.0.26200.6584</ApplicationVersion><AuthPolicies><AuthPolicy>OnPremise</AuthPolicy><AuthPolicy>Federated</AuthPolicy></AuthPolicies></request></Discover></s:Body></s:Envelope>"#);
        }
        let report = device.poll().await.unwrap();
        assert!(report.complete);
        let seen = server.canned.seen();
        assert!(
            seen[0].certificate.is_some(),
            "{version:?} shows its certificate"
        );
        std::fs::write(folder.join("body"), &seen[0].body).unwrap();
        let signature = STANDARD
            .decode(seen[0].signature.as_ref().unwrap())
            .unwrap();
        std::fs::write(folder.join("sig"), signature).unwrap();
        openssl(
            folder,
            "cms -verify -inform DER -in sig -binary -CAfile root.pem -purpose any -out /dev/null -content body",
        )
        .unwrap();
    }
}

#[tokio::test]
async fn a_first_message() {
    let server = WindowsServer::start().await;
    let mut device = server.enrolled(Version::Windows11).await;
    device.set_login(Login::None);
    device.session(Cause::Server).await.unwrap();
    let message = server.messages().remove(0);
    let port = server.canned.address.port().to_string();
    insta::assert_snapshot!(message.replace(&port, "PORT"), @r#"<SyncML xmlns="SYNCML:SYNCML1.2" xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>https://localhost:PORT/MDM?mode=Maintenance&amp;Platform=WoA</LocURI></Target><Source><LocURI>218026B4B0F830385B7E89D425316C85</LocURI><LocName>a&amp;b@lab.example</LocName></Source><Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta><Data>Zz6EivR3yeaaENcRN6lpAQ==</Data></Cred></SyncHdr><SyncBody><Alert><CmdID>2</CmdID><Data>1200</Data></Alert><Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta><Format xmlns="syncml:metinf">chr</Format><Type xmlns="syncml:metinf">com.microsoft/MDM/LoginStatus</Type></Meta><Data>none</Data></Item></Alert><Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>218026B4B0F830385B7E89D425316C85</Data></Item><Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>Simulated &amp; Söhne</Data></Item><Item><Source><LocURI>./DevInfo/Mod</LocURI></Source><Data>Simulated PC</Data></Item><Item><Source><LocURI>./DevInfo/DmV</LocURI></Source><Data>1.3</Data></Item><Item><Source><LocURI>./DevInfo/Lang</LocURI></Source><Data>en-US</Data></Item><Item><Source><LocURI>./Vendor/MSFT/DMClient/HWDevID</LocURI></Source><Data>4EE118947693FB191D490B6C98928491C9F2CF8A28F02994F8A14277CFF45A6F</Data></Item></Replace><Final/></SyncBody></SyncML>"#);
}

#[tokio::test]
async fn a_login_page_is_filled_in() {
    let server = WindowsServer::start().await;
    server.plan.lock().unwrap().federated = true;
    let mut device = server.device(Version::Windows10, 1);
    let url = server.canned.url("/EnrollmentServer/Discovery.svc");
    let fields = [("user", "a"), ("password", "p&é")];
    device
        .enroll(&Invitation::with_form(&url, "a@lab.example", &fields))
        .await
        .unwrap();
    let seen = server.canned.seen();
    let last = String::from_utf8_lossy(&seen.last().unwrap().body).into_owned();
    let token = STANDARD.encode("s=1%262&user=a&password=p%26%C3%A9");
    assert!(last.contains(&token), "{last}");
    let mut other = server.device(Version::Windows10, 2);
    let error = other.enroll(&server.invitation()).await.unwrap_err();
    assert!(error.to_string().contains("0x8018000F"), "{error}");
}

#[tokio::test]
async fn broken_answers_show_the_code_of_windows() {
    let server = WindowsServer::start().await;
    let mut device = server.device(Version::Windows11, 1);
    server.plan.lock().unwrap().document =
        Box::new(|document| document.replace("PrivateKeyContainer", "Other"));
    let error = device.enroll(&server.invitation()).await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"enrollment failed with 0x80180024 in provisioning: no PrivateKeyContainer");
    server.canned.answer(404, "text/plain", b"no");
    let error = device.enroll(&server.invitation()).await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"enrollment failed with 0x80190194 in discovery: the probe was not answered with 200");
    assert!(device.stores().items().is_empty() && device.nodes().is_empty());
    server.plan.lock().unwrap().document = Box::new(|document| document);
    device.enroll(&server.invitation()).await.unwrap();
    let error = device.enroll(&server.invitation()).await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"enrollment failed with 0x8018000A in discovery: the device is enrolled already");
}

#[tokio::test]
async fn commands_are_carried_out_in_both_encodings() {
    for binary in [false, true] {
        let server = WindowsServer::start().await;
        server.plan.lock().unwrap().binary = binary;
        let mut device = server.enrolled(Version::Windows10).await;
        let package = [
            command("Add", "2", SITE, "chr", "a &amp; é"),
            get("3", SITE),
            get("x-4", "./Vendor/MSFT/None"),
            "<Final/>".to_owned(),
        ];
        server.queue(&[&package.concat()]);
        let report = device.poll().await.unwrap();
        assert_eq!(statuses(&report), [200, 200, 404]);
        assert_eq!(report.messages, 2);
        let answer = server.messages().remove(1);
        assert!(
            answer.contains("a &amp; é") && answer.contains("<CmdRef>x-4</CmdRef>"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn both_sides_prove_themselves() {
    let server = WindowsServer::start().await;
    let mut device = server.enrolled(Version::Windows11).await;
    let challenge = "<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
        <NextNonce xmlns=\"syncml:metinf\">Tm9uY2U=</NextNonce></Meta></Chal><Data>407</Data>";
    {
        let mut plan = server.plan.lock().unwrap();
        plan.headers.push_back(challenge);
        plan.cred = "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta>\
            <Data>Zz6EivR3yeaaENcRN6lpAQ==</Data></Cred>"
            .to_owned();
    }
    server.queue(&[&(get("2", "./DevInfo/Lang") + "<Final/>")]);
    let report = device.poll().await.unwrap();
    assert_eq!(statuses(&report), [200]);
    let messages = server.messages();
    // The example of the specification: Bruce2, OhBehave, Nonce.
    assert!(messages[0].contains("<Data>Zz6EivR3yeaaENcRN6lpAQ==</Data>"));
    assert!(messages[1].contains("<Data>Zz6EivR3yeaaENcRN6lpAQ==</Data>"));
    assert!(
        messages[2].contains("<Cmd>SyncHdr</Cmd><Chal>")
            && messages[2].contains("<Data>212</Data>")
    );
    assert!(!messages[2].contains("<Cred>"));
    // The nonce was used up: the same digest is wrong now, and nothing is carried out.
    let package = get("2", "./DevInfo/Lang") + "<Final/>";
    server.queue(&[package.as_str(); 5]);
    let error = device.poll().await.unwrap_err();
    assert!(matches!(error, DeviceError::WrongServer), "{error}");
    server.plan.lock().unwrap().packages.clear();
    for _ in 0..4 {
        server.plan.lock().unwrap().headers.push_back(challenge);
    }
    let error = device.poll().await.unwrap_err();
    assert!(
        matches!(error, DeviceError::NotAuthenticated(407)),
        "{error}"
    );
}

#[tokio::test]
async fn large_objects_go_both_ways() {
    let server = WindowsServer::start().await;
    let mut device = server.enrolled(Version::Windows11).await;
    let piece = |data: &str, size: &str, more: bool| {
        let size = if size.is_empty() {
            String::new()
        } else {
            format!("<Size xmlns=\"syncml:metinf\">{size}</Size>")
        };
        let (more, end) = if more {
            ("<MoreData/>", "")
        } else {
            ("", "<Final/>")
        };
        format!(
            "<Add><CmdID>2</CmdID><Item><Target><LocURI>{SITE}</LocURI></Target><Meta><Format xmlns=\"syncml:metinf\">chr</Format>\
             {size}</Meta><Data>{data}</Data>{more}</Item></Add>{end}"
        )
    };
    server.queue(&[
        &piece("aaaa", "10", true),
        &piece("bbbb", "", true),
        &piece("cc", "", false),
    ]);
    let report = device.poll().await.unwrap();
    assert_eq!(statuses(&report), [213, 213, 200]);
    assert_eq!(device.node(SITE), Some("aaaabbbbcc"));
    assert!(server.messages()[1].contains("<Data>1222</Data>"));
    server.queue(&[
        &piece("aaaa", "9", true).replace("Add>", "Replace>"),
        &piece("b", "", false).replace("Add>", "Replace>"),
    ]);
    assert_eq!(statuses(&device.poll().await.unwrap()), [213, 424]);
    server.queue(&[&(piece("aaaa", "9", true) + "<Final/>")]);
    device.poll().await.unwrap();
    assert!(
        server
            .messages()
            .iter()
            .any(|message| message.contains("<Data>1225</Data>"))
    );

    let mut small = device;
    small.set_largest_results(4);
    server.queue(&[&(get("2", SITE) + &get("3", "./DevInfo/DmV") + "<Final/>")]);
    let report = small.poll().await.unwrap();
    assert_eq!(report.messages, 5);
    let messages = server.messages();
    let told: Vec<(bool, bool)> = messages
        .iter()
        .map(|message| {
            (
                message.contains("<MoreData/>"),
                message.contains("<Final/>"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (false, true),
            (true, false),
            (true, false),
            (false, false),
            (false, true)
        ]
    );
    assert!(messages[1].contains("<Size xmlns=\"syncml:metinf\">10</Size>"));
}

#[tokio::test]
async fn leaving_from_both_sides() {
    let server = WindowsServer::start().await;
    let mut device = server.enrolled(Version::Windows11).await;
    device.unenroll().await.unwrap();
    let alert = "<Type xmlns=\"syncml:metinf\">com.microsoft:mdm.unenrollment.userrequest</Type>";
    assert!(server.messages()[0].contains(alert));
    assert!(
        device.enrollment().is_none()
            && device.nodes().is_empty()
            && device.stores().items().is_empty()
    );
    assert!(matches!(device.poll().await, Err(DeviceError::NotEnrolled)));

    let mut device = server.enrolled(Version::Windows10).await;
    let leave = command(
        "Exec",
        "2",
        "./Device/Vendor/MSFT/DMClient/Provider/lab/Unenroll",
        "null",
        "",
    );
    server.queue(&[&(leave + "<Final/>")]);
    let report = device.poll().await.unwrap();
    assert!(
        report.commands.is_empty(),
        "the device says nothing about it"
    );
    let messages = server.messages();
    assert!(
        messages.len() == 2 && messages[1].contains(alert),
        "{messages:?}"
    );
    let reason = "the server told it to".to_owned();
    assert_eq!(
        device.journal().last().unwrap().event,
        Event::Unenrolled { reason }
    );

    let mut device = server.enrolled(Version::Windows11).await;
    let wipe = command("Exec", "2", "./Vendor/MSFT/RemoteWipe/doWipe", "chr", "");
    server.queue(&[&(wipe + "<Final/>")]);
    assert_eq!(statuses(&device.poll().await.unwrap()), [200]);
    assert!(device.enrollment().is_none());
}

#[tokio::test]
async fn a_certificate_is_renewed_with_its_own_authority() {
    let server = WindowsServer::start().await;
    for version in Version::ALL {
        let mut device = server.enrolled(version).await;
        let before = device.enrollment().unwrap().identity.fingerprint();
        if version == Version::Phone81 {
            device.renew().await.unwrap();
        } else {
            let now = "./Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/RenewNow";
            server.queue(&[&(command("Exec", "2", now, "null", "") + "<Final/>")]);
            assert_eq!(statuses(&device.poll().await.unwrap()), [200]);
        }
        let renewal = server.canned.seen().pop().unwrap();
        assert!(renewal.path == "/Enrollment" && renewal.certificate.is_some());
        assert_ne!(device.enrollment().unwrap().identity.fingerprint(), before);
        assert_eq!(device.identities().len(), 1);
        assert!(device.poll().await.unwrap().complete);
    }
}

#[tokio::test]
async fn misbehaviour_is_on_the_wire() {
    let server = WindowsServer::start().await;
    let mut device = server.enrolled(Version::Windows11).await;
    let package = get("2", "./DevInfo/DmV") + "<Final/>";
    for (behaviour, message, shown) in [
        (Behaviour::MissingFinal, 1, "no Final"),
        (Behaviour::ReplayMessage, 1, "the same twice"),
        (Behaviour::DuplicateCmdId, 2, "one CmdID"),
        (Behaviour::Abort, 2, "alert 1223"),
        (Behaviour::LoseAnswer, 1, "one message"),
        (Behaviour::TruncatedPackage, 1, "cut"),
    ] {
        server.queue(&[&package]);
        device.set_script(script(Rule::once(behaviour.clone()).in_message(message)));
        let outcome = device.poll().await;
        let messages = server.messages();
        let holds = match &behaviour {
            Behaviour::MissingFinal => !messages[0].contains("<Final/>"),
            Behaviour::ReplayMessage => messages[0] == messages[1],
            Behaviour::DuplicateCmdId => messages[1].matches("<CmdID>1</CmdID>").count() == 3,
            Behaviour::Abort => messages[1].contains("<Data>1223</Data>"),
            Behaviour::LoseAnswer => messages.len() == 1 && !outcome.as_ref().unwrap().complete,
            _ => !messages[0].contains("</SyncML>"),
        };
        assert!(holds, "{shown}: {messages:?} {outcome:?}");
        if behaviour == Behaviour::Abort {
            assert_eq!(aborted(&device).unwrap(), "aborted with alert 1223");
        }
        server.plan.lock().unwrap().packages.clear();
        device.set_script(Script::default());
        device.poll().await.unwrap();
        server.messages();
    }
    device.set_script(script(Rule::once(Behaviour::WrongCredentials)));
    device.poll().await.unwrap();
    let seen = server.canned.seen().pop().unwrap();
    assert!(seen.certificate.is_none());
    assert!(server.messages()[0].contains("<Data>d3Jvbmc=</Data>"));
}

#[tokio::test]
async fn a_server_that_breaks_rules_ends_the_session() {
    let server = WindowsServer::start().await;
    let mut device = server.enrolled(Version::Windows11).await;
    server.queue(&["<Get><CmdID>1</CmdID></Get><Final/>"]);
    let error = device.poll().await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"server's message breaks a rule of OMA DM: two commands have one CmdID");
    server.canned.answer(200, "text/html", b"<html/>");
    let error = device.poll().await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"server's message breaks a rule of OMA DM: the answer is of type `text/html`");
    server.canned.answer(503, "text/plain", b"later");
    let error = device.poll().await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"a message of a session was answered with HTTP status 503: later");
    let again = get("2", "./DevInfo/DmV") + "<Final/>";
    server.queue(&vec![again.as_str(); 600]);
    let error = device.poll().await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"session was ended after 500 messages");
}
