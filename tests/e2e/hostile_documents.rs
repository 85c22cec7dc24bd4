//! Property lists made to crash a reader, to fill memory, or to make the server fetch something. All are signed by an
//! enrolled device: nobody else gets a body read.

use crate::hostile_siege::{Siege, refused};

/// Every document, one by one.
pub(crate) fn attack(siege: &Siege) {
    for (what, body, words) in documents(siege) {
        let answer = siege.connect(&body);
        refused(what, &answer, words);
    }
    let mut line = siege.device_line();
    for (what, body) in honest(siege) {
        let answer = siege.connect_on(&mut line, &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
    assert!(
        !siege
            .told("finding.reported", "plist.bad-scalar")
            .is_empty()
    );
    token_of_garbage(siege);
    limits_are_told(siege);
}

/// What is tolerated in a result, which must not block the queue, is refused where the server would act on it.
fn token_of_garbage(siege: &Siege) {
    let udid = &siege.device.persona().udid;
    let body = format!(
        "<plist version=\"1.0\"><dict><key>MessageType</key><string>TokenUpdate</string><key>UDID</key>\
         <string>{udid}</string><key>Topic</key><string>com.apple.mgmt.test</string><key>PushMagic</key>\
         <string>m</string><key>Token</key><data>====!!!!</data></dict></plist>"
    );
    let signature = siege.signature(body.as_bytes());
    let answer = siege.device_line().put(
        "/mdm/checkin",
        &[("Mdm-Signature", &signature)],
        body.as_bytes(),
    );
    refused("a token that is no base64", &answer, "plist.bad-scalar");
}

/// Each is refused, and says why.
fn documents(siege: &Siege) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let canary = siege.canary();
    let nested = |n: usize, open: &str, close: &str| {
        siege.report(&format!(
            "<key>Deep</key>{}{}",
            open.repeat(n),
            close.repeat(n)
        ))
    };
    let arrays = |n: usize| nested(n, "<array>", "</array>").into_bytes();
    let dicts = |n: usize| nested(n, "<dict><key>k</key>", "</dict>").into_bytes();
    let with = |prologue: &str, value: &str| {
        let body = siege.report(&format!("<key>K</key><string>{value}</string>"));
        body.replacen("<plist", &format!("{prologue}<plist"), 1)
            .into_bytes()
    };
    let lol: Vec<String> = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let value = |value: &str| siege.report(&format!("<key>K</key>{value}")).into_bytes();
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(siege.report("").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut not_utf8 = value("<string>caf?</string>");
    let at = not_utf8.iter().rposition(|byte| *byte == b'?').unwrap();
    // Behind the prologue, which ends in a question mark, too.
    not_utf8[at] = 0xe9;
    vec![
        ("65 levels", arrays(64), "nested deeper than 64"),
        ("50 000 arrays", arrays(50_000), "nested deeper than 64"),
        (
            "50 000 dictionaries",
            dicts(50_000),
            "nested deeper than 64",
        ),
        (
            "500 000 arrays, never closed",
            [
                siege
                    .report("")
                    .replace("</dict></plist>\n", "<key>Deep</key>"),
                "<array>".repeat(500_000),
            ]
            .concat()
            .into_bytes(),
            "nested deeper than 64",
        ),
        (
            "1 000 000 arrays",
            arrays(1_000_000),
            "longer than 4194304 bytes",
        ),
        (
            "too many elements",
            value(&format!("<array>{}</array>", "<true/>".repeat(100_000))),
            "more than 100000 elements",
        ),
        ("binary, shared references", bomb(), "plist.binary"),
        ("binary, nested", nested_binary(60_000), "plist.binary"),
        (
            "ten levels of entities",
            with(
                &format!("<!DOCTYPE plist [<!ENTITY l0 \"lol\">{}]>", lol.concat()),
                "&l9;",
            ),
            "plist.doctype",
        ),
        (
            "external entity",
            with(
                &format!("<!DOCTYPE plist [<!ENTITY x SYSTEM \"http://{canary}/x\">]>"),
                "&x;",
            ),
            "plist.doctype",
        ),
        (
            "file entity",
            with(
                "<!DOCTYPE plist [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
                "&x;",
            ),
            "plist.doctype",
        ),
        (
            "parameter entity",
            with(
                &format!("<!DOCTYPE plist [<!ENTITY % p SYSTEM \"http://{canary}/p\"> %p;]>"),
                "",
            ),
            "plist.doctype",
        ),
        (
            "empty internal subset",
            with("<!DOCTYPE plist []>", ""),
            "plist.doctype",
        ),
        (
            "another DOCTYPE",
            with(
                &format!("<!DOCTYPE plist SYSTEM \"http://{canary}/plist.dtd\">"),
                "",
            ),
            "plist.doctype",
        ),
        (
            "undeclared entity",
            value("<string>a&nosuch;b</string>"),
            "plist.entity",
        ),
        (
            "a character that is none",
            value("<string>&#0;</string>"),
            "plist.",
        ),
        (
            "100 MB of base64",
            value(&format!("<data>{}</data>", "QUFB".repeat(25_000_000))),
            "longer than 4194304 bytes",
        ),
        ("UTF-16", utf16, "plist.encoding"),
        ("bytes that are not UTF-8", not_utf8, "plist.encoding"),
        ("empty", Vec::new(), "plist."),
        ("NUL bytes", vec![0; 1000], "plist."),
        (
            "no property list",
            b"<html><body>hello</body></html>".to_vec(),
            "plist.",
        ),
        (
            "an array",
            b"<plist version=\"1.0\"><array/></plist>".to_vec(),
            "cannot be understood",
        ),
        (
            "two documents",
            [siege.report(""), siege.report("")].concat().into_bytes(),
            "plist.",
        ),
    ]
}

/// Odd, and no reason to refuse anything.
fn honest(siege: &Siege) -> Vec<(&'static str, Vec<u8>)> {
    let arrays = |n: usize| {
        format!(
            "<key>Deep</key>{}{}",
            "<array>".repeat(n),
            "</array>".repeat(n)
        )
    };
    let doctype = "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">";
    // The document's own elements: two keys, two strings, their dictionary, a third key and the array.
    let most = "<true/>".repeat(100_000 - 7);
    vec![
        ("64 levels", siege.report(&arrays(63)).into_bytes()),
        (
            "as many elements as there may be",
            siege
                .report(&format!("<key>K</key><array>{most}</array>"))
                .into_bytes(),
        ),
        (
            "byte order mark",
            ["\u{feff}", &siege.report("")].concat().into_bytes(),
        ),
        (
            "carriage returns",
            siege
                .report("")
                .replace('\n', "\r\n")
                .replace("><", ">\r\n<")
                .into_bytes(),
        ),
        (
            "Apple's DOCTYPE",
            siege
                .report("")
                .replacen("<plist", &format!("{doctype}<plist"), 1)
                .into_bytes(),
        ),
        (
            "a key twice",
            siege
                .report("<key>K</key><true/><key>K</key><false/>")
                .into_bytes(),
        ),
        (
            "base64 garbage in a result",
            siege
                .report("<key>K</key><data>====!!!!</data>")
                .into_bytes(),
        ),
        (
            "an integer beyond all bounds in a result",
            siege
                .report(&format!(
                    "<key>K</key><integer>{}</integer>",
                    "9".repeat(100_000)
                ))
                .into_bytes(),
        ),
        (
            "markup in text",
            siege
                .report("<key>K</key><string>&amp; &lt; &quot; é &#x1F600;</string>")
                .into_bytes(),
        ),
    ]
}

/// 130 bytes that would take a gigabyte: each array holds the next one nine times.
fn bomb() -> Vec<u8> {
    const LEVELS: u8 = 8;
    let mut objects = Vec::new();
    let mut offsets = Vec::new();
    for level in 0..LEVELS {
        offsets.push(u8::try_from(8 + objects.len()).unwrap());
        objects.push(0xa9);
        objects.extend([level + 1; 9]);
    }
    offsets.push(u8::try_from(8 + objects.len()).unwrap());
    objects.push(0x09);
    let table = 8 + objects.len();
    let mut whole = [b"bplist00".as_slice(), &objects, &offsets, &[0; 6], &[1, 1]].concat();
    for number in [usize::from(LEVELS) + 1, 0, table] {
        whole.extend(u64::try_from(number).unwrap().to_be_bytes());
    }
    whole
}

/// Arrays in each other, in the binary format.
fn nested_binary(levels: u32) -> Vec<u8> {
    let mut whole = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for level in 0..levels {
        offsets.extend(u32::try_from(whole.len()).unwrap().to_be_bytes());
        whole.push(0xa1);
        whole.extend((level + 1).to_be_bytes());
    }
    offsets.extend(u32::try_from(whole.len()).unwrap().to_be_bytes());
    whole.push(0x09);
    let table = whole.len();
    whole.extend(offsets);
    whole.extend([0, 0, 0, 0, 0, 0, 4, 4]);
    for number in [u64::from(levels) + 1, 0, u64::try_from(table).unwrap()] {
        whole.extend(number.to_be_bytes());
    }
    whole
}

/// What went beyond a budget is an event, not one for every time.
fn limits_are_told(siege: &Siege) {
    for rule in ["limit.plist_budget", "limit.body_size"] {
        let told = siege.told("limit.hit", rule);
        assert!(!told.is_empty(), "{rule} was not told");
        assert_eq!(told[0]["facts"]["peer"], "127.0.0.1", "{told:#?}");
    }
    let body = siege
        .report("")
        .replacen("<plist", "<!DOCTYPE plist []><plist", 1);
    siege.offend_until_told("request.refused", "plist.doctype", || {
        siege.connect(body.as_bytes());
    });
}

/// A document that ends early is an error wherever it ends.
pub(crate) fn truncate(siege: &Siege) {
    let body = siege
        .report("<key>K</key><array><data>QUFB</data><date>2026-01-01T00:00:00Z</date></array>");
    let end = body.find("</plist>").unwrap() + "</plist>".len();
    let mut line = siege.device_line();
    for length in 0..end {
        let answer = siege.connect_on(&mut line, &body.as_bytes()[..length]);
        refused(
            &format!("the first {length} bytes"),
            &answer,
            "cannot be understood",
        );
    }
    assert_eq!(siege.connect_on(&mut line, body.as_bytes()).status, 200);
}
