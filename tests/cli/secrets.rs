//! A key's value comes out in exactly one place, and in no form anywhere else.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::support::disk::snapshot;
use crate::support::running::{ended, started, wait_until};
use crate::support::{Outcome, Sandbox, mode, run, shown_in_proc, skipped, value_in};

/// The forms in which a value could be written somewhere.
pub(crate) fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let bytes = value.as_bytes();
    let every =
        |write: &dyn Fn(u8) -> String| bytes.iter().map(|&byte| write(byte)).collect::<String>();
    let odd = |write: &dyn Fn(u8) -> String| {
        let one = |byte: u8| {
            if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { write(byte) }
        };
        bytes.iter().map(|&byte| one(byte)).collect::<String>()
    };
    let mut forms: BTreeSet<Vec<u8>> = [
        value.to_owned(),
        value.chars().rev().collect(),
        every(&|byte| format!("{byte:02x}")),
        every(&|byte| format!("{byte:02X}")),
        every(&|byte| format!("\\x{byte:02x}")),
        every(&|byte| format!("%{byte:02X}")),
        every(&|byte| format!("%{byte:02x}")),
        odd(&|byte| format!("%{byte:02X}")),
        odd(&|byte| format!("%{byte:02x}")),
        every(&|byte| format!("\\u{byte:04x}")),
        every(&|byte| format!("\\u{byte:04X}")),
        odd(&|byte| format!("\\u{byte:04x}")),
        format!("{bytes:?}"),
    ]
    .map(String::into_bytes)
    .into();
    // What stands before it shifts base64 by none, one or two bytes; both ends depend on their neighbours.
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for shift in 0..3 {
            let text = engine.encode([&vec![0; shift], bytes].concat());
            forms.insert(text.as_bytes()[[0, 2, 3][shift]..text.len() - 1].to_vec());
        }
    }
    // A value of ours is base64url of 33 bytes, which could be written too.
    if let Ok(raw) = URL_SAFE_NO_PAD.decode(value) {
        let hex: Vec<String> = raw.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.insert(hex.concat().into_bytes());
        forms.insert(STANDARD_NO_PAD.encode(&raw).into_bytes());
        forms.insert(raw);
    }
    forms
}

pub(crate) fn count(haystack: &[u8], needle: &[u8]) -> usize {
    memchr::memmem::find_iter(haystack, needle).count()
}

/// Asserts that a value stands once in `place`, once in all, and nowhere in another form.
#[track_caller]
fn only_in(place: &str, value: &str, sandbox: &Sandbox, outcomes: &[&Outcome]) {
    let mut places: Vec<(String, Vec<u8>)> = Vec::new();
    for outcome in outcomes {
        places.push(("stdout".into(), outcome.stdout.clone().into_bytes()));
        places.push(("stderr".into(), outcome.stderr.clone().into_bytes()));
    }
    for (path, thing) in snapshot(sandbox.root()) {
        let path = path.strip_prefix(sandbox.root()).unwrap().display().to_string();
        places.push((path.clone(), path.into_bytes()));
        let name = places.last().unwrap().0.clone();
        places.push((name, thing.bytes));
    }
    let mut found = Vec::new();
    for form in forms(value) {
        for (name, bytes) in &places {
            for _ in 0..count(bytes, &form) {
                found.push((name.clone(), String::from_utf8_lossy(&form).into_owned()));
            }
        }
    }
    let expected: Vec<_> =
        place.split_terminator(' ').map(|place| (place.to_owned(), value.to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_form_is_looked_for() {
    let value = "abcdefghijklmnopqrstuvwxyz_-0123456789ABCDEF";
    let before = |text: &str| STANDARD_NO_PAD.encode(format!("{text}{value} and more"));
    for text in [
        before(""),
        before("x"),
        before("xy"),
        before("xyz"),
        value.replace('_', "%5F").replace('-', "%2D"),
    ] {
        let hits = forms(value).iter().filter(|form| count(text.as_bytes(), form) > 0).count();
        assert!(hits > 0, "{text}");
    }
}

#[test]
fn create_prints_the_value_once() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(&["api-key-create", "text", "-d", "a description"]);
    let value = made
        .ok()
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("API Key       "))
        .unwrap()
        .to_owned();
    assert_eq!(value.len(), 44);
    only_in("stdout", &value, &sandbox, &[&made]);

    let made = sandbox.run(&["api-key-create", "json", "--output", "json"]);
    only_in("stdout", &value_in(made.stdout.as_bytes()), &sandbox, &[&made]);
    let quiet = sandbox.run(&[
        "api-key-create",
        "quiet",
        "-q",
        "--lock",
        "--disabled",
        "--color",
        "always",
    ]);
    let value = quiet
        .ok()
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("\x1b[36;1mAPI Key\x1b[0m       "));
    only_in("stdout", value.unwrap(), &sandbox, &[&quiet]);
}

