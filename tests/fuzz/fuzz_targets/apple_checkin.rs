//! A check-in message from anybody.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdm_apple::checkin::CheckIn;
use mdm_apple::plist::Budget;

fuzz_target!(|body: &[u8]| {
    if let Ok(message) = CheckIn::decode(body, Budget::default()) {
        let _ = format!("{:?}", message.value);
    }
});
