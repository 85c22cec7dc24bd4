//! The form of the login page.

use mdm_daemon::windows::read_form;

/// A form from anybody who found the page.
pub fn windows_login(body: &[u8]) {
    if read_form(body) {
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        assert!(
            text.contains("app"),
            "read without a return address: {text}"
        );
    }
}
