//! The class of every property of every type.

use super::{Class, PromptKind};
use crate::settings::SettingsType;

/// The class of an edit of `path` in a profile of type `kind`; `None` for what the type does not have. Properties of an object within
/// have the class of the object, unless they have their own.
pub fn class_of(kind: SettingsType, path: &str) -> Option<Class> {
    own_class(kind, path).or_else(|| {
        let (top, _) = path.split_once('.')?;
        own_class(kind, top)
    })
}

fn own_class(kind: SettingsType, path: &str) -> Option<Class> {
    use PromptKind::{GmailActivation, KnoxPendingAccount, ReconfigureApproval};
    match path {
        "id" | "type" => return Some(Class::Recreate),
        "display_name" | "description" => return Some(Class::Cosmetic),
        _ => {}
    }
    match kind {
        SettingsType::IosExchange => ios_exchange(path),
        SettingsType::MacosExchange => macos_exchange(path),
        SettingsType::IosMail | SettingsType::MacosMail => mail(path),
        SettingsType::Windows10Exchange => match path {
            "device_management_applicability_rule_os_edition"
            | "device_management_applicability_rule_os_version" => Some(Class::Silent),
            path => windows_exchange(path),
        },
        SettingsType::WindowsPhone81Exchange => match path {
            "apply_only_to_windows_phone81" => Some(Class::Silent),
            path => windows_exchange(path),
        },
        SettingsType::WindowsMail => windows_mail(path),
        SettingsType::KnoxExchange => match path {
            "email_address_source" => Some(Class::Recreate),
            "host_name"
            | "username_source"
            | "user_domain_name_source"
            | "custom_domain_name"
            | "authentication_method" => Some(Class::Prompt(KnoxPendingAccount)),
            "account_name"
            | "require_ssl"
            | "identity_certificate"
            | "root_certificates"
            | "require_smime"
            | "smime_signing_certificate"
            | "duration_of_email_to_sync"
            | "email_sync_schedule"
            | "sync_contacts"
            | "sync_calendar"
            | "sync_tasks"
            | "sync_notes" => Some(Class::Silent),
            _ => None,
        },
        SettingsType::AndroidWorkGmail => match path {
            "default_signature" | "trust_all_certificates" | "allow_unmanaged_accounts" => {
                Some(Class::Silent)
            }
            "exchange_device_id" => Some(Class::Prompt(GmailActivation)),
            path => work_account(path, GmailActivation),
        },
        SettingsType::AndroidWorkNine => match path {
            "sync_contacts" | "sync_calendar" | "sync_tasks" => Some(Class::Silent),
            "app_service_publisher" | "key_map" => Some(Class::Prompt(ReconfigureApproval)),
            path => work_account(path, ReconfigureApproval),
        },
        SettingsType::TrustedCertificate => match path {
            "platform" | "destination_store" => Some(Class::Recreate),
            "trusted_root_certificate" | "lab_root" | "cert_file_name" => Some(Class::Silent),
            _ => None,
        },
        SettingsType::ScepCertificate => match path {
            "scep_server_urls" | "ca_name" | "retries" | "retry_delay" => Some(Class::Recreate),
            path => terms(path),
        },
        SettingsType::PkcsCertificate => match path {
            "encryption" => Some(Class::Recreate),
            path => terms(path),
        },
        SettingsType::ImportedPkcs => match path {
            "platform" | "intended_purpose" => Some(Class::Recreate),
            _ => None,
        },
        SettingsType::DerivedCredential => match path {
            "platform" | "issuer" => Some(Class::Recreate),
            "root_certificate" => Some(Class::Silent),
            "notification_type" | "help_url" | "renewal_threshold_percentage" => {
                Some(Class::Cosmetic)
            }
            _ => None,
        },
    }
}

/// An account of Exchange on Windows: what it is known by makes another one, since its user name stays as it was first used.
fn windows_exchange(path: &str) -> Option<Class> {
    match path {
        "host_name"
        | "email_address_source"
        | "username_source"
        | "user_domain_name_source"
        | "custom_domain_name" => Some(Class::Recreate),
        "account_name"
        | "require_ssl"
        | "duration_of_email_to_sync"
        | "email_sync_schedule"
        | "sync_calendar"
        | "sync_contacts"
        | "sync_tasks" => Some(Class::Silent),
        _ => None,
    }
}

/// An account of IMAP or POP on Windows. What may be left out makes another account, since Windows replaces no node that is not there.
fn windows_mail(path: &str) -> Option<Class> {
    match path {
        "outgoing_server"
        | "incoming_server.use_ssl"
        | "device_management_applicability_rule_os_edition"
        | "device_management_applicability_rule_os_version" => Some(Class::Silent),
        "account_type"
        | "account_name"
        | "sender_name"
        | "email_address_source"
        | "username_source"
        | "user_domain_name_source"
        | "custom_domain_name"
        | "incoming_server"
        | "duration_of_email_to_sync"
        | "sync_interval"
        | "largest_attachment"
        | "message_size"
        | "keep_deleted_on_server"
        | "cellular_only" => Some(Class::Recreate),
        _ => None,
    }
}

