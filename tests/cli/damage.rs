//! A store that was cut off, damaged or filled up: told truly, never overwritten.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod compaction;
mod full_disk;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::store::{BODY_AT, next_line};
use crate::support::{Sandbox, mode};

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

#[test]
fn the_last_record_cut_at_every_byte() {
    let (sandbox, bytes) = three_keys();
    let last = bytes[..bytes.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    let warning = warning(&sandbox);
    for end in last..bytes.len() {
        let cut = &bytes[..end];
        fs::write(sandbox.store(), cut).unwrap();
        assert_eq!(sandbox.names(), ["one", "two"], "cut at byte {end}");
        let listed = sandbox.run(&["api-keys", "--uuid"]);
        listed.ok().stderr(if end == last { "" } else { &warning }).stdout("[ID1]\n[ID2]\n");
        assert_eq!(sandbox.run(&["api-keys", "--uuid", "-q"]).ok().stderr, "");
        assert_eq!(fs::read(sandbox.store()).unwrap(), cut, "a list changed the store");
        sandbox.create("four", &[]);
        assert_eq!(sandbox.names(), ["one", "two", "four"], "cut at byte {end}");
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
        assert_eq!(sandbox.names(), ["first"]);
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
    assert_eq!(sandbox.names(), ["one", "two", "three"]);
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
