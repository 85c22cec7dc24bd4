//! Windows devices enroll: every version of the client, each way to say who enrolls, and what they are told.

use serde_json::json;

use crate::certificate::{chains, shown};
use crate::program::Program;
use crate::windows_client::{
    Provisioned, Windows, code_for, fixture, named, new_key, replace_token, with_hardware,
};

const ID: &str = "00112233445566778899AABBCCDDEEFF";

#[test]
fn every_version_of_the_client_is_told_where_to_enroll() {
    let lab = Windows::start(&[]);
    let probe = lab.curl("/EnrollmentServer/Discovery.svc", &[]);
    assert_eq!((probe.status, probe.body.as_str()), (200, ""));
    assert!(
        probe.headers.contains("content-length: 0"),
        "{}",
        probe.headers
    );
    for (name, policy, version) in [
        ("discover-8.1.xml", "OnPremise", ""),
        ("discover-phone-8.1.xml", "OnPremise", "2.0"),
        ("discover-10-mobile.xml", "OnPremise", "3.0"),
        ("discover-10-19043.xml", "OnPremise", "4.0"),
        ("discover-11-22631.xml", "Federated", "4.0"),
        ("discover-11-25h2.xml", "OnPremise", "4.0"),
    ] {
        let answer = lab.post("Discovery.svc", &fixture(name));
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let text = |local: &str| answer.xpath(&format!("string(//*[local-name()='{local}'])"));
        assert_eq!(text("AuthPolicy"), policy, "{name}");
        assert_eq!(text("EnrollmentVersion"), version, "{name}");
        let base = format!("{}/EnrollmentServer", lab.server.device_url());
        assert_eq!(
            text("EnrollmentPolicyServiceUrl"),
            format!("{base}/Policy.svc")
        );
        assert_eq!(
            text("EnrollmentServiceUrl"),
            format!("{base}/Enrollment.svc")
        );
        let login = if policy == "Federated" {
            format!("{base}/Login")
        } else {
            String::new()
        };
        assert_eq!(text("AuthenticationServiceUrl"), login, "{name}");
        let asked = fixture(name);
        let (_, id) = asked.split_once("<a:MessageID>").unwrap();
        assert_eq!(
            text("RelatesTo"),
            id.split_once('<').unwrap().0.trim(),
            "{name}"
        );
        let length = format!("content-length: {}", answer.body.len());
        assert!(answer.headers.contains(&length), "{}", answer.headers);
        assert!(!answer.headers.contains("transfer-encoding"));
    }
}

