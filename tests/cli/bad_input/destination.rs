//! A FILE that cannot take a key is found out before anything is made.

use std::fs;
use std::os::unix::fs::symlink;

use super::{lived_in, refused};
use crate::support::disk::snapshot;
use crate::support::{Sandbox, skipped};

#[test]
fn a_file_that_cannot_take_a_key_is_refused_before_anything_is_made() {
    let sandbox = lived_in();
    let work = |name: &str| sandbox.work(name);
    fs::create_dir(work("directory")).unwrap();
    fs::write(work("full"), "precious").unwrap();
    fs::write(work("target"), "").unwrap();
    symlink("target", work("link")).unwrap();
    symlink("nowhere", work("dangling")).unwrap();
    sandbox.bash("mkfifo fifo").ok();
    let long = "x".repeat(300);
    for (file, words) in [
        ("missing/key", "The directory of 'missing/key' does not exist."),
        ("directory", "'directory' is a directory;"),
        (".", "'.' is a directory;"),
        ("directory/", "'directory/' is a directory;"),
        ("new/", "'new/' cannot be written:"),
        ("link", "'link' is a symbolic link;"),
        ("dangling", "'dangling' is a symbolic link;"),
        ("fifo", "'fifo' is a FIFO;"),
        ("/dev/null", "'/dev/null' is a device;"),
        ("full", "'full' already exists and is not empty."),
        ("full/key", "'full/key' cannot be written:"),
        ("full/", "'full/' cannot be written:"),
        (&*long, "cannot be written:"),
    ] {
        for more in [&[][..], &["--output", "json"], &["--dry-run"]] {
            let args = [&["api-key-create", "x", "--file", file], more].concat();
            let outcome = refused(&sandbox, &mut sandbox.command(&args), 14);
            assert!(
                outcome.stderr.starts_with("FAILED\n") && outcome.stderr.contains(words),
                "{outcome:#?}"
            );
        }
    }
    for file in ["", "-"] {
        refused(&sandbox, &mut sandbox.command(&["api-key-create", "x", "--file", file]), 2);
    }
    // --force is for files that are not empty, and for nothing else.
    for file in ["directory", "link", "dangling", "fifo", "/dev/null", "missing/key"] {
        refused(
            &sandbox,
            &mut sandbox.command(&["api-key-create", "x", "--force", "--file", file]),
            14,
        );
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_before_anything_is_made() {
    let sandbox = lived_in();
    fs::create_dir(sandbox.work("sealed")).unwrap();
    for (seal, unseal) in [
        ("chmod 500 sealed", "chmod 700 sealed"),
        ("chattr +i sealed", "chattr -i sealed"),
        ("mount -t tmpfs -o ro none sealed", "umount sealed"),
    ] {
        let sealed =
            sandbox.bash(&format!("{seal} && ! touch sealed/probe && test ! -e sealed/probe")).code
                == 0;
        let before = snapshot(sandbox.root());
        let outcome = sealed.then(|| sandbox.run(&["api-key-create", "x", "--file", "sealed/key"]));
        let after = snapshot(sandbox.root());
        sandbox.bash(&format!("{unseal}; rm -f sealed/probe"));
        let Some(outcome) = outcome else {
            skipped(&format!("'{seal}' stops nobody here"));
            continue;
        };
        outcome.code(14);
        assert!(outcome.stderr.contains("sealed/key"), "{seal}: {outcome:#?}");
        assert_eq!((after, sandbox.open_entries()), (before, 0), "{seal}");
    }
}

#[test]
fn a_directory_without_room_is_refused_before_the_key_is_made() {
    let sandbox = lived_in();
    fs::create_dir(sandbox.work("small")).unwrap();
    let filled = "mount -t tmpfs -o size=16k none small && ! head -c 64k /dev/zero > small/ballast";
    if sandbox.bash(filled).code != 0 {
        skipped("no small file system can be mounted here");
        return;
    }
    let outcome = sandbox.run(&["api-key-create", "x", "--file", "small/key"]);
    let left = sandbox.bash("ls -A small; umount small").stdout;
    outcome.code(14);
    assert_eq!(left, "ballast\n");
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (1, 0));
}

#[test]
fn a_file_among_the_programs_own_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.create("first", &[]);
    for own in ["store/store.lock", "store/store.jsonl", "store/new", "journal/new"] {
        let file = sandbox.root().join("home").join(own).display().to_string();
        let before = sandbox.store_bytes();
        let message = format!(
            "FAILED\n'{file}' is in a directory that this program keeps for itself.\nName a file somewhere else.\n\n"
        );
        sandbox
            .run(&["api-key-create", "x", "--file", &file, "--force"])
            .code(14)
            .stdout("")
            .stderr(&message);
        assert_eq!((sandbox.store_bytes(), sandbox.open_entries()), (before, 0));
    }
}
