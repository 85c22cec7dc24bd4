//! What a person meets before the device trusts us: two small pages, the root, the trust profile.

use http::{HeaderValue, StatusCode, header};
use mdm_apple::service_config::ServiceConfig;

use super::enroll::profile;
use super::handler::{Asked, Devices, Knowledge};
use crate::respond::{Failure, Reply, apple, whole};

/// Nothing on these pages runs, and nothing is loaded from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'";

impl Devices {
    /// `/`: trust first.
    pub(super) fn landing(&self, asked: Asked<'_>) -> Reply {
        let server = &self.server;
        let query = crate::edge::Query::new(asked.head.uri.query());
        let enroll = match query.get("code").ok().flatten() {
            Some(code) => format!("{}/enroll?code={}", server.urls.device, code),
            None => format!("{}/enroll", server.urls.device),
        };
        let root = server.pki.authority();
        let body = format!(
            "<h1>{organization}</h1><p class=warn>A test server. Install this only on devices of your lab.</p>\
             <h2>iPhone, iPad</h2><ol>\
             <li>Open this page in Safari and <a href=\"/trust/root.mobileconfig\">download the trust profile</a>.\
             <li>Install it: Settings &rsaquo; General &rsaquo; VPN &amp; Device Management.\
             <li>Switch on full trust: Settings &rsaquo; General &rsaquo; About &rsaquo; Certificate Trust Settings.\
             <li><a href=\"{enroll}\">Enroll</a>. If that page does not open, step 3 is missing, or the name \
             <code>{name}</code> does not resolve in this network.</ol>\
             <h2>Mac</h2><ol><li><a href=\"/trust/root.mobileconfig\">Download the trust profile</a> and install it in \
             System Settings &rsaquo; General &rsaquo; Device Management.<li><a href=\"{enroll}\">Enroll</a>.</ol>\
             <h2>Windows</h2><ol><li>Download the <a href=\"/trust/root.der\">root certificate</a>, compare its thumbprint, and install it: \
             <em>Local Machine</em>, then <em>Trusted Root Certification Authorities</em>.\
             <li><a href=\"{device}/enroll/windows\">Enroll</a>.</ol>\
             <h2>Others</h2><p>The root certificate: <a href=\"/trust/root.der\">DER</a>, <a href=\"/trust/root.pem\">PEM</a>.\
             <p>Compare its SHA-256 with what the server printed: <code class=hash>{hash}</code>",
            organization = escape(&server.config.organization),
            enroll = escape(&enroll),
            device = escape(&server.urls.device),
            name = escape(&server.advertised.name),
            hash = root.fingerprint(),
        );
        page("Trust this lab", &body)
    }

    /// `/enroll`: the code, then the profile.
    pub(super) fn enroll_page(&self, asked: Asked<'_>) -> Reply {
        let query = crate::edge::Query::new(asked.head.uri.query());
        let code = query.get("code").ok().flatten().unwrap_or_default();
        let field = if self.server.config.open_enrollment {
            "<p>This server enrolls devices without a code.".to_owned()
        } else {
            format!(
                "<label>Enrollment code <input name=code value=\"{}\" autocapitalize=characters autocomplete=off required></label>",
                escape(&code)
            )
        };
        let body = format!(
            "<h1>Enroll</h1><p>This page opened, so the device trusts the lab and reaches it.\
             <form action=\"/enroll/apple\" method=get>{field}<p><button>Download the enrollment profile</button></form>\
             <p>Then install it: Settings &rsaquo; General &rsaquo; VPN &amp; Device Management. It gives the lab no right \
             to erase or lock the device unless the server was started with that permission; such rights cannot be \
             added later, only by enrolling again.",
        );
        page("Enroll", &body)
    }

    pub(super) async fn root_der(&self, asked: Asked<'_>, known: &mut Knowledge) -> Reply {
        self.trust_fetched(asked, known, "root certificate").await;
        let der = self.server.pki.authority().certificate_der().to_vec();
        whole(StatusCode::OK, "application/x-x509-ca-cert", der)
    }

    pub(super) async fn root_pem(&self, asked: Asked<'_>, known: &mut Knowledge) -> Reply {
        self.trust_fetched(asked, known, "root certificate").await;
        whole(
            StatusCode::OK,
            "application/x-pem-file",
            self.server.pki.authority().certificate_pem(),
        )
    }

    pub(super) async fn trust_profile(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        self.trust_fetched(asked, known, "trust profile").await;
        Ok(profile("trust", self.enrollments.trust()?))
    }

    /// Succeeds only where the device trusts our TLS certificate.
    pub(super) fn trust_ping() -> Reply {
        let mut reply = whole(StatusCode::OK, "application/json", "{\"trusted\":true}");
        reply.headers_mut().insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        reply
    }

    pub(super) fn crl(&self) -> Reply {
        whole(
            StatusCode::OK,
            "application/pkix-crl",
            self.server.pki.crl().to_vec(),
        )
    }

    /// Apple Configurator's discovery.
    pub(super) fn service_config(&self) -> Reply {
        let device = &self.server.urls.device;
        apple(
            ServiceConfig {
                dep_enrollment_url: None,
                dep_anchor_certs_url: None,
                trust_profile_url: Some(format!("{device}/trust/root.mobileconfig")),
            }
            .answer(),
        )
    }

    async fn trust_fetched(&self, asked: Asked<'_>, known: &mut Knowledge, what: &'static str) {
        known.operation = format!("trust {what}");
        self.announcer
            .trust_fetched(what, asked.conn, &known.scope)
            .await;
    }
}

/// A page of ours.
pub(crate) fn page(title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>:root{{color-scheme:light dark}}body{{font:1.1em system-ui,sans-serif;\
         max-width:40em;margin:1em auto;padding:0 1em;line-height:1.5}}.warn{{border-left:.3em solid #c60;\
         padding-left:.7em}}.hash{{overflow-wrap:anywhere}}button,input{{font:inherit;padding:.4em}}</style><main>{body}</main></html>\n"
    );
    let mut reply = whole(StatusCode::OK, "text/html; charset=utf-8", html);
    let headers = reply.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    reply
}

/// Text inside HTML, in content and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                other => out.push(other),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(
            escape("<a b=\"c\">&'\u{e9}"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{e9}"
        );
    }
}
