//! Simulated Windows devices of every version against the whole program: enrolling, renewing, leaving.

use std::process::Command;

use mdm_simulators::windows::{Context, DeviceError, Event, Hresult, Invitation, Persona, Version};

use crate::windows_lab::WindowsLab;

#[tokio::test]
async fn every_version_enrolls_and_shows_its_certificate() {
    let lab = WindowsLab::start(&[]);
    for version in Version::ALL {
        let pc = lab.enroll(version, 3).await;
        let shown = lab.show(&pc.id);
        assert_eq!(shown["reality"], "simulated", "{shown:#}");
        assert_eq!(shown["state"], "enrolled", "{version:?}: {shown:#}");
        let enrollment = pc.device.enrollment().unwrap();
        assert_eq!(enrollment.provider_id(), "mockmdm");
        assert_eq!(enrollment.context, Context::User);
        let [(_, first), _, (_, last)] = pc.device.poll_schedule();
        assert!(first >= 1 && (version != Version::Phone81 || last >= 1440));
    }
}

#[tokio::test]
async fn what_windows_shows_when_it_is_refused() {
    let lab = WindowsLab::start(&[]);
    let mut pc = lab.device(Version::Windows11, 1);
    let refused = |error: DeviceError| match error {
        DeviceError::Enroll(error) => (error.code, error.step),
        other => panic!("{other}"),
    };
    let wrong = Invitation::with_password(&lab.discovery(), "ada@example.com", "no code");
    let error = pc.enroll(&wrong).await.unwrap_err();
    assert_eq!(refused(error), (Hresult(0x8018_0002), "policies"));
    let nowhere = Invitation::with_password(
        &lab.discovery().replace("Discovery.svc", "Nowhere.svc"),
        "ada@example.com",
        "x",
    );
    let error = pc.enroll(&nowhere).await.unwrap_err();
    assert_eq!(refused(error), (Hresult(0x8019_0194), "discovery"));
    let mut stranger = mdm_simulators::windows::WindowsDevice::new(
        Persona::from_seed(Version::Windows10, 1),
        mdm_simulators::windows::Environment::new(Vec::new()).at([127, 0, 0, 1].into()),
    );
    let error = stranger.enroll(&lab.invitation()).await.unwrap_err();
    assert_eq!(refused(error), (Hresult(0x8018_0012), "discovery"));
    pc.enroll(&lab.invitation()).await.unwrap();
}

#[tokio::test]
async fn a_login_page_lets_a_device_in() {
    let lab = WindowsLab::start(&["--windows-policy", "federated"]);
    let mut pc = lab.device(Version::Windows11Next, 1);
    let code = lab.code();
    let fields = [("user", "ada@example.com"), ("code", code.as_str())];
    let invitation = Invitation::with_form(&lab.discovery(), "ada@example.com", &fields);
    pc.enroll(&invitation).await.unwrap();
    let mut phone = lab.device(Version::Mobile10, 1);
    let wrong = [("user", "ada@example.com"), ("code", "wrong")];
    let wrong = Invitation::with_form(&lab.discovery(), "ada@example.com", &wrong);
    let error = phone.enroll(&wrong).await.unwrap_err();
    assert!(error.to_string().contains("in login"), "{error}");
}

#[tokio::test]
async fn a_machine_is_enrolled_without_its_user() {
    let lab = WindowsLab::start(&[]);
    let mut pc = lab.device(Version::Windows10, 1);
    let invitation = Invitation {
        context: Context::System,
        ..lab.invitation()
    };
    pc.enroll(&invitation).await.unwrap();
    assert_eq!(pc.enrollment().unwrap().context, Context::System);
    pc.poll().await.unwrap();
    assert_eq!(lab.show(&lab.id_of(&pc))["state"], "enrolled");
}

#[tokio::test]
async fn a_certificate_is_renewed_and_the_old_one_counts_no_more() {
    let lab = WindowsLab::start(&[]);
    for version in Version::ALL {
        let mut pc = lab.enroll(version, 5).await;
        let before = pc.device.enrollment().unwrap().identity.fingerprint();
        pc.device.renew().await.unwrap();
        let after = pc.device.enrollment().unwrap().identity.fingerprint();
        assert_ne!(before, after);
        pc.device.poll().await.unwrap();
        let shown = lab.show(&pc.id);
        assert_eq!(shown["identity"], after, "{shown:#}");
        assert_eq!(pc.count(|event| matches!(event, Event::Renewed { .. })), 1);
    }
}

#[test]
fn the_command_enrolls_many() {
    let lab = WindowsLab::start(&[]);
    let url = lab.server.admin_url();
    for version in Version::ALL {
        let run = |more: &[&str]| {
            Command::new(env!("CARGO_BIN_EXE_mockmdm"))
                .args([
                    "--server",
                    &url,
                    "--token",
                    lab.server.token(),
                    "sim",
                    "enroll",
                    "windows",
                ])
                .args(["--persona", version.as_str(), "--json"])
                .args(more)
                .env("HOME", lab.server.folder())
                .output()
                .unwrap()
        };
        let done = run(&["--count", "3", "--user", "ada@example.com"]);
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{text}");
        let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        let items = told["items"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        for item in items {
            let shown = lab.show(item["id"].as_str().unwrap());
            assert_eq!(shown["state"], "enrolled", "{shown:#}");
            assert_eq!(item["authentication"], "mutual TLS");
        }
        let refused = run(&["--mtls"]);
        assert_eq!(refused.status.code(), Some(1));
    }
}
