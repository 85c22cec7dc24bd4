//! Stories over the whole program: the one integration-test binary of `mockmdm`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a story fails by panicking, wherever it is told, and prints what it leaves out"
)]

mod certificate;
#[allow(
    dead_code,
    reason = "what a story may ask of a server, whether or not one does today"
)]
mod environment;
mod http;
mod layers;
mod mobileconfig;
#[allow(
    dead_code,
    reason = "what a story may ask of a program, whether or not one does today"
)]
mod program;

mod apple_after;
mod apple_check_in;
mod apple_commands;
mod apple_deliver;
mod apple_enroll;
mod apple_lab;
mod apple_link;
mod apple_profiles;
mod apple_push;
mod apple_queue;
mod apple_record;
mod apple_replace;
mod apple_trust;
mod apple_users;
mod apple_wire;
mod apply;
mod assignments;
mod certificate_terms;
#[cfg(feature = "sim")]
mod demo;
mod durability;
mod durability_order;
mod hostile_documents;
mod hostile_http;
mod hostile_line;
mod hostile_order;
mod hostile_run;
mod hostile_scep;
mod hostile_siege;
mod hostile_signature;
mod hostile_windows;
mod judgement;
mod lifecycle;
mod lifecycle_access;
mod lifecycle_refused;
mod mdm_signature;
mod revocation;
mod scep_certmonger;
mod scep_pending;
mod scep_request;
mod scep_scepclient;
mod scep_streamed;
mod scep_strongswan;
mod signed_profiles;
mod steady_load;
mod tls;
mod updates;
mod windows_certificate;
mod windows_client;
mod windows_enroll;
#[cfg(feature = "sim")]
mod windows_lab;
mod windows_session;
#[cfg(feature = "sim")]
mod windows_sim;
#[cfg(feature = "sim")]
mod windows_sim_deliver;