/// What every account of Exchange on Apple devices has.
fn exchange(path: &str) -> Option<Class> {
    match path {
        "host_name"
        | "email_address_source"
        | "username_source"
        | "user_domain_name_source"
        | "custom_domain_name" => Some(Class::Recreate),
        "use_oauth" => Some(Class::Prompt(PromptKind::PasswordReentry)),
        "authentication_method" => Some(Class::Prompt(PromptKind::ReconfigureApproval)),
        "account_name"
        | "require_ssl"
        | "identity_certificate"
        | "root_certificates"
        | "oauth_sign_in_url"
        | "allow_mail_drop" => Some(Class::Silent),
        _ => None,
    }
}

fn ios_exchange(path: &str) -> Option<Class> {
    match path {
        "eas_services" | "eas_services_user_override_enabled" => {
            Some(Class::Prompt(PromptKind::PasswordReentry))
        }
        "oauth_token_request_url"
        | "duration_of_email_to_sync"
        | "block_moving_messages_to_other_email_accounts"
        | "block_sending_email_from_third_party_apps"
        | "block_syncing_recently_used_email_addresses"
        | "per_app_vpn_uuid"
        | "override_previous_password"
        | "default_audio_call_app"
        | "header_magic" => Some(Class::Silent),
        path => exchange(path).or_else(|| smime(path)),
    }
}

fn macos_exchange(path: &str) -> Option<Class> {
    match path {
        "external_host_name" => Some(Class::Recreate),
        "port"
        | "path"
        | "external_port"
        | "external_path"
        | "external_require_ssl"
        | "legacy_identity_key" => Some(Class::Silent),
        path => exchange(path),
    }
}

fn mail(path: &str) -> Option<Class> {
    match path {
        "account_type"
        | "email_address_source"
        | "username_source"
        | "user_domain_name_source"
        | "custom_domain_name"
        | "incoming_server.host_name"
        | "incoming_server.username" => Some(Class::Recreate),
        "incoming_server.authentication" | "outgoing_server.authentication" => {
            Some(Class::Prompt(PromptKind::PasswordReentry))
        }
        "account_name"
        | "sender_name"
        | "incoming_server"
        | "outgoing_server"
        | "outgoing_password_same_as_incoming"
        | "imap_path_prefix"
        | "identity_certificate"
        | "root_certificates"
        | "block_syncing_recently_used_email_addresses"
        | "allow_mail_drop"
        | "block_moving_messages_to_other_email_accounts"
        | "block_sending_email_from_third_party_apps"
        | "per_app_vpn_uuid" => Some(Class::Silent),
        path => smime(path),
    }
}

fn smime(path: &str) -> Option<Class> {
    match path {
        "require_smime"
        | "smime_signing_enabled"
        | "smime_signing_user_override_enabled"
        | "signing_certificate_type"
        | "smime_signing_certificate"
        | "smime_signing_certificate_user_override_enabled"
        | "smime_encrypt_by_default_enabled"
        | "smime_encrypt_by_default_user_override_enabled"
        | "smime_enable_per_message_switch"
        | "encryption_certificate_type"
        | "smime_encryption_certificate"
        | "smime_encryption_certificate_user_override_enabled"
        | "smime_legacy_keys" => Some(Class::Silent),
        _ => None,
    }
}

/// What both apps of the work profile have: they set the account up anew when what it is known by changes.
fn work_account(path: &str, prompt: PromptKind) -> Option<Class> {
    match path {
        "host_name"
        | "email_address_source"
        | "username_source"
        | "authentication_method"
        | "require_ssl"
        | "identity_certificate" => Some(Class::Prompt(prompt)),
        "root_certificates" | "duration_of_email_to_sync" => Some(Class::Silent),
        _ => None,
    }
}

/// What a certificate is issued by: whatever the device or the certificate shows makes another certificate.
fn terms(path: &str) -> Option<Class> {
    match path {
        "platform"
        | "certificate_store"
        | "subject_name_format_string"
        | "custom_subject_alternative_names"
        | "key_size"
        | "key_usage"
        | "extended_key_usages"
        | "certificate_validity_period_value"
        | "certificate_validity_period_scale"
        | "hash_algorithm"
        | "root_certificate"
        | "key_storage_provider"
        | "key_is_extractable"
        | "allow_all_apps_access" => Some(Class::Recreate),
        "renewal_threshold_percentage" => Some(Class::Cosmetic),
        _ => None,
    }
}
