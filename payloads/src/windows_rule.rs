//! Which Windows devices a profile is for, beyond the groups it is assigned to.

use serde::{Deserialize, Serialize};

use crate::{complaint::Complaint, os_version::OsVersion, properties::properties};

/// An edition of Windows (Microsoft Graph, `windows10EditionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are Microsoft's, and say all there is to say"
)]
#[allow(clippy::enum_variant_names, reason = "the names are Microsoft's")]
pub enum WindowsEdition {
    #[serde(rename = "windows10_enterprise")]
    Windows10Enterprise,
    #[serde(rename = "windows10_enterprise_n")]
    Windows10EnterpriseN,
    #[serde(rename = "windows10_education")]
    Windows10Education,
    #[serde(rename = "windows10_education_n")]
    Windows10EducationN,
    #[serde(rename = "windows10_professional")]
    Windows10Professional,
    #[serde(rename = "windows10_professional_n")]
    Windows10ProfessionalN,
    #[serde(rename = "windows10_professional_education")]
    Windows10ProfessionalEducation,
    #[serde(rename = "windows10_professional_education_n")]
    Windows10ProfessionalEducationN,
    #[serde(rename = "windows10_professional_workstation")]
    Windows10ProfessionalWorkstation,
    #[serde(rename = "windows10_professional_workstation_n")]
    Windows10ProfessionalWorkstationN,
    #[serde(rename = "windows10_home")]
    Windows10Home,
    #[serde(rename = "windows10_home_china")]
    Windows10HomeChina,
    #[serde(rename = "windows10_home_n")]
    Windows10HomeN,
    #[serde(rename = "windows10_home_single_language")]
    Windows10HomeSingleLanguage,
    #[serde(rename = "windows10_mobile")]
    Windows10Mobile,
    #[serde(rename = "windows10_mobile_enterprise")]
    Windows10MobileEnterprise,
    #[serde(rename = "windows10_holographic_enterprise")]
    Windows10HolographicEnterprise,
    #[serde(rename = "windows10_io_t_core")]
    Windows10IoTCore,
    #[serde(rename = "windows10_io_t_core_commercial")]
    Windows10IoTCoreCommercial,
}

impl WindowsEdition {
    /// The edition by the number a device reports (`DevDetail`'s `OSEdition`; `PRODUCT_` constants of `GetProductInfo`); `None` for
    /// numbers that Microsoft Graph has no name for.
    pub fn from_sku(sku: u32) -> Option<Self> {
        Some(match sku {
            4 => Self::Windows10Enterprise,
            27 => Self::Windows10EnterpriseN,
            48 => Self::Windows10Professional,
            49 => Self::Windows10ProfessionalN,
            98 => Self::Windows10HomeN,
            99 => Self::Windows10HomeChina,
            100 => Self::Windows10HomeSingleLanguage,
            101 => Self::Windows10Home,
            104 => Self::Windows10Mobile,
            121 => Self::Windows10Education,
            122 => Self::Windows10EducationN,
            123 => Self::Windows10IoTCore,
            131 => Self::Windows10IoTCoreCommercial,
            133 => Self::Windows10MobileEnterprise,
            136 => Self::Windows10HolographicEnterprise,
            161 => Self::Windows10ProfessionalWorkstation,
            162 => Self::Windows10ProfessionalWorkstationN,
            164 => Self::Windows10ProfessionalEducation,
            165 => Self::Windows10ProfessionalEducationN,
            _ => return None,
        })
    }
}

/// What a rule does with the devices it fits (Microsoft Graph, `deviceManagementApplicabilityRuleType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleType {
    /// They alone get the profile.
    #[default]
    Include,
    /// They do not get it.
    Exclude,
}

/// A rule on the edition (Microsoft Graph, `deviceManagementApplicabilityRuleOsEdition`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditionRule {
    /// The editions it fits.
    pub os_edition_types: Vec<WindowsEdition>,
    /// What follows.
    #[serde(default)]
    pub rule_type: RuleType,
}

/// A rule on the version (Microsoft Graph, `deviceManagementApplicabilityRuleOsVersion`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRule {
    /// The oldest version it fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_os_version: Option<OsVersion>,
    /// The newest version it fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_os_version: Option<OsVersion>,
    /// What follows.
    #[serde(default)]
    pub rule_type: RuleType,
}

