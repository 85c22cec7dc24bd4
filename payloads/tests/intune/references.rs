//! What a profile may name.

use mdm_payloads::{
    Profile,
    reference::{chain, check_references},
};
use serde_json::{Value, json};

use crate::sample::{derived, gmail, imported, ios, knox, pkcs, profile, root, scep, with};

/// The complaints about the references of `json` among `others`.
fn complaints(json: Value, others: &[Profile]) -> Vec<String> {
    let find = |id: &mdm_payloads::ProfileId| others.iter().find(|other| other.id == *id);
    check_references(&profile(json), find)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn by(method: &str, identity: &str) -> Value {
    json!({ "authentication_method": method, "identity_certificate": identity })
}

#[test]
fn r30_an_identity_is_a_profile_that_exists_and_serves() {
    let lab: Vec<_> = [
        scep("ios"),
        pkcs("ios"),
        root("ios"),
        imported("ios"),
        derived("ios"),
    ]
    .map(profile)
    .into();
    let refused = |found: &str| {
        vec![format!(
            "`identity_certificate`: found {found}, expected scep_certificate or pkcs_certificate for ios"
        )]
    };
    for (method, identity, expected) in [
        ("certificate", "scep", vec![]),
        ("certificate", "pkcs", vec![]),
        ("derived_credential", "derived", vec![]),
        ("certificate", "nope", refused("`nope`, which does not exist")),
        ("certificate", "root", refused("`root` of type trusted_certificate")),
        (
            "certificate",
            "imported",
            refused("`imported` of type imported_pkcs"),
        ),
        (
            "certificate",
            "derived",
            refused("`derived` of type derived_credential"),
        ),
        (
            "derived_credential",
            "scep",
            vec![
                "`identity_certificate`: found `scep` of type scep_certificate, expected derived_credential for ios"
                    .to_owned(),
            ],
        ),
        // Named, but not used.
        ("username_and_password", "root", vec![]),
    ] {
        let json = with(ios(), by(method, identity));
        assert_eq!(complaints(json, &lab), expected, "{method} {identity}");
    }
}

/// What does not serve to sign in may serve to sign and decrypt mail.
#[test]
fn r30_an_imported_certificate_is_for_smime() {
    let lab: Vec<_> = [scep("ios"), root("ios"), imported("ios"), derived("ios")]
        .map(profile)
        .into();
    let smime = |more| with(with(ios(), json!({ "require_smime": true })), more);
    for (json, expected) in [
        (
            smime(
                json!({ "smime_encryption_certificate": "imported", "smime_signing_certificate": "scep" }),
            ),
            vec![],
        ),
        (
            smime(
                json!({ "signing_certificate_type": "derived_credential", "smime_signing_certificate": "derived" }),
            ),
            vec![],
        ),
        (
            smime(
                json!({ "signing_certificate_type": "derived_credential", "smime_signing_certificate": "scep" }),
            ),
            vec![
                "`smime_signing_certificate`: found `scep` of type scep_certificate, expected derived_credential for ios",
            ],
        ),
        (
            smime(json!({ "smime_encryption_certificate": "root" })),
            vec![
                "`smime_encryption_certificate`: found `root` of type trusted_certificate, expected scep_certificate or \
                 pkcs_certificate or imported_pkcs or derived_credential for ios",
            ],
        ),
        (
            with(ios(), json!({ "root_certificates": ["root", "scep"] })),
            vec![
                "`root_certificates`: found `scep` of type scep_certificate, expected trusted_certificate for ios",
            ],
        ),
    ] {
        assert_eq!(complaints(json.clone(), &lab), expected, "{json}");
    }
}

#[test]
fn references_stay_on_one_platform() {
    let lab = [profile(scep("ios"))];
    for (json, platform) in [(knox(), "android_knox"), (gmail(), "android_work")] {
        assert_eq!(
            complaints(with(json, by("certificate", "scep")), &lab),
            [format!(
                "`identity_certificate`: found `scep` for ios, expected scep_certificate or pkcs_certificate for {platform}"
            )]
        );
    }
}

/// R34 speaks of the links of a chain: root, identity, mail.
#[test]
fn r34_the_links_of_a_chain_in_their_order() {
    let lab = [
        profile(with(scep("ios"), json!({ "root_certificate": "root" }))),
        profile(root("ios")),
        profile(imported("ios")),
    ];
    let mail = profile(with(
        with(ios(), by("certificate", "scep")),
        json!({ "require_smime": true, "smime_encryption_certificate": "imported", "smime_signing_certificate": "gone",
            "root_certificates": ["root"] }),
    ));
    let find = |id: &mdm_payloads::ProfileId| lab.iter().find(|other| other.id == *id);
    let names: Vec<_> = chain(&mail, &find)
        .iter()
        .map(|link| link.id.as_str())
        .collect();
    assert_eq!(names, ["root", "scep", "imported"]);
}

/// A profile that names itself, or two that name each other, are no endless chain.
#[test]
fn circles_end() {
    let lab = [
        profile(with(
            scep("ios"),
            json!({ "id": "a", "root_certificate": "b" }),
        )),
        profile(with(
            scep("ios"),
            json!({ "id": "b", "root_certificate": "a" }),
        )),
    ];
    let find = |id: &mdm_payloads::ProfileId| lab.iter().find(|other| other.id == *id);
    assert_eq!(chain(&lab[0], &find).len(), 1);
}
