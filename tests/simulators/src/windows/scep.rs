//! Identities by SCEP: an `Enroll` node is run, the request is made after the session, and `Status` tells of it.

use super::device::WindowsDevice;
use super::journal::Event;
use super::name;
use super::operation::{INVALID_ARGUMENT, Outcome};
use super::path::Path;
use super::provisioning::thumbprint;
use super::store::{ItemKind, StoreName};
use crate::cms::Digest;
use crate::entropy::hex;
use crate::identity::Identity;
use crate::keys::KeyPool;
use crate::scep::{AltNames, Enrollment, ScepClient, Subject};

/// Values of `Status` (page "`ClientCertificateInstall` CSP").
const SUCCEEDED: &str = "1";
const PENDING: &str = "2";
const FAILED: &str = "16";
/// `ErrorCode` of a request that failed: Windows' "the request is not supported" stands for all of them here.
const REQUEST_FAILED: u32 = 0x8007_0032;

/// A request that is yet to be made.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// The node of the identity.
    pub(super) node: Path,
    of_user: bool,
    ask: Enrollment,
    digest: Digest,
}

/// Names of nodes that the two providers spell differently.
struct Spelling {
    hash: &'static str,
    thumbprint: &'static str,
    own_thumbprint: &'static str,
}

impl Spelling {
    fn of(node: &Path) -> Self {
        if node.segment(3) == "CertificateStore" {
            Self {
                hash: "HashAlgrithm",
                thumbprint: "CAThumbPrint",
                own_thumbprint: "CertThumbPrint",
            }
        } else {
            Self {
                hash: "HashAlgorithm",
                thumbprint: "CAThumbprint",
                own_thumbprint: "CertThumbprint",
            }
        }
    }
}

impl WindowsDevice {
    /// Takes the order to enroll: all that is needed must be there. The challenge is erased once it is taken.
    pub(super) fn begin_scep(&mut self, enroll: &Path) -> Outcome {
        let install = enroll.parent();
        let node = install.parent();
        let Some((ask, digest)) = self.scep_request(&node, &install) else {
            return Outcome::failed(INVALID_ARGUMENT);
        };
        let tree = &mut self.managed.tree;
        if tree.has(&install.join("Challenge")) {
            tree.put(install.join("Challenge"), "chr", "");
        }
        tree.put(node.join("Status"), "int", PENDING);
        tree.remove(&node.join(Spelling::of(&node).own_thumbprint));
        self.managed.jobs.retain(|job| job.node != node);
        self.managed.jobs.push(Job {
            of_user: matches!(node.segment(0), "User" | "Others"),
            node,
            ask,
            digest,
        });
        // Windows 10 and 11 say that it was accepted for processing, phones that it is done.
        Outcome::status(if self.persona.version.is_phone() {
            200
        } else {
            202
        })
    }

    fn scep_request(&self, node: &Path, install: &Path) -> Option<(Enrollment, Digest)> {
        let text = |name: &str| {
            let text = self.managed.tree.text(&install.join(name))?;
            Some(text.trim()).filter(|text| !text.is_empty())
        };
        let number = |name: &str| text(name)?.parse::<u32>().ok();
        let spelling = Spelling::of(node);
        // Several servers may be named; the first one is asked.
        let server = text("ServerURL")?.split(';').next()?.trim();
        let server = server.trim_end_matches('/');
        let subject = Subject::from_names(name::parse(text("SubjectName")?)?)?;
        let hashes = text(spelling.hash)?;
        let has = |name: &str| hashes.split('+').any(|hash| hash.trim() == name);
        let digest = match (has("SHA-2"), has("SHA-3"), has("SHA-1")) {
            (true, _, _) => Digest::Sha256,
            (_, true, _) => Digest::Sha512,
            (_, _, true) => Digest::Sha1,
            _ => return None,
        };
        let usage = number("KeyUsage")?;
        let mut ask = Enrollment::new(with_program(server), subject);
        ask.name = Some("default".to_owned());
        ask.key_usage = match usage & 0xa0 {
            0xa0 => 5,
            0x80 => 1,
            0x20 => 4,
            _ => 0,
        };
        ask.extended_key_usage = text("EKUMapping")?.split('+').map(str::to_owned).collect();
        ask.challenge = text("Challenge").map(str::to_owned);
        ask.key_bits = number("KeyLength").unwrap_or(2048);
        ask.retries = number("RetryCount").unwrap_or(3).min(30);
        let minutes = number("RetryDelay").unwrap_or(5).max(1);
        ask.retry_delay = std::time::Duration::from_secs(u64::from(minutes) * 60);
        ask.alt_names = alternative_names(text("SubjectAlternativeNames").unwrap_or_default())?;
        ask.ca_fingerprint = match text(spelling.thumbprint) {
            Some(digits) => Some(bytes(digits)?),
            None => None,
        };
        Some((ask, digest))
    }

