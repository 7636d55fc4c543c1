//! FILE of a rotation: what it may replace, which names mean the same one, and whose it stays.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

use rustix::process::geteuid;

use super::{TO_FILE, id_in_file, value_in_file, with_key};
use crate::support::shim::Shim;
use crate::support::{Sandbox, mode, skipped};

/// A user and group that own nothing.
const NOBODY: u32 = 65_534;

#[test]
fn a_file_that_holds_anything_else_than_the_rotated_key_is_not_replaced() {
    let sandbox = with_key(&[]);
    let (old, value) = (id_in_file(&sandbox), value_in_file(&sandbox));
    let (other, theirs) = sandbox.create_with_value("other", &[]);
    let stranger = "x".repeat(44);
    for content in [
        format!("{{\"id\": \"{other}\", \"apikey\": \"{theirs}\"}}"),
        format!("{theirs}\n"),
        // The id of the right key does not make it the right one, and neither does its value alone.
        format!("{{\"id\": \"{old}\", \"apikey\": \"{theirs}\"}}"),
        format!("{{\"id\": \"{old}\", \"apikey\": \"{stranger}\"}}"),
        format!("{{\"id\": \"{other}\", \"apikey\": \"{value}\"}}"),
        format!("{{\"uuid\": \"{other}\", \"apiKey\": \"{value}\"}}"),
        format!("{{\"apikey\": \"{stranger}\"}}"),
        stranger.clone(),
        format!("IBMCLOUD_API_KEY={value}\n"),
        format!("{value}\n{theirs}\n"),
        format!("{{\"apikey\": \"{value}\", \"second\": {{\"apikey\": \"{theirs}\"}}}}"),
        format!("{{\"apikey\": \"{value}\", \"db\": \"short\"}}"),
        format!("# keys\nCI={theirs}\n"),
        " ".repeat(70_000),
    ] {
        let file = sandbox.work("key.json");
        fs::write(&file, &content).unwrap();
        let before = sandbox.store_bytes();
        for more in [&[][..], &["--dry-run"], &["--output", "json"]] {
            let outcome = sandbox.run(&[&TO_FILE[..], more].concat());
            outcome.code(14);
            assert!(outcome.stderr.contains("'key.json' "), "{content}: {outcome:#?}");
            for secret in [&value, &theirs, &stranger] {
                assert!(!outcome.stderr.contains(secret), "{outcome:#?}");
            }
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
        assert_eq!(sandbox.store_bytes(), before, "{content}");
        assert_eq!((sandbox.open_entries(), sandbox.files_in_work().len()), (0, 1));
    }
    fs::write(sandbox.work("key.json"), &theirs).unwrap();
    let outcome = sandbox.run(&TO_FILE);
    let message = "FAILED\n'key.json' holds another API key, and not API key 'ci' ([ID1]), which is rotated.\n\
                   Name another file, or move this one away first.\n\n";
    outcome.stderr(message);
}

#[test]
fn a_file_that_holds_the_rotated_key_in_any_form_is_replaced() {
    let forms: [fn(&str, &str) -> String; 8] = [
        |_, value| value.to_owned(),
        |_, value| format!("  {value}\n"),
        |_, value| format!("{{\"apikey\": \"{value}\"}}"),
        |id, value| format!("{{\"name\": \"ci\", \"uuid\": \"{id}\", \"apiKey\": \"{value}\"}}"),
        |id, value| format!("{{\"id\": \"{id}\", \"uuid\": \"{id}\", \"apikey\": \"{value}\"}}"),
        // No key at all.
        |_, _| "\n \t\n".to_owned(),
        |_, _| "notes of mine\n".to_owned(),
        |_, _| "{}".to_owned(),
    ];
    let sandbox = with_key(&[]);
    for form in forms {
        let content = form(&id_in_file(&sandbox), &value_in_file(&sandbox));
        fs::write(sandbox.work("key.json"), content).unwrap();
        sandbox.run(&[&TO_FILE[..], &["--purge"]].concat()).ok();
        let found = sandbox.run(&["api-key-lookup", "@key.json", "--uuid"]);
        assert_eq!(found.ok().stdout.trim_end(), id_in_file(&sandbox));
    }
}

/// A box in which a rotation with this FILE ended when the new key was in place, and the old one still worked.
fn cut_off(file: &str) -> Option<Sandbox> {
    let shim = Shim::build()?;
    let scene = || {
        let sandbox = with_key(&[]);
        fs::create_dir(sandbox.work("d")).unwrap();
        symlink(".", sandbox.work("here")).unwrap();
        sandbox
    };
    let args = ["api-key-rotate", "ci", "--file", file, "--force"];
    let fault = shim.fault(&scene(), &args, "after", "fsync", "/work");
    let sandbox = scene();
    shim.run(&sandbox, &fault, &args);
    assert_eq!(sandbox.open_entries(), 1);
    Some(sandbox)
}

#[test]
fn a_file_is_the_same_whichever_way_it_is_reached() {
    for (first, again) in [
        ("d/../key.json", "key.json"),
        ("key.json", "d/../key.json"),
        ("here/key.json", "./d/..//key.json"),
    ] {
        let Some(sandbox) = cut_off(first) else { return };
        let new = id_in_file(&sandbox);
        sandbox.run(&["api-key-rotate", "ci", "--file", again, "--force"]).ok();
        assert_eq!(sandbox.keys().len(), 2, "{first}, then {again}: a third key was made");
        assert_eq!(id_in_file(&sandbox), new);
        assert_eq!(sandbox.open_entries(), 0);
    }
}

#[test]
fn a_file_stays_its_owners_where_root_rotates_for_somebody_else() {
    if !geteuid().is_root() {
        skipped("only root rotates for somebody else");
        return;
    }
    let owned = |sandbox: &Sandbox, name: &str| {
        let found = fs::metadata(sandbox.work(name)).unwrap();
        (found.uid(), found.gid(), mode(&sandbox.work(name)))
    };
    let theirs = (NOBODY, NOBODY, 0o600);
    let scene = || {
        let sandbox = with_key(&[]);
        chown(sandbox.work("key.json"), Some(NOBODY), Some(NOBODY)).unwrap();
        sandbox
    };
    let sandbox = scene();
    fs::set_permissions(sandbox.work("key.json"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.run(&TO_FILE).ok();
    assert_eq!(owned(&sandbox, "key.json"), theirs);
    // Who leaves an empty file in root's way does not get a key by it.
    for args in
        [["api-key-create", "k", "--file", "empty"], ["api-key-rotate", "ci", "--file", "empty"]]
    {
        fs::write(sandbox.work("empty"), "").unwrap();
        chown(sandbox.work("empty"), Some(NOBODY), Some(NOBODY)).unwrap();
        sandbox.run(&[&args[..], &["--force"]].concat()).ok();
        assert_eq!(owned(&sandbox, "empty"), (0, 0, 0o600));
        fs::remove_file(sandbox.work("empty")).unwrap();
    }
    // Cut off before it is given back, and behind that.
    let Some(shim) = Shim::build() else { return };
    let fault = shim.fault(&scene(), &TO_FILE, "after", "fsync", ".pending");
    for is_given in [false, true] {
        let sandbox = scene();
        shim.run(&sandbox, &fault, &TO_FILE);
        if is_given {
            let copy = sandbox.files_in_work().into_iter().find(|name| name.ends_with(".pending"));
            chown(sandbox.work(&copy.unwrap()), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        sandbox.run(&["recover", "--force"]).ok();
        assert_eq!(owned(&sandbox, "key.json"), theirs);
        assert_eq!((sandbox.open_entries(), sandbox.files_in_work().len()), (0, 1));
    }
}

#[test]
fn a_hard_link_that_keeps_the_old_key_is_told_of() {
    let sandbox = with_key(&[]);
    fs::hard_link(sandbox.work("key.json"), sandbox.work("other.json")).unwrap();
    let told = "'key.json' is one of 2 hard links to a file: the others keep what it holds now.\n";
    let dry = sandbox.run(&[&TO_FILE[..], &["--dry-run"]].concat());
    dry.ok().stderr(told);
    let old = fs::read(sandbox.work("other.json")).unwrap();
    let outcome = sandbox.run(&TO_FILE);
    assert!(outcome.ok().stderr.starts_with(told), "{outcome:#?}");
    assert_eq!(fs::read(sandbox.work("other.json")).unwrap(), old);
    let outcome = sandbox.run(&TO_FILE);
    assert!(!outcome.ok().stderr.contains("hard link"), "{outcome:#?}");
    fs::remove_file(sandbox.work("other.json")).unwrap();
    fs::hard_link(sandbox.work("key.json"), sandbox.work("other.json")).unwrap();
    sandbox.run(&[&TO_FILE[..], &["--output", "json"]].concat()).json();
}
