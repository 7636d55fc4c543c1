//! Reads what the emulator keeps for its next run in files beside the store.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::private_file;

const MOST: u64 = 64 * 1024;

/// Reads a file; `None` if it is absent or empty. Refuses one that others can read.
pub(super) fn read(file: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let Some(opened) = private_file::open_own(file)? else { return Ok(None) };
    let metadata = opened.metadata()?;
    if metadata.len() == 0 {
        return Ok(None);
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("others can read it"));
    }
    private_file::read_open(&opened, MOST).map(Some)
}
