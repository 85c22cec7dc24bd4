//! The login page of a federated enrollment ([MS-MDE2] 3.2): it opens inside Windows, asks for a code or a password, and posts what lets the
//! device in back to Windows. It must work in old browsers, so it needs no script: the button does the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, header};
use mdm_core::ports::Ids as _;
use mdm_core::service::enrollment::NotAdmitted;
use ring::digest::{SHA256, digest};

use super::WindowsRefused;
use super::ticket::{Bearer, kept_name, login_token};
use crate::devices::{Asked, Devices, Knowledge, crypto, escape, page};
use crate::digest::challenge_id;
use crate::edge::{Query, QueryError};
use crate::respond::{Failure, Reply};

/// The longest address that is posted to, in bytes. Windows sends some 100.
const LONGEST_ADDRESS: usize = 1024;
/// All that runs on the page.
const SUBMIT: &str = "document.forms[0].submit()";

/// What the page is opened with, or what its form says.
#[derive(Debug, PartialEq, Eq)]
struct Login {
    /// Where Windows waits: an `ms-app://` address.
    app: String,
    /// The name, as far as it is known.
    user: Option<String>,
    /// The code that was typed.
    code: Option<String>,
}

impl Devices {
    /// The page, its form, and the way back to Windows.
    pub(crate) async fn windows_login(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        "windows login page".clone_into(&mut known.operation);
        if asked.head.method == Method::GET {
            let login = Login::opened(asked.head.uri.query())?;
            return Ok(self.login_page(&login, None));
        }
        "windows login".clone_into(&mut known.operation);
        let login = Login::posted(asked.body)?;
        let upn = login.user.as_deref().and_then(kept_name);
        let bearer = match self.typed_bearer(&login, upn).await {
            Ok(bearer) => bearer,
            // Windows ends the login on any status but 200, and nobody could correct the code.
            Err(failure @ Failure::NotAdmitted(NotAdmitted::Code(_) | NotAdmitted::Ticket(_))) => {
                self.tell(&failure, asked, known).await;
                return Ok(self.login_page(&login, Some(&failure.explain())));
            }
            Err(failure) => return Err(failure),
        };
        known.scope = bearer.admission.scope;
        known.reality = bearer.admission.reality;
        let token = login_token(&self.server.ids.secret(), bearer.upn.as_deref());
        let id = challenge_id(&token).ok_or_else(|| Failure::Crypto {
            doing: "making a login token",
            cause: "its digest is unusable".to_owned(),
        })?;
        self.server
            .services
            .windows_login(&bearer.ticket, self.server.config.open_enrollment, &id)
            .await?;
        way_back(&login.app, &token)
    }

    async fn typed_bearer(&self, login: &Login, upn: Option<String>) -> Result<Bearer, Failure> {
        let secret = login.code.as_deref().unwrap_or_default();
        let ticket = self.typed_ticket(upn.as_deref(), secret).await?;
        self.let_in(ticket, upn).await
    }

    fn login_page(&self, login: &Login, complaint: Option<&str>) -> Reply {
        let complaint = complaint
            .map(|text| format!("<p class=warn role=alert>{}", escape(text)))
            .unwrap_or_default();
        let required = if self.server.config.open_enrollment {
            ""
        } else {
            " required"
        };
        let body = format!(
            "<h1>{organization}</h1><p class=warn>A test server. Enroll only devices of your lab.</p>{complaint}\
             <form action=\"/EnrollmentServer/Login\" method=post>\
             <input type=hidden name=appru value=\"{app}\">\
             <p><label>User name <input name=user value=\"{user}\" autocomplete=off></label>\
             <p><label>Enrollment code or password <input name=code autocomplete=off{required}></label>\
             <p><button>Enroll</button></form>",
            organization = escape(&self.server.config.organization),
            app = escape(&login.app),
            user = escape(login.user.as_deref().unwrap_or_default()),
        );
        page("Enroll", &body)
    }
}

