//! This program's own login: an API key in the keyring or in a file, and a record of it in the configuration.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keyring;
use crate::config::remote::{self, Urls};
use crate::config::{ConfigFile, Keeper, LoginRecord, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKeyId, BackendKind, Identity};
use crate::private_file;
use crate::secret::{self, Secret};
use crate::systems::iam::remote::Token;
use crate::ui::Ui;

const MOST: u64 = 64 * 1024;

/// The file of a login that is kept in one.
#[derive(Serialize, Deserialize)]
struct KeptKey<'a> {
    #[serde(borrow)]
    endpoint: Cow<'a, str>,
    /// The token service, where that is another host.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    auth: Option<Cow<'a, str>>,
    #[serde(borrow)]
    apikey: Cow<'a, str>,
}

/// Returns where a login's key belongs.
pub fn urls(record: &LoginRecord) -> Result<Urls> {
    let auth = record.auth.as_deref().map(|auth| remote::parse("The login's token service", auth));
    Ok(Urls {
        endpoint: Some(remote::parse("The login's endpoint", &record.endpoint)?),
        auth: auth.transpose()?,
        disable_ssl: false,
    })
}

/// Tells who a login speaks for.
pub fn identity(record: &LoginRecord) -> Identity {
    Identity {
        iam_id: record.iam_id.as_str().into(),
        account_id: record.account_id.as_str().into(),
        user: record.user.clone(),
    }
}

/// Says where a login's key is kept.
pub fn keeper(record: &LoginRecord) -> &'static str {
    match record.kept {
        Keeper::Keyring => "OS keyring",
        Keeper::File => "file",
    }
}

/// Returns the file of a login that is kept in one.
pub fn file(record: &LoginRecord, directory: &Path) -> PathBuf {
    directory.join(format!("{PREFIX}{}{SUFFIX}", record.entry))
}

const PREFIX: &str = "login-";
const SUFFIX: &str = ".json";

/// Names the entry of a key by all that it may be sent to, so that a record which says something else finds none.
fn name_in_keyring(record: &LoginRecord) -> String {
    let LoginRecord { endpoint, auth, entry, .. } = record;
    match auth {
        Some(auth) => format!("{endpoint} {auth} {entry}"),
        None => format!("{endpoint} {entry}"),
    }
}

/// Reads the key of a login. Where it is gone, another process may just have logged in anew; so the login that the key
/// is of is returned with it.
pub(super) fn read(
    record: LoginRecord,
    directory: &Path,
    ui: &mut Ui,
) -> Result<(Secret, LoginRecord)> {
    if let Some(Kept { key, loose }) = read_kept(&record, directory)? {
        ui.warn_of(loose);
        return Ok((key, record));
    }
    let mut logins = ConfigFile::read(directory)?.logins.into_iter();
    let newer = logins.find(|other| is_same(other, &record) && other.entry != record.entry);
    if let Some(newer) = newer
        && let Some(Kept { key, loose }) = read_kept(&newer, directory)?
    {
        ui.warn_of(loose);
        return Ok((key, newer));
    }
    Err(gone(&record))
}

fn gone(record: &LoginRecord) -> Error {
    let (endpoint, keeper) = (&record.endpoint, keeper(record));
    let told = match &record.auth {
        None => format!("The API key of the login to {endpoint} is gone from its {keeper}."),
        // One that an older version kept is not bound to its token service, which anybody may have written there.
        Some(auth) => format!(
            "The {keeper} holds no API key of a login to {endpoint} with the token service {auth}."
        ),
    };
    Error::new(ErrorKind::NotLoggedIn, told).hint(AGAIN)
}

/// A key that was kept, and a warning where others can read it.
struct Kept {
    key: Secret,
    loose: Option<String>,
}

fn read_kept(record: &LoginRecord, directory: &Path) -> Result<Option<Kept>> {
    let path = file(record, directory);
    let broken = |why: &str| {
        let told = format!("The login in {} cannot be used: {why}.", path.display());
        Error::new(ErrorKind::NotLoggedIn, told).hint(AGAIN)
    };
    // It must not lead to another file, or to the entry of another login.
    if !is_tag(&record.entry) {
        return Err(broken("its record in config.json is not as it was written"));
    }
    if record.kept == Keeper::Keyring {
        let key = keyring::get(&name_in_keyring(record)).map_err(|why| no_keyring(&why))?;
        return Ok(key.map(|key| Kept { key, loose: None }));
    }
    let failed = |error: &io::Error| broken(&error.to_string()).remedied(error);
    let Some(opened) = private_file::open_own(&path).map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    let metadata = opened.metadata().map_err(|error| failed(&error))?;
    let bytes = private_file::read_open(&opened, MOST).map_err(|error| failed(&error))?;
    let kept: KeptKey<'_> =
        serde_json::from_slice(&bytes).map_err(|_| broken("it is not as it was written"))?;
    if kept.endpoint != record.endpoint {
        return Err(broken("it belongs to another endpoint"));
    }
    if kept.auth.as_deref() != record.auth.as_deref() {
        return Err(broken("it is not bound to the token service that config.json names"));
    }
    let key = super::usable(Secret::new(kept.apikey.into_owned()), &path.display().to_string())?;
    Ok(Some(Kept { key, loose: private_file::exposure(&path, &metadata) }))
}