#[test]
fn a_pc_enrolls_by_code_and_gets_certificate_account_and_schedule() {
    let lab = Windows::start(&["--organization", "Lab & <Söhne>"]);
    let policies = lab.post(
        "Policy.svc",
        &named(
            &fixture("policies-onpremise.xml"),
            "ada@lab.example",
            &lab.code,
        ),
    );
    assert_eq!(policies.status, 200, "{}", policies.body);
    assert_eq!(
        policies.xpath("string(//*[local-name()='minimalKeyLength'])"),
        "2048"
    );
    assert_eq!(
        policies.xpath("string(//*[local-name()='validityPeriodSeconds'])"),
        "31536000"
    );

    let message = lab.issue("issue-onpremise.xml", "sha1", ID);
    let answer = lab.post("Enrollment.svc", &message);
    let document = Provisioned::of(&answer);
    let own = lab.server.folder().join("own.pem");
    document.own(&own);
    chains(&lab.server, &own, "sslclient");
    assert_eq!(
        shown(&own, &["-subject"]).trim(),
        format!("subject=CN={ID}")
    );
    let text = shown(&own, &["-text"]);
    for part in [
        "Signature Algorithm: sha256WithRSAEncryption",
        "X509v3 Authority Key Identifier",
        &format!("1.3.6.1.4.1.311.66.1.0: \n                {ID}."),
        "TLS Web Client Authentication",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let root = lab.server.folder().join("root.pem");
    document.certificate(&["Root", "System"], &root);
    assert_eq!(
        shown(&root, &["-fingerprint"]),
        shown(&lab.server.ca_file(), &["-fingerprint"])
    );

    let application = ["APPLICATION"];
    for (name, value) in [
        ("APPID", "w7".to_owned()),
        ("PROVIDER-ID", "mockmdm".to_owned()),
        ("NAME", "Lab & <Söhne>".to_owned()),
        (
            "ADDR",
            format!("{}/ManagementServer/MDM.svc", lab.server.mtls_url()),
        ),
        (
            "SSLCLIENTCERTSEARCHCRITERIA",
            format!("Subject=CN%3D{ID}&Stores=My%5CUser"),
        ),
    ] {
        assert_eq!(document.parm(&application, name), value);
    }
    let provider = ["DMClient", "Provider", "mockmdm"];
    let shown = lab.device(ID);
    assert_eq!(
        document.parm(&provider, "EntDMID"),
        shown["id"].as_str().unwrap()
    );
    assert_eq!(document.parm(&provider, "UPN"), "adele@lab.example");
    let poll = ["DMClient", "Provider", "mockmdm", "Poll"];
    for (name, value) in [
        ("IntervalForFirstSetOfRetries", "1"),
        ("NumberOfFirstRetries", "10"),
        ("IntervalForRemainingScheduledRetries", "1"),
        ("NumberOfRemainingScheduledRetries", "0"),
    ] {
        assert_eq!(document.parm(&poll, name), value, "{name}");
    }
    assert_eq!(document.count("//characteristic[@type='APPAUTH']"), "2");
    assert_eq!(
        document.count("//characteristic[@type='PrivateKeyContainer']"),
        "1"
    );

    for (key, value) in [
        ("platform", "windows"),
        ("state", "identity_issued"),
        ("reality", "simulated"),
        ("device_name", "LAB-<é>-1"),
        ("os_version", "10.0.19043.928"),
    ] {
        assert_eq!(shown[key], value, "{shown:#}");
    }
    assert_eq!(shown["user"]["user_principal_name"], "adele@lab.example");
    assert_eq!(
        shown["information"]["MAC"],
        "02-00-00-00-00-01, 02-00-00-00-00-02"
    );
    assert_eq!(shown["windows"]["dialect"], "windows10");
    assert_eq!(shown["windows"]["context"], "user");
    assert!(!shown.to_string().contains("secret"), "{shown:#}");

    // The same request again, because its answer was lost: the same document, nothing new.
    let again = Provisioned::of(&lab.post("Enrollment.svc", &message));
    let twice = lab.server.folder().join("again.pem");
    again.own(&twice);
    assert_eq!(std::fs::read(&own).unwrap(), std::fs::read(&twice).unwrap());
    assert_eq!(
        again.parm(&application, "AAUTHSECRET"),
        document.parm(&application, "AAUTHSECRET")
    );
    assert_eq!(lab.server.events_of("enrollment.identity_issued").len(), 1);
    assert_eq!(lab.server.events_of("certificate.issued").len(), 1);
}

#[test]
fn a_phone_of_8_1_is_named_by_its_certificate_request() {
    let lab = Windows::start(&[]);
    let message = lab.issue("issue-phone-8.1.xml", "sha1", ID);
    let document = Provisioned::of(&lab.post("Enrollment.svc", &message));
    let poll = ["DMClient", "Provider", "mockmdm", "Poll"];
    assert_eq!(
        document.parm(&poll, "IntervalForRemainingScheduledRetries"),
        "1440"
    );
    let shown = lab.device(ID);
    assert_eq!(shown["platform"], "windows_phone");
    assert_eq!(shown["windows"]["dialect"], "windows_phone81");
}

#[test]
fn a_device_that_enrolls_for_itself_gets_its_certificate_in_the_machine_store() {
    let lab = Windows::start(&[]);
    let message = lab
        .issue("issue-onpremise.xml", "sha256", ID)
        .replace(">Full<", ">Device<");
    let document = Provisioned::of(&lab.post("Enrollment.svc", &message));
    document.certificate(&["My", "System"], &lab.server.folder().join("own.pem"));
    let criteria = document.parm(&["APPLICATION"], "SSLCLIENTCERTSEARCHCRITERIA");
    assert!(criteria.ends_with("&Stores=My%5CSystem"), "{criteria}");
    assert_eq!(lab.device(ID)["windows"]["context"], "device");
}

#[test]
fn the_user_of_the_code_wins_over_the_typed_one() {
    let mut lab = Windows::start(&[]);
    lab.code = code_for(
        &lab.server,
        &json!({ "uses": 1, "user": { "user_principal_name": "ada@example.com" } }),
    );
    // Asking for policies uses nothing up, nor does a refused request.
    let policies = named(
        &fixture("policies-onpremise.xml"),
        "x@y.z",
        &lab.code.to_lowercase(),
    );
    assert_eq!(lab.post("Policy.svc", &policies).status, 200);
    let broken = replace_token(
        &lab.issue("issue-onpremise.xml", "sha256", ID),
        "#PKCS10\"",
        "MAA=",
    );
    lab.post("Enrollment.svc", &broken).refused(
        "no request",
        "0x80180004",
        "certification request",
    );
    let message = lab.issue("issue-onpremise.xml", "sha256", ID);
    Provisioned::of(&lab.post("Enrollment.svc", &message));
    assert_eq!(
        lab.device(ID)["user"]["user_principal_name"],
        "ada@example.com"
    );
    // The answer was lost and the code is used up: the same device gets the same.
    Provisioned::of(&lab.post("Enrollment.svc", &message));
    let other = lab.issue(
        "issue-onpremise.xml",
        "sha256",
        "FF112233445566778899AABBCCDDEEFF",
    );
    lab.post("Enrollment.svc", &other)
        .refused("used up", "0x80180003", "used up");
}

#[test]
fn users_enroll_with_a_password_of_their_own() {
    let mut lab = Windows::start(&[]);
    let user = json!({ "user_principal_name": "Ada@lab.example", "full_name": "Ada & <Söhne>", "enrollment_password": "p&<é" });
    lab.server
        .api_ok("PUT", "/api/v1/users/ada@lab.example", Some(&user));
    let policies =
        |name: &str, password: &str| named(&fixture("policies-onpremise.xml"), name, password);
    for (what, name, password, words) in [
        (
            "another",
            "ada@lab.example",
            "P&amp;&lt;é",
            "the user `ada@lab.example` has",
        ),
        (
            "none",
            "ada@lab.example",
            "",
            "no enrollment code was given",
        ),
        (
            "somebody else",
            "eve@lab.example",
            "p&amp;&lt;é",
            "this enrollment code is not known",
        ),
    ] {
        lab.post("Policy.svc", &policies(name, password))
            .refused(what, "0x80180002", words);
    }
    for password in ["p&amp;&lt;é", &lab.code] {
        let answer = lab.post("Policy.svc", &policies("ADA@lab.example", password));
        assert_eq!(answer.status, 200, "{password}: {}", answer.body);
    }
    "p&amp;&lt;é".clone_into(&mut lab.code);
    let message = lab
        .issue("issue-onpremise.xml", "sha256", ID)
        .replace("adele@lab.example", "ADA@lab.example");
    Provisioned::of(&lab.post("Enrollment.svc", &message));
    let device = lab.device(ID);
    assert_eq!(device["user"]["full_name"], "Ada & <Söhne>", "{device:#}");
    // The answer was lost: the same device gets the same; the password is not used up.
    Provisioned::of(&lab.post("Enrollment.svc", &message));
    let other = lab
        .issue(
            "issue-onpremise.xml",
            "sha256",
            "FF112233445566778899AABBCCDDEEFF",
        )
        .replace("adele@lab.example", "ada@lab.example");
    Provisioned::of(&lab.post("Enrollment.svc", &other));
    let login = "user=ada%40lab.example&appru=ms-app%3A%2F%2Fx&code=";
    let media = ["-H", "Content-Type: application/x-www-form-urlencoded"];
    let refused = lab.send("Login", &media, format!("{login}no").as_bytes());
    assert!(
        refused.body.contains("role=alert") && refused.body.contains("ada@lab.example"),
        "{}",
        refused.body
    );
    let let_in = lab.send("Login", &media, format!("{login}p%26%3c%c3%a9").as_bytes());
    assert!(let_in.body.contains("name=wresult"), "{}", let_in.body);
}

#[test]
fn the_login_page_lets_a_device_in_once() {
    let lab = Windows::start(&["--windows-policy", "federated"]);
    let query = "appru=ms-app%3A%2F%2Fs-1-15-2-1&login_hint=ada%40lab.example";
    let page = lab.curl(&format!("/EnrollmentServer/Login?{query}"), &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.headers.contains("x-frame-options"));
    for part in [
        "name=appru value=\"ms-app://s-1-15-2-1\"",
        "name=user value=\"ada@lab.example\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    for (query, words) in [
        ("appru=https%3A%2F%2Fevil.example", "no ms-app:// address"),
        ("appru=%22%3E%3Cscript%3E", "no ms-app:// address"),
        ("", "`appru` is missing"),
    ] {
        let refused = lab.curl(&format!("/EnrollmentServer/Login?{query}"), &[]);
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.body.contains(words), "{query}: {}", refused.body);
    }
    let form =
        |code: &str| format!("appru=ms-app%3A%2F%2Fs-1-15-2-1&user=ada%40lab.example&code={code}");
    let wrong = lab.send("Login", &[], form("NO-SUCH").as_bytes());
    assert_eq!(wrong.status, 200);
    assert!(
        wrong.body.contains("this enrollment code is not known"),
        "{}",
        wrong.body
    );
    let done = lab.send("Login", &[], form(&lab.code).as_bytes());
    assert!(
        done.body
            .contains("<form action=\"ms-app://s-1-15-2-1\" method=post>"),
        "{}",
        done.body
    );
    let (_, token) = done.body.split_once("name=wresult value=\"").unwrap();
    let (token, _) = token.split_once('"').unwrap();

    let base64 = base64(token);
    let message = |text: &str| replace_token(text, "DeviceEnrollmentUserToken\"", &base64);
    let policies = lab.post("Policy.svc", &message(&fixture("policies-federated.xml")));
    assert_eq!(policies.status, 200, "{}", policies.body);
    let issue = message(&lab.issue("issue-federated.xml", "sha256", ID));
    let device_id = issue.split_once("\"DeviceID\"><ac:Value>").unwrap().1;
    let device_id = device_id.split_once('<').unwrap().0.to_owned();
    Provisioned::of(&lab.post("Enrollment.svc", &issue));
    let shown = lab.device(&device_id);
    assert_eq!(shown["user"]["user_principal_name"], "ada@lab.example");
    assert_eq!(shown["reality"], "simulated");
    Provisioned::of(&lab.post("Enrollment.svc", &issue));

    new_key(&lab.key);
    let stolen = message(&lab.issue("issue-federated.xml", "sha256", ID));
    lab.post("Enrollment.svc", &stolen).refused(
        "another key",
        "0x80180002",
        "the login does not count",
    );
    let forged = replace_token(
        &issue,
        "DeviceEnrollmentUserToken\"",
        &self::base64(&token.replace("ada", "eve")),
    );
    lab.post("Enrollment.svc", &forged).refused(
        "another name",
        "0x80180002",
        "the login does not count",
    );

    // A program that registers a device by itself hands over the code.
    let silent = replace_token(
        &lab.issue("issue-federated.xml", "sha256", ID),
        "DeviceEnrollmentUserToken\"",
        &self::base64(&format!("{}.eve@lab.example", lab.code)),
    );
    Provisioned::of(&lab.post("Enrollment.svc", &silent));
    assert_eq!(
        lab.device(&device_id)["user"]["user_principal_name"],
        "eve@lab.example"
    );
}

