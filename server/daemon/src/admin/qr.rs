//! QR codes as pictures.

use qrcode::QrCode;
use qrcode::render::svg;

use super::problem::Failure;

/// A QR code as SVG, dark on light with its quiet zone.
pub(super) fn svg(text: &str) -> Result<String, Failure> {
    let code = QrCode::new(text).map_err(Failure::Qr)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .quiet_zone(true)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_or_a_reason() {
        assert!(
            svg("https://lab.local:8443/p/x&<é")
                .unwrap()
                .contains("<svg")
        );
        assert_eq!(
            svg(&"x".repeat(4000)).unwrap_err().to_string(),
            "drawing the QR code"
        );
    }
}
