//! Profiles as the admin API takes them.

use mdm_payloads::Profile;
use mdm_payloads::windows::schema::check_unit;
use mdm_payloads::windows::{
    Comparison, Format, NodeOp, ReadBack, StatusMeaning, System, Target, Unit, Value as Data, Verb,
    Wait,
};
use serde_json::Value;

/// A profile: what is read without complaint can be judged, and reads the same after it was written.
pub fn profile(bytes: &[u8]) {
    let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else {
        return;
    };
    match Profile::read(object) {
        Ok(profile) => {
            let _ = profile.validate();
            let _ = mdm_payloads::lint(&profile, None);
            for semantics in mdm_payloads::Semantics::ALL {
                let _ = mdm_payloads::lint_edition(&profile, semantics);
            }
            let _ = mdm_payloads::lint_set(&[profile.clone(), profile.clone()]);
            let same = mdm_payloads::field_class::change(&profile, &profile);
            assert!(same.fields.is_empty(), "{same:?}");
            let written = serde_json::to_value(&profile).expect("a profile can be written");
            let Value::Object(object) = written else {
                panic!("a profile is an object: {written}");
            };
            let again = Profile::read(object).expect("what we write, we read");
            assert_eq!(again, profile);
        }
        Err(complaints) => {
            let _ = complaints.to_string();
        }
    }
}

/// An operation as a person writes it, and a value as a device reports it: a node, a line break, a value. Secret values are never told.
pub fn windows_node(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (uri, value) = text.split_once('\n').unwrap_or((&text, ""));
    for system in [System::Windows10, System::WindowsPhone81] {
        let target = Target {
            system,
            build: "10.0.19045.1".parse().ok(),
        };
        let operations = [
            Verb::Add,
            Verb::Replace,
            Verb::Delete,
            Verb::Exec,
            Verb::Get,
        ]
        .map(|verb| NodeOp {
            verb,
            uri: uri.to_owned(),
            format: Some(Format::Chr),
            data: Some(Data::Secret(format!("secret-{value}").into())),
        });
        for operation in &operations {
            let _ = check_unit(&Unit::Single(operation.clone()), &target);
        }
        for finding in check_unit(&Unit::Atomic(operations.to_vec()), &target) {
            assert!(!finding.text.contains("secret-"), "{finding:?}");
        }
    }
    for comparison in [
        Comparison::Text,
        Comparison::CaseInsensitive,
        Comparison::Number,
        Comparison::Boolean,
        Comparison::Der,
        Comparison::Masked,
        Comparison::Present,
    ] {
        let item = ReadBack {
            uri: uri.to_owned(),
            expected: Some(uri.into()),
            comparison,
        };
        let _ = item.agrees(value);
    }
    for meaning in [StatusMeaning::Scep, StatusMeaning::Import] {
        let wait = Wait {
            status: uri.to_owned(),
            meaning,
            error_code: None,
            thumbprint: uri.to_owned(),
        };
        let _ = wait.progress(value);
    }
}
