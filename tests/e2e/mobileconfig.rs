//! Configuration profiles as a device fetches them, read by the `plist` crate.

use std::fs;
use std::path::Path;

use plist::{Dictionary, Value};

use crate::environment::Environment;
use crate::program::openssl;

/// What a SCEP payload tells a device (Apple, "SCEP").
#[derive(Debug, Clone)]
pub(crate) struct Scep {
    pub(crate) url: String,
    pub(crate) challenge: String,
}

/// Reads a profile that carries no signature.
#[track_caller]
pub(crate) fn read(xml: &[u8]) -> Dictionary {
    let value = Value::from_reader_xml(xml)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(xml)));
    value.into_dictionary().expect("a profile is a dictionary")
}

/// The payloads of one type inside a profile.
pub(crate) fn payloads(profile: &Dictionary, kind: &str) -> Vec<Dictionary> {
    let content = profile["PayloadContent"].as_array().expect("payloads");
    let all = content.iter().filter_map(Value::as_dictionary);
    all.filter(|payload| text(payload, "PayloadType") == kind)
        .cloned()
        .collect()
}

/// A text that must be there.
#[track_caller]
pub(crate) fn text<'a>(dictionary: &'a Dictionary, key: &str) -> &'a str {
    let found = dictionary.get(key).and_then(Value::as_string);
    found.unwrap_or_else(|| panic!("no text `{key}` in {dictionary:?}"))
}

/// The one SCEP payload of a profile.
#[track_caller]
pub(crate) fn scep(profile: &Dictionary) -> Scep {
    let found = payloads(profile, "com.apple.security.scep");
    assert_eq!(found.len(), 1, "{profile:?}");
    let content = found[0]["PayloadContent"]
        .as_dictionary()
        .expect("a SCEP payload has a PayloadContent");
    Scep {
        url: text(content, "URL").to_owned(),
        challenge: text(content, "Challenge").to_owned(),
    }
}

/// A new enrollment profile, fetched with this code. `query` is more of the address, such as `&identity=pkcs12`.
#[track_caller]
pub(crate) fn enrollment(env: &Environment, code: &str, query: &str) -> Dictionary {
    let url = format!(
        "{}/enroll/apple?code={code}&signed=false{query}",
        env.device_url()
    );
    read(&env.curl(&["--fail", &url]).ok().stdout)
}

/// The challenge of a new enrollment profile.
#[track_caller]
pub(crate) fn enrollment_challenge(env: &Environment) -> String {
    scep(&enrollment(env, &env.code(false), "")).challenge
}

/// Checks the signature of a profile with OpenSSL, and gives what was signed.
#[track_caller]
pub(crate) fn verified(env: &Environment, signed: &[u8]) -> Vec<u8> {
    let file = env.folder().join("signed.mobileconfig");
    fs::write(&file, signed).unwrap();
    openssl([
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-binary",
        "-purpose",
        "any",
        "-in",
        path(&file),
    ])
    .args(["-CAfile", path(&env.ca_file())])
    .run()
    .ok()
    .stdout
}

/// A path as an argument.
pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}
