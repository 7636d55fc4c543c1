//! Whatever becomes of the file of names, commands and Tab go on without it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::complete_with;
use super::remembered::{NONE, Rig};
use crate::support::{ACCOUNT, mode, run};

/// Puts something in the way of the file of names.
type Harm = fn(&Rig, &PathBuf);

#[test]
fn no_command_depends_on_the_file_and_tab_is_silent() {
    let rig = Rig::new();
    rig.create("alpha");
    rig.run(&["api-keys"]).ok();
    let file = rig.file();
    let (good, well) = (fs::read(&file).unwrap(), rig.run(&["api-keys"]));
    let harms: [(&str, Harm); 9] = [
        ("damaged", |_, file| fs::write(file, "{\"endpoint\":").unwrap()),
        ("empty", |_, file| fs::write(file, "").unwrap()),
        ("of another account", |_, file| {
            let text = fs::read_to_string(file).unwrap();
            fs::write(file, text.replace(ACCOUNT, "another")).unwrap();
        }),
        ("a directory", |_, file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        }),
        ("a link", |rig, file| {
            let elsewhere = rig.service.sandbox.work("elsewhere");
            fs::rename(file, &elsewhere).unwrap();
            symlink(elsewhere, file).unwrap();
        }),
        ("a link to nothing", |_, file| {
            fs::remove_file(file).unwrap();
            symlink("/nowhere/at/all", file).unwrap();
        }),
        ("a pipe", |_, file| {
            fs::remove_file(file).unwrap();
            assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
        }),
        ("below a file", |rig, _| {
            fs::remove_dir_all(rig.directory()).unwrap();
            fs::write(rig.directory(), "").unwrap();
        }),
        ("in a directory that nobody may use", |rig, _| {
            fs::set_permissions(rig.directory(), fs::Permissions::from_mode(0o000)).unwrap();
        }),
    ];
    for (what, harm) in harms {
        if fs::metadata(rig.directory()).is_ok_and(|found| found.is_file()) {
            fs::remove_file(rig.directory()).unwrap();
        }
        fs::create_dir_all(rig.directory()).unwrap();
        fs::set_permissions(rig.directory(), fs::Permissions::from_mode(0o700)).unwrap();
        if file.is_dir() {
            fs::remove_dir_all(&file).unwrap();
        }
        let _ = fs::remove_file(&file);
        fs::write(&file, &good).unwrap();
        harm(&rig, &file);
        // Nobody keeps root out of a directory.
        let is_root = what.contains("nobody may") && fs::read_dir(rig.directory()).is_ok();
        assert_eq!(rig.tab(), if is_root { &["alpha"][..] } else { &[] }, "{what}");
        let harmed = rig.run(&["api-keys"]);
        assert_eq!(
            (harmed.code, &harmed.stdout, &harmed.stderr),
            (well.code, &well.stdout, &well.stderr),
            "{what}"
        );
        let heals = !["a directory", "below a file"].contains(&what);
        if heals && !what.contains("nobody may") {
            assert_eq!(rig.tab(), ["alpha"], "{what}: a listing mends it");
            assert_eq!((fs::read(&file).unwrap(), mode(&file)), (good.clone(), 0o600), "{what}");
        }
        let left = fs::read_dir(rig.directory()).map_or(1, Iterator::count);
        assert_eq!(left, 1, "{what}: nothing else is left");
    }
    assert_eq!(
        fs::read(rig.service.sandbox.work("elsewhere")).unwrap(),
        good,
        "the link was not followed"
    );
}

#[test]
fn a_full_disk_and_many_at_once_leave_a_whole_file() {
    let rig = Rig::new();
    rig.create("alpha");
    rig.run(&["api-keys"]).ok();
    let good = fs::read(rig.file()).unwrap();
    let running: Vec<_> = (0..8)
        .map(|number| {
            let args = [&["api-keys"][..], &["api-key", "alpha"]][number % 2];
            let mut command = rig.command(args);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read(rig.file()).unwrap(), good);
    // A limit on the size of files fails a write as a full disk does.
    rig.service.server.client().create(&"long".repeat(60));
    let env: Vec<_> = rig.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut command = rig.service.sandbox.program("bash");
    command.args(["-c", "ulimit -f 0; ibmcloud-iam api-keys | cat"]).envs(env);
    let limited = run(&mut command, b"");
    assert!(limited.ok().stdout.contains("long"), "{limited:#?}");
    assert_eq!(fs::read(rig.file()).unwrap(), good, "the old file stays, and no part of a new one");
}

#[test]
fn nothing_is_waited_for() {
    let rig = Rig::new();
    rig.create("alpha");
    rig.run(&["api-keys"]).ok();
    rig.service.sandbox.create("here", &[]);
    let pipe = rig.service.sandbox.work("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let at = format!("@{}", pipe.display());
    let start = Instant::now();
    for (env, line) in [
        (&[("IBMCLOUD_API_KEY", &*at)][..], &["api-key", ""][..]),
        (&[], &["--apikey", &at, "api-key", ""]),
    ] {
        assert_eq!(rig.tab_on(env, line), NONE, "{env:?} {line:?}");
    }
    for place in [("IBM_CREDENTIALS_FILE", pipe.to_str().unwrap()), ("IAM_IDENTITY_APIKEY", &at)] {
        let env = [("IBMCLOUD_IAM_BACKEND", "remote"), place];
        complete_with(&rig.service.sandbox, &env, &["api-key", "x"]).ok().stdout("").stderr("");
    }
    let store = rig.service.sandbox.root().join("home/store");
    fs::rename(store.join("store.lock"), store.join("aside")).unwrap();
    fs::rename(&pipe, store.join("store.lock")).unwrap();
    assert_eq!(rig.tab_on(&[], &["--backend=local", "api-key", ""]), NONE);
    rig.service.sandbox.run(&["api-keys"]).code(1);
    fs::rename(store.join("aside"), store.join("store.lock")).unwrap();
    // A writer that was stopped holds the lock of the local store.
    let lock = fs::File::open(rig.service.sandbox.root().join("home/store/store.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(rig.tab_on(&[], &["--backend=local", "api-key", ""]), NONE);
    drop(lock);
    assert_eq!(rig.tab_on(&[], &["--backend=local", "api-key", ""]), ["here"]);
    assert!(start.elapsed() < Duration::from_secs(20), "less than a lock is waited for");
}
