//! The provisioning document of an enrollment, read with the rules Windows has for each of its sections.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::{MessageDigest, hash};

use super::error::{EnrollError, Hresult, code};
use super::name;
use super::xml::{self, Element};
use crate::entropy::hex;

const STEP: &str = "provisioning";
/// The six numbers of a poll schedule, in the order of the `DMClient` page.
const POLL: [&str; 6] = [
    "NumberOfFirstRetries",
    "IntervalForFirstSetOfRetries",
    "NumberOfSecondRetries",
    "IntervalForSecondSetOfRetries",
    "NumberOfRemainingScheduledRetries",
    "IntervalForRemainingScheduledRetries",
];
/// Shortest pause of the last set on Windows Phone 8.1, in minutes.
const PHONE_MINUTES: u64 = 1440;

/// Whose store a device certificate is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// `My\User`, enrollment type Full.
    User,
    /// `My\System`, enrollment type Device.
    System,
}

/// A credential of the management account.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// `BASIC` or `DIGEST`.
    pub kind: String,
    /// `AAUTHNAME`; the server's own name where the document gives none.
    pub name: String,
    /// `AAUTHSECRET`.
    pub secret: String,
    /// `AAUTHDATA`, the first nonce, decoded.
    pub nonce: Vec<u8>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("secret", &"***")
            .finish_non_exhaustive()
    }
}

/// The management account (`APPLICATION`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `PROVIDER-ID`.
    pub provider_id: String,
    /// `NAME`.
    pub name: String,
    /// `ADDR`.
    pub address: String,
    /// Whether the first message is WBXML.
    pub wbxml: bool,
    /// `SSLCLIENTCERTSEARCHCRITERIA`: subject and stores; without it no certificate is shown.
    pub search: Option<Search>,
    /// What the device proves itself with.
    pub client: Option<Credential>,
    /// What the server proves itself with.
    pub server: Option<Credential>,
}

/// Which certificate is shown to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Types and values of the subject.
    pub subject: Vec<(String, String)>,
    /// Whose store it is in.
    pub store: Context,
}

/// A document that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Provisioning {
    /// Root, in DER.
    pub root: Option<Vec<u8>>,
    /// Intermediate, in DER.
    pub intermediate: Option<Vec<u8>>,
    /// The device's certificate in DER, and its store.
    pub certificate: (Vec<u8>, Context),
    /// Values below `My/WSTEP`, by their names joined with `/`.
    pub renewal: BTreeMap<String, String>,
    /// The account; a renewal brings none.
    pub account: Option<Account>,
    /// Values below `DMClient/Provider/<PROVIDER-ID>`.
    pub dm_client: BTreeMap<String, String>,
}

/// What the document is read for.
pub(crate) struct Expected<'a> {
    /// The public key the request was made with, in DER.
    pub(crate) public_key: &'a [u8],
    /// Whether a certificate is renewed, and for which account.
    pub(crate) renews: Option<&'a str>,
    /// Whether the rules of Windows Phone 8.1 apply.
    pub(crate) phone81: bool,
}

fn fail<T>(code: Hresult, reason: impl Into<String>) -> Result<T, EnrollError> {
    Err(EnrollError::new(STEP, code, reason))
}

