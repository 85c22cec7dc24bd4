//! The server's certificates at work: the authority and what it keeps issuing to the server itself.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use mdm_certs::authority::{Authority, AuthorityError, AuthorityParams};
use mdm_certs::cms::{Identity, IdentityError, PublicKeyError, Signer};
use mdm_certs::crl::{Crl, Reason, Revoked};
use mdm_certs::key::{Key, KeyError, KeyKind};
use mdm_certs::leaf::{Leaf, LeafError, LeafParams};
use mdm_certs::leaf_pair::LeafPair;
use mdm_certs::trust::Anchor;
use mdm_certs::x509::{San, SerialNumber};
use mdm_core::certificate::{Certificate, RevocationReason};
use mdm_core::time::Timestamp;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};

use crate::directory::{Directory, FileError};
use crate::ids::RandomIds;

const AUTHORITY: &str = "ca.pem";
const TLS_ECDSA: &str = "tls-ecdsa.pem";
const TLS_RSA: &str = "tls-rsa.pem";
const SIGNER: &str = "profile-signer.pem";

/// How long a revocation list counts; it is made anew at half of that, and at each revocation.
pub const CRL_LIFE: Duration = Duration::hours(24);

/// The certificates of one server.
pub struct Pki {
    directory: Directory,
    names: Vec<San>,
    host: String,
    authority: Arc<Authority>,
    identity: Arc<Identity>,
    anchors: Vec<Anchor>,
    leaves: Arc<Leaves>,
    signer: ArcSwap<SigningLeaf>,
    crl: ArcSwap<Vec<u8>>,
    published: Mutex<Published>,
}

/// What is known of the revocation list that was published last.
#[derive(Default)]
struct Published {
    entries: usize,
    number: u64,
}

struct SigningLeaf {
    signer: Signer,
    renew_at: OffsetDateTime,
}

/// The TLS leaves; replacing them needs no new listener.
#[derive(Debug)]
pub struct Leaves(ArcSwap<LeafPair>);

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().resolve(hello)
    }
}

