//! The order of system calls behind an acknowledgement: the log of the database is synced, then the answer is written.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::apple_wire::uuid_of;
use crate::hostile_siege::Siege;
use crate::program::Program;

const ACKNOWLEDGEMENTS: usize = 5;

/// What a traced line means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The log of `state.db` is on disk.
    Synced,
    /// Bytes go to the device.
    Answered,
}

/// `strace` on a process; none where the system does not allow it.
fn trace(strace: &Program, pid: u32, file: &std::path::Path) -> Option<Child> {
    let mut tracer = Command::new(strace.file())
        .args([
            "-f",
            "-y",
            "-y",
            "-e",
            "trace=fdatasync,fsync,write,writev,sendto,sendmsg",
        ])
        .args(["-s", "0", "-p", &pid.to_string(), "-o"])
        .arg(file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(tracer.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    if line.contains("attached") {
        // Whatever else it says must not block it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        return Some(tracer);
    }
    tracer.wait().unwrap();
    assert!(line.contains("not permitted"), "{line}");
    println!("skipped: this system does not permit ptrace: {line}");
    None
}

/// The steps of a trace, in order. A call that was interrupted by another thread's counts when it returns.
fn steps(trace: &str) -> Vec<Step> {
    let mut syncing = BTreeSet::new();
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let sync = call.starts_with("fdatasync(") || call.starts_with("fsync(");
        if sync && call.contains("/state.db-wal>") {
            if call.contains("<unfinished") {
                syncing.insert(pid);
            } else if call.ends_with("= 0") {
                steps.push(Step::Synced);
            }
        } else if call.starts_with("<... f") && call.ends_with("= 0") && syncing.remove(pid) {
            steps.push(Step::Synced);
        } else if ["write(", "writev(", "sendto(", "sendmsg("]
            .iter()
            .any(|name| call.starts_with(name))
            && call.contains("<TCP")
        {
            steps.push(Step::Answered);
        }
    }
    steps
}

#[test]
fn steps_of_a_trace() {
    let trace = "\
7  fdatasync(9</d/state.db-wal>) = 0
8  sendto(12<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 30, MSG_NOSIGNAL, NULL, 0) = 30
7  fdatasync(9</d/state.db-wal> <unfinished ...>
8  fdatasync(9</d/exchanges.db-wal>) = 0
8  write(3<anon_inode:[eventfd]>, \"\"..., 8) = 8
7  <... fdatasync resumed>) = 0
8  writev(12<TCP:[127.0.0.1:1->127.0.0.1:2]>, [], 2 <unfinished ...>
8  <... writev resumed>) = 30
";
    let wanted = [Step::Synced, Step::Answered, Step::Synced, Step::Answered];
    assert_eq!(steps(trace), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_on_disk_before_its_answer_leaves() {
    let Some(strace) = Program::find("strace") else {
        return;
    };
    let siege = Siege::start().await;
    let id = siege.lab.id_of(&siege.device);
    for _ in 0..=ACKNOWLEDGEMENTS {
        siege.lab.queue(&id, &json!({ "type": "security_info" }));
    }
    let mut line = siege.device_line();
    let mut command = siege
        .connect_on(&mut line, siege.report("").as_bytes())
        .text();
    let file = siege.lab.server.folder().join("trace");
    let Some(mut tracer) = trace(&strace, siege.lab.server.pid(), &file) else {
        return;
    };
    for _ in 0..ACKNOWLEDGEMENTS {
        let keys = format!(
            "<key>CommandUUID</key><string>{}</string>",
            uuid_of(&command)
        );
        let report = siege.report(&keys).replace("Idle", "Acknowledged");
        let answer = siege.connect_on(&mut line, report.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        command = answer.text();
    }
    let stop = Command::new("kill")
        .args(["-INT", &tracer.id().to_string()])
        .status();
    assert!(stop.unwrap().success());
    tracer.wait().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let steps = steps(&text);
    let mut answers = 0;
    let mut synced = false;
    for step in &steps {
        match step {
            Step::Synced => synced = true,
            Step::Answered => {
                assert!(
                    synced,
                    "an answer left before its state was on disk: {steps:?}\n{text}"
                );
                answers += 1;
                synced = false;
            }
        }
    }
    assert_eq!(answers, ACKNOWLEDGEMENTS, "{text}");
}
