//! What a session does where it does not go as it should: repeated, lost and broken messages, objects that do not fit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test"
)]

use mdm_core::command::{CommandState, Item};
use mdm_core::device::DeviceState;
use mdm_core::package::Greeting;
use mdm_windows::syncml::{Encoding, Message, parts};
use mdm_windows::xml::Budget;

use super::lab::{Lab, Tree, answers, hello, wire};

const GET: &str = "<Get><Item><Target><LocURI>./Vendor/a</LocURI></Target></Item></Get>";
const EXEC: &str = "<Exec><Item><Target><LocURI>./Vendor/b</LocURI></Target></Item></Exec>";

fn fine(verb: &str, _: &str, _: Option<&str>) -> (u16, Option<String>) {
    (200, (verb == "Get").then(|| "value".to_owned()))
}

/// A lab whose device opened its first session already.
async fn enrolled() -> Lab {
    let lab = Lab::new().await;
    lab.session("first", "user", fine).await;
    lab
}

/// The statuses in a reply: what they are for, and their number.
fn statuses(reply: &str) -> Vec<(String, u16)> {
    let message = Message::decode(reply.as_bytes(), Encoding::Xml, Budget::default()).unwrap();
    let mut found = Vec::new();
    for command in &message.body {
        if let mdm_windows::syncml::Command::Status(status) = command {
            found.push((status.answer.cmd.clone(), status.answer.code.0));
        }
    }
    found
}