/// Why the server has no certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// Files fail.
    #[error(transparent)]
    File(#[from] FileError),
    /// The authority.
    #[error("setting up the certificate authority")]
    Authority(#[from] AuthorityError),
    /// A leaf.
    #[error("issuing a server certificate")]
    Leaf(#[from] LeafError),
    /// A key.
    #[error("making a key")]
    Key(#[from] KeyError),
    /// A key and its certificate.
    #[error("using a certificate to sign")]
    Identity(#[from] IdentityError),
    /// The authority's own certificate.
    #[error("trusting the authority's own certificate")]
    Anchor(#[source] PublicKeyError),
    /// A thread that made keys ended early.
    #[error("making keys")]
    Interrupted,
}

impl Pki {
    /// Reads the certificates of a data directory, making what is missing or due.
    pub fn open(
        directory: &Directory,
        names: &[String],
        addresses: &[IpAddr],
        ids: &RandomIds,
        now: Timestamp,
    ) -> Result<Self, PkiError> {
        let now = now.to_datetime();
        let directory = Directory::open(&directory.file("ca"))?;
        let host = names
            .first()
            .cloned()
            .unwrap_or_else(|| "localhost".to_owned());
        let mut keys = MissingKeys::of(&directory)?.make()?;
        let authority = if let Some(text) = directory.read(AUTHORITY)? {
            Authority::from_pem(&text)?
        } else {
            let serial = SerialNumber::from_random(ids.bytes());
            let params = AuthorityParams {
                host: &host,
                now,
                valid_for: Authority::LIFE,
                serial,
            };
            let key = keys
                .authority
                .take()
                .map_or_else(|| Key::generate(KeyKind::Rsa2048), Ok)?;
            let authority = Authority::create(&params, key)?;
            directory.write(AUTHORITY, &authority.to_pem()?)?;
            authority
        };
        let names = alternative_names(names, addresses);
        let identity = Arc::new(authority.identity()?);
        let anchors = vec![Anchor::new(authority.facts()).map_err(PkiError::Anchor)?];
        let maker = Maker {
            directory: &directory,
            authority: &authority,
            names: &names,
            host: &host,
            ids,
            now,
        };
        let pair = maker.pair(keys.tls_rsa.take())?;
        let signing = maker.signer(keys.signer.take())?;
        Ok(Self {
            anchors,
            identity,
            leaves: Arc::new(Leaves(ArcSwap::from_pointee(pair))),
            signer: ArcSwap::from_pointee(signing),
            crl: ArcSwap::from_pointee(Vec::new()),
            published: Mutex::default(),
            authority: Arc::new(authority),
            names,
            host,
            directory,
        })
    }

    /// The authority.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The authority's key and certificate, for SCEP.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Whom we trust for device identities.
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// The names in the TLS certificates.
    pub fn names(&self) -> &[San] {
        &self.names
    }

    /// The TLS certificates, for listeners.
    pub fn leaves(&self) -> Arc<Leaves> {
        Arc::clone(&self.leaves)
    }

    /// A TLS leaf as it is served now, DER.
    pub fn tls_leaf(&self) -> Result<Option<Vec<u8>>, PkiError> {
        let text = self.directory.read(TLS_ECDSA)?;
        Ok(text
            .map(|t| Leaf::from_pem(&t))
            .transpose()?
            .map(|l| l.certificate_der().to_vec()))
    }

    /// Signs a profile: CMS with its content attached, and the chain.
    pub fn sign_profile(
        &self,
        xml: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, mdm_certs::cms::SignError> {
        self.signer
            .load()
            .signer
            .sign_attached(xml, now.to_datetime())
    }

    /// The current revocation list, DER.
    pub fn crl(&self) -> Arc<Vec<u8>> {
        self.crl.load_full()
    }

    /// Publishes a revocation list. Its number is greater than that of the one before (RFC 5280
    /// section 5.2.3): the time in milliseconds, which survives a restart, or one more than the last.
    ///
    /// Nothing is ever taken from the record of revocations, so one that is shorter than the list
    /// published last was read before another revocation: it changes nothing.
    pub fn publish_crl(&self, revoked: &[Certificate], now: Timestamp) -> Result<(), PkiError> {
        let entries: Vec<Revoked> = revoked.iter().filter_map(entry).collect();
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if entries.len() < published.entries {
            return Ok(());
        }
        let number = u64::try_from(now.0).unwrap_or(0).max(published.number + 1);
        let this_update = now.to_datetime();
        let crl = Crl {
            entries: &entries,
            this_update,
            next_update: this_update + CRL_LIFE,
            number,
        };
        self.crl.store(Arc::new(crl.sign(&self.authority)?));
        *published = Published {
            entries: entries.len(),
            number,
        };
        Ok(())
    }

    /// Renews what is due. True when something was.
    pub fn renew(&self, ids: &RandomIds, now: Timestamp) -> Result<bool, PkiError> {
        let now = now.to_datetime();
        let maker = Maker {
            directory: &self.directory,
            authority: &self.authority,
            names: &self.names,
            host: &self.host,
            ids,
            now,
        };
        let mut renewed = false;
        if self.leaves.0.load().renew_at() <= now {
            self.leaves.0.store(Arc::new(maker.pair(None)?));
            renewed = true;
        }
        if self.signer.load().renew_at <= now {
            self.signer.store(Arc::new(maker.signer(None)?));
            renewed = true;
        }
        Ok(renewed)
    }
}

fn entry(certificate: &Certificate) -> Option<Revoked> {
    let revocation = certificate.revoked.as_ref()?;
    let reason = match revocation.reason {
        RevocationReason::Unspecified => Reason::Unspecified,
        RevocationReason::KeyCompromise => Reason::KeyCompromise,
        RevocationReason::AffiliationChanged => Reason::AffiliationChanged,
        RevocationReason::Superseded => Reason::Superseded,
        RevocationReason::CessationOfOperation => Reason::CessationOfOperation,
    };
    Some(Revoked {
        serial: certificate.serial.as_str().parse().ok()?,
        at: revocation.at.to_datetime(),
        reason,
    })
}

fn alternative_names(names: &[String], addresses: &[IpAddr]) -> Vec<San> {
    let mut all: Vec<San> = names
        .iter()
        .map(|name| {
            name.parse::<IpAddr>()
                .map_or_else(|_| San::Dns(name.clone()), San::Ip)
        })
        .collect();
    for name in ["localhost".to_owned()]
        .map(San::Dns)
        .into_iter()
        .chain(addresses.iter().copied().map(San::Ip))
    {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// What is needed to make a leaf.
struct Maker<'a> {
    directory: &'a Directory,
    authority: &'a Authority,
    names: &'a [San],
    host: &'a str,
    ids: &'a RandomIds,
    now: OffsetDateTime,
}

impl Maker<'_> {
    fn params(&self) -> LeafParams {
        LeafParams {
            now: self.now,
            life: Leaf::LIFE,
            serial: SerialNumber::from_random(self.ids.bytes()),
        }
    }

    fn pair(&self, rsa: Option<Key>) -> Result<LeafPair, PkiError> {
        let ecdsa = self.tls(TLS_ECDSA, KeyKind::P256, None)?;
        let rsa = self.tls(TLS_RSA, KeyKind::Rsa2048, rsa)?;
        Ok(LeafPair::new(&ecdsa, &rsa)?)
    }

    fn tls(&self, file: &str, kind: KeyKind, key: Option<Key>) -> Result<Leaf, PkiError> {
        if let Some(leaf) = self
            .directory
            .read(file)?
            .and_then(|text| Leaf::from_pem(&text).ok())
            && leaf.serves(self.authority, self.names, self.now)
        {
            return Ok(leaf);
        }
        let key = key.map_or_else(|| Key::generate(kind), Ok)?;
        let leaf = Leaf::for_tls(self.authority, key, self.names, &self.params())?;
        self.directory.write(file, &leaf.to_pem()?)?;
        Ok(leaf)
    }

    fn signer(&self, key: Option<Key>) -> Result<SigningLeaf, PkiError> {
        let kept = self
            .directory
            .read(SIGNER)?
            .and_then(|text| Leaf::from_pem(&text).ok());
        let leaf = if let Some(leaf) =
            kept.filter(|leaf| leaf.serves(self.authority, &[], self.now))
        {
            leaf
        } else {
            let key = key.map_or_else(|| Key::generate(KeyKind::Rsa2048), Ok)?;
            let leaf = Leaf::for_profile_signing(self.authority, key, self.host, &self.params())?;
            self.directory.write(SIGNER, &leaf.to_pem()?)?;
            leaf
        };
        let signer = Signer::new(
            Arc::new(leaf.identity()?),
            &[self.authority.certificate_der()],
        );
        Ok(SigningLeaf {
            signer,
            renew_at: leaf.renew_at(),
        })
    }
}

/// Keys that a new data directory needs. An RSA key takes a third of a second, so they are made
/// at the same time.
#[derive(Default)]
struct MissingKeys {
    authority: bool,
    tls_rsa: bool,
    signer: bool,
}

#[derive(Default)]
struct MadeKeys {
    authority: Option<Key>,
    tls_rsa: Option<Key>,
    signer: Option<Key>,
}

impl MissingKeys {
    fn of(directory: &Directory) -> Result<Self, PkiError> {
        Ok(Self {
            authority: directory.read(AUTHORITY)?.is_none(),
            tls_rsa: directory.read(TLS_RSA)?.is_none(),
            signer: directory.read(SIGNER)?.is_none(),
        })
    }

    fn make(&self) -> Result<MadeKeys, PkiError> {
        let make =
            |wanted: bool| move || wanted.then(|| Key::generate(KeyKind::Rsa2048)).transpose();
        std::thread::scope(|scope| {
            let threads =
                [self.authority, self.tls_rsa, self.signer].map(|wanted| scope.spawn(make(wanted)));
            let mut made = threads
                .into_iter()
                .map(|t| t.join().map_err(|_| PkiError::Interrupted));
            let mut next = || made.next().unwrap_or(Err(PkiError::Interrupted));
            Ok(MadeKeys {
                authority: next()??,
                tls_rsa: next()??,
                signer: next()??,
            })
        })
    }
}

impl std::fmt::Debug for Pki {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pki")
            .field("host", &self.host)
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_795_000_000_000);

    fn open(directory: &Directory, names: &[&str], now: Timestamp) -> Pki {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let address = [IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)];
        Pki::open(directory, &names, &address, &RandomIds::new().unwrap(), now).unwrap()
    }

    #[test]
    fn the_root_stays_and_the_leaves_follow_names_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(dir.path()).unwrap();
        let first = open(&directory, &["lab.local"], START);
        let root = first.authority().fingerprint();
        let leaf = first.tls_leaf().unwrap();
        let same = open(&directory, &["lab.local"], START.plus_seconds(3600));
        assert_eq!(same.tls_leaf().unwrap(), leaf, "nothing is due");
        let named = open(&directory, &["lab.local", "other.local"], START);
        assert_ne!(named.tls_leaf().unwrap(), leaf, "another name");
        assert_eq!(named.authority().fingerprint(), root);

        let ids = RandomIds::new().unwrap();
        let before = named.tls_leaf().unwrap();
        assert!(
            !named.renew(&ids, START.plus_seconds(86_400)).unwrap(),
            "not due"
        );
        assert_eq!(named.tls_leaf().unwrap(), before);
        let due = START.plus_seconds(61 * 86_400);
        assert!(
            named.renew(&ids, due).unwrap(),
            "two thirds of 90 days are over"
        );
        assert_ne!(named.tls_leaf().unwrap(), before);
        assert_eq!(
            named.authority().fingerprint(),
            root,
            "no device has to trust anything new"
        );
        assert!(!named.renew(&ids, due).unwrap(), "done");
    }

    #[test]
    fn a_revocation_list_ends_after_a_day_and_counts_up() {
        let dir = tempfile::tempdir().unwrap();
        let pki = open(&Directory::open(dir.path()).unwrap(), &["lab.local"], START);
        pki.publish_crl(&[], START).unwrap();
        let text = |pki: &Pki| {
            let file = dir.path().join("crl");
            std::fs::write(&file, &**pki.crl()).unwrap();
            let run = std::process::Command::new("openssl")
                .args([
                    "crl",
                    "-inform",
                    "DER",
                    "-noout",
                    "-nextupdate",
                    "-crlnumber",
                    "-in",
                ])
                .arg(&file)
                .output()
                .unwrap();
            String::from_utf8(run.stdout).unwrap()
        };
        let first = text(&pki);
        pki.publish_crl(&[], START.plus_seconds(43_200)).unwrap();
        let second = text(&pki);
        assert_eq!(
            first,
            "nextUpdate=Nov 19 11:06:40 2026 GMT\ncrlNumber=0x01A1EE565E00\n"
        );
        assert_eq!(
            second,
            "nextUpdate=Nov 19 23:06:40 2026 GMT\ncrlNumber=0x01A1F0E98C00\n"
        );
        pki.publish_crl(&[], START.plus_seconds(43_200)).unwrap();
        assert_eq!(
            text(&pki),
            "nextUpdate=Nov 19 23:06:40 2026 GMT\ncrlNumber=0x01A1F0E98C01\n",
            "a list of the same instant counts up, too"
        );
    }

    #[test]
    fn a_list_read_before_a_revocation_does_not_undo_it() {
        use mdm_core::certificate::{Policy, Purpose, Revocation};

        let dir = tempfile::tempdir().unwrap();
        let pki = open(&Directory::open(dir.path()).unwrap(), &["lab.local"], START);
        let revoked = Certificate {
            fingerprint: "aa".parse().unwrap(),
            version: mdm_core::id::Version(2),
            serial: "0a".parse().unwrap(),
            scope: mdm_core::id::Scope::default(),
            subject: String::new(),
            purpose: Purpose::ProfileIdentity {
                delivery: "y-1".parse().unwrap(),
                profile: "mail".parse().unwrap(),
            },
            policy: Policy::mdm_identity(),
            device: None,
            challenge: None,
            key_sha256: String::new(),
            transaction: None,
            renews: None,
            der: String::new(),
            issued_at: START,
            not_before: START,
            not_after: START,
            revoked: Some(Revocation {
                at: START,
                reason: RevocationReason::KeyCompromise,
            }),
        };
        pki.publish_crl(std::slice::from_ref(&revoked), START)
            .unwrap();
        let published = pki.crl();
        pki.publish_crl(&[], START.plus_seconds(1)).unwrap();
        assert_eq!(pki.crl(), published);
        pki.publish_crl(&[revoked], START.plus_seconds(2)).unwrap();
        assert_ne!(pki.crl(), published, "its time is renewed");
    }
}
