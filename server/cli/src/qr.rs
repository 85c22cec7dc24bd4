//! QR codes in a terminal: two modules per character.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The code of `text`, light modules drawn (terminals are mostly dark), with the quiet zone readers need; nothing
/// where `text` is too long for any code.
pub(crate) fn terminal(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_and_framed() {
        let drawn = terminal("https://lab.local:8443/enroll?code=ABCD").unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        let width = lines.first().unwrap().chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(
            lines.first().unwrap().chars().all(|c| c == '█'),
            "quiet zone"
        );
        assert!(terminal(&"x".repeat(8000)).is_none());
    }
}
