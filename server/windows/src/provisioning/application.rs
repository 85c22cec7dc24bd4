use super::{
    ClientCredential, Identity, ProviderId, ServerCredential,
    node::{characteristic, flag, parm},
};
use crate::xml::Writer;

/// The management account (page "w7 APPLICATION CSP").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// What a person sees.
    pub name: String,
    /// Where the device is managed; HTTPS.
    pub address: String,
    /// What a device does when the server does not answer.
    pub retry: Retry,
    /// What the device's first message is in.
    pub encoding: Encoding,
    /// The subject of the device's certificate, as Windows writes names (`CN=..`): the device then offers it in TLS.
    pub client_certificate_subject: Option<String>,
    /// What the server proves itself with.
    pub server_credential: Option<ServerCredential>,
    /// What the device proves itself with, besides its certificate.
    pub client_credential: Option<ClientCredential>,
}

/// What a device does when the server does not answer. The default is what the page names as default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often it tries again.
    pub count: u32,
    /// How long it waits at first, in milliseconds.
    pub first_ms: u32,
    /// How long it waits at most, in milliseconds.
    pub longest_ms: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            count: 3,
            first_ms: 16_000,
            longest_ms: 86_400_000,
        }
    }
}

/// What SyncML messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// XML.
    Xml,
    /// WBXML.
    Wbxml,
}

impl Encoding {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "application/vnd.syncml.dm+xml",
            Self::Wbxml => "application/vnd.syncml.dm+wbxml",
        }
    }
}

impl Application {
    pub(super) fn write(&self, w: &mut Writer, provider: &ProviderId, identity: &Identity) {
        characteristic(w, "APPLICATION", |w| {
            parm(w, "APPID", "w7");
            parm(w, "PROVIDER-ID", provider.as_str());
            parm(w, "NAME", &self.name);
            parm(w, "ADDR", &self.address);
            parm(w, "ServerList", &self.address);
            // Of the roles of the security model, all: an enterprise server.
            parm(w, "ROLE", "4294967295");
            parm(w, "CONNRETRYFREQ", &self.retry.count.to_string());
            parm(w, "INITIALBACKOFFTIME", &self.retry.first_ms.to_string());
            parm(w, "MAXBACKOFFTIME", &self.retry.longest_ms.to_string());
            flag(w, "BACKCOMPATRETRYDISABLED");
            parm(w, "DEFAULTENCODING", self.encoding.media_type());
            if let Some(subject) = &self.client_certificate_subject {
                let store = format!("My\\{}", identity.store.name());
                let criteria = format!("Subject={}&Stores={}", escaped(subject), escaped(&store));
                parm(w, "SSLCLIENTCERTSEARCHCRITERIA", &criteria);
            }
            if let Some(credential) = &self.server_credential {
                credential.write(w);
            }
            if let Some(credential) = &self.client_credential {
                credential.write(w);
            }
        });
    }
}

/// Everything but unreserved characters percent-encoded (RFC 3986 section 2.1).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(digit.into(), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn escapes() {
        assert_eq!(
            escaped("CN=a b,O=\"é&\""),
            "CN%3Da%20b%2CO%3D%22%C3%A9%26%22"
        );
        assert_eq!(escaped("My\\User"), "My%5CUser");
        assert_eq!(escaped("a-b_c.d~9"), "a-b_c.d~9");
    }
}
