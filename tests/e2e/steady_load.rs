//! Many requests at once, sent by h2load: every one is answered. How fast is measured elsewhere.

use crate::environment::Environment;
use crate::program::Program;

/// Everything was answered, and nothing by an error.
fn all_answered(program: &Program, arguments: &[&str], url: &str) {
    let load = ["-n", "3000", "-c", "24", "-t", "2"];
    let ran = program
        .with(load.iter().chain(arguments).chain([&url]))
        .run()
        .ok();
    ran.says("3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout")
        .says("status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx");
}

#[test]
fn http_2_over_tls() {
    let Some(program) = Program::find("h2load") else {
        return;
    };
    let env = Environment::ephemeral();
    for (arguments, path) in [
        (&["-m", "16"][..], "/trust/ping"),
        (&["-m", "1"][..], "/scep?operation=GetCACert"),
        (&["--h1"][..], "/trust/root.mobileconfig"),
    ] {
        all_answered(&program, arguments, &format!("{}{path}", env.device_url()));
    }
}

#[test]
fn http_1_in_the_clear() {
    let Some(program) = Program::find("h2load") else {
        return;
    };
    let env = Environment::ephemeral();
    for path in ["/trust/ping", "/pki/crl", "/scep?operation=GetCACaps", "/"] {
        all_answered(
            &program,
            &["--h1"],
            &format!("{}{path}", env.bootstrap_url()),
        );
    }
}
