//! The files of several new keys in one directory: the one that holds the old key, else one that is named after it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::credentials::input;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ApiKey;
use crate::private_file::{self, DestinationError, Whereabouts};
use crate::text::shell_path;

/// The most bytes of the name of a file, without its end.
const MOST_OF_NAME: usize = 150;

/// A directory of key files.
#[derive(Debug)]
pub(super) struct Files<'a> {
    directory: &'a Path,
    /// The files that hold a key, by its id.
    by_id: HashMap<String, Vec<PathBuf>>,
}

/// Makes sure that there is such a directory.
pub(super) fn check(directory: &Path) -> Result<()> {
    let shown = directory.display();
    if directory.is_dir() {
        return Ok(());
    }
    let (words, hint) = if directory.symlink_metadata().is_ok() {
        ("is not a directory", "Name a directory for the files of the new keys.".to_owned())
    } else {
        ("does not exist", format!("Create it with 'mkdir -p {}' first.", shell_path(directory)))
    };
    Err(Error::new(ErrorKind::Destination, format!("The directory '{shown}' {words}.")).hint(hint))
}

impl<'a> Files<'a> {
    /// Looks at the files of a directory.
    pub(super) fn find(directory: &'a Path) -> Result<Self> {
        let unreadable = |error: std::io::Error| {
            let message = format!("'{}' cannot be read: {error}.", directory.display());
            Error::new(ErrorKind::Destination, message)
        };
        let mut by_id: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if is_hidden || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            // What cannot be read is no file of a key that is rotated.
            if let Some(id) = id_in(&entry.path()) {
                by_id.entry(id).or_default().push(entry.path());
            }
        }
        Ok(Self { directory, by_id })
    }

    /// Returns the file for the key that takes the place of this one. Without one that holds it, a new file is named after the
    /// key, and after its id too if it has a namesake.
    pub(super) fn of(&self, old: &ApiKey, has_namesake: bool) -> Result<PathBuf> {
        match self.by_id.get(old.id.as_str()).map(Vec::as_slice) {
            None | Some([]) => Ok(self.directory.join(name_for(old, has_namesake))),
            Some([only]) => Ok(only.clone()),
            Some([first, second, ..]) => {
                let message = format!(
                    "'{}' and '{}' both hold {}.",
                    first.display(),
                    second.display(),
                    old.id
                );
                Err(Error::new(ErrorKind::Destination, message)
                    .hint("Move one of them away first."))
            }
        }
    }
}

/// Returns the id that a key file names.
fn id_in(file: &Path) -> Option<String> {
    let bytes = private_file::read_named(file, input::MOST as u64).ok()??;
    input::key_in(str::from_utf8(&bytes).ok()?)?.id
}

/// Names a file after a key. The name says the same on every file system, and is no hidden one.
fn name_for(key: &ApiKey, has_namesake: bool) -> String {
    let mut name = String::new();
    for byte in key.name.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.@+=,".contains(&byte);
        if is_plain && !(name.is_empty() && byte == b'.') {
            name.push(char::from(byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    // Another key may have a name that begins in the same way.
    if has_namesake || name.len() > MOST_OF_NAME {
        name.truncate(MOST_OF_NAME);
        let _ = write!(name, "-{}", key.id);
    }
    name + ".json"
}

/// Refuses a file that two keys would need.
pub(super) fn refuse_twice(file: &Path, first: &str, second: &str) -> Error {
    let message = format!("{first} and {second} would both be written to '{}'.", file.display());
    Error::from(DestinationError {
        message,
        hint: Some("Rotate one of them by itself, with '--file FILE'.".to_owned()),
        whereabouts: Whereabouts::Beside,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_key() {
        let named = |name: &str| name_for(&ApiKey::sample(name), false);
        assert_eq!(named("ci-deploy_2.prod"), "ci-deploy_2.prod.json");
        assert_eq!(named("a b/c:d'e\"\u{1F600}\n"), "a%20b%2Fc%3Ad%27e%22%F0%9F%98%80%0A.json");
        assert_eq!(named("../up"), "%2E.%2Fup.json");
        assert_eq!(named(".hidden"), "%2Ehidden.json");
        assert_eq!(named("-rf"), "-rf.json");
        assert_eq!(named("100%"), "100%25.json");
        let sample = ApiKey::sample("ci");
        assert_eq!(name_for(&sample, true), format!("ci-{}.json", sample.id));
        let long = ["x".repeat(400), "x".repeat(401)].map(|name| named(&name));
        assert!(long.iter().all(|name| name.len() < 255), "{long:?}");
        assert_eq!(
            long[0],
            format!("{}-{}.json", "x".repeat(150), ApiKey::sample(&"x".repeat(400)).id)
        );
    }
}
