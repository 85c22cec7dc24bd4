//! Keys of Gmail (Google, "Set up managed configurations for Gmail").

use super::{
    compile::{Context, sync_window},
    plan::AppConfiguration,
    restriction::Filling,
};
use crate::{
    variable::{self, RenderError},
    work_mail::AndroidWorkGmail,
};

pub(super) const PACKAGE: &str = "com.google.android.gm";

pub(super) fn configuration(
    settings: &AndroidWorkGmail,
    context: &Context<'_>,
) -> Result<AppConfiguration, RenderError> {
    let account = &settings.account;
    let mut keys = Filling::default();
    keys.put("email_address", account.email_address(&context.subject)?);
    keys.put("exchange_host", account.host_name.as_str());
    keys.put("exchange_username", account.user_name(&context.subject)?);
    for (key, text) in settings.templates() {
        keys.put(key, variable::render(text, &context.subject)?);
    }
    keys.put_some(
        "exchange_login_certificate_alias",
        account
            .authentication_identity()
            .map(|id| context.alias(id)),
    );
    keys.put("exchange_ssl_required", account.require_ssl);
    if settings.trust_all_certificates {
        keys.put("exchange_trust_all_certificates", true);
    }
    keys.put_some(
        "default_exchange_sync_window",
        sync_window(account.duration_of_email_to_sync),
    );
    keys.put_some(
        "allow_unmanaged_accounts",
        settings.allow_unmanaged_accounts,
    );
    Ok(AppConfiguration {
        package: PACKAGE.to_owned(),
        restrictions: keys.done(),
    })
}
