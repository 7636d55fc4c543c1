//! Directories.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::trust;

/// Makes a directory and its missing parents with mode 0700, and syncs them. Refuses one that exists and that others can
/// write.
pub fn create_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return trust::check_directory(path);
    }
    let missing: Vec<&Path> =
        path.ancestors().take_while(|directory| !directory.is_dir()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().try_for_each(|made| sync_dir(parent(made)))
}

/// Makes a directory and its missing parents, which everybody may read (0755).
pub fn create_public_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Makes the entries of a directory survive a power cut.
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
