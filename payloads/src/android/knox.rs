//! Fields of Samsung's mail app (Samsung, Knox SDK, `ExchangeAccount`).

use super::{
    compile::{Context, sync_window},
    plan::{KnoxAccount, KnoxPolicy},
    restriction::Filling,
};
use crate::{knox::KnoxExchange, sync::EmailSyncSchedule, variable::RenderError};

/// The minutes between synchronisations: -2 pushes, -1 never does; `None` where nothing is said.
fn interval(schedule: EmailSyncSchedule) -> Option<i32> {
    match schedule {
        EmailSyncSchedule::UserDefined | EmailSyncSchedule::BasedOnMyUsage => None,
        EmailSyncSchedule::AsMessagesArrive => Some(-2),
        EmailSyncSchedule::Manual => Some(-1),
        EmailSyncSchedule::FifteenMinutes => Some(15),
        EmailSyncSchedule::ThirtyMinutes => Some(30),
        EmailSyncSchedule::SixtyMinutes => Some(60),
    }
}

/// No `serverPassword`: the user types it on the device. `acceptAllCertificates` is always false, since the SDK's default is true.
pub(super) fn account(
    settings: &KnoxExchange,
    context: &Context<'_>,
) -> Result<KnoxAccount, RenderError> {
    let subject = &context.subject;
    let mut fields = Filling::default();
    fields.put("displayName", settings.account_name.as_str());
    fields.put("serverAddress", settings.host_name.as_str());
    fields.put("emailAddress", settings.email_address(subject)?);
    fields.put("easUser", settings.user_name(subject)?);
    fields.put_some("easDomain", settings.domain(subject)?);
    fields.put("useSSL", settings.require_ssl);
    fields.put("acceptAllCertificates", false);
    fields.put_some(
        "certificateAlias",
        settings
            .authentication_identity()
            .map(|id| context.alias(id)),
    );
    fields.put_some(
        "syncLookback",
        sync_window(settings.duration_of_email_to_sync),
    );
    let interval = interval(settings.email_sync_schedule);
    fields.put_some("syncInterval", interval);
    fields.put_some("offPeak", interval);
    fields.put("syncContacts", i32::from(settings.sync_contacts));
    fields.put("syncCalendar", i32::from(settings.sync_calendar));
    Ok(KnoxAccount {
        account: fields.done(),
        policy: KnoxPolicy {
            sync_calendar: settings.sync_calendar,
            sync_contacts: settings.sync_contacts,
            sync_tasks: settings.sync_tasks,
            sync_notes: settings.sync_notes,
            require_smime: settings.require_smime,
            smime_signing_alias: settings
                .smime_signing_certificate
                .as_ref()
                .map(|id| context.alias(id)),
        },
    })
}
