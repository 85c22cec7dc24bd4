//! What certificates and signatures cost beside the RSA operations in them, which `openssl speed` measures on the same core
//! in the same run. Prints figures, judges those that have a limit, and fails where one is missed; `--json` prints JSON.
#![expect(
    clippy::print_stdout,
    reason = "printing figures is what this program is for"
)]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_certs::authority::{Authority, AuthorityParams};
use mdm_certs::cms::{
    CertificateView, Cipher, Content, ContentSeed, Digest, Identity, SignedAttribute, Signer, seal,
};
use mdm_certs::der::encode;
use mdm_certs::issue::{Places, Request as Wish, issue};
use mdm_certs::key::{Key, KeyKind};
use mdm_certs::leaf::{Leaf, LeafParams};
use mdm_certs::scep::{Body, Reply, ReplySeed, Request};
use mdm_certs::x509::{KeyUsage, San, SerialNumber, Validity};
use mdm_certs::{mdm_signature, oid};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Name, X509Req};
use time::OffsetDateTime;
use time::macros::datetime;

type Outcome<T> = Result<T, Box<dyn Error>>;

const NOW: OffsetDateTime = datetime!(2026-11-21 10:00 UTC);
/// The core everything runs on, where `taskset` is installed.
const CORE: &str = "0";
/// Each part runs for at least so long at a time.
const RUN: Duration = Duration::from_secs(2);
/// OpenSSL and we take turns, so that what else the machine does falls on both.
const TURNS: usize = 3;

/// What a phone sends and a server has.
struct Lab {
    authority: Authority,
    identity: Identity,
    answers: Signer,
    profiles: Signer,
    device: Signer,
    csr: Vec<u8>,
}

impl Lab {
    fn new() -> Outcome<Self> {
        let params = AuthorityParams {
            host: "lab.test",
            now: NOW,
            valid_for: Authority::LIFE,
            serial: SerialNumber::from_random([1; 16]),
        };
        let authority = Authority::create(&params, Key::generate(KeyKind::Rsa2048)?)?;
        let leaf = LeafParams {
            now: NOW,
            life: Leaf::LIFE,
            serial: SerialNumber::from_random([2; 16]),
        };
        let leaf = Leaf::for_profile_signing(
            &authority,
            Key::generate(KeyKind::Rsa2048)?,
            "lab.test",
            &leaf,
        )?;
        let phone = Key::generate(KeyKind::Rsa2048)?;
        let nothing: [&[u8]; 0] = [];
        Ok(Self {
            answers: Signer::new(Arc::new(authority.identity()?), &nothing),
            profiles: Signer::new(Arc::new(leaf.identity()?), &[leaf.issuer_der()]),
            device: Signer::new(
                Arc::new(Identity::new(
                    self_signed(phone.pkey())?,
                    phone.pkey().clone(),
                )?),
                &nothing,
            ),
            csr: csr(phone.pkey())?,
            identity: authority.identity()?,
            authority,
        })
    }

    /// A `PKCSReq` (RFC 8894 section 3.3.1).
    fn request(&self, cipher: Cipher) -> Outcome<Vec<u8>> {
        let to = CertificateView::parse(self.authority.certificate_der())?;
        let sealed = seal(
            &self.csr,
            cipher,
            &to,
            &ContentSeed::new([3; Cipher::MAX_KEY], [4; 16]),
        )?;
        let attributes = [
            SignedAttribute {
                oid: oid::SCEP_MESSAGE_TYPE,
                value: encode(|w| w.printable_string("19")),
            },
            SignedAttribute {
                oid: oid::SCEP_TRANSACTION_ID,
                value: encode(|w| w.printable_string("4711")),
            },
            SignedAttribute {
                oid: oid::SCEP_SENDER_NONCE,
                value: encode(|w| w.octet_string(&[5; 16])),
            },
        ];
        Ok(self.device.sign(
            Content::Attached(&sealed),
            Digest::Sha256,
            Some(NOW),
            &attributes,
        )?)
    }