#[test]
fn open_enrollment_lets_anybody_in_and_counts_as_real() {
    let lab = Windows::start(&["--open-enrollment"]);
    let message = named(&lab.issue("issue-onpremise.xml", "sha256", ID), "x", "x")
        .replace(&lab.code, "any password");
    Provisioned::of(&lab.post("Enrollment.svc", &message));
    assert_eq!(lab.device(ID)["reality"], "real");
}

#[test]
fn clones_are_told_apart_and_a_device_that_comes_again_is_the_same() {
    let lab = Windows::start(&[]);
    lab.enroll(ID);
    let first = lab.device(ID);
    let clone = "FFEEDDCCBBAA99887766554433221100";
    lab.enroll(clone);
    assert_ne!(lab.device(clone)["id"], first["id"]);
    let told = lab.server.events_of("enrollment.cloned");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["device"], first["id"]);

    // Other hardware is nobody's clone.
    let other = with_hardware(
        &lab.issue(
            "issue-onpremise.xml",
            "sha256",
            "AA112233445566778899AABBCCDDEEFF",
        ),
        "another",
    );
    Provisioned::of(&lab.post("Enrollment.svc", &other));
    assert_eq!(lab.server.events_of("enrollment.cloned").len(), 1);

    new_key(&lab.key);
    lab.enroll(ID);
    let again = lab.device(ID);
    assert_eq!(again["id"], first["id"]);
    assert_ne!(again["identity"], first["identity"]);
    assert_eq!(lab.server.events_of("enrollment.restarted").len(), 1);
}

