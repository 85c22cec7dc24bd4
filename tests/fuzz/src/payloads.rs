//! Profiles as the admin API takes them.

use mdm_payloads::Profile;
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
