//! What answers come to.

use mdm_payloads::windows::{NodeOp, Scope, StatusMeaning, Unit};

use super::*;
use crate::session::Sent;
use crate::work::Otherwise;

fn work() -> Work {
    let atomic = Unit::Atomic(vec![NodeOp::add_node("./a"), NodeOp::exec("./a/b")]);
    Work {
        scope: Scope::Device,
        asks: vec![Ask::Unit(atomic)],
        otherwise: Some(Otherwise {
            on: 418,
            asks: vec![Ask::get("./a")],
        }),
        wait: None,
        read_back: Vec::new(),
        questions: false,
        repeatable: true,
        findings: Vec::new(),
    }
}

fn wait() -> Wait {
    Wait {
        status: "./a/Status".into(),
        meaning: StatusMeaning::Scep,
        error_code: Some("./a/ErrorCode".into()),
        thumbprint: "./a/CertThumbprint".into(),
    }
}

fn asked(number: u32, verb: &str, uri: Option<&str>, code: Option<u16>) -> Asked {
    Asked {
        number,
        verb: verb.to_owned(),
        uri: uri.map(str::to_owned),
        children: Vec::new(),
        answer: NodeAnswer {
            code,
            ..NodeAnswer::default()
        },
    }
}

/// A group and its two children, with these codes.
fn run(codes: [Option<u16>; 3]) -> Running {
    let mut run = Running::new("c-1".parse().unwrap());
    run.next = 1;
    let [group, add, exec] = codes;
    let mut atomic = asked(2, "Atomic", None, group);
    atomic.children = vec![
        asked(3, "Add", Some("./a"), add),
        asked(4, "Exec", Some("./a/b"), exec),
    ];
    run.sent.push(Sent {
        message: 1,
        asked: atomic,
    });
    run
}

fn code(verdict: &Verdict) -> (&'static str, Vec<i64>) {
    match verdict {
        Verdict::Open => ("open", vec![]),
        Verdict::Done => ("done", vec![]),
        Verdict::Otherwise => ("otherwise", vec![]),
        Verdict::Wait => ("wait", vec![]),
        Verdict::StillWaiting => ("still", vec![]),
        Verdict::Failed { errors, declined } => (
            if *declined { "declined" } else { "failed" },
            errors.iter().map(|e| e.code).collect(),
        ),
    }
}

#[test]
fn a_group_is_judged_by_all_its_answers() {
    for (codes, verdict, errors) in [
        ([None, Some(200), Some(200)], "open", &[][..]),
        ([Some(200), Some(200), Some(200)], "done", &[]),
        ([Some(200), Some(201), Some(202)], "done", &[]),
        ([Some(200), None, None], "done", &[]),
        ([Some(507), Some(418), Some(215)], "otherwise", &[]),
        (
            [Some(507), Some(215), Some(500)],
            "failed",
            &[507, 215, 500],
        ),
        (
            [Some(507), Some(216), Some(425)],
            "failed",
            &[507, 216, 425],
        ),
        (
            [Some(516), Some(216), Some(405)],
            "failed",
            &[216, 516, 405],
        ),
        (
            [Some(507), Some(215), Some(215)],
            "declined",
            &[507, 215, 215],
        ),
        ([Some(215), None, None], "declined", &[215]),
        (
            [Some(507), Some(216), Some(216)],
            "failed",
            &[507, 216, 216],
        ),
        ([Some(200), Some(404), Some(200)], "failed", &[404]),
        ([Some(0), Some(200), Some(200)], "failed", &[0]),
    ] {
        let found = judge(&work(), &run(codes), Timestamp(0));
        assert_eq!(code(&found), (verdict, errors.to_vec()), "{codes:?}");
    }
}

#[test]
fn the_other_way_is_gone_once_and_a_wait_begins_when_all_is_well() {
    let mut other = run([Some(507), Some(418), Some(215)]);
    other.phase = Phase::Otherwise;
    let found = judge(&work(), &other, Timestamp(0));
    assert_eq!(code(&found), ("failed", vec![507, 215, 418]));
    let mut waiting = work();
    waiting.wait = Some(wait());
    let found = judge(&waiting, &run([Some(200); 3]), Timestamp(0));
    assert_eq!(found, Verdict::Wait);
    let mut unasked = run([Some(200); 3]);
    unasked.next = 0;
    assert_eq!(judge(&work(), &unasked, Timestamp(0)), Verdict::Open);
}

#[test]
fn what_is_deleted_may_be_missing() {
    for (verb, verdict) in [("Delete", "done"), ("Replace", "failed")] {
        let mut run = run([Some(200); 3]);
        run.sent[0].asked = asked(2, verb, Some("./a"), Some(404));
        let found = judge(&work(), &run, Timestamp(0));
        assert_eq!(code(&found).0, verdict, "{verb}");
    }
}

#[test]
fn a_wait_ends_by_its_status_or_after_a_day() {
    let day = PATIENCE_SECONDS * 1000;
    for (status, error, now, verdict, errors) in [
        (Some("1"), "", 0, "done", &[][..]),
        (Some("2"), "", 0, "still", &[]),
        (Some("32"), "", day, "still", &[]),
        (None, "", day + 1, "failed", &[0]),
        (Some("16"), "-2145844845", 0, "failed", &[-2_145_844_845]),
        (Some("16"), "0x80190194", 0, "failed", &[0x8019_0194]),
    ] {
        let mut waiting = work();
        waiting.wait = Some(wait());
        let mut run = Running::new("c-1".parse().unwrap());
        run.enter(Phase::Waiting {
            since: Timestamp(0),
            asked: false,
        });
        run.next = 3;
        for (number, uri, value) in [
            (1, "./a/Status", status),
            (2, "./a/ErrorCode", Some(error)),
            (3, "./a/CertThumbprint", None),
        ] {
            let mut get = asked(number, "Get", Some(uri), Some(200));
            get.answer.value = value.map(str::to_owned);
            run.sent.push(Sent {
                message: 2,
                asked: get,
            });
        }
        let found = judge(&waiting, &run, Timestamp(now));
        assert_eq!(
            code(&found),
            (verdict, errors.to_vec()),
            "{status:?} {error}"
        );
    }
    for (text, shown) in [
        ("-2145844845", "0x80190193"),
        ("2149122451", "0x80190193"),
        ("0x80190194", "0x80190194"),
        ("99999999999", "99999999999"),
    ] {
        assert_eq!(hexadecimal(text), shown);
    }
}
