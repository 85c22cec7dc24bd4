//! Peers that hang up before they are answered.

use super::*;

/// Says when the work of a request is over, however it ends.
struct Work {
    arrived: Arc<Notify>,
    gate: Arc<Notify>,
    done: Arc<Notify>,
}

impl Work {
    async fn run(&self) {
        self.arrived.notify_one();
        self.gate.notified().await;
        self.done.notify_one();
    }
}

async fn soon(what: &str, notify: &Notify) {
    let heard = tokio::time::timeout(PATIENCE, notify.notified()).await;
    assert!(heard.is_ok(), "{what}");
}

#[tokio::test]
async fn a_change_that_began_is_finished() {
    let lab = Lab::plain(Limits::default()).await;
    let mut stream = lab.connect().await;
    stream
        .write_all(b"GET /gate HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    soon("it arrives", &lab.mirror.arrived).await;
    drop(stream);
    lab.serving.stop().await;
    lab.mirror.gate.notify_one();
    soon("it goes on", &lab.mirror.finished).await;
}

#[tokio::test]
async fn a_router_finishes_changes_and_lets_readers_leave() {
    for (method, finished) in [("POST", true), ("GET", false)] {
        let (arrived, gate, done) = <(Arc<Notify>, Arc<Notify>, Arc<Notify>)>::default();
        let work = Arc::new(Work {
            arrived: Arc::clone(&arrived),
            gate: Arc::clone(&gate),
            done: Arc::clone(&done),
        });
        let watch = Arc::downgrade(&work);
        let route = move || {
            let work = Arc::clone(&work);
            async move { work.run().await }
        };
        let router = axum::Router::new().route("/", axum::routing::get(route.clone()).post(route));
        let lab = Lab::start(Role::Admin, None, router, Limits::default()).await;
        let mut stream = lab.connect().await;
        let request = format!("{method} / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        soon("it arrives", &arrived).await;
        drop(stream);
        lab.serving.stop().await;
        if finished {
            gate.notify_one();
            soon("it goes on", &done).await;
        } else {
            assert_eq!(
                watch.strong_count(),
                0,
                "nobody works on for a reader who left"
            );
        }
    }
}