#[test]
fn create_writes_the_value_to_its_file_only() {
    let sandbox = Sandbox::new();
    for more in [&[][..], &["--output", "json"], &["--force"], &["--error-format", "json"]] {
        let made = sandbox.run(&[&["api-key-create", "x", "--file", "k"], more].concat());
        made.ok();
        let value = sandbox.value_in("k");
        only_in("work/k", &value, &sandbox, &[&made]);
        if more.is_empty() {
            // Replaced by the next one, which the empty file allows as mktemp's.
            fs::write(sandbox.work("k"), "").unwrap();
        } else {
            fs::remove_file(sandbox.work("k")).unwrap();
        }
    }
}

#[test]
fn look_up_repeats_no_value() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "x", "--file", "k"]).ok();
    let value = sandbox.value_in("k");
    let wrong = format!("{value}x");
    let outcomes = [
        sandbox.run_input(&["api-key-lookup"], &value),
        sandbox.run_input(&["api-key-lookup", "-"], &format!("{value}\n")),
        sandbox.run_input(&["api-key-lookup", "--output", "json"], &value),
        sandbox.run(&["api-key-lookup", "@k"]),
        sandbox.run(&["api-key-lookup", "@k", "--uuid"]),
        sandbox.run_input(&["api-key-lookup"], &wrong),
        sandbox.run_input(&["api-key-lookup", "--error-format", "json"], &wrong),
        sandbox.run_input(&["api-key-lookup"], &format!("{{\"apikey\": 7, \"x\": \"{value}\"}}")),
    ];
    assert_eq!(outcomes.each_ref().map(|outcome| outcome.code), [0, 0, 0, 0, 0, 3, 3, 2]);
    only_in("work/k", &value, &sandbox, &outcomes.each_ref());
}

#[test]
fn a_value_on_the_command_line_is_refused_and_not_repeated() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "x", "--file", "k"]).ok();
    let value = sandbox.value_in("k");
    let (uuid, apikey) = (format!("--uuid={value}"), format!("--apikey={value}"));
    for args in [
        &["api-key-lookup", &value][..],
        &["api-key-lookup", &value, &value],
        &["api-key-lookup", "-", &value],
        &["api-key-lookup", "@k", &value],
        &["api-key-lookup", "--value", &value],
        &["api-key-lookup", &apikey],
        &["api-key-lookup", &uuid],
        &["login", "--apikey", &value],
        &["api-keys", "--apikey", &value],
        &["api-keys", &apikey],
    ] {
        for more in [&[][..], &["--error-format", "json"], &["-q"]] {
            let refused = sandbox.run(&[args, more].concat());
            refused.code(2);
            only_in("work/k", &value, &sandbox, &[&refused]);
        }
    }
}

#[test]
fn a_value_that_cannot_be_delivered_is_nowhere() {
    let sandbox = Sandbox::new();
    for more in ["", "--output json", "-q --error-format json"] {
        let lost = sandbox.bash(&format!("ibmcloud-iam api-key-create lost {more} > /dev/full"));
        lost.code(1).stdout("");
        // The value is gone, so what is looked for is anything of its length and alphabet.
        let told = format!("{}{}", lost.stderr, everything(&sandbox));
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let suspects: Vec<&str> = told.split(word).filter(|token| token.len() == 44).collect();
        assert_eq!(suspects, [""; 0]);
    }
}

