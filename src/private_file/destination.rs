//! The file a new key is written to, once: checked before anything is made, filled beside its place, moved in whole.
//!
//! The pending copy is one file beside FILE. At first it holds blank room and, behind it, a one-line document with the
//! value. When the key is known, its document is written into the room and synced, and only then is the rest cut off.
//! So the value can be read from the file at every instant, and no second copy is ever needed.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{
    FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, fchown,
};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD, OFlags, RenameFlags};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
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
    /// Where the value is now.
    pub whereabouts: Whereabouts,
}

/// Where a value is when FILE could not be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the pending copy, where there is one.
    Beside,
    /// In FILE all the same.
    InPlace,
    /// Where somebody else took the pending copy; what is in its place is not ours to touch.
    Taken,
}

impl DestinationError {
    fn new(message: String) -> Self {
        Self { message, hint: None, whereabouts: Whereabouts::Beside }
    }

    fn hinted(message: String, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..Self::new(message) }
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
    /// FILE as the user named it.
    path: PathBuf,
    /// FILE as [`place_of`] names it.
    place: PathBuf,
    /// The file that may be replaced; `None` when nothing was there.
    pub replaces: Option<Seen>,
    /// Whose the file is that may be replaced: user and group.
    owner: Option<(u32, u32)>,
    /// Whether FILE stays its owner's where root writes it. Only for an owner who holds the key already: else anybody
    /// who leaves an empty file in root's way gets a key.
    pub keeps_owner: bool,
    concerns: Vec<String>,
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
    /// Checks FILE without touching it: its directory is writable, by the user alone, and it is missing, an empty regular
    /// file (as `mktemp` makes), or with `force` any regular file.
    pub fn check(path: &Path, force: bool) -> Result<Self, DestinationError> {
        Self::look(path, force, false)
    }

    /// Checks FILE long after it was checked first: what may be replaced is an empty file, or what was there `then`.
    pub fn check_again(path: &Path, then: Option<&Seen>) -> Result<Self, DestinationError> {
        Self::look(path, then.is_some() && then == Seen::at(path).as_ref(), true)
    }

