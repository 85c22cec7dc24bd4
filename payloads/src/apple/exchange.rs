//! `com.apple.eas.account` and `com.apple.ews.account` (Apple, `ExchangeActiveSync`, `ExchangeWebServices`).

use plist::{Dictionary, Value};

use super::{
    compile::{CompileError, IdentityUuids},
    document::Payload,
    smime,
};
use crate::{
    exchange::{EasService, ExchangeAccount, IosExchange, MacosExchange},
    subject::Subject,
    variable::RenderError,
};

pub(super) const EAS: &str = "com.apple.eas.account";
pub(super) const EWS: &str = "com.apple.ews.account";

/// Which keys a service has: whether it is on, and whether the user may change that.
const SERVICES: [(EasService, &str, &str); 5] = [
    (EasService::Email, "EnableMail", "EnableMailUserOverridable"),
    (
        EasService::Contacts,
        "EnableContacts",
        "EnableContactsUserOverridable",
    ),
    (
        EasService::Calendars,
        "EnableCalendars",
        "EnableCalendarsUserOverridable",
    ),
    (
        EasService::Reminders,
        "EnableReminders",
        "EnableRemindersUserOverridable",
    ),
    (
        EasService::Notes,
        "EnableNotes",
        "EnableNotesUserOverridable",
    ),
];

/// The keys both payloads have. `UserName` is always written: without it an installation by MDM fails.
fn write_account(
    account: &ExchangeAccount,
    subject: &Subject<'_>,
    into: &mut Payload,
) -> Result<(), RenderError> {
    into.put("Host", account.host_name.as_str());
    into.put("SSL", account.require_ssl);
    into.put("UserName", account.user_name(subject)?);
    into.put("EmailAddress", account.email_address(subject)?);
    into.put("OAuth", account.use_oauth);
    into.put_some("OAuthSignInURL", account.oauth_sign_in_url.as_deref());
    into.put("allowMailDrop", account.allow_mail_drop);
    Ok(())
}

pub(super) fn write_eas(
    settings: &IosExchange,
    subject: &Subject<'_>,
    identities: &IdentityUuids<'_>,
    into: &mut Payload,
) -> Result<(), CompileError> {
    write_account(&settings.account, subject, into).map_err(|e| identities.render_error(e))?;
    if let Some(id) = settings.account.authentication_identity() {
        into.put("PayloadCertificateUUID", identities.get(id)?.as_str());
    }
    into.put_some(
        "OAuthTokenRequestURL",
        settings.oauth_token_request_url.as_deref(),
    );
    for (service, enable, overridable) in SERVICES {
        into.put(enable, settings.eas_services.contains(&service));
        into.put(overridable, settings.eas_services_user_override_enabled);
    }
    into.put_some(
        "MailNumberOfPastDaysToSync",
        settings.duration_of_email_to_sync.days(),
    );
    into.put(
        "PreventMove",
        settings.block_moving_messages_to_other_email_accounts,
    );
    into.put(
        "PreventAppSheet",
        settings.block_sending_email_from_third_party_apps,
    );
    into.put(
        "disableMailRecentsSyncing",
        settings.block_syncing_recently_used_email_addresses,
    );
    smime::write(&settings.smime, identities, into)?;
    into.put_some("VPNUUID", settings.per_app_vpn_uuid.as_deref());
    if settings.override_previous_password {
        into.put("OverridePreviousPassword", true);
    }
    if let Some(app) = &settings.default_audio_call_app {
        let dictionary = |key: &str, value: Value| {
            Value::Dictionary(Dictionary::from_iter([(key.to_owned(), value)]))
        };
        let handlers = dictionary("AudioCall", app.as_str().into());
        into.put(
            "CommunicationServiceRules",
            dictionary("DefaultServiceHandlers", handlers),
        );
    }
    into.put_some("HeaderMagic", settings.header_magic.as_deref());
    Ok(())
}

pub(super) fn write_ews(
    settings: &MacosExchange,
    subject: &Subject<'_>,
    identities: &IdentityUuids<'_>,
    into: &mut Payload,
) -> Result<(), CompileError> {
    write_account(&settings.account, subject, into).map_err(|e| identities.render_error(e))?;
    if let Some(id) = settings.account.authentication_identity() {
        let uuid = identities.get(id)?;
        into.put("PayloadCertificateUUID", uuid.as_str());
        if settings.legacy_identity_key {
            into.put("AuthenticationCertificateUUID", uuid.as_str());
        }
    }
    into.put_some("Port", settings.port);
    into.put_some("Path", settings.path.as_deref());
    if let Some(host) = &settings.external_host_name {
        into.put("ExternalHost", host.as_str());
        into.put("ExternalSSL", settings.external_require_ssl);
        into.put_some("ExternalPort", settings.external_port);
        into.put_some("ExternalPath", settings.external_path.as_deref());
    }
    Ok(())
}