fn asks(reply: &str) -> Vec<String> {
    answers(reply, &fine).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_again_gets_the_same_bytes() {
    let lab = enrolled().await;
    let queued = lab.raw(GET).await;
    let first = lab.say("7", 1, &hello("user")).await;
    assert_eq!(asks(&first), ["Get ./Vendor/a"]);
    let events = lab.events().await.len();
    assert_eq!(lab.say("7", 1, &hello("user")).await, first);
    // Another message under the same number is the same message, said differently: the session goes on.
    assert_eq!(lab.say("7", 1, &hello("none")).await, first);
    assert_eq!(lab.events().await.len(), events, "nothing happened twice");
    let (body, _) = answers(&first, &fine);
    let last = lab.say("7", 2, &body).await;
    assert_eq!(lab.say("7", 2, &body).await, last);
    let done = lab.command(&queued).await;
    assert_eq!((done.state, done.attempts), (CommandState::Acknowledged, 1));
    // Some clients call every session the same.
    lab.raw(GET).await;
    let again = lab.say("7", 1, &hello("user")).await;
    assert_eq!(asks(&again), ["Get ./Vendor/a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_session_asked_is_asked_again_only_where_that_does_no_harm() {
    for abort in [false, true] {
        let lab = enrolled().await;
        let (get, exec) = (lab.raw(GET).await, lab.raw(EXEC).await);
        let first = lab.say("7", 1, &hello("user")).await;
        assert_eq!(asks(&first).len(), 2);
        if abort {
            let end = "<Alert><CmdID>1</CmdID><Data>1223</Data></Alert>";
            assert_eq!(asks(&lab.say("7", 2, end).await), Vec::<String>::new());
        }
        let (asked, _) = lab.session("8", "user", fine).await;
        assert_eq!(asked, ["Get ./Vendor/a"], "abort: {abort}");
        let (get, exec) = (lab.command(&get).await, lab.command(&exec).await);
        assert_eq!((get.state, get.attempts), (CommandState::Acknowledged, 2));
        assert_eq!((exec.state, exec.attempts), (CommandState::Failed, 1));
        assert_eq!(
            exec.refusal.as_deref(),
            Some("the session broke off before it was answered: whether it was done is not known")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_breaks_every_session_is_given_up() {
    let lab = enrolled().await;
    let (poison, other) = (lab.raw(GET).await, lab.raw(GET).await);
    for session in 0..5 {
        lab.say(&format!("s{session}"), 1, &hello("user")).await;
    }
    let idle = lab.say("last", 1, &hello("user")).await;
    assert_eq!(asks(&idle), Vec::<String>::new());
    for command in [poison, other] {
        let command = lab.command(&command).await;
        assert_eq!((command.state, command.attempts), (CommandState::Failed, 5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unfinished_package_is_asked_to_go_on() {
    let lab = enrolled().await;
    lab.raw(GET).await;
    let spoken = lab
        .send(wire("7", 1, &hello("user"), false).as_bytes())
        .await;
    let reply = String::from_utf8(spoken.bytes).unwrap();
    assert!(reply.contains("<Data>1222</Data>"), "{reply}");
    assert_eq!(asks(&reply), Vec::<String>::new());
    let reply = lab.say("7", 2, "").await;
    assert_eq!(asks(&reply), ["Get ./Vendor/a"]);
    assert!(!reply.contains("1222"), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_wants_to_be_kept_waiting_is_asked_nothing() {
    let lab = enrolled().await;
    lab.raw(GET).await;
    let pending = "<Alert><CmdID>1</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
         Reversed-Domain-Name:com.microsoft.mdm.requestpending</Type></Meta><Data>1</Data></Item></Alert>";
    let reply = lab.say("7", 1, pending).await;
    assert_eq!(asks(&reply), Vec::<String>::new());
    assert_eq!(asks(&lab.say("7", 2, "").await), ["Get ./Vendor/a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_can_end_the_management() {
    let leaving = "<Alert><CmdID>9</CmdID><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
         com.microsoft:mdm.unenrollment.userrequest</Type><Format xmlns=\"syncml:metinf\">int</Format></Meta>\
         <Data>1</Data></Item></Alert>";
    for by_server in [true, false] {
        let lab = enrolled().await;
        lab.raw(GET).await;
        let told = if by_server {
            Some(lab.ask(Item::Unenroll).await)
        } else {
            None
        };
        if by_server {
            let reply = lab.say("7", 1, &hello("user")).await;
            assert!(
                reply.contains("/DMClient/Provider/mockmdm/Unenroll"),
                "{reply}"
            );
        }
        let reply = lab
            .say("8", 1, &format!("{leaving}{}", hello("user")))
            .await;
        assert_eq!(asks(&reply), Vec::<String>::new());
        assert_eq!(lab.device().await.state, DeviceState::Removed);
        if let Some(told) = told {
            assert_eq!(lab.command(&told).await.state, CommandState::Acknowledged);
        }
        let (greeting, reply) = lab.try_to_say("9", 1, &hello("user")).await;
        assert_eq!(greeting, Greeting::NotManaged);
        assert_eq!(statuses(&reply)[0], ("SyncHdr".to_owned(), 403));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_does_not_fit_goes_in_parts() {
    let lab = enrolled().await;
    let tree = Tree::default();
    tree.set("./Vendor/a", "");
    let value = "&lt;\u{e9}&amp;x".repeat(2000);
    let text = format!(
        "<Replace><Item><Target><LocURI>./Vendor/a</LocURI></Target><Data>{value}</Data></Item></Replace>"
    );
    let large = lab.raw(&text).await;
    let after = lab.raw(GET).await;
    let limit = "<Meta><MaxMsgSize xmlns=\"syncml:metinf\">10000</MaxMsgSize></Meta></SyncHdr>";
    let mut body = hello("user");
    let mut sizes = Vec::new();
    let mut came = String::new();
    for number in 1..20 {
        let wire = wire("7", number, &body, true).replace("</SyncHdr>", limit);
        let spoken = lab.send(wire.as_bytes()).await;
        sizes.push(spoken.bytes.len());
        let reply = String::from_utf8(spoken.bytes).unwrap();
        let more = reply.contains("<MoreData/>");
        assert_eq!(reply.contains("<Final/>"), !more, "{reply}");
        let answer = |verb: &str, uri: &str, data: Option<&str>| match (verb, more) {
            ("Replace", true) => (213, None),
            ("Replace", false) => (200, None),
            _ => tree.answer(verb, uri, data),
        };
        let message = Message::decode(reply.as_bytes(), Encoding::Xml, Budget::default()).unwrap();
        for command in &message.body {
            if let mdm_windows::syncml::Command::Node { operation, .. } = command
                && let Some(data) = &operation.items[0].data
            {
                came.push_str(data.as_str());
            }
        }
        let (next, asked) = answers(&reply, &answer);
        if asked.is_empty() {
            break;
        }
        body = next;
        if more {
            body.push_str("<Alert><CmdID>90</CmdID><Data>1222</Data></Alert>");
        }
    }
    assert!(sizes.iter().all(|size| *size <= 10_000), "{sizes:?}");
    assert_eq!(came, "<\u{e9}&x".repeat(2000));
    for command in [large, after] {
        assert_eq!(
            lab.command(&command).await.state,
            CommandState::Acknowledged
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_comes_in_parts_is_put_together() {
    let lab = enrolled().await;
    let queued = lab.raw(GET).await;
    let reply = lab.say("7", 1, &hello("user")).await;
    let message = Message::decode(reply.as_bytes(), Encoding::Xml, Budget::default()).unwrap();
    let number = message.body.last().unwrap().cmd_ref();
    let value = "\u{e9}x".repeat(500);
    let uri = mdm_windows::syncml::LocUri::node("./Vendor/a").unwrap();
    let item = mdm_windows::syncml::Item::value(uri, mdm_windows::syncml::Format::Chr, &*value);
    let all = parts(item, 400);
    assert!(all.len() > 2);
    for (n, part) in all.iter().enumerate() {
        let more = if part.more_data { "<MoreData/>" } else { "" };
        let size = part.meta.size.map_or(String::new(), |size| {
            format!("<Meta><Size xmlns=\"syncml:metinf\">{size}</Size></Meta>")
        });
        let data = part.data.as_ref().unwrap().as_str();
        let body = format!(
            "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>{number}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>\
             <Results><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>{number}</CmdRef><Item><Source><LocURI>./Vendor/a</LocURI></Source>{size}<Data>{data}</Data>{more}</Item></Results>"
        );
        let number = u32::try_from(n).unwrap() + 2;
        let wire = wire("7", number, &body, !part.more_data);
        let reply = String::from_utf8(lab.send(wire.as_bytes()).await.bytes).unwrap();
        let expected: &[(String, u16)] = if part.more_data {
            &[("SyncHdr".to_owned(), 200), ("Results".to_owned(), 213)]
        } else {
            &[("SyncHdr".to_owned(), 200)]
        };
        assert_eq!(statuses(&reply), expected, "{reply}");
        assert_eq!(reply.contains("1222"), part.more_data, "{reply}");
    }
    let done = lab.command(&queued).await;
    assert_eq!(done.results[0].answer.value.as_deref(), Some(&*value));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_command_costs_its_own_status_and_nothing_else() {
    let lab = enrolled().await;
    lab.raw(GET).await;
    let odd = "<Alert><CmdID>2</CmdID><Data>1201</Data></Alert><Alert><CmdID>2</CmdID><Data>1201</Data></Alert>\
         <Alert><Data>1201</Data></Alert><Sync><CmdID>5</CmdID></Sync><Nonsense><CmdID>6</CmdID></Nonsense>\
         <Get><CmdID>7</CmdID><Item><Target><LocURI>./x</LocURI></Target></Item></Get>\
         <Status><CmdID>8</CmdID><MsgRef>99</MsgRef><CmdRef>99</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>";
    let reply = lab.say("7", 1, odd).await;
    let expected = [
        ("SyncHdr", 200),
        ("Alert", 200),
        ("Alert", 400),
        ("Alert", 400),
        ("Sync", 406),
        ("Nonsense", 400),
        ("Get", 405),
    ];
    assert_eq!(
        statuses(&reply),
        expected.map(|(name, code)| (name.to_owned(), code))
    );
    assert_eq!(asks(&reply), ["Get ./Vendor/a"]);
    assert_eq!(lab.events().await.last().unwrap(), "command.sent");
    assert!(
        lab.events()
            .await
            .contains(&"command.unexpected".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_may_ask_who_the_server_is() {
    let lab = enrolled().await;
    let queued = lab.raw(GET).await;
    let first = lab.say("7", 1, &hello("user")).await;
    assert!(!first.contains("<Cred>"), "{first}");
    let who = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>\
         <Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
         <NextNonce xmlns=\"syncml:metinf\">Tm9uY2U=</NextNonce></Meta></Chal><Data>407</Data></Status>";
    let second = lab.say("7", 2, who).await;
    assert!(
        second.contains("<Cred>") && second.contains("syncml:auth-md5"),
        "{second}"
    );
    assert_eq!(asks(&second), ["Get ./Vendor/a"], "it was not lost");
    let (body, _) = answers(&second, &fine);
    lab.say("7", 3, &body).await;
    assert_eq!(lab.command(&queued).await.state, CommandState::Acknowledged);
}

/// Numbers that look random and are the same every time (Numerical Recipes' generator).
struct Dice(u32);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % end
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_in_whatever_order_nothing_is_lost_or_answered_twice() {
    let lab = enrolled().await;
    for seed in 1..=12 {
        let mut dice = Dice(seed);
        let before = lab.events().await.len();
        let (mut queued, mut session, mut number) = (Vec::new(), 0, 0);
        let mut last = (String::new(), 0, String::new());
        let mut reply = String::new();
        for _ in 0..25 {
            match dice.below(8) {
                0 | 1 => queued.push(lab.raw(GET).await),
                2 | 3 => {
                    (session, number) = (session + 1, 1);
                    let name = format!("{seed}-{session}");
                    last = (name, number, hello("user"));
                    reply = lab.say(&last.0, last.1, &last.2).await;
                }
                4 if number > 0 => {
                    let again = lab.say(&last.0, last.1, &last.2).await;
                    if !asks(&reply).is_empty() {
                        assert_eq!(again, reply, "seed {seed}");
                    }
                    reply = again;
                }
                5 if number > 0 => {
                    number += 1;
                    let noise = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>77</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>";
                    last = (last.0.clone(), number, noise.to_owned());
                    reply = lab.say(&last.0, last.1, &last.2).await;
                }
                _ if number > 0 => {
                    number += 1;
                    last = (last.0.clone(), number, answers(&reply, &fine).0);
                    reply = lab.say(&last.0, last.1, &last.2).await;
                }
                _ => {}
            }
        }
        lab.session(&format!("{seed}-end"), "user", fine).await;
        let mut acknowledged = 0;
        for command in &queued {
            let command = lab.command(command).await;
            assert!(!command.state.is_open(), "seed {seed}: {command:?}");
            acknowledged += usize::from(command.state == CommandState::Acknowledged);
        }
        let events = lab.events().await.split_off(before);
        let told = events.iter().filter(|k| *k == "command.acknowledged");
        assert_eq!(told.count(), acknowledged, "seed {seed}");
        let failed = events.iter().filter(|k| *k == "command.failed").count();
        assert_eq!(acknowledged + failed, queued.len(), "seed {seed}");
    }
}
