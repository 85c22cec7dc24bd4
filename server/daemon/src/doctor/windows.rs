//! What would keep Windows from finding this server by an e-mail address.

use mdm_certs::x509::{CertificateFacts, San};

use super::{Facts, Finding, Level};

/// How the name begins that Windows makes of an e-mail address ([MS-MDE2] 3.1.4.1).
const DISCOVERY: &str = "enterpriseenrollment.";

pub(super) fn windows(facts: &Facts, findings: &mut Vec<Finding>) {
    let names: Vec<&String> = facts
        .names
        .iter()
        .filter(|name| name.to_ascii_lowercase().starts_with(DISCOVERY))
        .collect();
    if names.is_empty() {
        if facts.devices.iter().any(|device| device.windows) {
            let text = "Windows does not find this server by an e-mail address: no name begins with `enterpriseenrollment.`";
            let hint = "add `--name enterpriseenrollment.example.com` behind the first name, and a DNS entry; without it \
                        Windows asks for the server's address, which works as well";
            let finding = Finding::new("windows.discovery-name", Level::Note, text, hint);
            findings.push(finding);
        }
        return;
    }
    if !facts.ports.contains(&443) {
        let text = format!(
            "Windows looks for `{}` on port 443, where this server does not listen",
            names[0]
        );
        let hint = "`--listen 0.0.0.0:443` beside the other address, or let a firewall forward it";
        findings.push(Finding::new(
            "windows.discovery-port",
            Level::Warning,
            text,
            hint,
        ));
    }
    let Ok(der) = &facts.leaf else { return };
    let Ok(leaf) = CertificateFacts::parse(der) else {
        return;
    };
    for name in names {
        let named = |san: &San| matches!(san, San::Dns(own) if own.eq_ignore_ascii_case(name));
        if !leaf.names.iter().any(named) {
            let text = format!("the TLS certificate does not name `{name}`");
            let hint = "restart the server: it makes a certificate that names it";
            findings.push(Finding::new(
                "windows.discovery-certificate",
                Level::Error,
                text,
                hint,
            ));
        }
    }
}
