//! Client certificates: asked for by the device (SCEP), or made by the server and sent with their key (PKCS#12).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    address,
    certificate_names::{CertificateNames, CustomSubjectAlternativeName, SanType},
    complaint::Complaint,
    distinguished_name,
    extended_key_usage::ExtendedKeyUsage,
    platform::Platform,
    profile_id::ProfileId,
    properties::properties,
    subject::Subject,
    variable::{self, RenderError},
};

/// The size of an RSA key in bits. 1024 is not offered: no current server accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum KeySize {
    /// 2048 bits.
    #[default]
    Rsa2048,
    /// 4096 bits (iOS 14).
    Rsa4096,
}

impl KeySize {
    /// The number of bits.
    pub fn bits(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa4096 => 4096,
        }
    }
}

impl TryFrom<u32> for KeySize {
    type Error = &'static str;

    fn try_from(bits: u32) -> Result<Self, Self::Error> {
        match bits {
            2048 => Ok(Self::Rsa2048),
            4096 => Ok(Self::Rsa4096),
            _ => Err("expected 2048 or 4096"),
        }
    }
}

impl From<KeySize> for u32 {
    fn from(size: KeySize) -> Self {
        size.bits()
    }
}

/// What the key may do (Microsoft Graph, `keyUsages`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUsage {
    /// Encrypt keys.
    KeyEncipherment,
    /// Sign.
    DigitalSignature,
}

/// The unit of `certificate_validity_period_value` (Microsoft Graph, `certificateValidityPeriodScale`; minutes and hours are ours, for tests of renewal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidityScale {
    /// 60 seconds.
    Minutes,
    /// 60 minutes.
    Hours,
    /// 24 hours.
    Days,
    /// 30 days.
    Months,
    /// 365 days.
    Years,
}

/// The digest a certificate is signed with (Microsoft Graph, `hashAlgorithms`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha2,
}

/// Whose certificate it is (Microsoft Graph, `certificateStore`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateStore {
    /// The user's; on macOS delivered to the user channel.
    #[default]
    User,
    /// The device's.
    Machine,
}

/// What keeps a key on Windows (Microsoft Graph, `keyStorageProviderOption`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStorageProvider {
    /// The TPM if there is one, else software.
    #[default]
    UseTpmKspOtherwiseUseSoftwareKsp,
    /// The TPM.
    UseTpmKspOtherwiseFail,
    /// Windows Hello for Business, which asks the user.
    UsePassportForWorkKspOtherwiseFail,
    /// Software.
    UseSoftwareKsp,
}

/// How a PKCS#12 file is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkcs12Encryption {
    /// Triple DES and an SHA-1 MAC (RFC 7292 appendix C): what every iOS and macOS reads.
    #[default]
    Legacy,
    /// AES and an SHA-256 MAC (RFC 8018 PBES2).
    Modern,
}

properties! {
    /// What is asked for when a certificate is issued (Microsoft Graph, `iosCertificateProfileBase` and its descendants).
    ///
    /// Apple's SCEP payload carries neither validity nor usages, so the issuing server must take them from here.
    pub struct CertificateTerms {
        shared {}
        own {
            /// The platform it is delivered to.
            platform: Platform,
            /// Whose certificate it is.
            certificate_store: CertificateStore = CertificateStore::default(),
            /// The subject, with variables.
            subject_name_format_string: String = "CN={{UserPrincipalName}},E={{EmailAddress}}".to_owned(),
            /// Alternative names, with variables.
            custom_subject_alternative_names: Vec<CustomSubjectAlternativeName> = Vec::new(),
            /// The size of the key.
            key_size: KeySize = KeySize::default(),
            /// What the key may do.
            key_usage: Vec<KeyUsage> = vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment],
            /// What the certificate may be used for.
            extended_key_usages: Vec<ExtendedKeyUsage> = vec![ExtendedKeyUsage::client_authentication()],
            /// How long it is valid, in units of `certificate_validity_period_scale`; at most ten years.
            certificate_validity_period_value: u32 = 30,
            /// The unit of `certificate_validity_period_value`.
            certificate_validity_period_scale: ValidityScale = ValidityScale::Days,
            /// When this percentage of the validity is left, it is renewed: 1 to 99.
            renewal_threshold_percentage: u8 = 20,
            /// The digest it is signed with.
            hash_algorithm: HashAlgorithm = HashAlgorithm::Sha2,
            /// The root delivered with it, in addition to the server's own.
            root_certificate: Option<ProfileId> = None,
            /// windows10 and windowsphone81: what keeps the key; the TPM if there is one, unless set.
            key_storage_provider: Option<KeyStorageProvider> = None,
            /// macOS, and PKCS#12 kept by software on Windows: the key may be exported (false unless set).
            key_is_extractable: Option<bool> = None,
            /// macOS: every app may use the key without asking.
            allow_all_apps_access: Option<bool> = None,
        }
    }
}

