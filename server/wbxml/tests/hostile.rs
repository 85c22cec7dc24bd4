//! Damaged and malicious documents: refused, or read as something that can be written again; never a panic.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its input fails"
)]

use std::fs;
use std::path::Path;

use mdm_wbxml::syncml::DIALECTS;
use mdm_wbxml::{Budget, Document, ReadError, decode, encode};
use proptest::prelude::*;

const HEADER: &[u8] = &[0x03, 0xA4, 0x01, 0x6A, 0x00];

fn read(bytes: &[u8]) -> Result<Document, ReadError> {
    decode(bytes, DIALECTS, &Budget::default())
}

fn fixtures() -> [Vec<u8>; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wbxml");
    ["message-table.wbxml", "message-inline.wbxml"].map(|name| fs::read(folder.join(name)).unwrap())
}

/// Whatever was read can be written and read again.
fn survives(bytes: &[u8]) {
    if let Ok(document) = read(bytes) {
        let again = encode(&document).unwrap();
        assert_eq!(read(&again), Ok(document), "{}", bytes.escape_ascii());
    }
}

#[test]
fn truncated_at_every_byte() {
    for whole in fixtures() {
        for length in 0..whole.len() {
            let error = read(&whole[..length]).unwrap_err();
            assert_eq!(error, ReadError::Truncated { length });
        }
    }
}

#[test]
fn every_byte_damaged() {
    for mut bytes in fixtures() {
        for at in 0..bytes.len() {
            let good = bytes[at];
            for bad in [
                0x00, 0x01, 0x02, 0x04, 0x40, 0x44, 0x7F, 0x80, 0x83, 0xC3, 0xC4, 0xFF,
            ]
            .into_iter()
            .chain((0..8).map(|bit| good ^ (1 << bit)))
            {
                bytes[at] = bad;
                survives(&bytes);
            }
            bytes[at] = good;
        }
    }
}

#[test]
fn a_million_levels_elements_texts_and_switches() {
    let million = |piece: &[u8]| [HEADER, &[0x6D], &piece.repeat(1_000_000)].concat();
    for (piece, complaint) in [
        (&[0x48][..], "element at byte 69 is nested deeper than 64"),
        (
            &[0x08],
            "more than 100000 elements and texts at byte 100005",
        ),
        (
            &[0x03, 0x00],
            "more than 100000 elements and texts at byte 200004",
        ),
        (
            &[0xC3, 0x00],
            "more than 100000 elements and texts at byte 200004",
        ),
        (
            &[0x00, 0x01],
            "document ends after 2000006 bytes, inside of something",
        ),
    ] {
        let error = read(&million(piece)).unwrap_err();
        assert_eq!(error.to_string(), complaint, "{piece:x?}");
    }
}

/// A table of 1 MiB, referred to 100 000 times, would be 100 GB.
#[test]
fn a_string_table_that_multiplies() {
    let table = vec![b'a'; 1 << 20];
    let header = [0x03, 0xA4, 0x01, 0x6A, 0xC0, 0x80, 0x00];
    let text = [&header[..], &table, &[0x6D], &[0x83, 0x00].repeat(99_000)].concat();
    let names = [&header[..], &table, &[0x6D], &[0x04, 0x00].repeat(99_000)].concat();
    for bytes in [text, names] {
        let error = read(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "more than 4194304 bytes of content at byte 1048592"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    /// Behind a good header, with tokens likelier than others.
    #[test]
    fn any_body(
        table in proptest::collection::vec(prop_oneof![Just(0), b'A'..b'z', any::<u8>()], 0..20),
        body in proptest::collection::vec(
            prop_oneof![
                5 => 0_u8..6,
                5 => 0x44_u8..0x7D,
                2 => proptest::sample::select(&[0x83_u8, 0xC3][..]),
                1 => any::<u8>(),
            ],
            0..40,
        ),
        ends in 0_usize..8,
    ) {
        let length = u8::try_from(table.len()).unwrap();
        survives(&[&HEADER[..4], &[length], &table, &[0x6D], &body, &vec![0x01; ends]].concat());
    }
}
