//! A store that was cut off, damaged or filled up: told truly, never overwritten.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::shim::{Shim, skipped};
use crate::support::store::{BODY_AT, next_line};
use crate::support::{Sandbox, mode, redact};

const WARNING: &str = "The last record of the local store in STORE is incomplete and was ignored; the next change removes it.\n";

fn warning(sandbox: &Sandbox) -> String {
    WARNING.replace("STORE", &sandbox.root().join("home/store").display().to_string())
}

/// A store of a header and three keys; returns it with its bytes.
fn three_keys() -> (Sandbox, Vec<u8>) {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        sandbox.create(
            name,
            &["-d", "described", "--action-if-leaked", "NONE", "--expires-in", "90d"],
        );
    }
    let bytes = fs::read(sandbox.store()).unwrap();
    (sandbox, bytes)
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    sandbox.keys().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_last_record_cut_at_every_byte() {
    let (sandbox, bytes) = three_keys();
    let last = bytes[..bytes.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    let warning = warning(&sandbox);
    for end in last..bytes.len() {
        let cut = &bytes[..end];
        fs::write(sandbox.store(), cut).unwrap();
        assert_eq!(names(&sandbox), ["one", "two"], "cut at byte {end}");
        let listed = sandbox.run(&["api-keys", "--uuid"]);
        listed.ok().stderr(if end == last { "" } else { &warning }).stdout("[ID1]\n[ID2]\n");
        assert_eq!(sandbox.run(&["api-keys", "--uuid", "-q"]).ok().stderr, "");
        assert_eq!(fs::read(sandbox.store()).unwrap(), cut, "a list changed the store");
        sandbox.create("four", &[]);
        assert_eq!(names(&sandbox), ["one", "two", "four"], "cut at byte {end}");
        assert_eq!(sandbox.run(&["api-keys"]).ok().stderr, "");
        assert!(fs::read(sandbox.store()).unwrap().starts_with(&bytes[..last]));
    }
}

#[test]
fn a_header_cut_at_every_byte_is_an_empty_store() {
    let (sandbox, bytes) = three_keys();
    let header = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let warning = warning(&sandbox);
    for end in 0..=header {
        fs::write(sandbox.store(), &bytes[..end]).unwrap();
        let listed = sandbox.run(&["api-keys"]);
        listed.ok().stderr(if end == 0 { "" } else { &warning });
        assert!(listed.stdout.ends_with("OK\nNo API keys found\n"), "{listed:#?}");
        assert_eq!(fs::read(sandbox.store()).unwrap(), &bytes[..end]);
        sandbox.create("first", &[]);
        assert_eq!(names(&sandbox), ["first"]);
    }
}

/// Every command tells the damage, names file and line, and leaves the file as it is.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, damaged: &[u8], line: usize) {
    fs::write(sandbox.store(), damaged).unwrap();
    let commands: [&[&str]; 7] = [
        &["api-keys"],
        &["api-keys", "--output", "json"],
        &["api-key", "one"],
        &["api-key-create", "four"],
        &["api-key-create", "four", "--file", "four.json"],
        &["api-key-delete", "one", "--force"],
        &["api-key-update", "one", "-d", "x"],
    ];
    let place = format!("The local store is damaged: {}, line {line}: ", sandbox.store().display());
    for args in commands {
        let outcome = sandbox.run(args);
        assert!(outcome.code(1).stderr.contains(&place), "{outcome:#?}");
        assert!(outcome.stderr.contains("Nothing was written."), "{outcome:#?}");
        assert!(fs::read(sandbox.store()).unwrap() == damaged, "{args:?} changed a damaged store");
    }
    assert!(sandbox.files_in_work().is_empty());
    assert_eq!(sandbox.open_entries(), 0);
}

/// The lines of a store, to be damaged and put together again.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn a_flipped_byte_in_every_field() {
    let (sandbox, bytes) = three_keys();
    for line in 0..4 {
        let whole = lines(&bytes);
        let text = String::from_utf8(whole[line].clone()).unwrap();
        let places: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
        for place in [0, 1, text.len() - 2]
            .into_iter()
            .chain(places.iter().flat_map(|&at| [at - 2, at, at + 2]))
        {
            let mut damaged = whole.clone();
            damaged[line][place] ^= 1;
            if damaged[line][place] != b'\n' {
                assert_refused(&sandbox, &damaged.concat(), line + 1);
            }
        }
    }
}

/// What is done to the lines of a store.
type Damage = fn(&mut Vec<Vec<u8>>);

