//! Serial numbers of certificates.

use std::fmt;
use std::str::FromStr;

/// The serial number of a certificate, without leading zero octets (RFC 5280 section 4.1.2.2).
///
/// Ours are 16 random octets, positive and of constant length, so that they are unguessable and
/// unique without a counter. A foreign certificate's is kept as its content octets, whatever
/// their number.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    /// A serial number of our own from 16 random octets, of which the two top bits are replaced:
    /// the first by 0 (positive), the second by 1 (never shorter, never zero).
    pub fn from_random(mut octets: [u8; 16]) -> Self {
        octets[0] = (octets[0] & 0x3f) | 0x40;
        Self(octets.to_vec())
    }

    /// The serial number whose content octets, big-endian, are these. Leading zeros are dropped.
    pub fn from_octets(octets: &[u8]) -> Self {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        Self(octets.get(zeros..).unwrap_or_default().to_vec())
    }

    /// The octets of the number, big-endian, without leading zeros.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

/// Lower-case hexadecimal without separators, two digits an octet.
impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("00");
        }
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

/// Text that is not a serial number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("serial number: expected 1 to 128 hexadecimal digits")]
pub struct BadSerialNumber;

/// Reads what `Display` writes; upper case, an odd number of digits and the colons of
/// `openssl x509 -text` are accepted.
impl FromStr for SerialNumber {
    type Err = BadSerialNumber;

    fn from_str(text: &str) -> Result<Self, BadSerialNumber> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or(BadSerialNumber)?;
        if digits.is_empty() || digits.len() > 128 {
            return Err(BadSerialNumber);
        }
        let mut octets: Vec<u8> = digits
            .rchunks(2)
            .map(|pair| pair.iter().fold(0, |octet, digit| (octet << 4) | digit))
            .collect();
        octets.reverse();
        Ok(Self::from_octets(&octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_octets_become_positive_numbers_of_constant_length() {
        for (octet, first) in [(0x00, "40"), (0xff, "7f"), (0x80, "40"), (0x01, "41")] {
            let serial = SerialNumber::from_random([octet; 16]);
            assert_eq!(serial.to_string().len(), 32, "{octet}");
            assert!(serial.to_string().starts_with(first), "{octet}: {serial}");
        }
        let (a, b) = (
            SerialNumber::from_random([1; 16]),
            SerialNumber::from_random([2; 16]),
        );
        assert_ne!(a, b);
    }

    #[test]
    fn text_is_read_back() {
        for (text, shown) in [
            ("01", "01"),
            ("1", "01"),
            ("0A:Bc", "0abc"),
            ("abc", "0abc"),
            ("0000ff", "ff"),
            ("0", "00"),
        ] {
            let serial: SerialNumber = text.parse().unwrap();
            assert_eq!(serial.to_string(), shown, "{text}");
        }
        for text in ["", "xy", ":", "é", &"1".repeat(129)] {
            assert_eq!(
                text.parse::<SerialNumber>().unwrap_err().to_string(),
                "serial number: expected 1 to 128 hexadecimal digits",
                "{text}"
            );
        }
    }
}
