//! What a device entrusts to the server, or the server to a device. Never printed: `Debug` shows `***`, and there is no
//! `Display`.

use std::fmt;

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

            /// The secret itself, to check it or to send it where it belongs.
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
    /// A password: of a user who enrolls, or of a management account.
    Password(String) as str
);
secret!(
    /// What a message presents to prove who sent it, as it was sent: a digest, or name and password in base64.
    Presented(String) as str
);
secret!(
    /// The octets of a security token that proves who enrolls.
    Token(Vec<u8>) as [u8]
);
secret!(
    /// A piece of a message, as it was written, that may hold a credential.
    Fragment(String) as str
);

#[cfg(test)]
mod tests {
    use super::{Password, Token};

    #[test]
    fn debug_shows_stars() {
        assert_eq!(
            format!("{:?}", Password::new("p".to_owned())),
            "Password(***)"
        );
        assert_eq!(format!("{:?}", Token::new(vec![1])), "Token(***)");
        assert_eq!(Token::new(vec![1]).expose(), [1]);
    }
}
