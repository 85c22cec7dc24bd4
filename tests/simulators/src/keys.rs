//! RSA keys for simulated devices: a committed pool, and fresh ones for who asks for them.

use std::sync::{Arc, OnceLock};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

const POOL: &str = include_str!("../keys/pool.pem");
const END: &str = "-----END PRIVATE KEY-----";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The pool cannot be read.
    #[error("key {index} of the test key pool cannot be read")]
    Pool {
        /// Position in the pool, from 0.
        index: usize,
        /// What OpenSSL says.
        #[source]
        source: ErrorStack,
    },
    /// The pool has no key at all.
    #[error("the test key pool is empty")]
    Empty,
    /// A fresh key could not be made.
    #[error("an RSA key of {bits} bits could not be made")]
    Generate {
        /// Size asked for.
        bits: u32,
        /// What OpenSSL says.
        #[source]
        source: ErrorStack,
    },
}

/// RSA-2048 keys that simulated devices share (see `keys/ORIGIN.md`). Cheap to clone.
#[derive(Clone)]
pub struct KeyPool(Arc<Vec<OnceLock<PKey<Private>>>>);

impl std::fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPool({} keys)", self.0.len())
    }
}

impl KeyPool {
    /// The committed keys. A key is decoded when it is first used.
    pub fn committed() -> Self {
        static KEYS: OnceLock<KeyPool> = OnceLock::new();
        KEYS.get_or_init(|| Self(Arc::new(pems().map(|_| OnceLock::new()).collect())))
            .clone()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key for this number; numbers wrap around the pool.
    pub fn key(&self, number: u64) -> Result<PKey<Private>, KeyError> {
        let count = u64::try_from(self.0.len())
            .ok()
            .filter(|count| *count > 0)
            .ok_or(KeyError::Empty)?;
        let index = usize::try_from(number % count).map_err(|_| KeyError::Empty)?;
        let (slot, pem) = self
            .0
            .get(index)
            .zip(pems().nth(index))
            .ok_or(KeyError::Empty)?;
        if let Some(key) = slot.get() {
            return Ok(key.clone());
        }
        let key = PKey::private_key_from_pem(pem.as_bytes())
            .map_err(|source| KeyError::Pool { index, source })?;
        Ok(slot.get_or_init(|| key).clone())
    }

    /// A fresh key made by a worker thread; an RSA-2048 key takes about a third of a second.
    pub async fn fresh(bits: u32) -> Result<PKey<Private>, KeyError> {
        tokio::task::spawn_blocking(move || {
            Rsa::generate(bits)
                .and_then(PKey::from_rsa)
                .map_err(|source| KeyError::Generate { bits, source })
        })
        .await
        .map_err(|_| KeyError::Empty)?
    }
}

fn pems() -> impl Iterator<Item = String> {
    POOL.split_inclusive(END)
        .filter(|text| text.contains(END))
        .map(|text| format!("{}\n", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_holds_32_different_rsa_2048_keys() {
        let pool = KeyPool::committed();
        assert_eq!(pool.len(), 32);
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..32 {
            let key = pool.key(number).unwrap();
            assert_eq!(key.bits(), 2048);
            seen.insert(key.public_key_to_der().unwrap());
        }
        assert_eq!(seen.len(), 32);
        assert!(pool.key(33).unwrap().public_eq(&pool.key(1).unwrap()));
    }
}
