//! `recover` itself, spoilt at every call.

use super::{Before, TO_FILE, assert_settled, before, ids, occupied, recover};
use crate::support::shim::{Fault, Shim};
use crate::support::{Sandbox, run};

/// Walks over `recover` behind a create that was killed after the last call `name` of `path`.
fn walk_recover(
    args: &[&str],
    scene: fn() -> (Sandbox, Before),
    (name, path): (&str, &str),
) -> usize {
    let Some(shim) = Shim::build() else { return usize::MAX };
    let fault = shim.fault(&scene().0, args, "after", name, path);
    let left = || {
        let (sandbox, before) = scene();
        shim.run(&sandbox, &fault, args);
        (sandbox, before)
    };
    let walked = shim.walk(&["recover", "--force"], left, |sandbox, before, _, _| {
        assert!(ids(sandbox).is_superset(&before.ids));
        recover(sandbox);
        assert_settled(sandbox, before);
    });
    // Killed at every step in turn, without ever beginning anew.
    let (sandbox, before) = left();
    for at in 1..40 {
        let mode = ["before", "tear", "after", "short"][at % 4];
        run(
            &mut shim.command(
                &sandbox,
                Some(&Fault { at, mode, call: fault.call.clone() }),
                &["recover", "--force"],
            ),
            b"",
        );
    }
    recover(&sandbox);
    assert_settled(&sandbox, &before);
    walked
}

#[test]
fn recover_that_completes_a_file() {
    let made = ("fdatasync", "store.jsonl");
    assert!(walk_recover(&TO_FILE, || before(Sandbox::new()), made) > 40);
    let over = [&TO_FILE[..], &["--force"]].concat();
    assert!(walk_recover(&over, occupied, made) > 40);
}

#[test]
fn recover_that_discards_a_copy() {
    assert!(walk_recover(&TO_FILE, || before(Sandbox::new()), ("open", "store.lock")) > 10);
}

#[test]
fn recover_that_finds_the_file_in_place() {
    assert!(walk_recover(&TO_FILE, || before(Sandbox::new()), ("fsync", "/work")) > 5);
}

#[test]
fn recover_that_deletes_a_key_nobody_holds() {
    let args = ["api-key-create", "K", "--lock"];
    assert!(walk_recover(&args, || before(Sandbox::new()), ("fdatasync", "store.jsonl")) > 20);
}