#[test]
fn http_2_is_served_alike() {
    let lab = Windows::start(&[]);
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let body = fixture("discover-11-25h2.xml");
        let answer = lab.send("Discovery.svc", &[flag], body.as_bytes());
        assert_eq!((answer.version.as_str(), answer.status), (version, 200));
        let length = format!("content-length: {}", answer.body.len());
        assert!(answer.headers.contains(&length), "{}", answer.headers);
        let fault = lab.send("Discovery.svc", &[flag], b"<x/>");
        assert_eq!((fault.version.as_str(), fault.status), (version, 500));
        let length = format!("content-length: {}", fault.body.len());
        assert!(fault.headers.contains(&length), "{}", fault.headers);
    }
}

#[test]
fn the_page_leads_to_the_dialog_of_windows() {
    let lab = Windows::start(&[]);
    let page = lab.curl("/enroll/windows?user=ada%40lab.example", &[]);
    assert_eq!(page.status, 200);
    let thumbprint = shown(&lab.server.ca_file(), &["-fingerprint", "-sha1"]);
    let thumbprint = thumbprint
        .split('=')
        .nth(1)
        .unwrap()
        .trim()
        .replace(':', "");
    for part in [
        "ms-device-enrollment:?mode=mdm&amp;servername=https%3A%2F%2F",
        "username=ada%40lab.example",
        &thumbprint,
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let landing = lab.server.bootstrap("GET", "/", b"");
    assert!(landing.text().contains("/enroll/windows"));
    let xmllint = Program::find("xmllint").expect("xmllint");
    xmllint
        .with(["--html", "--noout", "-"])
        .input(page.body.into_bytes())
        .run()
        .ok();
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
