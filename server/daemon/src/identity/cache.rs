//! What is remembered of identities, so that a poll costs one signature check and nothing more.
//!
//! Nothing here is keyed by a message: every message is verified. Keys are remembered by
//! certificate, bindings until something is committed about their device or certificate.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mdm_certs::cms::PublicKey;
use mdm_core::id::{DeviceId, Fingerprint};
use parking::Shared;
use time::OffsetDateTime;

use super::Bound;

/// Entries kept of each kind; all are dropped when there are more. A key takes about 1 KiB, a
/// binding about 1.5 KiB.
const MOST: usize = 16_384;

/// A trusted certificate's key.
#[derive(Debug, Clone)]
pub(super) struct KnownKey {
    pub(super) fingerprint: Fingerprint,
    pub(super) key: Arc<PublicKey>,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

/// Keys of trusted certificates.
#[derive(Debug, Default)]
pub(super) struct Keys(Shared<HashMap<[u8; 32], KnownKey>>);

impl Keys {
    pub(super) fn get(&self, fingerprint: &mdm_certs::x509::Fingerprint) -> Option<KnownKey> {
        self.0.read(|map| map.get(fingerprint.as_octets()).cloned())
    }

    pub(super) fn put(&self, fingerprint: mdm_certs::x509::Fingerprint, key: KnownKey) {
        self.0.write(|map| {
            if map.len() >= MOST {
                map.clear();
            }
            map.insert(*fingerprint.as_octets(), key);
        });
    }
}

#[derive(Debug, Default)]
struct Tables {
    by_certificate: HashMap<Fingerprint, Bound>,
    by_device: HashMap<DeviceId, Vec<Fingerprint>>,
}

/// Which certificate speaks for which device.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    map: Shared<Tables>,
    generation: AtomicU64,
}

impl Bindings {
    pub(super) fn get(&self, fingerprint: &Fingerprint) -> Option<Bound> {
        self.map
            .read(|map| map.by_certificate.get(fingerprint).cloned())
    }

    /// Counts what was forgotten: what was loaded before something was forgotten may be old.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Remembers a binding that was loaded when the generation was `seen`.
    pub(super) fn put(&self, fingerprint: &Fingerprint, bound: &Bound, seen: u64) {
        self.map.write(|map| {
            if self.generation() != seen {
                return;
            }
            if map.by_certificate.len() >= MOST {
                *map = Tables::default();
            }
            map.by_device
                .entry(bound.device.id.clone())
                .or_default()
                .push(fingerprint.clone());
            map.by_certificate
                .insert(fingerprint.clone(), bound.clone());
        });
    }

    pub(super) fn forget(&self, fingerprint: &Fingerprint) {
        self.map.write(|map| {
            self.generation.fetch_add(1, Ordering::AcqRel);
            map.by_certificate.remove(fingerprint);
        });
    }

    pub(super) fn forget_device(&self, device: &DeviceId) {
        self.map.write(|map| {
            self.generation.fetch_add(1, Ordering::AcqRel);
            for fingerprint in map.by_device.remove(device).unwrap_or_default() {
                map.by_certificate.remove(&fingerprint);
            }
        });
    }
}

mod parking {
    //! A lock that a panic does not close: what it guards is a cache and stays whole.

    use std::sync::{PoisonError, RwLock};

    #[derive(Debug, Default)]
    pub(super) struct Shared<T>(RwLock<T>);

    impl<T> Shared<T> {
        pub(super) fn read<R>(&self, f: impl FnOnce(&T) -> R) -> R {
            f(&self.0.read().unwrap_or_else(PoisonError::into_inner))
        }

        pub(super) fn write<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
            f(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
        }
    }
}
