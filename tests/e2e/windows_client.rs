//! The least of a Windows enrollment client: the messages of the fixtures with other values in them, sent by curl, and answers
//! read by xmllint and OpenSSL.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::environment::{Environment, Options};
use crate::mobileconfig::path;
use crate::program::{Program, openssl};

/// What every fixture says, and what stands there instead.
const NAME: &str = "adele@lab.example";
const PASSWORD: &str = " p&amp;&lt;&quot;é ";
const DEVICE_ID: &str = "0123456789ABCDEF0123456789ABCDEF";
const HARDWARE_ID: &str = "abababababababababababababababababababababababababababababababab";

/// A message of the fixtures.
pub(crate) fn fixture(name: &str) -> String {
    let file = folder().join("enrollment").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/windows")
}

/// An answer, as curl got it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The version of HTTP, such as `2`.
    pub(crate) version: String,
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    /// The text of a node of the body.
    #[track_caller]
    pub(crate) fn xpath(&self, expression: &str) -> String {
        let xmllint = Program::find("xmllint").expect("xmllint");
        let found = xmllint
            .with(["--noent", "--xpath", expression, "-"])
            .input(self.body.as_bytes())
            .run();
        assert!(
            found.succeeded,
            "{expression}: {}\n{}",
            found.text, self.body
        );
        String::from_utf8(found.stdout).unwrap().trim().to_owned()
    }

    /// It must be a fault with this code of Windows and a reason with these words, and say what it answers.
    #[track_caller]
    pub(crate) fn refused(&self, what: &str, code: &str, words: &str) {
        assert_eq!(self.status, 500, "{what}: {}", self.body);
        assert!(self.headers.contains("content-type: application/soap+xml"));
        let reason = self.xpath("string(//*[local-name()='Reason']/*[local-name()='Text'])");
        assert!(
            reason.starts_with(code) && reason.contains(words),
            "{what}: `{code}` and `{words}` are not in `{reason}`"
        );
    }
}

/// A server and whoever enrolls with it.
#[derive(Debug)]
pub(crate) struct Windows {
    pub(crate) server: Environment,
    pub(crate) code: String,
    /// The key of the device that enrolls.
    pub(crate) key: PathBuf,
}