properties! {
    /// An identity whose key is made on the device, and whose certificate is asked for by SCEP (RFC 8894).
    pub struct ScepCertificate {
        shared {
            /// What is asked for.
            terms: CertificateTerms,
        }
        own {
            /// SCEP servers; the first is used, ours where there is none.
            scep_server_urls: Vec<String> = Vec::new(),
            /// The name of the authority at that server, sent with `GetCACert`.
            ca_name: Option<String> = None,
            /// How often a pending request is repeated.
            retries: u8 = 3,
            /// Seconds between repetitions.
            retry_delay: u32 = 10,
        }
    }
}

properties! {
    /// An identity whose key is made by the server and sent with its certificate in a PKCS#12 file.
    pub struct PkcsCertificate {
        shared {
            /// What is issued.
            terms: CertificateTerms,
        }
        own {
            /// How the file is encrypted.
            encryption: Pkcs12Encryption = Pkcs12Encryption::default(),
        }
    }
}

/// Ten years, in seconds.
const LONGEST_VALIDITY: u64 = 3650 * 24 * 60 * 60;

impl CertificateTerms {
    /// How long the certificate is valid.
    pub fn validity(&self) -> Duration {
        let seconds = match self.certificate_validity_period_scale {
            ValidityScale::Minutes => 60,
            ValidityScale::Hours => 60 * 60,
            ValidityScale::Days => 24 * 60 * 60,
            ValidityScale::Months => 30 * 24 * 60 * 60,
            ValidityScale::Years => 365 * 24 * 60 * 60,
        };
        Duration::from_secs(u64::from(self.certificate_validity_period_value) * seconds)
    }

    /// The names it is issued for.
    pub fn names(&self, subject: &Subject<'_>) -> Result<CertificateNames, RenderError> {
        CertificateNames::render(
            &self.subject_name_format_string,
            &self.custom_subject_alternative_names,
            subject,
        )
    }

    fn complain(&self, complaints: &mut Vec<Complaint>) {
        if let Err(error) = distinguished_name::check(&self.subject_name_format_string) {
            complaints.push(Complaint::new(
                "subject_name_format_string",
                error.to_string(),
                "a list of attribute=value with known variables",
            ));
        }
        for (index, name) in self.custom_subject_alternative_names.iter().enumerate() {
            if let Err(error) = variable::check(&name.name) {
                complaints.push(Complaint::new(
                    format!("custom_subject_alternative_names[{index}].name"),
                    error.to_string(),
                    "a text with known variables",
                ));
            }
        }
        for (name, missing) in [
            ("key_usage", self.key_usage.is_empty()),
            ("extended_key_usages", self.extended_key_usages.is_empty()),
        ] {
            if missing {
                complaints.push(Complaint::new(name, "nothing", "at least one"));
            }
        }
        let validity = self.validity().as_secs();
        if validity == 0 || validity > LONGEST_VALIDITY {
            complaints.push(Complaint::new(
                "certificate_validity_period_value",
                self.certificate_validity_period_value.to_string(),
                "1 minute to 10 years",
            ));
        }
        if !(1..=99).contains(&self.renewal_threshold_percentage) {
            complaints.push(Complaint::new(
                "renewal_threshold_percentage",
                self.renewal_threshold_percentage.to_string(),
                "1 to 99",
            ));
        }
        let windows = matches!(
            self.platform,
            Platform::Windows10 | Platform::WindowsPhone81
        );
        let macos = self.platform == Platform::Macos;
        for (name, set, owner, allowed) in [
            (
                "key_is_extractable",
                self.key_is_extractable.is_some(),
                "macos",
                macos || self.platform == Platform::Windows10,
            ),
            (
                "allow_all_apps_access",
                self.allow_all_apps_access.is_some(),
                "macos",
                macos,
            ),
            (
                "key_storage_provider",
                self.key_storage_provider.is_some(),
                "windows10 and windowsphone81",
                windows,
            ),
        ] {
            if set && !allowed {
                complaints.push(Complaint::new(
                    name,
                    "a value",
                    format!("nothing on {}; it is a property of {owner}", self.platform),
                ));
            }
        }
        if windows {
            self.complain_of_keys(complaints);
        }
    }

