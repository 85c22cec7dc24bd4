use std::fmt;

/// `ActivityId`: a GUID that the client writes into its log beside the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActivityId([u8; 16]);

impl ActivityId {
    /// Takes the sixteen octets of a GUID, in the order in which they are written.
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for ActivityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ActivityId;

    #[test]
    fn written_as_a_guid() {
        let id = ActivityId::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "00010203-0405-0607-0809-0a0b0c0d0eff");
    }
}