    /// Reads a request, issues what it asks for, and answers: three RSA operations with private keys.
    fn enroll(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        let request = Request::decode(message, &self.identity, &[6; Cipher::MAX_KEY])?;
        let Body::Enroll { csr, .. } = request.body() else {
            return Err("the request asks for something else".into());
        };
        let wish = Wish {
            subject_der: csr.subject(),
            spki_der: csr.public_key().info(),
            names: &[San::Email("ada@lab.test".to_owned())],
            requested_names: None,
            copied: &[],
            purposes: &[oid::CLIENT_AUTH.into()],
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            validity: Validity::starting(NOW, time::Duration::HOUR, time::Duration::days(365)),
            serial: SerialNumber::from_random([7; 16]),
            places: Places {
                crl: Some("http://lab.test:8480/pki/crl"),
                ..Places::default()
            },
        };
        let issued = issue(&self.authority, &wish)?;
        let seed = ReplySeed::new([8; 16], ContentSeed::new([9; Cipher::MAX_KEY], [10; 16]));
        let certificates = [issued.der];
        let reply = Reply::Success {
            certificates: &certificates,
        };
        Ok(request.reply(&reply, &self.answers, NOW, &seed)?)
    }
}

fn self_signed(key: &PKey<Private>) -> Outcome<Vec<u8>> {
    let name = common_name()?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*BigNum::from_u32(11)?.to_asn1_integer()?)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_str("20260101000000Z")?)?;
    builder.set_not_after(&*Asn1Time::from_str("20360101000000Z")?)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build().to_der()?)
}

fn csr(key: &PKey<Private>) -> Outcome<Vec<u8>> {
    let mut builder = X509Req::builder()?;
    builder.set_subject_name(&*common_name()?)?;
    builder.set_pubkey(key)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build().to_der()?)
}

fn common_name() -> Outcome<X509Name> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("CN", "A simulated iPhone")?;
    Ok(name.build())
}

/// Operations of each kind in a second of processor time.
#[derive(Debug, Clone, Copy, Default)]
struct Rates {
    sign: f64,
    verify: f64,
}

/// What `openssl speed` says of RSA-2048, by the processor time it used.
fn openssl() -> Outcome<Rates> {
    let (program, before): (&str, &[&str]) = if taskset() {
        ("taskset", &["--cpu-list", CORE, "openssl"])
    } else {
        ("openssl", &[])
    };
    let out = Command::new(program)
        .args(before)
        .args(["speed", "-mr", "-seconds", "2", "rsa2048"])
        .stderr(Stdio::null())
        .output()?;
    // `+F2:2:2048:<signatures each second>:<verifications each second>`, as OpenSSL 3 prints it for programs.
    let text = String::from_utf8(out.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("+F2:"));
    let fields: Vec<&str> = line.unwrap_or_default().split(':').collect();
    let [_, _, sign, verify] = fields.as_slice() else {
        return Err("`openssl speed rsa2048` printed nothing that is known".into());
    };
    Ok(Rates {
        sign: sign.parse()?,
        verify: verify.parse()?,
    })
}

fn taskset() -> bool {
    Command::new("taskset")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Processor time of this process so far.
fn cpu() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat
        .rsplit_once(')')
        .ok_or("the kernel's line about this process has no name")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (times.next().ok_or("short")??, times.next().ok_or("short")??);
    // A tick is a hundredth of a second in every kernel's interface to programs.
    Ok(Duration::from_millis((user + system) * 10))
}

/// How often `work` is done in a second of processor time.
fn rate<T>(mut work: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let (started, before) = (Instant::now(), cpu()?);
    let mut count = 0_u32;
    while started.elapsed() < RUN {
        for _ in 0..20 {
            black_box(work()?);
        }
        count += 20;
    }
    Ok(f64::from(count) / cpu()?.saturating_sub(before).as_secs_f64())
}

