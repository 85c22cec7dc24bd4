//! Content encryption: block ciphers in CBC mode.

use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use des::Des;
use openssl::symm::{self, Crypter, Mode};

use crate::oid::{self, Oid};

/// A content-encryption algorithm, always in CBC mode with the padding of RFC 5652 section 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// Single DES: what old clients use. OpenSSL keeps it in a provider that is rarely loaded, so it
    /// comes from elsewhere.
    Des,
    /// DES with three keys.
    TripleDes,
    /// AES with 128-bit keys.
    Aes128,
    /// AES with 192-bit keys.
    Aes192,
    /// AES with 256-bit keys.
    Aes256,
}

impl Cipher {
    /// The longest key of any cipher here, in octets.
    pub const MAX_KEY: usize = 32;

    /// The algorithm that `oid` names.
    pub fn from_oid(oid: Oid<'_>) -> Option<Self> {
        [
            Self::Des,
            Self::TripleDes,
            Self::Aes128,
            Self::Aes192,
            Self::Aes256,
        ]
        .into_iter()
        .find(|cipher| cipher.oid() == oid)
    }

    /// Its object identifier.
    pub const fn oid(self) -> Oid<'static> {
        match self {
            Self::Des => oid::DES_CBC,
            Self::TripleDes => oid::DES_EDE3_CBC,
            Self::Aes128 => oid::AES128_CBC,
            Self::Aes192 => oid::AES192_CBC,
            Self::Aes256 => oid::AES256_CBC,
        }
    }

    /// The length of its key in octets.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Aes128 => 16,
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// The length of its block, and so of the initialization vector, in octets.
    pub const fn block_length(self) -> usize {
        match self {
            Self::Des | Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    /// What `encrypted` says, padding removed; `None` for any failure alike. `key` and `iv` of a wrong
    /// length fail too.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
        let mut plain = match self.openssl() {
            Some(cipher) => crypt(cipher, Mode::Decrypt, key, iv, encrypted)?,
            None => cbc::Decryptor::<Des>::new_from_slices(key, iv)
                .ok()?
                .decrypt_padded_vec_mut::<NoPadding>(encrypted)
                .ok()?,
        };
        let length = unpadded_length(&plain, self.block_length())?;
        plain.truncate(length);
        Some(plain)
    }

    /// `plain` with padding, encrypted; `None` if `key` or `iv` has a wrong length.
    pub(super) fn encrypt(self, key: &[u8], iv: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let block = self.block_length();
        let padding = block - plain.len() % block;
        let mut padded = Vec::with_capacity(plain.len() + padding);
        padded.extend_from_slice(plain);
        padded.resize(plain.len() + padding, u8::try_from(padding).ok()?);
        match self.openssl() {
            Some(cipher) => crypt(cipher, Mode::Encrypt, key, iv, &padded),
            None => Some(
                cbc::Encryptor::<Des>::new_from_slices(key, iv)
                    .ok()?
                    .encrypt_padded_vec_mut::<NoPadding>(&padded),
            ),
        }
    }

    fn openssl(self) -> Option<symm::Cipher> {
        match self {
            Self::Des => None,
            Self::TripleDes => Some(symm::Cipher::des_ede3_cbc()),
            Self::Aes128 => Some(symm::Cipher::aes_128_cbc()),
            Self::Aes192 => Some(symm::Cipher::aes_192_cbc()),
            Self::Aes256 => Some(symm::Cipher::aes_256_cbc()),
        }
    }
}

/// One run of an OpenSSL cipher over whole blocks.
fn crypt(cipher: symm::Cipher, mode: Mode, key: &[u8], iv: &[u8], input: &[u8]) -> Option<Vec<u8>> {
    let fits = key.len() == cipher.key_len()
        && Some(iv.len()) == cipher.iv_len()
        && input.len().is_multiple_of(cipher.block_size());
    if !fits {
        return None;
    }
    let mut crypter = Crypter::new(cipher, mode, key, Some(iv)).ok()?;
    crypter.pad(false);
    let mut output = vec![0; input.len() + cipher.block_size()];
    let written = crypter.update(input, &mut output).ok()?;
    let rest = crypter.finalize(output.get_mut(written..)?).ok()?;
    output.truncate(written + rest);
    Some(output)
}

/// The length of `plain` without its padding; all of a possible padding is looked at, whatever it says.
fn unpadded_length(plain: &[u8], block: usize) -> Option<usize> {
    let last = *plain.last()?;
    let padding = usize::from(last);
    let tail = plain.get(plain.len().checked_sub(block)?..)?;
    let mut wrong = u8::from(padding == 0) | u8::from(padding > block);
    for (back, byte) in tail.iter().rev().enumerate() {
        wrong |= u8::from(back < padding) & u8::from(*byte != last);
    }
    if wrong == 0 {
        Some(plain.len() - padding)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Cipher; 5] = [
        Cipher::Des,
        Cipher::TripleDes,
        Cipher::Aes128,
        Cipher::Aes192,
        Cipher::Aes256,
    ];

    fn key_and_iv(cipher: Cipher) -> (Vec<u8>, Vec<u8>) {
        let key = (1..=cipher.key_length()).map(|n| u8::try_from(n * 7).unwrap());
        (key.collect(), vec![9; cipher.block_length()])
    }

    #[test]
    fn every_length_of_padding_is_removed() {
        for cipher in ALL {
            let (key, iv) = key_and_iv(cipher);
            for length in 0..40 {
                let plain = vec![5; length];
                let encrypted = cipher.encrypt(&key, &iv, &plain).unwrap();
                assert_eq!(encrypted.len() % cipher.block_length(), 0);
                let read = cipher.decrypt(&key, &iv, &encrypted);
                assert_eq!(read.as_deref(), Some(&plain[..]), "{cipher:?} {length}");
            }
        }
    }

    #[test]
    fn wrong_paddings_and_lengths_fail() {
        for cipher in ALL {
            let (key, iv) = key_and_iv(cipher);
            let encrypted = cipher.encrypt(&key, &iv, b"text").unwrap();
            assert_eq!(
                cipher.decrypt(&key[1..], &iv, &encrypted),
                None,
                "{cipher:?}"
            );
            assert_eq!(
                cipher.decrypt(&key, &iv[1..], &encrypted),
                None,
                "{cipher:?}"
            );
            assert_eq!(
                cipher.decrypt(&key, &iv, &encrypted[1..]),
                None,
                "{cipher:?}"
            );
            assert_eq!(cipher.decrypt(&key, &iv, &[]), None, "{cipher:?}");
        }
        for (plain, length) in [
            (&[1, 1, 1, 1, 1, 1, 1, 1][..], Some(7)),
            (&[8; 8], Some(0)),
            (&[1, 1, 1, 1, 1, 1, 1, 0], None),
            (&[1, 1, 1, 1, 1, 1, 1, 9], None),
            (&[1, 1, 1, 1, 1, 3, 2, 3], None),
            (&[1, 1, 1, 1, 1, 3, 3, 3], Some(5)),
            (&[1, 1, 1], None),
        ] {
            assert_eq!(unpadded_length(plain, 8), length, "{plain:?}");
        }
    }
}
