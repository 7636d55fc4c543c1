//! The only code that writes the user's disk: private directories and files, locks, and the file of a new key.

#![expect(clippy::disallowed_methods, reason = "the one module that writes the disk")]

mod destination;
mod lock;
mod temporary;
mod trust;

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::secret;

pub use destination::{
    Destination, DestinationError, Left, Pending, Seen, Whereabouts, is_left_over, owner_of,
    pending_path, place_of, read_pending,
};
pub use lock::{Lock, LockMode, PATIENCE, lock, lock_open, lock_within, try_lock_file};
pub use temporary::{TemporaryDir, sweep};
pub use trust::{exposure, remedy};

/// Makes a directory and its missing parents, each with mode 0700 and there to stay; one that exists is left as it is,
/// and refused where others can write it.
pub fn create_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return trust::check_directory(path);
    }
    let missing: Vec<&Path> =
        path.ancestors().take_while(|directory| !directory.is_dir()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().try_for_each(|made| sync_dir(parent(made)))
}

/// Makes a directory entry survive a power cut.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Returns the directory that holds `path`.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a file that did not exist. Its mode is 0600 whatever the umask, and never more, not even at first.
pub fn create_new(path: &Path) -> io::Result<File> {
    create_with(OpenOptions::new().read(true).write(true), path)
}

fn create_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.create_new(true).mode(0o600).open(path)?;
    // A strange umask keeps even the owner out.
    if file.metadata()?.mode() & 0o600 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Opens a file of one's own for writing, making it as [`create_new`] does where it is missing.
fn open_or_create(path: &Path) -> io::Result<File> {
    trust::check_directory(parent(path))?;
    open_or_create_with(OpenOptions::new().read(true).write(true), path)
}

/// Opens a file of one's own for writing at its end, making it as [`create_new`] does where it is missing. Its directory
/// may be anybody's.
pub fn append_to(path: &Path) -> io::Result<File> {
    open_or_create_with(OpenOptions::new().append(true), path)
}

fn open_or_create_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    loop {
        // Made first: only then is it known whose doing its mode is.
        match create_with(&mut options.clone(), path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result,
        }
        match open_regular(options, OFlags::NOFOLLOW, path) {
            // Somebody removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok((file, metadata)) => return trust::check_file(path, &metadata).map(|()| file),
        }
    }
}

/// Opens a file of one's own that is there for writing.
pub fn open_existing(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let (file, metadata) = open_regular(options.read(true).write(true), OFlags::NOFOLLOW, path)?;
    trust::check(path, &metadata)?;
    Ok(file)
}

/// Opens a file of one's own for reading; `None` when there is none.
pub fn open_own(path: &Path) -> io::Result<Option<File>> {
    let Some((file, metadata)) = open_to_read(OFlags::NOFOLLOW, path)? else { return Ok(None) };
    trust::check(path, &metadata)?;
    Ok(Some(file))
}

/// Opens a file that the user names, whosever it is and by whatever links, for reading; `None` when there is none.
pub fn open_named(path: &Path) -> io::Result<Option<File>> {
    Ok(open_to_read(OFlags::empty(), path)?.map(|(file, _)| file))
}

fn open_to_read(flags: OFlags, path: &Path) -> io::Result<Option<(File, Metadata)>> {
    match open_regular(OpenOptions::new().read(true), flags, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Opens a regular file without waiting, as a FIFO would make one do.
fn open_regular(
    options: &mut OpenOptions,
    flags: OFlags,
    path: &Path,
) -> io::Result<(File, Metadata)> {
    let no_file = || io::Error::other("it is not a regular file");
    let flags = (flags | OFlags::NONBLOCK).bits().cast_signed();
    let file =
        options.custom_flags(flags).open(path).map_err(|error| {
            match Errno::from_io_error(&error) {
                Some(Errno::LOOP) => io::Error::other("it is a symbolic link"),
                Some(Errno::ISDIR | Errno::NXIO) => no_file(),
                _ => error,
            }
        })?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(no_file()) }
}

/// Replaces a small file (0600, in a directory that is made where it is missing) at once or not at all. It is not
/// synced: what it holds can be had again.
pub fn replace_small(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_dir(parent(path))?;
    let tag = secret::hex(&secret::random::<8>().map_err(io::Error::other)?);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{tag}.new"));
    let temporary = path.with_file_name(name);
    let written = create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = remove(&temporary);
    }
    written
}