/// Posts the token to Windows, by itself or by the button.
fn way_back(app: &str, token: &str) -> Result<Reply, Failure> {
    let body = format!(
        "<h1>Enroll</h1><form action=\"{app}\" method=post><input type=hidden name=wresult value=\"{token}\">\
         <p><button>Continue</button></form><script>{SUBMIT}</script>",
        app = escape(app),
        token = escape(token),
    );
    let mut reply = page("Enroll", &body);
    let hash = STANDARD.encode(digest(&SHA256, SUBMIT.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; form-action ms-app:; base-uri 'none'"
    );
    let policy = HeaderValue::from_str(&policy).map_err(|e| crypto("writing a login page", &e))?;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(reply)
}

impl Login {
    /// What the query of the page says. Parts of it are percent-encoded.
    fn opened(query: Option<&str>) -> Result<Self, Failure> {
        let query = Query::new(query);
        let get = |name| query.get(name).map_err(|e| unreadable(&e));
        Self::checked(
            get("appru")?.map(Into::into),
            get("login_hint")?.map(Into::into),
            None,
        )
    }

    /// What the form says, in which a space is `+` (HTML, `application/x-www-form-urlencoded`).
    fn posted(body: &[u8]) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(body).replace('+', "%20");
        let form = Query::new(Some(&text));
        let get = |name| form.get(name).map_err(|e| unreadable(&e));
        Self::checked(
            get("appru")?.map(Into::into),
            get("user")?.map(Into::into),
            get("code")?.map(Into::into),
        )
    }

    /// The token goes to Windows and nowhere else: whoever made the link to this page could else collect it.
    fn checked(
        app: Option<String>,
        user: Option<String>,
        code: Option<String>,
    ) -> Result<Self, Failure> {
        let app = app.ok_or(WindowsRefused::ReturnAddress("is missing"))?;
        let scheme = app.get(..9).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("ms-app://") {
            return Err(WindowsRefused::ReturnAddress("is no ms-app:// address").into());
        }
        if app.len() > LONGEST_ADDRESS || !app.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WindowsRefused::ReturnAddress(
                "is longer than 1024 bytes, or not printable ASCII without space",
            )
            .into());
        }
        Ok(Self { app, user, code })
    }
}

fn unreadable(error: &QueryError) -> Failure {
    Failure::Malformed {
        what: "the form",
        detail: error.to_string(),
        limit: None,
    }
}

/// Reads a form as the login page does, and does nothing with it; for fuzzing.
#[doc(hidden)]
pub fn read_form(body: &[u8]) -> bool {
    Login::posted(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_windows_is_posted_to() {
        for (query, outcome) in [
            (
                "appru=ms-app%3A%2F%2Fs-1-15-2&login_hint=ada%40lab.example",
                "ms-app://s-1-15-2",
            ),
            ("appru=MS-APP://x", "MS-APP://x"),
            ("", "`appru` is missing"),
            (
                "appru=https://evil.example/",
                "`appru` is no ms-app:// address",
            ),
            (
                "appru=javascript:alert(1)",
                "`appru` is no ms-app:// address",
            ),
            ("appru=%20ms-app://x", "`appru` is no ms-app:// address"),
            ("appru=ms-app:", "`appru` is no ms-app:// address"),
            (
                "appru=ms-app://x%20y",
                "`appru` is longer than 1024 bytes, or not printable ASCII without space",
            ),
            (
                "appru=ms-app://x&appru=ms-app://y",
                "the form cannot be understood: query parameter `appru` is given twice",
            ),
        ] {
            let found = match Login::opened(Some(query)) {
                Ok(login) => login.app,
                Err(failure) => failure.to_string(),
            };
            assert_eq!(found, outcome, "{query}");
        }
    }

    #[test]
    fn a_form_is_read() {
        let login = Login::posted(b"appru=ms-app%3a%2f%2fx&user=Ada+L%2B&code=ab+cd").unwrap();
        assert_eq!(login.user.as_deref(), Some("Ada L+"));
        assert_eq!(login.code.as_deref(), Some("ab cd"));
        assert!(Login::posted(b"appru=%ff").is_err());
    }

    #[tokio::test]
    async fn the_way_back_is_escaped_and_runs_one_script() {
        use http_body_util::BodyExt as _;
        let reply = way_back("ms-app://x\"><b>", "t\"&<.\u{e9}").unwrap();
        let policy = reply.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("form-action ms-app:"), "{policy}");
        assert!(reply.headers().get("x-frame-options").is_none());
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(
            text.contains(
                "<form action=\"ms-app://x&quot;&gt;&lt;b&gt;\" method=post>\
                 <input type=hidden name=wresult value=\"t&quot;&amp;&lt;.\u{e9}\">"
            ),
            "{text}"
        );
    }
}
