//! Where a simulated device gets its time and its random bytes: both are given, so that a run can be repeated.

use std::sync::Arc;
use std::time::SystemTime;

use openssl::sha::Sha256;

/// Tells the time. Tests give a fixed one; a program gives [`Clock::system`].
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the simulators read the machine's clock"
        )]
        let clock = Self(Arc::new(SystemTime::now));
        clock
    }

    /// A clock that stands still.
    pub fn fixed(at: SystemTime) -> Self {
        Self(Arc::new(move || at))
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// A stream of bytes determined by a seed: SHA-256 of the seed, a label and a counter.
///
/// Differs: a device draws nonces from a true random source (RFC 8894 section 3.2.1.5); a simulated one must be
/// repeatable, and nothing it protects is worth protecting.
#[derive(Debug, Clone)]
pub struct Entropy {
    seed: Vec<u8>,
    counter: u64,
}

impl Entropy {
    /// A stream for this seed.
    pub fn from_seed(seed: &[u8]) -> Self {
        Self {
            seed: seed.to_vec(),
            counter: 0,
        }
    }

    /// The next 16 bytes of the stream.
    pub fn next16(&mut self) -> [u8; 16] {
        self.counter += 1;
        let mut out = [0; 16];
        out.copy_from_slice(&labelled(&self.seed, "stream", self.counter)[..16]);
        out
    }

    /// The next UUID of the stream, in upper case as Apple writes them.
    pub fn next_uuid(&mut self) -> String {
        uuid(&self.next16())
    }
}

/// SHA-256 over a seed, a label and a number: what everything invented about a device is derived from.
pub(crate) fn labelled(seed: &[u8], label: &str, number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(&(seed.len() as u64).to_be_bytes());
    hash.update(seed);
    hash.update(label.as_bytes());
    hash.update(&number.to_be_bytes());
    hash.finish()
}

/// Sixteen bytes written as an upper-case UUID with version and variant bits of RFC 9562 section 5.4.
pub(crate) fn uuid(bytes: &[u8; 16]) -> String {
    let mut value = u128::from_be_bytes(*bytes);
    value = (value & !(0xf << 76)) | (0x4 << 76);
    value = (value & !(0x3 << 62)) | (0x2 << 62);
    let text = format!("{value:032X}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32]
        .map(|range| text.get(range).unwrap_or_default().to_owned());
    groups.join("-")
}

/// Bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let mut one = Entropy::from_seed(b"7");
        let mut two = Entropy::from_seed(b"7");
        let first = one.next16();
        assert_eq!(first, two.next16());
        assert_ne!(first, one.next16());
        assert_ne!(Entropy::from_seed(b"8").next16(), first);
    }

    #[test]
    fn uuids_carry_version_and_variant() {
        assert_eq!(uuid(&[0xff; 16]), "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF");
        assert_eq!(uuid(&[0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
