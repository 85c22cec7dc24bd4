//! A lab for the unit tests: one authority, two keys, a fixed time.
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::authority::{Authority, AuthorityParams};
use crate::issue::{Issued, Places, Request, issue};
use crate::key::Key;
use crate::leaf::{Leaf, LeafParams};
use crate::oid::Oid;
use crate::x509::{KeyUsage, Name, San, SerialNumber, Validity};

/// The time of the lab.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 10:00 UTC);

pub(crate) fn authority() -> Authority {
    authority_with(include_str!("../tests/keys/authority.pem"))
}

/// An authority of the same name that has another key.
pub(crate) fn impostor() -> Authority {
    authority_with(include_str!("../tests/keys/rsa.pem"))
}

fn authority_with(key: &str) -> Authority {
    let params = AuthorityParams {
        host: "lab.test",
        now: NOW,
        valid_for: Authority::LIFE,
        serial: serial(1),
    };
    Authority::create(&params, Key::from_pem(key).unwrap()).unwrap()
}

pub(crate) fn rsa() -> Key {
    Key::from_pem(include_str!("../tests/keys/rsa.pem")).unwrap()
}

pub(crate) fn p256() -> Key {
    Key::from_pem(include_str!("../tests/keys/p256.pem")).unwrap()
}

pub(crate) fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_random([number; 16])
}

/// A certificate for a device, valid for ten days.
pub(crate) fn device(authority: &Authority, purposes: &[Oid<'_>]) -> Issued {
    let purposes: Vec<_> = purposes.iter().map(|purpose| (*purpose).into()).collect();
    let request = Request {
        subject_der: &Name::common("iPhone <&\"é").to_der(),
        spki_der: &p256().public_der().unwrap(),
        names: &[San::Upn("é@lab.test".into())],
        requested_names: None,
        purposes: &purposes,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        validity: Validity::starting(NOW, Duration::DAY, Duration::days(10)),
        serial: serial(2),
        places: Places::default(),
        copied: &[],
    };
    issue(authority, &request).unwrap()
}

/// Two TLS leaves for `lab.test`.
pub(crate) fn leaves(authority: &Authority) -> (Leaf, Leaf) {
    let make = |key, number| {
        let params = LeafParams {
            now: NOW,
            life: Leaf::LIFE,
            serial: serial(number),
        };
        Leaf::for_tls(authority, key, &names(), &params).unwrap()
    };
    (make(p256(), 3), make(rsa(), 4))
}

pub(crate) fn names() -> Vec<San> {
    vec![
        San::Dns("lab.test".into()),
        San::Ip([192, 0, 2, 1].into()),
        San::Ip("2001:db8::1".parse().unwrap()),
    ]
}
