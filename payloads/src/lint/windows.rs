//! What Windows makes of a profile.

use crate::{
    der::{CertificateKind, certificate_kind},
    finding::{Finding, Level},
    identity::{CertificateTerms, ValidityScale},
    mail::MailServer,
    platform::Platform,
    sync::EmailSyncSchedule,
    trusted::{DestinationStore, TrustedCertificate},
    windows_exchange::WindowsExchangeAccount,
    windows_mail::WindowsMail,
};

pub(super) fn exchange(account: &WindowsExchangeAccount, findings: &mut Vec<Finding>) {
    not_linked(findings);
    if account.email_sync_schedule == EmailSyncSchedule::BasedOnMyUsage {
        findings.push(Finding::new(
            "windows.schedule-not-sent",
            Level::Note,
            "email_sync_schedule",
            "has no value on Windows, so nothing is sent and the device's default applies",
        ));
    }
}

pub(super) fn mail(settings: &WindowsMail, findings: &mut Vec<Finding>) {
    not_linked(findings);
    let incoming = &settings.incoming_server;
    port("incoming_server", incoming, &[993, 995], findings);
    port(
        "outgoing_server",
        &settings.outgoing_server,
        &[465],
        findings,
    );
}

fn not_linked(findings: &mut Vec<Finding>) {
    findings.push(Finding::new(
        "windows.certificate-not-linked",
        Level::Note,
        "type",
        "no node of Windows links a certificate to a mail account: deliver root and identity as profiles of their own, and expect the \
         mail app to ask for a password",
    ));
}

pub(super) fn mail_app(findings: &mut Vec<Finding>) {
    findings.push(Finding::new(
        "windows.mail-app-retired",
        Level::Note,
        "type",
        "Windows' mail app ended with 2024: current builds may acknowledge the account and show it nowhere",
    ));
}

fn port(path: &str, server: &MailServer, tls: &[u16], findings: &mut Vec<Finding>) {
    if server.use_ssl && !server.port.is_some_and(|port| tls.contains(&port)) {
        findings.push(Finding::new(
            "windows.starttls-port",
            Level::Note,
            format!("{path}.port"),
            "is not one for TLS from the first octet, so Windows tries STARTTLS",
        ));
    }
}

pub(super) fn store(settings: &TrustedCertificate, findings: &mut Vec<Finding>) {
    let der = settings.certificate();
    let kind = der.and_then(|der| certificate_kind(der.as_bytes()));
    let text = match (settings.destination_store, kind) {
        (Some(DestinationStore::ComputerCertStoreRoot), Some(CertificateKind::Issued)) => {
            "makes a certificate an anchor that somebody else issued"
        }
        (
            Some(
                DestinationStore::ComputerCertStoreIntermediate
                | DestinationStore::UserCertStoreIntermediate,
            ),
            Some(CertificateKind::SelfIssued),
        ) => "puts a root among the intermediates, where nothing trusts it",
        _ => return,
    };
    findings.push(Finding::new(
        "windows.store-mismatch",
        Level::Warning,
        "destination_store",
        text,
    ));
}

pub(super) fn validity(terms: &CertificateTerms, findings: &mut Vec<Finding>) {
    let sent = match (terms.platform, terms.certificate_validity_period_scale) {
        (Platform::Windows10, scale) => {
            !matches!(scale, ValidityScale::Minutes | ValidityScale::Hours)
        }
        (Platform::WindowsPhone81, _) => false,
        _ => return,
    };
    if !sent {
        findings.push(Finding::new(
            "windows.validity-not-sent",
            Level::Note,
            "certificate_validity_period_scale",
            "has no value on this Windows; another authority than the server's own does not learn of it",
        ));
    }
}