properties! {
    /// Which devices a profile is for (Microsoft Graph, `deviceConfiguration`); all of its platform where nothing is said.
    pub struct ApplicabilityRules {
        shared {}
        own {
            /// By edition.
            device_management_applicability_rule_os_edition: Option<EditionRule> = None,
            /// By version.
            device_management_applicability_rule_os_version: Option<VersionRule> = None,
        }
    }
}

impl ApplicabilityRules {
    /// Whether the rules let a device have the profile. What a device did not say fits no rule.
    pub fn admit(&self, edition: Option<WindowsEdition>, version: Option<OsVersion>) -> bool {
        let passes = |fits: bool, rule: RuleType| fits == (rule == RuleType::Include);
        let by_edition = self
            .device_management_applicability_rule_os_edition
            .as_ref()
            .is_none_or(|rule| {
                let fits = edition.is_some_and(|edition| rule.os_edition_types.contains(&edition));
                passes(fits, rule.rule_type)
            });
        let by_version = self
            .device_management_applicability_rule_os_version
            .as_ref()
            .is_none_or(|rule| {
                let fits = version.is_some_and(|version| {
                    rule.min_os_version.is_none_or(|least| version >= least)
                        && rule.max_os_version.is_none_or(|most| version <= most)
                });
                passes(fits, rule.rule_type)
            });
        by_edition && by_version
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        if self
            .device_management_applicability_rule_os_edition
            .as_ref()
            .is_some_and(|rule| rule.os_edition_types.is_empty())
        {
            complaints.push(Complaint::new(
                "device_management_applicability_rule_os_edition.os_edition_types",
                "nothing",
                "at least one edition",
            ));
        }
        if let Some(rule) = &self.device_management_applicability_rule_os_version {
            match (rule.min_os_version, rule.max_os_version) {
                (None, None) => complaints.push(Complaint::new(
                    "device_management_applicability_rule_os_version",
                    "no version",
                    "`min_os_version`, `max_os_version` or both",
                )),
                (Some(least), Some(most)) if least > most => complaints.push(Complaint::new(
                    "device_management_applicability_rule_os_version.max_os_version",
                    most.to_string(),
                    format!("at least `min_os_version`, {least}"),
                )),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_include_and_exclude() {
        let rules = |edition: Option<RuleType>, version: Option<(&str, &str, RuleType)>| {
            ApplicabilityRules {
                device_management_applicability_rule_os_edition: edition.map(|rule_type| {
                    EditionRule {
                        os_edition_types: vec![WindowsEdition::Windows10Professional],
                        rule_type,
                    }
                }),
                device_management_applicability_rule_os_version: version.map(
                    |(least, most, rule_type)| VersionRule {
                        min_os_version: least.parse().ok(),
                        max_os_version: most.parse().ok(),
                        rule_type,
                    },
                ),
            }
        };
        let old = "10.0.19045";
        for (rules, sku, version, admits) in [
            (rules(None, None), None, None, true),
            (rules(Some(RuleType::Include), None), Some(48), None, true),
            (rules(Some(RuleType::Include), None), Some(101), None, false),
            (rules(Some(RuleType::Include), None), None, None, false),
            (rules(Some(RuleType::Exclude), None), Some(48), None, false),
            (rules(Some(RuleType::Exclude), None), Some(9999), None, true),
            (
                rules(None, Some((old, "", RuleType::Include))),
                None,
                Some("10.0.22631.1"),
                true,
            ),
            (
                rules(None, Some((old, old, RuleType::Include))),
                None,
                Some("10.0.22631.1"),
                false,
            ),
            (
                rules(None, Some((old, "", RuleType::Exclude))),
                None,
                Some("10.0.17763"),
                true,
            ),
            (
                rules(Some(RuleType::Include), Some((old, "", RuleType::Include))),
                Some(48),
                Some("10.0.17763"),
                false,
            ),
        ] {
            let edition = sku.and_then(WindowsEdition::from_sku);
            let parsed = version.and_then(|text: &str| text.parse().ok());
            assert_eq!(
                rules.admit(edition, parsed),
                admits,
                "{rules:?} {sku:?} {version:?}"
            );
        }
    }

    #[test]
    fn names_are_graphs_in_snake_case() {
        for (edition, name) in [
            (
                WindowsEdition::Windows10EnterpriseN,
                "windows10_enterprise_n",
            ),
            (WindowsEdition::Windows10IoTCore, "windows10_io_t_core"),
            (
                WindowsEdition::Windows10HomeSingleLanguage,
                "windows10_home_single_language",
            ),
        ] {
            assert_eq!(serde_json::to_value(edition).unwrap(), name);
        }
    }
}
