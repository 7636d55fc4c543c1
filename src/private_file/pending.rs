//! The pending copy of a key, which becomes FILE.
//!
//! It is one file beside FILE. At first it holds blank room, and after that a line with the value. Once the key is made,
//! its document is written into the room and synced, and only then is the rest removed. So the value can be read from the
//! file at any time, and no second copy is needed.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::destination::{
    Destination, DestinationError, Seen, Whereabouts, cannot, open_unfollowed,
};
use super::directory::{parent, sync_dir};
use super::lock::{LockMode, lock_open};
use super::open::{create_new, read_small};
use super::write::remove;
use crate::secret::Secret;

/// The pending copy of a key that goes to FILE.
#[derive(Debug)]
pub struct Pending {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) destination: Destination,
    /// Where the line with the value begins.
    pub(super) value_at: usize,
    /// What the copy is for.
    about: Value,
}

/// The line with the value, if that is known. Where the journal is gone, it says what the copy is for.
#[derive(Serialize, Deserialize)]
struct ValueDocument<'a> {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    about: Value,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    apikey: Option<Cow<'a, str>>,
}

/// Returns the path of the pending copy for FILE; `tag` makes it unique. The name of FILE is not in it: that may be as long
/// as a name can be.
pub fn pending_path(file: &Path, tag: &str) -> PathBuf {
    parent(file).join(format!("{PREFIX}{tag}{SUFFIX}"))
}

const PREFIX: &str = ".ibmcloud-iam-";
const SUFFIX: &str = ".pending";

/// Returns the tag of a pending copy; `None` if the file has not the name of one.
pub fn tag_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)
}

/// Finds the files in the directory of FILE that have the name of a pending copy.
pub fn pending_beside(file: &Path) -> Vec<PathBuf> {
    let there = fs::read_dir(parent(file)).into_iter().flatten().flatten();
    there.map(|entry| entry.path()).filter(|path| tag_of(path).is_some()).collect()
}

impl Destination {
    /// Makes the pending copy at `pending`, in the directory of FILE, with the value if it is known, and syncs it.
    ///
    /// `about` is written beside the value. `room` bytes are written for the final document, so that a full disk is noticed
    /// before the key is made.
    pub fn begin(
        self,
        pending: PathBuf,
        value: Option<&Secret>,
        about: Value,
        room: usize,
    ) -> Result<Pending, DestinationError> {
        let path = self.path.clone();
        let file = create_new(&pending).map_err(|error| cannot(&path, &error))?;
        // Held while this process lives: elsewhere `recover FILE` may find the copy, and no entry. Where the file system
        // has no locks, it is done without.
        let _ = lock_open(&file, LockMode::Exclusive, A_MOMENT);
        let mut this = Pending { file, path: pending, destination: self, value_at: 0, about };
        let written = this.write_value(value, room).and_then(|()| sync_dir(parent(&this.path)));
        if let Err(error) = written {
            let _ = this.discard();
            return Err(cannot(&path, &error));
        }
        Ok(this)
    }
}

impl Pending {
    /// Writes room for the final document, and the value after it.
    pub(super) fn write_value(&mut self, value: Option<&Secret>, room: usize) -> io::Result<()> {
        let length = value.map_or(0, |value| value.expose().len());
        // A buffer that grows leaves a copy of the value behind.
        let about = self.about.to_string().len();
        let mut line = Zeroizing::new(Vec::with_capacity(128 + length * 6 + about));
        line.push(b'\n');
        let apikey = value.map(|value| value.expose().into());
        serde_json::to_writer(&mut *line, &ValueDocument { about: self.about.clone(), apikey })?;
        line.push(b'\n');
        self.file.write_all_at(&vec![b' '; room - self.value_at], self.value_at as u64)?;
        self.file.write_all_at(&line, room as u64)?;
        self.file.sync_all()?;
        self.value_at = room;
        Ok(())
    }

    /// Writes the final document and moves it to FILE. If that fails, the pending copy still holds the value.
    pub fn finish(mut self, document: &[u8], value: &Secret) -> Result<(), DestinationError> {
        self.write_document(document, value)
            .map_err(|error| cannot(&self.destination.path, &error))?;
        self.put_in_place()
    }

