//! The RSA key that signs access tokens. It is kept beside the store as a JSON Web Key (RFC 7517), so that tokens outlive a
//! restart; over a store in memory each run has its own. It is made when it is first needed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::kept;
use super::response::Refusal;
use super::rsa::{self, E, Numbers};
use crate::error::{Error, ErrorKind, Result};
use crate::object::object;
use crate::private_file;
use crate::secret;
use crate::systems::iam::local::LocalKeys;
use crate::text::shell_path;

const FILE: &str = "token-key.json";

/// An RSA key of 2048 bits.
#[derive(Debug)]
pub(super) struct TokenKey {
    pair: KeyPair,
    n: Vec<u8>,
    /// Names the key in the head of a token: 16 hex digits that follow from it.
    pub(super) id: String,
}

/// The key as it is in the file.
#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    n: String,
    e: String,
    d: Zeroizing<String>,
    p: Zeroizing<String>,
    q: Zeroizing<String>,
    dp: Zeroizing<String>,
    dq: Zeroizing<String>,
    qi: Zeroizing<String>,
}

impl TokenKey {
    fn new(numbers: &Numbers) -> Option<Self> {
        let Numbers { n, d, p, q, dp, dq, qi } = numbers;
        let e = &E.to_vec();
        let public_key = PublicKeyComponents { n, e };
        #[expect(non_snake_case, reason = "the names of ring")]
        let (dP, dQ, qInv) = (dp, dq, qi);
        let pair =
            KeyPair::from_components(&KeyPairComponents { public_key, d, p, q, dP, dQ, qInv })
                .ok()?;
        let id = secret::hex(&Sha256::digest(n)[..8]);
        Some(Self { pair, n: n.clone(), id })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let jwk: Jwk = serde_json::from_slice(bytes).ok()?;
        if jwk.kty != "RSA" || jwk.e != encode(&E) {
            return None;
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        Self::new(&Numbers {
            n: decode(&jwk.n)?,
            d: decode(&jwk.d)?,
            p: decode(&jwk.p)?,
            q: decode(&jwk.q)?,
            dp: decode(&jwk.dp)?,
            dq: decode(&jwk.dq)?,
            qi: decode(&jwk.qi)?,
        })
    }

    /// Signs a text: RSASSA-PKCS1-v1_5 with SHA-256.
    pub(super) fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).ok()?;
        Some(signature)
    }

    /// Tells whether this key signed a text. It takes microseconds.
    pub(super) fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let public = PublicKeyComponents { n: &self.n[..], e: &E[..] };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, text, signature).is_ok()
    }

    /// Writes what a client needs to check signatures.
    pub(super) fn public_jwk(&self) -> impl Serialize {
        object()
            .with("kty", "RSA")
            .with("n", encode(&self.n))
            .with("e", encode(&E))
            .with("alg", "RS256")
            .with("kid", &self.id)
            .with("use", "sig")
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn document(numbers: &Numbers) -> Zeroizing<Vec<u8>> {
    let secret = |bytes| Zeroizing::new(encode(bytes));
    let jwk = Jwk {
        kty: "RSA".to_owned(),
        n: encode(&numbers.n),
        e: encode(&E),
        d: secret(&numbers.d),
        p: secret(&numbers.p),
        q: secret(&numbers.q),
        dp: secret(&numbers.dp),
        dq: secret(&numbers.dq),
        qi: secret(&numbers.qi),
    };
    // Writing to memory cannot fail.
    Zeroizing::new(serde_json::to_vec(&jwk).unwrap_or_default())
}

/// The key, or the place where it will be.
#[derive(Debug)]
pub(super) struct Keeper {
    key: Mutex<Option<Arc<TokenKey>>>,
    /// `None` over a store in memory.
    file: Option<PathBuf>,
}

impl Keeper {
    /// Reads the key of an earlier run over the store in `directory`, if there is one.
    pub(super) fn open(directory: Option<&Path>) -> Result<Self> {
        let file = directory.map(|directory| directory.join(FILE));
        let key = match &file {
            Some(file) => read(file)?,
            None => None,
        };
        Ok(Self { key: Mutex::new(key.map(Arc::new)), file })
    }

    /// Returns the key, and makes it if there is none yet. Emulators over one store have one key.
    pub(super) fn get(&self, store: &LocalKeys) -> std::result::Result<Arc<TokenKey>, Refusal> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*key {
            return Ok(Arc::clone(key));
        }
        let made = make().map_err(Refusal::internal)?;
        let kept = match &self.file {
            None => made.0,
            Some(file) => store
                .found(|_, _| keep(file, made))
                .map_err(|error| Refusal::of(error, ""))?
                .map_err(Refusal::internal)?,
        };
        Ok(Arc::clone(key.insert(Arc::new(kept))))
    }
}

/// Makes a key, and what is to be in its file.
fn make() -> std::result::Result<(TokenKey, Zeroizing<Vec<u8>>), String> {
    let numbers = rsa::make().map_err(|error| error.to_string())?;
    let key = TokenKey::new(&numbers).ok_or("The key that was made is not valid")?;
    Ok((key, document(&numbers)))
}

/// Writes a key to the file, unless another emulator has been faster: then takes that one's.
fn keep(
    file: &Path,
    (key, document): (TokenKey, Zeroizing<Vec<u8>>),
) -> std::result::Result<TokenKey, String> {
    if let Some(earlier) = read(file).map_err(|error| error.message)? {
        return Ok(earlier);
    }
    let written = private_file::replace(file, &document);
    written.map_err(|error| format!("{} could not be written: {error}", file.display()))?;
    Ok(key)
}

/// Reads the file; `None` if it is absent or empty.
fn read(file: &Path) -> Result<Option<TokenKey>> {
    let refused = || {
        let shown = file.display();
        let words = format!(
            "{shown} exists, but it is not the key that signs tokens, or other users can read it."
        );
        let hint =
            format!("If it is that key, run 'chmod 600 {}'; else move it away.", shell_path(file));
        Error::new(ErrorKind::Destination, words).hint(hint)
    };
    let bytes = kept::read(file).map_err(|error| refused().remedied(&error))?;
    bytes.map(|bytes| TokenKey::read(&bytes).ok_or_else(refused)).transpose()
}