/// Removes a file; one that is gone already is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Moves a file within its directory, over what is there, and makes the move survive a power cut.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_dir(parent(to))
}

/// Reads a file of one's own that should be small, and may hold a secret; `None` when there is none. Refuses more than
/// `most` bytes.
pub fn read_own(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_own(path)?.map(|file| read_open(&file, most)).transpose()
}

/// Reads a file that the user names, as [`read_own`] does, whosever it is and by whatever links.
pub fn read_named(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_named(path)?.map(|file| read_open(&file, most)).transpose()
}

/// Reads a file, as [`read_own`] does, whosever it is but by no link.
pub fn read_small(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_to_read(OFlags::NOFOLLOW, path)?.map(|(file, _)| read_open(&file, most)).transpose()
}

/// Reads an open file from where it stands. Refuses one of more than `most` bytes.
pub fn read_open(file: &File, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > most {
        let words = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    // All its room at once: a buffer that moved would leave a secret behind.
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts a small private file in place, whole or not at all; the caller is the only one to do so now.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    trust::check_directory(parent(path))?;
    // Unbuffered, for the bytes may hold a secret.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    remove(&temporary)?;
    let mut file = create_new(&temporary)?;
    let put = file.write_all(bytes).and_then(|()| file.sync_all());
    put.and_then(|()| rename(&temporary, path)).inspect_err(|_| {
        let _ = remove(&temporary);
    })
}

/// A log that grows by whole records, each acknowledged only when it is on the disk.
#[derive(Debug)]
pub struct Log {
    file: File,
    len: u64,
}

/// Why a record was not appended.
#[derive(Debug)]
pub enum AppendError {
    /// The log is as it was.
    Unchanged(io::Error),
    /// Neither writing nor taking back worked: the record may or may not be there.
    Unknown(io::Error),
}

impl Log {
    /// Opens the log at `path` for appending, making it (0600) where it is missing. `len` is where its last whole
    /// record ends; what follows is cut off by the next [`Log::append`].
    pub fn open(path: &Path, len: u64) -> io::Result<Self> {
        Ok(Self { file: open_or_create(path)?, len })
    }

    /// Takes a file that was just made.
    pub fn new(file: File) -> Self {
        Self::resume(file, 0)
    }

    /// Takes an open file whose last whole record ends at `len`.
    pub fn resume(file: File, len: u64) -> Self {
        Self { file, len }
    }

    /// Returns the file, to lock it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Appends one record and syncs it; on failure takes it back.
    pub fn append(&mut self, record: &[u8]) -> Result<(), AppendError> {
        self.write(record).map_err(|error| {
            // Taken back on the disk too: what is only cut off in memory could come back after a power cut.
            match self.file.set_len(self.len).and_then(|()| self.file.sync_data()) {
                Ok(()) => AppendError::Unchanged(error),
                Err(_) => AppendError::Unknown(error),
            }
        })?;
        self.len += record.len() as u64;
        Ok(())
    }

    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() > self.len {
            self.file.set_len(self.len)?;
        }
        self.file.write_all_at(record, self.len)?;
        self.file.sync_data()
    }
}

/// A whole new content for a file, put in place at once or not at all.
#[derive(Debug)]
pub struct Replacement {
    file: io::BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Replacement {
    /// Starts a replacement of `target` in a 0600 file beside it; the caller holds the lock that makes it the only one.
    pub fn start(target: &Path) -> io::Result<Self> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let temporary = target.with_file_name(name);
        remove(&temporary)?;
        let file = io::BufWriter::with_capacity(256 * 1024, create_new(&temporary)?);
        Ok(Self { file, temporary, target: target.to_owned() })
    }

    /// Adds to the new content.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts the new content in place; on failure the old one stays.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        rename(&self.temporary, &self.target)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After finish() the name is gone already.
        let _ = remove(&self.temporary);
    }
}