impl Windows {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let server = Environment::start(Options::with(arguments));
        let code = server.code(true);
        let key = server.folder().join("device.key");
        new_key(&key);
        Self { server, code, key }
    }

    /// Sends a body to a path below `/EnrollmentServer/`.
    #[track_caller]
    pub(crate) fn post(&self, what: &str, body: &str) -> Answer {
        self.send(
            what,
            &["-H", "Content-Type: application/soap+xml; charset=utf-8"],
            body.as_bytes(),
        )
    }

    #[track_caller]
    pub(crate) fn send(&self, what: &str, more: &[&str], body: &[u8]) -> Answer {
        let file = self.server.folder().join("request");
        fs::write(&file, body).unwrap();
        let data = format!("@{}", file.display());
        let mut arguments = vec!["--data-binary", data.as_str(), "-A", "ENROLLClient"];
        arguments.extend(more);
        self.curl(&format!("/EnrollmentServer/{what}"), &arguments)
    }

    /// Asks with curl, and reads all that came back.
    #[track_caller]
    pub(crate) fn curl(&self, path_and_query: &str, more: &[&str]) -> Answer {
        let url = format!("{}{path_and_query}", self.server.device_url());
        let head = self.server.folder().join("head");
        let mut arguments = vec![
            "--dump-header",
            path(&head),
            "-H",
            "Expect:",
            "--write-out",
            "\n%{http_version} %{http_code}",
        ];
        arguments.extend(more);
        arguments.push(&url);
        let ran = self.server.curl(&arguments).ok();
        let text = String::from_utf8(ran.stdout).unwrap();
        let (body, end) = text.rsplit_once('\n').unwrap();
        let (version, status) = end.split_once(' ').unwrap();
        Answer {
            version: version.to_owned(),
            status: status.parse().unwrap(),
            headers: fs::read_to_string(&head).unwrap().to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// A certificate request in one of the two forms that Windows writes, base64.
    #[track_caller]
    pub(crate) fn request(&self, variant: &str, device_id: &str) -> String {
        let python = Program::find("python3").expect("python3");
        let make = folder().join("requests/make.py");
        let made = python
            .with([path(&make), variant, device_id, path(&self.key)])
            .run()
            .ok();
        STANDARD.encode(made.stdout)
    }

    /// An issue message of a fixture, for this device.
    #[track_caller]
    pub(crate) fn issue(&self, name: &str, variant: &str, device_id: &str) -> String {
        let text = fixture(name)
            .replace(PASSWORD, &self.code)
            .replace(DEVICE_ID, device_id);
        replace_token(&text, "#PKCS10\"", &self.request(variant, device_id))
    }

    /// Enrolls, and gives the provisioning document.
    #[track_caller]
    pub(crate) fn enroll(&self, device_id: &str) -> Provisioned {
        let message = self.issue("issue-onpremise.xml", "sha256", device_id);
        Provisioned::of(&self.post("Enrollment.svc", &message))
    }

    /// The one device with this identifier, as the API shows it.
    #[track_caller]
    pub(crate) fn device(&self, device_id: &str) -> Value {
        let listed = self.server.api_ok("GET", "/api/v1/devices", None);
        let items = listed["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().filter(|d| d["udid"] == device_id).collect();
        assert_eq!(found.len(), 1, "{device_id}: {listed:#}");
        let id = found[0]["id"].as_str().unwrap();
        self.server
            .api_ok("GET", &format!("/api/v1/devices/{id}"), None)
    }

    /// A renewal: CMS around a request for the same key, signed with this certificate.
    #[track_caller]
    pub(crate) fn renewal(&self, name: &str, certificate: &Path, device_id: &str) -> String {
        let request = self.server.folder().join("renewal.der");
        let der = STANDARD.decode(self.request("sha256", device_id)).unwrap();
        fs::write(&request, der).unwrap();
        let signed = openssl([
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-outform",
            "DER",
            "-in",
            path(&request),
            "-signer",
            path(certificate),
            "-inkey",
            path(&self.key),
        ])
        .run()
        .ok();
        replace_token(&fixture(name), "#PKCS7\"", &STANDARD.encode(signed.stdout))
    }
}

/// A fresh RSA key.
#[track_caller]
pub(crate) fn new_key(file: &Path) {
    openssl(["genrsa", "-out", path(file), "2048"]).run().ok();
}

/// The message of the user name and password fixtures with other ones.
pub(crate) fn named(text: &str, name: &str, password: &str) -> String {
    text.replace(NAME, name).replace(PASSWORD, password)
}

/// The same device hardware, under another value.
pub(crate) fn with_hardware(text: &str, hardware_id: &str) -> String {
    text.replace(HARDWARE_ID, hardware_id)
}

/// Puts base64 in the place of the token of this type.
#[track_caller]
pub(crate) fn replace_token(text: &str, value_type: &str, base64: &str) -> String {
    let at = text.find(value_type).expect("a token of that type");
    let start = at + text[at..].find('>').unwrap() + 1;
    let end = start + text[start..].find('<').unwrap();
    format!("{}{base64}{}", &text[..start], &text[end..])
}

/// The provisioning document of an answer.
#[derive(Debug)]
pub(crate) struct Provisioned(Answer);

impl Provisioned {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let token = answer.xpath("string(//*[local-name()='RequestedSecurityToken']/*)");
        let body = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
        Self(Answer {
            version: String::new(),
            status: 200,
            headers: String::new(),
            body,
        })
    }

    /// The value of `parm` with this name, below characteristics of these types.
    #[track_caller]
    pub(crate) fn parm(&self, below: &[&str], name: &str) -> String {
        let steps = steps(below);
        self.0.xpath(&format!(
            "string(/wap-provisioningdoc{steps}//parm[@name='{name}']/@value)"
        ))
    }

    #[track_caller]
    pub(crate) fn count(&self, expression: &str) -> String {
        self.0.xpath(&format!("count({expression})"))
    }

    /// The certificate below `CertificateStore`, as a PEM file; its characteristic must be named by its SHA-1.
    #[track_caller]
    pub(crate) fn certificate(&self, store: &[&str], file: &Path) {
        let mut below = vec!["CertificateStore"];
        below.extend(store);
        let der = STANDARD
            .decode(self.parm(&below, "EncodedCertificate"))
            .unwrap();
        openssl(["x509", "-inform", "DER", "-out", path(file)])
            .input(der)
            .run()
            .ok();
        let shown = openssl(["x509", "-noout", "-fingerprint", "-sha1", "-in", path(file)])
            .run()
            .ok();
        let thumbprint: String = shown
            .text
            .split('=')
            .nth(1)
            .unwrap()
            .trim()
            .replace(':', "");
        let steps = steps(&below);
        let named = self.0.xpath(&format!(
            "string(/wap-provisioningdoc{steps}/characteristic/@type)"
        ));
        assert_eq!(named, thumbprint);
    }

    /// The own certificate of a device that is enrolled for its user.
    #[track_caller]
    pub(crate) fn own(&self, file: &Path) {
        self.certificate(&["My", "User"], file);
    }
}

/// The way to the characteristic of these types.
fn steps(below: &[&str]) -> String {
    let steps: Vec<_> = below
        .iter()
        .map(|kind| format!("/characteristic[@type='{kind}']"))
        .collect();
    steps.concat()
}

/// A code for this user.
#[track_caller]
pub(crate) fn code_for(server: &Environment, body: &Value) -> String {
    let mut wanted = json!({ "simulated": true });
    for (key, value) in body.as_object().unwrap() {
        wanted[key] = value.clone();
    }
    let minted = server.api_ok("POST", "/api/v1/codes", Some(&wanted));
    minted["code"].as_str().unwrap().to_owned()
}
