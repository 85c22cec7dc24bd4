//! What counts where nobody says anything.

use mdm_daemon::config::{Config, RevokedIdentity, Strict};

use super::env::Environment;
use super::layer::{Given, Layer, Origin};

/// The defaults. What follows from the machine comes from `environment`.
pub(crate) fn layer(environment: &Environment) -> Layer {
    let name = environment
        .hostname
        .as_ref()
        .map_or_else(|| "localhost".to_owned(), |host| format!("{host}.local"));
    let minutes = Config::CLOCK_TOLERANCE.as_secs() / 60;
    let mut defaults = vec![
        ("name", name),
        ("bootstrap", "0.0.0.0:8480".to_owned()),
        ("listen", "0.0.0.0:8443".to_owned()),
        ("mtls", "0.0.0.0:8444".to_owned()),
        ("admin", "127.0.0.1:8481".to_owned()),
        ("strict", Strict::default().as_str().to_owned()),
        (
            "revoked_identity",
            RevokedIdentity::default().as_str().to_owned(),
        ),
        ("clock_tolerance", format!("{minutes}m")),
        ("organization", Config::ORGANIZATION.to_owned()),
        ("scope", "default".to_owned()),
    ];
    if let Some(data) = &environment.data_dir {
        defaults.push(("data", data.display().to_string()));
    }
    defaults
        .into_iter()
        .map(|(key, value)| {
            (
                key,
                Given {
                    values: vec![value],
                    origin: Origin::Default,
                },
            )
        })
        .collect()
}
