//! Simulated devices: the device's half of each protocol, sharing no code with the server.
//!
//! A simulated device is an independent witness: it has its own HTTP client, its own SCEP client, its own reader of
//! signed profiles, its own XML and WBXML, and its own idea of what an Apple or Windows device does with a command.
//! Where it and the server agree, two programs agree.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mdm_simulators::apple::{AppleDevice, Environment, Persona, Platform};
//!
//! let environment = Environment::new(vec![std::fs::read("root.der")?]);
//! let mut phone = AppleDevice::new(Persona::from_seed(Platform::Ios, 7), environment);
//! phone.enroll_from("https://mdm.example:8443/enroll/apple?code=CODE").await?;
//! phone.poll().await?;
//! println!("{:#?}", phone.accounts());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod apns;
pub mod apple;
pub mod cms;
pub mod entropy;
pub mod http;
pub mod identity;
pub mod keys;
pub mod load;
pub mod progress;
pub mod scep;
pub mod trust;
pub mod windows;

mod der;
pub mod document;