    /// Complains about what the keeper of the key does not do.
    fn complain_of_keys(&self, complaints: &mut Vec<Complaint>) {
        let provider = self.key_storage_provider.unwrap_or_default();
        if self.key_size == KeySize::Rsa4096 && provider != KeyStorageProvider::UseSoftwareKsp {
            complaints.push(Complaint::new(
                "key_size",
                "4096",
                "2048, unless `key_storage_provider` is use_software_ksp",
            ));
        }
        if self.platform == Platform::WindowsPhone81
            && provider == KeyStorageProvider::UsePassportForWorkKspOtherwiseFail
        {
            complaints.push(Complaint::new(
                "key_storage_provider",
                "`use_passport_for_work_ksp_otherwise_fail`",
                "another one: windowsphone81 has no Windows Hello",
            ));
        }
    }
}

impl ScepCertificate {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.terms.complain(complaints);
        for (index, url) in self.scep_server_urls.iter().enumerate() {
            let schemes: &[&str] = if self.terms.platform.is_android() {
                &["https://"]
            } else {
                &["https://", "http://"]
            };
            address::url(
                &format!("scep_server_urls[{index}]"),
                url,
                schemes,
                complaints,
            );
        }
        if self.terms.platform == Platform::Windows10 && self.terms.key_is_extractable.is_some() {
            complaints.push(Complaint::new(
                "key_is_extractable",
                "a value",
                "nothing: a key that windows10 makes itself stays there",
            ));
        }
        if matches!(
            self.terms.platform,
            Platform::Windows10 | Platform::WindowsPhone81
        ) && self.retries > 30
        {
            complaints.push(Complaint::new(
                "retries",
                self.retries.to_string(),
                "0 to 30",
            ));
        }
        if !self.terms.platform.is_apple() {
            return;
        }
        for kind in [
            SanType::EmailAddress,
            SanType::UserPrincipalName,
            SanType::DomainNameService,
            SanType::UniversalResourceIdentifier,
        ] {
            let count = self
                .terms
                .custom_subject_alternative_names
                .iter()
                .filter(|name| name.san_type == kind)
                .count();
            if count > 1 {
                complaints.push(Complaint::new(
                    "custom_subject_alternative_names",
                    format!("{count} names of one type"),
                    "one name of each type, which is what Apple's payload holds",
                ));
            }
        }
    }
}

impl PkcsCertificate {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.terms.complain(complaints);
        if self.terms.platform == Platform::WindowsPhone81 {
            complaints.push(Complaint::new(
                "platform",
                "`windowsphone81`",
                "another one: windowsphone81 cannot import a PKCS#12 file",
            ));
        }
        if self.terms.platform == Platform::Windows10
            && self.terms.key_is_extractable.is_some()
            && self.terms.key_storage_provider != Some(KeyStorageProvider::UseSoftwareKsp)
        {
            complaints.push(Complaint::new(
                "key_is_extractable",
                "a value",
                "nothing unless `key_storage_provider` is use_software_ksp",
            ));
        }
    }
}