const AGAIN: &str = "Log in again with 'ibmcloud-iam login'.";

/// Tells that the keyring cannot be used.
pub fn no_keyring(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("The OS keyring cannot be used: {why}.")).hint(
        "Unlock or start it, or keep the API key in a file (0600) with 'ibmcloud-iam login --insecure-storage'.",
    )
}

/// Makes the record of a login that is about to be kept.
pub fn record(
    urls: (&str, &str),
    token: &Token,
    apikey_id: Option<&ApiKeyId>,
    kept: Keeper,
) -> Result<LoginRecord> {
    let (endpoint, auth) = urls;
    let identity = token.identity();
    Ok(LoginRecord {
        endpoint: endpoint.to_owned(),
        auth: (auth != endpoint).then(|| auth.to_owned()),
        kept,
        entry: new_entry()?,
        iam_id: identity.iam_id.to_string(),
        account_id: identity.account_id.to_string(),
        user: identity.user.clone(),
        apikey_id: apikey_id.map(ToString::to_string),
    })
}

/// Puts the key of a login into the keyring; says in a clause why that cannot be.
pub fn put_into_keyring(record: &LoginRecord, key: &Secret) -> std::result::Result<(), String> {
    keyring::put(&name_in_keyring(record), key)
}

/// Keeps a login in the place of the one that its endpoint had; the key is in the keyring already, or goes to its file
/// now. `profile` remembers an endpoint that was named. Returns what it stands in the place of.
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
        config.backend = Some(BackendKind::Remote);
        if profile.named().is_some() && is_named {
            config.endpoint = Some(record.endpoint.clone());
        }
        Ok(replaced)
    })?;
    // What is left of the old one is of no use to anybody, and no reason to fail.
    for old in &replaced {
        let _ = remove_key(old, directory);
    }
    Ok(replaced)
}

/// Keeps another key in the place of a login's, by the same means.
pub fn move_to(
    record: &LoginRecord,
    key: &Secret,
    apikey_id: &ApiKeyId,
    directory: &Path,
    profile: &Profile,
) -> Result<()> {
    let moved = LoginRecord {
        entry: new_entry()?,
        apikey_id: Some(apikey_id.to_string()),
        ..record.clone()
    };
    if moved.kept == Keeper::Keyring {
        put_into_keyring(&moved, key).map_err(|why| no_keyring(&why))?;
    }
    keep(&moved, key, directory, profile, false).map(drop)
}

fn new_entry() -> Result<String> {
    let random = secret::random::<8>().map_err(|error| {
        Error::new(ErrorKind::Failure, format!("The system has no randomness: {error}."))
    })?;
    Ok(secret::hex(&random))
}

fn is_same(a: &LoginRecord, b: &LoginRecord) -> bool {
    (&a.endpoint, &a.auth) == (&b.endpoint, &b.auth)
}

fn write(record: &LoginRecord, key: &Secret, directory: &Path) -> Result<()> {
    let path = file(record, directory);
    let kept = KeptKey {
        endpoint: record.endpoint.as_str().into(),
        auth: record.auth.as_deref().map(Cow::from),
        apikey: key.expose().into(),
    };
    // A buffer that moved would leave the key behind.
    let auth = record.auth.as_ref().map_or(0, String::len);
    let room = 64 + 6 * (kept.endpoint.len() + auth + kept.apikey.len());
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let written = serde_json::to_writer(&mut *bytes, &kept)
        .map_err(std::io::Error::from)
        .and_then(|()| private_file::replace(&path, &bytes));
    written.map_err(|error| {
        let told = format!("The login cannot be written to {}: {error}.", path.display());
        Error::new(ErrorKind::Failure, told).remedied(&error)
    })
}

/// Removes the key of a login; returns it, where it was there.
pub fn remove_key(record: &LoginRecord, directory: &Path) -> Result<Option<Secret>> {
    match record.kept {
        // What no login wrote leads to no key of one.
        _ if !is_tag(&record.entry) => Ok(None),
        Keeper::Keyring => {
            let take = |record: &LoginRecord| {
                keyring::take(&name_in_keyring(record)).map_err(|why| no_keyring(&why))
            };
            match take(record)? {
                // An older version did not put the token service into the name.
                None if record.auth.is_some() => {
                    take(&LoginRecord { auth: None, ..record.clone() })
                }
                taken => Ok(taken),
            }
        }
        Keeper::File => {
            let path = file(record, directory);
            // One that cannot be read can be removed all the same.
            let key = read_kept(record, directory).ok().flatten().map(|kept| kept.key);
            private_file::remove(&path).map_err(|error| {
                let told = format!("{} cannot be removed: {error}.", path.display());
                Error::new(ErrorKind::Failure, told)
            })?;
            Ok(key)
        }
    }
}

/// Removes the files of logins that no record names: what an interrupted login left.
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

/// Tells whether a file is one that a login made, and not somebody else's that begins alike.
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