/// A rate beside the one that the RSA operations alone would have.
struct Figure {
    name: &'static str,
    rate: f64,
    bare: f64,
    /// The least that `rate` must be of `bare`, if it must.
    least: Option<f64>,
}

impl Figure {
    fn share(&self) -> f64 {
        self.rate / self.bare
    }

    fn missed(&self) -> bool {
        self.least.is_some_and(|least| self.share() < least)
    }

    fn line(&self) -> String {
        let share = 100.0 * self.share();
        let line = format!(
            "{:<58} {:>11.2} 1/s    RSA alone {:.2}, {share:.1} % of it",
            self.name, self.rate, self.bare
        );
        match self.least {
            None => line,
            Some(least) if self.missed() => format!("{line}, limit {:.0} %: MISSED", 100.0 * least),
            Some(least) => format!("{line}, limit {:.0} %: met", 100.0 * least),
        }
    }

    fn json(&self) -> String {
        let least = self
            .least
            .map_or("null".to_owned(), |least| least.to_string());
        format!(
            r#"{{"name":"{}","value":{:.2},"unit":"1/s","bare":{:.2},"share":{:.4},"limit":{least},"met":{}}}"#,
            self.name,
            self.rate,
            self.bare,
            self.share(),
            !self.missed()
        )
    }
}

fn measure() -> Outcome<Vec<Figure>> {
    let lab = Lab::new()?;
    let aes = lab.request(Cipher::Aes256)?;
    let triple_des = lab.request(Cipher::TripleDes)?;
    let profile = vec![b'x'; 10_000];
    let body = vec![b'x'; 300];
    let header = STANDARD.encode(lab.device.sign_detached(&body, NOW)?);
    let mut key = None;
    mdm_signature::verify(header.as_bytes(), &body, |_| None)
        .map(|signer| key = Some(signer.public_key))?;
    let verify = || {
        Ok(mdm_signature::verify(header.as_bytes(), &body, |_| {
            key.clone()
        })?)
    };

    let mut sums = [0.0; 4];
    let mut bare = Rates::default();
    for _ in 0..TURNS {
        let one = openssl()?;
        bare.sign += one.sign;
        bare.verify += one.verify;
        sums[0] += rate(|| lab.enroll(&aes))?;
        sums[1] += rate(|| lab.enroll(&triple_des))?;
        sums[2] += rate(|| Ok(lab.profiles.sign_attached(&profile, NOW)?))?;
        sums[3] += rate(verify)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "three turns")]
    let mean = |sum: f64| sum / TURNS as f64;
    let figure = |name, sum, bare, least| Figure {
        name,
        rate: mean(sum),
        bare: mean(bare),
        least,
    };
    Ok(vec![
        figure(
            "SCEP: AES request read, certificate issued, answered",
            sums[0],
            bare.sign / 3.0,
            Some(0.85),
        ),
        figure(
            "SCEP: 3DES request read, certificate issued, answered",
            sums[1],
            bare.sign / 3.0,
            Some(0.85),
        ),
        figure("10 kB profile signed", sums[2], bare.sign, Some(0.95)),
        figure(
            "Mdm-Signature verified, certificate known",
            sums[3],
            bare.verify,
            None,
        ),
    ])
}

fn main() -> ExitCode {
    if taskset() {
        // Where it cannot be done, the figures are only less steady.
        let _ = Command::new("taskset")
            .args([
                "--all-tasks",
                "--cpu-list",
                "--pid",
                CORE,
                &std::process::id().to_string(),
            ])
            .stdout(Stdio::null())
            .status();
    }
    let figures = match measure() {
        Ok(figures) => figures,
        Err(error) => {
            println!("rsa: {error}");
            return ExitCode::from(3);
        }
    };
    if std::env::args().any(|argument| argument == "--json") {
        let all: Vec<_> = figures.iter().map(Figure::json).collect();
        println!(r#"{{"figures":[{}]}}"#, all.join(","));
    } else {
        for figure in &figures {
            println!("{}", figure.line());
        }
    }
    if figures.iter().any(Figure::missed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
