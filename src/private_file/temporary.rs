//! Private directories that end with the process, and removing those that killed processes left.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, unlinkat};

use super::lock::try_lock_file;
use crate::secret;

/// How often another name is tried, if another process removes the directory before it is locked.
const TRIES: usize = 5;

/// A private directory, locked until this is dropped. Then it is removed with all that is in it.
#[derive(Debug)]
pub struct TemporaryDir {
    path: PathBuf,
    _lock: File,
}

impl TemporaryDir {
    /// Makes a directory (0700) in `below`. Its name is `prefix` and 16 random hex digits.
    pub fn create(below: &Path, prefix: &str) -> io::Result<Self> {
        for _ in 0..TRIES {
            let random: [u8; 8] = secret::random().map_err(io::Error::other)?;
            let path = below.join(format!("{prefix}{}", secret::hex(&random)));
            DirBuilder::new().mode(0o700).create(&path)?;
            // Until it is locked, a sweep may take it for a left one.
            if let Ok(lock) = open(CWD, path.as_os_str())
                && try_lock_file(&lock)?
                && path.exists()
            {
                return Ok(Self { path, _lock: lock });
            }
        }
        Err(io::Error::other("every directory that was made there was removed at once"))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the directories in `below` that killed processes of this user left.
///
/// They are named as by [`TemporaryDir::create`], are private, are not locked, and hold only `files`.
pub fn sweep(below: &Path, prefix: &str, files: &[String]) {
    let Ok(entries) = fs::read_dir(below) else { return };
    let Ok(parent) = File::open(below) else { return };
    for name in entries.flatten().map(|entry| entry.file_name()) {
        if is_named(&name, prefix) {
            // A later sweep may succeed.
            let _ = sweep_one(&parent, &name, files);
        }
    }
}

fn is_named(name: &OsStr, prefix: &str) -> bool {
    let tag = name.to_str().and_then(|name| name.strip_prefix(prefix));
    tag.is_some_and(|tag| {
        tag.len() == 16 && tag.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn sweep_one(parent: &File, name: &OsStr, files: &[String]) -> io::Result<()> {
    let directory = open(parent, name)?;
    let metadata = directory.metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode() & 0o7777 == 0o700
        && try_lock_file(&directory)?;
    if !is_ours {
        return Ok(());
    }
    for entry in Dir::read_from(&directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." && !files.iter().any(|file| file.as_bytes() == name) {
            return Ok(());
        }
    }
    for file in files {
        // If it cannot be removed, neither can the directory.
        let _ = unlinkat(&directory, file.as_str(), AtFlags::empty());
    }
    Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

/// Opens a directory. Links are not followed.
fn open(at: impl rustix::fd::AsFd, path: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(at, path, flags, Mode::empty())?.into())
}
