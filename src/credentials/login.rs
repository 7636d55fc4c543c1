//! Logins of this program: an API key in the keyring or in a file, and a record of it in the configuration.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{input, keyring};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKeyId, BackendKind, Identity};
use crate::private_file;
use crate::secret::{self, Secret};
use crate::settings::service::{self, Urls};
use crate::settings::{ConfigFile, Keeper, LoginRecord, PlatformProof, Profile};
use crate::systems::System;
use crate::systems::iam::remote::Token;
use crate::text::shell_word;
use crate::ui::Ui;

const MOST: u64 = 64 * 1024;

/// The contents of the file that keeps a login's key.
#[derive(Serialize, Deserialize)]
struct LoginFile<'a> {
    #[serde(borrow)]
    endpoint: Cow<'a, str>,
    /// The token service, where that is another host.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    auth: Option<Cow<'a, str>>,
    /// The user, where this is a login to a platform with the password or the key.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<PlatformProof>,
    /// The key, or the password.
    #[serde(borrow)]
    apikey: Cow<'a, str>,
}

/// Returns the URLs that a login's key belongs to.
pub fn urls(record: &LoginRecord) -> Result<Urls> {
    let auth = record.auth.as_deref().map(|auth| service::parse("The login's token service", auth));
    Ok(Urls {
        endpoint: Some(service::parse("The login's endpoint", &record.endpoint)?),
        auth: auth.transpose()?,
        disable_ssl: false,
    })
}

/// Returns the identity of a login.
pub fn identity(record: &LoginRecord) -> Identity {
    Identity {
        iam_id: record.iam_id.as_str().into(),
        account_id: record.account_id.as_str().into(),
        user: record.user.clone(),
    }
}

/// Names the place where a login's key is kept.
pub fn keeper(record: &LoginRecord) -> &'static str {
    match record.kept {
        Keeper::Keyring => "OS keyring",
        Keeper::File => "file",
    }
}

/// Returns the file that keeps a login's key.
pub fn file(record: &LoginRecord, directory: &Path) -> PathBuf {
    directory.join(format!("{PREFIX}{}{SUFFIX}", record.entry))
}

const PREFIX: &str = "login-";
const SUFFIX: &str = ".json";

/// Names the entry of a key in the keyring. The name holds the URLs, and for a platform the user, so that a record with
/// others finds no key.
fn name_in_keyring(record: &LoginRecord) -> String {
    let LoginRecord { endpoint, auth, entry, user, platform, .. } = record;
    match (platform, auth) {
        (Some(proof), _) => format!("{endpoint} {} {user} {entry}", proof.noun()),
        (None, Some(auth)) => format!("{endpoint} {auth} {entry}"),
        (None, None) => format!("{endpoint} {entry}"),
    }
}

/// Reads the key of a login. Where it is gone, another process may have logged in anew: then the key of that login is read.
/// Returns the login with its key.
pub(super) fn read(
    record: &LoginRecord,
    directory: &Path,
    ui: &mut Ui,
) -> Result<(Secret, LoginRecord)> {
    let mut found = read_kept(record, directory)?.map(|kept| (kept, record.clone()));
    if found.is_none() {
        let mut logins = ConfigFile::read(directory)?.logins.into_iter();
        let newer = logins.find(|other| is_same(other, record) && other.entry != record.entry);
        if let Some(newer) = newer {
            found = read_kept(&newer, directory)?.map(|kept| (kept, newer));
        }
    }
    let ((key, loose), record) = found.ok_or_else(|| gone(record))?;
    ui.warn_of(loose);
    Ok((key, record))
}

fn gone(record: &LoginRecord) -> Error {
    let (endpoint, keeper) = (&record.endpoint, keeper(record));
    let told = match &record.auth {
        None => format!("The API key of the login to {endpoint} is gone from its {keeper}."),
        // Older versions did not bind the key to its token service, which anybody could write into the configuration.
        Some(auth) => format!(
            "The {keeper} holds no API key of a login to {endpoint} with the token service {auth}."
        ),
    };
    Error::new(ErrorKind::NotLoggedIn, told).hint(AGAIN)
}