    /// Makes the requests that wait, as the SCEP task of Windows does beside the sessions.
    pub(super) async fn run_jobs(&mut self) {
        for job in std::mem::take(&mut self.managed.jobs) {
            let node = job.node.clone();
            let own = Spelling::of(&node).own_thumbprint;
            match self.run_job(&job).await {
                Ok(identity) => {
                    let thumbprint = thumbprint(identity.certificate());
                    let tree = &mut self.managed.tree;
                    tree.put(node.join(own), "chr", thumbprint.clone());
                    tree.put(node.join("Status"), "int", SUCCEEDED);
                    tree.put(node.join("ErrorCode"), "int", "0");
                    tree.put(node.join("RespondentServerUrl"), "chr", job.ask.url.clone());
                    let kind = ItemKind::Identity(identity);
                    let stores = &mut self.managed.stores;
                    stores.put(StoreName::My, job.of_user, &node, kind);
                    self.note(Event::IdentityObtained {
                        node: node.to_string(),
                        thumbprint,
                    });
                }
                Err(reason) => {
                    let tree = &mut self.managed.tree;
                    tree.put(node.join("Status"), "int", FAILED);
                    let error = REQUEST_FAILED.cast_signed().to_string();
                    tree.put(node.join("ErrorCode"), "int", error);
                    self.note(Event::IdentityFailed {
                        node: node.to_string(),
                        reason,
                    });
                }
            }
        }
    }

    async fn run_job(&mut self, job: &Job) -> Result<Identity, String> {
        let key = if job.ask.key_bits == 2048 {
            self.keys_taken += 1;
            self.environment.keys.key(self.keys_taken)
        } else {
            KeyPool::fresh(job.ask.key_bits).await
        };
        let key = key.map_err(|error| error.to_string())?;
        let client = self.client(None).map_err(|error| error.to_string())?;
        let mut options = self.environment.scep;
        options.digest = job.digest;
        let scep = ScepClient::new(client, options);
        let now = self.environment.clock.now();
        let identity = scep.enroll(&job.ask, key, None, now, &mut self.entropy);
        identity.await.map_err(|error| {
            let mut reason = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                reason = format!("{reason}: {cause}");
                source = cause.source();
            }
            reason
        })
    }
}

/// Windows adds `/pkiclient.exe` to what it is given, unless it is there.
fn with_program(server: &str) -> String {
    if server.to_lowercase().ends_with("/pkiclient.exe") {
        server.to_owned()
    } else {
        format!("{server}/pkiclient.exe")
    }
}

/// `11+u@d;2+a@b`: types of `CERT_ALT_NAME_ENTRY` and values.
fn alternative_names(text: &str) -> Option<AltNames> {
    let mut names = AltNames::default();
    for pair in text.split(';').filter(|pair| !pair.trim().is_empty()) {
        let (kind, value) = pair.split_once('+')?;
        let list = match kind.trim() {
            "2" => &mut names.mail,
            "3" => &mut names.dns,
            "7" => &mut names.uri,
            "11" => &mut names.principal,
            _ => return None,
        };
        list.push(value.trim().to_owned());
    }
    Some(names)
}

/// Hexadecimal digits, blanks between them allowed.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: String = digits.split_whitespace().collect();
    let pairs = (0..digits.len()).step_by(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect();
    bytes.filter(|bytes| hex(bytes).eq_ignore_ascii_case(&digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_nodes() {
        let names = alternative_names("11+u@d; 2+a@b;3+h").unwrap();
        assert_eq!(
            (names.principal, names.mail, names.dns),
            (
                vec!["u@d".to_owned()],
                vec!["a@b".to_owned()],
                vec!["h".to_owned()]
            )
        );
        assert_eq!(alternative_names("99+x"), None);
        assert_eq!(bytes("0a FF"), Some(vec![10, 255]));
        assert_eq!(bytes("0g"), None);
        assert_eq!(bytes("é"), None);
        for (server, expected) in [
            ("https://h/scep", "https://h/scep/pkiclient.exe"),
            (
                "https://h/scep/PKIClient.exe",
                "https://h/scep/PKIClient.exe",
            ),
        ] {
            assert_eq!(with_program(server), expected);
        }
    }
}