/// Every byte below the box.
fn everything(sandbox: &Sandbox) -> String {
    let bytes = |(_, thing): (_, crate::support::disk::Thing)| {
        String::from_utf8_lossy(&thing.bytes).into_owned()
    };
    snapshot(&sandbox.root().join("home")).into_iter().map(bytes).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_that_comes_in_the_way_undoes_the_key() {
    let sandbox = Sandbox::new();
    sandbox.create("first", &[]);
    // Readers pass this lock; the command stops where the pending copy is written and the key not yet made.
    let lock = fs::File::open(sandbox.root().join("home/store/store.lock")).unwrap();
    lock.lock_shared().unwrap();
    let child = started(&mut sandbox.command(&["api-key-create", "x", "--file", "k", "--lock"]));
    let mut document = String::new();
    wait_until("the pending copy is written", || {
        let copy = sandbox.files_in_work().into_iter().find(|name| name.ends_with(".pending"));
        document = copy
            .and_then(|name| {
                assert_eq!(mode(&sandbox.work(&name)), 0o600);
                fs::read_to_string(sandbox.work(&name)).ok()
            })
            .unwrap_or_default();
        document.ends_with("\"}\n")
    });
    fs::write(sandbox.work("k"), "in the way").unwrap();
    lock.unlock().unwrap();
    let refused = ended(child);
    let message = "FAILED\n'k' was changed by somebody else meanwhile. No API key was created.\n\n";
    refused.code(14).stderr(message);
    assert_eq!(fs::read_to_string(sandbox.work("k")).unwrap(), "in the way");
    assert_eq!((sandbox.files_in_work().len(), sandbox.open_entries()), (1, 0));
    assert_eq!(sandbox.keys().len(), 1);
    // It is left where it was looked for, and nowhere else.
    let value = value_in(document.as_bytes());
    fs::write(sandbox.work("k"), &value).unwrap();
    only_in("work/k", &value, &sandbox, &[&refused]);
}

#[test]
fn a_running_look_up_shows_nothing_in_proc() {
    if !fs::exists("/proc/self/limits").unwrap() {
        skipped("no /proc");
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "x", "--file", "k"]).ok();
    let value = sandbox.value_in("k");
    let mut command = sandbox.command(&["api-key-lookup", "--uuid"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(value.as_bytes()).unwrap();
    let proc = |file: &str| shown_in_proc(child.id(), file);
    let limits = || String::from_utf8(proc("limits")).unwrap();
    // The limit is the first thing that main sets.
    wait_until("RLIMIT_CORE is 0", || {
        let core = limits()
            .lines()
            .find(|line| line.starts_with("Max core file size"))
            .unwrap()
            .to_owned();
        core.split_whitespace().skip(4).take(2).eq(["0", "0"])
    });
    wait_until("the value is read", || rustix::io::ioctl_fionread(&input).unwrap() == 0);
    for form in forms(&value) {
        for file in ["cmdline", "environ", "comm", "status"] {
            assert_eq!(count(&proc(file), &form), 0, "/proc/PID/{file}");
        }
    }
    drop(input);
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(out.starts_with("ApiKey-"), "{out}");
    assert_eq!(child.wait().unwrap().into_raw(), 0);
}

#[test]
fn files_are_private_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let sandbox = Sandbox::new();
        let home = sandbox.root().join("fresh/below");
        let script = format!(
            "umask {umask}; ibmcloud-iam api-key-create a --file k -q && ibmcloud-iam api-key-create b > /dev/full; true"
        );
        let mut command = sandbox.program("bash");
        run(command.args(["-c", &script]).env("IBMCLOUD_IAM_HOME", &home), b"").ok();
        let mut kinds = Vec::new();
        for (path, thing) in snapshot(&home) {
            let directory = path.is_dir();
            assert_eq!(
                thing.mode & 0o777,
                if directory { 0o700 } else { 0o600 },
                "umask {umask}: {}",
                path.display()
            );
            kinds.push(directory);
        }
        assert!(
            kinds.iter().filter(|directory| !**directory).count() >= 3,
            "store, lock and a journal entry"
        );
        assert_eq!(mode(&sandbox.work("k")), 0o600, "umask {umask}");
    }
}
