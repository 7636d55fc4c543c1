//! What is on the disk, to compare before and after.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// One thing on the disk: its kind and mode, its inode, and the bytes of a regular file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) mode: u32,
    pub(crate) inode: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Things by path.
pub(crate) type Things = BTreeMap<PathBuf, Thing>;

/// Everything below a directory, by path; symbolic links are not followed.
pub(crate) fn snapshot(directory: &Path) -> Things {
    let mut things = BTreeMap::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let kind = metadata.file_type();
        if kind.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let bytes = if kind.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if kind.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        things.insert(path, Thing { mode: metadata.mode(), inode: metadata.ino(), bytes });
    }
    things
}
