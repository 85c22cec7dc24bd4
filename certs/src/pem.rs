//! PEM text around DER octets (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The label of a certificate's PEM block.
pub const CERTIFICATE: &str = "CERTIFICATE";

/// One PEM block: the label, the octets in base64 at 64 columns (RFC 7468 section 3).
pub fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// The octets of every block with this label, in order; text around blocks is skipped.
/// A block that does not close or is not base64 ends the list.
pub fn decode_all(label: &str, text: &str) -> Vec<Vec<u8>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&begin) {
        let Some((body, after)) = after.split_once(&end) else {
            break;
        };
        let compact: String = body.split_ascii_whitespace().collect();
        let Ok(der) = STANDARD.decode(compact) else {
            break;
        };
        blocks.push(der);
        rest = after;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_written_at_64_columns() {
        insta::assert_snapshot!(encode(CERTIFICATE, &[7; 50]), @r"
        -----BEGIN CERTIFICATE-----
        BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH
        Bwc=
        -----END CERTIFICATE-----
        ");
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let two = format!(
            "subject=/CN=x\n{}junk\r\n{}{}",
            encode(CERTIFICATE, b"one"),
            encode("PRIVATE KEY", b"key"),
            encode(CERTIFICATE, b"two").replace('\n', "\r\n"),
        );
        let cases: [(&str, Vec<&[u8]>); 4] = [
            (&two, vec![b"one", b"two"]),
            ("", vec![]),
            ("-----BEGIN CERTIFICATE-----\nAAAA", vec![]),
            (
                "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
                vec![],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(decode_all(CERTIFICATE, text), expected, "{text}");
        }
    }
}
