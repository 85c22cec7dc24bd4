//! What will probably not do what was meant, judged over all assignments of a scope. Pure.

use std::collections::BTreeMap;

use mdm_payloads::{Finding, Level, Profile, Semantics};

use crate::assignment::Assignment;
use crate::group::GroupKind;
use crate::id::{GroupId, ProfileId};

/// What is to be said of the assignments of a scope, by profile.
pub fn assignments<'a>(
    profiles: &BTreeMap<&ProfileId, &'a Profile>,
    assignments: impl IntoIterator<Item = &'a Assignment>,
    groups: &BTreeMap<GroupId, GroupKind>,
    semantics: Semantics,
) -> Vec<(ProfileId, Finding)> {
    let assignments: BTreeMap<&ProfileId, &Assignment> =
        assignments.into_iter().map(|a| (&a.profile, a)).collect();
    let mut findings = Vec::new();
    for (id, assignment) in &assignments {
        let id = (*id).clone();
        let own = assignment.lint(groups, semantics);
        findings.extend(own.into_iter().map(|finding| (id.clone(), finding)));
        if let Some(profile) = profiles.get(&id)
            && semantics.wants_chain_in_same_groups()
        {
            let links = chain(profile, assignment, &assignments);
            findings.extend(links.into_iter().map(|finding| (id.clone(), finding)));
        }
    }
    findings
}

/// Every link of a certificate chain goes to the same groups as the profile that needs it.
fn chain(
    profile: &Profile,
    assignment: &Assignment,
    assignments: &BTreeMap<&ProfileId, &Assignment>,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for reference in profile.settings.references() {
        let text = match assignments.get(reference.id) {
            Some(link) if goes_to_the_same(assignment, link) => continue,
            Some(_) => format!(
                "profile `{}` needs `{}`, which is assigned to others",
                profile.id, reference.id
            ),
            None => format!(
                "profile `{}` needs `{}`, which is not assigned",
                profile.id, reference.id
            ),
        };
        let finding = Finding::new("W-CHAIN-GROUPS", Level::Warning, reference.property, text);
        // One profile may be named for several things.
        if !findings.iter().any(|f| f.text == finding.text) {
            findings.push(finding);
        }
    }
    findings
}

fn goes_to_the_same(a: &Assignment, b: &Assignment) -> bool {
    a.include == b.include
        && a.exclude == b.exclude
        && a.all_devices == b.all_devices
        && a.all_users == b.all_users
}
