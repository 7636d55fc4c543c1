//! The only code that writes to the user's disk: private directories and files, locks, the file of a new key, and what is
//! for everybody (man pages).

#![expect(clippy::disallowed_methods, reason = "the one module that writes the disk")]

mod destination;
mod directory;
mod lock;
mod open;
mod pending;
mod temporary;
#[cfg(test)]
mod tests;
mod trust;
mod write;

pub use destination::{Destination, DestinationError, Seen, Whereabouts, place_of};
pub use directory::{create_dir, create_public_dir, parent, sync_dir};
pub use lock::{Lock, LockMode, PATIENCE, lock, lock_open, lock_within, try_lock_file};
pub use open::{
    append_to, create_new, open_existing, open_named, open_own, open_trusted, read_named,
    read_open, read_own, read_trusted,
};
pub use pending::{
    Left, Pending, is_left_over, owner_of, pending_beside, pending_path, tag_of, value_in,
};
pub use temporary::{TemporaryDir, sweep};
pub use trust::{exposure, remedy};
pub use write::{
    AppendError, AppendFile, Replacement, publish, remove, rename, replace, replace_small,
};
