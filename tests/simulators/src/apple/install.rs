//! Installing a profile: everything is checked and fetched first, then everything changes at once, or nothing does.

use std::error::Error as _;

use openssl::x509::X509;
use plist::Dictionary;

use super::accounts::{MailAccount, Origin};
use super::check::{CERTIFICATES, Circumstances, check};
use super::device::AppleDevice;
use super::journal::Event;
use super::{
    Channel, ErrorChain, InstalledProfile, Item, ItemKind, MdmPayload, Payload, Profile, PromptKind,
};
use crate::document::Ask as _;
use crate::identity::Identity;
use crate::keys::KeyPool;
use crate::scep::{self, ScepClient};

/// Who installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A person, by hand, who can be asked.
    Interactive,
    /// The MDM server.
    Mdm,
}

/// A profile that can be installed: what it brings has been obtained.
#[derive(Debug)]
pub(super) struct Prepared {
    profile: Profile,
    channel: Channel,
    how: How,
    items: Vec<Item>,
}

impl Prepared {
    /// The identity a payload brings.
    pub(super) fn identity(&self, uuid: &str) -> Option<&Identity> {
        self.items
            .iter()
            .find(|item| item.payload_uuid.eq_ignore_ascii_case(uuid))
            .and_then(Item::identity)
    }

    /// Roots the profile brings, in DER.
    pub(super) fn roots(&self) -> Vec<Vec<u8>> {
        roots_of(&self.items)
    }
}

fn roots_of(items: &[Item]) -> Vec<Vec<u8>> {
    let roots = items
        .iter()
        .filter(|item| matches!(item.kind, ItemKind::Root { .. }));
    roots.map(|item| item.certificate().to_vec()).collect()
}

impl AppleDevice {
    /// Installs a profile on a channel. A profile with the MDM payload enrolls, or enrolls again.
    pub async fn install(
        &mut self,
        bytes: &[u8],
        channel: Channel,
        how: How,
    ) -> Result<(), ErrorChain> {
        let (roots, identities) = (self.x509_roots(), self.keychain.identities());
        let profile = Profile::parse(bytes, &roots, &identities)?;
        let name = profile.display_name.clone();
        if how == How::Interactive && !self.ask_now(PromptKind::ProfileReview, &name) {
            return Err(ErrorChain::one(
                "MCInstallationErrorDomain",
                4004,
                "The person cancelled the installation.",
            ));
        }
        check(
            &profile,
            Circumstances {
                platform: self.persona.platform,
                channel,
                interactive: how == How::Interactive,
                accounts: &self.accounts,
            },
        )?;
        let failed = |chain: ErrorChain| chain.as_failed_installation(&name);
        self.check_collision(&profile, channel, how)
            .map_err(failed)?;
        let mdm = self.check_mdm(&profile).map_err(failed)?;
        let items = self
            .obtain(&profile, channel, how, mdm.is_some())
            .await
            .map_err(failed)?;
        let prepared = Prepared {
            profile,
            channel,
            how,
            items,
        };
        let enrollment = match mdm {
            Some(payload) => Some(self.check_in(&prepared, payload).await.map_err(failed)?),
            None => None,
        };
        self.commit(prepared);
        if enrollment.is_some() {
            self.enrollment = enrollment;
            self.note(Event::Enrolled);
        }
        Ok(())
    }

    /// An iPhone that is not supervised does not let MDM replace a profile its owner installed.
    fn check_collision(
        &self,
        profile: &Profile,
        channel: Channel,
        how: How,
    ) -> Result<(), ErrorChain> {
        let enrolled = self
            .enrollment
            .as_ref()
            .map(|enrollment| &enrollment.payload.profile_identifier);
        match self.store.find(&profile.identifier, channel) {
            Some(old)
                if how == How::Mdm
                    && !old.managed
                    && !self.persona.platform.is_macos()
                    && !self.persona.supervised
                    && enrolled != Some(&profile.identifier) =>
            {
                let text = "A profile with this identifier was installed by hand.";
                Err(ErrorChain::one("MCProfileErrorDomain", 1008, text))
            }
            _ => Ok(()),
        }
    }