    fn write_document(&mut self, document: &[u8], value: &Secret) -> io::Result<()> {
        if document.len() > self.value_at {
            self.value_at = usize::try_from(self.file.metadata()?.len()).unwrap_or(usize::MAX);
            self.write_value(Some(value), document.len().max(self.value_at))?;
        }
        self.file.write_all_at(document, 0)?;
        self.file.sync_all()?;
        self.file.set_len(document.len() as u64)?;
        self.file.sync_all()
    }

    fn put_in_place(&self) -> Result<(), DestinationError> {
        let to = &self.destination.place;
        let failed = |error: io::Error| cannot(&self.destination.path, &error);
        if !self.is_at(&self.path) {
            return Err(self.taken());
        }
        if !self.destination.is_unchanged().map_err(failed)? {
            return Err(self.destination.changed());
        }
        self.give_to_owner().map_err(failed)?;
        match &self.destination.replaces {
            Some(seen) if fs::symlink_metadata(to).is_ok() => self.exchange(seen)?,
            _ => {
                move_without_replacing(&self.path, to).map_err(failed)?;
                if !self.is_at(to) {
                    let _ = move_without_replacing(to, &self.path);
                    return Err(self.taken());
                }
            }
        }
        // The file that was replaced, or the first name of a hard link.
        let done = remove(&self.path).and_then(|()| sync_dir(parent(to)));
        done.map_err(|error| failed(error).in_place())
    }

    /// Exchanges the copy with FILE. Exchanges them again if FILE was not the expected file, or the copy not ours.
    pub(super) fn exchange(&self, expected: &Seen) -> Result<(), DestinationError> {
        let to = &self.destination.place;
        let failed = |error: io::Error| cannot(&self.destination.path, &error);
        let exchange =
            || rustix::fs::renameat_with(CWD, &self.path, CWD, to, RenameFlags::EXCHANGE);
        match exchange() {
            Ok(()) => {}
            // Moving the copy over FILE could remove the key of another machine.
            Err(error) if cannot_rename_so(error) => {
                return Err(DestinationError::hinted(
                    format!(
                        "'{}' cannot be replaced safely: its file system cannot exchange two files.",
                        self.destination.path.display()
                    ),
                    "Name a file that does not exist yet, or one on another file system.",
                ));
            }
            Err(error) => return Err(failed(error.into())),
        }
        let is_ours = self.is_at(to);
        if is_ours && Seen::at(&self.path).as_ref() == Some(expected) {
            return Ok(());
        }
        match exchange() {
            _ if !is_ours => Err(self.taken()),
            Ok(()) => Err(self.destination.changed()),
            Err(error) => Err(failed(error.into()).in_place()),
        }
    }

    /// Tells whether `path` is the file that was written.
    fn is_at(&self, path: &Path) -> bool {
        match (self.file.metadata(), fs::symlink_metadata(path)) {
            (Ok(ours), Ok(there)) => ours.dev() == there.dev() && ours.ino() == there.ino(),
            _ => false,
        }
    }

    fn taken(&self) -> DestinationError {
        let message = format!(
            "The pending copy for '{}' was taken away by somebody else.",
            self.destination.path.display()
        );
        DestinationError { whereabouts: Whereabouts::Taken, ..DestinationError::new(message) }
    }

    /// Gives the copy to the owner of the file that it replaces.
    fn give_to_owner(&self) -> io::Result<()> {
        match self.destination.owner {
            Some((user, group)) if self.destination.keeps_owner && geteuid().is_root() => {
                fchown(&self.file, Some(user), Some(group))
            }
            _ => Ok(()),
        }
    }

    /// Removes the pending copy, if no key was made.
    pub fn discard(self) -> io::Result<()> {
        remove(&self.path)
    }

