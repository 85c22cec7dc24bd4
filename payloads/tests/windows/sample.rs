//! What the tests compile from.

use std::{collections::BTreeMap, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mdm_payloads::{
    Der, DeviceFacts, Profile, Settings, Subject, User,
    identifiers::Identifiers,
    material::{IdentityMaterial, Pkcs12Material, RootMaterial, RootName, ScepMaterial},
    windows::{CompileError, Input, Plan, System, Target, Unit, compile},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A self-signed certificate made by OpenSSL, `CN=Test Root`.
pub(crate) const ROOT: &str = "MIIBPjCB8aADAgECAhQPQthD/3UkbwcX6ofc73jsJfOfYDAFBgMrZXAwFDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAyNTYxMFoYDzIxMjYxMDI4MDI1NjEwWjAUMRIwEAYDVQQDDAlUZXN0IFJvb3QwKjAFBgMrZXADIQARhAux9PymoxHGUPfXY9E5D79CEjzH5lLrpC5ptqTloqNTMFEwHQYDVR0OBBYEFJ9cs9UomVHAnGinneluzbz8rFaOMB8GA1UdIwQYMBaAFJ9cs9UomVHAnGinneluzbz8rFaOMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAGBRWf+XMQeYpMzG+WSOKJOhweiVixdRpotCkyfB+9EfoLZ5kE2A5y8yyYT4pOYCHMkjoe3/o6H7BAUaee8ILDQ==";
/// A leaf under it.
pub(crate) const LEAF: &str = "MIHfMIGSAhQ3Xok+gEADWh6D3tXWZgTBxfKs8zAFBgMrZXAwFDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAyNTYxMFoYDzIxMjYxMDI4MDI1NjEwWjAPMQ0wCwYDVQQDDARsZWFmMCowBQYDK2VwAyEAiIXSXW0o8J8fW51ju1ouYnoXm7qv4oml+cpYuXdwdfMwBQYDK2VwA0EASvKor6Q/7ZTX09uJVvzXx9q9QyZyUCs38BS4LORu7y+/P9nAAQaGmFnt3kXMv6dZ6blSkzi/K/RpR4TWiguTDA==";
/// What must never be shown.
pub(crate) const SECRETS: [&str; 3] = ["ch<all&enge\"é", "p12<pass&word\"é", "MAA="];

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

pub(crate) fn exchange() -> Value {
    json!({ "id": "mail", "type": "windows10_exchange", "display_name": "Mail",
        "host_name": "mail.example.com", "account_name": "A & B <\"é\">" })
}

pub(crate) fn phone_exchange() -> Value {
    with(exchange(), json!({ "type": "windowsphone81_exchange" }))
}

pub(crate) fn mail() -> Value {
    json!({ "id": "imap", "type": "windows_mail", "display_name": "IMAP", "account_name": "A & B <\"é\">",
        "account_type": "imap",
        "incoming_server": { "host_name": "imap.example.com", "port": 993 },
        "outgoing_server": { "host_name": "smtp.example.com", "port": 465 } })
}

pub(crate) fn trusted(platform: &str) -> Value {
    json!({ "id": "root", "type": "trusted_certificate", "display_name": "Root", "platform": platform,
        "trusted_root_certificate": ROOT })
}

pub(crate) fn scep(platform: &str) -> Value {
    json!({ "id": "scep", "type": "scep_certificate", "display_name": "Identity", "platform": platform,
        "custom_subject_alternative_names": [
            { "san_type": "email_address", "name": "{{EmailAddress}}" },
            { "san_type": "user_principal_name", "name": "{{UserPrincipalName}}" } ] })
}

pub(crate) fn pkcs() -> Value {
    json!({ "id": "pkcs", "type": "pkcs_certificate", "display_name": "S/MIME", "platform": "windows10",
        "extended_key_usages": ["email_protection"] })
}

pub(crate) fn user() -> User {
    User {
        user_principal_name: "ada@example.com".into(),
        mail: Some("ada.l@example.com".into()),
        full_name: Some("Ada Lovelace".into()),
        sam_account_name: Some("adal".into()),
        domain_name: Some("corp.example.com".into()),
        net_bios_domain_name: Some("CORP".into()),
        ..User::default()
    }
}

pub(crate) fn hostile() -> User {
    User {
        user_principal_name: "a&b<c>\"d'é@example.com".into(),
        mail: Some("]]>&amp;<é@example.com".into()),
        full_name: Some("É <&\"'> Ω".into()),
        sam_account_name: Some("s<a>&m\"é".into()),
        net_bios_domain_name: Some("C&<\"É".into()),
        ..User::default()
    }
}

pub(crate) fn windows_10(build: &str) -> Target {
    Target {
        system: System::Windows10,
        build: Some(build.parse().unwrap()),
    }
}

pub(crate) fn phone() -> Target {
    Target {
        system: System::WindowsPhone81,
        build: Some("8.10.14219.341".parse().unwrap()),
    }
}

pub(crate) fn identifiers() -> Identifiers {
    Identifiers {
        instance: Uuid::from_u128(1),
        prefix: "org.example".into(),
        channel: "device-1".into(),
        generation: 1,
        revision: 1,
    }
}

/// The identity `profile` describes, if it describes one.
fn identity(profile: &Profile, subject: &Subject<'_>) -> Option<IdentityMaterial> {
    match &profile.settings {
        Settings::ScepCertificate(settings) => {
            let names = settings.terms.names(subject).unwrap_or_default();
            let challenge = SECRETS[0].into();
            let url = "https://mdm.example.com/scep";
            let mut material = ScepMaterial::of(settings, "Identity", url, names, challenge);
            // As the server does it: it knows its own authority only.
            material.ca_fingerprint = settings.scep_server_urls.is_empty().then(|| vec![0xAB; 20]);
            Some(IdentityMaterial::Scep(material))
        }
        Settings::PkcsCertificate(settings) => {
            let der = Der::from(vec![0x30, 0x00]);
            let password = SECRETS[1].into();
            let material = Pkcs12Material::of(settings, "S/MIME", der, password);
            Some(IdentityMaterial::Pkcs12(material))
        }
        _ => None,
    }
}

pub(crate) fn compile_for(
    user: Option<&User>,
    identifiers: &Identifiers,
    target: &Target,
    json: Value,
) -> Result<Plan, CompileError> {
    let profile = profile(json);
    let device = DeviceFacts {
        device_id: "device-1".into(),
        ..DeviceFacts::default()
    };
    let subject = Subject {
        user,
        device: &device,
    };
    let identities: BTreeMap<_, _> = identity(&profile, &subject)
        .map(|material| (profile.id.clone(), material))
        .into_iter()
        .collect();
    let lab = RootMaterial {
        name: RootName::Lab,
        der: STANDARD.decode(ROOT).unwrap().into(),
        display_name: "Test Root".into(),
        file_name: None,
    };
    let other = RootMaterial {
        name: RootName::Profile("other".parse().unwrap()),
        der: STANDARD.decode(LEAF).unwrap().into(),
        ..lab.clone()
    };
    compile(&Input {
        profile: &profile,
        identifiers,
        subject,
        identities: &identities,
        roots: &[lab, other],
        target,
    })
}

pub(crate) fn compiled(json: Value) -> Plan {
    compile_for(
        Some(&user()),
        &identifiers(),
        &windows_10("10.0.19045.1"),
        json,
    )
    .unwrap()
}

pub(crate) fn compiled_on_phone(json: Value) -> Plan {
    compile_for(Some(&user()), &identifiers(), &phone(), json).unwrap()
}

/// The plan to read: paths below its node, secrets as they are, certificates by name.
pub(crate) fn text(plan: &Plan) -> String {
    let mut text = format!("{} {:?} {:?}\n", plan.node, plan.scope, plan.rank);
    let short = |uri: &str| match uri.strip_prefix(&plan.node) {
        Some("") => ".".to_owned(),
        Some(rest) => rest.trim_start_matches('/').to_owned(),
        None => uri.to_owned(),
    };
    let value = |value: &str| value.replace(ROOT, "(root)").replace(LEAF, "(leaf)");
    for (name, units) in [
        ("install", &plan.install),
        ("update", &plan.update),
        ("remove", &plan.remove),
    ] {
        for unit in units {
            let kind = match unit {
                Unit::Atomic(_) => "atomic",
                Unit::Single(_) => "single",
            };
            writeln!(text, "{name}, {kind}").unwrap();
            for operation in unit.operations() {
                write!(text, "  {}", operation.verb).unwrap();
                if let Some(format) = operation.format {
                    write!(text, " {format}").unwrap();
                }
                write!(text, " {}", short(&operation.uri)).unwrap();
                if let Some(data) = &operation.data {
                    write!(text, " = {}", value(data.expose())).unwrap();
                }
                text.push('\n');
            }
        }
    }
    if let Some(wait) = &plan.wait {
        let nodes: Vec<_> = wait.uris().map(short).collect();
        writeln!(text, "wait {:?} {}", wait.meaning, nodes.join(" ")).unwrap();
    }
    for item in &plan.read_back {
        let comparison = item.comparison;
        let expected = item.expected.as_ref().map_or("", |data| data.expose());
        let line = format!(
            "read {} {comparison:?} {}",
            short(&item.uri),
            value(expected)
        );
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}
