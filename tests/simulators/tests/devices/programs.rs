//! Programs of this machine.

use std::path::Path;
use std::process::Command;

/// Runs OpenSSL's command in a folder; arguments are split at blanks.
pub(crate) fn openssl(folder: &Path, arguments: &str) -> Result<String, String> {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said + &String::from_utf8_lossy(&output.stderr))
    }
}

/// A root (`root.pem`), a server's leaf for `localhost` (`leaf.pem`, `leaf.key`) and a device's identity
/// (`device.p12`, password `p & w`), all made by OpenSSL's command.
pub(crate) fn certificates(folder: &Path, legacy: bool) {
    let run = |arguments: &str| openssl(folder, arguments).unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!(
        "req -x509 {key} -keyout root.key -out root.pem -subj /CN=Root -days 30"
    ));
    std::fs::write(
        folder.join("leaf.ext"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n",
    )
    .unwrap();
    run(&format!(
        "req {key} -keyout leaf.key -out leaf.csr -subj /CN=localhost"
    ));
    run(
        "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -days 30 -extfile leaf.ext -out leaf.pem",
    );
    std::fs::write(folder.join("device.ext"), "extendedKeyUsage=clientAuth\n").unwrap();
    run("req -newkey rsa:2048 -nodes -keyout device.key -out device.csr -subj /CN=Device");
    run(
        "x509 -req -in device.csr -CA root.pem -CAkey root.key -days 30 -extfile device.ext -out device.pem",
    );
    let old = if legacy {
        " -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1"
    } else {
        ""
    };
    std::fs::write(folder.join("password"), "p & w").unwrap();
    run(&format!(
        "pkcs12 -export -in device.pem -inkey device.key -out device.p12 -passout file:password{old}"
    ));
}
