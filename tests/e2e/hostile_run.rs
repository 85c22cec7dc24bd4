//! Bad input of every kind at one and the same server: each is refused in words, and the server stays as it was.

use crate::hostile_siege::Siege;
use crate::{hostile_documents, hostile_http, hostile_order, hostile_scep, hostile_signature};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_comes_from_outside_hurts() {
    let siege = Siege::start().await;
    hostile_documents::attack(&siege);
    hostile_documents::truncate(&siege);
    hostile_http::attack(&siege);
    hostile_signature::attack(&siege);
    hostile_scep::attack(&siege);
    hostile_order::attack(&siege).await;
    siege.survived().await;
}
