//! Opening and reading files.
//!
//! The user's own files are trusted: they, and their directories, belong to the user or to root, and nobody else can write
//! them. Links to them are not followed.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::{directory::parent, trust};

/// Makes a new file with mode 0600, whatever the umask. Fails if it exists.
pub fn create_new(path: &Path) -> io::Result<File> {
    create_with(OpenOptions::new().read(true).write(true), path)
}

fn create_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.create_new(true).mode(0o600).open(path)?;
    // Some umasks take rights from the owner.
    if file.metadata()?.mode() & 0o600 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Opens the user's own file for writing, or makes it with mode 0600.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    trust::check_directory(parent(path))?;
    open_or_create_with(OpenOptions::new().read(true).write(true), path)
}

/// Opens the user's own file for writing at its end, or makes it with mode 0600. The directory need not be trusted.
pub fn append_to(path: &Path) -> io::Result<File> {
    open_or_create_with(OpenOptions::new().append(true), path)
}

fn open_or_create_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    loop {
        // Try to make it first: only the mode of a file that was there already needs a check.
        match create_with(&mut options.clone(), path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result,
        }
        match open_regular(options, OFlags::NOFOLLOW, path) {
            // Another process removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok((file, metadata)) => return trust::check_file(path, &metadata).map(|()| file),
        }
    }
}

/// Opens the user's own file for writing. Fails if there is none.
pub fn open_existing(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let (file, metadata) = open_regular(options.read(true).write(true), OFlags::NOFOLLOW, path)?;
    check(path, &metadata)?;
    Ok(file)
}

/// Opens the user's own file for reading; `None` if there is none.
pub fn open_own(path: &Path) -> io::Result<Option<File>> {
    let Some((file, metadata)) = open_to_read(OFlags::NOFOLLOW, path)? else { return Ok(None) };
    check(path, &metadata)?;
    Ok(Some(file))
}

/// Opens a file that another program of the user wrote for reading; `None` if there is none. It belongs to the user or to
/// root, and nobody else can write it. Links are followed.
pub fn open_trusted(path: &Path) -> io::Result<Option<File>> {
    let Some((file, metadata)) = open_to_read(OFlags::empty(), path)? else { return Ok(None) };
    trust::check_file(path, &metadata)?;
    Ok(Some(file))
}

/// Opens a file that the user names for reading; `None` if there is none. Its owner does not matter, and links are
/// followed.
pub fn open_named(path: &Path) -> io::Result<Option<File>> {
    Ok(open_to_read(OFlags::empty(), path)?.map(|(file, _)| file))
}

fn check(path: &Path, metadata: &Metadata) -> io::Result<()> {
    trust::check_file(path, metadata)?;
    trust::check_directory(parent(path))
}

fn open_to_read(flags: OFlags, path: &Path) -> io::Result<Option<(File, Metadata)>> {
    match open_regular(OpenOptions::new().read(true), flags, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Opens a regular file, and does not wait if it is a FIFO.
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

/// Reads the user's own file, of at most `most` bytes; `None` if there is none.
pub fn read_own(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_own(path)?.map(|file| read_open(&file, most)).transpose()
}

/// Reads a file that the user names, as [`read_own`] does. Its owner does not matter, and links are followed.
pub fn read_named(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_named(path)?.map(|file| read_open(&file, most)).transpose()
}

/// Reads a file that another program of the user wrote, as [`open_trusted`] opens it, of at most `most` bytes.
pub fn read_trusted(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_trusted(path)?.map(|file| read_open(&file, most)).transpose()
}

/// Reads a file, as [`read_own`] does. Its owner does not matter, but links are not followed.
pub(super) fn read_small(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    open_to_read(OFlags::NOFOLLOW, path)?.map(|(file, _)| read_open(&file, most)).transpose()
}

/// Reads an open file from its position. Refuses more than `most` bytes.
pub fn read_open(file: &File, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > most {
        let words = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    // A buffer that grows leaves a copy of a secret behind.
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
