//! Values that must not be shown: API keys and tokens.

use std::fmt;
use std::ops::{Deref, DerefMut};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
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
    /// The first character is never `-`, which would look like a flag, and never `t`, which a published script
    /// (`sed 's/^API Key[ ^t]*//'`) would strip. Fails when the OS has no randomness.
    pub fn choose_api_key() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0_u8; 33]);
        loop {
            getrandom::fill(bytes.as_mut())?;
            let text = URL_SAFE_NO_PAD.encode(bytes.as_ref());
            if !text.starts_with(['-', 't']) {
                return Ok(Self::new(text));
            }
        }
    }

    /// Returns the secret text. Every call marks a place where it may leave the program.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the forms in which the secret may occur in another text: plain, percent-encoded, escaped as in JSON, in hex,
    /// or in base64, alone or among other bytes.
    pub fn forms(&self) -> Forms {
        if self.0.is_empty() {
            return Forms(Vec::new());
        }
        let bytes = self.0.as_bytes();
        let written = |is_plain: fn(u8) -> bool, write: fn(u8) -> String| {
            let one = |&byte| if is_plain(byte) { char::from(byte).into() } else { write(byte) };
            bytes.iter().map(one).collect::<String>()
        };
        let usual: fn(u8) -> bool = |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let mut forms = vec![self.0.to_string()];
        forms.push(format!("{:?}", self.expose()).trim_matches('"').to_owned());
        let escapes: [fn(u8) -> String; 5] = [
            |byte| format!("%{byte:02X}"),
            |byte| format!("%{byte:02x}"),
            |byte| format!("\\u{byte:04x}"),
            |byte| format!("\\u{byte:04X}"),
            |byte| format!("\\x{byte:02x}"),
        ];
        for escape in escapes {
            let plain = [usual, |byte| byte.is_ascii_alphanumeric(), |_| false];
            forms.extend(plain.map(|is_plain| written(is_plain, escape)));
        }
        forms.extend([hex(bytes), hex(bytes).to_uppercase()]);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.push(engine.encode(bytes));
            // The bytes before the secret shift its base64 by none, one or two bytes; its ends depend on their neighbours.
            for (shift, ours) in [0, 2, 3].into_iter().enumerate() {
                let text = engine.encode([&vec![0; shift], bytes].concat());
                let core = text.get(ours..text.len() - 1).unwrap_or_default();
                if core.len() >= 16 {
                    forms.push(core.to_owned());
                }
            }
        }
        Forms(forms.into_iter().map(Zeroizing::new).collect())
    }

    /// Computes the keyed hash (HMAC-SHA256), by which the secret can be recognised but not recovered.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HMAC takes keys of any length"
    )]
    pub fn keyed_hash(&self, key: &[u8]) -> KeyedHash {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(self.0.as_bytes());
        let mut text = [0; KeyedHash::LENGTH];
        // 32 bytes always make 43 characters.
        let _ = URL_SAFE_NO_PAD.encode_slice(mac.finalize().into_bytes(), &mut text);
        KeyedHash(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(REDACTED)")
    }
}

/// Bytes that may hold a secret. They are wiped on drop, as by [`Zeroizing`], but in one sweep and not byte by byte.
#[derive(Default)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// Allocates room for `bytes`. A buffer that outgrows it leaves a copy unwiped.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({} bytes)", self.0.len())
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.clear();
        self.0.resize(self.0.capacity(), 0);
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

/// The forms in which a [`Secret`] may occur.
pub struct Forms(Vec<Zeroizing<String>>);

impl Forms {
    /// Replaces every form of the secret in a text.
    pub fn blot(&self, text: &str, with: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| {
            if !text.contains(form.as_str()) {
                return text;
            }
            let blotted = text.replace(form.as_str(), with);
            drop(Zeroizing::new(text));
            blotted
        })
    }
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forms(REDACTED)")
    }
}

/// A keyed hash of a [`Secret`], as 43 characters of base64url without padding.
#[derive(Clone, Copy, Debug)]
pub struct KeyedHash([u8; Self::LENGTH]);

