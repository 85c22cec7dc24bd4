//! Lab files: `mockmdm apply` makes a lab as they say, all of it or nothing.

use std::path::Path;
use std::process::Output;

use mdm_simulators::apple::Platform;
use serde_json::Value;

use crate::apple_lab::Lab;
use crate::lifecycle::mockmdm;

/// The lab that is shown to people.
const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../scripts/examples/lab.toml"
);

fn run(lab: &Lab, arguments: &[&str]) -> Output {
    let mut all = vec!["--server"];
    let url = lab.server.admin_url();
    all.push(&url);
    all.extend(arguments);
    mockmdm(lab.server.folder(), &all).output().unwrap()
}

/// The plan as a program reads it.
fn applied(lab: &Lab, arguments: &[&str]) -> Value {
    let mut all = vec!["--json", "apply"];
    all.extend(arguments);
    let output = run(lab, &all);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn file(lab: &Lab, name: &str, text: &str) -> String {
    let path = lab.server.folder().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn count(plan: &Value) -> (usize, u64) {
    (
        plan["changes"].as_array().unwrap().len(),
        plan["unchanged"].as_u64().unwrap(),
    )
}

#[tokio::test]
async fn the_example_lab_is_applied_once() {
    let lab = Lab::start();
    let planned = applied(&lab, &[EXAMPLE, "--dry-run"]);
    let (changes, unchanged) = count(&planned);
    assert!(changes > 20, "{planned:#}");
    assert_eq!(unchanged, 1, "the edition is the default already");
    let users = lab.server.api_ok("GET", "/api/v1/users", None);
    assert_eq!(users["items"], Value::Array(Vec::new()), "nothing was done");

    let mut phone = lab.enroll(Platform::Ios, 1).await;
    let done = applied(&lab, &[EXAMPLE]);
    assert_eq!(done["changes"], planned["changes"]);
    assert_eq!(done["devices"], 1);
    let again = applied(&lab, &[EXAMPLE]);
    assert_eq!(count(&again), (0, changes as u64 + 1));
    assert_eq!(again["devices"], 0);

    // Ada is in sales, and the directory knows her address.
    phone.device.poll().await.unwrap();
    let [account] = phone.device.accounts() else {
        panic!("{:#?}", phone.device.accounts())
    };
    assert_eq!(account.address, "ada.lovelace@example.com");

    let output = run(&lab, &["users", "show", "bob@example.com"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("Söderström") && !told.contains("only for this lab"),
        "{told}"
    );
    let output = run(&lab, &["assignments"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("ios-mail") && told.contains("sales"),
        "{told}"
    );
}

#[tokio::test]
async fn nothing_is_deleted_without_being_asked() {
    let lab = Lab::start();
    applied(&lab, &[EXAMPLE]);
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    let less = file(
        &lab,
        "less.toml",
        "[[user]]\nuser_principal_name = \"ada@example.com\"\nmail = \"ada.lovelace@example.com\"\n\
         full_name = \"Ada Lovelace\"\ngiven_name = \"Ada\"\nsurname = \"Lovelace\"\n",
    );
    assert_eq!(count(&applied(&lab, &[&less])), (0, 1));
    let planned = applied(&lab, &[&less, "--prune", "--dry-run"]);
    let all = planned["changes"].as_array().unwrap();
    assert!(
        all.len() > 20 && all.iter().all(|c| c["action"] == "delete"),
        "{planned:#}"
    );
    let done = applied(&lab, &[&less, "--prune"]);
    assert_eq!(done["changes"], planned["changes"]);
    for (kind, left) in [
        ("users", 1),
        ("groups", 0),
        ("profiles", 0),
        ("assignments", 0),
    ] {
        let list = lab.server.api_ok("GET", &format!("/api/v1/{kind}"), None);
        assert_eq!(list["items"].as_array().unwrap().len(), left, "{kind}");
    }
    phone.device.poll().await.unwrap();
    assert!(phone.device.accounts().is_empty());
    let path = format!("/api/v1/deliveries?device={}", phone.id);
    let list = lab.server.api_ok("GET", &path, None);
    for delivery in list["items"].as_array().unwrap() {
        let state = delivery["state"].as_str().unwrap();
        assert!(["removed", "not_targeted"].contains(&state), "{delivery:#}");
    }
}

#[tokio::test]
async fn every_mistake_is_told_at_once_with_its_place() {
    let lab = Lab::start();
    let first = file(
        &lab,
        "first.toml",
        "[settings]\nsemantics = \"2018\"\n\n[[user]]\nuser_principal_name = \"ada\"\nmial = \"x\"\n\n\
         [[group]]\nid = \"sales\"\nkind = \"users\"\n\n[[fault]]\nname = \"x\"\n",
    );
    let second = file(
        &lab,
        "second.toml",
        "usr = 1\n[[profile]]\nid = \"mail\"\ntype = \"ios_exchange\"\ndisplay_name = \"M\"\naccount_name = \"M\"\n\
         hostname = \"é\"\n",
    );
    let output = run(&lab, &["apply", &first, &second]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    for line in [
        "first.toml:2:1: `settings.semantics`: found `2018`, expected 2017, 2020 or current",
        "first.toml:5:1: `user[0].user_principal_name`: found `ada`",
        "first.toml:6:1: `user[0].mial`: found an unknown key, expected a known key, perhaps `mail`",
        "first.toml:10:1: `group[0].kind`: found `users`, expected user or device",
        "`fault`: found faults, which this release does not know yet, expected a lab without them",
        "second.toml:1:1: `usr`: found an unknown key, expected a table of a lab, perhaps `user`",
        "second.toml:7:1: `profile[0].hostname`: found an unknown property",
        "`profile[0].host_name`: found nothing",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    // What each part says alone is right; together they name what is not there.
    let third = file(
        &lab,
        "third.toml",
        "[[user]]\nuser_principal_name = \"ada@example.com\"\n[[group]]\nid = \"sales\"\nkind = \"user\"\n\
         members = [\"ada@example.com\", \"eve@example.com\"]\n[[profile]]\nid = \"mail\"\ntype = \"ios_exchange\"\n\
         display_name = \"M\"\naccount_name = \"M\"\nhost_name = \"m.example.com\"\n\
         authentication_method = \"certificate\"\nidentity_certificate = \"none\"\n[[assignment]]\nprofile = \"other\"\n\
         include = [\"sales\", \"ada@example.com\"]\n",
    );
    let output = run(&lab, &["apply", &third]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    for line in [
        "third.toml:6:31: `group[0].members[1]`: found `eve@example.com`, whom the directory does not know",
        "third.toml:14:1: `profile[0].identity_certificate`: found `none`, which does not exist",
        "third.toml:16:1: `assignment[0].profile`: found `other`, which does not exist",
        "third.toml:17:21: `assignment[0].include[1]`: found `ada@example.com`, a user, expected a group",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    for kind in ["users", "groups", "profiles", "assignments"] {
        let list = lab.server.api_ok("GET", &format!("/api/v1/{kind}"), None);
        assert_eq!(list["items"], Value::Array(Vec::new()), "{kind}");
    }
}

#[test]
fn the_example_is_where_readers_are_sent() {
    assert!(Path::new(EXAMPLE).is_file());
}
