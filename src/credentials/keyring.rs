//! The keyring of the operating system. It is asked on a thread with a deadline, so that it cannot hang the program.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ::keyring::{Entry, Error};

use crate::secret::Secret;

const SERVICE: &str = "ibmcloud-iam";
/// How long one request to the keyring may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// Keeps a secret under `name`, and reads it back: a keyring without a collection accepts everything and keeps nothing.
pub(super) fn put(name: &str, secret: &Secret) -> Result<(), String> {
    let (name, secret) = (name.to_owned(), Secret::new(secret.expose().to_owned()));
    within_deadline(move || {
        let entry = entry(&name)?;
        entry.set_password(secret.expose()).map_err(|error| words(&error))?;
        let back = entry.get_password().map(Secret::new).map_err(|error| words(&error))?;
        if back.expose() == secret.expose() {
            return Ok(());
        }
        Err("it gave back something else than it was given".to_owned())
    })
}

/// Reads the secret under `name`; `None` where there is none.
pub(super) fn get(name: &str) -> Result<Option<Secret>, String> {
    let name = name.to_owned();
    within_deadline(move || read(&entry(&name)?))
}

/// Removes and returns the secret under `name`; `None` where there is none.
pub(super) fn take(name: &str) -> Result<Option<Secret>, String> {
    let name = name.to_owned();
    within_deadline(move || {
        let entry = entry(&name)?;
        let secret = read(&entry)?;
        if secret.is_some() {
            entry.delete_credential().map_err(|error| words(&error))?;
        }
        Ok(secret)
    })
}

fn read(entry: &Entry) -> Result<Option<Secret>, String> {
    match entry.get_password().map(Secret::new) {
        Ok(secret) => Ok(Some(secret)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(words(&error)),
    }
}

fn entry(name: &str) -> Result<Entry, String> {
    Entry::new(SERVICE, name).map_err(|error| match Entry::store_status() {
        Err(why) => words(why),
        Ok(()) => words(&error),
    })
}

/// Words an error as a clause without a full stop. It repeats no text that could hold the secret.
fn words(error: &Error) -> String {
    match error {
        Error::PlatformFailure(why) | Error::NoStorageAccess(why) => plainly(&why.to_string()),
        Error::NoEntry => "it keeps nothing (it may have no collection)".to_owned(),
        Error::NoDefaultStore => "there is none".to_owned(),
        _ => "it gave an answer that is not understood".to_owned(),
    }
}

/// What libraries say where there is no keyring, and what that means.
const MEANINGS: [(&str, &str); 6] = [
    ("Failed to connect to address", NO_SESSION),
    ("dbus session", NO_SESSION),
    (
        "ServiceUnknown",
        "no keyring runs in this session (a Secret Service, such as GNOME Keyring or KWallet)",
    ),
    ("result not returned", "it is locked, or has no collection that could keep anything"),
    ("prompt dismissed", LOCKED),
    ("locked", LOCKED),
];

const NO_SESSION: &str =
    "there is no desktop session that has one (no D-Bus, as over SSH, in a container or in cron)";

const LOCKED: &str = "it is locked, and was not unlocked";

fn plainly(why: &str) -> String {
    let meaning = MEANINGS.iter().find(|(said, _)| why.contains(said)).map(|(_, means)| *means);
    let first = || why.lines().next().unwrap_or_default().trim_end_matches('.');
    meaning.unwrap_or_else(first).to_owned()
}

fn within_deadline<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || sender.send(job()))
        .map_err(|error| error.to_string())?;
    match receiver.recv_timeout(DEADLINE) {
        Ok(done) => done,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(format!("it did not answer within {} seconds", DEADLINE.as_secs()))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("it failed".to_owned()),
    }
}