    fn check_mdm(&self, profile: &Profile) -> Result<Option<MdmPayload>, ErrorChain> {
        let new = MdmPayload::of(profile)?;
        match (&self.enrollment, new) {
            (None, new) => Ok(new),
            (Some(old), Some(new)) if old.payload.profile_identifier == new.profile_identifier => {
                old.payload.may_become(&new)?;
                Ok(Some(new))
            }
            (Some(_), Some(_)) => Err(ErrorChain::one(
                "MCMDMErrorDomain",
                12001,
                "The device is managed by an MDM server already.",
            )),
            (Some(old), None) if old.payload.profile_identifier == profile.identifier => {
                let text = "The replacement of the enrollment profile lacks its MDM payload.";
                Err(ErrorChain::one("MCInstallationErrorDomain", 4015, text))
            }
            (Some(_), None) => Ok(None),
        }
    }

    /// Obtains every certificate and identity. An identity whose payload has not changed stays, except in an
    /// enrollment profile, which always brings a new one.
    async fn obtain(
        &mut self,
        profile: &Profile,
        channel: Channel,
        how: How,
        mdm: bool,
    ) -> Result<Vec<Item>, ErrorChain> {
        let mut items = Vec::new();
        for payload in &profile.payloads {
            let kind = match payload.kind.as_str() {
                "com.apple.security.scep" | "com.apple.security.pkcs12" => {
                    let kept = self
                        .unchanged_identity(profile, payload, channel)
                        .filter(|_| !mdm);
                    let identity = match (kept, payload.kind.as_str()) {
                        (Some(identity), _) => identity,
                        (None, "com.apple.security.scep") => {
                            self.obtain_by_scep(payload, &roots_of(&items)).await?
                        }
                        (None, _) => open_container(payload)?,
                    };
                    ItemKind::Identity(identity)
                }
                kind if CERTIFICATES.contains(&kind) => {
                    let der = certificate(payload)?;
                    let trusted = how == How::Mdm || self.persona.platform.is_macos();
                    if kind == "com.apple.security.root" {
                        ItemKind::Root { der, trusted }
                    } else {
                        ItemKind::Certificate(der)
                    }
                }
                _ => continue,
            };
            items.push(Item {
                profile: profile.identifier.clone(),
                payload_uuid: payload.uuid.clone(),
                kind,
            });
        }
        Ok(items)
    }

    fn unchanged_identity(
        &self,
        profile: &Profile,
        payload: &Payload,
        channel: Channel,
    ) -> Option<Identity> {
        let old = self
            .store
            .find(&profile.identifier, channel)?
            .profile
            .by_uuid(&payload.uuid)?;
        if old == payload {
            self.keychain
                .identity(&profile.identifier, &payload.uuid)
                .cloned()
        } else {
            None
        }
    }

    async fn obtain_by_scep(
        &mut self,
        payload: &Payload,
        brought: &[Vec<u8>],
    ) -> Result<Identity, ErrorChain> {
        let failed = |code, text: String| ErrorChain::one("MCSCEPErrorDomain", code, text);
        let empty = Dictionary::new();
        let content = payload
            .settings
            .dictionary("PayloadContent")
            .unwrap_or(&empty);
        let ask = scep::Enrollment::from_payload(content)
            .map_err(|error| failed(22004, error.to_string()))?;
        self.keys_taken += 1;
        let key = match ask.key_bits {
            2048 => self.environment.keys.key(self.keys_taken),
            bits => KeyPool::fresh(bits).await,
        };
        let key = key.map_err(|error| failed(22001, error.to_string()))?;
        // A Mac trusts the roots of the profile it is installing; a phone does not yet.
        let more = if self.persona.platform.is_macos() {
            brought
        } else {
            &[]
        };
        let client = self
            .client(None, more)
            .map_err(|error| failed(22005, error.to_string()))?;
        let client = ScepClient::new(client, self.environment.scep);
        let now = self.environment.clock.now();
        let identity = client
            .enroll(&ask, key, None, now, &mut self.entropy)
            .await
            .map_err(|error| {
                let mut text = error.to_string();
                let mut cause = error.source();
                while let Some(inner) = cause {
                    text = format!("{text}: {inner}");
                    cause = inner.source();
                }
                failed(error.apple_code(), text)
            })?;
        let (common_name, fingerprint) = (identity.common_name(), identity.fingerprint());
        self.note(Event::IdentityObtained {
            common_name,
            fingerprint,
        });
        Ok(identity)
    }