#[test]
fn a_damaged_middle_line() {
    let (sandbox, bytes) = three_keys();
    let ways: [(usize, Damage); 11] = [
        (3, |lines| {
            let end = lines[2].len() - 1;
            lines[2][..end].fill(0);
        }),
        (3, |lines| lines[2].fill(b' ')),
        (3, |lines| lines[2] = b"\n".to_vec()),
        (3, |lines| lines.insert(2, b"\n".to_vec())),
        (3, |lines| {
            let brace = lines[2].len() - 2;
            lines[2].remove(brace);
        }),
        (3, |lines| lines[2].truncate(40)),
        (3, |lines| {
            let other = lines[3][8..16].to_vec();
            lines[2][8..16].copy_from_slice(&other);
        }),
        (3, |lines| lines[2] = b"{\"op\":\"create\",\"id\":\"ApiKey-1\"}\n".to_vec()),
        (2, |lines| lines.swap(0, 1)),
        (2, |lines| lines.insert(1, lines[0].clone())),
        (4, |lines| lines[3] = [vec![0; 100], b"\n".to_vec()].concat()),
    ];
    for (line, damage) in ways {
        let mut damaged = lines(&bytes);
        damage(&mut damaged);
        // Where the first line is gone, that is what is told.
        let line = if damaged[0] == lines(&bytes)[0] { line } else { 1 };
        assert_refused(&sandbox, &damaged.concat(), line);
    }
    fs::write(sandbox.store(), &bytes).unwrap();
    assert_eq!(names(&sandbox), ["one", "two", "three"]);
}

#[test]
fn what_is_no_store_of_this_version() {
    let (sandbox, bytes) = three_keys();
    let header = String::from_utf8(lines(&bytes)[0].clone()).unwrap();
    let with = |from: &str, to: &str| {
        let body = header[BODY_AT..].trim_end().replace(from, to);
        assert_ne!(body, header[BODY_AT..].trim_end());
        [next_line(b"", &body), lines(&bytes)[1..].concat()].concat()
    };
    let newer = with("\"version\":1", "\"version\":2");
    assert_refused(&sandbox, &newer, 1);
    let told = sandbox.run(&["api-keys"]);
    assert!(told.stderr.contains("it was written by a newer version of this program"), "{told:#?}");
    assert_refused(&sandbox, &with("ibmcloud-iam store", "some other store"), 1);
    assert_refused(&sandbox, b"name,value\nci,secret\n", 1);
}

