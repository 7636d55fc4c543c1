//! A value that must not be shown: an API key, and later a token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ctutils::CtEq as _;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Holds a secret text: wiped on drop, redacted in `Debug`, and readable only through [`Secret::expose`].
///
/// It has no `Display`, `Serialize`, `Clone` or `Deref` on purpose, so no formatting, copy or coercion can leak it.
///
/// ```
/// let secret = ibmcloud_iam::secret::Secret::new("tomato".to_owned());
/// assert_eq!(format!("{secret:?}"), "Secret(REDACTED)");
/// assert_eq!(secret.expose(), "tomato");
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Chooses a new API key value: 33 bytes from the OS random source as 44 characters of `[A-Za-z0-9_-]`.
    ///
    /// The first character is never `-`, so the value cannot be taken for a flag. Fails when the OS has no randomness.
    pub fn choose_api_key() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0_u8; 33]);
        loop {
            getrandom::fill(bytes.as_mut())?;
            let text = URL_SAFE_NO_PAD.encode(bytes.as_ref());
            if !text.starts_with('-') {
                return Ok(Self::new(text));
            }
        }
    }

    /// Shows the secret; every call marks a place where it leaves the program.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Computes the keyed hash (HMAC-SHA256) under which the secret can be recognised but not recovered.
    pub fn keyed_hash(&self, key: &[u8]) -> KeyedHash {
        KeyedHash(self.mac(key).finalize().into_bytes().into())
    }

    /// Tells in constant time whether `hash` was made from this secret under `key`.
    pub fn matches(&self, key: &[u8], hash: &KeyedHash) -> bool {
        self.mac(key).verify_slice(&hash.0).is_ok()
    }

    fn mac(&self, key: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(self.0.as_bytes());
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(REDACTED)")
    }
}

/// A keyed hash of a [`Secret`]; written as 43 characters of base64url.
#[derive(Clone, Copy, Debug)]
pub struct KeyedHash([u8; 32]);

impl KeyedHash {
    /// Writes the hash as 43 characters of base64url without padding.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`KeyedHash::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Tells in constant time whether `text` is what [`KeyedHash::to_text`] writes.
    pub fn is_text(&self, text: &[u8]) -> bool {
        let mut found = [0_u8; 33];
        match URL_SAFE_NO_PAD.decode_slice_unchecked(text, &mut found) {
            Ok(32) => self.0.as_slice().ct_eq(&found[..32]).to_bool(),
            _ => false,
        }
    }
}

/// Returns `N` bytes from the OS random source.
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Writes bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_value_has_the_form_the_service_accepts() {
        for _ in 0..500 {
            let value = Secret::choose_api_key().unwrap();
            let text = value.expose();
            assert_eq!(text.len(), 44);
            assert!(!text.starts_with('-'));
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        }
    }

    #[test]
    fn a_hash_recognises_its_value_only() {
        let value = Secret::new("value".into());
        let hash = value.keyed_hash(b"key");
        assert!(value.matches(b"key", &hash));
        assert!(!value.matches(b"other key", &hash));
        assert!(!Secret::new("valuf".into()).matches(b"key", &hash));
        let read = KeyedHash::from_text(&hash.to_text()).unwrap();
        assert!(value.matches(b"key", &read));
        assert!(KeyedHash::from_text("short").is_none());
    }
}
