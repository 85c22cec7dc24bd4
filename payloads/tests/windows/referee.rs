//! Plans judged by a reader that shares nothing with the checks here: Python, with the same table of facts.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use mdm_payloads::windows::Plan;
use serde_json::{Value, json};

use crate::sample::{
    compiled, compiled_on_phone, exchange, mail, phone_exchange, pkcs, scep, trusted, with,
};

/// Reads a plan, says what the table does not allow.
const SCRIPT: &str = r#"
import base64, json, re, sys
from urllib.parse import unquote
table = json.load(open(sys.argv[1], encoding="utf-8"))
nodes = []
for provider in table.values():
    for node in provider:
        parts = [r"[^/]+" if p.startswith("{") else re.escape(p) for p in node["path"].split("/")]
        nodes.append((sum(not p.startswith("{") for p in node["path"].split("/")), re.compile("/".join(parts)), node))
nodes.sort(key=lambda item: -item[0])
def find(uri):
    return next((n for _, pattern, n in nodes if pattern.fullmatch(uri)), None)
wrong = []
def judge(operation, within_atomic):
    verb, uri = operation["verb"].capitalize(), unquote(operation["uri"])
    node = find(uri)
    if node is None:
        return wrong.append(uri + ": no such node")
    if verb not in node["access"]:
        wrong.append(uri + ": " + verb)
    if within_atomic and verb == "Get":
        wrong.append(uri + ": Get within Atomic")
    if verb in ("Add", "Replace"):
        above = [find(uri.rsplit("/", n)[0]) for n in range(0, uri.count("/") - 2)]
        if not within_atomic and any(n and n.get("atomic_required") for n in above):
            wrong.append(uri + ": outside Atomic")
    if verb not in ("Add", "Replace", "Exec"):
        return
    if operation["format"] != node["format"]:
        wrong.append(uri + ": format " + str(operation["format"]))
    data = operation["data"]
    value = None if data is None else next(iter(data.values()))
    if (value is None) != (node["format"] in ("node", "null")):
        wrong.append(uri + ": value or none")
    if value is None:
        return
    allowed = node.get("allowed", {"type": "None"})
    kind = allowed["type"]
    if kind == "ENUM" and value not in allowed["enum"]:
        wrong.append(uri + ": " + value)
    if kind == "Range":
        low, high = re.fullmatch(r"\[\(?(-?\d+)\)?-(\d+)\]", allowed["value"]).groups()
        if not int(low) <= int(value) <= int(high):
            wrong.append(uri + ": " + value)
    if kind == "RegEx" and not re.fullmatch(allowed["value"], value):
        wrong.append(uri + ": " + value)
    if kind == "Flag" and int(value, 0) & ~sum({int(v, 0) for v in allowed["enum"]} - {0xFFFFFFFF}):
        wrong.append(uri + ": " + value)
    if node["format"] in ("b64", "bin"):
        base64.b64decode(value, validate=True)
    if node["format"] == "int":
        int(value)
plan = json.load(sys.stdin)
account = re.compile(r"\./User/Vendor/MSFT/(?:ActiveSync/Accounts|EMAIL2)/(\{[^/]*\})(?:/.*)?")
for name in ("install", "update", "remove"):
    for unit in plan[name]:
        for operation in unit.get("atomic") or [unit["single"]]:
            judge(operation, "atomic" in unit)
            named = account.fullmatch(unquote(operation["uri"]))
            if named and not re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", named.group(1)):
                wrong.append(operation["uri"] + ": name")
reads = [item["uri"] for item in plan["read_back"]]
if plan["wait"]:
    reads += [plan["wait"][k] for k in ("status", "error_code", "thumbprint") if plan["wait"][k]]
for uri in reads:
    judge({"verb": "get", "uri": uri}, False)
print(json.dumps(wrong))
"#;

fn judged(plan: &Value) -> Vec<String> {
    let table = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/windows-csp/nodes.json"
    );
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT, table])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for this test");
    let text = serde_json::to_vec(plan).unwrap();
    python.stdin.take().unwrap().write_all(&text).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{plan}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn written(plan: &Plan) -> Value {
    serde_json::to_value(plan).unwrap()
}

#[test]
fn python_agrees() {
    let everything = json!({ "duration_of_email_to_sync": "three_months", "sync_interval": 60, "largest_attachment": 25,
        "message_size": 51200, "keep_deleted_on_server": false, "cellular_only": true });
    for plan in [
        compiled(exchange()),
        compiled(with(
            exchange(),
            json!({ "username_source": "sam_account_name", "duration_of_email_to_sync": "unlimited", "email_sync_schedule": "manual" }),
        )),
        compiled(with(mail(), everything)),
        compiled(trusted("windows10")),
        compiled(scep("windows10")),
        compiled(with(
            scep("windows10"),
            json!({ "certificate_store": "machine", "key_storage_provider": "use_passport_for_work_ksp_otherwise_fail" }),
        )),
        compiled(pkcs()),
        compiled(with(
            pkcs(),
            json!({ "key_storage_provider": "use_software_ksp" }),
        )),
        compiled_on_phone(phone_exchange()),
        compiled_on_phone(trusted("windowsphone81")),
        compiled_on_phone(scep("windowsphone81")),
    ] {
        assert_eq!(judged(&written(&plan)), [""; 0], "{}", plan.node);
    }
}

/// The referee can say no.
#[test]
fn python_disagrees() {
    let good = written(&compiled(exchange()));
    for (pointer, value, expected) in [
        ("/install/0/atomic/1/verb", "exec", ": Exec"),
        ("/install/0/atomic/1/format", "int", ": format int"),
        ("/install/0/atomic/6/data/text", "2", ": 2"),
        (
            "/remove/0/single/uri",
            "./User/Vendor/MSFT/ActiveSync/Nothing",
            ": no such node",
        ),
    ] {
        let mut plan = good.clone();
        *plan.pointer_mut(pointer).unwrap() = value.into();
        let wrong = judged(&plan);
        assert!(
            wrong.first().is_some_and(|text| text.ends_with(expected)),
            "{wrong:?}"
        );
    }
}