/// Reads a document as the enrollment client does.
pub(crate) fn read(document: &[u8], expected: &Expected<'_>) -> Result<Provisioning, EnrollError> {
    let root = match xml::read(document) {
        Ok(root) if root.is("", "wap-provisioningdoc") && root.value("version") == Some("1.1") => {
            root
        }
        Ok(_) => {
            return fail(
                code::UNKNOWN_SECTION,
                "no wap-provisioningdoc of version 1.1",
            );
        }
        Err(error) => return fail(code::UNKNOWN_SECTION, error.to_string()),
    };
    let mut certificates = Certificates::default();
    let mut account = None;
    let mut clients = Vec::new();
    for section in &root.children {
        match kind(section) {
            "CertificateStore" => certificates.read(section)?,
            "APPLICATION" if account.is_none() => account = Some(section),
            "APPLICATION" => return fail(code::W7, "two APPLICATION sections"),
            "DMClient" => clients.push(section),
            other => return fail(code::UNKNOWN_SECTION, format!("unknown section `{other}`")),
        }
    }
    let certificate = certificates.own(expected)?;
    let Some(account) = account else {
        return fail(code::W7, "no APPLICATION section");
    };
    let provider = provider_id(account)?;
    if let Some(known) = expected.renews {
        if known != provider {
            return fail(code::W7, "PROVIDER-ID of a renewal is another");
        }
        return Ok(Provisioning {
            root: certificates.root,
            intermediate: certificates.intermediate,
            certificate,
            renewal: certificates.renewal,
            account: None,
            dm_client: BTreeMap::new(),
        });
    }
    let account = application(account, provider)?;
    let mut dm_client = BTreeMap::new();
    for section in clients {
        for provider in &section.children {
            if kind(provider) != "Provider" {
                return fail(code::DM_CLIENT, "DMClient holds something but Provider");
            }
            for provider in &provider.children {
                if kind(provider) != account.provider_id {
                    return fail(code::DM_CLIENT, "DMClient names another PROVIDER-ID");
                }
                collect(provider, "", &mut dm_client)?;
            }
        }
    }
    poll(&dm_client, expected.phone81)?;
    Ok(Provisioning {
        root: certificates.root,
        intermediate: certificates.intermediate,
        certificate,
        renewal: certificates.renewal,
        account: Some(account),
        dm_client,
    })
}

fn kind(characteristic: &Element) -> &str {
    characteristic.value("type").unwrap_or_default()
}

/// Values of `parm` elements directly below.
fn parms(characteristic: &Element) -> BTreeMap<&str, &str> {
    let parms = characteristic
        .children
        .iter()
        .filter(|child| child.is("", "parm"));
    parms
        .filter_map(|parm| Some((parm.value("name")?, parm.value("value").unwrap_or_default())))
        .collect()
}

