//! A FILE that cannot take a key is found out before anything is made.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::{lived_in, refused};
use crate::support::disk::snapshot;
use crate::support::{run, skipped};

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
fn a_file_that_is_mounted_by_itself_is_found_out_before_a_key_is_made() {
    let sandbox = lived_in();
    sandbox.run(&["api-key-create", "ci", "--file", "key.json"]).ok();
    fs::copy(sandbox.work("key.json"), sandbox.root().join("mounted.json")).unwrap();
    fs::write(sandbox.root().join("mounted.empty"), "").unwrap();
    fs::write(sandbox.work("empty"), "").unwrap();
    let mounted = |script: &str| {
        let mounts = "mount --bind ../mounted.json key.json && mount --bind ../mounted.empty empty";
        let mut command = sandbox.program("unshare");
        command.args(["-m", "bash", "-c", &format!("{mounts} || exit 99; {script}")]);
        run(&mut command, b"")
    };
    if mounted("true").code != 0 {
        skipped("nothing can be mounted here");
        return;
    }
    let before = snapshot(sandbox.root());
    for (command, file) in [
        ("api-key-create x --file empty", "empty"),
        ("api-key-create x --file key.json --force", "key.json"),
        ("api-key-rotate ci --file key.json --force", "key.json"),
        ("api-key-rotate ci --file ../work/key.json --force --dry-run", "../work/key.json"),
    ] {
        let outcome = mounted(&format!("ibmcloud-iam {command}"));
        outcome.code(14).stdout("").stderr(&format!(
            "FAILED\n'{file}' is mounted by itself, and cannot be replaced by another file.\n\
             Mount the directory that holds it in its place, or name another file.\n\n"
        ));
        assert_eq!(snapshot(sandbox.root()), before);
    }
    // A whole directory that is mounted is fine.
    fs::create_dir(sandbox.work("directory")).unwrap();
    let script =
        "mount --bind . directory && ibmcloud-iam api-key-create x --file directory/new -q";
    mounted(script).ok();
}

#[test]
fn a_new_file_where_others_could_replace_it_is_refused() {
    let sandbox = lived_in();
    let directory = sandbox.work("open");
    fs::create_dir(&directory).unwrap();
    let open = |mode: u32| {
        fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
    };
    let create = ["api-key-create", "x", "--file", "open/key"];
    for mode in [0o777, 0o757, 0o2777, 0o703] {
        open(mode);
        for more in [&[][..], &["--force"], &["--dry-run"]] {
            let outcome =
                refused(&sandbox, &mut sandbox.command(&[&create[..], more].concat()), 14);
            outcome.stderr(
                "FAILED\nOther users can write the directory of 'open/key', and so can replace or remove it.\n\
                 Name a file in a directory of yours, or take the right from them with 'chmod o-w'.\n\n",
            );
        }
    }
    // As mktemp leaves it, but where anybody may put another in its place.
    fs::write(directory.join("key"), "").unwrap();
    refused(&sandbox, &mut sandbox.command(&create), 14);
    fs::remove_file(directory.join("key")).unwrap();
    // Nobody can take away what others own in a directory like /tmp.
    open(0o1777);
    let outcome = sandbox.run(&[&create[..], &["--expires-in", "1d"]].concat());
    outcome.ok().stderr("");
    // A FILE that others rely on has its place already.
    open(0o777);
    let warning =
        "Other users can write the directory of 'open/key', and so can replace or remove it.\n";
    let rotate = ["api-key-rotate", "x", "--file", "open/key", "--force"];
    let outcome = sandbox.run(&rotate);
    assert!(outcome.ok().stderr.starts_with(warning), "{outcome:#?}");
    sandbox.run(&[&rotate[..], &["--output", "json"]].concat()).json();
    // A group may be the user's own; another one is told of.
    if chown(&directory, None, Some(65_534)).is_err() {
        skipped("no directory can be given to another group");
        return;
    }
    open(0o770);
    let outcome = sandbox.run(&rotate);
    let warning = "Members of a group can write the directory of 'open/key', and so can replace or remove it.\n";
    assert!(outcome.ok().stderr.starts_with(warning), "{outcome:#?}");
}