    fn commit(&mut self, prepared: Prepared) {
        let Prepared {
            profile,
            channel,
            how,
            items,
        } = prepared;
        let plan = self.store.plan(&profile, channel);
        let before: Vec<MailAccount> = self
            .accounts
            .iter()
            .filter(|account| belongs(account, &profile.identifier))
            .cloned()
            .collect();
        self.keychain.replace(&profile.identifier, items);

        let mut questions = Vec::new();
        for account in &before {
            let Origin::Profile { payload_uuid, .. } = &account.origin else {
                continue;
            };
            if !plan
                .updated
                .iter()
                .any(|uuid| uuid.eq_ignore_ascii_case(payload_uuid))
            {
                self.accounts.retain(|other| other.origin != account.origin);
                self.prompts
                    .retain(|prompt| prompt.about != account.address);
                self.note(Event::AccountRemoved {
                    address: account.address.clone(),
                });
            }
        }
        for payload in profile
            .payloads
            .iter()
            .filter(|payload| MailAccount::is_made_by(&payload.kind))
        {
            let mut account = self.account(&profile, payload);
            let old = before.iter().find(|old| old.origin == account.origin);
            if let Some(old) = old {
                account.generation = old.generation;
                account.updates = old.updates;
                account.active = old.active;
                if account.settings != old.settings || account.identity != old.identity {
                    account.updates += 1;
                    self.note(Event::AccountUpdated {
                        address: account.address.clone(),
                    });
                }
                if account.asks_again_after(old) {
                    questions.push(account.address.clone());
                }
                self.accounts.retain(|other| other.origin != account.origin);
            } else {
                let gone = before.iter().find(|old| account.is_same_mailbox(old));
                account.generation = gone.map_or(1, |gone| gone.generation + 1);
                self.note(Event::AccountCreated {
                    address: account.address.clone(),
                    again: gone.is_some(),
                });
                if account.needs_password() {
                    questions.push(account.address.clone());
                }
            }
            self.accounts.push(account);
        }
        let identifier = profile.identifier.clone();
        let signature = profile.signature.to_string();
        let managed = how == How::Mdm;
        self.store.put(InstalledProfile {
            profile,
            managed,
            channel,
        });
        self.note(Event::ProfileInstalled {
            identifier,
            replaced: plan.replaces,
            signature,
        });
        for address in questions {
            self.ask_password(&address);
        }
    }

    fn account(&self, profile: &Profile, payload: &Payload) -> MailAccount {
        let mut account = MailAccount::from_payload(profile, payload, None);
        let named = |key: &str| {
            let uuid = payload.settings.text(key)?;
            self.keychain
                .identity(&profile.identifier, uuid)
                .map(Identity::fingerprint)
        };
        account.identity =
            named("PayloadCertificateUUID").or_else(|| named("AuthenticationCertificateUUID"));
        account.signing_identity = named("SMIMESigningCertificateUUID");
        account.encryption_identity = named("SMIMEEncryptionCertificateUUID");
        account
    }

    /// Removes a profile with its accounts and identities; says whether it was there.
    pub(super) fn uninstall(&mut self, identifier: &str, channel: Channel) -> bool {
        if self.store.remove(identifier, channel).is_none() {
            return false;
        }
        self.keychain.remove(identifier);
        let gone: Vec<String> = self
            .accounts
            .iter()
            .filter(|one| belongs(one, identifier))
            .map(|one| one.address.clone())
            .collect();
        self.accounts
            .retain(|account| !belongs(account, identifier));
        for address in gone {
            self.prompts.retain(|prompt| prompt.about != address);
            self.note(Event::AccountRemoved { address });
        }
        self.note(Event::ProfileRemoved {
            identifier: identifier.to_owned(),
        });
        true
    }
}

fn belongs(account: &MailAccount, identifier: &str) -> bool {
    matches!(&account.origin, Origin::Profile { profile, .. } if profile == identifier)
}

fn certificate(payload: &Payload) -> Result<Vec<u8>, ErrorChain> {
    let content = payload.settings.data("PayloadContent").unwrap_or_default();
    let x509 = if payload.kind == "com.apple.security.pem" || content.starts_with(b"-----") {
        X509::from_pem(content)
    } else {
        X509::from_der(content)
    };
    x509.and_then(|x509| x509.to_der()).map_err(|_| {
        ErrorChain::one(
            "MCCertificateErrorDomain",
            9002,
            "A certificate of the profile cannot be read.",
        )
    })
}

fn open_container(payload: &Payload) -> Result<Identity, ErrorChain> {
    let failed = |text: String| ErrorChain::one("MCCertificateErrorDomain", 9000, text);
    let Some(password) = payload.settings.text("Password") else {
        return Err(failed("The PKCS#12 payload brings no password.".to_owned()));
    };
    let content = payload.settings.data("PayloadContent").unwrap_or_default();
    Identity::from_pkcs12(content, password).map_err(|error| failed(error.to_string()))
}