/// Values of a whole branch, checked against their `datatype`.
fn collect(
    branch: &Element,
    prefix: &str,
    into: &mut BTreeMap<String, String>,
) -> Result<(), EnrollError> {
    for child in &branch.children {
        if child.name == "parm" {
            let name = child.value("name").unwrap_or_default();
            let value = child.value("value").unwrap_or_default();
            let fits = match child.value("datatype").unwrap_or("string") {
                "integer" => value.parse::<i64>().is_ok(),
                "boolean" => matches!(value, "true" | "false"),
                "string" => true,
                _ => false,
            };
            if !fits {
                return fail(
                    code::TYPE_MISMATCH,
                    format!("`{name}` is not of its datatype"),
                );
            }
            into.insert(format!("{prefix}{name}"), value.to_owned());
        } else {
            collect(child, &format!("{prefix}{}/", kind(child)), into)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Certificates {
    root: Option<Vec<u8>>,
    intermediate: Option<Vec<u8>>,
    own: Option<(Vec<u8>, Context, bool)>,
    renewal: BTreeMap<String, String>,
}

impl Certificates {
    fn read(&mut self, section: &Element) -> Result<(), EnrollError> {
        for store in &section.children {
            for inner in &store.children {
                let (store, inner_kind) = (kind(store).to_lowercase(), kind(inner).to_lowercase());
                match (store.as_str(), inner_kind.as_str()) {
                    ("root", "system") => only(&mut self.root, inner)?,
                    ("ca", "system") => only(&mut self.intermediate, inner)?,
                    ("my", "user" | "system") => {
                        let context = if inner_kind == "user" {
                            Context::User
                        } else {
                            Context::System
                        };
                        let [entry] = inner.children.as_slice() else {
                            return fail(code::CERTIFICATE_STORE, "My holds no single certificate");
                        };
                        let der = certificate(entry)?;
                        let container = entry
                            .children
                            .iter()
                            .any(|child| kind(child) == "PrivateKeyContainer");
                        if self.own.replace((der, context, container)).is_some() {
                            return fail(
                                code::CERTIFICATE_STORE,
                                "two certificates for the device",
                            );
                        }
                    }
                    ("my", "wstep") => collect(inner, "", &mut self.renewal)?,
                    (store, inner) => {
                        return fail(
                            code::CERTIFICATE_STORE,
                            format!("unknown certificate store `{store}/{inner}`"),
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// The device's certificate: it must be for the key of the request, and name its container.
    fn own(&mut self, expected: &Expected<'_>) -> Result<(Vec<u8>, Context), EnrollError> {
        let Some((der, context, container)) = self.own.take() else {
            return fail(
                code::NO_CERTIFICATE_FOR_KEY,
                "no certificate for the device",
            );
        };
        if !container {
            return fail(code::NO_CERTIFICATE_FOR_KEY, "no PrivateKeyContainer");
        }
        let x509 = openssl::x509::X509::from_der(&der);
        let Ok(x509) = x509 else {
            return fail(
                code::CERTIFICATE_STORE,
                "the device's certificate cannot be read",
            );
        };
        let key = x509.public_key().and_then(|key| key.public_key_to_der());
        if key.ok().as_deref() != Some(expected.public_key) {
            return fail(
                code::NO_CERTIFICATE_FOR_KEY,
                "the certificate is for another key",
            );
        }
        // A root comes with a first certificate; what it issued directly must verify under it.
        if expected.renews.is_none() {
            let root = self
                .root
                .as_ref()
                .map(|der| openssl::x509::X509::from_der(der));
            let chains = match (&self.intermediate, root) {
                (None, Some(Ok(root))) => root
                    .public_key()
                    .and_then(|key| x509.verify(&key))
                    .unwrap_or(false),
                (Some(_), Some(Ok(_))) => true,
                _ => false,
            };
            if !chains {
                return fail(
                    code::CERTIFICATE_STORE,
                    "the certificate is not issued by the root of the document",
                );
            }
        }
        Ok((der, context))
    }
}

/// The one certificate of a store; more than one is refused.
fn only(slot: &mut Option<Vec<u8>>, store: &Element) -> Result<(), EnrollError> {
    for entry in &store.children {
        if slot.replace(certificate(entry)?).is_some() {
            return fail(
                code::CERTIFICATE_STORE,
                "more than one certificate in a store",
            );
        }
    }
    Ok(())
}

/// A certificate whose characteristic is named by its SHA-1.
fn certificate(entry: &Element) -> Result<Vec<u8>, EnrollError> {
    let encoded = parms(entry).get("EncodedCertificate").copied();
    let Some(der) = encoded.and_then(|text| STANDARD.decode(text).ok()) else {
        return fail(
            code::CERTIFICATE_STORE,
            "EncodedCertificate is not base64 without line breaks",
        );
    };
    let thumbprint = thumbprint(&der);
    if kind(entry).eq_ignore_ascii_case(&thumbprint) {
        Ok(der)
    } else {
        fail(
            code::NO_CERTIFICATE_FOR_KEY,
            format!("`{}` is not the SHA-1 of its certificate", kind(entry)),
        )
    }
}

/// SHA-1 of a certificate, 40 digits in upper case, as Windows names certificates.
pub(crate) fn thumbprint(der: &[u8]) -> String {
    hash(MessageDigest::sha1(), der)
        .map(|digest| hex(&digest).to_uppercase())
        .unwrap_or_default()
}

fn provider_id(account: &Element) -> Result<String, EnrollError> {
    match parms(account).get("PROVIDER-ID") {
        Some(id) if !id.is_empty() => Ok((*id).to_owned()),
        _ => fail(code::W7, "no PROVIDER-ID"),
    }
}

fn application(account: &Element, provider_id: String) -> Result<Account, EnrollError> {
    let parms = parms(account);
    let text = |name: &str| parms.get(name).copied().unwrap_or_default();
    if text("APPID") != "w7" {
        return fail(code::W7, "APPID is not w7");
    }
    if parms.contains_key("INIT") {
        return fail(code::W7, "INIT must not be used");
    }
    let address = text("ADDR").to_owned();
    if !address.starts_with("https://") {
        return fail(code::W7, "ADDR is no https URL");
    }
    let wbxml = match text("DEFAULTENCODING") {
        "" | "application/vnd.syncml.dm+xml" => false,
        "application/vnd.syncml.dm+wbxml" => true,
        _ => return fail(code::W7, "DEFAULTENCODING is unknown"),
    };
    let search = match parms.get("SSLCLIENTCERTSEARCHCRITERIA") {
        None => None,
        Some(criteria) => match search(criteria) {
            Some(search) => Some(search),
            None => return fail(code::W7, "SSLCLIENTCERTSEARCHCRITERIA cannot be read"),
        },
    };
    let mut client = None;
    let mut server = None;
    for section in &account.children {
        if section.is("", "parm") {
            continue;
        }
        if kind(section) != "APPAUTH" {
            return fail(code::W7, format!("unknown `{}`", kind(section)));
        }
        let inner = self::parms(section);
        let text = |name: &str| inner.get(name).copied().unwrap_or_default();
        let Ok(nonce) = STANDARD.decode(text("AAUTHDATA")) else {
            return fail(code::W7, "AAUTHDATA is not base64");
        };
        if !matches!(text("AAUTHTYPE"), "BASIC" | "DIGEST") {
            return fail(code::W7, "AAUTHTYPE is neither BASIC nor DIGEST");
        }
        let name = match text("AAUTHNAME") {
            "" => provider_id.clone(),
            name => name.to_owned(),
        };
        let credential = Credential {
            kind: text("AAUTHTYPE").to_owned(),
            name,
            secret: text("AAUTHSECRET").to_owned(),
            nonce,
        };
        match text("AAUTHLEVEL") {
            "APPSRV" => client = Some(credential),
            "CLIENT" => server = Some(credential),
            _ => return fail(code::W7, "AAUTHLEVEL is neither APPSRV nor CLIENT"),
        }
    }
    Ok(Account {
        provider_id,
        name: text("NAME").to_owned(),
        address,
        wbxml,
        search,
        client,
        server,
    })
}

/// `Subject=<escaped name>&Stores=My%5CUser`.
fn search(criteria: &str) -> Option<Search> {
    let mut subject = None;
    let mut store = Context::User;
    for pair in criteria.split('&') {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode(value)?;
        match name {
            "Subject" => subject = Some(name::parse(&value)?.into_iter().flatten().collect()),
            "Stores" => {
                store = match value.to_lowercase().as_str() {
                    "my\\user" => Context::User,
                    "my\\system" => Context::System,
                    _ => return None,
                };
            }
            _ => return None,
        }
    }
    Some(Search {
        subject: subject?,
        store,
    })
}

/// Text whose `%XX` became bytes; the bytes must be UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// The rules of the poll schedule (page "`DMClient` CSP", `Poll`).
fn poll(values: &BTreeMap<String, String>, phone81: bool) -> Result<(), EnrollError> {
    let number = |name: &&str| values.get(&format!("Poll/{name}"))?.parse::<u64>().ok();
    let numbers: Vec<Option<u64>> = POLL.iter().map(number).collect();
    if numbers.iter().all(Option::is_none) {
        return Ok(());
    }
    let known: Vec<u64> = numbers.iter().map(|number| number.unwrap_or(0)).collect();
    if known.iter().all(|number| *number == 0) {
        return fail(code::DM_CLIENT, "the whole poll schedule is zero");
    }
    let pauses = known.iter().skip(1).step_by(2);
    if pauses.clone().all(|minutes| *minutes == 0) {
        return fail(code::DM_CLIENT, "every pause of the poll schedule is zero");
    }
    let last = known.last().copied().unwrap_or(0);
    if phone81 && last != 0 && last < PHONE_MINUTES {
        return fail(
            code::DM_CLIENT,
            "Windows Phone 8.1 polls no oftener than every 1440 minutes in the long run",
        );
    }
    Ok(())
}