    fn look(path: &Path, force: bool, is_begun: bool) -> Result<Self, DestinationError> {
        let shown = path.display();
        let name = path.as_os_str().as_encoded_bytes();
        let is_directory = name.ends_with(b"/") || name.ends_with(b"/.");
        let there = match fs::symlink_metadata(path) {
            Ok(metadata) => Some(Self::check_existing(path, metadata, force)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_directory => None,
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
        let place = place_of(path).map_err(|error| cannot(path, &error))?;
        if is_mounted(&place) {
            return Err(DestinationError::hinted(
                format!("'{shown}' is mounted by itself, and cannot be replaced by another file."),
                "Mount the directory that holds it in its place, or name another file.",
            ));
        }
        let kept = there.as_ref().filter(|metadata| metadata.len() > 0);
        let mut concerns = Vec::new();
        if let Some(who) = who_else_writes(&found) {
            // A FILE that is there already has its place, and so has one whose key may be made.
            if who == OTHERS && kept.is_none() && !is_begun {
                return Err(DestinationError::hinted(
                    format!(
                        "{OTHERS} can write the directory of '{shown}', and so replace or remove it."
                    ),
                    "Name a file in a directory of yours, or take the right from them with 'chmod o-w'.",
                ));
            }
            concerns.push(format!(
                "{who} can write the directory of '{shown}', and so replace or remove it."
            ));
        }
        if let Some(links @ 2..) = kept.map(Metadata::nlink) {
            concerns.push(format!(
                "'{shown}' is one of {links} hard links to a file: the others keep what it holds now."
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            place,
            owner: kept.map(|metadata| (metadata.uid(), metadata.gid())),
            replaces: there.as_ref().map(Seen::from),
            keeps_owner: false,
            concerns,
        })
    }

    fn check_existing(
        path: &Path,
        metadata: Metadata,
        force: bool,
    ) -> Result<Metadata, DestinationError> {
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
            return Ok(metadata);
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

    /// Returns FILE as [`place_of`] names it.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Returns sentences on what the user should know of FILE, though it can be used.
    pub fn concerns(&self) -> &[String] {
        &self.concerns
    }

    /// Reads the file that may be replaced; `None` when there is none, or nothing in it. Refuses more than `most` bytes.
    pub fn read(&self, most: usize) -> Result<Option<Zeroizing<Vec<u8>>>, DestinationError> {
        let Some(seen) = self.replaces.as_ref().filter(|seen| seen.length > 0) else {
            return Ok(None);
        };
        let unreadable = |error: io::Error| {
            DestinationError::new(format!("'{}' cannot be read: {error}.", self.path.display()))
        };
        let file = open_unfollowed(File::options().read(true), &self.place).map_err(unreadable)?;
        if Seen::from(&file.metadata().map_err(unreadable)?) != *seen {
            return Err(self.changed());
        }
        let length = usize::try_from(seen.length).unwrap_or(usize::MAX);
        if length > most {
            return Err(unreadable(io::Error::other(format!("it is larger than {most} bytes"))));
        }
        let mut bytes = Zeroizing::new(vec![0; length]);
        file.read_exact_at(&mut bytes, 0).map_err(unreadable)?;
        Ok(Some(bytes))
    }

    fn changed(&self) -> DestinationError {
        DestinationError::new(format!(
            "'{}' was changed by somebody else meanwhile.",
            self.path.display()
        ))
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
        match fs::symlink_metadata(&self.place) {
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

/// Returns the one name of FILE, whichever way it was reached: its directory without links, `.` and `..`, and its own
/// name there.
pub fn place_of(file: &Path) -> io::Result<PathBuf> {
    let name = file.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
    Ok(parent(file).canonicalize()?.join(name))
}

/// Tells whether a file is a mount of its own, as containers have them: then nothing can be moved to its place.
#[cfg(target_os = "linux")]
fn is_mounted(file: &Path) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, file, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS);
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mounted(_: &Path) -> bool {
    false
}

const OTHERS: &str = "Other users";

/// Names those who can move and remove what the user has in a directory; `None` where nobody can.
fn who_else_writes(directory: &Metadata) -> Option<&'static str> {
    const STICKY: u32 = 0o1000;
    let mode = directory.mode();
    // Many systems give each user a group alone, of the same number.
    let is_own = directory.gid() == getegid().as_raw() && directory.gid() == geteuid().as_raw();
    match mode {
        _ if mode & STICKY != 0 => None,
        _ if mode & 0o002 != 0 => Some(OTHERS),
        _ if mode & 0o020 != 0 && !is_own => Some("Members of a group"),
        _ => None,
    }
}

/// Opens what is at `path` itself; a FIFO is not waited for.
fn open_unfollowed(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    options.custom_flags(flags).open(path).map_err(|error| {
        if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            return io::Error::other("it is a symbolic link");
        }
        error
    })
}

/// Returns the place of the pending copy for FILE, `tag` telling it from others. It does not depend on FILE's own name,
/// which may be as long as a name can be.
pub fn pending_path(file: &Path, tag: &str) -> PathBuf {
    parent(file).join(format!(".ibmcloud-iam-{tag}.pending"))
}

/// A pending copy that an interrupted process left, opened once: what is read, completed and moved is one file.
#[derive(Debug)]
pub struct Left {
    file: File,
    path: PathBuf,
}

impl Left {
    /// Opens the copy at `path`; `None` when nothing is there. Fails where it is not as it was made: somebody else has
    /// been at it. Root may have given it to the owner of the FILE that it replaces.
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
            return Ok(Some(Self { file, path }));
        };
        Err(io::Error::other(fault))
    }

    /// Reads the value; `None` where there is none.
    pub fn value(&self) -> io::Result<Option<Secret>> {
        let length = self.file.metadata()?.len().min(MOST_OF_COPY);
        let mut bytes = Zeroizing::new(vec![0; usize::try_from(length).unwrap_or_default()]);
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(read_pending(&bytes))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes it up, for the same FILE.
    pub fn resume(self, destination: Destination) -> Pending {
        Pending { file: self.file, path: self.path, destination, value_at: 0 }
    }
}

/// More than a pending copy ever takes.
const MOST_OF_COPY: u64 = 1 << 20;

/// Tells whose the file is that FILE still is, and that was to be replaced; `None` where FILE is another by now.
pub fn owner_of(file: &Path, replaced: Option<&Seen>) -> Option<u32> {
    let found = fs::symlink_metadata(file).ok()?;
    (replaced == Some(&Seen::from(&found)) && found.len() > 0).then(|| found.uid())
}

impl Pending {
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
        let to = &self.destination.place;
        let failed = |error: &io::Error| cannot(&self.destination.path, error);
        if !self.is_at(&self.path) {
            return Err(self.taken());
        }
        if !self.destination.is_unchanged().map_err(|error| failed(&error))? {
            return Err(self.destination.changed());
        }
        self.give_to_owner().map_err(|error| failed(&error))?;
        match &self.destination.replaces {
            Some(seen) if fs::symlink_metadata(to).is_ok() => self.exchange(seen)?,
            _ => {
                move_without_replacing(&self.path, to).map_err(|error| failed(&error))?;
                if !self.is_at(to) {
                    let _ = move_without_replacing(to, &self.path);
                    return Err(self.taken());
                }
            }
        }
        // What FILE has replaced, or the copy's first name.
        remove(&self.path).and_then(|()| sync_dir(parent(to))).map_err(|error| DestinationError {
            whereabouts: Whereabouts::InPlace,
            ..failed(&error)
        })
    }

    /// Exchanges the copy with FILE, and looks at what came of it: were FILE not what was to be replaced, or the copy not
    /// the file that was written, both go back.
    fn exchange(&self, expected: &Seen) -> Result<(), DestinationError> {
        let to = &self.destination.place;
        let failed = |error: io::Error| cannot(&self.destination.path, &error);
        let exchange =
            || rustix::fs::renameat_with(CWD, &self.path, CWD, to, RenameFlags::EXCHANGE);
        match exchange() {
            Ok(()) => {}
            Err(error) if cannot_rename_so(error) => {
                fs::rename(&self.path, to).map_err(failed)?;
                // What was replaced so does not come back: `recover` looks at FILE before anything is deleted.
                let in_place = || DestinationError {
                    whereabouts: Whereabouts::InPlace,
                    ..self.destination.changed()
                };
                return if self.is_at(to) { Ok(()) } else { Err(in_place()) };
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
            Err(error) => {
                Err(DestinationError { whereabouts: Whereabouts::InPlace, ..failed(error.into()) })
            }
        }
    }

    /// Tells whether the file that was written is what `path` names.
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

    /// Gives the copy to the owner of FILE, before it becomes FILE.
    fn give_to_owner(&self) -> io::Result<()> {
        match self.destination.owner {
            Some((user, group)) if self.destination.keeps_owner && geteuid().is_root() => {
                fchown(&self.file, Some(user), Some(group))
            }
            _ => Ok(()),
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
        let left = Left::open(pending.path().to_owned(), None).unwrap().unwrap();
        let mut resumed = left.resume(Destination::check(&file, false).unwrap());
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
        assert!(pending.exchange(&then).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "another key");
        assert_eq!(value_in(&copy).as_deref(), Some(value.expose()));
        pending.exchange(&Seen::at(&file).unwrap()).unwrap();
        assert_eq!(value_in(&file).as_deref(), Some(value.expose()));
        assert_eq!(fs::read_to_string(&copy).unwrap(), "another key");
    }

    #[test]
    fn a_copy_that_is_taken_at_the_last_instant_does_not_become_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        fs::write(&file, "").unwrap();
        let (pending, ..) = begun(directory.path(), 512);
        let then = Seen::at(&file).unwrap();
        // Behind the last look and before the exchange.
        fs::rename(pending.path(), directory.path().join("taken")).unwrap();
        fs::write(pending.path(), "another key").unwrap();
        let error = pending.exchange(&then).unwrap_err();
        assert_eq!(error.whereabouts, Whereabouts::Taken);
        assert_eq!(Seen::at(&file), Some(then), "FILE is what it was");
        assert_eq!(fs::read_to_string(pending.path()).unwrap(), "another key");
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
