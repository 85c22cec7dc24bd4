//! What a device entrusts to the server. Never printed: `Debug` shows `***`, and there is no `Display`.

use std::fmt;
use std::fmt::Write as _;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident($inner:ty) as $out:ty) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name($inner);

        impl $name {
            /// Wraps it.
            pub const fn new(secret: $inner) -> Self {
                Self(secret)
            }

            /// The secret itself, to store it or to send it where it belongs.
            pub fn expose(&self) -> &$out {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    };
}

secret!(
    /// `Token`: the device's address at APNs.
    PushToken(Vec<u8>) as [u8]
);
secret!(
    /// `PushMagic`: proves to the device that a push is from its server.
    PushMagic(String) as str
);
secret!(
    /// `UnlockToken`: clears the passcode.
    UnlockToken(Vec<u8>) as [u8]
);
secret!(
    /// `BootstrapToken`: lets a Mac create privileged users and install software.
    BootstrapToken(Vec<u8>) as [u8]
);
secret!(
    /// A user's answer to a digest challenge (RFC 7616), or the token a successful one is worth.
    UserCredential(String) as str
);
secret!(
    /// `TokenData`: what a service gave for a device or user.
    ServiceToken(Vec<u8>) as [u8]
);
secret!(
    /// A short code for a device: the PIN of a lock or erase.
    Pin(String) as str
);

impl PushToken {
    /// Lower-case hexadecimal, as it stands in the path of a push.
    pub fn hex(&self) -> String {
        self.0
            .iter()
            .fold(String::with_capacity(self.0.len() * 2), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
                hex
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_stars() {
        assert_eq!(
            format!("{:?}", PushToken::new(vec![0x0a, 0xff])),
            "PushToken(***)"
        );
        assert_eq!(
            format!("{:?}", PushMagic::new("m".into())),
            "PushMagic(***)"
        );
        assert_eq!(PushToken::new(vec![0x0a, 0xff]).hex(), "0aff");
    }
}
