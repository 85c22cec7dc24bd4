use super::{
    Poll, ProviderId,
    node::{boolean, characteristic, string},
};
use crate::xml::Writer;

/// What the management client knows about its server (page "`DMClient` CSP", `Provider`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmClient {
    /// `EntDMID`: what the server calls the device. Without it a certificate is not renewed.
    pub management_id: String,
    /// `EntDeviceName`: a name for people.
    pub device_name: Option<String>,
    /// `UPN`: whom the device belongs to.
    pub upn: Option<String>,
    /// `SyncApplicationVersion`: the version of the session protocol that the client may use; absent is 1.0.
    pub sync_version: Option<String>,
    /// Whom to ask.
    pub help: Help,
    /// `EnableOmaDmKeepAliveMessage`: whether a device that works longer than a connection lasts says so in between.
    pub keep_alive: bool,
    /// What a person sees when the device is enrolled.
    pub complete_page: Option<CompletePage>,
    /// How often the device asks for work.
    pub poll: Poll,
}

/// Whom a user can ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Help {
    /// `HelpPhoneNumber`.
    pub phone: Option<String>,
    /// `HelpWebsite`.
    pub website: Option<String>,
    /// `HelpEmailAddress`.
    pub email: Option<String>,
}

/// What a person sees when the device is enrolled (`CustomEnrollmentCompletePage`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletePage {
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
    /// Where a link leads to.
    pub link: String,
    /// What it says.
    pub link_text: String,
}

impl DmClient {
    pub(super) fn write(&self, w: &mut Writer, provider: &ProviderId) {
        characteristic(w, "DMClient", |w| {
            characteristic(w, "Provider", |w| {
                characteristic(w, provider.as_str(), |w| self.provider(w));
            });
        });
    }

    fn provider(&self, w: &mut Writer) {
        string(w, "EntDMID", &self.management_id);
        for (name, value) in [
            ("EntDeviceName", &self.device_name),
            ("UPN", &self.upn),
            ("SyncApplicationVersion", &self.sync_version),
            ("HelpPhoneNumber", &self.help.phone),
            ("HelpWebsite", &self.help.website),
            ("HelpEmailAddress", &self.help.email),
        ] {
            if let Some(value) = value {
                string(w, name, value);
            }
        }
        boolean(w, "EnableOmaDmKeepAliveMessage", self.keep_alive);
        if let Some(page) = &self.complete_page {
            characteristic(w, "CustomEnrollmentCompletePage", |w| {
                string(w, "Title", &page.title);
                string(w, "BodyText", &page.body);
                string(w, "HyperlinkHref", &page.link);
                string(w, "HyperlinkText", &page.link_text);
            });
        }
        self.poll.write(w);
    }
}
