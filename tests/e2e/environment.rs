//! A server of its own for each story: the real binary, in a process of its own, on ports the system chose.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{self, Answer};
use crate::program::{Program, Ran};

/// How long a server may take to start or to stop. Starting makes RSA keys, which is slow on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at something that only the file system or the kernel can tell.
const LOOK: Duration = Duration::from_millis(10);

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Its data outlives the process, so that it can be started again.
    pub(crate) kept: bool,
    /// More arguments of `mockmdm serve`.
    pub(crate) arguments: Vec<String>,
    /// More variables of its environment.
    pub(crate) variables: Vec<(String, String)>,
}

impl Options {
    /// With these arguments.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// With data that outlives the process.
    pub(crate) fn kept() -> Self {
        Self {
            kept: true,
            ..Self::default()
        }
    }
}

/// A running server and a temporary directory, both gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Environment {
    folder: TempDir,
    options: Options,
    child: Child,
    /// What the server wrote when it was ready.
    ready: Value,
    token: String,
}

impl Environment {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = spawn(folder.path(), &options, None);
        let ready = wait_until_ready(folder.path(), &mut child);
        let token = read_token(&ready);
        Self {
            folder,
            options,
            child,
            ready,
            token,
        }
    }

    /// An ephemeral server.
    pub(crate) fn ephemeral() -> Self {
        Self::start(Options::default())
    }

    /// The directory of the story. Server's data, where kept, is in `data` below it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new, empty directory.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    }

    /// Plain HTTP.
    pub(crate) fn bootstrap_url(&self) -> String {
        self.url("bootstrap_url")
    }

    /// HTTPS.
    pub(crate) fn device_url(&self) -> String {
        self.url("device_url")
    }

    /// HTTPS with client certificates.
    pub(crate) fn mtls_url(&self) -> String {
        self.url("mtls_url")
    }

    /// The admin API.
    pub(crate) fn admin_url(&self) -> String {
        self.url("admin_url")
    }

    fn url(&self, key: &str) -> String {
        self.ready[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key}: {}", self.ready))
            .to_owned()
    }

    /// The admin token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The root certificate, PEM.
    pub(crate) fn ca_file(&self) -> PathBuf {
        PathBuf::from(self.url("ca_file"))
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the server wrote to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap()
    }

    /// Asks the admin API, with its token. A body that is not JSON comes back as a string.
    pub(crate) fn api(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", authorization.as_str())];
        let body = body.map(ToString::to_string);
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        let bytes = body.unwrap_or_default();
        let answer = http::send(method, &self.admin_url(), path, &headers, bytes.as_bytes());
        let value =
            serde_json::from_slice(&answer.body).unwrap_or_else(|_| Value::String(answer.text()));
        (answer.status, value)
    }

    /// The same, where anything but success fails the story.
    #[track_caller]
    pub(crate) fn api_ok(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, value) = self.api(method, path, body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {value:#}"
        );
        value
    }

    /// Waits, at the server, until `query` matches, such as `kind=certificate.issued&since=0`.
    #[track_caller]
    pub(crate) fn wait(&self, query: &str) -> Value {
        let value = self.api_ok("GET", &format!("/api/v1/wait?{query}"), None);
        assert_eq!(value["matched"], true, "nothing matched {query}: {value:#}");
        value
    }

    /// A new enrollment code.
    #[track_caller]
    pub(crate) fn code(&self, simulated: bool) -> String {
        let minted = self.api_ok(
            "POST",
            "/api/v1/codes",
            Some(&json!({ "simulated": simulated })),
        );
        minted["code"]
            .as_str()
            .unwrap_or_else(|| panic!("{minted}"))
            .to_owned()
    }

    /// Creates or changes a profile, given as it is written in a file.
    #[track_caller]
    pub(crate) fn put_profile(&self, toml: &str) -> Value {
        let profile: Value = toml::from_str(toml).unwrap();
        let id = profile["id"]
            .as_str()
            .expect("a profile has an id")
            .to_owned();
        self.api_ok("PUT", &format!("/api/v1/profiles/{id}"), Some(&profile))
    }

    /// The address of a one-time link to a profile, for this user.
    #[track_caller]
    pub(crate) fn link(&self, profile: &str, user: &Value) -> String {
        let minted = self.api_ok(
            "POST",
            "/api/v1/links",
            Some(&json!({ "profile": profile, "user": user })),
        );
        minted["url"]
            .as_str()
            .unwrap_or_else(|| panic!("{minted}"))
            .to_owned()
    }

    /// All events so far.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self.api_ok(
                "GET",
                &format!("/api/v1/events?since={}&limit=1000", all.len()),
                None,
            );
            let items = page["items"]
                .as_array()
                .unwrap_or_else(|| panic!("{page}"))
                .clone();
            if items.is_empty() {
                return all;
            }
            all.extend(items);
        }
    }

    /// The events of one kind.
    #[track_caller]
    pub(crate) fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events()
            .into_iter()
            .filter(|event| event["kind"] == kind)
            .collect()
    }

    /// Asks the bootstrap listener.
    pub(crate) fn bootstrap(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        http::send(method, &self.bootstrap_url(), path, &[], body)
    }

    /// Fetches over HTTPS with curl, which trusts our root and nothing else.
    pub(crate) fn curl(&self, arguments: &[&str]) -> Ran {
        let curl = Program::find("curl").expect("curl");
        let ca = self.ca_file();
        let own = ["--silent", "--show-error", "--cacert", ca.to_str().unwrap()];
        curl.with(own.iter().chain(arguments)).run()
    }

    /// Ends the process in order and starts another on the same data, at the same addresses.
    pub(crate) fn restart(&mut self) {
        self.sigterm();
        self.start_again();
    }

    /// Ends the process at once, as a power failure would, and starts another on the same data.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.start_again();
    }

    /// Starts another process on the data of one that ended.
    pub(crate) fn start_again(&mut self) {
        assert!(
            self.options.kept,
            "an ephemeral server leaves nothing to start again with"
        );
        let _ = fs::remove_file(self.folder.path().join("ready.json"));
        self.child = spawn(self.folder.path(), &self.options, Some(&self.ready));
        self.ready = wait_until_ready(self.folder.path(), &mut self.child);
        self.token = read_token(&self.ready);
    }

    /// Asks the process to stop, and waits until it did.
    pub(crate) fn sigterm(&mut self) -> ExitStatus {
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -TERM {}", self.child.id()))
            .status();
        assert!(sent.unwrap().success(), "the process was gone before");
        let child = &mut self.child;
        until("the server to stop", || child.try_wait().unwrap())
    }

    /// Resident memory of the process, KiB.
    pub(crate) fn rss_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("--- what the server wrote:\n{}", self.log());
        }
        if !self.options.kept
            && let Some(data) = self.ca_file().parent()
        {
            // An ephemeral server that was killed leaves its directory.
            let _ = fs::remove_dir_all(data);
        }
    }
}

