//! A place in bytes that never runs past their end.

use crate::read_error::ReadError;

/// Reads forwards; every failure says where.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset of the byte that comes next.
    pub(crate) const fn offset(&self) -> usize {
        self.at
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, ReadError> {
        let byte = *self.bytes.get(self.at).ok_or(self.truncated())?;
        self.at += 1;
        Ok(byte)
    }

    /// An `mb_u_int32`: seven bits per byte, highest first, the top bit on all but the last (WAP-192 section 5.1).
    pub(crate) fn number(&mut self) -> Result<u32, ReadError> {
        let offset = self.at;
        let mut value = 0_u32;
        for _ in 0..5 {
            let byte = self.byte()?;
            if value > u32::MAX >> 7 {
                break;
            }
            value = (value << 7) | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ReadError::Number { offset })
    }

    /// As many bytes as asked for.
    pub(crate) fn take(&mut self, length: u32) -> Result<&'a [u8], ReadError> {
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| self.at.checked_add(length))
            .ok_or(self.truncated())?;
        let taken = self.bytes.get(self.at..end).ok_or(self.truncated())?;
        self.at = end;
        Ok(taken)
    }

    /// The bytes before the next NUL, which is read, too.
    pub(crate) fn terminated(&mut self) -> Result<&'a [u8], ReadError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| *byte == 0)
            .ok_or(self.truncated())?;
        self.at += length + 1;
        Ok(rest.get(..length).unwrap_or_default())
    }

    const fn truncated(&self) -> ReadError {
        ReadError::Truncated {
            length: self.bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (bytes, value) in [
            (&[0x00][..], Ok(0)),
            (&[0x7F], Ok(0x7F)),
            (&[0x81, 0x20], Ok(0xA0)),
            (&[0xA4, 0x01], Ok(0x1201)),
            (&[0x80, 0x80, 0x01], Ok(1)),
            (&[0x8F, 0xFF, 0xFF, 0xFF, 0x7F], Ok(u32::MAX)),
            (
                &[0x90, 0x80, 0x80, 0x80, 0x00],
                Err("number at byte 0 does not fit 32 bits"),
            ),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
                Err("number at byte 0 does not fit 32 bits"),
            ),
            (&[0xFF; 9], Err("number at byte 0 does not fit 32 bits")),
            (
                &[0x81],
                Err("document ends after 1 bytes, inside of something"),
            ),
            (&[], Err("document ends after 0 bytes, inside of something")),
        ] {
            let read = Cursor::new(bytes).number().map_err(|e| e.to_string());
            assert_eq!(read, value.map_err(str::to_owned), "{bytes:x?}");
        }
    }

    #[test]
    fn pieces() {
        let mut cursor = Cursor::new(b"ab\0cde");
        assert_eq!(cursor.terminated().unwrap(), b"ab");
        assert!(cursor.terminated().is_err());
        assert!(cursor.take(4).is_err());
        assert!(cursor.take(u32::MAX).is_err());
        assert_eq!(cursor.take(2).unwrap(), b"cd");
        assert_eq!(cursor.offset(), 5);
        assert_eq!(cursor.byte().unwrap(), b'e');
        assert!(cursor.is_at_end());
        assert!(cursor.byte().is_err());
    }
}
