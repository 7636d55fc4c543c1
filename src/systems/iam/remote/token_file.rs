//! The files in which access tokens are kept from one command to the next: one for each token service and API key.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::credential::{Credential, Token, identity};
use crate::http::Endpoint;
use crate::model::Identity;
use crate::private_file;
use crate::secret::Secret;
use crate::settings::service::Service;

/// The most bytes of a file that is read.
const MOST: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
struct TokenFile<'a> {
    /// The URL of the token service.
    #[serde(borrow, default)]
    auth: Cow<'a, str>,
    #[serde(borrow, default)]
    access_token: Cow<'a, str>,
    /// How long the token lives, in seconds.
    #[serde(default)]
    expires_in: i64,
    /// When it expires, in seconds since 1970 by this machine's clock.
    expiration: i64,
}

/// Returns the file of a credential, if its tokens are kept. The name reveals neither the key nor the service.
pub(super) fn path(settings: &Service, credential: &Credential) -> Option<PathBuf> {
    let Credential::ApiKey(api_key) = credential else { return None };
    let name = api_key.keyed_hash(settings.auth.as_str().as_bytes());
    Some(settings.tokens.as_ref()?.join(format!("token-{}.json", name.as_str())))
}

/// Removes the token that was kept for a credential, if any.
pub fn forget_token(settings: &Service, credential: &Credential) -> io::Result<()> {
    path(settings, credential).map_or(Ok(()), |file| private_file::remove(&file))
}

/// Returns who a credential speaks for, as far as it or its kept token says so, expired or not. Sends nothing.
pub fn known_identity(settings: &Service, credential: &Credential) -> Option<Identity> {
    match credential {
        Credential::ApiKey(_) => {
            Some(read(&path(settings, credential)?, &settings.auth).ok()??.identity)
        }
        Credential::BearerToken(access) | Credential::CliSession { access, .. } => {
            identity(access.expose())
        }
    }
}

/// Reads the token in a file; `None` if there is none for this service. Fails only if others can write the file: the
/// token may then be somebody else's.
pub(super) fn read(file: &Path, auth: &Endpoint) -> io::Result<Option<Token>> {
    let bytes = match private_file::read_own(file, MOST) {
        Ok(Some(bytes)) => bytes,
        Err(error) if private_file::remedy(&error).is_some() => return Err(error),
        Ok(None) | Err(_) => return Ok(None),
    };
    let kept = serde_json::from_slice::<TokenFile<'_>>(&bytes).ok();
    Ok(kept.filter(|kept| kept.auth == auth.as_str()).and_then(|kept| {
        let value = Secret::new(kept.access_token.into_owned());
        Token::new(value, kept.expiration, kept.expires_in, false)
    }))
}

/// Writes a token to a file. If that fails, the next command gets its own token.
pub(super) fn write(file: &Path, auth: &Endpoint, token: &Token) {
    let kept = TokenFile {
        auth: auth.as_str().into(),
        access_token: token.value.expose().into(),
        expires_in: token.lifetime,
        expiration: token.expires,
    };
    // A buffer that grows leaves a copy of the token behind.
    let room = 1_024 + 6 * (kept.auth.len() + kept.access_token.len());
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    if serde_json::to_writer(&mut *bytes, &kept).is_ok() {
        let _ = private_file::replace_small(file, &bytes);
    }
}

/// Removes the expired tokens of other credentials beside a file, such as those of rotated keys.
pub(super) fn sweep(file: &Path, now: i64) {
    let Some(Ok(entries)) = file.parent().map(std::fs::read_dir) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_token = name.starts_with("token-")
            && path.extension().is_some_and(|extension| extension == "json");
        let is_expired = || {
            let bytes = private_file::read_own(&path, MOST).ok()??;
            let kept = serde_json::from_slice::<TokenFile<'_>>(&bytes).ok()?;
            Some(kept.expiration <= now)
        };
        if is_token && path != file && is_expired() == Some(true) {
            let _ = private_file::remove(&path);
        }
    }
}