/// Looks until there is something to see; the only place where a story polls.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(LOOK);
    }
}

fn spawn(folder: &Path, options: &Options, before: Option<&Value>) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mockmdm"));
    command
        .arg("serve")
        .arg("--ready-file")
        .arg(folder.join("ready.json"));
    if options.kept {
        command
            .args(["--name", "localhost", "--data"])
            .arg(folder.join("data"));
        for (flag, key) in [
            ("bootstrap", "bootstrap_url"),
            ("listen", "device_url"),
            ("mtls", "mtls_url"),
            ("admin", "admin_url"),
        ] {
            let port = before.and_then(|ready| ready[key].as_str()?.rsplit(':').next());
            command
                .arg(format!("--{flag}"))
                .arg(format!("127.0.0.1:{}", port.unwrap_or("0")));
        }
    } else {
        command.arg("--ephemeral");
    }
    command
        .args(&options.arguments)
        // Neither the configuration of whoever runs the tests nor a file in the current directory counts.
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .envs(options.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().unwrap()
}

fn wait_until_ready(folder: &Path, child: &mut Child) -> Value {
    let log = || fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    let file = folder.join("ready.json");
    until("the server to start", || {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("the server did not start ({status}):\n{}", log());
        }
        fs::read(&file)
            .ok()
            .map(|text| serde_json::from_slice(&text).unwrap())
    })
}

fn read_token(ready: &Value) -> String {
    let file = ready["token_file"].as_str().unwrap();
    fs::read_to_string(file).unwrap().trim().to_owned()
}
