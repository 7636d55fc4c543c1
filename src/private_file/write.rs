//! Writing files: record by record, or as a whole; moving and removing them.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::directory::{create_dir, parent, sync_dir};
use super::open::{create_new, open_or_create};
use super::trust;
use crate::secret;

/// A file to which records are appended. A record is acknowledged when it is on the disk.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    len: u64,
}

/// Why a record was not appended.
#[derive(Debug)]
pub enum AppendError {
    /// The file is as it was.
    Unchanged(io::Error),
    /// Writing failed, and so did removing what was written. The record may be there.
    Unknown(io::Error),
}

impl AppendFile {
    /// Opens the file at `path`, or makes it with mode 0600. `len` is where its last whole record ends; the next
    /// [`AppendFile::append`] removes what follows.
    pub fn open(path: &Path, len: u64) -> io::Result<Self> {
        Ok(Self { file: open_or_create(path)?, len })
    }

    /// Takes a new, empty file.
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

    /// Appends one record and syncs it. If that fails, removes it again.
    pub fn append(&mut self, record: &[u8]) -> Result<(), AppendError> {
        self.write(record).map_err(|error| {
            // Synced too: otherwise the record could be back after a power cut.
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

/// A new content for a file, put in place at once or not at all.
#[derive(Debug)]
pub struct Replacement {
    file: io::BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Replacement {
    /// Starts a replacement of `target` in a file (0600) beside it. The caller must hold a lock: only one process may do
    /// this at a time.
    pub fn start(target: &Path) -> io::Result<Self> {
        Self::buffered(target, 256 * 1024)
    }

    fn buffered(target: &Path, capacity: usize) -> io::Result<Self> {
        let temporary = beside(target, ".new");
        remove(&temporary)?;
        let file = io::BufWriter::with_capacity(capacity, create_new(&temporary)?);
        Ok(Self { file, temporary, target: target.to_owned() })
    }

    /// Adds to the new content.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts the new content in place. If that fails, the old one stays.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        rename(&self.temporary, &self.target)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After finish() there is no such file.
        let _ = remove(&self.temporary);
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Replaces or makes a file (0600), at once or not at all. Only one process may do this at a time.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    trust::check_directory(parent(path))?;
    // No buffer: the bytes may hold a secret.
    let mut replacement = Replacement::buffered(path, 0)?;
    replacement.write(bytes)?;
    replacement.finish()
}

/// Replaces or makes a file (0600), and its directory if that is missing, at once or not at all. It is not synced, and may
/// be lost in a power cut.
pub fn replace_small(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_dir(parent(path))?;
    let tag = secret::hex(&secret::random::<8>().map_err(io::Error::other)?);
    let temporary = beside(path, &format!(".{tag}.new"));
    let written = create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = remove(&temporary);
    }
    written
}

/// Replaces or makes a file that everybody may read (0644), at once or not at all. It is not synced.
pub fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let tag = secret::hex(&secret::random::<8>().map_err(io::Error::other)?);
    let temporary = beside(path, &format!(".{tag}.new"));
    let written = create_new(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.set_permissions(Permissions::from_mode(0o644))
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = remove(&temporary);
    }
    written
}

/// Removes a file, if it exists.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Moves a file within its directory and syncs that. A file at the new name is replaced.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_dir(parent(to))
}
