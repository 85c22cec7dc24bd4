//! Variables of certificate names that a platform, or a kind of certificate, has no value for.

use crate::{
    certificate_names::SanType,
    finding::{Finding, Level},
    identity::{CertificateStore, CertificateTerms},
    platform::Platform,
    variable::{Variable, variables},
};

pub(super) fn names(terms: &CertificateTerms, findings: &mut Vec<Finding>) {
    let subject = variables(&terms.subject_name_format_string);
    let mut places = vec![("subject_name_format_string".to_owned(), None, subject)];
    for (index, name) in terms.custom_subject_alternative_names.iter().enumerate() {
        places.push((
            format!("custom_subject_alternative_names[{index}].name"),
            Some(name.san_type),
            variables(&name.name),
        ));
    }
    for (at, san, variables) in places {
        for variable in variables {
            if let Some((rule, level, text)) = judged(variable, san, terms) {
                findings.push(Finding::new(rule, level, at.as_str(), text));
            }
        }
    }
}

fn judged(
    variable: Variable,
    san: Option<SanType>,
    terms: &CertificateTerms,
) -> Option<(&'static str, Level, &'static str)> {
    if variable == Variable::OnPremisesSecurityIdentifier
        && san != Some(SanType::UniversalResourceIdentifier)
    {
        return Some((
            "profile.security-identifier-place",
            Level::Error,
            "a security identifier stands in an alternative name of type universal_resource_identifier only",
        ));
    }
    if variable == Variable::FullyQualifiedDomainName && terms.platform != Platform::Windows10 {
        return Some((
            "profile.variable-of-other-platform",
            Level::Warning,
            "FullyQualifiedDomainName is known of Windows devices only",
        ));
    }
    if terms.platform == Platform::AndroidWork && variable.is_hardware() {
        return Some((
            "profile.variable-of-other-platform",
            Level::Warning,
            "work profiles have not known serial number, IMEI and MEID since Android 12",
        ));
    }
    match terms.certificate_store {
        CertificateStore::Machine if variable.is_of_user() => Some((
            "profile.variable-of-other-store",
            Level::Warning,
            "a device's certificate that names its user fails where it has none",
        )),
        CertificateStore::User if variable.is_of_device_certificates() => Some((
            "profile.variable-of-other-store",
            Level::Note,
            "Intune offers this for certificates of devices only",
        )),
        CertificateStore::Machine | CertificateStore::User => None,
    }
}
