//! FILE, the file that a new key is written to: what may be there, and whether it can be written.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::directory::parent;
use crate::text::shell_path;

/// Why FILE cannot be used.
#[derive(Debug)]
pub struct DestinationError {
    /// One sentence that names FILE.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where the value is now.
    pub whereabouts: Whereabouts,
}

/// Where a value is if FILE could not be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the pending copy, if there is one.
    Beside,
    /// In FILE.
    InPlace,
    /// Where another process moved the pending copy to. The file in its place must not be touched.
    Taken,
}

impl DestinationError {
    pub(super) fn new(message: String) -> Self {
        Self { message, hint: None, whereabouts: Whereabouts::Beside }
    }

    pub(super) fn hinted(message: String, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..Self::new(message) }
    }

    pub(super) fn in_place(self) -> Self {
        Self { whereabouts: Whereabouts::InPlace, ..self }
    }
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A FILE that can take a key.
#[derive(Debug)]
pub struct Destination {
    /// FILE as the user named it.
    pub(super) path: PathBuf,
    /// FILE as returned by [`place_of`].
    pub(super) place: PathBuf,
    /// The file that may be replaced; `None` if there was none.
    pub replaces: Option<Seen>,
    /// The user and group of the file that may be replaced.
    pub(super) owner: Option<(u32, u32)>,
    /// Whether root gives FILE to the owner of the file that it replaces. Only allowed if the owner holds that key: others
    /// could get a key by leaving an empty file there.
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
    /// Looks at a file; `None` if there is none.
    pub(super) fn at(path: &Path) -> Option<Self> {
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
    /// Checks FILE without changing it.
    ///
    /// Only the user may be able to write its directory. FILE must be missing, or an empty regular file (as `mktemp` makes),
    /// or with `force` any regular file.
    pub fn check(path: &Path, force: bool) -> Result<Self, DestinationError> {
        Self::look(path, force, false)
    }

    /// Checks FILE for `recover`. A file that is not empty may be replaced only if it still is the one of `then`.
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
            let error = io::Error::from(error);
            DestinationError::hinted(
                format!("The directory of '{shown}' cannot be written: {error}."),
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
            let told = format!("{who} '{shown}', and so can replace or remove it.");
            // Only a warning for a FILE that exists, or whose key may exist.
            let is_refused = !matches!(who, OtherWriter::Group) && kept.is_none() && !is_begun;
            if is_refused {
                return Err(DestinationError::hinted(told, who.remedy()));
            }
            concerns.push(told);
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

    /// Returns FILE as returned by [`place_of`].
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Returns sentences to warn the user with.
    pub fn concerns(&self) -> &[String] {
        &self.concerns
    }

    /// Reads the file that may be replaced; `None` if there is none or it is empty. Refuses more than `most` bytes.
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

    pub(super) fn changed(&self) -> DestinationError {
        DestinationError::new(format!(
            "'{}' was changed by somebody else meanwhile.",
            self.path.display()
        ))
    }

    /// Tells whether FILE is as it was when it was checked.
    pub(super) fn is_unchanged(&self) -> io::Result<bool> {
        match fs::symlink_metadata(&self.place) {
            Ok(metadata) => Ok(self.replaces == Some(Seen::from(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Returns the path of FILE without links, `.` and `..` in its directory.
pub fn place_of(file: &Path) -> io::Result<PathBuf> {
    let name = file.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
    Ok(parent(file).canonicalize()?.join(name))
}

/// Tells whether a file is a mount point, as in containers. Then it cannot be replaced.
#[cfg(target_os = "linux")]
fn is_mounted(file: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, file, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS);
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mounted(_: &Path) -> bool {
    false
}

/// Who else can move and remove the user's files in a directory.
#[derive(Debug)]
enum OtherWriter {
    /// The user whose directory it is.
    Owner(u32),
    Everybody,
    Group,
}

impl OtherWriter {
    fn remedy(&self) -> &'static str {
        match self {
            Self::Owner(_) => "Name a file in a directory of yours.",
            Self::Everybody | Self::Group => {
                "Name a file in a directory of yours, or take the right from them with 'chmod o-w'."
            }
        }
    }
}

impl fmt::Display for OtherWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(user) => write!(f, "User {user} owns the directory of"),
            Self::Everybody => f.write_str("Other users can write the directory of"),
            Self::Group => f.write_str("Members of a group can write the directory of"),
        }
    }
}

fn who_else_writes(directory: &Metadata) -> Option<OtherWriter> {
    const STICKY: u32 = 0o1000;
    let (mode, owner, me) = (directory.mode(), directory.uid(), geteuid().as_raw());
    // Many systems give each user a group with the same number.
    let is_own = directory.gid() == getegid().as_raw() && directory.gid() == me;
    match mode {
        // Root works for the users of the machine.
        _ if owner != me && owner != 0 && me != 0 => Some(OtherWriter::Owner(owner)),
        _ if mode & STICKY != 0 => None,
        _ if mode & 0o002 != 0 => Some(OtherWriter::Everybody),
        _ if mode & 0o020 != 0 && !is_own => Some(OtherWriter::Group),
        _ => None,
    }
}

/// Opens a file, not following a link and not waiting for a FIFO.
pub(super) fn open_unfollowed(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    options.custom_flags(flags).open(path).map_err(|error| {
        if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            return io::Error::other("it is a symbolic link");
        }
        error
    })
}

pub(super) fn cannot(path: &Path, error: &io::Error) -> DestinationError {
    DestinationError::hinted(
        format!("'{}' cannot be written: {error}.", path.display()),
        "Name a file in a directory that can be written and has room.",
    )
}
