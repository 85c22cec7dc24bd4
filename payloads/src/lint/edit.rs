//! What an edit will do that its author may not expect.

use crate::{
    certificate_fate::{Occasion, certificate_fate},
    field_class::{Class, change},
    finding::{Finding, Level},
    profile::Profile,
};

/// Says what the edit from `old` to `new` does on devices that have the profile.
///
/// Rules, each with `edit.` before it: `revokes-certificates`, `reissues-certificates`, `recreates-account`, `prompts`.
pub fn lint_edit(old: &Profile, new: &Profile) -> Vec<Finding> {
    let change = change(old, new);
    let at = |class: fn(Class) -> bool| {
        let paths: Vec<_> = change
            .fields
            .iter()
            .filter(|field| class(field.class))
            .map(|field| field.path.as_str())
            .collect();
        paths.join(", ")
    };
    let mut findings = Vec::new();
    let recreated = at(|class| class == Class::Recreate);
    if change.class == Class::Recreate {
        let fate = certificate_fate(&old.settings, Occasion::Edited);
        if let Some(fate) = fate {
            if fate.revoked {
                findings.push(Finding::new(
                    "edit.revokes-certificates",
                    Level::Warning,
                    &recreated,
                    "every certificate issued by this profile is revoked, and each device gets another",
                ));
            } else if fate.reissued {
                findings.push(Finding::new(
                    "edit.reissues-certificates",
                    Level::Note,
                    &recreated,
                    "each device gets another certificate; those issued stay valid",
                ));
            }
        }
        if old.settings.is_account() {
            findings.push(Finding::new(
                "edit.recreates-account",
                Level::Warning,
                &recreated,
                "the account is removed and set up anew: mail is fetched again, and what users changed is lost",
            ));
        }
    }
    if let Some(kind) = change.prompt {
        findings.push(Finding::new(
            "edit.prompts",
            Level::Note,
            at(|class| class == Class::Recreate || matches!(class, Class::Prompt(_))),
            format!("each user is expected to be asked: {}", kind.as_str()),
        ));
    }
    findings
}