    /// Returns where the pending copy is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads the value from a pending copy, however far it was written; `None` if it has none.
pub(super) fn read_pending(bytes: &[u8]) -> Option<Secret> {
    find_in(bytes, |found| Some(Secret::new(found.apikey?.into_owned())))
}

/// Reads the value from a file beside which a copy was, or from a copy; `None` if there is no file, or no value in it.
pub fn value_in(path: &Path) -> io::Result<Option<Secret>> {
    Ok(read_small(path, MOST_OF_COPY)?.and_then(|bytes| read_pending(&bytes)))
}

/// Finds what a pending copy holds in one of its lines. The last line may be incomplete.
fn find_in<T>(bytes: &[u8], find: impl Fn(ValueDocument<'_>) -> Option<T>) -> Option<T> {
    let read = |text: &[u8]| {
        let found =
            serde_json::Deserializer::from_slice(text).into_iter::<ValueDocument<'_>>().next()?;
        found.ok().and_then(&find)
    };
    bytes.rsplit(|&byte| byte == b'\n').find_map(read).or_else(|| read(bytes))
}

/// Moves a file to a name that must be free. The old name may still be there afterwards.
fn move_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Making a hard link does not replace a file either.
        Err(error) if cannot_rename_so(error) => fs::hard_link(from, to),
        result => Ok(result?),
    }
}

/// Tells whether the file system cannot exchange files, or rename without replacing.
fn cannot_rename_so(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// Who looks at a pending copy locks it for less.
const A_MOMENT: Duration = Duration::from_secs(1);

/// The most bytes that are read of a pending copy, or of FILE.
const MOST_OF_COPY: u64 = 1 << 20;

/// A pending copy that an interrupted process left. It is opened once, so that another process cannot exchange it.
#[derive(Debug)]
pub struct Left {
    file: File,
    path: PathBuf,
}

impl Left {
    /// Opens the copy at `path`; `None` if there is none. Fails if somebody else may have changed it, and with `TimedOut` if
    /// the process that makes it lives.
    ///
    /// `owner` is the owner of the file that FILE replaces, to whom root may have given the copy.
    pub fn open(path: PathBuf, owner: Option<u32>) -> io::Result<Option<Self>> {
        let file = match open_unfollowed(File::options().read(true).write(true), &path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        let me = geteuid();
        let fault = if !found.is_file() {
            "it is not a regular file"
        } else if found.uid() != me.as_raw() && !(me.is_root() && owner == Some(found.uid())) {
            "it belongs to another user"
        } else if found.mode() & 0o077 != 0 {
            "its mode lets other users in"
        } else if found.nlink() > 1 {
            "it has a second name"
        } else {
            return match lock_open(&file, LockMode::Exclusive, A_MOMENT) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
                _ => Ok(Some(Self { file, path })),
            };
        };
        Err(io::Error::other(fault))
    }

    /// Reads the value; `None` if there is none.
    pub fn value(&self) -> io::Result<Option<Secret>> {
        Ok(read_pending(&self.bytes()?))
    }

    /// Reads what the copy is for; `None` if it does not tell.
    pub fn about(&self) -> Option<Value> {
        find_in(&self.bytes().ok()?, |found| Some(found.about).filter(|about| !about.is_null()))
    }

    fn bytes(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let length = self.file.metadata()?.len().min(MOST_OF_COPY);
        let mut bytes = Zeroizing::new(vec![0; usize::try_from(length).unwrap_or_default()]);
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it the pending copy for FILE again.
    pub fn resume(self, destination: Destination) -> Pending {
        Pending { file: self.file, path: self.path, destination, value_at: 0, about: Value::Null }
    }
}

/// Returns the owner of FILE, if it still is the file to replace.
pub fn owner_of(file: &Path, replaced: Option<&Seen>) -> Option<u32> {
    let found = fs::symlink_metadata(file).ok()?;
    (replaced == Some(&Seen::from(&found)) && found.len() > 0).then(|| found.uid())
}

/// Tells whether the file at the pending copy's path can be removed once FILE is complete: it is missing, another name of
/// FILE, or the file that FILE replaced.
pub fn is_left_over(pending: &Path, file: &Path, replaced: Option<&Seen>) -> bool {
    let here = Seen::at(pending);
    here.is_none() || here == Seen::at(file) || here.as_ref() == replaced
}