/// Reads the key of a login, and a warning if others can read it; `None` where there is none.
fn read_kept(record: &LoginRecord, directory: &Path) -> Result<Option<(Secret, Option<String>)>> {
    let path = file(record, directory);
    let broken = |why: &str| {
        let told = format!("The login in {} cannot be used: {why}.", path.display());
        Error::new(ErrorKind::NotLoggedIn, told).hint(AGAIN)
    };
    // A forged entry must not lead to another file or login.
    if !is_tag(&record.entry) {
        return Err(broken("its record in config.json is not as it was written"));
    }
    if record.kept == Keeper::Keyring {
        let key = keyring::get(&name_in_keyring(record)).map_err(|why| no_keyring(&why, record))?;
        return Ok(key.map(|key| (key, None)));
    }
    let failed = |error: &io::Error| broken(&error.to_string()).remedied(error);
    let Some(opened) = private_file::open_own(&path).map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    let metadata = opened.metadata().map_err(|error| failed(&error))?;
    let bytes = private_file::read_open(&opened, MOST).map_err(|error| failed(&error))?;
    let kept: LoginFile<'_> =
        serde_json::from_slice(&bytes).map_err(|_| broken("it is not as it was written"))?;
    if kept.endpoint != record.endpoint {
        return Err(broken("it belongs to another endpoint"));
    }
    if kept.auth.as_deref() != record.auth.as_deref() {
        return Err(broken("it is not bound to the token service that config.json names"));
    }
    let user = record.platform.map(|_| record.user.as_str());
    if (kept.platform, kept.user.as_deref()) != (record.platform, user) {
        return Err(broken("it belongs to another user or service"));
    }
    let key = Secret::new(kept.apikey.into_owned());
    let source = path.display().to_string();
    let key = match record.platform {
        Some(PlatformProof::Password) => input::usable_password(key, &source)?,
        Some(PlatformProof::ApiKey) => input::usable_of(key, System::Platform, &source)?,
        None => input::usable(key, &source)?,
    };
    Ok(Some((key, private_file::exposure(&path, &metadata))))
}

const AGAIN: &str = "Log in again with 'ibmcloud-iam login'.";

/// Makes the error for a keyring that cannot be used.
pub fn no_keyring(why: &str, record: &LoginRecord) -> Error {
    let at = record.platform.map_or(String::new(), |_| {
        let (url, user) = (shell_word(&record.endpoint), shell_word(&record.user));
        format!(" --platform {url} --username {user}")
    });
    let noun = record.noun();
    let each_time = match record.platform {
        None => "\nWithout a login, '--apikey @FILE' and 'IBMCLOUD_API_KEY=@FILE' name the key.",
        Some(_) => "",
    };
    Error::new(ErrorKind::Unavailable, format!("The OS keyring cannot be used: {why}.")).hint(format!(
        "Unlock or start it, or keep the {noun} in a file (0600) with 'ibmcloud-iam login{at} --insecure-storage'.{each_time}"
    ))
}

/// Makes the record of a new login.
pub fn record(
    urls: (&str, &str),
    token: &Token,
    apikey_id: Option<&ApiKeyId>,
    kept: Keeper,
) -> Result<LoginRecord> {
    let (endpoint, auth) = urls;
    let identity = &token.identity;
    Ok(LoginRecord {
        endpoint: endpoint.to_owned(),
        auth: (auth != endpoint).then(|| auth.to_owned()),
        kept,
        entry: new_entry()?,
        iam_id: identity.iam_id.to_string(),
        account_id: identity.account_id.to_string(),
        user: identity.user.clone(),
        apikey_id: apikey_id.map(ToString::to_string),
        platform: None,
    })
}

/// Makes the record of a new login to a platform.
pub fn platform_record(
    endpoint: &str,
    user: &str,
    proof: PlatformProof,
    kept: Keeper,
) -> Result<LoginRecord> {
    Ok(LoginRecord {
        endpoint: endpoint.to_owned(),
        auth: None,
        kept,
        entry: new_entry()?,
        iam_id: user.to_owned(),
        account_id: String::new(),
        user: user.to_owned(),
        apikey_id: None,
        platform: Some(proof),
    })
}

/// Puts the key of a login into the keyring. Fails with the reason as a clause.
pub fn put_into_keyring(record: &LoginRecord, key: &Secret) -> std::result::Result<(), String> {
    keyring::put(&name_in_keyring(record), key)
}

