//! Which files are trusted: those of the user and of root that nobody else can write.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::geteuid;

use crate::text::shell_word;

/// A file or directory that somebody else can change.
#[derive(Debug)]
struct NotPrivate {
    why: String,
    remedy: String,
}

impl std::fmt::Display for NotPrivate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for NotPrivate {}

/// Returns what to do about a file that is not trusted, if that is the error.
pub fn remedy(error: &io::Error) -> Option<&str> {
    let found = error.get_ref()?.downcast_ref::<NotPrivate>()?;
    Some(&found.remedy)
}

/// Refuses a file that belongs to another user or that others can write.
pub(super) fn check_file(path: &Path, metadata: &Metadata) -> io::Result<()> {
    check_one(path, metadata, metadata.mode() & 0o022 != 0, "600")
}

/// Refuses a directory in which others can replace files.
pub(super) fn check_directory(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    // In a sticky directory, such as /tmp, others cannot remove or rename the user's files.
    let is_open = metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0;
    check_one(path, &metadata, is_open, "go-w")
}

fn check_one(path: &Path, metadata: &Metadata, is_open: bool, mode: &str) -> io::Result<()> {
    let (me, owner) = (geteuid().as_raw(), metadata.uid());
    let shown = path.display();
    let named = || shell_word(&path.to_string_lossy()).into_owned();
    // Root can write everything anyway.
    let (why, remedy) = if owner != me && owner != 0 {
        let remedy = if me == 0 {
            format!(
                "Run the command as user {owner}, or with root's own home ('sudo -H'); 'chown 0 {}' takes it over.",
                named()
            )
        } else {
            format!("Move it away, or take it over with 'sudo chown {me} {}'.", named())
        };
        (format!("{shown} belongs to user {owner}, and you are user {me}"), remedy)
    } else if is_open {
        let bits = metadata.mode() & 0o7777;
        let remedy = format!("Keep others out: run 'chmod {mode} {}'.", named());
        (format!("{shown} can be written by others (mode {bits:04o})"), remedy)
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, NotPrivate { why, remedy }))
}

/// Returns a warning if the file is the user's and others can read or write it.
pub fn exposure(path: &Path, metadata: &Metadata) -> Option<String> {
    let mode = metadata.mode() & 0o7777;
    let is_mine = metadata.is_file() && metadata.uid() == geteuid().as_raw();
    (is_mine && mode & 0o066 != 0).then(|| {
        let verb = if mode & 0o044 == 0 { "writable" } else { "readable" };
        let (shown, named) = (path.display(), shell_word(&path.to_string_lossy()).into_owned());
        format!("'{shown}' is {verb} by others (mode {mode:04o}); run 'chmod 600 {named}'.")
    })
}