#[test]
fn a_store_that_others_can_write() {
    let (sandbox, bytes) = three_keys();
    for bad in [0o666, 0o620, 0o602] {
        fs::set_permissions(sandbox.store(), fs::Permissions::from_mode(bad)).unwrap();
        let hint = format!("run 'chmod 600 {}'", sandbox.store().display());
        for args in
            [&["api-keys"][..], &["api-key-create", "four"], &["api-key-delete", "one", "-f"]]
        {
            let outcome = sandbox.run(args);
            assert!(outcome.code(1).stderr.contains(&hint), "{outcome:#?}");
        }
        assert!(fs::read(sandbox.store()).unwrap() == bytes && mode(&sandbox.store()) == bad);
    }
    fs::set_permissions(sandbox.store(), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.create("four", &[]);
}

#[test]
fn a_line_that_is_lost_or_moved_or_repeated() {
    let (sandbox, bytes) = three_keys();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    let [header, one, two, three] = lines[..] else { panic!("a header and three keys") };
    for (number, damaged) in [
        (2, vec![header, two, three]),
        (3, vec![header, one, three]),
        (2, vec![header, two, one, three]),
        (3, vec![header, one, one, two, three]),
        (2, vec![header, three]),
    ] {
        let damaged = damaged.concat();
        fs::write(sandbox.store(), &damaged).unwrap();
        for args in
            [&["api-keys"][..], &["api-key-create", "four"], &["api-key-delete", "one", "-f"]]
        {
            let outcome = sandbox.run(args);
            let place = format!("store.jsonl, line {number}: its checksum does not match");
            assert!(outcome.code(1).stderr.contains(&place), "{outcome:#?}");
        }
        assert!(fs::read(sandbox.store()).unwrap() == damaged);
    }
}

#[test]
fn what_is_no_beginning_of_a_record_is_no_cut_off_record() {
    let (sandbox, bytes) = three_keys();
    for (number, damaged) in [
        (1, b"notes of somebody, without a newline".to_vec()),
        (5, [&bytes[..], b"notes of somebody"].concat()),
        (5, [&bytes[..], b"{\"crc\":notes"].concat()),
    ] {
        fs::write(sandbox.store(), &damaged).unwrap();
        for args in [&["api-keys"][..], &["api-key-create", "four"]] {
            let outcome = sandbox.run(args);
            let place = format!("store.jsonl, line {number}: it is no record of this format");
            assert!(outcome.code(1).stderr.contains(&place), "{outcome:#?}");
        }
        assert!(fs::read(sandbox.store()).unwrap() == damaged);
    }
    // What a power cut can leave behind the last record.
    fs::write(sandbox.store(), [&bytes[..], &[0; 100]].concat()).unwrap();
    assert_eq!(sandbox.keys().len(), 3);
    sandbox.create("four", &[]);
    assert_eq!(sandbox.keys().len(), 4);
}

#[test]
fn a_fifo_in_the_place_of_the_store_is_not_waited_for() {
    let (sandbox, _) = three_keys();
    fs::remove_file(sandbox.store()).unwrap();
    sandbox.bash(&format!("mkfifo '{}'", sandbox.store().display())).ok();
    let outcome = sandbox.run(&["api-keys"]);
    assert!(outcome.code(1).stderr.contains("it is not a regular file"), "{outcome:#?}");
}

#[test]
fn a_store_that_others_can_read() {
    let (sandbox, _) = three_keys();
    fs::set_permissions(sandbox.store(), fs::Permissions::from_mode(0o644)).unwrap();
    let warning = format!(
        "Others can read the local store; run 'chmod 600 {}'.\n",
        sandbox.store().display()
    );
    sandbox.run(&["api-keys", "--uuid"]).ok().stderr(&warning);
    assert_eq!(sandbox.keys().len(), 3, "and JSON output is not disturbed");
}

#[test]
fn something_else_in_the_place_of_the_store() {
    let place = |name: &str, is_directory: bool| {
        let sandbox = Sandbox::new();
        let path = sandbox.root().join("home").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if is_directory {
            fs::create_dir(&path).unwrap();
        } else {
            fs::write(&path, "mine").unwrap();
        }
        (sandbox, path)
    };
    for (name, is_directory) in
        [("store/store.jsonl", true), ("store/store.lock", true), ("store", false)]
    {
        let (sandbox, path) = place(name, is_directory);
        let all = [
            &["api-keys"][..],
            &["api-key-create", "K", "--file", "key.json"],
            &["api-key-create", "K"],
        ];
        // A directory can be locked for reading.
        for args in &all[usize::from(name == "store/store.lock")..] {
            let outcome = sandbox.run(args);
            assert!(outcome.code(1).stderr.contains(&path.display().to_string()), "{outcome:#?}");
        }
        assert!(sandbox.files_in_work().is_empty() && sandbox.open_entries() == 0);
        assert_eq!(path.is_dir(), is_directory);
    }
    // Without a journal nothing is made.
    let (sandbox, journal) = place("journal", false);
    let outcome = sandbox.run(&["api-key-create", "K", "--file", "key.json"]);
    assert!(outcome.code(1).stderr.contains("No API key was created."), "{outcome:#?}");
    assert!(sandbox.files_in_work().is_empty() && sandbox.keys().is_empty());
    assert_eq!(fs::read(journal).unwrap(), b"mine");
}

/// A file system of one page or so, gone with the test.
struct TinyDisk<'a>(&'a Path);

impl<'a> TinyDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let _ = fs::write(self.0.join("ballast"), vec![b'x'; 128 * 1024]);
    }

    fn relieve(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for TinyDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_disk_that_is_really_full() {
    let sandbox = Sandbox::new();
    let [store, work] = ["home/store", "work/disk"].map(|name| sandbox.root().join(name));
    let (Some(store), Some(work)) = (TinyDisk::mount(&store), TinyDisk::mount(&work)) else {
        return skipped("no file system can be mounted here");
    };
    let long = "d".repeat(8_000);
    let create = |file: &str| sandbox.run(&["api-key-create", "K", "-d", &long, "--file", file]);
    // The store fills up on its own: every key that was acknowledged is there, the next one is not made.
    let made = (0..20).take_while(|at| create(&format!("{at}.json")).code == 0).count();
    assert!((2..10).contains(&made), "{made} keys of 8 kB on a disk of 64 kB");
    let refused = create("more.json");
    assert!(refused.code(1).stderr.contains("No space left on device"), "{refused:#?}");
    assert_eq!(sandbox.keys().len(), made);
    store.fill();
    assert_eq!(create("more.json").code, 1);
    assert_eq!(sandbox.run(&["api-key-create", "K", "-d", &long]).code, 1);
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (made, 0));
    assert!(!sandbox.work("more.json").exists());
    store.relieve();
    sandbox.run(&["api-key-delete", sandbox.keys()[0]["id"].as_str().unwrap(), "-f"]).ok();
    // Now FILE has no room.
    work.fill();
    let refused = create("disk/key.json");
    assert!(refused.code(14).stderr.contains("No space left on device"), "{refused:#?}");
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (made - 1, 0));
    work.relieve();
    assert_eq!(fs::read_dir(sandbox.work("disk")).unwrap().count(), 0);
    sandbox.run(&["api-key-create", "K", "--file", "disk/key.json"]).ok();
}

