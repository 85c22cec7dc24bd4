//! What the tests compile from.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mdm_payloads::{
    Der, DeviceFacts, Profile, ProfileId, Settings, Subject, User,
    apple::{
        CompileError, Document, Identifiers, IdentityMaterial, Input, Options, Pkcs12Material,
        RootMaterial, RootName, ScepMaterial, compile,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A self-signed certificate made by OpenSSL, `CN=Test Root`.
pub(crate) const ROOT: &str = "MIIBPjCB8aADAgECAhQPQthD/3UkbwcX6ofc73jsJfOfYDAFBgMrZXAwFDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAyNTYxMFoYDzIxMjYxMDI4MDI1NjEwWjAUMRIwEAYDVQQDDAlUZXN0IFJvb3QwKjAFBgMrZXADIQARhAux9PymoxHGUPfXY9E5D79CEjzH5lLrpC5ptqTloqNTMFEwHQYDVR0OBBYEFJ9cs9UomVHAnGinneluzbz8rFaOMB8GA1UdIwQYMBaAFJ9cs9UomVHAnGinneluzbz8rFaOMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAGBRWf+XMQeYpMzG+WSOKJOhweiVixdRpotCkyfB+9EfoLZ5kE2A5y8yyYT4pOYCHMkjoe3/o6H7BAUaee8ILDQ==";
/// A leaf under it.
pub(crate) const LEAF: &str = "MIHfMIGSAhQ3Xok+gEADWh6D3tXWZgTBxfKs8zAFBgMrZXAwFDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAyNTYxMFoYDzIxMjYxMDI4MDI1NjEwWjAPMQ0wCwYDVQQDDARsZWFmMCowBQYDK2VwAyEAiIXSXW0o8J8fW51ju1ouYnoXm7qv4oml+cpYuXdwdfMwBQYDK2VwA0EASvKor6Q/7ZTX09uJVvzXx9q9QyZyUCs38BS4LORu7y+/P9nAAQaGmFnt3kXMv6dZ6blSkzi/K/RpR4TWiguTDA==";

pub(crate) fn der(base64: &str) -> Der {
    STANDARD.decode(base64).unwrap().into()
}

pub(crate) fn id(text: &str) -> ProfileId {
    text.parse().unwrap()
}

pub(crate) fn profile(json: Value) -> Profile {
    serde_json::from_value(json).unwrap()
}

/// `json` with the properties of `more` set over it.
pub(crate) fn with(mut json: Value, more: Value) -> Value {
    let (Value::Object(object), Value::Object(more)) = (&mut json, more) else {
        panic!("not an object");
    };
    object.extend(more);
    json
}

pub(crate) fn ios_exchange() -> Value {
    json!({
        "id": "mail", "type": "ios_exchange", "display_name": "Mail", "host_name": "mail.example.com",
        "account_name": "Example", "email_address_source": "primary_smtp_address",
    })
}

pub(crate) fn macos_exchange() -> Value {
    with(ios_exchange(), json!({ "type": "macos_exchange" }))
}

pub(crate) fn ios_mail() -> Value {
    json!({
        "id": "imap", "type": "ios_mail", "display_name": "IMAP", "account_name": "Example", "account_type": "imap",
        "incoming_server": { "host_name": "imap.example.com", "port": 993 },
        "outgoing_server": { "host_name": "smtp.example.com", "port": 465 },
    })
}

pub(crate) fn macos_mail() -> Value {
    with(ios_mail(), json!({ "type": "macos_mail" }))
}

pub(crate) fn scep(platform: &str) -> Profile {
    profile(json!({
        "id": "scep", "type": "scep_certificate", "display_name": "Identity", "platform": platform,
        "custom_subject_alternative_names": [
            { "san_type": "email_address", "name": "{{EmailAddress}}" },
            { "san_type": "user_principal_name", "name": "{{UserPrincipalName}}" },
        ],
    }))
}

pub(crate) fn pkcs(platform: &str) -> Profile {
    profile(json!({
        "id": "pkcs", "type": "pkcs_certificate", "display_name": "S/MIME", "platform": platform,
        "extended_key_usages": ["email_protection"],
    }))
}

pub(crate) fn user() -> User {
    User {
        user_principal_name: "ada@example.com".into(),
        mail: Some("ada.l@example.com".into()),
        full_name: Some("Ada Lovelace".into()),
        ..User::default()
    }
}

pub(crate) fn hostile() -> User {
    User {
        user_principal_name: "a&b<c>\"d'é@example.com".into(),
        mail: Some("]]>&amp;<é@example.com".into()),
        full_name: Some("É <&\"'> Ω".into()),
        ..User::default()
    }
}

/// The profiles `scep` and `pkcs` as identities of `user`.
pub(crate) fn identities(platform: &str, user: &User) -> BTreeMap<ProfileId, IdentityMaterial> {
    let device = DeviceFacts::default();
    let subject = Subject {
        user: Some(user),
        device: &device,
    };
    let (Settings::ScepCertificate(scep), Settings::PkcsCertificate(pkcs)) =
        (scep(platform).settings, pkcs(platform).settings)
    else {
        panic!("other settings");
    };
    let mut scep = ScepMaterial::of(
        &scep,
        "Identity",
        "https://mdm.example.com/scep",
        scep.terms.names(&subject).unwrap_or_default(),
        "challenge-1".into(),
    );
    scep.ca_fingerprint = Some(vec![0xAB; 20]);
    let pkcs12 = Pkcs12Material::of(
        &pkcs,
        "S/MIME",
        Der::from(vec![0x30, 0x00]),
        "p12-password".into(),
    );
    BTreeMap::from([
        (id("scep"), IdentityMaterial::Scep(scep)),
        (id("pkcs"), IdentityMaterial::Pkcs12(pkcs12)),
    ])
}

pub(crate) fn lab_root() -> RootMaterial {
    RootMaterial {
        name: RootName::Lab,
        der: der(ROOT),
        display_name: "Test Root".into(),
        file_name: Some("root.cer".into()),
    }
}

pub(crate) fn compile_for(user: &User, json: Value) -> Result<Document, CompileError> {
    let profile = profile(json);
    let identifiers = Identifiers {
        instance: Uuid::from_u128(1),
        prefix: "org.example".into(),
        channel: "device-1".into(),
        generation: 1,
        revision: 1,
    };
    let device = DeviceFacts {
        device_id: "device-1".into(),
        ..DeviceFacts::default()
    };
    let platform = profile.settings.platform().as_str();
    compile(&Input {
        profile: &profile,
        organization: "Example & Söhne",
        identifiers: &identifiers,
        subject: Subject {
            user: Some(user),
            device: &device,
        },
        identities: &identities(platform, user),
        roots: &[lab_root()],
        options: &Options::default(),
    })
}

pub(crate) fn compiled(json: Value) -> Document {
    compile_for(&user(), json).unwrap()
}

/// The document as it leaves, but for tabs and the text of certificates.
pub(crate) fn text(document: &Document) -> String {
    let text = String::from_utf8(document.to_xml())
        .unwrap()
        .replace('\t', " ");
    let mut parts = text.split("<data>");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        let (data, rest) = part.split_once("</data>").unwrap();
        let data: String = data.split_whitespace().collect();
        let data = data.replace(ROOT, "(root)").replace(LEAF, "(leaf)");
        shown.extend(["<data>", &data, "</data>", rest]);
    }
    shown
}

/// What Python's `plistlib` reads in the document, as JSON with data in hexadecimal.
pub(crate) fn by_python(document: &Document) -> Value {
    let script = "import json, plistlib, sys\n\
        print(json.dumps(plistlib.loads(sys.stdin.buffer.read()), default=bytes.hex))";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for this test");
    python
        .stdin
        .take()
        .unwrap()
        .write_all(&document.to_xml())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(document));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The payload of `document` that has type `payload_type`, as Python reads it.
pub(crate) fn payload(document: &Document, payload_type: &str) -> Value {
    by_python(document)["PayloadContent"]
        .as_array()
        .unwrap()
        .iter()
        .find(|payload| payload["PayloadType"] == payload_type)
        .unwrap()
        .clone()
}
