//! The file a new key is written to, once: checked before anything is made, filled beside its place, moved in whole.
//!
//! The pending copy is one file beside FILE. At first it holds blank room and, behind it, a one-line document with the
//! value. When the key is known, its document is written into the room and synced, and only then is the rest cut off.
//! So the value can be read from the file at every instant, and no second copy is ever needed.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD, RenameFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{create_new, parent, remove, sync_dir};
use crate::secret::Secret;
use crate::text::shell_path;

/// Why FILE cannot be used.
#[derive(Debug)]
pub struct DestinationError {
    /// One sentence, naming FILE.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the key is in FILE all the same.
    pub in_place: bool,
}

impl DestinationError {
    fn new(message: String) -> Self {
        Self { message, hint: None, in_place: false }
    }

    fn hinted(message: String, hint: &str) -> Self {
        Self { message, hint: Some(hint.to_owned()), in_place: false }
    }
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A FILE that was found fit to take a key.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    /// The file that may be replaced; `None` when nothing was there.
    pub replaces: Option<Seen>,
}

/// A file as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Seen {
    /// Looks at a file; `None` when there is none.
    fn at(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Seen {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Destination {
    /// Checks FILE without touching it: its directory is writable, and it is missing, an empty regular file (as
    /// `mktemp` makes), or with `force` any regular file.
    pub fn check(path: &Path, force: bool) -> Result<Self, DestinationError> {
        let shown = path.display();
        let ends_in_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let replaces = match fs::symlink_metadata(path) {
            Ok(metadata) => Some(Self::check_existing(path, &metadata, force)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !ends_in_slash => None,
            Err(error) => return Err(cannot(path, &error)),
        };
        let directory = parent(path);
        let found = fs::metadata(directory).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DestinationError::hinted(
                format!("The directory of '{shown}' does not exist."),
                &format!("Create it with 'mkdir -p {}' first.", shell_path(directory)),
            ),
            _ => cannot(path, &error),
        })?;
        if !found.is_dir() {
            return Err(DestinationError::new(format!(
                "'{}' is not a directory.",
                directory.display()
            )));
        }
        rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
            DestinationError::hinted(
                format!(
                    "The directory of '{shown}' cannot be written: {}.",
                    io::Error::from(error)
                ),
                "Name a file in a directory of yours.",
            )
        })?;
        Ok(Self { path: path.to_owned(), replaces })
    }

    /// Checks FILE long after it was checked first: what may be replaced is an empty file, or what was there `then`.
    pub fn check_again(path: &Path, then: Option<&Seen>) -> Result<Self, DestinationError> {
        Self::check(path, then.is_some() && then == Seen::at(path).as_ref())
    }

    fn check_existing(
        path: &Path,
        metadata: &Metadata,
        force: bool,
    ) -> Result<Seen, DestinationError> {
        let kind = metadata.file_type();
        let shown = path.display();
        let what = if kind.is_symlink() {
            "a symbolic link"
        } else if kind.is_dir() {
            "a directory"
        } else if kind.is_fifo() {
            "a FIFO"
        } else if kind.is_socket() {
            "a socket"
        } else if !kind.is_file() {
            "a device"
        } else if metadata.len() == 0 || force {
            return Ok(Seen::from(metadata));
        } else {
            return Err(DestinationError::hinted(
                format!("'{shown}' already exists and is not empty."),
                "Name another file, or replace this one with '--force'.",
            ));
        };
        Err(DestinationError::hinted(
            format!("'{shown}' is {what}; a key is written to a regular file only."),
            "Name a file that does not exist yet.",
        ))
    }

    /// Returns FILE as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the pending copy with the value to `pending`, in FILE's directory, and syncs it; without the value where
    /// that is not known yet. `room` bytes are kept free for the final document, and taken from the disk now, so that a
    /// full disk shows before the key is made.
    pub fn begin(
        self,
        pending: PathBuf,
        value: Option<&Secret>,
        room: usize,
    ) -> Result<Pending, DestinationError> {
        let failed = |error: &io::Error| cannot(&self.path, error);
        let file = create_new(&pending).map_err(|error| failed(&error))?;
        let mut this = Pending { file, path: pending, destination: self, value_at: 0 };
        let written = this.write_value(value, room).and_then(|()| sync_dir(parent(&this.path)));
        match written {
            Ok(()) => Ok(this),
            Err(error) => {
                let error = cannot(&this.destination.path, &error);
                let _ = this.discard();
                Err(error)
            }
        }
    }

    /// Tells whether FILE is still what it was when it was checked.
    fn is_unchanged(&self) -> io::Result<bool> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) => Ok(self.replaces == Some(Seen::from(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// The one pending copy of a value, on its way to FILE.
#[derive(Debug)]
pub struct Pending {
    file: File,
    path: PathBuf,
    destination: Destination,
    /// Where the one-line document with the value begins.
    value_at: usize,
}

#[derive(Serialize, Deserialize)]
struct ValueDocument<'a> {
    #[serde(borrow)]
    apikey: Cow<'a, str>,
}

/// Returns the place of the pending copy for FILE, `tag` telling it from others. It does not depend on FILE's own name,
/// which may be as long as a name can be.
pub fn pending_path(file: &Path, tag: &str) -> PathBuf {
    parent(file).join(format!(".ibmcloud-iam-{tag}.pending"))
}

impl Pending {
    /// Takes up a pending copy that an interrupted process left, for the same FILE.
    pub fn resume(pending: PathBuf, destination: Destination) -> Result<Self, DestinationError> {
        match File::options().read(true).write(true).open(&pending) {
            Ok(file) => Ok(Self { file, path: pending, destination, value_at: 0 }),
            Err(error) => Err(cannot(&pending, &error)),
        }
    }

    fn write_value(&mut self, value: Option<&Secret>, room: usize) -> io::Result<()> {
        let length = value.map_or(0, |value| value.expose().len());
        let mut line = Zeroizing::new(Vec::with_capacity(128 + length * 6));
        line.push(b'\n');
        if let Some(value) = value {
            serde_json::to_writer(&mut *line, &ValueDocument { apikey: value.expose().into() })?;
        }
        line.push(b'\n');
        self.file.write_all_at(&vec![b' '; room - self.value_at], self.value_at as u64)?;
        self.file.write_all_at(&line, room as u64)?;
        self.file.sync_all()?;
        self.value_at = room;
        Ok(())
    }

    /// Writes the final document and moves it to FILE. On failure the pending copy still holds the value.
    pub fn finish(mut self, document: &[u8], value: &Secret) -> Result<(), DestinationError> {
        let failed = |error: &io::Error| cannot(&self.destination.path, error);
        if document.len() > self.value_at {
            let length = self.file.metadata().map_err(|error| failed(&error))?.len();
            let room = document.len().max(usize::try_from(length).unwrap_or(usize::MAX));
            self.value_at = usize::try_from(length).unwrap_or(usize::MAX);
            self.write_value(Some(value), room)
                .map_err(|error| cannot(&self.destination.path, &error))?;
        }
        self.file
            .write_all_at(document, 0)
            .and_then(|()| self.file.sync_all())
            .and_then(|()| self.file.set_len(document.len() as u64))
            .and_then(|()| self.file.sync_all())
            .map_err(|error| cannot(&self.destination.path, &error))?;
        self.put_in_place()
    }

    fn put_in_place(&self) -> Result<(), DestinationError> {
        let to = &self.destination.path;
        let failed = |error: &io::Error| cannot(to, error);
        if !self.destination.is_unchanged().map_err(|error| failed(&error))? {
            return Err(DestinationError::new(format!(
                "'{}' was changed by somebody else meanwhile.",
                to.display()
            )));
        }
        let placed = match &self.destination.replaces {
            Some(seen) if fs::symlink_metadata(to).is_ok() => self.exchange(seen)?,
            _ => move_without_replacing(&self.path, to)
                .map(|()| true)
                .map_err(|error| failed(&error))?,
        };
        if !placed {
            return Err(DestinationError::new(format!(
                "'{}' was changed by somebody else meanwhile.",
                to.display()
            )));
        }
        // What FILE has replaced, or the copy's first name.
        remove(&self.path)
            .and_then(|()| sync_dir(parent(to)))
            .map_err(|error| DestinationError { in_place: true, ..failed(&error) })
    }

    /// Exchanges the copy with FILE, and looks at what came out: were it not what was to be replaced, it goes back.
    /// Tells whether the copy is in place.
    fn exchange(&self, expected: &Seen) -> Result<bool, DestinationError> {
        let to = &self.destination.path;
        let exchange =
            || rustix::fs::renameat_with(CWD, &self.path, CWD, to, RenameFlags::EXCHANGE);
        match exchange() {
            Ok(()) if Seen::at(&self.path).as_ref() == Some(expected) => Ok(true),
            Ok(()) => match exchange() {
                Ok(()) => Ok(false),
                Err(error) => Err(DestinationError { in_place: true, ..cannot(to, &error.into()) }),
            },
            Err(error) if cannot_rename_so(error) => {
                fs::rename(&self.path, to).map(|()| true).map_err(|error| cannot(to, &error))
            }
            Err(error) => Err(cannot(to, &error.into())),
        }
    }

    /// Removes the pending copy: no key was made.
    pub fn discard(self) -> io::Result<()> {
        remove(&self.path)
    }

    /// Returns where the pending copy is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads the value from a pending copy in any state it can have been left in; `None` when it holds none.
pub fn read_pending(bytes: &[u8]) -> Option<Secret> {
    // What follows the document may be a line that was cut short.
    let value = |text: &[u8]| {
        let found =
            serde_json::Deserializer::from_slice(text).into_iter::<ValueDocument<'_>>().next()?;
        found.ok().map(|found| Secret::new(found.apikey.into_owned()))
    };
    bytes.rsplit(|&byte| byte == b'\n').find_map(value).or_else(|| value(bytes))
}

/// Puts `from` in the place of `to`, where nothing may be; its first name may be there still.
fn move_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A hard link does not replace either.
        Err(error) if cannot_rename_so(error) => fs::hard_link(from, to),
        result => Ok(result?),
    }
}

/// Not every file system can rename without replacing, or exchange.
fn cannot_rename_so(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// Tells whether what is at the pending copy's place, once FILE is complete, is only left over: nothing, another name
/// of FILE itself, or what FILE was to replace.
pub fn is_left_over(pending: &Path, file: &Path, replaced: Option<&Seen>) -> bool {
    let here = Seen::at(pending);
    here.is_none() || here == Seen::at(file) || here.as_ref() == replaced
}

fn cannot(path: &Path, error: &io::Error) -> DestinationError {
    DestinationError::hinted(
        format!("'{}' cannot be written: {error}.", path.display()),
        "Name a file in a directory that can be written and has room.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(directory: &Path, room: usize) -> (Pending, Secret, PathBuf) {
        let value = Secret::new("the value".into());
        let file = directory.join("key");
        let pending = pending_path(&file, "0");
        let destination = Destination::check(&file, false).unwrap();
        (destination.begin(pending, Some(&value), room).unwrap(), value, file)
    }

    fn value_in(path: &Path) -> Option<String> {
        read_pending(&fs::read(path).unwrap()).map(|value| value.expose().to_owned())
    }

    #[test]
    fn the_value_can_be_read_at_every_byte_of_the_final_write() {
        let directory = tempfile::tempdir().unwrap();
        let (pending, value, file) = begun(directory.path(), 512);
        let document = br#"{"id": "ApiKey-1", "apikey": "the value"}"#;
        let before = fs::read(pending.path()).unwrap();
        for written in 0..=document.len() {
            let mut torn = before.clone();
            torn[..written].copy_from_slice(&document[..written]);
            assert_eq!(
                read_pending(&torn).unwrap().expose(),
                "the value",
                "{written} bytes written"
            );
        }
        pending.finish(document, &value).unwrap();
        assert_eq!(fs::read(&file).unwrap(), document);
        assert_eq!(value_in(&file).as_deref(), Some("the value"));
    }

    #[test]
    fn the_value_can_be_read_at_every_byte_of_a_second_attempt() {
        let directory = tempfile::tempdir().unwrap();
        let (pending, value, file) = begun(directory.path(), 512);
        let document = br#"{"id": "ApiKey-1",
            "apikey": "the value"}"#;
        let begun = fs::read(pending.path()).unwrap();
        let mut resumed =
            Pending::resume(pending.path().to_owned(), Destination::check(&file, false).unwrap())
                .unwrap();
        resumed.write_value(Some(&value), begun.len() + 100).unwrap();
        let line = fs::read(pending.path()).unwrap().split_off(begun.len());
        for before in [&begun[..], document] {
            for written in 0..=line.len() {
                let torn = [before, &line[..written]].concat();
                assert_eq!(
                    read_pending(&torn).unwrap().expose(),
                    "the value",
                    "{written} bytes written"
                );
            }
        }
    }

    #[test]
    fn a_document_larger_than_the_room_still_fits() {
        let directory = tempfile::tempdir().unwrap();
        let (pending, value, file) = begun(directory.path(), 16);
        let document =
            format!("{{\"apikey\": \"the value\", \"name\": \"{}\"}}", "n".repeat(5_000));
        pending.finish(document.as_bytes(), &value).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), document);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (pending, value, file) = begun(directory.path(), 512);
        fs::write(&file, "another key").unwrap();
        let copy = pending.path().to_owned();
        assert!(pending.finish(b"{\"apikey\": \"the value\"}", &value).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "another key");
        assert_eq!(value_in(&copy).as_deref(), Some("the value"));
    }

    #[test]
    fn a_file_that_changes_at_the_last_instant_goes_back() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        fs::write(&file, "").unwrap();
        let (pending, value, _) = begun(directory.path(), 512);
        let then = Seen::at(&file).unwrap();
        let copy = pending.path().to_owned();
        // Behind the last look and before the exchange.
        fs::write(&file, "another key").unwrap();
        assert!(!pending.exchange(&then).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "another key");
        assert_eq!(value_in(&copy).as_deref(), Some(value.expose()));
        assert!(pending.exchange(&Seen::at(&file).unwrap()).unwrap());
        assert_eq!(value_in(&file).as_deref(), Some(value.expose()));
        assert_eq!(fs::read_to_string(&copy).unwrap(), "another key");
    }

    #[test]
    fn only_what_is_left_over_is_taken_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let [file, pending] = ["key", "pending"].map(|name| directory.path().join(name));
        fs::write(&file, "new").unwrap();
        assert!(is_left_over(&pending, &file, None));
        fs::hard_link(&file, &pending).unwrap();
        assert!(is_left_over(&pending, &file, None));
        fs::remove_file(&pending).unwrap();
        fs::write(&pending, "old").unwrap();
        assert!(!is_left_over(&pending, &file, None));
        assert!(is_left_over(&pending, &file, Seen::at(&pending).as_ref()));
    }
}
