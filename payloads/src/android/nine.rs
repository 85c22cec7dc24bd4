//! Keys of Nine, by a map of names (9Folders, "How to configure App Configuration Policies").

use super::{
    compile::{Context, sync_window},
    plan::AppConfiguration,
    restriction::{Filling, Restriction},
};
use crate::{
    variable::RenderError,
    work_mail::{AndroidWorkNine, NineValue},
};

pub(super) const PACKAGE: &str = "com.ninefolders.hd3.work";

pub(super) fn configuration(
    settings: &AndroidWorkNine,
    context: &Context<'_>,
) -> Result<AppConfiguration, RenderError> {
    let mut keys = Filling::default();
    for value in NineValue::ALL {
        if let Some(key) = settings.key(value) {
            keys.put_some(key, restriction(value, settings, context)?);
        }
    }
    Ok(AppConfiguration {
        package: PACKAGE.to_owned(),
        restrictions: keys.done(),
    })
}

fn restriction(
    value: NineValue,
    settings: &AndroidWorkNine,
    context: &Context<'_>,
) -> Result<Option<Restriction>, RenderError> {
    let account = &settings.account;
    let default_port = if account.require_ssl { 443 } else { 80 };
    Ok(match value {
        NineValue::Publisher => Some(
            settings
                .app_service_publisher
                .as_deref()
                .unwrap_or(context.organization)
                .into(),
        ),
        NineValue::Host => Some(account.host().into()),
        NineValue::Port => Some(account.port().unwrap_or(default_port).into()),
        NineValue::Ssl => Some(account.require_ssl.into()),
        NineValue::EmailAddress => Some(account.email_address(&context.subject)?.into()),
        NineValue::UserName => Some(account.user_name(&context.subject)?.into()),
        NineValue::FullName => context
            .subject
            .user
            .and_then(|user| user.full_name.clone())
            .map(Into::into),
        NineValue::CertificateAlias => account
            .authentication_identity()
            .map(|id| context.alias(id).into()),
        NineValue::SyncWindow => sync_window(account.duration_of_email_to_sync).map(Into::into),
        NineValue::SyncContacts => Some(settings.sync_contacts.into()),
        NineValue::SyncCalendar => Some(settings.sync_calendar.into()),
        NineValue::SyncTasks => Some(settings.sync_tasks.into()),
    })
}