impl KeyedHash {
    const LENGTH: usize = 43;

    /// Returns the hash as text.
    pub fn as_str(&self) -> &str {
        // The bytes are always base64url.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Tells in constant time whether `text` is this hash.
    pub fn is(&self, text: &[u8]) -> bool {
        self.0.as_slice().ct_eq(text).to_bool()
    }
}

/// Tells whether a word could be the value of a key: 32 or more letters, digits, `-` and `_`, or 24 or more with a digit
/// among them. An id `ApiKey-<uuid>` could not.
pub fn could_be_value(word: &str) -> bool {
    let is_id = word.strip_prefix("ApiKey-").is_some_and(|id| uuid::Uuid::try_parse(id).is_ok());
    let is_long = word.len() >= 32 || word.len() >= 24 && word.bytes().any(|b| b.is_ascii_digit());
    is_long && !is_id && word.chars().all(is_of_value)
}

fn is_of_value(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Replaces every word in a text that could be the value of a key by `…`.
pub fn veil(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (word, behind) = rest.split_at(rest.find(|c| !is_of_value(c)).unwrap_or(rest.len()));
        if word.is_empty() {
            shown.push(c);
            rest = &behind[c.len_utf8()..];
        } else {
            shown.push_str(if could_be_value(word) { "…" } else { word });
            rest = behind;
        }
    }
    shown
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
            assert!(!text.starts_with(['-', 't']));
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        }
    }

    #[test]
    fn a_secret_is_blotted_out_in_every_form() {
        let secret = Secret::new("to+m?ato".into());
        for form in [
            "to+m?ato",
            "to%2Bm%3Fato",
            "to%2bm%3fato",
            "to\\u002bm\\u003fato",
            "dG8rbT9hdG8",
            "746f2b6d3f61746f",
            "746F2B6D3F61746F",
        ] {
            assert_eq!(secret.forms().blot(&format!("<{form}>"), "x"), "<x>", "{form}");
        }
        let secret = Secret::new("abcdefghijklmnopqrstuvwxyz_-0123456789ABCDEF".into());
        for before in ["", "x", "xy", "Bearer "] {
            let text = STANDARD_NO_PAD.encode(format!("{before}{} and more", secret.expose()));
            let blotted = secret.forms().blot(&text, "*");
            assert!(blotted.len() < text.len() - 50, "{blotted}");
        }
        assert_eq!(Secret::new(String::new()).forms().blot("text", "x"), "text");
    }

    #[test]
    fn a_word_that_could_be_a_value_is_veiled() {
        let value = "abcdefghijklmnopqrstuvwxyz_-0123456789ABCDEF";
        for (text, shown) in [
            (value.to_owned(), "…"),
            (format!("'--flag={value}': é{value}."), "'--flag=…': é…."),
            (format!("https://host/{value}?"), "https://host/…?"),
            (format!("-k{value}"), "…"),
            ("4f".repeat(32), "…"),
            ("x".repeat(32), "…"),
            ("abcdefghijklmnopqrstuvw0".to_owned(), "…"),
        ] {
            assert_eq!(veil(&text), shown);
        }
        for text in [
            "IAM_IDENTITY_AUTH_DISABLE_SSL is '99999999999999999999d'",
            "unexpected argument '--frobnicate' found",
            "ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe",
            "2027-05-01T12:34:00Z",
            "",
        ] {
            assert_eq!(veil(text), text);
        }
    }

    #[test]
    fn a_hash_recognises_its_value_only() {
        let hash = Secret::new("value".into()).keyed_hash(b"key");
        assert_eq!(hash.as_str(), "kPv88V50o2uJ29sqch2a7P_f3dxcg-J_dZJZT3GTJIE");
        let is = |value: &str, key: &[u8]| {
            hash.is(Secret::new(value.into()).keyed_hash(key).as_str().as_bytes())
        };
        assert!(is("value", b"key"));
        assert!(!is("value", b"other key"));
        assert!(!is("valuf", b"key"));
        assert!(!hash.is(b"") && !hash.is(&hash.as_str().as_bytes()[1..]));
    }
}