/// The keys, one a line, with what happened to them, and which key each value opens.
fn everything(sandbox: &Sandbox) -> Vec<String> {
    let mut all = String::new();
    for key in sandbox.keys() {
        let id = key["id"].as_str().unwrap();
        let mut shown = sandbox.run(&["api-key", id, "--history", "--output", "json"]).json();
        let history = shown["history"].take();
        let actions: Vec<&str> = history
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        writeln!(all, "{shown} {}", actions.join(" ")).unwrap();
    }
    for file in sandbox.files_in_work() {
        all += &sandbox.run(&["api-key-lookup", &format!("@{file}"), "--uuid"]).ok().stdout;
    }
    redact(&all).lines().map(str::to_owned).collect()
}

#[test]
fn compaction_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "one", "--file", "one.json", "-d", "first"]).ok();
    sandbox.run(&["api-key-create", "two", "--file", "two.json", "--lock"]).ok();
    sandbox.run(&["api-key-create", "busy", "--file", "busy.json"]).ok();
    let theirs = sandbox.create_of("IBMid-2", "theirs", &[("disabled", "true")]);
    sandbox.run(&["api-key-update", "one", "-n", "uno"]).ok();
    // Superseded so far: one.
    let mut at = 1;
    let mut toggle = || {
        at += 1;
        [if at % 2 == 0 { "api-key-lock" } else { "api-key-unlock" }, "busy", "--force"]
    };
    for _ in 1..1_000 {
        sandbox.run(&toggle()).ok();
    }
    let count = || lines(&fs::read(sandbox.store()).unwrap()).len();
    assert_eq!(count(), 1_005, "all but the 1,001st superseded line");
    let before = everything(&sandbox);
    let of_another = || sandbox.run(&["api-key", &theirs, "-o", "json", "--history"]).json();
    let theirs_before = of_another();
    assert_eq!(theirs_before["iam_id"], "IBMid-2");
    let full = copy(&sandbox);
    let args = toggle();
    sandbox.run(&args).ok();
    assert_eq!(count(), 5, "a header and four keys");
    assert_eq!(of_another(), theirs_before);
    let size = |sandbox: &Sandbox| fs::metadata(sandbox.store()).unwrap().len();
    assert!(size(&sandbox) < size(&full) / 2);
    assert_eq!(mode(&sandbox.store()), 0o600);
    let after = everything(&sandbox);
    assert_eq!(after.len(), 6);
    for (line, (before, after)) in before.iter().zip(&after).enumerate() {
        assert_eq!(before == after, line != 2, "only the busy key was changed: {after}");
    }
    let history = |all: &[String]| all[2].split_once("} ").unwrap().1.to_owned();
    assert_eq!(history(&after), history(&before) + " unlock");
    // And once more, killed at every step.
    let Some(shim) = Shim::build() else { return };
    let walked = shim.walk(
        &args,
        || (copy(&full), ()),
        |sandbox, (), _, outcome| {
            let now = everything(sandbox);
            assert!(now == after || (now == before && outcome.code != 0), "{outcome:#?}");
            sandbox.run(&["api-key-unlock", "two", "-f"]).ok();
        },
    );
    assert!(walked > 40, "{walked}");
}

/// Another box with the same store and the same files.
fn copy(sandbox: &Sandbox) -> Sandbox {
    let copy = Sandbox::new();
    fs::create_dir(copy.root().join("home/store")).unwrap();
    fs::copy(sandbox.store(), copy.store()).unwrap();
    for file in sandbox.files_in_work() {
        fs::copy(sandbox.work(&file), copy.work(&file)).unwrap();
    }
    copy
}
