//! Fresh identifiers and secrets, from the system's randomness.

use mdm_core::id::{BadId, CodeText, CommandUuid, DeliveryId, DeviceId, LinkToken};
use mdm_core::ports::Ids;
use ring::rand::{SecureRandom, SystemRandom};

/// Letters and digits that nobody mistakes for another when reading them aloud.
const READABLE: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Identifiers from the system's randomness.
#[derive(Debug)]
pub struct RandomIds(SystemRandom);

impl RandomIds {
    /// A source; fails where the system gives no randomness, so that nothing later has to.
    pub fn new() -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        random.fill(&mut [0; 1]).map_err(|_| NoRandomness)?;
        Ok(Self(random))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // The system's source does not fail once it has worked, which `new` made sure of; a
        // process without randomness must not go on in any case.
        if self.0.fill(&mut bytes).is_err() {
            std::process::abort();
        }
        bytes
    }

    fn text<const N: usize>(&self, alphabet: &[u8; 32]) -> String {
        self.bytes::<N>()
            .iter()
            .map(|b| char::from(alphabet[usize::from(b & 31)]))
            .collect()
    }

    fn id<T: std::str::FromStr<Err = BadId>>(text: &str) -> T {
        // What is made here is letters, digits and hyphens within the bounds of every identifier.
        text.parse().unwrap_or_else(|_| std::process::abort())
    }
}

/// The system gives no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoRandomness;

impl Ids for RandomIds {
    fn device(&self) -> DeviceId {
        Self::id(&format!("d-{}", self.text::<10>(LOWER)))
    }

    fn delivery(&self) -> DeliveryId {
        Self::id(&format!("y-{}", self.text::<10>(LOWER)))
    }

    fn command(&self) -> CommandUuid {
        let uuid = uuid::Builder::from_random_bytes(self.bytes()).into_uuid();
        Self::id(
            uuid.hyphenated()
                .encode_upper(&mut uuid::Uuid::encode_buffer()),
        )
    }

    fn code(&self) -> CodeText {
        let text = self.text::<8>(READABLE);
        let (left, right) = text.split_at(4);
        Self::id(&format!("{left}-{right}"))
    }

    fn link(&self) -> LinkToken {
        Self::id(&self.text::<32>(LOWER))
    }

    fn secret(&self) -> String {
        self.text::<32>(LOWER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_legal_and_different_identifiers() {
        let ids = RandomIds::new().unwrap();
        assert_ne!(ids.device(), ids.device());
        assert_eq!(ids.code().as_str().len(), 9);
        assert_eq!(ids.command().as_str().len(), 36);
        assert_eq!(ids.link().as_str().len(), 32);
        assert_ne!(ids.secret(), ids.secret());
    }
}