/// Keeps a login, in place of those that its endpoint had; returns them. The key is in the keyring already, or is written
/// to its file now. A named profile keeps an endpoint that was named.
pub fn keep(
    record: &LoginRecord,
    key: &Secret,
    directory: &Path,
    profile: &Profile,
    is_named: bool,
) -> Result<Vec<LoginRecord>> {
    let replaced = ConfigFile::change(directory, |config| {
        sweep(config, directory);
        if record.kept == Keeper::File {
            write(record, key, directory)?;
        }
        let (replaced, mut logins): (Vec<_>, Vec<_>) =
            std::mem::take(&mut config.logins).into_iter().partition(|old| is_same(old, record));
        logins.push(record.clone());
        config.logins = logins;
        if record.platform.is_none() {
            config.backend = Some(BackendKind::Remote);
        }
        if profile.named().is_some() && is_named {
            config.endpoint = Some(record.endpoint.clone());
        }
        Ok(replaced)
    })?;
    // An old key that stays behind is no reason to fail.
    for old in &replaced {
        let _ = remove_key(old, directory);
    }
    Ok(replaced)
}

/// Replaces the key of a login, in the keyring or file where that was kept.
pub fn move_to(
    record: &LoginRecord,
    key: &Secret,
    apikey_id: Option<&ApiKeyId>,
    directory: &Path,
    profile: &Profile,
) -> Result<()> {
    let moved = LoginRecord {
        entry: new_entry()?,
        apikey_id: apikey_id.map(ToString::to_string),
        ..record.clone()
    };
    if moved.kept == Keeper::Keyring {
        put_into_keyring(&moved, key).map_err(|why| no_keyring(&why, record))?;
    }
    keep(&moved, key, directory, profile, false).map(drop)
}

fn new_entry() -> Result<String> {
    let random = secret::random::<8>()
        .map_err(|error| Error::failure(format!("The system has no randomness: {error}.")))?;
    Ok(secret::hex(&random))
}

fn is_same(a: &LoginRecord, b: &LoginRecord) -> bool {
    let is_platform = |record: &LoginRecord| record.platform.is_some();
    (&a.endpoint, &a.auth, is_platform(a)) == (&b.endpoint, &b.auth, is_platform(b))
}

fn write(record: &LoginRecord, key: &Secret, directory: &Path) -> Result<()> {
    let path = file(record, directory);
    let kept = LoginFile {
        endpoint: record.endpoint.as_str().into(),
        auth: record.auth.as_deref().map(Cow::from),
        user: record.platform.map(|_| record.user.as_str().into()),
        platform: record.platform,
        apikey: key.expose().into(),
    };
    // A buffer that grew would leave a copy of the key unwiped.
    let auth = record.auth.as_ref().map_or(0, String::len);
    let room = 128 + 6 * (kept.endpoint.len() + auth + record.user.len() + kept.apikey.len());
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let written = serde_json::to_writer(&mut *bytes, &kept)
        .map_err(std::io::Error::from)
        .and_then(|()| private_file::replace(&path, &bytes));
    written.map_err(|error| {
        let told = format!("The login cannot be written to {}: {error}.", path.display());
        Error::failure(told).remedied(&error)
    })
}

/// Removes and returns the key of a login; `None` where there is none.
pub fn remove_key(record: &LoginRecord, directory: &Path) -> Result<Option<Secret>> {
    match record.kept {
        // No login wrote this entry, so it has no key.
        _ if !is_tag(&record.entry) => Ok(None),
        Keeper::Keyring => {
            let take = |record: &LoginRecord| {
                keyring::take(&name_in_keyring(record)).map_err(|why| no_keyring(&why, record))
            };
            match take(record)? {
                // Older versions left the token service out of the name.
                None if record.auth.is_some() => {
                    take(&LoginRecord { auth: None, ..record.clone() })
                }
                taken => Ok(taken),
            }
        }
        Keeper::File => {
            let path = file(record, directory);
            // A file that cannot be read is removed all the same.
            let key = read_kept(record, directory).ok().flatten().map(|(key, _)| key);
            private_file::remove(&path).map_err(|error| {
                let told = format!("{} cannot be removed: {error}.", path.display());
                Error::failure(told)
            })?;
            Ok(key)
        }
    }
}

/// Removes the files that interrupted logins left: those that no record names.
fn sweep(config: &ConfigFile, directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_used = config.logins.iter().any(|login| file(login, directory) == path);
        if is_of_a_login(name) && !is_used {
            let _ = private_file::remove(&path);
        }
    }
}

fn is_of_a_login(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    let tag = rest.split('.').next().unwrap_or_default();
    is_tag(tag) && rest[tag.len()..].starts_with(".json")
}

fn is_tag(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Removes the record of a login whose key is gone.
pub fn forget(record: &LoginRecord, directory: &Path) -> Result<()> {
    ConfigFile::change(directory, |config| {
        sweep(config, directory);
        config.logins.retain(|login| login != record);
        Ok(())
    })
}
