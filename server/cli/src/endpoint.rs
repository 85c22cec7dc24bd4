//! Which server a command talks to.

use std::fs;
use std::path::{Path, PathBuf};

use mdm_daemon::ready::Ready;

use crate::client::Client;
use crate::config::Resolved;
use crate::failure::Failure;

/// The client for the server named by `--server`, else for the one that runs on the data directory. The token of the
/// data directory is sent only to the server that made it.
pub(crate) fn client(resolved: &Resolved) -> Result<Client, Failure> {
    let token = resolved.text("token");
    if let Some(url) = resolved.text("server") {
        return Client::new(url, token);
    }
    let data = PathBuf::from(resolved.text("data").unwrap_or("."));
    let ready = ready(&data)?;
    match token {
        Some(token) => Client::new(&ready.admin_url, Some(token)),
        None => Client::new(
            &ready.admin_url,
            fs::read_to_string(&ready.token_file).ok().as_deref(),
        ),
    }
}

fn ready(data: &Path) -> Result<Ready, Failure> {
    Ready::read(&data.join(Ready::FILE))?.ok_or_else(|| Failure::NoServer {
        data: data.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::{Given, Layer, Origin};

    fn resolved(values: &[(&'static str, &str)]) -> Resolved {
        let layer: Layer = values
            .iter()
            .map(|(key, value)| {
                (
                    *key,
                    Given {
                        values: vec![(*value).to_owned()],
                        origin: Origin::Default,
                    },
                )
            })
            .collect();
        Resolved::new(vec![layer], Layer::new()).unwrap()
    }

    #[test]
    fn named_or_found() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().to_str().unwrap();
        let told = client(&resolved(&[("data", data)])).unwrap_err();
        assert_eq!(
            told.to_string(),
            format!("no server is running on the data directory `{data}`")
        );
        let ready = Ready {
            bootstrap_url: None,
            device_url: "https://lab.local:8443".to_owned(),
            mtls_url: None,
            verify_url: None,
            admin_url: "http://127.0.0.1:18481".to_owned(),
            imaps: None,
            smtps: None,
            ca_file: directory.path().join("ca.pem"),
            token_file: directory.path().join("token"),
            pid: 1,
        };
        ready.write(&directory.path().join(Ready::FILE)).unwrap();
        assert_eq!(
            client(&resolved(&[("data", data)])).unwrap().base(),
            "http://127.0.0.1:18481"
        );
        let named = resolved(&[("data", data), ("server", "http://lab:1/")]);
        assert_eq!(client(&named).unwrap().base(), "http://lab:1");
    }
}
