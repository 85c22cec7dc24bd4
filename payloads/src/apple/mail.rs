//! `com.apple.mail.managed` (Apple, "Mail").

use super::{
    compile::{CompileError, IdentityUuids},
    document::Payload,
    smime,
};
use crate::{
    mail::{AccountType, IosMail, MacosMail, MailAccount, MailAuthentication},
    subject::Subject,
    variable::RenderError,
};

pub(super) const MAIL: &str = "com.apple.mail.managed";

fn write_account(
    account: &MailAccount,
    subject: &Subject<'_>,
    into: &mut Payload,
) -> Result<(), RenderError> {
    let (incoming, outgoing) = (&account.incoming_server, &account.outgoing_server);
    into.put("EmailAccountType", account_type(account.account_type));
    into.put("EmailAccountDescription", account.account_name.as_str());
    into.put_some("EmailAccountName", account.rendered_sender_name(subject)?);
    into.put("EmailAddress", account.email_address(subject)?);
    into.put(
        "IncomingMailServerAuthentication",
        authentication(incoming.authentication),
    );
    into.put("IncomingMailServerHostName", incoming.host_name.as_str());
    into.put_some("IncomingMailServerPortNumber", incoming.port);
    into.put("IncomingMailServerUseSSL", incoming.use_ssl);
    into.put_some(
        "IncomingMailServerUsername",
        account.user_name(incoming, subject)?,
    );
    into.put_some(
        "IncomingMailServerIMAPPathPrefix",
        account.imap_path_prefix.as_deref(),
    );
    into.put(
        "OutgoingMailServerAuthentication",
        authentication(outgoing.authentication),
    );
    into.put("OutgoingMailServerHostName", outgoing.host_name.as_str());
    into.put_some("OutgoingMailServerPortNumber", outgoing.port);
    into.put("OutgoingMailServerUseSSL", outgoing.use_ssl);
    into.put_some(
        "OutgoingMailServerUsername",
        account.user_name(outgoing, subject)?,
    );
    if account.outgoing_password_same_as_incoming {
        into.put("OutgoingPasswordSameAsIncomingPassword", true);
    }
    into.put(
        "disableMailRecentsSyncing",
        account.block_syncing_recently_used_email_addresses,
    );
    into.put("allowMailDrop", account.allow_mail_drop);
    Ok(())
}

pub(super) fn write_ios(
    settings: &IosMail,
    subject: &Subject<'_>,
    identities: &IdentityUuids<'_>,
    into: &mut Payload,
) -> Result<(), CompileError> {
    write_account(&settings.account, subject, into).map_err(|e| identities.render_error(e))?;
    into.put(
        "PreventMove",
        settings.block_moving_messages_to_other_email_accounts,
    );
    into.put(
        "PreventAppSheet",
        settings.block_sending_email_from_third_party_apps,
    );
    smime::write(&settings.smime, identities, into)?;
    into.put_some("VPNUUID", settings.per_app_vpn_uuid.as_deref());
    Ok(())
}

pub(super) fn write_macos(
    settings: &MacosMail,
    subject: &Subject<'_>,
    identities: &IdentityUuids<'_>,
    into: &mut Payload,
) -> Result<(), CompileError> {
    write_account(&settings.account, subject, into).map_err(|e| identities.render_error(e))
}

fn account_type(account_type: AccountType) -> &'static str {
    match account_type {
        AccountType::Imap => "EmailTypeIMAP",
        AccountType::Pop => "EmailTypePOP",
    }
}

fn authentication(authentication: MailAuthentication) -> &'static str {
    match authentication {
        MailAuthentication::None => "EmailAuthNone",
        MailAuthentication::Password => "EmailAuthPassword",
        MailAuthentication::CramMd5 => "EmailAuthCRAMMD5",
        MailAuthentication::Ntlm => "EmailAuthNTLM",
        MailAuthentication::HttpMd5 => "EmailAuthHTTPMD5",
    }
}
