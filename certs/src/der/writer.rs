//! Writing DER: definite minimal lengths, nested by closures.

use time::OffsetDateTime;

use super::Tag;
use crate::oid::Oid;

/// What `write` writes, as bytes.
///
/// ```
/// use mdm_certs::der::encode;
/// assert_eq!(encode(|w| w.sequence(|w| w.integer(5))), [0x30, 3, 2, 1, 5]);
/// ```
pub fn encode(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    write(&mut writer);
    writer.out
}

/// Appends DER elements one after another. Made by [`encode`].
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Bytes that are already encoded.
    pub fn raw(&mut self, element: &[u8]) {
        self.out.extend_from_slice(element);
    }

    /// An element whose content is `content`.
    pub fn primitive(&mut self, tag: Tag, content: &[u8]) {
        self.out.push(tag.0);
        push_length(&mut self.out, content.len());
        self.out.extend_from_slice(content);
    }

    /// An element whose content is what `write` writes.
    pub fn constructed(&mut self, tag: Tag, write: impl FnOnce(&mut Self)) {
        self.out.push(tag.0);
        let start = self.out.len();
        write(self);
        let mut length = Vec::with_capacity(5);
        push_length(&mut length, self.out.len() - start);
        self.out.splice(start..start, length);
    }

    /// `SEQUENCE`.
    pub fn sequence(&mut self, write: impl FnOnce(&mut Self)) {
        self.constructed(Tag::SEQUENCE, write);
    }

    /// `SET` in the order written. DER asks for [`Self::set_of_sorted`]; some readers take the first.
    pub fn set(&mut self, write: impl FnOnce(&mut Self)) {
        self.constructed(Tag::SET, write);
    }

    /// `SET OF` the encoded `items`, in ascending order (X.690 11.6).
    pub fn set_of_sorted(&mut self, mut items: Vec<Vec<u8>>) {
        items.sort_unstable();
        self.set(|w| items.iter().for_each(|item| w.raw(item)));
    }

    /// `[number]` constructed: explicit, or implicit over a constructed type.
    pub fn context(&mut self, number: u8, write: impl FnOnce(&mut Self)) {
        self.constructed(Tag::context(number), write);
    }

    /// `BOOLEAN`.
    pub fn boolean(&mut self, value: bool) {
        self.primitive(Tag::BOOLEAN, &[if value { 0xff } else { 0 }]);
    }

    /// `INTEGER` of a small number.
    pub fn integer(&mut self, value: u64) {
        self.unsigned_integer(&value.to_be_bytes());
    }

    /// `INTEGER` of a big-endian magnitude; leading zeros are dropped, a sign octet added if needed.
    pub fn unsigned_integer(&mut self, magnitude: &[u8]) {
        let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
        let digits = magnitude.get(zeros..).unwrap_or_default();
        let sign = digits.first().is_none_or(|first| first & 0x80 != 0);
        self.out.push(Tag::INTEGER.0);
        push_length(&mut self.out, digits.len() + usize::from(sign));
        if sign {
            self.out.push(0);
        }
        self.out.extend_from_slice(digits);
    }

    /// `ENUMERATED` of a number below 128.
    pub fn enumerated(&mut self, value: u8) {
        self.primitive(Tag::ENUMERATED, &[value & 0x7f]);
    }

    /// `NULL`.
    pub fn null(&mut self) {
        self.primitive(Tag::NULL, &[]);
    }

    /// `OBJECT IDENTIFIER`.
    pub fn oid(&mut self, oid: Oid<'_>) {
        self.primitive(Tag::OID, oid.content());
    }

    /// `OCTET STRING`.
    pub fn octet_string(&mut self, octets: &[u8]) {
        self.primitive(Tag::OCTET_STRING, octets);
    }

    /// `OCTET STRING` around what `write` writes: how extensions carry their value.
    pub fn octet_string_of(&mut self, write: impl FnOnce(&mut Self)) {
        self.constructed(Tag::OCTET_STRING, write);
    }

    /// `BIT STRING` of whole octets.
    pub fn bit_string(&mut self, octets: &[u8]) {
        self.out.push(Tag::BIT_STRING.0);
        push_length(&mut self.out, octets.len() + 1);
        self.out.push(0);
        self.out.extend_from_slice(octets);
    }

    /// `BIT STRING` of named bits, bit 0 the highest of `bits` (X.690 11.2.2: no trailing zeros).
    pub fn named_bits(&mut self, bits: u16) {
        let [high, low] = bits.to_be_bytes();
        let unused = |byte: u8| u8::try_from(byte.trailing_zeros()).unwrap_or(0);
        match (high, low) {
            (0, 0) => self.primitive(Tag::BIT_STRING, &[0]),
            (_, 0) => self.primitive(Tag::BIT_STRING, &[unused(high), high]),
            (..) => self.primitive(Tag::BIT_STRING, &[unused(low), high, low]),
        }
    }

    /// `UTF8String`.
    pub fn utf8_string(&mut self, text: &str) {
        self.primitive(Tag::UTF8_STRING, text.as_bytes());
    }

    /// `PrintableString`; the caller knows that `text` is printable (X.680 41.4).
    pub fn printable_string(&mut self, text: &str) {
        self.primitive(Tag::PRINTABLE_STRING, text.as_bytes());
    }

    /// `IA5String`; the caller knows that `text` is ASCII.
    pub fn ia5_string(&mut self, text: &str) {
        self.primitive(Tag::IA5_STRING, text.as_bytes());
    }

    /// `Time` to the second: `UTCTime` from 1950 through 2049, else `GeneralizedTime` (RFC 5280
    /// section 4.1.2.5).
    pub fn time(&mut self, time: OffsetDateTime) {
        let at = time.to_offset(time::UtcOffset::UTC);
        let rest = format!(
            "{:02}{:02}{:02}{:02}{:02}Z",
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        );
        let year = at.year().clamp(0, 9999);
        if (1950..2050).contains(&year) {
            let text = format!("{:02}{rest}", year % 100);
            self.primitive(Tag::UTC_TIME, text.as_bytes());
        } else {
            let text = format!("{year:04}{rest}");
            self.primitive(Tag::GENERALIZED_TIME, text.as_bytes());
        }
    }
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        out.push(short);
        return;
    }
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
    out.extend_from_slice(digits);
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn lengths_are_minimal() {
        for (length, header) in [
            (0, &[0x04, 0][..]),
            (127, &[0x04, 0x7f]),
            (128, &[0x04, 0x81, 0x80]),
            (255, &[0x04, 0x81, 0xff]),
            (256, &[0x04, 0x82, 1, 0]),
            (65_536, &[0x04, 0x83, 1, 0, 0]),
        ] {
            let content = vec![7; length];
            let primitive = encode(|w| w.octet_string(&content));
            let constructed = encode(|w| w.octet_string_of(|w| w.raw(&content)));
            assert_eq!(&primitive[..header.len()], header, "{length}");
            assert_eq!(primitive.len(), header.len() + length);
            assert_eq!(primitive, constructed, "{length}");
        }
    }

    #[test]
    fn integers_are_positive_and_minimal() {
        for (magnitude, encoded) in [
            (&[][..], &[2, 1, 0][..]),
            (&[0, 0], &[2, 1, 0]),
            (&[0x7f], &[2, 1, 0x7f]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[0, 0, 1, 0], &[2, 2, 1, 0]),
        ] {
            assert_eq!(encode(|w| w.unsigned_integer(magnitude)), encoded);
        }
        assert_eq!(encode(|w| w.integer(300)), [2, 2, 1, 0x2c]);
    }

    #[test]
    fn named_bits_have_no_trailing_zeros() {
        for (bits, encoded) in [
            (0, &[3, 1, 0][..]),
            (0b1010_0000 << 8, &[3, 2, 5, 0b1010_0000]),
            (0b0000_0110 << 8, &[3, 2, 1, 0b0000_0110]),
            (0x0080, &[3, 3, 7, 0, 0x80]),
        ] {
            assert_eq!(encode(|w| w.named_bits(bits)), encoded, "{bits:#x}");
        }
    }

    #[test]
    fn times_switch_their_form_in_1950_and_2050() {
        for (time, text) in [
            (datetime!(1949-12-31 23:59:59 UTC), "19491231235959Z"),
            (datetime!(1950-01-01 0:00 UTC), "500101000000Z"),
            (datetime!(2049-12-31 23:59:59 UTC), "491231235959Z"),
            (datetime!(2050-01-01 0:00 UTC), "20500101000000Z"),
            (datetime!(2050-01-01 1:00 +2), "491231230000Z"),
        ] {
            let encoded = encode(|w| w.time(time));
            assert_eq!(&encoded[2..], text.as_bytes());
            let tag = if text.len() == 13 { 0x17 } else { 0x18 };
            assert_eq!(encoded[0], tag, "{text}");
        }
    }

    #[test]
    fn a_sorted_set_is_in_ascending_order_and_a_set_as_written() {
        let (b, a) = (encode(|w| w.integer(2)), encode(|w| w.integer(1)));
        assert_eq!(
            encode(|w| w.set_of_sorted(vec![b.clone(), a.clone()])),
            [0x31, 6, 2, 1, 1, 2, 1, 2]
        );
        assert_eq!(
            encode(|w| w.set(|w| {
                w.raw(&b);
                w.raw(&a);
            })),
            [0x31, 6, 2, 1, 2, 2, 1, 1]
        );
    }
}
